import Kernel
import Telephony
import Testing

@Suite struct ReviewTests {
    private func call(
        _ dialled: String, day: Int, minutes: Int64 = 1, hour: Int = 9, index: Int = 0, refusal: RefusalReason? = nil
    ) throws -> RecordedCall {
        let start = PlanFixture.now.advanced(by: .seconds((day - 18) * 86_400 + (hour - 10) * 3600 + index * 90))
        let number = try #require(E164(dialled))
        return RecordedCall(
            id: "\(day)-\(hour)-\(index)", origin: .user(PlanFixture.first), dialled: dialled,
            destination: DestinationTable.standard.destination(of: number), startedAt: start,
            answeredAt: minutes > 0 ? start : nil, milliseconds: minutes * 60_000, refusal: refusal)
    }

    // MARK: - What if

    private func replay(
        _ calls: [RecordedCall], _ present: TenantPlan, _ changed: TenantPlan, usedBefore: Int64 = 0
    ) -> WhatIf {
        var result = WhatIf(present: present, changed: changed, usedBefore: usedBefore)
        for call in calls.sorted(by: { $0.startedAt < $1.startedAt }) { result.add(call) }
        return result
    }

    @Test func anUnchangedPlanChangesNothing() throws {
        let fixture = try PlanFixture()
        let calls = try (1...20).map { try call("+431234567", day: $0 % 28 + 1, minutes: 5) }
        let result = replay(calls, fixture.plan, fixture.plan)
        #expect(result.calls == 20 && result.refused.isEmpty && result.allowed == 0 && result.cut == 0)
        #expect(result.before == result.after && result.before.milliseconds == 6_000_000)
        #expect(result.savedMicros == 0 && result.extraMicros == 0 && result.examples.isEmpty)
    }

    @Test func aDenialBlocksAndSaves() throws {
        var present = try PlanFixture()
        present.policy.allotment.includedMilliseconds = 0
        var changed = present
        changed.policy.permissions = [
            DialPermission(scope: .tenant, destinations: .init(country: CountryCode("DE")), isAllowed: false)
        ]
        let calls = [
            try call("+4930123456", day: 2, minutes: 10), try call("+431234567", day: 3, minutes: 10),
            try call("+5355555555", day: 4, minutes: 0, refusal: .destinationNotAllowed),
        ]
        let result = replay(calls, present.plan, changed.plan)
        #expect(result.calls == 2 && result.refused == [.destinationDenied: 1])
        #expect(result.before.costMicros == 1_600_000 && result.savedMicros == 800_000)
        #expect(result.examples.map(\.call.id) == [calls[0].id])
        changed.policy.permissions = [
            DialPermission(scope: .tenant, destinations: .init(country: CountryCode("CU")), isAllowed: true)
        ]
        let opened = replay(calls, present.plan, changed.plan)
        #expect(opened.allowed == 1 && opened.examples.map(\.change) == [.allowed])
    }

    @Test func aBlockCutsAndThenRefuses() throws {
        let present = try PlanFixture()
        var changed = present
        changed.policy.allotment.atEnd = .block
        changed.policy.allotment.includedMilliseconds = 15 * 60_000
        let calls = try (1...3).map { try call("+431234567", day: $0, minutes: 10) }
        let result = replay(calls, present.plan, changed.plan)
        #expect(result.cut == 1 && result.refused == [.allotmentUsed: 1])
        #expect(result.after.milliseconds == 15 * 60_000)
        #expect(result.examples.first?.change == .cut(milliseconds: 5 * 60_000))
        changed.policy.allotment.atEnd = .overage
        changed.policy.limits.dailySpendCents = nil
        let dearer = replay(calls, present.plan, changed.plan)
        #expect(dearer.cut == 0 && dearer.extraMicros == 15 * 80_000)
    }

    @Test func aLowerLimitBlocksWhatWasParallel() throws {
        let present = try PlanFixture()
        var changed = present
        changed.policy.limits.concurrentCalls = 1
        let calls = try (0..<3).map { try call("+431234567", day: 5, minutes: 10, index: $0) }
        #expect(replay(calls, present.plan, changed.plan).refused == [.limitConcurrent: 2])
    }

    @Test func aNewMonthBeginsAnew() throws {
        let present = try PlanFixture()
        var changed = present
        changed.policy.allotment.atEnd = .block
        changed.policy.allotment.includedMilliseconds = 10 * 60_000
        let calls = [try call("+431234567", day: -20, minutes: 10), try call("+431234567", day: 5, minutes: 10)]
        #expect(replay(calls, present.plan, changed.plan).refused.isEmpty)
        let used = replay(calls, present.plan, changed.plan, usedBefore: 600_000)
        #expect(used.refused == [.allotmentUsed: 1] && used.examples.map(\.call.id) == [calls[0].id])
    }

    /// What the present plan would refuse as well is no consequence of the change.
    @Test func onlyTheChangeCounts() throws {
        var present = try PlanFixture()
        present.policy.permissions = [
            DialPermission(scope: .tenant, destinations: .init(country: CountryCode("DE")), isAllowed: false)
        ]
        var changed = present
        changed.policy.limits.concurrentCalls = 4
        let calls = [
            try call("+4930123456", day: 2, minutes: 10),
            try call("+431234567", day: 3, minutes: 0, refusal: .limitConcurrent),
        ]
        let result = replay(calls, present.plan, changed.plan)
        #expect(result.calls == 1 && result.refused.isEmpty && result.allowed == 0)
        #expect(result.before == result.after && result.before.milliseconds == 0)
    }

