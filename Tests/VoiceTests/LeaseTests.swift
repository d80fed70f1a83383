import Foundation
import Kernel
import Postgres
import Telephony
import TestSupport
import Testing

@testable import Voice

@Suite struct LeaseTests {
    private func end(_ world: LeaseWorld, _ leg: String, _ lease: LeaseID?, answered: Bool = true) -> LegEnd {
        LegEnd(tenantID: world.owner.tenantID, legID: leg, leaseID: lease, isAnswered: answered)
    }

    private func settle(_ world: LeaseWorld, _ end: LegEnd) async throws {
        let now = world.clock.now
        try await world.work.perform(job: "settle") { tx, _ in try world.leases.settle(end, at: now, tx) }
    }

    @Test func aGrantIsStoredAndGivenBack() async throws {
        try await LeaseWorld.with { world in
            let decision = try await world.decide("call-1")
            let grant = try #require(decision.route?.grant)
            let lease = try #require(grant.lease)
            #expect(try await world.usage().reservedMilliseconds == 60_000)
            #expect(try await world.counts().calls == 1)
            #expect(try await world.counts().callsByKind == [.mobile: 1])
            try await settle(world, end(world, "leg-b", lease))
            #expect(try await world.usage().reservedMilliseconds == 0)
            #expect(try await world.counts().calls == 0)
        }
    }

