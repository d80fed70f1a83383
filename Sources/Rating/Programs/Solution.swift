/// What a Solution Partner's month is rated from (domain 2.2).
package struct SolutionUsage: Hashable, Sendable {
    /// Counted from 1; see `ContractTerm.month(billing:)`.
    package let contractMonth: Int64
    /// The disclosed annual revenue in force for the month; zero without a disclosure.
    package let arr: Money
    /// Tenants with at least one turn in the month, without the sandbox.
    package let activeTenants: Int64
    /// All turns, the sandbox's too.
    package let turns: Int64

    package init(contractMonth: Int64, arr: Money, activeTenants: Int64, turns: Int64) {
        self.contractMonth = contractMonth
        self.arr = arr
        self.activeTenants = activeTenants
        self.turns = turns
    }
}

/// What can decide a Solution month, in the order in which ties are named.
package enum SolutionCandidate: String, Hashable, Sendable, CaseIterable, Codable {
    case revenueShare = "revenue_share"
    case tenantFloor = "tenant_floor"
    case turnFloor = "turn_floor"
    case firstYearMinimum = "first_year_minimum"

    var words: String {
        switch self {
        case .revenueShare: "revenue share"
        case .tenantFloor: "tenant floor"
        case .turnFloor: "turn floor"
        case .firstYearMinimum: "first-year minimum"
        }
    }
}

/// A rated Solution month: every candidate rounded to cents, the largest is the charge.
package struct SolutionMonth: Hashable, Sendable {
    package let usage: SolutionUsage
    package let revenueShare: Money
    package let tenantFloor: Money
    package let turnFloor: Money
    /// Only in the first contract year.
    package let firstYearMinimum: Money?
    package let charge: Money

    package init(_ usage: SolutionUsage, book: PriceBook.Solution) throws(Refusal) {
        try Inputs.check(usage.contractMonth, 1...Decided.contractMonthLimit, "contract_month")
        try Inputs.check(amount: usage.arr, "arr")
        try Inputs.check(count: usage.activeTenants, "active_tenants")
        try Inputs.check(count: usage.turns, "turns")
        self.usage = usage
        revenueShare = try Money.rounded(book.annualShare(of: usage.arr), over: PriceBook.Solution.monthlyShareDivisor)
        tenantFloor = try UnitPrice(book.activeTenantMonth).net(usage.activeTenants)
        turnFloor = try UnitPrice(book.turn).net(usage.turns)
        firstYearMinimum = usage.contractMonth <= book.firstYearMonths ? book.firstYearMinimumMonth : nil
        charge = max(revenueShare, max(tenantFloor, max(turnFloor, firstYearMinimum ?? .zero)))
    }

    /// A candidate's amount; `nil` where it does not take part.
    package func amount(of candidate: SolutionCandidate) -> Money? {
        switch candidate {
        case .revenueShare: revenueShare
        case .tenantFloor: tenantFloor
        case .turnFloor: turnFloor
        case .firstYearMinimum: firstYearMinimum
        }
    }

    /// Every candidate that reaches the charge; never empty.
    package var winners: [SolutionCandidate] { SolutionCandidate.allCases.filter { amount(of: $0) == charge } }

    /// The month as a line: the first winner's quantity and price, so that quantity × price is the net amount.
    package func line(_ book: PriceBook.Solution) throws(Refusal) -> RatedLine {
        let basis = Basis.solution(self, book)
        switch winners.first {
        case .tenantFloor:
            return try RatedLine(
                .solutionMonth, quantity: usage.activeTenants, unitPrice: UnitPrice(book.activeTenantMonth),
                basis: basis)
        case .turnFloor:
            return try RatedLine(
                .solutionMonth, quantity: usage.turns, unitPrice: UnitPrice(book.turn), basis: basis)
        default:
            return try RatedLine(.solutionMonth, quantity: 1, unitPrice: UnitPrice(Rate(charge)), basis: basis)
        }
    }
}

extension PriceBook.Solution {
    /// A twelfth of the annual share, in cents.
    static let monthlyShareDivisor = Int128(Percent.whole.millionths) * 12

