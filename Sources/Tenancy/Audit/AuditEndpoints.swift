import Kernel
import Web

struct ListAuditEvents: Codable, Sendable {
    let organisationID: OrganisationID?
    let tenantID: TenantID?
    let principalID: PrincipalID?
    let action: String?
    let target: String?
    /// Inclusive.
    let from: Timestamp?
    /// Exclusive.
    let until: Timestamp?
    let limit: PageLimit?
    let cursor: String?

    var filter: AuditFilter {
        var filter = AuditFilter()
        filter.organisationID = organisationID
        filter.tenantID = tenantID
        filter.principalID = principalID
        filter.action = action
        filter.target = target
        filter.from = from
        filter.until = until
        return filter
    }
}

func auditEndpoints(_ audit: AuditService, _ work: UnitOfWork) -> [Endpoint] {
    [
        Endpoint(
            .get, "/v1/audit_events", "List what was done", tag: "Audit", requires: .permission(.auditRead)
        ) { (call: Call<ListAuditEvents>) in
            let page = PageRequest(limit: call.input.limit?.count, cursor: call.input.cursor)
            return try await work.read(call) { tx in try audit.list(call.input.filter, page, tx) }
        }
    ]
}