    /// A call that comes in and leaves again is two legs of one decision.
    @Test func aLegMadeForAnotherSharesItsFate() throws {
        var present = try PlanFixture()
        present.numbers = [
            PhoneNumber(
                id: PlanFixture.did, e164: try #require(E164("+43720123456")), displayName: "Main",
                routes: [RouteEntry(target: .external(try #require(E164("+4930123456"))))])
        ]
        var changed = present
        changed.policy.permissions = [
            DialPermission(scope: .tenant, destinations: .init(country: CountryCode("DE")), isAllowed: false)
        ]
        let start = PlanFixture.now
        let inbound = RecordedCall(
            id: "in", origin: .trunk(nil), dialled: "+43720123456", destination: nil, startedAt: start,
            answeredAt: start, milliseconds: 60_000)
        let out = try #require(E164("+4930123456"))
        var outbound = RecordedCall(
            id: "out", origin: .agent(number: nil), dialled: "+4930123456",
            destination: DestinationTable.standard.destination(of: out), startedAt: start.advanced(by: .seconds(1)),
            answeredAt: start, milliseconds: 60_000)
        outbound.madeFor = "in"
        let result = replay([inbound, outbound], present.plan, changed.plan)
        #expect(result.refused == [.destinationDenied: 2])
        #expect(result.before.milliseconds == 120_000 && result.after.milliseconds == 0)
    }

    // MARK: - Signs of fraud

    @Test func aQuietTenantIsQuiet() throws {
        let calls = try (1...18).flatMap { day in
            try (0..<5).map { try call("+431234567", day: day, minutes: 5, index: $0) }
        }
        #expect(FraudSign.signs(in: calls, now: PlanFixture.now) == [])
        #expect(FraudSign.signs(in: [], now: PlanFixture.now) == [])
    }

    @Test func aSuddenChangeShows() throws {
        let past = try (1...17).map { try call("+431234567", day: $0, minutes: 30) }
        let today = try (0..<40).map { try call("+5355555555", day: 18, minutes: 5, hour: 1, index: $0) }
        let signs = FraudSign.signs(in: past + today, now: PlanFixture.now)
        #expect(signs.map(\.kind) == [.time, .calls, .newDestination])
        #expect(signs[0].observed == 12_000 && signs[0].threshold == 5_400)
        #expect(signs[2].sentence.contains("Cuba"))
        // what is closed is where the calls went, and never home
        #expect(signs.map(\.destinations?.country?.code) == ["CU", "CU", "CU"])
        let home = try (0..<40).map { try call("+431234567", day: 18, minutes: 5, hour: 1, index: $0) }
        let loud = FraudSign.signs(in: past + home, home: .austria, now: PlanFixture.now)
        #expect(loud.map(\.kind) == [.time, .calls] && loud.allSatisfy { $0.destinations == nil })
        // three bad days in a month do not make bad days usual
        let worse =
            try past
            + [15, 16, 17].flatMap { day in
                try (0..<100).map { try call("+431234567", day: day, minutes: 5, hour: 1, index: $0) }
            }
        #expect(FraudSign.signs(in: worse + today, now: PlanFixture.now).map(\.kind).contains(.time))
        // nothing after now counts
        #expect(FraudSign.signs(in: past + today, now: PlanFixture.now.advanced(by: .seconds(-43_200))) == [])
    }

    @Test func refusalsShow() throws {
        let tried = try (0..<12).map {
            try call("+5355555555", day: 18, minutes: 0, hour: 1, index: $0, refusal: .destinationNotAllowed)
        }
        #expect(FraudSign.signs(in: tried, now: PlanFixture.now).map(\.kind) == [.refusals])
    }

    @Test func theDailyBound() {
        #expect(FraudSign.suggestedDailySpendCents(dailyMicros: []) == 2_000)
        #expect(FraudSign.suggestedDailySpendCents(dailyMicros: [1_000_000, 20_000_000, 15_000_000]) == 4_500)
    }

    // MARK: - Proposals

    @Test func whatIsTriedAgainAndAgainIsProposed() throws {
        let plan = try PlanFixture().plan
        func refused(_ number: String, _ days: [Int]) throws -> [RecordedCall] {
            try days.map { try call(number, day: $0, minutes: 0, refusal: .destinationNotAllowed) }
        }
        let calls =
            try refused("+12125550123", [1, 2, 3, 17]) + refused("+5355555555", [3, 4])
            + refused("+43900123456", [3, 4, 5, 6]) + [call("+431234567", day: 2)]
        let proposals = PermissionProposal.allowances(from: calls, plan: plan, now: PlanFixture.now)
        #expect(proposals.map(\.destinations) == [.init(country: CountryCode("US"), kind: .landline)])
        #expect(proposals.first?.calls == 4 && proposals.first?.days == 4)
        let young = calls.filter { PlanFixture.now.since($0.startedAt) < .seconds(10 * 86_400) }
        #expect(PermissionProposal.allowances(from: young, plan: plan, now: PlanFixture.now) == [])
    }

    @Test func whatNobodyUsesIsProposedToClose() throws {
        var fixture = try PlanFixture()
        fixture.policy.permissions = ["US", "CU"].map {
            DialPermission(scope: .tenant, destinations: .init(country: CountryCode($0)), isAllowed: true)
        }
        let old = try call("+431234567", day: -100)
        let calls = [old, try call("+12125550123", day: 3), try call("+5355555555", day: -100)]
        let unused = PermissionProposal.denials(from: calls, plan: fixture.plan, now: PlanFixture.now)
        #expect(unused.map(\.destinations.country?.code) == ["CU"])
        #expect(PermissionProposal.denials(from: [calls[1]], plan: fixture.plan, now: PlanFixture.now) == [])
    }
}