    /// Parallel calls share what is left; none gets the full remainder.
    @Test func parallelCallsNeverShareAMinute() async throws {
        try await LeaseWorld.with { world in
            let granted = try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<20 {
                    group.addTask { try await world.decide("call-\(index)").route?.grant?.sliceSeconds ?? 0 }
                }
                return try await group.reduce(0, +)
            }
            #expect(granted == 300)
            #expect(try await world.usage().reservedMilliseconds == 300_000)
            #expect(try await world.decide("one-more").refusal?.reason == .allotmentUsed)
            #expect(try await world.decide("internal", "1001").route?.callClass == .internal)
            #expect(try await world.decide("emergency", "112").route?.callClass == .emergency)
        }
    }

    @Test func theSameQuestionTwiceIsGrantedOnce() async throws {
        try await LeaseWorld.with { world in
            _ = try await world.decide("call-1")
            _ = try await world.decide("call-1")
            #expect(try await world.usage().reservedMilliseconds == 60_000)
            #expect(try await world.counts().calls == 1)
        }
    }

    @Test func inAndOutAgainIsTwoLegs() async throws {
        try await LeaseWorld.with { world in
            let lease = try #require(try await world.decide("call-1", trunk: true).route?.grant?.lease)
            #expect(try await world.usage().reservedMilliseconds == 120_000)
            #expect(try await world.counts().calls == 2)
            // an attempt that nobody took: another may follow
            try await settle(world, end(world, "leg-b", lease, answered: false))
            #expect(try await world.counts().calls == 2)
            try await settle(world, end(world, "leg-c", lease))
            #expect(try await world.counts().calls == 1)
            try await settle(world, end(world, "call-1", lease))
            #expect(try await world.usage().reservedMilliseconds == 0)
        }
    }

    @Test func aCallThatNobodyAnsweredUsedNothing() async throws {
        try await LeaseWorld.with { world in
            let lease = try #require(try await world.decide("call-1").route?.grant?.lease)
            try await settle(world, end(world, "leg-b", lease, answered: false))
            #expect(try await world.usage().reservedMilliseconds == 60_000)
            try await settle(world, end(world, "call-1", nil, answered: false))
            #expect(try await world.usage().reservedMilliseconds == 0)
        }
    }

    /// A phone does not take a carrier's call, which goes on to another number: both legs are granted anew.
    @Test func aForwardMetersTheCarriersCall() async throws {
        try await LeaseWorld.with { world in
            let earlier = try #require(
                try await world.decide("call-1", "+43720123457", by: .trunk(LeaseWorld.trunk), .ringingOverTrunk).route)
            #expect(earlier.meteredLegs == [.a])
            let later = try #require(
                try await world.decide(
                    "call-1", "06601234567", by: .forward(by: LeaseWorld.user), .ringingOverTrunk
                ).route)
            #expect(try await world.usage().reservedMilliseconds == 120_000)
            #expect(try await world.counts().calls == 2)
            let lease = try #require(later.grant?.lease)
            let signs = ["call-1", "leg-b"].map { LeaseSign(leaseID: lease, legID: $0, answeredAt: world.clock.now) }
            let renewals = try await world.leases.renew(signs, at: world.clock.now)
            #expect(renewals.map(\.outcome) == Array(repeating: .extended(hangupAfterSeconds: 60), count: 2))
        }
    }

    /// Between an answer and the next word of it a transfer takes nothing from the leg that talks on.
    @Test func aTransferRightAfterTheAnswerKeepsTheLease() async throws {
        try await LeaseWorld.with { world in
            let lease = try #require(try await world.decide("call-1", trunk: true).route?.grant?.lease)
            let moved = try #require(
                try await world.decide("call-1", "06601234567", by: .refer(by: nil), .answered).route)
            #expect(moved.meteredLegs == [.b] && moved.grant?.lease != lease)
            #expect(try await world.usage().reservedMilliseconds == 180_000)
            let sign = LeaseSign(leaseID: lease, legID: "call-1", answeredAt: world.clock.now)
            let outcome = try await world.leases.renew([sign], at: world.clock.now).first?.outcome
            #expect(outcome == .extended(hangupAfterSeconds: 60))
        }
    }

    /// A carrier's call that talked with somebody is transferred out, where nobody answers: whichever of the three records
    /// comes last, and also when the attempt made no leg, nothing stays granted.
    @Test(arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0], [0, 1], [1, 0]])
    func anAttemptThatNobodyAnswersEndsWithItsCall(order: [Int]) async throws {
        try await LeaseWorld.with { world in
            let (call, first, second) = (UUID(), UUID(), UUID())
            let lease = try #require(try await world.decide(call.uuidString, trunk: true).route?.grant?.lease)
            let moved = try await world.decide(call.uuidString, "06601234567", by: .refer(by: nil), .answered)
            let other = try #require(moved.route?.grant?.lease)
            func record(_ leg: UUID, _ lease: LeaseID, from origin: UUID? = nil, with partner: UUID? = nil) -> [UInt8] {
                var made = MadeRecord(
                    id: leg, side: origin == nil ? "inbound" : "outbound", tenant: world.owner.tenantID,
                    gateway: origin == nil ? nil : "trunk")
                made.started = world.clock.now.advanced(by: .seconds(-20))
                made.answered = partner == nil ? nil : world.clock.now.advanced(by: .seconds(-10))
                made.variables = ["x_call_id": call.uuidString, "x_lease_id": "\(lease)", "call_class": "inbound"]
                made.variables["sip_gateway"] = origin == nil ? "trunk" : nil
                made.variables["originating_leg_uuid"] = origin?.uuidString
                made.variables["bridge_uuid"] = partner?.uuidString
                return made.body
            }
            let bodies = [
                record(call, lease, with: first), record(first, lease, from: call, with: call),
                record(second, other, from: call),
            ]
            for (index, body) in order.enumerated() {
                let acceptance = try await world.records.accept(bodies[body], from: world.node)
                #expect(acceptance == .stored(world.owner.tenantID, late: false))
                let open = try await world.value("select count(*) from app.usage_lease where state <> 'settled'")
                #expect((open == 0) == (index >= (order.lastIndex { $0 < 2 } ?? 0)), "\(order) \(index)")
            }
            #expect(try await world.usage().reservedMilliseconds == 0)
        }
    }

    /// The partner of a leg that is gone may talk on with somebody else, and nobody has told of its answer yet.
    @Test func whoTalksOnKeepsItsLease() async throws {
        try await LeaseWorld.with { world in
            let (phone, carrier) = (UUID(), UUID())
            let lease = try #require(try await world.decide(phone.uuidString).route?.grant?.lease)
            var record = MadeRecord(id: phone, side: "inbound", tenant: world.owner.tenantID, gateway: nil)
            record.started = world.clock.now.advanced(by: .seconds(-20))
            record.answered = world.clock.now.advanced(by: .seconds(-10))
            record.variables = ["sip_auth_username": "1001", "bridge_uuid": carrier.uuidString]
            let acceptance = try await world.records.accept(record.body, from: world.node)
            #expect(acceptance == .stored(world.owner.tenantID, late: false))
            let sign = LeaseSign(leaseID: lease, legID: carrier.uuidString, answeredAt: world.clock.now)
            let outcome = try await world.leases.renew([sign], at: world.clock.now).first?.outcome
            #expect(outcome == .extended(hangupAfterSeconds: 60))
        }
    }

    @Test func renewals() async throws {
        try await LeaseWorld.with { world in
            let lease = try #require(try await world.decide("call-1").route?.grant?.lease)
            func renew(_ seconds: Int64) async throws -> LeaseRenewal.Outcome? {
                world.clock.set(LeaseWorld.start.advanced(by: .seconds(seconds)))
                let sign = LeaseSign(leaseID: lease, legID: "leg-b", answeredAt: LeaseWorld.start)
                return try await world.leases.renew([sign], at: world.clock.now).first?.outcome
            }
            // heard of for the first time: the slice counts from now
            #expect(try await renew(5) == .extended(hangupAfterSeconds: 60))
            #expect(try await renew(20) == .unchanged)
            #expect(try await renew(40) == .extended(hangupAfterSeconds: 60))
            #expect(try await world.usage().reservedMilliseconds == 100_000)
            #expect(try await renew(75) == .extended(hangupAfterSeconds: 60))
            // twice and late
            #expect(try await renew(75) == .unchanged)
            #expect(try await renew(20) == .unchanged)
            // 300 s are all there is
            _ = try await renew(130)
            _ = try await renew(190)
            #expect(try await renew(250) == .ending(afterSeconds: 50, reason: .allotmentUsed))
            #expect(try await renew(290) == .ending(afterSeconds: 10, reason: .allotmentUsed))
            #expect(try await world.usage().reservedMilliseconds == 300_000)
            try await settle(world, end(world, "leg-b", lease))
            #expect(try await renew(295) == .unknown)
        }
    }

    @Test func overMidnightEachMonthHasItsPart() async throws {
        try await LeaseWorld.with { world in
            // 23:59:30 on 30 November in Vienna
            let evening = try #require(Timestamp("2026-11-30T22:59:30Z"))
            world.clock.set(evening)
            let lease = try #require(try await world.decide("call-1").route?.grant?.lease)
            world.clock.set(evening.advanced(by: .seconds(50)))
            let sign = LeaseSign(leaseID: lease, legID: "leg-b", answeredAt: evening)
            let outcome = try await world.leases.renew([sign], at: world.clock.now).first?.outcome
            #expect(outcome == .extended(hangupAfterSeconds: 60))
            // 20 s of December are used and 60 granted; November holds its 30 s until the record comes
            #expect(try await world.usage().reservedMilliseconds == 80_000)
            #expect(
                try await world.value(
                    "select granted_ms from app.usage_lease where month = '2026-11-01' and state = 'expired'")
                    == 30_000)
            #expect(try await world.counts().calls == 1)
            try await settle(world, end(world, "leg-b", lease))
            #expect(try await world.value("select count(*) from app.usage_lease where state <> 'settled'") == 0)
        }
    }

    /// What may have been used counts until somebody says better; a channel is free at once.
    @Test func whatIsNotHeardOfCountsInFull() async throws {
        try await LeaseWorld.with { world in
            let lease = try #require(try await world.decide("call-1").route?.grant?.lease)
            func sweep(_ seconds: Int64) async throws -> Int {
                world.clock.set(LeaseWorld.start.advanced(by: .seconds(seconds)))
                let now = world.clock.now
                return try await world.work.perform(job: "sweep") { tx, _ in try world.leases.sweep(at: now, tx) }
            }
            #expect(try await sweep(200) == 0)
            #expect(try await sweep(260) == 1)
            #expect(try await world.counts().calls == 0)
            #expect(try await world.usage().reservedMilliseconds == 60_000)
            // it lives after all
            let sign = LeaseSign(
                leaseID: lease, legID: "leg-b", answeredAt: LeaseWorld.start.advanced(by: .seconds(250)))
            #expect(
                try await world.leases.renew([sign], at: world.clock.now).first?.outcome
                    == .extended(hangupAfterSeconds: 60))
            #expect(try await world.counts().calls == 1)
            #expect(try await sweep(400) == 1)
            #expect(try await sweep(80_000) == 0)
            #expect(try await sweep(90_000) == 1)
            #expect(try await world.usage().reservedMilliseconds == 0)
            #expect(try await sweep(98_000) == 1)
            #expect(try await world.value("select count(*) from app.usage_lease") == 0)
        }
    }

    /// A node whose event socket nobody reaches, and that dies: its calls are named, not forgotten.
    @Test func aCallOfWhichNobodyToldIsMissing() async throws {
        try await LeaseWorld.with { world in
            let call = try #require(UUID(uuidString: "3f1a9a4e-0c1d-4ef0-9d55-9b8f6c1d7e11"))
            _ = try #require(try await world.decide(call.uuidString.lowercased()).route?.grant?.lease)
            for seconds in [400, 90_000] as [Int64] {
                world.clock.set(LeaseWorld.start.advanced(by: .seconds(seconds)))
                let now = world.clock.now
                #expect(
                    try await world.work.perform(job: "sweep") { tx, _ in try world.leases.sweep(at: now, tx) } == 1)
            }
            #expect(
                try await world.value(
                    "select count(*) from app.leg_sighting where leg_id = \(call) and lost and answered_at is null")
                    == 1)
        }
    }

    @Test func aLostNodeHasNoLiveCalls() async throws {
        try await LeaseWorld.with { world in
            _ = try await world.decide("call-1")
            let (node, now) = (world.node.nodeID, world.clock.now)
            let lost = try await world.work.perform(job: "lose") { tx, _ in
                try world.leases.lose(NodeLoss(nodeID: node, at: now), tx)
            }
            #expect(lost == 1)
            #expect(try await world.counts().calls == 0)
            #expect(try await world.usage().reservedMilliseconds == 60_000)
        }
    }

    @Test func aPoolIsSharedByItsTenants() async throws {
        try await LeaseWorld.with { world in
            let (organisation, now) = (world.owner.organisationID, world.clock.now)
            try await world.work.perform(job: "pool") { tx, _ in
                try tx.execute(
                    "insert into app.minute_pool values (\(organisation), 90000, 1, \(now))")
            }
            #expect(try await world.decide("call-1").route?.grant?.sliceSeconds == 60)
            #expect(try await world.decide("call-2").route?.grant?.sliceSeconds == 30)
            #expect(try await world.decide("call-3").refusal?.reason == .poolUsed)
            #expect(try await world.usage().poolLeftMilliseconds == 0)
        }
    }

    /// Away is not empty, and not full: strict tenants wait, others get their outage bound, emergencies go.
    @Test func withoutADatabase() async throws {
        try await LeaseWorld.with { world in
            await world.test.database.shutdown()
            #expect(try await world.decide("call-1").refusal?.reason == .couldNotAsk)
            #expect(try await world.decide("call-2", "112").route?.callClass == .emergency)
            #expect(try await world.decide("call-3", "1001").route?.callClass == .internal)
            var policy = LeaseWorld.policy()
            policy.allotment.outageSeconds = 120
            world.plans.set(LeaseWorld.plan(world.owner, policy))
            #expect(try await world.decide("call-4").refusal?.reason == .couldNotAsk, "its minutes end")
            policy.allotment.atEnd = .overage
            world.plans.set(LeaseWorld.plan(world.owner, policy))
            #expect(try await world.decide("call-4").refusal?.reason == .couldNotAsk, "its money is bounded")
            (policy.limits.dailySpendCents, policy.limits.exposureCents) = (nil, nil)
            policy.limits.concurrentCalls = 2
            world.plans.set(LeaseWorld.plan(world.owner, policy))
            for call in ["call-4", "call-5", "call-4"] {
                let grace = try #require(try await world.decide(call).route)
                #expect(grace.grant == nil && grace.hangupAfterSeconds == 120)
            }
            #expect(try await world.decide("call-6").refusal?.reason == .couldNotAsk, "two may last")
            // rung, talked and over
            world.clock.set(LeaseWorld.start.advanced(by: .seconds(180 + 120 + 15)))
            #expect(try await world.decide("call-6").route?.hangupAfterSeconds == 120)
        }
    }

    /// A month that stays locked is as good as away; nobody waits on at the server for a call that has gone.
    @Test func aLockedMonthCannotBeAsked() async throws {
        try await LeaseWorld.with { world in
            #expect(try await world.decide("call-1").route?.grant != nil)
            let (tenant, work) = (world.owner.tenantID, world.work)
            let (isLocked, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            async let holder: Void = work.perform(job: "hold") { tx, _ in
                try tx.execute("select 1 from app.usage_bucket where tenant_id = \(tenant) for update")
                isLocked.signal()
                mayEnd.wait()
            }
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    isLocked.wait()
                    continuation.resume()
                }
            }
            let strict = try await world.decide("call-2")
            let emergency = try await world.decide("call-3", "112")
            var policy = LeaseWorld.policy()
            (policy.allotment.atEnd, policy.allotment.outageSeconds) = (.overage, 120)
            (policy.limits.dailySpendCents, policy.limits.exposureCents) = (nil, nil)
            world.plans.set(LeaseWorld.plan(world.owner, policy))
            let lenient = try await world.decide("call-4")
            let waiting = try? await world.value(
                """
                select count(*) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'
                """)
            mayEnd.signal()
            try await holder
            #expect(strict.refusal?.reason == .couldNotAsk)
            #expect(emergency.route?.callClass == .emergency)
            #expect(lenient.route?.grant == nil && lenient.route?.hangupAfterSeconds == 120)
            #expect(waiting == 0)
            #expect(try await world.decide("call-5").route?.grant != nil)
            #expect(try await world.value("select count(*) from app.usage_lease") == 2)
        }
    }

    /// What was called within the hour counts by the number, however many others were called.
    @Test func callsToOneNumberAreCountedByIt() async throws {
        var policy = LeaseWorld.policy()
        policy.limits.sequentialCalls = 2
        try await LeaseWorld.with(policy) { world in
            for index in 0..<5 {
                let number = "0660123456\(index)"
                #expect(try await world.decide("call-\(index)", number).route?.grant != nil)
            }
            #expect(try await world.decide("call-5", "06601234563").route == nil, "no minute is left")
            try await settleAll(world)
            #expect(try await world.decide("call-6", "06601234563").route?.grant != nil)
            #expect(try await world.decide("call-7", "06601234563").refusal?.reason == .limitSequential)
            #expect(try await world.decide("call-8", "06601234569").route?.grant != nil)
            world.clock.set(LeaseWorld.start.advanced(by: .seconds(3600)))
            #expect(try await world.decide("call-9", "06601234563").route?.grant != nil)
        }
    }

    private func settleAll(_ world: LeaseWorld) async throws {
        try await world.test.asSuperuser { connection in
            try connection.execute("update app.usage_lease set state = 'settled', settled_at = began_at")
        }
    }

    @Test func theDryRunGrantsNothing() async throws {
        try await LeaseWorld.with { world in
            let (entry, now) = (try world.entry, world.clock.now)
            let leg = LegRequest(callID: "x", origin: .user(LeaseWorld.user), dialled: "06601234567", now: now)
            let decision = try await world.work.read(in: .platform) { tx in
                try world.leases.explain(leg, entry, trunksDown: [], tx)
            }
            #expect(decision.route?.grant == .init(sliceSeconds: 60))
            #expect(try await world.value("select count(*) from app.usage_lease") == 0)
        }
    }
}
