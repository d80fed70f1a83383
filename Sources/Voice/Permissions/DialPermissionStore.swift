import Kernel
import Postgres
import Telephony

enum DialPermissionStore {
    private static let selection: SQL = """
        select \(StoredColumns.of("p")), p.dial_permission_id, p.site_id, p.sip_user_id, p.country, p.kind, p.prefix,
            p.is_allowed, p.reason, p.expires_at
        from app.dial_permission p
        """

    static func find(
        _ id: DialPermissionID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<DialRule>? {
        try tx.first("\(selection) where p.tenant_id = \(tenant) and p.dial_permission_id = \(id)")
    }

    static func list(
        of tenant: TenantID, after cursor: DialPermissionID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Stored<DialRule>] {
        try tx.all(
            """
            \(selection) where p.tenant_id = \(tenant)
                \(StoredColumns.page("p.dial_permission_id", after: cursor, limit: limit))
            """)
    }

    static func all(of tenants: [TenantID], _ tx: borrowing Transaction<ScopeNode>) throws -> [Stored<DialRule>] {
        try tx.all(
            "\(selection) where p.tenant_id = any(\(tenants)::uuid[]) order by p.tenant_id, p.dial_permission_id")
    }

    static func insert(
        _ rule: DialRule, of tenant: VoiceTenant, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let permission = rule.permission
        try tx.execute(
            """
            insert into app.dial_permission (tenant_id, dial_permission_id, organisation_id, site_id, sip_user_id, \
            country, kind, prefix, is_allowed, reason, expires_at, created_at, updated_at)
            values (\(tenant.id), \(rule.id), \(tenant.organisationID), \(permission.scope.siteID), \
            \(permission.scope.userID), \(permission.destinations.country?.code), \
            \(permission.destinations.kind?.rawValue), \(permission.destinations.prefix), \(permission.isAllowed), \
            \(rule.reason), \(permission.expiresAt), \(now), \(now))
            """)
    }

    static func update(
        _ rule: DialRule, of tenant: TenantID, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let permission = rule.permission
        try tx.execute(
            """
            update app.dial_permission set site_id = \(permission.scope.siteID), \
            sip_user_id = \(permission.scope.userID), country = \(permission.destinations.country?.code), \
            kind = \(permission.destinations.kind?.rawValue), prefix = \(permission.destinations.prefix), \
            is_allowed = \(permission.isAllowed), reason = \(rule.reason), expires_at = \(permission.expiresAt), \
            revision = revision + 1, updated_at = \(now)
            where tenant_id = \(tenant) and dial_permission_id = \(rule.id)
            """)
    }

    static func delete(_ id: DialPermissionID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.dial_permission where tenant_id = \(tenant) and dial_permission_id = \(id)")
    }
}

extension DialRule: RowDecodable {
    package init(row: Row) throws {
        var scope = DialPermission.Scope.tenant
        if let site = try row.value("site_id", as: SiteID?.self) { scope = .site(site) }
        if let user = try row.value("sip_user_id", as: SIPUserID?.self) { scope = .user(user) }
        let country = try row.value("country", as: String?.self)
        self.init(
            id: try row.value("dial_permission_id"),
            permission: DialPermission(
                scope: scope,
                destinations: .init(
                    country: try country.map { text throws(DatabaseError) in try CountryCode(column: text) },
                    kind: try row.value("kind"), prefix: try row.value("prefix")),
                isAllowed: try row.value("is_allowed"), expiresAt: try row.value("expires_at")),
            reason: try row.value("reason"))
    }
}

extension DestinationKind: SQLEncodable, SQLDecodable {}
