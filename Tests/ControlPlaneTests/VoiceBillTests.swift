import Foundation
import Kernel
import Rating
import Telephony
import Tenancy
import Testing

@testable import Billing
@testable import ControlPlane
@testable import Voice

/// The sum of receipts is the metered usage is the line of the invoice, whatever a contract agrees.
@Suite struct VoiceBillTests {
    typealias World = VoiceBillWorld
    private static let included: Int64 = 120_000_000
    private static let months = ["2026-10", "2026-11", "2026-12"].compactMap { BillingMonth($0) }

    /// What the sums must be, worked out from the calls alone.
    private struct Oracle {
        /// Legs as they were told: the first time says when, the last how long.
        var legs: [UUID: (tenant: TenantID, began: Timestamp, milliseconds: Int64)] = [:]
        let increment: (Timestamp) -> CallIncrement?
        var isBilled: (TenantID, Timestamp) -> Bool = { _, _ in true }

        mutating func hear(_ told: World.Told) {
            legs[told.leg] = (told.tenant, legs[told.leg]?.began ?? told.answered, told.milliseconds)
        }

        func sums(_ tenant: TenantID, _ month: BillingMonth) -> World.Sums {
            var sums = World.Sums()
            for leg in legs.values where leg.tenant == tenant {
                var before: Int64 = 0
                for part in MonthPart.parts(from: leg.began, milliseconds: leg.milliseconds) {
                    if part.month == month {
                        sums.usage += part.milliseconds
                        if isBilled(tenant, part.from) { sums.billed += billed(part, before) }
                    }
                    before += part.milliseconds
                }
            }
            sums.receipts = sums.usage
            sums.receiptedOverage = max(0, sums.billed - VoiceBillTests.included)
            sums.invoicedOverage = sums.receiptedOverage
            return sums
        }

        private func billed(_ part: MonthPart, _ before: Int64) -> Int64 {
            guard let agreed = increment(part.from) else { return part.milliseconds }
            let step = agreed.billable(milliseconds: 1)
            func up(_ milliseconds: Int64) -> Int64 { (milliseconds + step - 1) / step * step }
            return up(before + part.milliseconds) - up(before)
        }
    }

    /// Calls of all lengths over the borders of months; some are estimated first, and of those some never get a record, or
    /// one with another idea of its length and its answer. In any order, but for the estimate before its record.
    private static func story(
        _ tenants: [TenantID], from first: String, until last: String, _ random: inout BillRandom
    ) throws -> [World.Told] {
        let from = try #require(Timestamp(first)).microseconds
        let until = try #require(Timestamp(last)).microseconds
        var told: [World.Told] = []
        var later: [World.Told] = []
        for tenant in tenants {
            for index in 0..<12 {
                let leg = UUID()
                let atBorder = index < 2 ? months[index].end - 15_000_000 : .random(in: from..<until, using: &random)
                let answered = Timestamp(microseconds: atBorder)
                let longest: Int64 = [30_000, 200_000, 5_000_000, 400_000_000][index % 4]
                let record = World.Told(
                    leg: leg, tenant: tenant, answered: answered,
                    milliseconds: .random(in: 20_000...longest, using: &random))
                guard Int.random(in: 0..<3, using: &random) == 0 else {
                    told.append(record)
                    continue
                }
                let shift = Duration.milliseconds(Int64.random(in: -2_000...2_000, using: &random))
                told.append(
                    World.Told(
                        leg: leg, tenant: tenant, answered: answered.advanced(by: shift),
                        milliseconds: .random(in: 1...(record.milliseconds * 5 / 4), using: &random),
                        isEstimate: true))
                if Bool.random(using: &random) { later.append(record) }
            }
        }
        told.shuffle(using: &random)
        return told + later.shuffled(using: &random)
    }

    @Test(arguments: [nil, .second, .sixSeconds, .minute] as [CallIncrement?], [1, 2] as [UInt64])
    func receiptsUsageAndTheInvoiceSayTheSame(_ increment: CallIncrement?, seed: UInt64) async throws {
        try await World.with { world in
            let contract = try await world.contract(
                from: "2026-10-01", VoiceTerms(minutePrice: try Rate("0.07"), increment: increment))
            let plain = try await world.tenant("plain")
            let grown = try await world.tenant("grown", .sandbox)
            let demo = try await world.tenant("demo", .demo)
            world.clock.set("2026-11-12T09:30:00Z")
            let grownAt = world.clock.now
            try await world.change(grown, to: .production)
            // other terms from December, of which nothing is metered yet
            let next: CallIncrement? = increment == .minute ? nil : .minute
            try await world.change(
                contract, to: EnterpriseTerms(voice: VoiceTerms(increment: next)), from: "2026-12")

            world.clock.set("2026-12-20T12:00:00Z")
            let december = try #require(Self.months.last).startTime
            var oracle = Oracle(increment: { $0 < december ? increment : next })
            oracle.isBilled = { tenant, at in tenant == plain || (tenant == grown && at >= grownAt) }
            var random = BillRandom(state: seed)
            let story = try Self.story(
                [plain, grown, demo], from: "2026-10-20T00:00:00Z", until: "2026-12-15T00:00:00Z", &random)
            for told in story {
                oracle.hear(told)
                try await world.tell(told)
            }
            var overage: Int64 = 0
            for month in Self.months {
                for tenant in [plain, grown, demo] {
                    let sums = try await world.sums(tenant, month)
                    #expect(sums == oracle.sums(tenant, month), "\(month) \(tenant)")
                    let check = try await world.check(tenant, month)
                    #expect(check.isSound, "\(check.differences) \(check.verification.findings)")
                    #expect(check.bill?.billedMilliseconds == sums.billed)
                    overage += sums.invoicedOverage
                }
            }
            #expect(overage > 0, "this history hardly tests anything")
        }
    }

