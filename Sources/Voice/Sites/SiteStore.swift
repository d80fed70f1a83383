import Kernel
import Postgres
import Telephony

enum SiteStore {
    private static let selection: SQL = """
        select \(StoredColumns.of("s")), s.site_id, s.display_name, s.address, s.country, s.verified_at,
            s.callback_number_id
        from app.site s
        """

    static func find(
        _ id: SiteID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<Site>? {
        try tx.first("\(selection) where s.tenant_id = \(tenant) and s.site_id = \(id)")
    }

    static func list(
        of tenant: TenantID, after cursor: SiteID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Stored<Site>] {
        try tx.all(
            "\(selection) where s.tenant_id = \(tenant) \(StoredColumns.page("s.site_id", after: cursor, limit: limit))"
        )
    }

    static func all(of tenants: [TenantID], _ tx: borrowing Transaction<ScopeNode>) throws -> [Stored<Site>] {
        try tx.all("\(selection) where s.tenant_id = any(\(tenants)::uuid[]) order by s.tenant_id, s.site_id")
    }

    /// The countries in which the tenant has a site.
    static func countries(of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> [CountryCode] {
        try tx.all(
            "select distinct country from app.site where tenant_id = \(tenant) order by country", as: String.self
        ).map { text throws(DatabaseError) in try CountryCode(column: text) }
    }

    static func insert(
        _ site: Site, of tenant: VoiceTenant, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            insert into app.site (tenant_id, site_id, organisation_id, display_name, address, country, \
            callback_number_id, created_at, updated_at)
            values (\(tenant.id), \(site.id), \(tenant.organisationID), \(site.displayName), \(site.address), \
            \(site.country.code), \(site.callbackNumber), \(now), \(now))
            """)
    }

    /// Takes the verification away when the site has none.
    static func update(
        _ site: Site, of tenant: TenantID, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.site set display_name = \(site.displayName), address = \(site.address), \
            country = \(site.country.code), callback_number_id = \(site.callbackNumber), \
            verified_at = \(site.verifiedAt), \
            verified_by = case when \(site.verifiedAt)::timestamptz is null then null else verified_by end, \
            revision = revision + 1, updated_at = \(now)
            where tenant_id = \(tenant) and site_id = \(site.id)
            """)
    }

    static func verify(
        _ id: SiteID, of tenant: TenantID, by name: String, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.site set verified_at = \(now), verified_by = \(name), revision = revision + 1, \
            updated_at = \(now)
            where tenant_id = \(tenant) and site_id = \(id)
            """)
    }

    static func delete(_ id: SiteID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.site where tenant_id = \(tenant) and site_id = \(id)")
    }
}

extension Site: RowDecodable {
    package init(row: Row) throws {
        self.init(
            id: try row.value("site_id"), displayName: try row.value("display_name"),
            address: try row.value("address"), country: try CountryCode(column: row.value("country")),
            verifiedAt: try row.value("verified_at"), callbackNumber: try row.value("callback_number_id"))
    }
}
