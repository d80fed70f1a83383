import Kernel
import Postgres

/// Tenants and their history in the database.
package enum TenantStore {
    private static let columns: SQL = """
        tenant_id, organisation_id, instance_id, host, end_customer_id, slug, display_name, kind, state, state_reason, \
        voice_enabled, revision, created_at, updated_at, purge_at
        """

    /// `nil` when it does not exist or the scope may not see it.
    package static func find(_ id: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> Tenant? {
        try tx.first("select \(columns) from app.tenant where tenant_id = \(id)")
    }

    /// Locks the row for a change.
    static func findForUpdate(_ id: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> Tenant? {
        try tx.first("select \(columns) from app.tenant where tenant_id = \(id) for update")
    }

    package static func list(
        _ filter: TenantFilter, after cursor: TenantID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Tenant] {
        var conditions: [SQL] = ["true"]
        if let cursor { conditions.append("tenant_id > \(cursor)") }
        if let organisation = filter.organisationID { conditions.append("organisation_id = \(organisation)") }
        if let instance = filter.instanceID { conditions.append("instance_id = \(instance)") }
        if let customer = filter.endCustomerID { conditions.append("end_customer_id = \(customer)") }
        if let state = filter.state { conditions.append("state = \(state)") }
        if let kind = filter.kind { conditions.append("kind = \(kind)") }
        if let search = filter.search {
            let pattern = LikePattern.containing(search)
            conditions.append("(display_name ilike \(pattern) or slug ilike \(pattern))")
        }
        return try tx.all(
            """
            select \(columns) from app.tenant where \(SQL.joined(conditions, separator: " and ")) \
            order by tenant_id limit \(limit)
            """)
    }

    /// `false` when the slug is taken in this instance, by whomever.
    static func insert(_ tenant: Tenant, _ tx: borrowing Transaction<ScopeNode>) throws -> Bool {
        let rows = try tx.rows(
            """
            insert into app.tenant (\(columns)) values (\(tenant.id), \(tenant.placement.organisationID), \
            \(tenant.placement.instanceID), \(tenant.placement.host), \(tenant.settings.endCustomerID), \
            \(tenant.slug), \(tenant.settings.displayName), \(tenant.settings.kind), \(tenant.state.name), \
            \(tenant.state.reason), \(tenant.settings.voiceEnabled), \(tenant.revision), \(tenant.createdAt), \
            \(tenant.updatedAt), \(tenant.state.purgeAt))
            on conflict (instance_id, slug) do nothing returning tenant_id
            """)
        return !rows.isEmpty
    }

    /// The row as it is after the change.
    static func update(_ tenant: Tenant, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>) throws -> Tenant {
        let settings = tenant.settings
        return try tx.one(
            """
            update app.tenant set end_customer_id = \(settings.endCustomerID), \
            display_name = \(settings.displayName), kind = \(settings.kind), state = \(tenant.state.name), \
            state_reason = \(tenant.state.reason), voice_enabled = \(settings.voiceEnabled), \
            purge_at = \(tenant.state.purgeAt), revision = revision + 1, updated_at = \(now)
            where tenant_id = \(tenant.id) returning \(columns)
            """)
    }

    /// Appends the status after a change that a bill depends on.
    static func appendTransition(
        of tenant: Tenant, reason: String, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        try tx.execute(
            """
            insert into app.tenant_transition (tenant_id, revision, organisation_id, occurred_at, state, kind, \
            voice_enabled, reason, principal_id)
            values (\(tenant.id), \(tenant.revision), \(tenant.placement.organisationID), \
            \(actor.now), \(tenant.state.name), \(tenant.settings.kind), \(tenant.settings.voiceEnabled), \
            \(reason), \(actor.principal.id))
            """)
    }

    /// How many tenants each of these organisations has, purged ones aside; those without any are left out.
    package static func counts(
        of organisations: [OrganisationID], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [OrganisationID: Int] {
        let rows = try tx.all(
            """
            select organisation_id, count(*) from app.tenant
            where organisation_id = any(\(organisations)) and state <> 'purged' group by 1
            """, as: (OrganisationID, Int).self)
        return Dictionary(rows) { first, _ in first }
    }

    /// The same by instance.
    package static func counts(
        on instances: [InstanceID], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [InstanceID: Int] {
        let rows = try tx.all(
            """
            select instance_id, count(*) from app.tenant
            where instance_id = any(\(instances)) and state <> 'purged' group by 1
            """, as: (InstanceID, Int).self)
        return Dictionary(rows) { first, _ in first }
    }

    /// The history of a tenant, oldest first.
    package static func history(
        of id: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [TenantHistoryEntry] {
        try tx.all(
            """
            select occurred_at, state, kind, voice_enabled, reason from app.tenant_transition
            where tenant_id = \(id) order by revision
            """)
    }

    /// Archived tenants whose retention is over, at most `limit`.
    static func due(at now: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>) throws -> [TenantID] {
        try tx.all(
            """
            select tenant_id from app.tenant where state = 'archived' and purge_at <= \(now)
            order by purge_at limit \(limit) for update skip locked
            """, as: TenantID.self)
    }
}

/// One line of a tenant's history: its full status from then on.
package struct TenantHistoryEntry: Sendable, Equatable, RowDecodable {
    package let occurredAt: Timestamp
    package let state: TenantState.Name
    package let kind: Tenant.Kind
    package let voiceEnabled: Bool
    package let reason: String

    package init(row: Row) throws {
        (occurredAt, state, kind, voiceEnabled, reason) = try row.decode(
            as: (Timestamp, TenantState.Name, Tenant.Kind, Bool, String).self)
    }
}

extension Tenant.Kind: SQLEncodable, SQLDecodable {}
extension TenantState.Name: SQLEncodable, SQLDecodable {}

extension Tenant: RowDecodable {
    package init(row: Row) throws {
        self.init(
            id: try row.value("tenant_id"),
            placement: TenantPlacement(
                organisationID: try row.value("organisation_id"), instanceID: try row.value("instance_id"),
                host: try row.value("host")),
            slug: try row.value("slug"),
            settings: TenantSettings(
                displayName: try row.value("display_name"), kind: try row.value("kind"),
                voiceEnabled: try row.value("voice_enabled"), endCustomerID: try row.value("end_customer_id")),
            state: try TenantState(row: row), revision: try row.value("revision"),
            createdAt: try row.value("created_at"), updatedAt: try row.value("updated_at"))
    }
}

extension TenantState {
    fileprivate init(row: Row) throws {
        let reason = try row.value("state_reason", as: String.self)
        switch try row.value("state", as: Name.self) {
        case .provisioning: self = .provisioning
        case .active: self = .active
        case .suspended: self = .suspended(reason: reason)
        case .archived: self = .archived(reason: reason, purgeAt: try row.value("purge_at"))
        case .purged: self = .purged(reason: reason)
        }
    }
}
