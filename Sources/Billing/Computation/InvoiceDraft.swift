import Kernel
import Rating

/// Lines and totals of a month before they are an invoice. A preview shows it, a close stores it.
package struct InvoiceDraft: Sendable, Hashable {
    package var lines: [DraftLine]
    package var vat: VATDecision
    package var total: VATTotal
    /// The disclosure that the month should have and has not.
    package var missing: DisclosureBasis?
    /// The disclosure in force for the month.
    package var disclosureID: DisclosureID?
    /// Worth knowing, never charged.
    package var notices: [String]
    package var hashes: InputHashes

    /// Everything comes to nothing: no invoice is sent, the month is closed with its statement.
    package var isNothingDue: Bool { lines.allSatisfy { $0.net == .zero } }
}

/// SHA-256 of the three inputs of an invoice.
package struct InputHashes: Sendable, Hashable {
    package let contract: [UInt8]
    package let usage: [UInt8]
    package let priceBook: [UInt8]
}

/// One line of an invoice with why it is what it is.
package struct DraftLine: Sendable, Hashable {
    /// Whether a line is billed for the first time or settles an earlier month.
    package enum Reason: String, Codable, Sendable, Hashable, CaseIterable { case regular, adjustment }

    /// With contract, period and reason the idempotency key of the charge.
    package var charge: String
    package var periodStart: CalendarDate
    package var periodEnd: CalendarDate
    package var reason = Reason.regular
    /// The month whose invoice carries an adjustment.
    package var adjustedIn: BillingMonth?
    package var description: String
    package var quantity: String
    package var unitPrice: String
    package var net: Money
    package var explanation: Explanation
}
