import Foundation
import Kernel
import Postgres
import Telephony
import TestSupport
import Testing

@testable import Voice

/// Whatever order, duplication and loss messages meet: the same calls end in the same ledger, and never beyond the bound.
@Suite struct LedgerPropertyTests {
    /// A leg as a switch would run it.
    struct Leg {
        let id = UUID()
        let isInbound: Bool
        /// Over a trunk.
        let isMetered: Bool
        var lease: LeaseID?
        var answeredAt: Int64?
        var endedAt: Int64?
        /// The one with whom it talked last.
        var partner: UUID?
        /// When the control plane last heard of it.
        var heardAt: Int64?

        var talkedMilliseconds: Int64 {
            guard let answeredAt, let endedAt else { return 0 }
            return (endedAt - answeredAt) * 1000
        }
    }

    /// A call with the leg that is routed, the phone that it rings first, and the leg out.
    struct Call {
        enum Kind: CaseIterable {
            /// A phone calls out.
            case outbound
            /// The same; the first carrier fails.
            case retried
            /// A carrier's call to a phone that does not take it, and so to a number outside.
            case forwarded
            /// A carrier's call to a phone, which transfers it out as soon as it has taken it.
            case transferred
        }

        enum Stage: Equatable {
            case new
            /// Since when a phone rings, and since when it talks.
            case phoneRings(Int64)
            case phoneTalks(Int64)
            case rings(Int64)
            case talks
            case over
        }

        let kind: Kind
        let invitedAt: Int64
        let ringSeconds: Int64
        /// How long people would talk; 0 where nobody answers.
        let wishSeconds: Int64
        var a: Leg
        var phone = Leg(isInbound: false, isMetered: false)
        var b = Leg(isInbound: false, isMetered: true)
        var stage = Stage.new
        /// Seconds from its answer after which the timer of a leg ends it, by the latest pass.
        var grantedSeconds: Int64 = 0
        /// Killed with its node: no record, unless its spool turns up.
        var isLost = false
        /// It was told that no more time can be granted.
        var isAnnounced = false

        init(_ kind: Kind, invitedAt: Int64, ringSeconds: Int64, wishSeconds: Int64) {
            self.kind = kind
            self.invitedAt = invitedAt
            self.ringSeconds = ringSeconds
            self.wishSeconds = wishSeconds
            a = Leg(isInbound: true, isMetered: kind == .forwarded || kind == .transferred)
        }

        var metered: [Leg] { [a, b].filter(\.isMetered) }
    }

    /// A record on its way.
    struct Delivery {
        let body: [UInt8]
        let dueAt: Int64
    }

    @Test(arguments: 1...20)
    func everyOrderEndsInTheSameLedger(seed: UInt64) async throws {
        // a tenant that lets calls go on while nobody can be asked, and whose minutes end all the same
        var policy = LeaseWorld.policy()
        policy.allotment.outageSeconds = 600
        try await LeaseWorld.with(policy) { world in
            var run = Run(world: world, random: SeededGenerator(state: seed))
            try await run.play()
            try await run.finish()
            let expected = run.expectedMilliseconds
            let ledger = try await run.ledger()
            #expect(ledger.chain == expected && ledger.receipts == expected && ledger.usage == expected)
            #expect(ledger.overage == max(0, expected - 300_000))
            #expect(ledger.spent == ledger.cost)
            #expect(ledger.open == 0)
            #expect(run.talkedMilliseconds <= 300_000 + 60_000)
            #expect(run.talkedMilliseconds > 100_000, "the calls of this history hardly test anything")
            #expect(try await run.isChainSound())
        }
    }

    struct Ledger: Equatable {
        let chain: Int64
        let receipts: Int64
        let usage: Int64
        let overage: Int64
        /// Of its days, and worked out again from the receipts, in millionths of a euro.
        let spent: Int64
        let cost: Int64
        let open: Int64
    }

    /// One seeded history.
    struct Run {
        let world: LeaseWorld
        var random: SeededGenerator
        var calls: [Call] = []
        /// The node: what it carries, and the timers of its legs.
        var view = NodeView()
        var timers = LegTimers()
        var ends = CallEnds()
        /// Calls whose caller's answer the control plane has not heard of.
        var untold: [Call] = []
        var deliveries: [Delivery] = []
        /// The control plane is away in this span.
        var outage: Range<Int64> = 0..<0
        var crashAt: Int64 = .max
        /// Lost legs: what their estimate booked, and whether the record came after all.
        var estimates: [UUID: Int64] = [:]

