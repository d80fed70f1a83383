import Billing
import Rating
import Web

/// What was agreed in a contract, for people.
extension ContractTerms {
    /// In a few words: "Certified, 25 Standard".
    var summary: String {
        switch self {
        case .enterprise(let terms):
            let parts = [
                terms.sla.map { "\(DisplayText.words($0.rawValue)) SLA" },
                terms.revenueShare.map { "\($0.percent) % of end-customer MRR" },
            ].compactMap(\.self)
            return parts.isEmpty ? "Price book" : parts.joined(separator: ", ")
        case .solution(let terms):
            return terms.volumeAgreement.map { "Wholesale, \(DisplayText.count($0.committedTurns)) turns" }
                ?? "Revenue share"
        case .deployment(let terms):
            let orders = (terms.orders ?? []).map(\.sizes)
            return ([DisplayText.words(terms.tier.rawValue)] + orders).joined(separator: ", ")
        }
    }

    var facts: [Fact] {
        switch self {
        case .enterprise(let terms): terms.facts
        case .solution(let terms): terms.facts
        case .deployment(let terms): terms.facts
        }
    }
}

extension EnterpriseTerms {
    fileprivate var facts: [Fact] {
        [
            Fact("SLA", text: sla.map { DisplayText.words($0.rawValue) } ?? "None"),
            Fact("Voice price", text: voice?.minutePrice.map { "\($0) a minute" } ?? "Price book"),
            Fact("Voice rounding", text: voice?.increment?.rawValue ?? "By the millisecond"),
            Fact("Revenue share", text: revenueShare.map { "\($0.percent) % of end-customer MRR" }),
        ]
    }
}

extension SolutionTerms {
    fileprivate var facts: [Fact] {
        guard let volumeAgreement else {
            return [Fact("Share", text: "Of end-customer ARR, with floors per tenant and per turn")]
        }
        return [
            Fact("Volume agreement", text: "\(DisplayText.count(volumeAgreement.committedTurns)) turns a month"),
            Fact("Price per turn", text: "\(volumeAgreement.price)"),
            Fact("Commitment, operations, model access", text: "With the partner"),
        ]
    }
}

extension DeploymentTerms {
    fileprivate var facts: [Fact] {
        [Fact("Tier", text: DisplayText.words(tier.rawValue))]
            + (orders ?? []).map { order in
                let years = order.termYears == 1 ? "1 year" : "\(order.termYears) years"
                return Fact(
                    "Order \(order.reference)",
                    text: "\(order.sizes), \(years), \(DisplayText.words(order.payment.rawValue).lowercased())")
            }
    }
}

extension InstanceOrder {
    /// "25 Standard"
    fileprivate var sizes: String {
        [(compact, "Compact"), (standard, "Standard"), (premium, "Premium")]
            .compactMap { count, name in count.flatMap { $0 > 0 ? "\($0) \(name)" : nil } }.joined(separator: ", ")
    }

    /// How many instances there are.
    var instances: Int64 { (compact ?? 0) + (standard ?? 0) + (premium ?? 0) }
}
