import FoundationEssentials
import Kernel
import Postgres
import Telephony

/// Records that could not be booked.
enum QuarantineStore {
    private static let columns: SQL = """
        quarantine_id, node_id, organisation_id, instance_id, reason, detail, leg_id, state, received_at, times, resolved_at, \
        octet_length(body)::bigint as bytes
        """

    /// Keeps a body once, however often the node delivers it. One that was resolved stays resolved.
    static func keep(
        _ item: QuarantinedRecord, body: [UInt8], digest: [UInt8], originatingLeg: UUID?,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            insert into app.cdr_quarantine as kept (quarantine_id, organisation_id, instance_id, node_id, reason, detail,
                leg_id, originating_leg_id, body, body_sha256, state, received_at)
            values (\(item.id), \(item.source.organisationID), \(item.source.instanceID), \(item.source.nodeID),
                \(item.reason), \(item.detail), \(item.legID), \(originatingLeg), \(body), \(digest), \(item.state), \(item.receivedAt))
            on conflict (node_id, body_sha256) do update set times = kept.times + 1
            """)
    }

    static func find(
        _ id: QuarantineID, forUpdate: Bool = false, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> QuarantinedRecord? {
        let lock: SQL = forUpdate ? " for update" : ""
        return try tx.first("select \(columns) from app.cdr_quarantine where quarantine_id = \(id)\(lock)")
    }

    static func body(_ id: QuarantineID, _ tx: borrowing Transaction<ScopeNode>) throws -> [UInt8]? {
        try tx.first("select body from app.cdr_quarantine where quarantine_id = \(id)", as: ([UInt8]).self)
    }

    /// Newest first.
    static func list(
        _ state: QuarantinedRecord.State?, before cursor: QuarantineID?, limit: Int,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [QuarantinedRecord] {
        var conditions: [SQL] = ["true"]
        if let state { conditions.append("state = \(state)") }
        if let cursor { conditions.append("quarantine_id < \(cursor)") }
        return try tx.all(
            """
            select \(columns) from app.cdr_quarantine where \(.joined(conditions, separator: " and "))
            order by quarantine_id desc limit \(limit)
            """)
    }

    /// Open ones that waited for a leg which is here now.
    static func ready(limit: Int, _ tx: borrowing Transaction<ScopeNode>) throws -> [QuarantineID] {
        try tx.all(
            """
            select quarantine_id from app.cdr_quarantine waiting
            where state = 'open' and reason = \(Finding.unknownTenant.reason) and originating_leg_id is not null
                and exists (select from app.call_leg leg where leg.leg_id = waiting.originating_leg_id)
            order by quarantine_id limit \(limit)
            """, as: (QuarantineID).self)
    }

    static func resolve(
        _ id: QuarantineID, _ state: QuarantinedRecord.State, by principal: PrincipalID, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.cdr_quarantine set state = \(state), resolved_at = \(now), resolved_by = \(principal)
            where quarantine_id = \(id) and state = 'open'
            """)
    }

    /// Deletes what was replayed or discarded before a moment; what is open waits for a person. Says how many.
    static func deleteResolved(
        before moment: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Int {
        try tx.rows(
            """
            delete from app.cdr_quarantine where quarantine_id in (select quarantine_id from app.cdr_quarantine
                where state <> 'open' and resolved_at < \(moment) order by resolved_at limit \(limit)) returning 1
            """
        ).count
    }

    /// How many wait for somebody.
    static func openCount(_ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        try tx.value("select count(*) from app.cdr_quarantine where state = 'open'")
    }
}
