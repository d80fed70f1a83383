/// One line of a bill: `net` is quantity × unit price less the discount, rounded once. Its explanation is made only when
/// somebody asks.
package struct RatedLine: Hashable, Sendable {
    package let kind: LineKind
    package let quantity: Int64
    package let unitPrice: UnitPrice
    package let discount: Percent
    package let net: Money
    let basis: Basis

    init(
        _ kind: LineKind, quantity: Int64, unitPrice: UnitPrice, discount: Percent = .zero, basis: Basis
    ) throws(Refusal) {
        self.kind = kind
        self.quantity = quantity
        self.unitPrice = unitPrice
        self.discount = discount
        self.basis = basis
        net = try unitPrice.net(quantity, discount: discount)
    }

    /// Why this line is what it is: the rule, its inputs, the candidates and what would change the winner.
    package var explanation: Explanation { basis.explanation(of: self) }
}

/// What a line charges. The text is stable: invoices and quotes carry it.
package enum LineKind: Hashable, Sendable, CustomStringConvertible {
    case solutionMonth, solutionWholesale, solutionOnboarding
    case annualLicence, tenantBeyondIncluded, voiceAddon
    /// Beyond the included minutes, of the tenant at this place of the input's list.
    case voiceOverage(Int)
    case serviceLevel(ServiceLevelName)
    case implementation
    case revenueShareBeyondGuarantee
    case deploymentLicence(InstanceSize)
    case tierYear(PartnerTier)
    case tierOnboarding(PartnerTier)
    /// By its own price, with the order form's reference.
    case orderForm(String)

    package var description: String {
        switch self {
        case .solutionMonth: "solution_month"
        case .solutionWholesale: "solution_wholesale"
        case .solutionOnboarding: "solution_onboarding"
        case .annualLicence: "annual_licence"
        case .tenantBeyondIncluded: "tenant_beyond_included"
        case .voiceAddon: "voice_addon"
        case .voiceOverage(let index): "voice_overage[\(index)]"
        case .serviceLevel(let level): "sla_\(level.rawValue)"
        case .implementation: "implementation"
        case .revenueShareBeyondGuarantee: "revenue_share_beyond_guarantee"
        case .deploymentLicence(let size): "deployment_licence_\(size.rawValue)"
        case .tierYear(let tier): "tier_year_\(tier.rawValue)"
        case .tierOnboarding(let tier): "tier_onboarding_\(tier.rawValue)"
        case .orderForm(let reference): "order_form:\(reference)"
        }
    }
}

/// The facts behind a line, from which its explanation is written.
enum Basis: Hashable, Sendable {
    case solution(SolutionMonth, PriceBook.Solution)
    case wholesale(WholesaleMonth)
    case tenantsBeyond(peak: Int64, included: Int64)
    case voiceTenants(includedMinutes: Int64)
    case voiceOverage(
        milliseconds: Int64, includedMilliseconds: Int64, usedBefore: Int64, increment: CallIncrement?)
    case serviceLevel(ServiceLevelName, Sector, mandatory: Bool)
    case share(GuaranteeMonth)
    case licence(BundleChoice)
    case flat(rule: String, sentence: String)
    case orderForm(OrderFormItem)
}

/// A line's reasons as data, with one sentence for people. Stored beside the line, so its shape only grows.
package struct Explanation: Hashable, Sendable, Codable {
    /// One input by its name, as text.
    package struct Fact: Hashable, Sendable, Codable {
        package let name: String
        package let value: String
    }

    /// One of the amounts of which the highest is charged.
    package struct Candidate: Hashable, Sendable, Codable {
        package let name: String
        package let amount: Money
    }

    /// `candidate` would win, or apply, as soon as `input` is `from` or more (for a word: is `from`).
    package struct Change: Hashable, Sendable, Codable {
        package let candidate: String
        package let input: String
        package let from: String
    }

    /// Stable id of the rule, for example `solution.month`.
    package let rule: String
    package let inputs: [Fact]
    /// Empty where nothing competes.
    package let candidates: [Candidate]
    package let winners: [String]
    package let changes: [Change]
    /// Short plain English.
    package let sentence: String

    init(
        rule: String, inputs: KeyValuePairs<String, String>, candidates: [Candidate] = [], winners: [String] = [],
        changes: [Change] = [], sentence: String
    ) {
        self.rule = rule
        self.inputs = inputs.map { Fact(name: $0.key, value: $0.value) }
        self.candidates = candidates
        self.winners = winners
        self.changes = changes
        self.sentence = sentence
    }
}

extension Basis {
    func explanation(of line: RatedLine) -> Explanation {
        switch self {
        case .solution(let month, let book): month.explanation(book)
        case .wholesale(let month): month.explanation
        case .tenantsBeyond(let peak, let included):
            EnterpriseMonth.explainTenants(line, peak: peak, included: included)
        case .voiceTenants(let minutes): EnterpriseMonth.explainVoice(line, includedMinutes: minutes)
        case .voiceOverage(let used, let included, let before, let increment):
            EnterpriseMonth.explainOverage(
                line, used: used, included: included, before: before, increment: increment)
        case .serviceLevel(let level, let sector, let mandatory):
            EnterpriseMonth.explainServiceLevel(line, level: level, sector: sector, mandatory: mandatory)
        case .share(let month): month.explanation
        case .licence(let choice): choice.explanation(of: line)
        case .flat(let rule, let sentence):
            Explanation(
                rule: rule, inputs: ["quantity": String(line.quantity), "unit_price": line.unitPrice.description],
                sentence: sentence)
        case .orderForm(let item): item.explanation(of: line)
        }
    }
}

/// Words for sentences.
enum Wording {
    /// `1,234,567`.
    static func grouped(_ number: Int64, negative: Bool = false) -> String {
        var digits = Array(String(number.magnitude))
        var position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: position)
            position -= 3
        }
        return (negative || number < 0 ? "-" : "") + String(digits)
    }

    static func counted(_ number: Int64, _ one: String, _ many: String) -> String {
        "\(grouped(number)) \(number == 1 ? one : many)"
    }

    /// `a`, `a and b`, `a, b and c`.
    static func list(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " and " + last
    }
}
