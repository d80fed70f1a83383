import FoundationEssentials
import Kernel
import Postgres
import Telephony

/// Leases: what live legs were granted.
enum LeaseStore {
    /// What a lease takes from its bucket.
    static let counting: SQL =
        "case state when 'estimated' then greatest(0, granted_ms - spent_ms) else greatest(granted_ms, spent_ms) end"

    // MARK: - Changing

    static func insert(_ leases: [Lease], _ tx: borrowing Transaction<ScopeNode>) {
        let rows: [SQL] = leases.map { lease in
            """
            (\(lease.key.tenantID), \(lease.key.leaseID), \(lease.key.leg), \(SQLMonth(lease.key.month))::date, \
            \(lease.organisationID), \(lease.callID), \(lease.nodeID), \(lease.subject.direction), \
            \(lease.subject.kind), \(lease.subject.risk), \(lease.subject.destination), \
            \(lease.subject.phoneNumberID), \(lease.revision), \(lease.state), \(lease.grantedMilliseconds), \
            \(lease.spentMilliseconds), \(lease.times.beganAt), \(lease.times.answeredAt), \(lease.times.seenAt), \
            \(lease.times.expiresAt))
            """
        }
        guard !rows.isEmpty else { return }
        tx.postpone("insert into app.usage_lease (\(columns)) values \(SQL.joined(rows))")
    }

    private static let columns: SQL = """
        tenant_id, lease_id, leg, month, organisation_id, call_id, node_id, direction, kind, risk, destination, \
        phone_number_id, revision, state, granted_ms, spent_ms, began_at, answered_at, seen_at, expires_at
        """

    /// The open leases of these signs, each in its latest month.
    static func open(
        _ ids: [LeaseID], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Lease] {
        try tx.all(
            """
            select distinct on (lease_id, leg) \(columns) from app.usage_lease \
            where lease_id = any(\(ids)) and state in ('ringing', 'running', 'expired') \
            order by lease_id, leg, month desc
            """)
    }

    /// The live leases of a tenant, the newest first.
    static func live(
        of tenant: TenantID, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Lease] {
        try tx.all(
            """
            select \(columns) from app.usage_lease where tenant_id = \(tenant) and state in ('ringing', 'running') \
            order by began_at desc, lease_id, leg limit \(limit)
            """)
    }

    /// Writes a batch back in one statement. A lease that was settled in between stays settled.
    static func update(_ leases: [Lease], _ tx: borrowing Transaction<ScopeNode>) {
        let rows = leases.sorted { ($0.key.leaseID, $0.key.leg.rawValue) < ($1.key.leaseID, $1.key.leg.rawValue) }
        guard !rows.isEmpty else { return }
        tx.postpone(
            """
            update app.usage_lease l set state = g.state, granted_ms = g.granted, \
            spent_ms = greatest(l.spent_ms, g.spent), answered_at = g.answered, \
            seen_at = greatest(l.seen_at, g.seen), expires_at = g.expires \
            from unnest(\(rows.map(\.key.tenantID))::uuid[], \(rows.map(\.key.leaseID))::uuid[], \
            \(rows.map(\.key.leg))::text[], \(rows.map { SQLMonth($0.key.month) })::date[], \
            \(rows.map(\.state))::text[], \(rows.map(\.grantedMilliseconds))::bigint[], \
            \(rows.map(\.spentMilliseconds))::bigint[], \(rows.map(\.times.answeredAt))::timestamptz[], \
            \(rows.map(\.times.seenAt))::timestamptz[], \(rows.map(\.times.expiresAt))::timestamptz[]) \
            as g (tenant, lease, leg, month, state, granted, spent, answered, seen, expires) \
            where l.tenant_id = g.tenant and l.lease_id = g.lease and l.leg = g.leg and l.month = g.month \
            and l.state in ('ringing', 'running', 'expired')
            """)
    }

    /// Gives back what a leg was granted, because what it used is booked, in this transaction.
    static func settle(_ end: LegEnd, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>) {
        tx.postpone(
            """
            update app.usage_lease set state = 'settled', settled_at = \(now) \
            where tenant_id = \(end.tenantID) and state <> 'settled' and \(rows(of: end))
            """)
    }

    /// Notes what was booked of a leg without its record; what else it was granted counts on.
    static func estimate(
        _ end: LegEnd, _ milliseconds: Int64, _ tx: borrowing Transaction<ScopeNode>
    ) {
        tx.postpone(
            """
            update app.usage_lease set state = 'estimated', \
            spent_ms = greatest(spent_ms, least(granted_ms, \(milliseconds))) \
            where tenant_id = \(end.tenantID) and state in ('ringing', 'running', 'expired') and \(rows(of: end))
            """)
    }

    /// The leg that was routed ended without an answer: no side of the call used anything.
    static func release(_ end: LegEnd, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>) {
        tx.postpone(
            """
            update app.usage_lease set state = 'settled', settled_at = \(now) \
            where tenant_id = \(end.tenantID) and call_id = \(end.legID) and answered_at is null \
            and state in ('ringing', 'expired')
            """)
    }

