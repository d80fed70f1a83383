import Kernel
import Telephony
import Tenancy
import Web

func dialPermissionEndpoints(_ permissions: DialPermissionService, _ work: UnitOfWork) -> [Endpoint] {
    VoiceRoutes<DialPermissionKind, DialPermissionResource, DialPermissionFields>(
        path: "permissions", words: ("dial permission", "dial permissions"), reasons: ["PARTNER_DECIDES"],
        list: { tenant, page, tx in try permissions.list(of: tenant, page, tx).map(DialPermissionResource.init) },
        get: { path, tx in DialPermissionResource(try permissions.get(path.id, of: path.tenantID, tx)) },
        create: { tenant, fields, tx, actor in
            DialPermissionResource(try permissions.create(fields, of: tenant, tx, actor))
        },
        update: { path, fields, expected, tx, actor in
            DialPermissionResource(
                try permissions.update(path.id, fields, of: path.tenantID, expecting: expected, tx, actor))
        },
        delete: { path, expected, tx, actor in
            try permissions.delete(path.id, of: path.tenantID, expecting: expected, tx, actor)
        }
    ).endpoints(work).map { $0.method == .delete ? $0.failing("PARTNER_DECIDES") : $0 }
}
