import Kernel
import Rating
import Telephony
import Testing

@Suite struct SliceTests {
    private func standing(used: Int64 = 0, reserved: Int64 = 0, spent: Int64 = 0, pool: Int64? = nil) -> Standing {
        var usage = Standing.Usage()
        usage.usedMilliseconds = used
        usage.reservedMilliseconds = reserved
        usage.spentTodayMicros = spent
        usage.poolLeftMilliseconds = pool
        return Standing(usage: usage)
    }

    @Test func theSliceIsShorterTheLikelierAbuseIs() throws {
        var fixture = try PlanFixture()
        fixture.policy.permissions = [
            DialPermission(scope: .tenant, destinations: .init(prefix: "1"), isAllowed: true),
            DialPermission(scope: .tenant, destinations: .init(prefix: "53"), isAllowed: true),
        ]
        #expect(fixture.dial("06601234567").route?.grant?.sliceSeconds == 60)
        #expect(fixture.dial("+17875550123").route?.grant?.sliceSeconds == 15)
        let risky = try #require(fixture.dial("+5355555555").route)
        // no outage bound where it is risky
        #expect(risky.grant?.sliceSeconds == 10 && risky.hangupAfterSeconds == 10)
        var young = standing()
        young.voiceSince = Timestamp("2026-11-10T00:00:00Z")
        #expect(fixture.dial("06601234567", young).route?.grant?.sliceSeconds == 30)
        young.voiceSince = Timestamp("2026-10-10T00:00:00Z")
        #expect(fixture.dial("06601234567", young).route?.grant?.sliceSeconds == 60)
    }

