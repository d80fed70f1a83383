import Kernel
import Telephony
import Tenancy
import Web

func trunkEndpoints(_ trunks: TrunkService, _ nodes: LiveNodes, _ work: UnitOfWork) -> [Endpoint] {
    @Sendable func shown(_ trunk: TrunkView) -> TrunkResource { TrunkResource(trunk, on: nodes.all) }
    return VoiceRoutes<TrunkKind, TrunkResource, TrunkFields>(
        path: "trunks", words: ("trunk", "trunks"),
        reasons: ["TRUNK_ADDRESS_TAKEN", "SECRETS_UNAVAILABLE", "PARTNER_DECIDES"],
        list: { tenant, page, tx in try trunks.list(of: tenant, page, tx).map(shown) },
        get: { path, tx in shown(try trunks.get(path.id, of: path.tenantID, tx)) },
        create: { tenant, fields, tx, actor in shown(try trunks.create(fields, of: tenant, tx, actor)) },
        update: { path, fields, expected, tx, actor in
            shown(try trunks.update(path.id, fields, of: path.tenantID, expecting: expected, tx, actor))
        },
        delete: { path, expected, tx, actor in
            try trunks.delete(path.id, of: path.tenantID, expecting: expected, tx, actor)
        }
    ).endpoints(work)
}
