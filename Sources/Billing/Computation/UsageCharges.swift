import Kernel
import Rating

/// The charges of a month that rest on usage, tenants or disclosures: computed with the invoice, and again when
/// something arrives late.
struct UsageCharges {
    let subject: BillingSubject
    let month: BillingMonth
    let version: ContractVersion
    let book: PriceBook

    init(_ subject: BillingSubject, month: BillingMonth) throws(BillingDefect) {
        self.subject = subject
        self.month = month
        let (version, published) = try subject.terms(in: month)
        self.version = version
        book = published.book
    }

    func lines(_ usage: MonthUsage) throws -> [DraftLine] {
        guard subject.contract.runs(in: month) else { return [] }
        return switch version.terms {
        case .enterprise(let terms): try enterprise(terms, usage)
        case .solution(let terms): try solution(terms, usage)
        case .deployment: []
        }
    }

    private var period: Range<Timestamp> { subject.contract.period(in: month) }
    private var contractMonth: Int { subject.term.month(billing: month) }

    /// Whether a contract month begins in this calendar month: not in the last one of a contract that ends within.
    private var monthBegins: Bool {
        subject.contract.endsOn.map { subject.term.firstDay(ofMonth: contractMonth) < $0 } ?? true
    }

    // MARK: Solution

    private func solution(_ terms: SolutionTerms, _ usage: MonthUsage) throws -> [DraftLine] {
        if let agreed = terms.volumeAgreement {
            let agreement = try WholesaleAgreement(
                committedTurns: agreed.committedTurns, price: agreed.price, book: book.solution)
            let rated = try WholesaleMonth(turns: usage.totalTurns, agreement: agreement).line()
            return [line(rated, "Turns by volume agreement, \(month.words)")]
        }
        let revenue = subject.disclosures.revenue(for: month)
        let rated = try SolutionMonth(
            SolutionUsage(
                contractMonth: Int64(contractMonth), arr: revenue.amount, activeTenants: activeTenants(usage),
                turns: usage.totalTurns), book: book.solution
        ).line(book.solution)
        var result = line(rated, "Solution Partner, \(month.words)")
        result.explain(revenue)
        return [result]
    }

    /// Production tenants with at least one turn; a sandbox's turns count as turns only.
    private func activeTenants(_ usage: MonthUsage) -> Int64 {
        Int64(subject.tenants.count { usage.turns[$0.tenantID, default: 0] > 0 && $0.isProduction(in: period) })
    }

    // MARK: Enterprise

    private func enterprise(_ terms: EnterpriseTerms, _ usage: MonthUsage) throws -> [DraftLine] {
        let speaking = subject.tenants.filter { $0.hasVoice(in: period) }.sorted { $0.tenantID < $1.tenantID }
        let peak = TenantTimeline.peakBillable(subject.tenants, in: period)
        let rated = try EnterpriseMonth(
            EnterpriseUsage(
                peakBillableTenants: terms.revenueShare == nil ? peak : 0,
                voiceMillisecondsByTenant: speaking.map { usage.voice[$0.tenantID, default: 0] },
                voiceUsedBeforeByTenant: speaking.map { usage.voiceBefore[$0.tenantID, default: 0] },
                serviceLevel: monthBegins ? terms.sla : nil, sector: sector(terms), increment: terms.voice?.increment),
            book: book.enterprise.agreeing(voiceMinute: terms.voice?.minutePrice))
        var lines = rated.lines.map { rated in
            switch rated.kind {
            case .voiceOverage(let index):
                line(
                    rated, "Voice beyond the included minutes: \(speaking[index].name)",
                    charge: "voice_overage:\(speaking[index].tenantID)")
            case .tenantBeyondIncluded: line(rated, "Tenants beyond \(book.enterprise.includedTenants), \(month.words)")
            case .voiceAddon: line(rated, "Voice add-on, \(month.words)")
            case .serviceLevel(let level): line(rated, "\(level.rawValue.capitalised) SLA, \(month.words)")
            default: line(rated, "\(rated.kind)")
            }
        }
        if terms.revenueShare != nil { lines.append(try share()) }
        return lines
    }

    /// The premium level stands in the explanation as mandatory only where it was agreed; a customer that joined such a
    /// sector after signing is a matter for its next order form, not for this invoice.
    private func sector(_ terms: EnterpriseTerms) -> Sector {
        guard terms.sla == .premium, monthBegins else { return .privateSector }
        return subject.buyer.publicSector
            ? .publicSector : subject.buyer.criticalInfrastructure ? .criticalInfrastructure : .privateSector
    }

    /// The share of the month after the months of the same contract year before it have recouped the licence.
    private func share() throws -> DraftLine {
        let monthOfYear = (contractMonth - 1) % Decided.monthsPerYear
        var left = book.enterprise.annualLicence
        for offset in (0...monthOfYear).reversed() {
            let month = month.advanced(by: -offset)
            guard case .enterprise(let terms) = try subject.terms(in: month).0.terms, let share = terms.revenueShare
            else { continue }
            let revenue = subject.disclosures.revenue(for: month)
            let rated = try GuaranteeMonth(mrr: revenue.amount, percent: share.percent, guaranteeLeft: left)
            left = rated.guaranteeLeftAfter
            guard offset == 0 else { continue }
            var result = line(try rated.line(), "Revenue share beyond the licence, \(month.words)")
            result.explain(revenue)
            return result
        }
        throw BillingDefect.noVersion(month)
    }

    private func line(_ rated: RatedLine, _ description: String, charge: String? = nil) -> DraftLine {
        DraftLine(rated, description, charge: charge, from: month.firstDay, to: month.lastDay)
    }
}

extension DraftLine {
    init(_ rated: RatedLine, _ description: String, charge: String? = nil, from: CalendarDate, to: CalendarDate) {
        let price = rated.unitPrice.description
        self.init(
            charge: charge ?? rated.kind.description, periodStart: from, periodEnd: to, description: description,
            quantity: String(rated.quantity),
            unitPrice: rated.discount == .zero ? price : "\(price) −\(rated.discount) %", net: rated.net,
            explanation: rated.explanation)
    }

    /// Says whose figure a line rests on.
    mutating func explain(_ revenue: DisclosedRevenue) {
        switch revenue {
        case .disclosed(let disclosure):
            explanation = explanation.adding([
                "disclosure": disclosure.id.description, "disclosed_by": disclosure.disclosedBy,
            ])
        case .estimated(let amount):
            explanation = explanation.adding(
                ["estimated": "true"],
                sentence:
                    "Estimated: the disclosure of this month is missing, the last known figure is \(amount.display)."
            )
        }
    }
}

extension BillingMonth {
    /// `October 2026`.
    var words: String {
        let names = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
        return "\(names[month - 1]) \(year)"
    }
}

extension String {
    var capitalised: String { prefix(1).uppercased() + dropFirst() }
}