    @Test func theEndOfTheMinutes() throws {
        var fixture = try PlanFixture()
        let nearlyUsed = standing(used: 119_000_000, reserved: 980_000)
        #expect(fixture.dial("06601234567", nearlyUsed).route?.grant?.sliceSeconds == 60)
        fixture.policy.allotment.atEnd = .block
        let last = try #require(fixture.dial("06601234567", nearlyUsed).route)
        #expect(last.grant?.sliceSeconds == 20 && last.hangupAfterSeconds == 20)
        #expect(fixture.dial("06601234567", standing(used: 119_999_001)).refusal?.reason == .allotmentUsed)
        #expect(
            fixture.decide(.trunk(nil), "+43720123456", standing(used: 120_000_000)).refusal?.reason == .allotmentUsed)
        #expect(fixture.dial("1002", standing(used: 120_000_000)).route != nil)
        fixture.policy.allotment.capMilliseconds = 1_000_000
        #expect(fixture.dial("06601234567", standing(used: 1_000_000)).refusal?.reason == .allotmentUsed)
        fixture.policy.allotment.atEnd = .overage
        #expect(fixture.dial("06601234567", standing(used: 1_000_000)).refusal?.reason == .allotmentUsed)
    }

    /// From 80 % on, of what ends first: calls, or the included minutes.
    @Test func theEndIsTold() {
        func warning(_ used: Int64, _ change: (inout Allotment) -> Void = { _ in }) -> AllotmentWarning? {
            var allotment = Allotment()
            allotment.includedMilliseconds = 1_000
            change(&allotment)
            return AllotmentWarning(used: used, of: allotment)
        }
        #expect(warning(799) == nil && warning(0) == nil)
        #expect(warning(800)?.level == .nearlyUsed && warning(999)?.percent == 99)
        #expect(warning(1_000)?.level == .usedUp && warning(1_000)?.endsCalls == false)
        #expect(warning(1_000) { $0.atEnd = .block }?.endsCalls == true)
        // the own bound lies beyond what is included: first one is told about, then the other
        #expect(warning(1_500) { $0.capMilliseconds = 2_000 }?.boundMilliseconds == 1_000)
        let own = warning(1_600) { $0.capMilliseconds = 2_000 }
        #expect(own?.boundMilliseconds == 2_000 && own?.level == .nearlyUsed && own?.endsCalls == true)
        #expect(warning(.max) { $0.includedMilliseconds = nil } == nil)
        #expect(warning(5) { $0.includedMilliseconds = 0 } == nil)
        #expect(warning(.max) { $0.includedMilliseconds = 1 }?.percent == .max)
    }

    @Test func thePoolBoundsItsTenants() throws {
        let fixture = try PlanFixture()
        let route = try #require(fixture.dial("06601234567", standing(pool: 5_999)).route)
        #expect(route.grant?.sliceSeconds == 5 && route.hangupAfterSeconds == 5)
        #expect(fixture.dial("06601234567", standing(pool: 999)).refusal?.reason == .poolUsed)
    }

    /// 25 euro are 312 minutes at 0.08: live grants beyond the included minutes can never cost more.
    @Test func exposure() throws {
        var fixture = try PlanFixture()
        fixture.policy.limits.dailySpendCents = nil
        let full = standing(used: 120_000_000, reserved: 18_690_000)
        #expect(fixture.dial("06601234567", full).route?.grant?.sliceSeconds == 30)
        #expect(
            fixture.dial("06601234567", standing(used: 120_000_000, reserved: 18_750_000)).refusal?.reason
                == .limitExposure)
        #expect(fixture.dial("06601234567", standing(used: 100_000_000, reserved: 18_750_000)).route != nil)
        fixture.policy.limits.exposureCents = nil
        #expect(fixture.dial("06601234567", standing(used: 120_000_000, reserved: 18_750_000)).route != nil)
    }

    @Test func theMoneyOfADay() throws {
        let fixture = try PlanFixture()
        #expect(
            fixture.dial("06601234567", standing(used: 120_000_000, spent: 20_000_000)).refusal?.reason
                == .limitDailySpend)
        #expect(
            fixture.dial("06601234567", standing(used: 120_000_000, spent: 19_920_000)).route?.grant?.sliceSeconds == 60
        )
        #expect(fixture.dial("06601234567", standing(used: 0, spent: 19_920_001)).route?.grant?.sliceSeconds == 60)
        #expect(
            fixture.decide(.trunk(nil), "+43720123456", standing(used: 120_000_000, spent: 20_000_000)).route != nil)
    }

    @Test func counts() throws {
        var fixture = try PlanFixture()
        fixture.policy.limits.concurrentByKind = ["mobile": 1]
        var counts = Standing.Counts()
        func dial(_ number: String = "06601234567") -> RefusalReason? {
            fixture.dial(number, Standing(counts: counts)).refusal?.reason
        }
        #expect(dial() == nil)
        counts.calls = 5
        #expect(dial() == .limitConcurrent)
        counts.calls = 4
        counts.callsByKind = [.mobile: 1]
        #expect(dial() == .limitKind && dial("+431234567") == nil)
        counts.callsByKind = [:]
        counts.callsWithinSecond = 2
        #expect(dial() == .limitCallsPerSecond)
        counts.callsWithinSecond = 0
        counts.callsWithinHour = [try e164("+436601234567"): 20]
        #expect(dial() == .limitSequential)
        // in and out again takes two channels
        fixture.numbers[0] = try PlanFixture.number("+43720123456", 4, .external(try e164("+431234567")))
        #expect(
            fixture.decide(.trunk(nil), "+43720123456", Standing(counts: counts)).refusal?.reason == .limitConcurrent)
    }

    @Test func aNumberHasItsOwnLimit() throws {
        var fixture = try PlanFixture()
        let old = fixture.numbers[0]
        fixture.numbers[0] = PhoneNumber(
            id: old.id, e164: old.e164, displayName: "", routes: old.routes, concurrentLimit: 2)
        var counts = Standing.Counts()
        counts.inboundByNumber = [old.id: 2]
        #expect(fixture.decide(.trunk(nil), "+43720123456", Standing(counts: counts)).refusal?.reason == .limitNumber)
        counts.inboundByNumber = [old.id: 1]
        #expect(fixture.decide(.trunk(nil), "+43720123456", Standing(counts: counts)).route != nil)
    }

    /// "Could not ask" is neither yes nor no.
    @Test func whatHappensWhenNobodyCanBeAsked() throws {
        var fixture = try PlanFixture()
        fixture.policy.permissions = [
            DialPermission(scope: .tenant, destinations: .init(prefix: "1"), isAllowed: true)
        ]
        (fixture.policy.limits.dailySpendCents, fixture.policy.limits.exposureCents) = (nil, nil)
        let grace = try #require(fixture.dial("06601234567", .unknown).route)
        #expect(grace.grant == nil && grace.hangupAfterSeconds == 600 && grace.meteredLegs == [.b])
        #expect(fixture.decide(.trunk(nil), "+43720123456", .unknown).route?.hangupAfterSeconds == 600)
        #expect(fixture.dial("+17875550123", .unknown).refusal?.reason == .couldNotAsk)
        #expect(fixture.dial("1002", .unknown).route != nil)
        #expect(fixture.dial("+5355555555", .unknown).refusal?.reason == .destinationNotAllowed)
        fixture.policy.allotment.outageSeconds = 0
        #expect(fixture.dial("06601234567", .unknown).refusal?.reason == .couldNotAsk)
        #expect(fixture.dial("06601234567", .unknown).trace.last?.result == .refused)
    }

    /// Calls that nobody counts could use any number of minutes, so where minutes end there are none.
    @Test(arguments: ["end", "cap", "pool"])
    func nobodyGoesOnUncountedWhereMinutesEnd(bound: String) throws {
        var fixture = try PlanFixture()
        switch bound {
        case "end": fixture.policy.allotment.atEnd = .block
        case "cap": fixture.policy.allotment.capMilliseconds = 60_000_000
        default: fixture.policy.allotment.isPooled = true
        }
        let outbound = fixture.dial("06601234567", .unknown)
        #expect(outbound.refusal?.reason == .couldNotAsk && outbound.trace.last?.step == .allotment)
        #expect(fixture.decide(.trunk(nil), "+43720123456", .unknown).refusal?.reason == .couldNotAsk)
        #expect(fixture.dial("1002", .unknown).route?.callClass == .internal)
        #expect(fixture.dial("112", .unknown).route?.callClass == .emergency)
        #expect(fixture.dial("06601234567").route?.grant != nil)
    }

    /// Nor do outbound calls where what they cost is bounded; where they cost nothing, no bound can be passed.
    @Test(arguments: ["day", "exposure"])
    func nobodyGoesOnUncountedWhereMoneyIsBounded(bound: String) throws {
        var fixture = try PlanFixture()
        (fixture.policy.limits.dailySpendCents, fixture.policy.limits.exposureCents) =
            bound == "day" ? (1, nil) : (nil, 100_000)
        let outbound = fixture.dial("06601234567", .unknown)
        #expect(outbound.refusal?.reason == .couldNotAsk && outbound.trace.last?.step == .allotment)
        #expect(fixture.decide(.trunk(nil), "+43720123456", .unknown).route?.hangupAfterSeconds == 600)
        #expect(fixture.dial("112", .unknown).route?.callClass == .emergency)
        fixture.policy.allotment.overageMicrosPerMinute = 0
        #expect(fixture.dial("06601234567", .unknown).route?.hangupAfterSeconds == 600)
        fixture.policy.allotment.overageMicrosPerMinute = 80_000
        fixture.policy.allotment.includedMilliseconds = nil
        #expect(fixture.dial("06601234567", .unknown).route?.hangupAfterSeconds == 600)
    }

    /// As many uncounted calls as calls may be at a time, and no more than may be at stake.
    @Test func graceIsBounded() throws {
        var fixture = try PlanFixture()
        var standing = Standing.unknown
        func inbound() -> Decision { fixture.decide(.trunk(nil), "+43720123456", standing) }
        fixture.policy.limits.concurrentCalls = 3
        (standing.graces.legs, standing.graces.milliseconds) = (2, 1_200_000)
        #expect(inbound().route?.grant == nil && inbound().route?.hangupAfterSeconds == 600)
        // 30 minutes at 8 cents
        fixture.policy.limits.exposureCents = 240
        #expect(inbound().route != nil)
        fixture.policy.limits.exposureCents = 239
        #expect(inbound().refusal?.reason == .couldNotAsk && inbound().trace.last?.step == .allotment)
        fixture.policy.limits.exposureCents = nil
        standing.graces.legs = 3
        #expect(inbound().refusal?.reason == .couldNotAsk && inbound().trace.last?.step == .limits)
    }

    /// Any number of parallel calls, renewed until nothing is left: never a millisecond beyond the bound.
    @Test func grantsNeverExceedTheBound() throws {
        var random = SeededGenerator(state: 21)
        for _ in 0..<300 {
            var fixture = try PlanFixture()
            fixture.policy.allotment.atEnd = .block
            fixture.policy.allotment.includedMilliseconds = .random(in: 0...400_000, using: &random)
            fixture.policy.limits.concurrentCalls = 1_000
            let bound = fixture.policy.allotment.includedMilliseconds ?? 0
            var used: Int64 = 0
            var grants: [Int64] = []
            for _ in 0..<60 {
                if !grants.isEmpty, Bool.random(using: &random) {
                    let granted = grants.remove(at: .random(in: 0..<grants.count, using: &random))
                    used += .random(in: 0...granted, using: &random)
                } else {
                    let reserved = grants.reduce(0, +)
                    let decision = fixture.dial("06601234567", standing(used: used, reserved: reserved))
                    if let slice = decision.route?.grant?.sliceSeconds { grants.append(Int64(slice) * 1000) }
                }
                #expect(used + grants.reduce(0, +) <= bound)
            }
        }
    }
}

