import Testing

@testable import Rating

/// Laws that hold for all inputs, tried on a few thousand seeded ones and compared with the oracle.
struct PropertyTests {
    let book = PriceBook.v2_1

    private func rate(_ usage: SolutionUsage) throws -> SolutionMonth { try SolutionMonth(usage, book: book.solution) }

    private func usage(_ random: inout SeededGenerator) -> SolutionUsage {
        let largest: [Int64] = [100, 20_000_000, 80_000_000, 300_000_000, Decided.inputLimit.cents]
        return SolutionUsage(
            contractMonth: .random(in: 1...30, using: &random),
            arr: Money(cents: .random(in: 0...(largest.randomElement(using: &random) ?? 1), using: &random)),
            activeTenants: .random(in: 0...120, using: &random), turns: .random(in: 0...2_000_000, using: &random))
    }

    @Test func solutionAgreesWithTheOracle() throws {
        var random = SeededGenerator(state: 1)
        for _ in 0..<3_000 {
            let usage = usage(&random)
            let month = try rate(usage)
            let expected = Oracle.solution(usage)
            #expect(month.charge == expected.charge && month.winners.map(\.rawValue) == expected.winners)
        }
    }

    @Test func aLargerInputNeverChargesLess() throws {
        var random = SeededGenerator(state: 2)
        for _ in 0..<1_000 {
            let low = usage(&random)
            let more = SolutionUsage(
                contractMonth: low.contractMonth,
                arr: min(Decided.inputLimit, low.arr + Money(cents: .random(in: 0...100_000, using: &random))),
                activeTenants: low.activeTenants + .random(in: 0...3, using: &random),
                turns: low.turns + .random(in: 0...50, using: &random))
            #expect(try rate(low).charge <= rate(more).charge)
        }
    }

    @Test(arguments: [15_000_000, 60_000_000])
    func theShareIsContinuousAtTierBounds(boundary: Int64) throws {
        func share(_ cents: Int64) -> Int128 { book.solution.annualShare(of: Money(cents: cents)) }
        let (below, above) = (share(boundary) - share(boundary - 1), share(boundary + 1) - share(boundary))
        // One more cent costs one tier's percentage, never a jump.
        #expect(below <= 40_000_000 && above < below && above > 0)
    }

    @Test func enterpriseLinesAddUpInAnyOrder() throws {
        var random = SeededGenerator(state: 4)
        for _ in 0..<500 {
            let tenants = Int64.random(in: 0...300, using: &random)
            var voice = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                Int64.random(in: 0...400_000_000, using: &random)
            }
            let sla = [ServiceLevelName.business, .premium, nil].randomElement(using: &random) ?? nil
            func month() throws -> EnterpriseMonth {
                try EnterpriseMonth(
                    EnterpriseUsage(
                        peakBillableTenants: tenants, voiceMillisecondsByTenant: voice, serviceLevel: sla),
                    book: book.enterprise)
            }
            let first = try month()
            #expect(first.total.cents == Oracle.enterprise(tenants: tenants, voice: voice, sla: sla))
            #expect(first.total == first.lines.map(\.net).reduce(.zero, +))
            for line in first.lines { #expect(try line.unitPrice.net(line.quantity) == line.net) }
            voice.shuffle(using: &random)
            #expect(try month().total == first.total)
        }
    }

    @Test func deploymentAgreesWithTheOracle() throws {
        var random = SeededGenerator(state: 6)
        for _ in 0..<500 {
            let counts = (0..<3).map { _ in Int64.random(in: 0...9, using: &random) }
            let order = DeploymentOrder(
                compact: counts[0], standard: counts[1], premium: counts[2], tier: .certified, termYears: 1,
                payment: .quarterly)
            let year = try DeploymentYear(order, contractYear: 2, book: book.deployment)
            let expected = Oracle.licences(compact: counts[0], standard: counts[1], premium: counts[2])
            #expect(year.licences.cents == expected)
            #expect(year.total == year.lines.map(\.net).reduce(.zero, +))
            #expect(year.licences.allocated(by: [1, 1, 1, 1]).reduce(.zero, +) == year.licences)
        }
    }

    @Test func commissionDoesNotDependOnOrderOrSplit() throws {
        var random = SeededGenerator(state: 8)
        for _ in 0..<500 {
            var lines = (0..<Int.random(in: 0...10, using: &random)).map { _ in
                Commission.Line(
                    platformFee: Money(cents: .random(in: -10_000...500_000, using: &random)),
                    overage: Money(cents: .random(in: 0...90_000, using: &random)))
            }
            let percent = Percent(millionths: .random(in: 0...100_000_000, using: &random))
            let amount = try Commission(lines, percent: percent).amount
            lines.shuffle(using: &random)
            let split = lines.flatMap { line in
                [
                    Commission.Line(platformFee: line.platformFee, overage: .zero),
                    Commission.Line(platformFee: .zero, overage: line.overage),
                ]
            }
            #expect(try Commission(split, percent: percent).amount == amount)
        }
    }

    @Test func vatDoesNotDependOnOrderOrSplit() throws {
        var random = SeededGenerator(state: 9)
        let austria = try #require(Country("AT"))
        let decision = VATDecision(buyer: austria, vatIDValid: false, book: book)
        for _ in 0..<500 {
            let lines = (0..<8).map { _ in Money(cents: .random(in: -100_000...9_000_000, using: &random)) }
            let total = try decision.total(of: lines)
            #expect(try decision.total(of: lines.shuffled(using: &random)) == total)
            #expect(try decision.total(of: [total.net]) == total)
            #expect(total.gross == total.net + total.vat)
            // 20 % is a fifth: at most half a cent away.
            #expect((total.vat.cents * 5 - total.net.cents).magnitude * 2 <= 5)
        }
    }

    @Test func aGuaranteeYearBillsExactlyWhatIsAboveTheGuarantee() throws {
        var random = SeededGenerator(state: 10)
        for _ in 0..<500 {
            let agreement = try RevenueShareAgreement(
                percent: Percent(millionths: .random(in: 15_000_000...20_000_000, using: &random)), resells: true,
                book: book.enterprise)
            let months = try agreement.year(
                (0..<12).map { _ in Money(cents: .random(in: 0...12_000_000, using: &random)) })
            let shares = months.map(\.share).reduce(.zero, +)
            let billed = months.map(\.billed).reduce(.zero, +)
            #expect(billed == max(.zero, shares - agreement.guarantee))
        }
    }
}
