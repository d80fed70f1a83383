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

    @Test func anUnchangedPlanChangesNothing() throws {
        let fixture = try PlanFixture()
        let calls = try (1...20).map { try call("+431234567", day: $0 % 28 + 1, minutes: 5) }
        let result = WhatIf(calls, present: fixture.plan, changed: fixture.plan)
        #expect(result.calls == 20 && result.blocked.isEmpty && result.opened.isEmpty && result.cut == 0)
        #expect(result.costBeforeMicros == 0 && result.savedMicros == 0 && result.extraMicros == 0)
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
        let result = WhatIf(calls, present: present.plan, changed: changed.plan)
        #expect(result.calls == 2 && result.blocked.map(\.reason) == [.destinationDenied])
        #expect(result.costBeforeMicros == 1_600_000 && result.savedMicros == 800_000)
        changed.policy.permissions = [
            DialPermission(scope: .tenant, destinations: .init(country: CountryCode("CU")), isAllowed: true)
        ]
        #expect(WhatIf(calls, present: present.plan, changed: changed.plan).opened.map(\.id) == [calls[2].id])
    }

    @Test func aBlockCutsAndThenRefuses() throws {
        let present = try PlanFixture()
        var changed = present
        changed.policy.allotment.atEnd = .block
        changed.policy.allotment.includedMilliseconds = 15 * 60_000
        let calls = try (1...3).map { try call("+431234567", day: $0, minutes: 10) }
        let result = WhatIf(calls, present: present.plan, changed: changed.plan)
        #expect(result.cut == 1 && result.blocked.map(\.reason) == [.allotmentUsed])
        changed.policy.allotment.atEnd = .overage
        changed.policy.limits.dailySpendCents = nil
        let dearer = WhatIf(calls, present: present.plan, changed: changed.plan)
        #expect(dearer.cut == 0 && dearer.extraMicros == 15 * 80_000)
    }

    @Test func aLowerLimitBlocksWhatWasParallel() throws {
        let present = try PlanFixture()
        var changed = present
        changed.policy.limits.concurrentCalls = 1
        let calls = try (0..<3).map { try call("+431234567", day: 5, minutes: 10, index: $0) }
        let result = WhatIf(calls, present: present.plan, changed: changed.plan)
        #expect(result.blocked.map(\.reason) == [.limitConcurrent, .limitConcurrent])
    }

    @Test func aNewMonthBeginsAnew() throws {
        let present = try PlanFixture()
        var changed = present
        changed.policy.allotment.atEnd = .block
        changed.policy.allotment.includedMilliseconds = 10 * 60_000
        let calls = [try call("+431234567", day: -2, minutes: 10), try call("+431234567", day: 5, minutes: 10)]
        #expect(WhatIf(calls, present: present.plan, changed: changed.plan).blocked.isEmpty)
        let used = WhatIf(calls, present: present.plan, changed: changed.plan, usedBefore: 600_000)
        #expect(used.blocked.map(\.call.id) == [calls[0].id])
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
