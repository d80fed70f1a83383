import Kernel
import Postgres

/// Sessions and one-time passwords; only the system role reaches their tables.
enum SessionStore {
    static func insert(
        password hash: [UInt8], for principal: PrincipalID, until expiry: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        try tx.execute(
            """
            insert into app.one_time_password (password_hash, principal_id, created_at, expires_at)
            values (\(hash), \(principal), \(actor.now), \(expiry))
            """)
    }

    /// Whose password it is; it is used up in the same statement, so that two attempts at once give one session.
    static func take(
        password hash: [UInt8], at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> PrincipalID? {
        try tx.first(
            """
            update app.one_time_password set used_at = \(now)
            where password_hash = \(hash) and used_at is null and expires_at > \(now) returning principal_id
            """, as: PrincipalID.self)
    }

    static func insert(
        session hash: [UInt8], for principal: PrincipalID, until expiry: Timestamp, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            insert into app.session (token_hash, principal_id, created_at, expires_at)
            values (\(hash), \(principal), \(now), \(expiry))
            """)
    }

    static func holder(
        of principal: PrincipalID, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> CredentialHolder? {
        try tx.first(PrincipalStore.holder(principal: principal, at: now))
    }

    static func end(session hash: [UInt8], _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.session where token_hash = \(hash)")
    }

    static func purge(at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.session where expires_at <= \(now)")
        try tx.execute("delete from app.one_time_password where expires_at <= \(now)")
    }
}
