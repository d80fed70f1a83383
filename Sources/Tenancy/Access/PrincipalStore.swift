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

    /// A principal with the roles in force at its home scope.
    private static func principal(at now: Timestamp) -> SQL {
        """
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
        principal = Principal(
            id: try row.value("principal_id"), kind: try Principal.Kind(columnValue: row.value("kind")),
            displayName: try row.value("display_name"), scope: scope,
            permissions: Role.permissions(of: try row.value("roles"), at: scope.level))
        secretHash = try row.value("secret_hash")
        expiresAt = try row.value("expires_at")
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