        init(world: LeaseWorld, random: SeededGenerator) {
            self.world = world
            self.random = random
            let from = Int64.random(in: 60...240, using: &self.random)
            outage = from..<(from + .random(in: 0...60, using: &self.random))
            if Bool.random(using: &self.random) { crashAt = .random(in: 60...400, using: &self.random) }
            calls = (0..<14).map { index in
                Call(
                    Call.Kind.allCases[index % 4], invitedAt: .random(in: 0...360, using: &self.random),
                    ringSeconds: .random(in: 0...30, using: &self.random),
                    wishSeconds: Bool.random(using: &self.random)
                        ? .random(in: 0...20, using: &self.random) : .random(in: 20...300, using: &self.random))
            }
        }

        var talkedMilliseconds: Int64 { metered.reduce(0) { $0 + $1.leg.talkedMilliseconds } }

        private var metered: [(leg: Leg, isLost: Bool)] {
            calls.flatMap { call in call.metered.map { ($0, call.isLost) } }
        }

        /// What was delivered, exact; of lost legs what was heard, or the record when it came.
        var expectedMilliseconds: Int64 {
            metered.reduce(0) { $0 + ($1.isLost ? estimates[$1.leg.id] ?? 0 : $1.leg.talkedMilliseconds) }
        }

        mutating func play() async throws {
            for second in stride(from: Int64(0), through: 900, by: 5) {
                world.clock.set(LeaseWorld.start.advanced(by: .seconds(second)))
                try endCalls(at: second)
                try await route(at: second)
                if !outage.contains(second) {
                    try await renew(at: second)
                    try await deliver(at: second)
                    try await sweep()
                    let usage = try await world.usage()
                    #expect(usage.usedMilliseconds + usage.reservedMilliseconds <= 300_000)
                }
                for index in calls.indices { try answer(index, at: second) }
            }
        }

        // MARK: Passes through the dialplan

        private mutating func route(at second: Int64) async throws {
            for index in calls.indices {
                let call = calls[index]
                switch (call.stage, call.kind) {
                case (.new, _) where call.invitedAt > second: break
                case (.new, .outbound), (.new, .retried): try await goOut(index, by: .user(LeaseWorld.user), at: second)
                case (.new, .forwarded), (.new, .transferred): try await ringThePhone(index, at: second)
                case (.phoneRings(let since), .forwarded) where since < second:
                    try await goOut(index, by: .forward(by: LeaseWorld.user), at: second)
                // most of the time before anybody has heard of the answer
                case (.phoneTalks, .transferred):
                    try await goOut(index, by: .refer(by: nil), at: second)
                default: break
                }
            }
        }

        private mutating func ringThePhone(_ index: Int, at second: Int64) async throws {
            calls[index].stage = .over
            guard
                let route = try await decide(
                    calls[index], "+43720123457", by: .trunk(LeaseWorld.trunk), at: second)
            else { return }
            calls[index].a.lease = route.grant?.lease
            calls[index].grantedSeconds = Int64(route.hangupAfterSeconds ?? 0)
            calls[index].stage = .phoneRings(second)
        }

        private mutating func goOut(_ index: Int, by origin: LegRequest.Origin, at second: Int64) async throws {
            guard let route = try await decide(calls[index], "06601234567", by: origin, at: second) else {
                return end(index, at: second)
            }
            // whoever transfers is gone
            if calls[index].phone.answeredAt != nil { calls[index].phone.endedAt = second }
            if route.meteredLegs.contains(.a) { calls[index].a.lease = route.grant?.lease }
            calls[index].b.lease = route.grant?.lease
            calls[index].grantedSeconds = Int64(route.hangupAfterSeconds ?? 0)
            calls[index].stage = .rings(second)
            guard calls[index].kind == .retried else { return }
            var failed = Leg(isInbound: false, isMetered: true)
            failed.lease = route.grant?.lease
            failed.endedAt = second
            post(failed, of: calls[index])
        }

