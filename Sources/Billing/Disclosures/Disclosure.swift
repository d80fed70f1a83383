import Kernel
import Rating

/// A partner's statement of its end-customers' recurring revenue for one month, by a named person. Nothing is
/// overwritten: the latest of a month is in force, and a later one never changes a final invoice.
package struct Disclosure: Sendable, Hashable {
    package let id: DisclosureID
    package let organisationID: OrganisationID
    package let contractID: ContractID
    package let month: BillingMonth
    package let basis: DisclosureBasis
    package let amount: Money
    package let disclosedBy: String
    package let note: String
    package let disclosedAt: Timestamp
}

/// The revenue that a month is billed on.
package enum DisclosedRevenue: Sendable, Hashable {
    case disclosed(Disclosure)
    /// The month's own is missing: the last known figure, zero when there never was one.
    case estimated(Money)

    package var amount: Money {
        switch self {
        case .disclosed(let disclosure): disclosure.amount
        case .estimated(let amount): amount
        }
    }

    package var isEstimated: Bool { if case .estimated = self { true } else { false } }
}

extension [Disclosure] {
    /// The latest disclosure of a month; of equal times the greater id, so that the answer never depends on the order.
    package func latest(for month: BillingMonth) -> Disclosure? {
        filter { $0.month == month }.max { ($0.disclosedAt, $0.id) < ($1.disclosedAt, $1.id) }
    }

    /// The figure for a month: its own disclosure, or the last known one of an earlier month.
    package func revenue(for month: BillingMonth) -> DisclosedRevenue {
        if let own = latest(for: month) { return .disclosed(own) }
        let earlier = filter { $0.month < month }.map(\.month).max()
        return .estimated(earlier.flatMap { latest(for: $0)?.amount } ?? .zero)
    }
}
