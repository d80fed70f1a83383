import Foundation
import Kernel
import Postgres
import Telephony
import TestSupport
import Testing

@testable import Voice

/// Whatever order, duplication and loss messages meet: the same calls end in the same ledger, and never beyond the bound.
@Suite struct LedgerPropertyTests {
    /// A call as a switch would run it.
    struct Call {
        let a = UUID()
        let b = UUID()
        let invitedAt: Int64
        let ringSeconds: Int64
        /// How long people would talk.
        let wishSeconds: Int64
        var lease: LeaseID?
        var answeredAt: Int64?
        /// Seconds from its answer after which each leg's timer ends it; `nil` while it was let through by nobody.
        var grantedSeconds: Int?
        var endedAt: Int64?
        /// Killed with its node: no record, unless its spool turns up.
        var isLost = false
        /// When the control plane last heard of it.
        var heardAt: Int64?
        /// It was told that no more time can be granted.
        var isAnnounced = false

        var talkedMilliseconds: Int64 {
            guard let answeredAt, let endedAt else { return 0 }
            return (endedAt - answeredAt) * 1000
        }
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
        /// Calls whose phone's answer the control plane has not heard of.
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
            calls = (0..<14).map { _ in
                Call(
                    invitedAt: .random(in: 0...360, using: &self.random),
                    ringSeconds: .random(in: 0...30, using: &self.random),
                    wishSeconds: Bool.random(using: &self.random)
                        ? .random(in: 0...20, using: &self.random) : .random(in: 20...300, using: &self.random))
            }
        }

        var talkedMilliseconds: Int64 { calls.reduce(0) { $0 + $1.talkedMilliseconds } }

        /// What was delivered, exact; of lost legs what was heard, or the record when it came.
        var expectedMilliseconds: Int64 {
            calls.reduce(0) { sum, call in
                sum + (call.isLost ? estimates[call.b] ?? 0 : call.talkedMilliseconds)
            }
        }

        mutating func play() async throws {
            for second in stride(from: Int64(0), through: 900, by: 5) {
                world.clock.set(LeaseWorld.start.advanced(by: .seconds(second)))
                try endCalls(at: second)
                try await invite(at: second)
                if !outage.contains(second) {
                    try await renew(at: second)
                    try await deliver(at: second)
                    try await sweep()
                    let usage = try await world.usage()
                    #expect(usage.usedMilliseconds + usage.reservedMilliseconds <= 300_000)
                }
                for index in calls.indices
                where calls[index].grantedSeconds != nil && calls[index].answeredAt == nil
                    && calls[index].endedAt == nil
                {
                    try answer(index, at: second)
                }
            }
        }

        private mutating func invite(at second: Int64) async throws {
            for index in calls.indices where (second..<second + 5).contains(calls[index].invitedAt) {
                let times = Int.random(in: 0..<4, using: &random) == 0 ? 2 : 1
                for _ in 0..<times {
                    let decision = try await decide(calls[index], at: second)
                    guard let route = decision.route, let seconds = route.hangupAfterSeconds else { continue }
                    calls[index].lease = route.grant?.lease
                    calls[index].grantedSeconds = seconds
                }
            }
        }

        /// In the outage the node is answered, and the database is not.
        private func decide(_ call: Call, at second: Int64) async throws -> Decision {
            guard outage.contains(second) else { return try await world.decide(call.a.uuidString) }
            let leg = LegRequest(
                callID: call.a.uuidString, origin: .user(LeaseWorld.user), dialled: "06601234567",
                now: world.clock.now, node: world.node.nodeID)
            return authorise(leg, try world.entry, .unknown)
        }

        /// Both legs answer, and their timers run; the news of the phone's may come behind that of the carrier's.
        private mutating func answer(_ index: Int, at second: Int64) throws {
            guard second >= calls[index].invitedAt + calls[index].ringSeconds else { return }
            if calls[index].wishSeconds == 0 {
                calls[index].endedAt = second
                post(index)
            } else {
                let call = calls[index]
                calls[index].answeredAt = second
                for leg in [call.a, call.b] { timers.set(leg, at: second + Int64(call.grantedSeconds ?? 0)) }
                try tell("CHANNEL_ANSWER", call.b, of: calls[index])
                if Bool.random(using: &random) {
                    try tell("CHANNEL_ANSWER", call.a, of: calls[index])
                } else {
                    untold.append(calls[index])
                }
            }
        }

        /// An event of the node.
        private mutating func tell(_ event: String, _ leg: UUID, of call: Call) throws {
            var fields = [
                "Event-Name": event, "Unique-ID": leg.uuidString,
                "Call-Direction": leg == call.a ? "inbound" : "outbound",
                "Caller-Channel-Answered-Time":
                    "\(LeaseWorld.start.advanced(by: .seconds(call.answeredAt ?? 0)).microseconds)",
            ]
            if leg == call.b {
                fields["variable_originating_leg_uuid"] = call.a.uuidString
                fields["variable_x_lease_id"] = call.lease.map { "\($0)" }
            }
            let json = JSON.object(fields.map { JSON.Member($0.key, .string($0.value)) })
            _ = view.apply(try SwitchEvent(json: json.canonicalBytes))
        }

