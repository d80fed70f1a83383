import Kernel
import Rating

/// What a contract agrees, by its program. A contract has exactly one program, so these cannot mix.
package enum ContractTerms: Hashable, Sendable {
    case enterprise(EnterpriseTerms)
    case solution(SolutionTerms)
    case deployment(DeploymentTerms)

    package var program: Program {
        switch self {
        case .enterprise: .enterprise
        case .solution: .solution
        case .deployment: .deployment
        }
    }

    /// Lines of order forms with a price of their own.
    package var lines: [OrderFormLine] {
        switch self {
        case .enterprise(let terms): terms.lines ?? []
        case .solution(let terms): terms.lines ?? []
        case .deployment(let terms): terms.lines ?? []
        }
    }

    /// Whether end-customer revenue has to be disclosed each month, and which figure.
    package var disclosureBasis: DisclosureBasis? {
        switch self {
        case .enterprise(let terms): terms.revenueShare == nil ? nil : .mrr
        case .solution(let terms): terms.volumeAgreement == nil ? .arr : nil
        case .deployment: nil
        }
    }

    /// Length of the contract's term: a bundle may ask for more than the usual year.
    package var termYears: Int {
        guard case .deployment(let terms) = self else { return 1 }
        return Int(terms.orders?.map(\.termYears).max() ?? 1)
    }
}

/// Enterprise Platform License (domain 2.1).
package struct EnterpriseTerms: Codable, Hashable, Sendable {
    /// No service level unless one is agreed.
    package var sla: ServiceLevelName?
    /// Prices and rounding of voice that differ from the price book.
    package var voice: VoiceTerms?
    /// A share of end-customer revenue in place of the fee per tenant.
    package var revenueShare: ShareTerms?
    package var lines: [OrderFormLine]?

    package init(
        sla: ServiceLevelName? = nil, voice: VoiceTerms? = nil, revenueShare: ShareTerms? = nil,
        lines: [OrderFormLine]? = nil
    ) {
        self.sla = sla
        self.voice = voice
        self.revenueShare = revenueShare
        self.lines = lines
    }
}

/// What is agreed on voice beside the price book.
package struct VoiceTerms: Codable, Hashable, Sendable {
    /// Per minute beyond the included ones, in place of the price book's.
    package var minutePrice: Rate?
    /// Rounding per call in place of whole milliseconds.
    package var increment: CallIncrement?

    package init(minutePrice: Rate? = nil, increment: CallIncrement? = nil) {
        self.minutePrice = minutePrice
        self.increment = increment
    }
}

/// The revenue share in place of the fee per tenant.
package struct ShareTerms: Codable, Hashable, Sendable {
    package var percent: Percent
    /// The licensee confirms that it resells: internal use keeps the fee per tenant.
    package var resells: Bool

    package init(percent: Percent, resells: Bool) {
        self.percent = percent
        self.resells = resells
    }
}

/// Solution Partner (domain 2.2).
package struct SolutionTerms: Codable, Hashable, Sendable {
    /// The wholesale alternative; without it every turn costs the price book's price at any volume.
    package var volumeAgreement: VolumeTerms?
    package var lines: [OrderFormLine]?

    package init(volumeAgreement: VolumeTerms? = nil, lines: [OrderFormLine]? = nil) {
        self.volumeAgreement = volumeAgreement
        self.lines = lines
    }
}

/// An individual volume agreement: the wholesale alternative.
package struct VolumeTerms: Codable, Hashable, Sendable {
    package var committedTurns: Int64
    package var price: Rate
    /// The agreement's three conditions: what is the partner's or the end-customer's, not the vendor's.
    package var partnerCommits: Bool
    package var partnerOperates: Bool
    package var partnerHasModelAccess: Bool

    /// An agreement whose three conditions are confirmed, or none of them.
    package init(committedTurns: Int64, price: Rate, confirmed: Bool) {
        self.committedTurns = committedTurns
        self.price = price
        partnerCommits = confirmed
        partnerOperates = confirmed
        partnerHasModelAccess = confirmed
    }
}

/// Deployment Partner (domain 2.3).
package struct DeploymentTerms: Codable, Hashable, Sendable {
    package var tier: PartnerTier
    package var orders: [InstanceOrder]?
    package var lines: [OrderFormLine]?

    package init(tier: PartnerTier, orders: [InstanceOrder]? = nil, lines: [OrderFormLine]? = nil) {
        self.tier = tier
        self.orders = orders
        self.lines = lines
    }
}