        /// What the node hears, perhaps after asking twice: the later answer. In the outage it is answered, and the database
        /// is not.
        private mutating func decide(
            _ call: Call, _ dialled: String, by origin: LegRequest.Origin, at second: Int64
        ) async throws -> CallRoute? {
            let stage: LegRequest.Stage =
                call.a.answeredAt != nil ? .answered : call.a.isMetered ? .ringingOverTrunk : .ringing
            let leg = world.leg(call.a.id.uuidString, dialled, by: origin, stage)
            if outage.contains(second) { return authorise(leg, try world.entry, .unknown).route }
            var route: CallRoute?
            for _ in 0..<(Int.random(in: 0..<4, using: &random) == 0 ? 2 : 1) {
                route = await world.leases.decide(leg, try world.entry).route
            }
            return route
        }

        // MARK: Answers and ends

        private mutating func answer(_ index: Int, at second: Int64) throws {
            let call = calls[index]
            switch call.stage {
            case .phoneRings(let since) where call.kind == .transferred && second >= since + call.ringSeconds:
                try join(index, \.phone, at: second)
                calls[index].stage = .phoneTalks(second)
            case .rings(let since) where second >= since + call.ringSeconds:
                guard call.wishSeconds > 0 else { return end(index, at: second) }
                try join(index, \.b, at: second)
                calls[index].stage = .talks
            default: break
            }
        }

        /// Both sides answer, as far as they have not, and the timers of both run; the news of the caller's answer may come
        /// behind that of the other.
        private mutating func join(_ index: Int, _ other: WritableKeyPath<Call, Leg>, at second: Int64) throws {
            let timer = second + calls[index].grantedSeconds
            calls[index][keyPath: other].answeredAt = second
            calls[index][keyPath: other].partner = calls[index].a.id
            calls[index].a.partner = calls[index][keyPath: other].id
            timers.set(calls[index][keyPath: other].id, at: timer)
            try tell("CHANNEL_ANSWER", calls[index][keyPath: other], of: calls[index])
            guard calls[index].a.answeredAt == nil else { return }
            calls[index].a.answeredAt = second
            timers.set(calls[index].a.id, at: timer)
            if Bool.random(using: &random) {
                try tell("CHANNEL_ANSWER", calls[index].a, of: calls[index])
            } else {
                untold.append(calls[index])
            }
        }

        /// An event of the node.
        private mutating func tell(_ event: String, _ leg: Leg, of call: Call) throws {
            var fields = [
                "Event-Name": event, "Unique-ID": leg.id.uuidString,
                "Call-Direction": leg.isInbound ? "inbound" : "outbound",
                "Caller-Channel-Answered-Time":
                    "\(LeaseWorld.start.advanced(by: .seconds(leg.answeredAt ?? 0)).microseconds)",
            ]
            if !leg.isInbound { fields["variable_originating_leg_uuid"] = call.a.id.uuidString }
            if leg.isMetered {
                fields[leg.isInbound ? "variable_sip_gateway" : "variable_sip_gateway_name"] = "trunk"
                fields["variable_x_lease_id"] = leg.lease.map { "\($0)" }
            }
            let json = JSON.object(fields.map { JSON.Member($0.key, .string($0.value)) })
            _ = view.apply(try SwitchEvent(json: json.canonicalBytes))
        }

        private mutating func endCalls(at second: Int64) throws {
            for index in calls.indices where calls[index].stage != .over {
                let call = calls[index]
                guard let answered = call.a.answeredAt else { continue }
                let wish = call.b.answeredAt.map { $0 + call.wishSeconds } ?? .max
                let timer =
                    [call.a, call.b, call.phone].filter { $0.answeredAt != nil && $0.endedAt == nil }
                    .compactMap { timers.first(of: $0.id) }.min() ?? .max
                let natural = min(wish, timer)
                if answered <= crashAt, crashAt < natural, crashAt <= second {
                    calls[index].isLost = true
                    end(index, at: max(crashAt, call.b.answeredAt ?? answered))
                } else if natural <= second {
                    if natural < wish, call.b.answeredAt != nil, !call.isAnnounced {
                        let heard = call.metered.map { $0.heardAt ?? 0 }.min() ?? 0
                        #expect(heard < natural - 15, "a call was cut with minutes left")
                    }
                    end(index, at: natural)
                }
            }
        }

