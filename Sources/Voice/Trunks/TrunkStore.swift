import Kernel
import Postgres
import Telephony
import Tenancy

/// A trunk with its sealed secret, for those who open it.
struct SealedTrunk: RowDecodable, Sendable {
    let stored: Stored<TrunkSettings>
    let secret: SealedSecret?

    init(row: Row) throws {
        stored = try Stored(row: row)
        secret = try row.value("secret")
    }
}

enum TrunkStore {
    private static let selection: SQL = """
        select \(StoredColumns.of("t")), t.trunk_id, t.display_name, t.proxy, t.transport, t.username, t.realm,
            t.secret, t.allowed_addresses, t.is_enabled, t.carries_emergency, t.priority, t.weight, t.prefixes,
            t.number_format
        from app.trunk t
        """

    static func find(
        _ id: TrunkID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> SealedTrunk? {
        try tx.first("\(selection) where t.tenant_id = \(tenant) and t.trunk_id = \(id)")
    }

    static func list(
        of tenant: TenantID, after cursor: TrunkID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [SealedTrunk] {
        try tx.all(
            "\(selection) where t.tenant_id = \(tenant) \(StoredColumns.page("t.trunk_id", after: cursor, limit: limit))"
        )
    }

    static func all(of tenants: [TenantID], _ tx: borrowing Transaction<ScopeNode>) throws -> [SealedTrunk] {
        try tx.all("\(selection) where t.tenant_id = any(\(tenants)::uuid[]) order by t.tenant_id, t.trunk_id")
    }

    static func insert(
        _ trunk: TrunkSettings, _ secret: SealedSecret?, of tenant: VoiceTenant, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let use = trunk.use
        try tx.execute(
            """
            insert into app.trunk (tenant_id, trunk_id, organisation_id, display_name, proxy, transport, username, \
            realm, secret, allowed_addresses, is_enabled, carries_emergency, priority, weight, prefixes, \
            number_format, created_at, updated_at)
            values (\(tenant.id), \(trunk.id), \(tenant.organisationID), \(trunk.displayName), \(trunk.proxy), \
            \(trunk.transport.rawValue), \(trunk.registration?.username), \(trunk.registration?.realm), \(secret), \
            \(trunk.allowedAddresses), \(use.isEnabled), \(use.carriesEmergency), \(use.priority), \(use.weight), \
            \(use.prefixes), \(trunk.format.rawValue), \(now), \(now))
            """)
    }

    static func update(
        _ trunk: TrunkSettings, _ secret: SealedSecret?, of tenant: TenantID, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let use = trunk.use
        try tx.execute(
            """
            update app.trunk set display_name = \(trunk.displayName), proxy = \(trunk.proxy), \
            transport = \(trunk.transport.rawValue), username = \(trunk.registration?.username), \
            realm = \(trunk.registration?.realm), secret = \(secret), allowed_addresses = \(trunk.allowedAddresses), \
            is_enabled = \(use.isEnabled), carries_emergency = \(use.carriesEmergency), priority = \(use.priority), \
            weight = \(use.weight), prefixes = \(use.prefixes), number_format = \(trunk.format.rawValue), \
            revision = revision + 1, updated_at = \(now)
            where tenant_id = \(tenant) and trunk_id = \(trunk.id)
            """)
    }

    static func delete(_ id: TrunkID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.trunk where tenant_id = \(tenant) and trunk_id = \(id)")
    }

    /// The networks that identify a trunk among all trunks of all tenants. Breaks `trunk_address_once` when one of them
    /// is another trunk's.
    static func reserve(
        _ trunk: TrunkSettings, of tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try giveBack(trunk.id, of: tenant.id, tx)
        guard trunk.registration == nil, !trunk.allowedAddresses.isEmpty else { return }
        try tx.execute(
            """
            insert into app.trunk_address (network, port, transport, tenant_id, organisation_id, trunk_id)
            select a::inet, \(trunk.port), \(trunk.transport.rawValue), \(tenant.id), \(tenant.organisationID), \
                \(trunk.id)
            from unnest(\(trunk.allowedAddresses)::text[]) as a
            """)
    }

    static func giveBack(_ id: TrunkID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.trunk_address where tenant_id = \(tenant) and trunk_id = \(id)")
    }
}

extension TrunkSettings: RowDecodable {
    package init(row: Row) throws {
        var use = Trunk.Use()
        use.isEnabled = try row.value("is_enabled")
        use.carriesEmergency = try row.value("carries_emergency")
        use.priority = try row.value("priority")
        use.weight = try row.value("weight")
        use.prefixes = try row.value("prefixes")
        var registration: Registration?
        if let username = try row.value("username", as: String?.self),
            let realm = try row.value("realm", as: String?.self)
        {
            registration = Registration(username: username, realm: realm)
        }
        self.init(
            id: try row.value("trunk_id"), displayName: try row.value("display_name"), proxy: try row.value("proxy"),
            transport: try row.value("transport"), registration: registration,
            allowedAddresses: try row.value("allowed_addresses"), use: use, format: try row.value("number_format"))
    }
}

extension Trunk.Transport: SQLEncodable, SQLDecodable {}
extension Trunk.NumberFormat: SQLEncodable, SQLDecodable {}