    /// A month includes its minutes once, also when another contract begins in its middle.
    @Test(arguments: [3, 4, 5] as [UInt64])
    func aContractReplacedWithinAMonth(seed: UInt64) async throws {
        try await World.with { world in
            let first = try await world.contract(from: "2025-11-15", VoiceTerms(increment: .sixSeconds))
            try await world.work.perform(job: "test") { tx, actor in
                _ = try ContractService.giveNotice(first, on: try World.day("2026-06-01"), tx, actor)
            }
            try await world.contract(from: "2026-11-15", VoiceTerms(increment: .minute))
            let tenant = try await world.tenant("moved")
            let november = Self.months[1]
            let middle = Timestamp(microseconds: ViennaTime.instant(try World.day("2026-11-15")))
            world.clock.set("2026-12-20T12:00:00Z")
            var oracle = Oracle(increment: { $0 < middle ? .sixSeconds : .minute })
            var random = BillRandom(state: seed)
            for told in try Self.story(
                [tenant], from: "2026-11-02T00:00:00Z", until: "2026-11-29T00:00:00Z", &random)
            {
                oracle.hear(told)
                try await world.tell(told)
            }
            let sums = try await world.sums(tenant, november)
            #expect(sums == oracle.sums(tenant, november))
            #expect(sums.invoicedOverage > 0, "this history hardly tests anything")
            let check = try await world.check(tenant, november)
            #expect(check.isSound, "\(check.differences) \(check.verification.findings)")
        }
    }

    /// A leg that was estimated at 30 s and turns out to have lasted 50 s is one call of one minute.
    @Test func anEstimatedCallIsRoundedOnce() async throws {
        try await World.with { world in
            try await world.contract(from: "2026-10-01", VoiceTerms(increment: .minute))
            let tenant = try await world.tenant("one")
            world.clock.set("2026-11-18T12:00:00Z")
            var call = World.Told(
                leg: UUID(), tenant: tenant, answered: try #require(Timestamp("2026-11-18T10:00:00Z")),
                milliseconds: 30_000, isEstimate: true)
            try await world.tell(call)
            call = World.Told(leg: call.leg, tenant: tenant, answered: call.answered, milliseconds: 50_000)
            try await world.tell(call)
            let check = try await world.check(tenant, Self.months[1])
            #expect(check.isSound && check.verification.receipts == 3)
            #expect(check.verification.milliseconds == 50_000 && check.bill?.billedMilliseconds == 60_000)
            #expect(check.verification.usedMilliseconds == 60_000)
        }
    }

    @Test func thePriceOfAMonthWithCallsStands() async throws {
        try await World.with { world in
            let contract = try await world.contract(from: "2026-10-01", nil)
            let tenant = try await world.tenant("one")
            world.clock.set("2026-11-18T12:00:00Z")
            let dearer = EnterpriseTerms(voice: VoiceTerms(minutePrice: try Rate("0.09")))
            try await world.change(contract, to: dearer, from: "2026-11")
            try await world.tell(
                World.Told(
                    leg: UUID(), tenant: tenant, answered: try #require(Timestamp("2026-11-18T10:00:00Z")),
                    milliseconds: Self.included + 60_000))
            for terms in [EnterpriseTerms(), EnterpriseTerms(voice: VoiceTerms(increment: .minute))] {
                let problem = await #expect(throws: Problem.self) {
                    try await world.change(contract, to: terms, from: "2026-11")
                }
                #expect(problem?.reason == "CALLS_PRICED" && problem?.detail.contains("begins in 2026-12") == true)
            }
            // what calls do not depend on may change, and the way out that the problem names is open
            var same = dearer
            same.sla = .business
            try await world.change(contract, to: same, from: "2026-11")
            try await world.change(contract, to: EnterpriseTerms(), from: "2026-12")
            #expect(try await world.check(tenant, Self.months[1]).isSound)
        }
    }

    /// Receipts that were written by other terms than the contract's are found, each sound in itself.
    @Test func otherTermsThanTheContractsAreFound() async throws {
        try await World.with { world in
            try await world.contract(from: "2026-10-01", VoiceTerms(increment: .minute))
            world.clock.set("2026-11-18T12:00:00Z")
            let answered = try #require(Timestamp("2026-11-16T10:00:00Z"))
            let real = VoiceLinks.billing(world.billing.usage)
            func found(_ slug: String, _ change: @escaping @Sendable (inout VoiceLinks.Terms) -> Void) async throws
                -> [String]
            {
                let tenant = try await world.tenant(slug)
                let links = VoiceLinks(
                    recordUsages: { tx, calls in try real.recordUsage(tx, calls) },
                    terms: { tx, tenant, at in
                        var terms = try real.terms(tx, tenant, at)
                        change(&terms)
                        return terms
                    })
                let told = World.Told(
                    leg: UUID(), tenant: tenant, answered: answered, milliseconds: Self.included + 90_000)
                try await world.tell(told, to: CallRecordService(work: world.work, links: links) { _, _ in })
                let check = try await world.check(tenant, Self.months[1])
                #expect(check.verification.isSound && check.isSound == check.differences.isEmpty)
                return check.differences
            }
            #expect(try await found("right") { _ in } == [])
            #expect(try await found("whole") { $0.increment = nil }.count == 2)
            #expect(try await found("free") { $0.isBilled = false }.count == 2)
            #expect(
                try await found("dear") { $0.overageMicrosPerMinute = 90_000 } == [
                    "The invoice has another price of a minute than the receipts."
                ])
        }
    }
}
