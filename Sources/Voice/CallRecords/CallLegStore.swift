import FoundationEssentials
import Kernel
import Postgres
import Telephony

/// Legs of calls and the bodies that they were read from.
enum CallLegStore {
    /// A leg on its way into the table.
    struct Arrival: Sendable {
        let leg: CallLeg
        /// `nil` for an estimate.
        let record: CallRecord?
        let body: [UInt8]?

        /// The leg whose call is this one's, because nothing on the record says which call it is.
        fileprivate var follows: CallLegID? { record?.marks.call == nil ? leg.identity.originatingLeg : nil }
    }

    /// Stores legs with the bodies that they were read from, or completes estimates, in one round trip. No leg may be
    /// there twice. Answers what an estimate of each had counted before, 0 when there was none; `nil` when a record was
    /// there.
    static func insert(_ arrivals: [Arrival], _ tx: borrowing Transaction<ScopeNode>) throws -> [Int64?] {
        // Whoever follows another leg looks for it, so it comes behind all that may be that leg.
        let followers = arrivals.filter { $0.follows != nil }
        let legs = RowGroups.of(arrivals.filter { $0.follows == nil }) + followers.map { [$0] }
        let bodies = RowGroups.of(arrivals.filter { $0.body != nil })
        let results = try tx.pipeline(
            legs.map(insertion) + bodies.map(bodyInsertion) + joining(arrivals.filter { $0.follows == nil })
                + followers.map(joining))
        var counted: [CallLeg.Identity.Key: Int64] = [:]
        for row in results.prefix(legs.count).joined() {
            let (tenant, leg, estimated) = try row.decode(as: (TenantID, CallLegID, Int64).self)
            counted[CallLeg.Identity.Key(tenantID: tenant, id: leg)] = estimated
        }
        return arrivals.map { counted[$0.leg.identity.key] }
    }

    private static func bodyInsertion(_ arrivals: [Arrival]) -> SQL {
        let rows: [SQL] = arrivals.map { arrival in
            let (identity, received) = (arrival.leg.identity, arrival.leg.state.receivedAt)
            return """
                (\(identity.tenantID), \(identity.id), \(identity.organisationID), \(arrival.body), \(received))
                """
        }
        return """
            insert into app.cdr_raw (tenant_id, leg_id, organisation_id, body, received_at) values \(.joined(rows))
            on conflict (tenant_id, leg_id) do nothing
            """
    }

    /// Legs that came first and took one of these for the beginning of the call.
    private static func joining(_ arrivals: [Arrival]) -> [SQL] {
        let known = arrivals.map(\.leg.identity).filter { $0.callID.uuid != $0.id.uuid }
        guard !known.isEmpty else { return [] }
        return [
            """
            update app.call_leg l set call_id = g.call from unnest(\(known.map(\.tenantID))::uuid[],
                \(known.map(\.id))::uuid[], \(known.map(\.callID))::uuid[]) as g (tenant, leg, call)
            where l.tenant_id = g.tenant and l.call_id = g.leg and l.leg_id <> g.leg
            """
        ]
    }

    /// The same for a leg whose call is that of another one.
    private static func joining(_ follower: Arrival) -> SQL {
        let (tenant, id) = (follower.leg.identity.tenantID, follower.leg.identity.id)
        return """
            update app.call_leg set call_id = \(call(of: follower))
            where tenant_id = \(tenant) and call_id = \(CallID(id.uuid)) and leg_id <> \(id)
            """
    }

    /// What we put on it; else the call of the leg that made it, as far as that is stored; else that leg's own.
    private static func call(of arrival: Arrival) -> SQL {
        let identity = arrival.leg.identity
        guard let origin = arrival.follows else { return "\(identity.callID)" }
        return """
            coalesce((select call_id from app.call_leg where tenant_id = \(identity.tenantID) and leg_id = \(origin)),
                \(identity.callID))
            """
    }

    private static func insertion(_ arrivals: [Arrival]) -> SQL {
        """
        insert into app.call_leg (\(written), estimated_ms, late, received_at) values \(.joined(arrivals.map(row)))
        on conflict (tenant_id, leg_id) do update set (\(completed), late, received_at) = (\(excluded),
            excluded.late, excluded.received_at)
        where call_leg.estimated and not excluded.estimated
        returning tenant_id, leg_id, case when estimated then 0 else estimated_ms end
        """
    }