    /// The tiered share of a year's revenue in cents × hundred millionths: exact.
    func annualShare(of arr: Money) -> Int128 {
        var share: Int128 = 0
        var from: Int64 = 0
        for tier in revenueShareTiers {
            let to = min(arr.cents, tier.upTo?.cents ?? arr.cents)
            share += Int128(to - from) * Int128(tier.percent.millionths)
            if to == arr.cents { break }
            from = to
        }
        return share
    }

    /// The smallest revenue whose monthly share reaches `amount`.
    func arr(reaching amount: Money) -> Money {
        // Rounded to cents it reaches `amount` from half a cent below on.
        let needed = Rounding.ceiling(Int128(2 * amount.cents - 1) * PriceBook.Solution.monthlyShareDivisor, over: 2)
        var share: Int128 = 0
        var from: Int64 = 0
        for tier in revenueShareTiers {
            let percent = Int128(tier.percent.millionths)
            if let end = tier.upTo?.cents, share + Int128(end - from) * percent < needed {
                share += Int128(end - from) * percent
                from = end
            } else {
                return Money(cents: from + Int64(clamping: Rounding.ceiling(needed - share, over: percent)))
            }
        }
        return .limit
    }
}

extension Rate {
    /// The smallest quantity whose price, rounded to cents, reaches `amount`; both positive.
    func quantity(reaching amount: Money) -> Int64 {
        let needed = Int128(2 * amount.cents - 1) * Int128(Rate.microsPerCent)
        return Int64(clamping: Rounding.ceiling(needed, over: 2 * Int128(micros)))
    }
}

extension SolutionMonth {
    /// Why the month costs what it costs, and what would change the winner.
    package func explanation(_ book: PriceBook.Solution) -> Explanation {
        let changes = changes(book)
        return Explanation(
            rule: "solution.month",
            inputs: [
                "contract_month": String(usage.contractMonth), "arr": usage.arr.description,
                "active_tenants": String(usage.activeTenants), "turns": String(usage.turns),
            ],
            candidates: SolutionCandidate.allCases.compactMap { candidate in
                amount(of: candidate).map { Explanation.Candidate(name: candidate.rawValue, amount: $0) }
            },
            winners: winners.map(\.rawValue), changes: changes.map(\.change), sentence: sentence(changes.map(\.words)))
    }

    /// From which figure on each loser would win, and what the end of the first year changes.
    private func changes(_ book: PriceBook.Solution) -> [(change: Explanation.Change, words: String)] {
        guard charge > .zero else { return [] }
        var changes: [(change: Explanation.Change, words: String)] = []
        func add(_ candidate: SolutionCandidate, _ input: String, _ from: String, _ words: String) {
            let change = Explanation.Change(candidate: candidate.rawValue, input: input, from: from)
            changes.append((change, "the \(candidate.words) would win from \(words)"))
        }
        if revenueShare < charge {
            let arr = book.arr(reaching: charge)
            add(.revenueShare, "arr", arr.description, "an ARR of \(arr.display)")
        }
        if tenantFloor < charge {
            let count = book.activeTenantMonth.quantity(reaching: charge)
            add(
                .tenantFloor, "active_tenants", String(count), Wording.counted(count, "active tenant", "active tenants")
            )
        }
        if turnFloor < charge {
            let count = book.turn.quantity(reaching: charge)
            add(.turnFloor, "turns", String(count), Wording.counted(count, "turn", "turns"))
        }
        let best = max(revenueShare, max(tenantFloor, turnFloor))
        if firstYearMinimum == charge, best < charge,
            let next = SolutionCandidate.allCases.first(where: { amount(of: $0) == best })
        {
            let month = String(book.firstYearMonths + 1)
            add(next, "contract_month", month, "contract month \(month) with \(best.display)")
        }
        return changes
    }

    private func sentence(_ changes: [String]) -> String {
        let winners = winners
        let names = Wording.list(winners.map { "the " + $0.words })
        let losers = SolutionCandidate.allCases.compactMap { candidate -> String? in
            guard !winners.contains(candidate), let amount = amount(of: candidate) else { return nil }
            return "\(candidate.words) \(amount.display)"
        }
        var text = "\(names) \(winners.count == 1 ? "wins" : "win together") with \(charge.display)"
        if !losers.isEmpty { text += " (\(losers.joined(separator: ", ")))" }
        if !changes.isEmpty { text += "; \(changes.joined(separator: "; "))" }
        return text.prefix(1).uppercased() + text.dropFirst() + "."
    }
}