/// One order of instances; a bundle is reached within one order.
package struct InstanceOrder: Codable, Hashable, Sendable {
    /// Unique within the contract; names the order's charges.
    package var reference: String
    package var compact: Int64?
    package var standard: Int64?
    package var premium: Int64?
    package var termYears: Int64
    package var payment: PaymentTerms
    /// First day of the order's first year; the contract's start unless said otherwise.
    package var startsOn: CalendarDate?
    /// The bundle that the order form promises, by its number of instances: refused when the order does not get it.
    package var bundle: Int64?

    package init(
        reference: String, _ counts: [InstanceSize: Int64], termYears: Int64, payment: PaymentTerms,
        startsOn: CalendarDate? = nil, bundle: Int64? = nil
    ) {
        self.reference = reference
        compact = counts[.compact]
        standard = counts[.standard]
        premium = counts[.premium]
        self.termYears = termYears
        self.payment = payment
        self.startsOn = startsOn
        self.bundle = bundle
    }

    /// The order as the rules of price know it.
    package func order(tier: PartnerTier) -> DeploymentOrder {
        DeploymentOrder(
            compact: compact ?? 0, standard: standard ?? 0, premium: premium ?? 0, tier: tier, termYears: termYears,
            payment: payment)
    }
}

/// A line of an order form with its own price: governance, additional turn capacity, services.
package struct OrderFormLine: Codable, Hashable, Sendable {
    /// Unique within the contract; names the charge on invoices.
    package var reference: String
    package var title: String
    /// One unless said otherwise.
    package var quantity: Int64?
    package var price: Rate
    package var every: Recurrence
    package var from: BillingMonth
    /// The last month; without end when absent. Not for `once`.
    package var until: BillingMonth?

    package init(
        reference: String, title: String, price: Rate, every: Recurrence, from: BillingMonth, until: BillingMonth? = nil
    ) {
        self.reference = reference
        self.title = title
        self.price = price
        self.every = every
        self.from = from
        self.until = until
    }

    /// Whether the line is charged in `month`.
    package func falls(in month: BillingMonth) -> Bool {
        guard month >= from, until.map({ month <= $0 }) ?? true else { return false }
        return switch every {
        case .once: month == from
        case .monthly: true
        case .yearly: month.months(since: from).isMultiple(of: Decided.monthsPerYear)
        }
    }
}

/// How often a line is charged.
package enum Recurrence: String, Codable, Hashable, Sendable, CaseIterable {
    case once, monthly, yearly
}

/// Which figure a partner discloses: annualised or monthly recurring revenue of its end-customers.
package enum DisclosureBasis: String, Codable, Hashable, Sendable, CaseIterable {
    case arr, mrr
}

/// The terms as they travel and are stored: one member, named after the program.
package struct TermsDocument: Codable, Hashable, Sendable {
    package var enterprise: EnterpriseTerms?
    package var solution: SolutionTerms?
    package var deployment: DeploymentTerms?

    package init(_ terms: ContractTerms) {
        switch terms {
        case .enterprise(let terms): enterprise = terms
        case .solution(let terms): solution = terms
        case .deployment(let terms): deployment = terms
        }
    }

    package init(
        enterprise: EnterpriseTerms? = nil, solution: SolutionTerms? = nil, deployment: DeploymentTerms? = nil
    ) {
        self.enterprise = enterprise
        self.solution = solution
        self.deployment = deployment
    }

    /// The one program's terms; refuses none and several.
    package func terms() throws(Problem) -> ContractTerms {
        switch (enterprise, solution, deployment) {
        case (let terms?, nil, nil): return .enterprise(terms)
        case (nil, let terms?, nil): return .solution(terms)
        case (nil, nil, let terms?): return .deployment(terms)
        default:
            throw .invalid(
                "enterprise", "send the terms of exactly one program: 'enterprise', 'solution' or 'deployment'")
        }
    }
}

extension ContractTerms {
    /// The same terms with one more line.
    package func adding(_ line: OrderFormLine) -> ContractTerms {
        switch self {
        case .enterprise(var terms):
            terms.lines = (terms.lines ?? []) + [line]
            return .enterprise(terms)
        case .solution(var terms):
            terms.lines = (terms.lines ?? []) + [line]
            return .solution(terms)
        case .deployment(var terms):
            terms.lines = (terms.lines ?? []) + [line]
            return .deployment(terms)
        }
    }
}
