import Kernel
import Rating

/// A month of a contract as it is billed: a draft until its inputs are complete, then final and never changed again.
package struct Invoice: Sendable, Hashable {
    /// How far the invoice is.
    package enum State: String, Codable, Sendable, Hashable, CaseIterable {
        case draft, finalised
        /// Closed without an invoice: every line comes to nothing.
        case nothingDue = "nothing_due"
    }

    package let id: InvoiceID
    package let organisationID: OrganisationID
    package let contractID: ContractID
    package let month: BillingMonth
    package let state: State
    /// Only of a finalised one.
    package let issue: Issue?
    package let estimated: Bool
    /// Why a draft is not final yet; empty otherwise.
    package let waitsFor: String
    package let amounts: Amounts
    package let parties: Parties
    package let basis: Basis
    package let createdAt: Timestamp

    /// What finalising adds.
    package struct Issue: Sendable, Hashable {
        package let number: InvoiceNumber
        package let issuedAt: Timestamp
        package let dueOn: CalendarDate
    }

    /// Net, VAT and gross, and how VAT was decided.
    package struct Amounts: Sendable, Hashable {
        package let net: Money
        package let vat: Money
        package let gross: Money
        package let category: VATDecision.Category
        package let percent: Percent
        package let note: String
    }

    /// As they were when the invoice was made.
    package struct Parties: Sendable, Hashable {
        package let seller: BilledParty
        package let buyer: BilledParty
    }

    /// What the figures rest on.
    package struct Basis: Sendable, Hashable {
        package let contractVersion: Int64
        package let priceBookVersion: String
        package let disclosureID: DisclosureID?
        package let hashes: InputHashes
        package let notices: [String]
    }
}

/// `CF-2026-000001`: gapless per series and year of issue.
package struct InvoiceNumber: Sendable, Hashable, CustomStringConvertible {
    package static let series = "CF"

    package let series: String
    package let year: Int
    package let number: Int64

    package var description: String {
        let digits = String(number)
        return "\(series)-\(year)-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
    }
}

/// Terms of payment. *Decided*: thirty days from the day of issue.
package enum PaymentTime {
    package static let days = 30
}

/// An invoice with its lines in their order.
package struct InvoiceRecord: Sendable {
    package let invoice: Invoice
    package let contractNumber: String
    package let program: Program
    package let lines: [DraftLine]
}

/// What final invoices of one program and month come to.
package struct ProgramRevenue: Sendable, Hashable {
    package let program: Program
    package let month: BillingMonth
    package let net: Money
    package let invoices: Int
}

/// Which invoices are wanted.
package struct InvoiceFilter: Sendable {
    package var organisationID: OrganisationID?
    package var contractID: ContractID?
    package var month: BillingMonth?
    package var state: Invoice.State?

    package init() {}
}
