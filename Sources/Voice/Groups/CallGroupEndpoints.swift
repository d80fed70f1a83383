import Kernel
import Telephony
import Tenancy
import Web

func callGroupEndpoints(_ groups: CallGroupService, _ work: UnitOfWork) -> [Endpoint] {
    VoiceRoutes<CallGroupKind, CallGroupResource, CallGroupFields>(
        path: "groups", words: ("call group", "call groups"), reasons: ["EXTENSION_TAKEN"],
        list: { tenant, page, tx in try groups.list(of: tenant, page, tx).map(CallGroupResource.init) },
        get: { path, tx in CallGroupResource(try groups.get(path.id, of: path.tenantID, tx)) },
        create: { tenant, fields, tx, actor in CallGroupResource(try groups.create(fields, of: tenant, tx, actor)) },
        update: { path, fields, expected, tx, actor in
            CallGroupResource(
                try groups.update(path.id, fields, of: path.tenantID, expecting: expected, tx, actor))
        },
        delete: { path, expected, tx, actor in
            try groups.delete(path.id, of: path.tenantID, expecting: expected, tx, actor)
        }
    ).endpoints(work)
}
