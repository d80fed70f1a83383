import Kernel
import Postgres
import Telephony

/// What stands of tenants and pools at this moment, under the locks of the buckets that grants are made from, or without.
enum StandingStore {
    /// What a grant asks about.
    struct Question {
        let place: LeasePlace
        /// Of an outbound leg.
        let destination: E164?
        let now: Timestamp

        fileprivate var month: SQLMonth { SQLMonth(place.month) }
    }

    /// Everything a grant depends on, in one round trip: opens the month, takes the pool's lock, then the bucket's, and
    /// reads what stands after that. None of it grows with the calls that the month has had.
    static func standing(
        for question: Question, replacing leg: LegRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Standing {
        let (place, month) = (question.place, question.month)
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
            ] + left(leg, place) + reading(question))
        return try standing(results.suffix(2), question)
    }

    /// A leg that is routed again has left where it rang; a node that asks twice gets the later answer. Of one that talks,
    /// what was granted goes on: that nobody has told of its answer yet does not mean that there was none.
    private static func left(_ leg: LegRequest, _ place: LeasePlace) -> [SQL] {
        guard leg.stage != .answered else { return [] }
        return [
            """
            update app.usage_lease set state = 'settled', settled_at = \(leg.now) \
            where tenant_id = \(place.tenantID) and call_id = \(leg.callID.lowercased()) and state = 'ringing'
            """
        ]
    }

    /// The same without locks and changes, for people who look.
    static func standing(_ question: Question, _ tx: borrowing Transaction<ScopeNode>) throws -> Standing {
        try standing(tx.pipeline(reading(question))[...], question)
    }

    static func reading(_ question: Question) -> [SQL] {
        let (place, month, now) = (question.place, question.month, question.now)
        let own: SQL = "tenant_id = \(place.tenantID)"
        let begun: SQL = "select count(distinct lease_id) from app.usage_lease where \(own) and direction = 'outbound'"
        return [
            """
            select coalesce((select used_ms from app.receipt_chain where \(own) and month = \(month)::date), 0), \
            coalesce((select sum(\(LeaseStore.counting)) from app.usage_lease \
            where \(own) and month = \(month)::date and state <> 'settled'), 0)::bigint, \
            (select p.milliseconds - \(poolTaken(place.organisationID, month)) from app.minute_pool p \
            where p.organisation_id = \(place.organisationID)), \
            coalesce((select outbound_micros from app.voice_spend where \(own) and day = \(day(of: now))), 0), \
            (select min(created_at) from app.sip_domain where \(own)), \
            (\(begun) and began_at > \(now.advanced(by: .seconds(-1)))), \
            (\(begun) and destination = \(question.destination?.digits ?? "") \
            and began_at > \(now.advanced(by: .seconds(-3600))))
            """,
            """
            select kind, phone_number_id, direction, count(*) from app.usage_lease \
            where \(own) and state <> 'settled' and state in ('ringing', 'running') group by 1, 2, 3
            """,
        ]
    }

    private static func day(of now: Timestamp) -> SQL { "(\(now)::timestamptz at time zone 'Europe/Vienna')::date" }

    private static func poolTaken(_ organisation: OrganisationID, _ month: SQLMonth) -> SQL {
        """
        (coalesce((select sum(used_ms) from app.receipt_chain \
        where organisation_id = \(organisation) and month = \(month)::date), 0) \
        + coalesce((select sum(\(LeaseStore.counting)) from app.usage_lease where organisation_id = \(organisation) \
        and month = \(month)::date and state <> 'settled'), 0))::bigint
        """
    }

    private static func standing(_ results: ArraySlice<[Row]>, _ question: Question) throws -> Standing {
        var (counts, usage) = (Standing.Counts(), Standing.Usage())
        var standing = Standing()
        let groups = Array(results)
        if let row = groups[0].first {
            let withinHour: Int
            (
                usage.usedMilliseconds, usage.reservedMilliseconds, usage.poolLeftMilliseconds, usage.spentTodayMicros,
                standing.voiceSince, counts.callsWithinSecond, withinHour
            ) = try row.decode(as: (Int64, Int64, Int64?, Int64, Timestamp?, Int, Int).self)
            if let number = question.destination { counts.callsWithinHour[number] = withinHour }
        }
        for row in groups[1] {
            let (kind, number, direction, count) = try row.decode(
                as: (DestinationKind?, PhoneNumberID?, LeaseDirection, Int).self)
            counts.calls += count
            if let kind { counts.callsByKind[kind, default: 0] += count }
            if let number, direction == .inbound { counts.inboundByNumber[number, default: 0] += count }
        }
        (standing.counts, standing.usage) = (counts, usage)
        return standing
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
            coalesce((select sum(\(LeaseStore.counting)) from app.usage_lease l where l.tenant_id = g.t \
            and l.month = \(date)::date and l.state <> 'settled'), 0)::bigint \
            from unnest(\(tenants)::uuid[], \(organisations)::uuid[]) as g (t, o)
            """,
            """
            select tenant_id, outbound_micros from app.voice_spend \
            where tenant_id = any(\(tenants)) and day = \(day(of: now))
            """,
            """
            select p.organisation_id, p.milliseconds - \
            coalesce((select sum(used_ms) from app.receipt_chain c \
            where c.organisation_id = p.organisation_id and c.month = \(date)::date), 0)::bigint \
            - coalesce((select sum(\(LeaseStore.counting)) from app.usage_lease l \
            where l.organisation_id = p.organisation_id and l.month = \(date)::date and l.state <> 'settled'), 0)::bigint \
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
