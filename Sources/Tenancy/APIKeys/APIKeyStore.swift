import Kernel
import Postgres

enum APIKeyStore {
    private static let query: SQL = """
        select k.api_key_id, k.principal_id, k.organisation_id, k.tenant_id, k.key_id, k.display_name, k.last_four, \
        k.created_at, k.created_by, k.expires_at, k.revoked_at, k.last_used_at, k.revision, b.role
        from app.api_key k join app.binding b on b.principal_id = k.principal_id
        """

    static func find(_ id: APIKeyID, _ tx: borrowing Transaction<ScopeNode>) throws -> APIKey? {
        try tx.first("\(query) where k.api_key_id = \(id)")
    }

    static func findForUpdate(_ id: APIKeyID, _ tx: borrowing Transaction<ScopeNode>) throws -> APIKey? {
        try tx.first("\(query) where k.api_key_id = \(id) for update of k")
    }

    /// Newest first.
    static func list(
        _ filter: APIKeyFilter, before cursor: APIKeyID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [APIKey] {
        var conditions: [SQL] = ["true"]
        if let cursor { conditions.append("k.api_key_id < \(cursor)") }
        if let organisation = filter.organisationID { conditions.append("k.organisation_id = \(organisation)") }
        if let tenant = filter.tenantID { conditions.append("k.tenant_id = \(tenant)") }
        if !filter.includesRevoked { conditions.append("k.revoked_at is null") }
        return try tx.all(
            """
            \(query) where \(SQL.joined(conditions, separator: " and ")) order by k.api_key_id desc limit \(limit)
            """)
    }

    static func insert(_ issued: IssuedAPIKey, _ tx: borrowing Transaction<ScopeNode>) throws {
        let key = issued.key
        try tx.execute(
            """
            insert into app.api_key (api_key_id, principal_id, organisation_id, tenant_id, key_id, display_name, \
            secret_hash, last_four, created_at, created_by, expires_at)
            values (\(key.id), \(key.principalID), \(key.scope.organisationID), \(key.scope.tenantID), \(key.keyID), \
            \(key.displayName), \(issued.token.hash), \(key.lastFour), \(key.life.createdAt), \
            \(key.life.createdBy), \(key.life.expiresAt))
            """)
    }

    static func revoke(_ id: APIKeyID, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute(
            "update app.api_key set revoked_at = \(now), revision = revision + 1 where api_key_id = \(id)")
    }

    /// All keys that are limited to one tenant.
    static func revokeAll(of tenant: TenantID, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute(
            """
            update app.api_key set revoked_at = \(now), revision = revision + 1
            where tenant_id = \(tenant) and revoked_at is null
            """)
    }

    static func replaceSecret(
        of id: APIKeyID, with token: APIKeyToken, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.api_key set secret_hash = \(token.hash), last_four = \(token.lastFour), \
            revision = revision + 1 where api_key_id = \(id)
            """)
    }

    /// The hash of a key's secret while it is not revoked. Holds the key until the commit: it cannot end beside a session
    /// that is being opened with it.
    static func holdSecret(of keyID: String, _ tx: borrowing Transaction<ScopeNode>) throws -> [UInt8]? {
        try tx.first(
            "select secret_hash from app.api_key where key_id = \(keyID) and revoked_at is null for share",
            as: ([UInt8]).self)
    }

    /// Remembers roughly when keys were last used: at most one write per key and `bucket`.
    static func touch(
        _ keyIDs: [String], at now: Timestamp, bucket: Duration, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let stale = now.advanced(by: .zero - bucket)
        try tx.execute(
            """
            update app.api_key set last_used_at = \(now)
            where key_id = any(\(keyIDs)::text[]) and (last_used_at is null or last_used_at < \(stale))
            """)
    }
}

extension Role.Name: SQLEncodable, SQLDecodable {}

extension ScopeNode {
    /// From the two columns that hold a scope node.
    init(row: Row) throws {
        let organisation = try row.value("organisation_id", as: OrganisationID?.self)
        let tenant = try row.value("tenant_id", as: TenantID?.self)
        switch (organisation, tenant) {
        case (let organisation?, let tenant?): self = .tenant(tenant, of: organisation)
        case (let organisation?, nil): self = .organisation(organisation)
        case (nil, nil): self = .platform
        case (nil, _?): throw DatabaseError.decoding("a tenant without its organisation")
        }
    }
}

extension APIKey: RowDecodable {
    package init(row: Row) throws {
        self.init(
            id: try row.value("api_key_id"), principalID: try row.value("principal_id"),
            scope: try ScopeNode(row: row), keyID: try row.value("key_id"),
            displayName: try row.value("display_name"), role: try row.value("role"),
            lastFour: try row.value("last_four"),
            life: APIKeyLife(
                createdAt: try row.value("created_at"), createdBy: try row.value("created_by"),
                expiresAt: try row.value("expires_at"), revokedAt: try row.value("revoked_at"),
                lastUsedAt: try row.value("last_used_at")),
            revision: try row.value("revision"))
    }
}