        private mutating func endCalls(at second: Int64) throws {
            for index in calls.indices {
                guard let answered = calls[index].answeredAt, calls[index].endedAt == nil else { continue }
                let timer = timers.first(of: calls[index].a, calls[index].b) ?? .max
                let natural = min(answered + calls[index].wishSeconds, timer)
                if answered <= crashAt, crashAt < natural, crashAt <= second {
                    calls[index].endedAt = crashAt
                    calls[index].isLost = true
                } else if natural <= second {
                    calls[index].endedAt = natural
                    if natural < answered + calls[index].wishSeconds, !calls[index].isAnnounced {
                        let heard = calls[index].heardAt ?? 0
                        #expect(heard < natural - 15, "a call was cut with minutes left")
                    }
                    for leg in [calls[index].a, calls[index].b] {
                        try tell("CHANNEL_DESTROY", leg, of: calls[index])
                    }
                    post(index)
                }
            }
        }

        /// Heartbeats: some are lost, some come twice, in any order.
        private mutating func renew(at second: Int64) async throws {
            var signs: [LeaseSign] = []
            for index in calls.indices {
                guard let lease = calls[index].lease, let answered = calls[index].answeredAt,
                    calls[index].endedAt == nil, Int.random(in: 0..<3, using: &random) > 0
                else { continue }
                let sign = LeaseSign(
                    leaseID: lease, legID: calls[index].b.uuidString,
                    answeredAt: LeaseWorld.start.advanced(by: .seconds(answered)))
                signs += Bool.random(using: &random) ? [sign] : [sign, sign]
                calls[index].heardAt = second
            }
            let renewals = try await world.leases.renew(signs.shuffled(using: &random), at: world.clock.now)
            for renewal in renewals {
                guard case .ending = renewal.outcome else { continue }
                for index in calls.indices where calls[index].b.uuidString.lowercased() == renewal.legID {
                    calls[index].isAnnounced = true
                }
            }
            let commands = ends.commands(for: renewals.compactMap(LegRenewal.init), in: view, at: world.clock.now)
            #expect(timers.obey(commands, at: second).isEmpty)
            for call in untold { try tell("CHANNEL_ANSWER", call.a, of: call) }
            untold = []
        }

        /// Both records of a call, late, perhaps twice.
        private mutating func post(_ index: Int) {
            guard let ended = calls[index].endedAt else { return }
            for body in [record(calls[index], isA: true), record(calls[index], isA: false)] {
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    deliveries.append(Delivery(body: body, dueAt: ended + .random(in: 0...120, using: &random)))
                }
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
                let call = calls[index]
                // a node may be heard after its call ended: then the record is the shorter one
                let heard =
                    (max(0, (call.heardAt ?? 0) - (call.answeredAt ?? 0)) + .random(in: 0...90, using: &random)) * 1000
                estimates[call.b] = heard
                try await estimate(call, heard)
                if Bool.random(using: &random) {
                    calls[index].isLost = false
                    post(index)
                }
            }
            world.clock.set(LeaseWorld.start.advanced(by: .seconds(2_000)))
            try await deliver(at: .max)
            world.clock.set(LeaseWorld.start.advanced(by: .seconds(200_000)))
            try await sweep()
            try await sweep()
        }

        private func estimate(_ call: Call, _ milliseconds: Int64) async throws {
            var heard = call
            heard.endedAt = (call.answeredAt ?? 0) + milliseconds / 1000
            let made = try CallRecordReader.read(record(heard, isA: false))
            let now = world.clock.now
            let full = CallLeg(made, callID: CallID(call.a), of: world.owner, from: world.node, at: now)
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

        private func record(_ call: Call, isA: Bool) -> [UInt8] {
            func micros(_ second: Int64?) -> String {
                second.map { "\(LeaseWorld.start.advanced(by: .seconds($0)).microseconds)" } ?? "0"
            }
            let answered = call.answeredAt
            var variables = [
                "uuid": (isA ? call.a : call.b).uuidString.lowercased(), "direction": isA ? "inbound" : "outbound",
                "start_uepoch": micros(call.invitedAt), "answer_uepoch": micros(answered),
                "end_uepoch": micros(call.endedAt), "billusec": "\(call.talkedMilliseconds * 1000)",
                "hangup_cause": "NORMAL_CLEARING", "tenant_id": "\(world.owner.tenantID)",
                "x_call_id": call.a.uuidString.lowercased(), "call_class": "outbound",
            ]
            if !isA {
                variables["sip_gateway_name"] = "trunk"
                variables["originating_leg_uuid"] = call.a.uuidString.lowercased()
                if let lease = call.lease { variables["x_lease_id"] = "\(lease)" }
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
                    "select coalesce(sum(overage_ms * 80000 / 60000), 0)::bigint from app.call_receipt"),
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