    /// Nobody answered what a leg tried that has ended meanwhile. Only the one with whom it talked last may talk on without it,
    /// so nothing is certain before that one's record; whichever record comes last finds both.
    static func releaseAttempts(_ end: LegEnd, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>) {
        guard let leg = UUID(uuidString: end.legID) else { return }
        tx.postpone(
            """
            update app.usage_lease l set state = 'settled', settled_at = \(now) \
            from app.call_leg c join app.call_leg a on a.tenant_id = c.tenant_id \
            and a.leg_id = any(array[c.leg_id, c.originating_leg_id, c.bridged_leg_id]) \
            where c.tenant_id = \(end.tenantID) and c.leg_id = \(leg) and l.tenant_id = \(end.tenantID) \
            and l.call_id = a.leg_id::text and l.leg = 'b' and l.answered_at is null \
            and l.state in ('ringing', 'expired') and (a.bridged_leg_id is null or exists ( \
            select from app.call_leg p where p.tenant_id = a.tenant_id and p.leg_id = a.bridged_leg_id))
            """)
    }

    private static func rows(of end: LegEnd) -> SQL {
        let side: SQL = "leg = case when call_id = \(end.legID) then 'a' else 'b' end"
        guard let lease = end.leaseID else { return "call_id = \(end.legID) and leg = 'a'" }
        return "lease_id = \(lease) and \(side)"
    }

    // MARK: - Sweeping

    /// Leases that were not renewed in time, at most `limit`; says how many.
    static func expire(at now: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        try tx.rows(
            """
            update app.usage_lease l set state = 'expired' from ( \
            select tenant_id, lease_id, leg, month from app.usage_lease \
            where state in ('ringing', 'running') and expires_at <= \(now) order by lease_id, leg limit \(limit) \
            for update skip locked) d \
            where l.tenant_id = d.tenant_id and l.lease_id = d.lease_id and l.leg = d.leg and l.month = d.month \
            returning 1
            """
        ).count
    }

    /// Gives up what nobody has told of for a day, as it was.
    static func giveUp(at now: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>) throws -> [Lease] {
        let moment = now.advanced(by: .zero - LeaseTimes.doubt)
        return try tx.all(
            """
            with given_up as (update app.usage_lease l set state = 'settled', settled_at = \(now) from ( \
            select tenant_id, lease_id, leg, month from app.usage_lease \
            where state in ('expired', 'estimated') and seen_at <= \(moment) order by lease_id, leg limit \(limit) \
            for update skip locked) d \
            where l.tenant_id = d.tenant_id and l.lease_id = d.lease_id and l.leg = d.leg and l.month = d.month \
            returning l.*) \
            select \(columns) from given_up
            """)
    }

    /// Deletes settled leases that no limit looks back to; says how many.
    static func purge(at now: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        let moment = now.advanced(by: .zero - LeaseTimes.kept)
        return try tx.rows(
            """
            delete from app.usage_lease l using ( \
            select tenant_id, lease_id, leg, month from app.usage_lease \
            where state = 'settled' and settled_at <= \(moment) and began_at <= \(moment) \
            order by lease_id, leg limit \(limit) for update skip locked) d \
            where l.tenant_id = d.tenant_id and l.lease_id = d.lease_id and l.leg = d.leg and l.month = d.month \
            returning 1
            """
        ).count
    }

    /// What the node does not carry any more is over, and nothing more is heard of it.
    static func expire(_ loss: NodeLoss, _ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        try tx.rows(
            """
            update app.usage_lease set state = 'expired', expires_at = least(expires_at, \(loss.at)) \
            where node_id = \(loss.nodeID) and state in ('ringing', 'running') and began_at <= \(loss.at) \
            and lease_id <> all (\(loss.present.compactMap(\.marks.leaseID))::uuid[]) \
            and call_id <> all (\(loss.present.map { $0.id.uuidString.lowercased() })::text[]) returning 1
            """
        ).count
    }
}

extension Lease: RowDecodable {
    package init(row: Row) throws(DatabaseError) {
        let month: SQLMonth = try row.value(at: 3)
        key = Key(
            tenantID: try row.value(at: 0), leaseID: try row.value(at: 1), leg: try row.value(at: 2),
            month: month.month)
        organisationID = try row.value(at: 4)
        callID = try row.value(at: 5)
        nodeID = try row.value(at: 6)
        subject = Subject(
            direction: try row.value(at: 7), kind: try row.value(at: 8), risk: try row.value(at: 9),
            destination: try row.value(at: 10), phoneNumberID: try row.value(at: 11))
        revision = try row.value(at: 12)
        state = try row.value(at: 13)
        grantedMilliseconds = try row.value(at: 14)
        spentMilliseconds = try row.value(at: 15)
        times = Times(
            beganAt: try row.value(at: 16), answeredAt: try row.value(at: 17), seenAt: try row.value(at: 18),
            expiresAt: try row.value(at: 19))
    }
}
