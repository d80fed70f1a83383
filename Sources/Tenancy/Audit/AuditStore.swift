import FoundationEssentials
import Kernel
import Postgres

extension Transaction where Scope == ScopeNode {
    /// Writes the trace of a change, in the transaction of the change. Every mutation calls this exactly once per object.
    ///
    ///     try tx.audit("tenant.suspend", target: tenant.id, organisation: …, tenant: tenant.id, by: actor)
    ///
    /// With a tenant (which needs its organisation) the entry lies beside the tenant's other rows; without an organisation
    /// it belongs to the platform.
    package borrowing func audit(
        _ action: String, target: some CustomStringConvertible & Sendable, organisation: OrganisationID? = nil,
        tenant: TenantID? = nil, detail: AuditDetail = [:], by actor: Actor
    ) throws {
        let columns: SQL = """
            audit_event_id, organisation_id, occurred_at, principal_id, principal_name, action, target, detail, request_id
            """
        let values: SQL = """
            \(actor.ids.new(AuditEventID.self)), \(organisation), \(actor.now), \(actor.principal.id), \
            \(actor.principal.displayName), \(action), \(target.description), \(try JSONText(detail)), \
            \(actor.requestID)
            """
        guard let tenant else {
            return try execute("insert into app.audit_event (\(columns)) values (\(values))")
        }
        try execute("insert into app.tenant_audit_event (tenant_id, \(columns)) values (\(tenant), \(values))")
    }
}

/// The audit logs: the platform's and organisations', and each tenant's own.
package enum AuditStore {
    /// Newest first, over the platform's and organisations' log and the tenants' logs.
    package static func list(
        _ filter: AuditFilter, before cursor: AuditEventID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [AuditEvent] {
        let conditions = SQL.joined(conditions(filter, cursor), separator: " and ")
        let tail: SQL = "where \(conditions) order by audit_event_id desc limit \(limit)"
        let own: SQL = "select \(columns), null::uuid as tenant_id from app.audit_event \(tail)"
        let tenants: SQL = "select \(columns), tenant_id from app.tenant_audit_event \(tail)"
        if let tenant = filter.tenantID {
            return try tx.all(
                """
                select \(columns), tenant_id from app.tenant_audit_event where tenant_id = \(tenant) and \(conditions) \
                order by audit_event_id desc limit \(limit)
                """)
        }
        return try tx.all(
            "(\(own)) union all (\(tenants)) order by audit_event_id desc limit \(limit)")
    }

    private static let columns: SQL = """
        audit_event_id, organisation_id, occurred_at, principal_id, principal_name, action, target, detail, request_id
        """

    private static func conditions(_ filter: AuditFilter, _ cursor: AuditEventID?) -> [SQL] {
        var conditions: [SQL] = ["true"]
        if let cursor { conditions.append("audit_event_id < \(cursor)") }
        if let organisation = filter.organisationID { conditions.append("organisation_id = \(organisation)") }
        if let principal = filter.principalID { conditions.append("principal_id = \(principal)") }
        if let action = filter.action { conditions.append("action = \(action)") }
        if let target = filter.target { conditions.append("target = \(target)") }
        if let from = filter.from { conditions.append("occurred_at >= \(from)") }
        if let until = filter.until { conditions.append("occurred_at < \(until)") }
        return conditions
    }
}

extension AuditEvent: RowDecodable {
    package init(row: Row) throws {
        self.init(
            auditEventID: try row.value("audit_event_id"), occurredAt: try row.value("occurred_at"),
            principalID: try row.value("principal_id"), principalName: try row.value("principal_name"),
            action: try row.value("action"), target: try row.value("target"),
            organisationID: try row.value("organisation_id"), tenantID: try row.value("tenant_id"),
            requestID: try row.value("request_id"),
            detail: try row.value("detail", as: JSONText.self).decoded())
    }
}

extension JSONText {
    /// The value as JSON with its Swift names: for columns that only this program reads back.
    package init(_ value: some Encodable) throws {
        self.init(Array(try JSONEncoder().encode(value)))
    }

    /// The inverse of `init(_:)`.
    package func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