        /// Everybody hangs up.
        private mutating func end(_ index: Int, at second: Int64) {
            let wasOut = calls[index].b.answeredAt != nil
            if case .rings = calls[index].stage, Bool.random(using: &random) {
                // else the carrier's gateway is down, and no leg came to be
                calls[index].b.endedAt = second
            }
            calls[index].stage = .over
            calls[index].a.endedAt = second
            if wasOut { calls[index].b.endedAt = second }
            if calls[index].phone.endedAt == nil { calls[index].phone.endedAt = second }
            let call = calls[index]
            for leg in [call.a, call.phone, call.b] where leg.answeredAt != nil {
                do { try tell("CHANNEL_DESTROY", leg, of: call) } catch { Issue.record(error) }
            }
            if !call.isLost { postAll(call) }
        }

        /// Heartbeats: some are lost, some come twice, in any order.
        private mutating func renew(at second: Int64) async throws {
            var signs: [LeaseSign] = []
            for index in calls.indices where calls[index].stage != .over {
                for path in [\Call.a, \Call.b] {
                    let leg = calls[index][keyPath: path]
                    guard let lease = leg.lease, let answered = leg.answeredAt,
                        Int.random(in: 0..<3, using: &random) > 0
                    else { continue }
                    let sign = LeaseSign(
                        leaseID: lease, legID: leg.id.uuidString,
                        answeredAt: LeaseWorld.start.advanced(by: .seconds(answered)))
                    signs += Bool.random(using: &random) ? [sign] : [sign, sign]
                    calls[index][keyPath: path].heardAt = second
                }
            }
            let renewals = try await world.leases.renew(signs.shuffled(using: &random), at: world.clock.now)
            for renewal in renewals {
                #expect(renewal.outcome != .unknown, "the lease of a leg that lives is gone")
                guard case .ending = renewal.outcome else { continue }
                for index in calls.indices
                where [calls[index].a, calls[index].b].contains(where: {
                    $0.id.uuidString.lowercased() == renewal.legID
                }) { calls[index].isAnnounced = true }
            }
            let commands = ends.commands(for: renewals.compactMap(LegRenewal.init), in: view, at: world.clock.now)
            #expect(timers.obey(commands, at: second).isEmpty)
            for call in untold { try tell("CHANNEL_ANSWER", call.a, of: call) }
            untold = []
        }

        // MARK: Records

        private mutating func postAll(_ call: Call) {
            for leg in [call.a, call.b] { post(leg, of: call) }
            if call.a.isMetered { post(call.phone, of: call) }
        }

        /// A record, late, perhaps twice.
        private mutating func post(_ leg: Leg, of call: Call) {
            guard let ended = leg.endedAt else { return }
            let body = record(leg, of: call)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                deliveries.append(Delivery(body: body, dueAt: ended + .random(in: 0...120, using: &random)))
            }
        }

        private mutating func deliver(at second: Int64) async throws {
            let due = deliveries.filter { $0.dueAt <= second }.shuffled(using: &random)
            deliveries.removeAll { $0.dueAt <= second }
            for delivery in due {
                let acceptance = try await world.records.accept(delivery.body, from: world.node)
                if case .quarantined(let reason) = acceptance { Issue.record("quarantined: \(reason)") }
            }
        }

        private func sweep() async throws {
            let (leases, now) = (world.leases, world.clock.now)
            try await world.work.perform(job: "sweep") { tx, _ in _ = try leases.sweep(at: now, tx) }
        }