@Suite struct MonthPartTests {
    private func parts(_ from: String, _ milliseconds: Int64) throws -> [(String, Int64)] {
        MonthPart.parts(from: try #require(Timestamp(from)), milliseconds: milliseconds)
            .map { ("\($0.month)", $0.milliseconds) }
    }

    @Test func aCallIsCutAtMidnightInVienna() throws {
        // 23:59:30 on 31 October, winter time
        let parts = try parts("2026-10-31T22:59:30Z", 90_000)
        #expect(parts.map(\.0) == ["2026-10", "2026-11"] && parts.map(\.1) == [30_000, 60_000])
        let summer = try self.parts("2026-06-30T21:59:59.500Z", 1_000)
        #expect(summer.map(\.0) == ["2026-06", "2026-07"] && summer.map(\.1) == [500, 500])
        #expect(try self.parts("2026-10-31T23:00:00Z", 1_000).map(\.0) == ["2026-11"])
        #expect(try self.parts("2026-10-31T22:59:59.999Z", 1).map(\.0) == ["2026-10"])
        #expect(try self.parts("2026-10-31T12:00:00Z", 0).map(\.1) == [0])
    }

    @Test func partsAddUp() throws {
        var random = SeededGenerator(state: 31)
        for _ in 0..<2_000 {
            let from = Timestamp(
                microseconds: .random(in: 1_700_000_000_000_000...1_900_000_000_000_000, using: &random))
            let milliseconds = Int64.random(in: 0...8_000_000_000, using: &random)
            let parts = MonthPart.parts(from: from, milliseconds: milliseconds)
            #expect(parts.reduce(0) { $0 + $1.milliseconds } == milliseconds)
            for part in parts { #expect(part.month.contains(part.from.microseconds)) }
            #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.month.next == $1.month })
        }
    }
}

@Suite struct ForecastTests {
    private func forecast(_ used: Int64, _ now: String, included: Int64? = 120_000_000) throws -> Forecast {
        var allotment = Allotment()
        allotment.includedMilliseconds = included
        allotment.overageMicrosPerMinute = 80_000
        return Forecast(
            used: used, month: try #require(BillingMonth("2026-09")), now: try #require(Timestamp(now)),
            allotment: allotment)
    }

    /// September 2026 has 22 working days, of which 11 are over on the evening of the 15th.
    @Test func byBusinessHours() throws {
        let half = try forecast(90_000_000, "2026-09-15T20:00:00Z")
        #expect(half.method == .businessHours && half.milliseconds == 180_000_000)
        #expect(half.overageMilliseconds == 60_000_000 && half.overageMicros == 80_000_000)
        // 120 of 180 million after two thirds of 22 days: 14 days and 6 2/3 hours
        #expect(half.usedUpAt == Timestamp("2026-09-21T12:40:00Z"))
        #expect(try forecast(60_000_000, "2026-09-15T20:00:00Z").usedUpAt == nil)
        #expect(try forecast(130_000_000, "2026-09-15T20:00:00Z").usedUpAt == nil)
        #expect(try forecast(90_000_000, "2026-09-15T20:00:00Z", included: nil).overageMicros == 0)
    }

    @Test func beforeTheFirstBusinessHour() throws {
        let night = try forecast(60_000, "2026-08-31T23:00:00Z")
        #expect(night.method == .calendarHours && night.milliseconds == 60_000 * 720)
        #expect(try forecast(60_000, "2026-10-02T00:00:00Z").method == .none)
        #expect(try forecast(60_000, "2026-10-02T00:00:00Z").milliseconds == 60_000)
        #expect(try forecast(0, "2026-09-15T20:00:00Z").milliseconds == 0)
    }
}
