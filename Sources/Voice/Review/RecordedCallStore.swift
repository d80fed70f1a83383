import Kernel
import Postgres
import Telephony

/// A leg as it is looked back at, with what is known of the leg that it was made for.
struct RecordedLeg: Sendable, RowDecodable {
    let id: CallLegID
    let isMetered: Bool
    let direction: CallMetering.Direction?
    let startedAt: Timestamp
    let answeredAt: Timestamp?
    let milliseconds: Int64
    /// What was dialled first; transfers do not change it.
    let dialled: String
    /// Where it ended up.
    let destination: String
    let refusal: String
    let madeFor: CallLegID?
    /// The name of the phone that called.
    let caller: String

    init(row: Row) throws {
        id = try row.value("leg_id")
        isMetered = try row.value("is_metered")
        direction = try row.value("direction")
        startedAt = try row.value("started_at")
        answeredAt = try row.value("answered_at")
        milliseconds = try row.value("milliseconds")
        dialled = try row.value("dialled")
        destination = try row.value("destination")
        refusal = try row.value("refusal")
        madeFor = try row.value("originating_leg_id")
        caller = try row.value("caller")
    }

    /// The call that `authorise` was asked about; `nil` for a number that cannot be read any more.
    func call(in plan: TenantPlan) -> RecordedCall? {
        let reason = answeredAt == nil && !refusal.isEmpty ? RefusalReason(rawValue: refusal) : nil
        if isMetered, direction == .inbound {
            let number = NumberReader(plan.identity.country)?.readInbound(dialled)
            let trunk = plan.routing.numbers.first { $0.e164 == number }?.trunkID
            return recorded(.trunk(trunk), dialled: dialled, to: nil, refusal: reason)
        }
        let user = caller.isEmpty ? nil : plan.directory.users.first { $0.name == caller }?.id
        let origin: LegRequest.Origin = user.map { .user($0) } ?? .agent(number: nil)
        guard isMetered else {
            let read = NumberReader(plan.identity.country)?.read(destination)
            guard case .external(let number) = read else { return nil }
            return recorded(origin, dialled: destination, to: number, refusal: reason)
        }
        guard let number = E164(destination) ?? E164(digits: destination) else { return nil }
        return recorded(origin, dialled: number.description, to: number, refusal: reason)
    }

    private func recorded(
        _ origin: LegRequest.Origin, dialled: String, to number: E164?, refusal: RefusalReason?
    ) -> RecordedCall {
        var call = RecordedCall(
            id: "\(id)", origin: origin, dialled: dialled,
            destination: number.flatMap { DestinationTable.standard.destination(of: $0) }, startedAt: startedAt,
            answeredAt: answeredAt, milliseconds: isMetered ? milliseconds : 0, refusal: refusal)
        call.madeFor = madeFor.map { "\($0)" }
        return call
    }
}

/// Which legs are looked back at: those over carriers, and those that were refused. Attempts over one trunk that another
/// trunk took over are left out.
enum RecordedCallStore {
    /// Where a page ended.
    struct Mark: Sendable {
        let startedAt: Timestamp
        let legID: CallLegID

        init(_ leg: RecordedLeg) { (startedAt, legID) = (leg.startedAt, leg.id) }
    }

    private static func matching(
        _ tenant: TenantID, _ span: Range<Timestamp>
    ) -> SQL {
        """
        l.tenant_id = \(tenant) and l.started_at >= \(span.lowerBound) and l.started_at < \(span.upperBound)
            and (l.metering = 'metered' or (l.refusal <> '' and l.answered_at is null))
            and (l.answered_at is not null or l.metering <> 'metered' or l.direction <> 'outbound' or not exists (
                select 1 from app.call_leg n where n.tenant_id = l.tenant_id and n.call_id = l.call_id
                    and n.originating_leg_id = l.originating_leg_id and n.started_at > l.started_at))
        """
    }

    private static let selection: SQL = """
        select l.leg_id, l.metering = 'metered' as is_metered, l.direction, l.started_at, l.answered_at, \
        l.milliseconds, l.dialled, l.destination, l.refusal, l.originating_leg_id, \
        coalesce(nullif(l.sip_user, ''), o.sip_user, '') as caller \
        from app.call_leg l left join app.call_leg o on o.tenant_id = l.tenant_id and o.leg_id = l.originating_leg_id
        """

    /// The newest of those that were refused for one reason.
    static func refused(
        of tenant: TenantID, for reason: RefusalReason, in span: Range<Timestamp>, limit: Int,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [RecordedLeg] {
        try tx.all(
            """
            \(selection) where \(matching(tenant, span)) and l.refusal = \(reason.rawValue)
            order by l.started_at desc limit \(limit)
            """)
    }

    /// In the order in which they began.
    static func page(
        of tenant: TenantID, in span: Range<Timestamp>, after mark: Mark?, limit: Int,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [RecordedLeg] {
        let condition: SQL = mark.map { "and (l.started_at, l.leg_id) > (\($0.startedAt), \($0.legID))" } ?? ""
        return try tx.all(
            """
            \(selection)
            where \(matching(tenant, span)) \(condition)
            order by l.started_at, l.leg_id limit \(limit)
            """)
    }

    /// Where the newest `count` of them begin; `nil` when there are not more.
    static func start(
        ofNewest count: Int, of tenant: TenantID, in span: Range<Timestamp>, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Timestamp? {
        try tx.first(
            """
            select l.started_at from app.call_leg l where \(matching(tenant, span))
            order by l.started_at desc offset \(count) limit 1
            """, as: (Timestamp).self)
    }

    /// Answered time of metered legs that began in the span.
    static func used(
        by tenant: TenantID, in span: Range<Timestamp>, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Int64 {
        try tx.value(
            """
            select coalesce(sum(milliseconds), 0)::bigint from app.call_leg
            where tenant_id = \(tenant) and metering = 'metered' and started_at >= \(span.lowerBound)
                and started_at < \(span.upperBound)
            """)
    }
}