    private static func row(_ arrival: Arrival) -> SQL {
        let (leg, record) = (arrival.leg, arrival.record)
        let identity = leg.identity
        let (times, outcome, parties, origin) = (leg.times, leg.outcome, leg.parties, leg.origin)
        return """
            (\(identity.tenantID), \(identity.id), \(identity.organisationID), \(call(of: arrival)), \(origin.nodeID),
            \(record?.leg.coreID), \(record?.leg.sessionNumber), \(identity.side), \(leg.metering.name),
            \(leg.metering.direction), \(leg.callClass), \(times.started), \(times.answered), \(times.ended),
            \(times.answeredMicroseconds), \(times.milliseconds), \(outcome.cause), \(outcome.causeCode),
            \(outcome.sipStatus), \(outcome.disposition), \(outcome.peerCause), \(parties.caller), \(parties.dialled),
            \(parties.destination), \(parties.sipUser), \(parties.networkAddress), \(origin.sipCallID),
            \(origin.gateway), \(identity.originatingLeg), \(record?.leg.bridgedTo), \(origin.transfers),
            \(outcome.qualityHundredths), \(origin.revision), \(origin.leaseID), \(outcome.refusal),
            \(leg.state.isEstimated), \(leg.state.isEstimated ? times.milliseconds : 0), \(leg.state.isLate),
            \(leg.state.receivedAt))
            """
    }

    private static let written: SQL = """
        tenant_id, leg_id, organisation_id, call_id, node_id, core_id, session_number, side, metering, direction, \
        call_class, started_at, answered_at, ended_at, answered_us, milliseconds, cause, cause_code, sip_status, \
        disposition, peer_cause, caller, dialled, destination, sip_user, network_address, sip_call_id, gateway, \
        originating_leg_id, bridged_leg_id, transfers, quality_hundredths, revision_id, lease_id, refusal, estimated
        """

    private static let completed: SQL = """
        call_id, node_id, core_id, session_number, side, metering, direction, call_class, started_at, answered_at, \
        ended_at, answered_us, milliseconds, cause, cause_code, sip_status, disposition, peer_cause, caller, dialled, \
        destination, sip_user, network_address, sip_call_id, gateway, originating_leg_id, bridged_leg_id, transfers, \
        quality_hundredths, revision_id, lease_id, refusal, estimated
        """

    private static let excluded: SQL = """
        excluded.call_id, excluded.node_id, excluded.core_id, excluded.session_number, excluded.side, \
        excluded.metering, excluded.direction, excluded.call_class, excluded.started_at, excluded.answered_at, \
        excluded.ended_at, excluded.answered_us, excluded.milliseconds, excluded.cause, excluded.cause_code, \
        excluded.sip_status, excluded.disposition, excluded.peer_cause, excluded.caller, excluded.dialled, \
        excluded.destination, excluded.sip_user, excluded.network_address, excluded.sip_call_id, excluded.gateway, \
        excluded.originating_leg_id, excluded.bridged_leg_id, excluded.transfers, excluded.quality_hundredths, \
        excluded.revision_id, excluded.lease_id, excluded.refusal, excluded.estimated
        """

    static func markLate(_ leg: CallLegID, _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) {
        tx.postpone("update app.call_leg set late = true where tenant_id = \(tenant) and leg_id = \(leg)")
    }

    // MARK: Reading

