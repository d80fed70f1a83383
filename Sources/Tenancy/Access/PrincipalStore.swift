import Kernel
import Postgres

/// Principals, what is bound to them, and how a credential finds one.
enum PrincipalStore {
    static func insert(
        _ id: PrincipalID, _ kind: Principal.Kind, named name: String, at scope: ScopeNode,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        try tx.execute(
            """
            insert into app.principal (principal_id, kind, display_name, organisation_id, tenant_id, created_at)
            values (\(id), \(kind.columnValue), \(name), \(scope.organisationID), \(scope.tenantID), \(actor.now))
            on conflict (principal_id) do nothing
            """)
    }

    static func bind(
        _ id: PrincipalID, _ role: Role.Name, at scope: ScopeNode, until expiry: Timestamp?,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        try tx.execute(
            """
            insert into app.binding (binding_id, principal_id, role, organisation_id, tenant_id, created_at, \
            created_by, expires_at)
            values (\(actor.ids.new(BindingID.self)), \(id), \(role), \(scope.organisationID), \(scope.tenantID), \
            \(actor.now), \(actor.principal.id), \(expiry))
            """)
    }

    static func isBound(
        _ id: PrincipalID, _ role: Role.Name, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Bool {
        try tx.value("select exists (select from app.binding where principal_id = \(id) and role = \(role))")
    }

    // MARK: Who holds a credential; asked by the system role, because nobody is known yet

    /// The holder of an API key that is in force. One statement, because every request of the API begins with it.
    static func holder(ofKey keyID: String, at now: Timestamp) -> SQL {
        """
        select \(principal(at: now)), k.secret_hash, k.expires_at
        from app.api_key k join app.principal p on p.principal_id = k.principal_id
            left join app.organisation o on o.organisation_id = p.organisation_id
        where k.key_id = \(keyID) and k.revoked_at is null and (k.expires_at is null or k.expires_at > \(now))
            and p.disabled_at is null and o.deleted_at is null
        """
    }

    /// The holder of a session that is in force. One that was opened with a key ends with the key.
    static func holder(ofSession hash: [UInt8], at now: Timestamp) -> SQL {
        """
        select \(principal(at: now)), s.token_hash as secret_hash, s.expires_at
        from app.session s join app.principal p on p.principal_id = s.principal_id
            left join app.organisation o on o.organisation_id = p.organisation_id
        where s.token_hash = \(hash) and s.expires_at > \(now) and p.disabled_at is null and o.deleted_at is null
            and not exists (select from app.api_key k where k.principal_id = p.principal_id
                and (k.revoked_at is not null or k.expires_at <= \(now)))
        """
    }

    /// The principal that a session is to be opened for.
    static func holder(principal id: PrincipalID, at now: Timestamp) -> SQL {
        """
        select \(principal(at: now)), ''::bytea as secret_hash, null::timestamptz as expires_at
        from app.principal p where p.principal_id = \(id) and p.disabled_at is null
        """
    }

    /// A principal with the roles in force at its home scope, and the level and roles of whoever granted them, of whoever
    /// granted theirs, and so on: one text each, without a word when that principal is disabled. Named jobs are not
    /// listed, they may everything. A granter's own key may have ended: that is no loss of rights.
    private static func principal(at now: Timestamp) -> SQL {
        """
        array(
            with recursive granter (id) as (
                select b.created_by from app.binding b where b.principal_id = p.principal_id
                union select b.created_by from granter join app.binding b on b.principal_id = granter.id
            )
            select case when m.disabled_at is not null then '' else concat_ws(' ',
                case when m.tenant_id is not null then 'tenant' when m.organisation_id is not null then 'organisation'
                    else 'platform' end,
                (select string_agg(b.role, ' ') from app.binding b where b.principal_id = m.principal_id
                    and b.organisation_id is not distinct from m.organisation_id
                    and b.tenant_id is not distinct from m.tenant_id)) end
            from granter join app.principal m on m.principal_id = granter.id where m.kind <> 'system') as granters, \
        p.principal_id, p.kind, p.display_name, p.organisation_id, p.tenant_id, array(
            select b.role from app.binding b where b.principal_id = p.principal_id
                and b.organisation_id is not distinct from p.organisation_id
                and b.tenant_id is not distinct from p.tenant_id
                and (b.expires_at is null or b.expires_at > \(now))) as roles
        """
    }
}

/// What the database knows about a credential.
struct CredentialHolder: RowDecodable, Sendable {
    let principal: Principal
    let secretHash: [UInt8]
    let expiresAt: Timestamp?

    init(row: Row) throws {
        let scope = try ScopeNode(row: row)
        let granted = Role.permissions(of: try row.value("roles"), at: scope.level)
        let granters = try row.value("granters", as: [String].self)
        principal = Principal(
            id: try row.value("principal_id"), kind: try Principal.Kind(columnValue: row.value("kind")),
            displayName: try row.value("display_name"), scope: scope,
            permissions: granters.reduce(granted) { $0.intersection(Self.rights($1)) })
        secretHash = try row.value("secret_hash")
        expiresAt = try row.value("expires_at")
    }

    /// What one granter may do now: nobody does more through a grant of theirs, however it was when they gave it.
    private static func rights(_ granter: String) -> Set<Permission> {
        let words = granter.split(separator: " ").map(String.init)
        guard let level = words.first.flatMap(ScopeLevel.init(rawValue:)) else { return [] }
        return Role.permissions(of: Array(words.dropFirst()), at: level)
    }
}

extension Principal.Kind {
    fileprivate var columnValue: String {
        switch self {
        case .apiKey: "api_key"
        case .operatorSession: "operator"
        case .system: "system"
        }
    }

    fileprivate init(columnValue: String) throws {
        switch columnValue {
        case "api_key": self = .apiKey
        case "operator": self = .operatorSession
        case "system": self = .system
        default: throw DatabaseError.decoding("column 'kind' is not the kind of a principal")
        }
    }
}
