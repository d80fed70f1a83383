import Kernel
import Postgres
import Telephony

enum SIPDomainStore {
    private static let columns: SQL =
        "d.tenant_id, d.organisation_id, d.domain, d.country, d.revision, d.created_at, d.updated_at"

    static func find(
        _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<SIPDomain>? {
        try tx.first("select \(columns) from app.sip_domain d where d.tenant_id = \(tenant)")
    }

    static func list(
        after cursor: TenantID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Stored<SIPDomain>] {
        try tx.all(
            """
            select \(columns) from app.sip_domain d where true \(StoredColumns.page("d.tenant_id", after: cursor, limit: limit))
            """)
    }

    static func all(of tenants: [TenantID], _ tx: borrowing Transaction<ScopeNode>) throws -> [Stored<SIPDomain>] {
        try tx.all("select \(columns) from app.sip_domain d where d.tenant_id = any(\(tenants)::uuid[])")
    }

    /// `false` when somebody has the name.
    static func take(
        _ name: String, for tenant: TenantID, of organisation: OrganisationID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Bool {
        try !tx.rows(
            """
            insert into app.sip_domain_name (domain, tenant_id, organisation_id)
            values (\(name), \(tenant), \(organisation)) on conflict do nothing returning domain
            """
        ).isEmpty
    }

    static func giveBack(_ name: String, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.sip_domain_name where domain = \(name) and tenant_id = \(tenant)")
    }

    static func insert(
        _ domain: SIPDomain, for tenant: TenantID, of organisation: OrganisationID, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            insert into app.sip_domain (tenant_id, organisation_id, domain, country, created_at, updated_at)
            values (\(tenant), \(organisation), \(domain.name), \(domain.country.code), \(now), \(now))
            """)
    }

    static func update(
        _ domain: SIPDomain, of tenant: TenantID, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.sip_domain set domain = \(domain.name), country = \(domain.country.code),
                revision = revision + 1, updated_at = \(now)
            where tenant_id = \(tenant)
            """)
    }

    static func delete(_ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.sip_domain where tenant_id = \(tenant)")
    }

    /// Users, groups, trunks and numbers in use: what voice cannot end beside.
    static func countInUse(
        _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> (users: Int, groups: Int, trunks: Int, numbers: Int) {
        try tx.one(
            """
            select (select count(*) from app.sip_user where tenant_id = \(tenant)),
                (select count(*) from app.call_group where tenant_id = \(tenant)),
                (select count(*) from app.trunk where tenant_id = \(tenant)),
                (select count(*) from app.phone_number
                    where tenant_id = \(tenant) and state in ('available', 'assigned'))
            """, as: (Int, Int, Int, Int).self)
    }
}

extension SIPDomain: RowDecodable {
    package init(row: Row) throws {
        self.init(name: try row.value("domain"), country: try CountryCode(column: row.value("country")))
    }
}