    /// Newest first.
    static func list(
        _ tenant: TenantID, _ filter: CallFilter, before cursor: CallCursor?, limit: Int,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [CallLeg] {
        var conditions: [SQL] = ["tenant_id = \(tenant)"]
        if !filter.includesAll, filter.callID == nil { conditions.append("metering <> 'none'") }
        if let from = filter.from { conditions.append("started_at >= \(from)") }
        if let until = filter.until { conditions.append("started_at < \(until)") }
        if let direction = filter.direction { conditions.append("direction = \(direction)") }
        if let call = filter.callID { conditions.append("call_id = \(call)") }
        if let user = filter.sipUser { conditions.append("sip_user = \(user)") }
        if let answered = filter.isAnswered { conditions.append("(answered_at is not null) = \(answered)") }
        if let refused = filter.isRefused { conditions.append("(refusal <> '') = \(refused)") }
        if let cursor { conditions.append("(started_at, leg_id) < (\(cursor.startedAt), \(cursor.legID))") }
        return try tx.all(
            """
            select * from app.call_leg where \(.joined(conditions, separator: " and "))
            order by started_at desc, leg_id desc limit \(limit)
            """)
    }

    /// The body that a leg was read from, while it is kept.
    static func body(
        of leg: CallLegID, _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [UInt8]? {
        try tx.first(
            "select body from app.cdr_raw where tenant_id = \(tenant) and leg_id = \(leg)", as: ([UInt8]).self)
    }

    // MARK: Retention

    /// Deletes bodies that are older and says how many; call again while it is `limit`.
    static func deleteBodies(
        before moment: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Int {
        try tx.rows(
            """
            delete from app.cdr_raw where (tenant_id, leg_id) in (select tenant_id, leg_id from app.cdr_raw
                where received_at < \(moment) order by received_at limit \(limit)) returning 1
            """
        ).count
    }

    /// Erases who called whom from legs that are older; what the bill rests on stays.
    static func erase(
        before moment: Timestamp, limit: Int, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Int {
        try tx.rows(
            """
            update app.call_leg set caller = '', dialled = '', destination = '', sip_user = '', network_address = '',
                sip_call_id = '', transfers = '{}', erased_at = \(now)
            where (tenant_id, leg_id) in (select tenant_id, leg_id from app.call_leg
                where ended_at < \(moment) and erased_at is null limit \(limit)) returning 1
            """
        ).count
    }
}

extension CallLeg.Identity {
    /// What a leg is stored under.
    struct Key: Hashable {
        let tenantID: TenantID
        let id: CallLegID
    }

    var key: Key { Key(tenantID: tenantID, id: id) }
}

/// Where a page of legs ends: the start decides, and the leg's id among those of one instant.
struct CallCursor: Sendable {
    let startedAt: Timestamp
    let legID: CallLegID

    init(_ leg: CallLeg) {
        startedAt = leg.times.started
        legID = leg.identity.id
    }

    /// `nil` for text that is no cursor of ours.
    init?(_ text: String) {
        let parts = text.split(separator: ".")
        guard parts.count == 2, let microseconds = Int64(parts[0]), let legID = CallLegID(parts[1]) else { return nil }
        startedAt = Timestamp(microseconds: microseconds)
        self.legID = legID
    }

    var text: String { "\(startedAt.microseconds).\(legID)" }
}

extension CallLeg: RowDecodable {
    package init(row: Row) throws {
        let metering = CallMetering(name: try row.value("metering"), direction: try row.value("direction"))
        guard let metering else { throw DatabaseError.decoding("a leg has no metering") }
        self.init(
            identity: Identity(
                id: try row.value("leg_id"), callID: try row.value("call_id"), tenantID: try row.value("tenant_id"),
                organisationID: try row.value("organisation_id"), side: try row.value("side"),
                originatingLeg: try row.value("originating_leg_id")),
            metering: metering, callClass: try row.value("call_class"),
            times: Times(
                started: try row.value("started_at"), answered: try row.value("answered_at"),
                ended: try row.value("ended_at"), answeredMicroseconds: try row.value("answered_us"),
                milliseconds: try row.value("milliseconds")),
            outcome: try Outcome(row: row), parties: try Parties(row: row), origin: try Origin(row: row),
            state: State(
                isEstimated: try row.value("estimated"), isLate: try row.value("late"),
                receivedAt: try row.value("received_at"), erasedAt: try row.value("erased_at")))
    }
}

extension CallLeg.Outcome {
    fileprivate init(row: Row) throws {
        self.init(
            cause: try row.value("cause"), causeCode: try row.value("cause_code"),
            sipStatus: try row.value("sip_status"), disposition: try row.value("disposition"),
            peerCause: try row.value("peer_cause"), refusal: try row.value("refusal"),
            qualityHundredths: try row.value("quality_hundredths"))
    }
}

extension CallLeg.Parties {
    fileprivate init(row: Row) throws {
        self.init(
            caller: try row.value("caller"), dialled: try row.value("dialled"),
            destination: try row.value("destination"), sipUser: try row.value("sip_user"),
            networkAddress: try row.value("network_address"))
    }
}

extension CallLeg.Origin {
    fileprivate init(row: Row) throws {
        self.init(
            nodeID: try row.value("node_id"), gateway: try row.value("gateway"),
            sipCallID: try row.value("sip_call_id"), revision: try row.value("revision_id"),
            leaseID: try row.value("lease_id"), transfers: try row.value("transfers"))
    }
}
