import Kernel
import Postgres

enum IdempotencyStore {
    /// The answer of the first request, `nil` when this is the first one, which is now claimed until the transaction ends.
    /// Throws when the key belongs to another request, or when the first one is still running: nobody waits with an open
    /// transaction for somebody else's.
    static func claim(
        _ claim: IdempotencyClaim, _ actor: Actor, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [UInt8]? {
        let principal = actor.principal.id
        // The lock is asked for before the insert could block on an uncommitted row, and ends with the transaction, after
        // its row has become visible.
        let isFirst = try !tx.rows(
            """
            insert into app.idempotency_record
                (principal_id, idempotency_key, organisation_id, tenant_id, request_digest, status, body, created_at)
            select \(principal), \(claim.key), \(actor.scope.organisationID), \(actor.scope.tenantID), \
                \(claim.digest), 0, ''::bytea, \(actor.now)
            where pg_try_advisory_xact_lock(hashtextextended(\(principal.uuid.uuidString + claim.key), 0))
            on conflict do nothing returning status
            """
        ).isEmpty
        if isFirst { return nil }
        let record = try tx.first(
            """
            select request_digest, body from app.idempotency_record
            where principal_id = \(principal) and idempotency_key = \(claim.key)
            """, as: ([UInt8], [UInt8]).self)
        guard let (digest, body) = record else { throw Problem.idempotencyInFlight }
        guard digest == claim.digest else { throw Problem.idempotencyMismatch }
        return body
    }

    /// Keeps the answer; in the transaction that has claimed the key.
    static func store(
        _ body: [UInt8], for claim: IdempotencyClaim, _ actor: Actor, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.idempotency_record set status = 200, body = \(body)
            where principal_id = \(actor.principal.id) and idempotency_key = \(claim.key)
            """)
    }

    /// Deletes at most `limit` answers that are older than `moment`, and says how many.
    static func purge(before moment: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        try tx.rows(
            """
            delete from app.idempotency_record where (principal_id, idempotency_key) in (
                select principal_id, idempotency_key from app.idempotency_record
                where created_at < \(moment) order by created_at limit \(limit))
            returning 1
            """
        ).count
    }
}