        /// Lost legs are booked as far as they were heard of; the spool of some turns up later. Then everything that is on
        /// its way arrives, and what is open is given up.
        mutating func finish() async throws {
            for index in calls.indices where calls[index].isLost {
                for leg in calls[index].metered where leg.answeredAt != nil {
                    // a node may be heard after its call ended: then the record is the shorter one
                    let told = max(0, (leg.heardAt ?? 0) - (leg.answeredAt ?? 0))
                    let heard = (told + .random(in: 0...90, using: &random)) * 1000
                    estimates[leg.id] = heard
                    try await estimate(leg, heard, of: calls[index])
                }
                if Bool.random(using: &random) {
                    calls[index].isLost = false
                    postAll(calls[index])
                }
            }
            world.clock.set(LeaseWorld.start.advanced(by: .seconds(2_000)))
            try await deliver(at: .max)
            let lost = calls.filter(\.isLost).map { $0.a.id.uuidString.lowercased() }
            let left = try await world.value(
                "select count(*) from app.usage_lease where state <> 'settled' and call_id <> all (\(lost)::text[])")
            #expect(left == 0, "the records of a call leave something granted to it")
            world.clock.set(LeaseWorld.start.advanced(by: .seconds(200_000)))
            try await sweep()
            try await sweep()
        }

        private func estimate(_ leg: Leg, _ milliseconds: Int64, of call: Call) async throws {
            var heard = leg
            heard.endedAt = (leg.answeredAt ?? 0) + milliseconds / 1000
            let made = try CallRecordReader.read(record(heard, of: call))
            let now = world.clock.now
            let full = CallLeg(made, callID: CallID(call.a.id), of: world.owner, from: world.node, at: now)
            let leg = CallLeg(
                identity: full.identity, metering: full.metering, callClass: full.callClass, times: full.times,
                outcome: full.outcome, parties: full.parties, origin: full.origin,
                state: CallLeg.State(isEstimated: true, isLate: false, receivedAt: now, erasedAt: nil))
            let ledger = world.records.ledger
            let scope = world.owner.scope
            _ = try await world.work.database.transaction(for: scope) { tx in
                try ledger.enter(estimate: leg, at: now, tx)
            }
        }

        private func record(_ leg: Leg, of call: Call) -> [UInt8] {
            func micros(_ second: Int64?) -> String {
                second.map { "\(LeaseWorld.start.advanced(by: .seconds($0)).microseconds)" } ?? "0"
            }
            var variables = [
                "uuid": leg.id.uuidString.lowercased(), "direction": leg.isInbound ? "inbound" : "outbound",
                "start_uepoch": micros(call.invitedAt), "answer_uepoch": micros(leg.answeredAt),
                "end_uepoch": micros(leg.endedAt), "billusec": "\(leg.talkedMilliseconds * 1000)",
                "hangup_cause": "NORMAL_CLEARING", "tenant_id": "\(world.owner.tenantID)",
                "x_call_id": call.a.id.uuidString.lowercased(), "call_class": call.a.isMetered ? "inbound" : "outbound",
            ]
            variables["bridge_uuid"] = leg.partner?.uuidString.lowercased()
            if !leg.isInbound { variables["originating_leg_uuid"] = call.a.id.uuidString.lowercased() }
            if leg.isMetered {
                variables[leg.isInbound ? "sip_gateway" : "sip_gateway_name"] = "trunk"
                variables["x_lease_id"] = leg.lease.map { "\($0)" }
            }
            let json = JSON.object(variables.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) })
            return JSON.object([JSON.Member("variables", json)]).canonicalBytes
        }

        func ledger() async throws -> Ledger {
            Ledger(
                chain: try await world.value("select coalesce(sum(used_ms), 0)::bigint from app.receipt_chain"),
                receipts: try await world.value("select coalesce(sum(milliseconds), 0)::bigint from app.call_receipt"),
                usage: try await world.value(
                    "select coalesce(sum(quantity), 0)::bigint from app.usage_event where meter = 'voice'"),
                overage: try await world.value("select coalesce(sum(overage_ms), 0)::bigint from app.call_receipt"),
                spent: try await world.value("select coalesce(sum(outbound_micros), 0)::bigint from app.voice_spend"),
                cost: try await world.value(
                    """
                    select coalesce(sum(overage_ms * 80000 / 60000), 0)::bigint from app.call_receipt
                    join app.call_leg using (tenant_id, leg_id) where direction = 'outbound'
                    """),
                open: try await world.value("select count(*) from app.usage_lease where state <> 'settled'"))
        }

        func isChainSound() async throws -> Bool {
            let documents = try await world.work.read(in: .platform) { tx in
                try tx.all("select document from app.call_receipt order by month, sequence", as: String.self)
            }
            return Verification(try documents.map { try JSON(parsing: $0) }).isSound
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
