import Kernel
import Rating

/// The charges of a month that follow from the contract alone: licences in advance, once-only items, order forms.
struct FixedCharges {
    let contract: Contract
    let month: BillingMonth
    let terms: ContractTerms
    let book: PriceBook
    private let term: ContractTerm

    init(_ subject: BillingSubject, month: BillingMonth) throws(BillingDefect) {
        contract = subject.contract
        self.month = month
        let (version, published) = try subject.terms(in: month)
        terms = version.terms
        book = published.book
        term = subject.term
    }

    func lines() throws -> [DraftLine] {
        guard contract.runs(in: month) else { return [] }
        var lines: [DraftLine] = []
        switch terms {
        case .enterprise: lines = try enterprise()
        case .solution: lines = isFirstMonth ? [once(try SolutionMonth.onboarding(book.solution), "Onboarding")] : []
        case .deployment(let terms): lines = try deployment(terms)
        }
        for agreed in terms.lines where agreed.falls(in: month) {
            let rated = try agreed.item().line()
            let end =
                agreed.every == .yearly
                ? month.advanced(by: Decided.monthsPerYear).firstDay.adding(days: -1) : month.lastDay
            lines.append(DraftLine(rated, agreed.title, from: month.firstDay, to: end))
        }
        return lines
    }

    private var contractMonth: Int { term.month(billing: month) }
    private var isFirstMonth: Bool { contractMonth == 1 }

    private func enterprise() throws -> [DraftLine] {
        var lines: [DraftLine] = []
        if let year = Period(of: term, length: Decided.monthsPerYear, beginningIn: month, of: contract) {
            lines.append(
                DraftLine(
                    try EnterpriseMonth.annualLicence(book.enterprise), "Annual licence, contract year \(year.number)",
                    from: year.first, to: year.last))
        }
        if isFirstMonth { lines.append(once(try EnterpriseMonth.implementation(book.enterprise), "Implementation")) }
        return lines
    }

    private func deployment(_ terms: DeploymentTerms) throws -> [DraftLine] {
        var lines: [DraftLine] = []
        if let year = Period(of: term, length: Decided.monthsPerYear, beginningIn: month, of: contract) {
            let none = DeploymentOrder(
                compact: 0, standard: 0, premium: 0, tier: terms.tier, termYears: 1, payment: .prepaid)
            for rated in try DeploymentYear(none, contractYear: Int64(year.number), book: book.deployment).lines {
                let name = "Partner tier \(terms.tier.rawValue.capitalised)"
                if case .tierOnboarding = rated.kind {
                    lines.append(once(rated, name + ", once"))
                } else {
                    lines.append(
                        DraftLine(rated, "\(name), contract year \(year.number)", from: year.first, to: year.last))
                }
            }
        }
        for order in terms.orders ?? [] { lines += try licences(order, tier: terms.tier) }
        return lines
    }

    /// An order's licences when one of its years begins, or a quarter of them when one of its quarters does.
    private func licences(_ order: InstanceOrder, tier: PartnerTier) throws -> [DraftLine] {
        let quarterly = order.payment == .quarterly
        let orderTerm = ContractTerm(start: order.startsOn ?? contract.startsOn, years: Int(order.termYears))
        let length = quarterly ? Decided.monthsPerQuarter : Decided.monthsPerYear
        guard let period = Period(of: orderTerm, length: length, beginningIn: month, of: contract) else { return [] }
        let quarters = Decided.monthsPerYear / Decided.monthsPerQuarter
        let year = quarterly ? (period.number - 1) / quarters + 1 : period.number
        let rated = try DeploymentYear(order.order(tier: tier), contractYear: Int64(year), book: book.deployment).lines
        return rated.compactMap { rated in
            guard case .deploymentLicence(let size) = rated.kind else { return nil }
            var line = DraftLine(
                rated, "Order \(order.reference): \(size.rawValue.capitalised), year \(year)",
                charge: "\(rated.kind):\(order.reference)", from: period.first, to: period.last)
            if quarterly {
                let quarter = (period.number - 1) % quarters
                line.net = rated.net.allocated(by: [Int64](repeating: 1, count: quarters))[quarter]
                line.description += ", quarter \(quarter + 1)"
                line.unitPrice += ", a quarter"
                line.explanation = line.explanation.adding(
                    ["year_net": rated.net.description],
                    sentence: "Quarter \(quarter + 1) of \(rated.net.display) a year.")
            }
            return line
        }
    }

    private func once(_ rated: RatedLine, _ description: String) -> DraftLine {
        DraftLine(rated, description, from: term.start, to: term.start)
    }
}

extension Decided {
    static let monthsPerQuarter = 3
}

/// A year or quarter of a term that begins in a given calendar month.
struct Period {
    /// From 1.
    let number: Int
    let first: CalendarDate
    let last: CalendarDate

    /// `nil` when none begins in the month, or the contract is over by then.
    init?(of term: ContractTerm, length: Int, beginningIn month: BillingMonth, of contract: Contract) {
        let index = term.month(billing: month) - 1
        guard index >= 0, index.isMultiple(of: length) else { return nil }
        first = term.firstDay(ofMonth: index + 1)
        if let end = contract.endsOn, first >= end { return nil }
        number = index / length + 1
        last = term.firstDay(ofMonth: index + length + 1).adding(days: -1)
    }
}
