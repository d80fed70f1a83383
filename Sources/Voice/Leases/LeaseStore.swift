import Kernel
import Postgres
import Telephony

/// Leases and the buckets and pools that they are granted from.
enum LeaseStore {
    // MARK: - Reading under the lock

    /// Everything a grant depends on, in one round trip: opens the month, takes the pool's lock, then the bucket's, and
    /// reads what stands after that.
    static func standing(
        of place: LeasePlace, replacing callID: String, now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Standing {
        let month = SQLMonth(place.month)
        let results = try tx.pipeline(
            [
                """
                insert into app.minute_pool_month (organisation_id, month) select organisation_id, \(month)::date \
                from app.minute_pool where organisation_id = \(place.organisationID) on conflict do nothing
                """,
                """
                insert into app.usage_bucket (tenant_id, month, organisation_id) \
                values (\(place.tenantID), \(month)::date, \(place.organisationID)) on conflict do nothing
                """,
                """
                select 1 from app.minute_pool_month where organisation_id = \(place.organisationID) \
                and month = \(month)::date for update
                """,
                """
                select 1 from app.usage_bucket where tenant_id = \(place.tenantID) and month = \(month)::date for update
                """,
                // a leg that is routed again has left where it rang; a node that asks twice gets the later answer
                """
                update app.usage_lease set state = 'settled', settled_at = \(now) \
                where tenant_id = \(place.tenantID) and call_id = \(callID) and state = 'ringing'
                """,
            ] + reading(place, now))
        return try standing(results.suffix(4))
    }

    /// The same without locks and changes, for people who look.
    static func standing(
        at place: LeasePlace, now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Standing {
        try standing(tx.pipeline(reading(place, now))[...])
    }

    private static func reading(_ place: LeasePlace, _ now: Timestamp) -> [SQL] {
        let month = SQLMonth(place.month)
        let open: SQL = "tenant_id = \(place.tenantID) and state <> 'settled'"
        return [
            """
            select coalesce((select used_ms from app.receipt_chain \
            where tenant_id = \(place.tenantID) and month = \(month)::date), 0), \
            coalesce((select sum(\(counting)) from app.usage_lease where \(open) and month = \(month)::date), 0)::bigint, \
            (select p.milliseconds - \(poolTaken(place.organisationID, month)) from app.minute_pool p \
            where p.organisation_id = \(place.organisationID)), \
            (select min(created_at) from app.sip_domain where tenant_id = \(place.tenantID))
            """,
            """
            select kind, phone_number_id, direction, count(*) from app.usage_lease \
            where \(open) and state in ('ringing', 'running') group by 1, 2, 3
            """,
            """
            select destination, count(distinct lease_id), \
            count(distinct lease_id) filter (where began_at > \(now.advanced(by: .seconds(-1)))) from app.usage_lease \
            where tenant_id = \(place.tenantID) and began_at > \(now.advanced(by: .seconds(-3600))) \
            and direction = 'outbound' group by 1
            """,
            """
            select \(overageMicros) \
            from app.call_receipt r join app.call_leg l using (tenant_id, leg_id) \
            where r.tenant_id = \(place.tenantID) and r.month = \(month)::date and l.direction = 'outbound' \
            and r.overage_ms <> 0 and l.answered_at >= \(ViennaDay.start(of: now))
            """,
        ]
    }

    /// What a lease takes from its bucket.
    static let counting: SQL =
        "case state when 'estimated' then greatest(0, granted_ms - spent_ms) else greatest(granted_ms, spent_ms) end"

    /// What receipts cost beyond the included minutes, for a bound and never for a bill.
    private static let overageMicros: SQL =
        "coalesce(sum(r.overage_ms * (r.document::jsonb ->> 'micros_per_minute')::bigint / 60000), 0)::bigint"

    private static func poolTaken(_ organisation: OrganisationID, _ month: SQLMonth) -> SQL {
        """
        (coalesce((select sum(used_ms) from app.receipt_chain \
        where organisation_id = \(organisation) and month = \(month)::date), 0) \
        + coalesce((select sum(\(counting)) from app.usage_lease where organisation_id = \(organisation) \
        and month = \(month)::date and state <> 'settled'), 0))::bigint
        """
    }

    private static func standing(_ results: ArraySlice<[Row]>) throws -> Standing {
        var (counts, usage) = (Standing.Counts(), Standing.Usage())
        var standing = Standing()
        let groups = Array(results)
        if let row = groups[0].first {
            (usage.usedMilliseconds, usage.reservedMilliseconds, usage.poolLeftMilliseconds, standing.voiceSince) =
                try row.decode(as: (Int64, Int64, Int64?, Timestamp?).self)
        }
        for row in groups[1] {
            let (kind, number, direction, count) = try row.decode(
                as: (DestinationKind?, PhoneNumberID?, LeaseDirection, Int).self)
            counts.calls += count
            if let kind { counts.callsByKind[kind, default: 0] += count }
            if let number, direction == .inbound { counts.inboundByNumber[number, default: 0] += count }
        }
        for row in groups[2] {
            let (digits, hour, second) = try row.decode(as: (String, Int, Int).self)
            counts.callsWithinSecond += second
            if let number = E164(digits: digits) { counts.callsWithinHour[number] = hour }
        }
        usage.spentTodayMicros = try groups[3].first?.value(at: 0, as: Int64.self) ?? 0
        (standing.counts, standing.usage) = (counts, usage)
        return standing
    }

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

    /// Takes the locks of these buckets in their one order, pools first, and reads what each has. One statement each, so
    /// that ten thousand calls of a node are as many round trips as one.
    static func standings(
        of places: [LeasePlace], now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [LeasePlace: Standing.Usage] {
        guard let month = places.first?.month else { return [:] }
        let tenants = places.map(\.tenantID)
        let organisations = places.map(\.organisationID)
        let date = SQLMonth(month)
        let results = try tx.pipeline([
            """
            insert into app.minute_pool_month (organisation_id, month) select organisation_id, \(date)::date \
            from app.minute_pool where organisation_id = any(\(organisations)) order by 1 on conflict do nothing
            """,
            """
            insert into app.usage_bucket (tenant_id, month, organisation_id) \
            select t, \(date)::date, o from unnest(\(tenants)::uuid[], \(organisations)::uuid[]) as g (t, o) order by 1 \
            on conflict do nothing
            """,
            """
            select 1 from app.minute_pool_month where organisation_id = any(\(organisations)) \
            and month = \(date)::date order by organisation_id for update
            """,
            """
            select 1 from app.usage_bucket where tenant_id = any(\(tenants)) and month = \(date)::date \
            order by tenant_id for update
            """,
            """
            select g.t, g.o, coalesce((select used_ms from app.receipt_chain c \
            where c.tenant_id = g.t and c.month = \(date)::date), 0), \
            coalesce((select sum(\(counting)) from app.usage_lease l where l.tenant_id = g.t \
            and l.month = \(date)::date and l.state <> 'settled'), 0)::bigint \
            from unnest(\(tenants)::uuid[], \(organisations)::uuid[]) as g (t, o)
            """,
            """
            select l.tenant_id, \(overageMicros) from app.call_receipt r join app.call_leg l using (tenant_id, leg_id) \
            where r.tenant_id = any(\(tenants)) and r.month = \(date)::date and l.direction = 'outbound' \
            and r.overage_ms <> 0 and l.answered_at >= \(ViennaDay.start(of: now)) group by 1
            """,
            """
            select p.organisation_id, p.milliseconds - \
            coalesce((select sum(used_ms) from app.receipt_chain c \
            where c.organisation_id = p.organisation_id and c.month = \(date)::date), 0)::bigint \
            - coalesce((select sum(\(counting)) from app.usage_lease l where l.organisation_id = p.organisation_id \
            and l.month = \(date)::date and l.state <> 'settled'), 0)::bigint \
            from app.minute_pool p where p.organisation_id = any(\(organisations))
            """,
        ])
        let spent = try amounts(results[5], by: TenantID.self)
        let pools = try amounts(results[6], by: OrganisationID.self)
        var standings: [LeasePlace: Standing.Usage] = [:]
        for row in results[4] {
            let (tenant, organisation, used, reserved) = try row.decode(
                as: (TenantID, OrganisationID, Int64, Int64).self)
            var usage = Standing.Usage()
            usage.usedMilliseconds = used
            usage.reservedMilliseconds = reserved
            usage.poolLeftMilliseconds = pools[organisation]
            usage.spentTodayMicros = spent[tenant] ?? 0
            standings[LeasePlace(tenantID: tenant, organisationID: organisation, month: month)] = usage
        }
        return standings
    }

    private static func amounts<Owner: SQLDecodable & Hashable>(
        _ rows: [Row], by owner: Owner.Type
    ) throws -> [Owner: Int64] {
        let pairs = try rows.map { try $0.decode(as: (Owner, Int64).self) }
        return Dictionary(pairs) { first, _ in first }
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

    /// Gives up what nobody has told of for a day; says how many.
    static func giveUp(at now: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        let moment = now.advanced(by: .zero - LeaseTimes.doubt)
        return try tx.rows(
            """
            update app.usage_lease l set state = 'settled', settled_at = \(now) from ( \
            select tenant_id, lease_id, leg, month from app.usage_lease \
            where state in ('expired', 'estimated') and seen_at <= \(moment) order by lease_id, leg limit \(limit) \
            for update skip locked) d \
            where l.tenant_id = d.tenant_id and l.lease_id = d.lease_id and l.leg = d.leg and l.month = d.month \
            returning 1
            """
        ).count
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

/// A tenant's bucket.
struct LeasePlace: Sendable, Hashable {
    let tenantID: TenantID
    let organisationID: OrganisationID
    let month: CallMonth
}

/// A month as the date of its first day.
struct SQLMonth: SQLEncodable, SQLDecodable {
    let month: CallMonth

    init(_ month: CallMonth) { self.month = month }

    init(sqlText: String) throws(DatabaseError) {
        guard let month = CallMonth(sqlText.prefix(7)) else { throw .decoding("a column is not a month") }
        self.month = month
    }

    var sqlText: String? { "\(month)-01" }
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
