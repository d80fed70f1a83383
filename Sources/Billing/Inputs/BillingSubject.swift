import Kernel
import Rating

/// Everything that a contract's invoice is computed from, read once. No part of it is looked up later, so the same
/// subject always gives the same lines.
package struct BillingSubject: Sendable {
    package let contract: Contract
    package let versions: [ContractVersion]
    /// Published price books by version; only those that the contract's versions pin.
    package let books: [String: PublishedPriceBook]
    package let buyer: BilledParty
    package let tenants: [TenantTimeline]
    /// Every disclosure of the contract in the order of arrival.
    package let disclosures: [Disclosure]
    /// Deployments whose size is known: their capacity is reported, never charged.
    package var instances: [SizedInstance] = []

    package init(
        contract: Contract, versions: [ContractVersion], books: [String: PublishedPriceBook], buyer: BilledParty,
        tenants: [TenantTimeline], disclosures: [Disclosure]
    ) {
        self.contract = contract
        self.versions = versions
        self.books = books
        self.buyer = buyer
        self.tenants = tenants
        self.disclosures = disclosures
    }

    /// The version in force in a month with its price book.
    package func terms(in month: BillingMonth) throws(BillingDefect) -> (ContractVersion, PublishedPriceBook) {
        guard let version = versions.inForce(in: month) else { throw .noVersion(month) }
        guard let book = books[version.priceBookVersion] else { throw .noPriceBook(version.priceBookVersion) }
        return (version, book)
    }

    package var term: ContractTerm { ContractTerm(start: contract.startsOn) }
}

/// A price book that was published, with the hash that invoices name.
package struct PublishedPriceBook: Sendable {
    package let book: PriceBook
    package let sha256: [UInt8]

    package init(book: PriceBook, sha256: [UInt8]) {
        self.book = book
        self.sha256 = sha256
    }
}

/// A party of an invoice as it was when the invoice was made.
package struct BilledParty: Codable, Hashable, Sendable {
    package let organisationID: OrganisationID
    package let legalName: String
    package let address: String
    package let country: String
    package let vatID: String?
    package let vatIDValid: Bool
    package let billingEmail: String
    package let publicSector: Bool
    package let criticalInfrastructure: Bool
}

/// Why a contract's month cannot be computed: it is parked with this reason, the others go on.
package enum BillingDefect: Error, Sendable, CustomStringConvertible {
    case noVersion(BillingMonth)
    case noPriceBook(String)
    case unknownCountry(String)
    case refused(Refusal)

    package var description: String {
        switch self {
        case .noVersion(let month): "The contract has no terms for \(month)."
        case .noPriceBook(let version): "Price book \(version) is not published here."
        case .unknownCountry(let country): "The organisation's country '\(country)' is not known."
        case .refused(let refusal): "The price book refuses: \(refusal.message)."
        }
    }
}

/// Metered sums of one month of a contract: whatever arrived until now, late or not.
package struct MonthUsage: Sendable, Hashable {
    package var turns: [TenantID: Int64] = [:]
    /// Milliseconds of metered calls; rounded per call where the contract agrees it.
    package var voice: [TenantID: Int64] = [:]
    /// What was charged for in the same month under an earlier contract: a month includes its minutes once.
    package var voiceBefore: [TenantID: Int64] = [:]

    package init(turns: [TenantID: Int64] = [:], voice: [TenantID: Int64] = [:]) {
        self.turns = turns
        self.voice = voice
    }

    package var totalTurns: Int64 { turns.values.reduce(0, +) }
}

/// A final month that may need an adjustment: what was billed for its usage, and its usage as it is known now.
package struct PriorMonth: Sendable {
    package let month: BillingMonth
    package let usage: MonthUsage
    /// Net sums by charge over the month's invoice and earlier adjustments.
    package let billed: [String: Money]
    /// What came after the invoice, for the explanation.
    package let causes: [Cause]

    /// What arrived after the invoice.
    package enum Cause: String, Codable, Sendable, Hashable {
        case lateUsage = "late_usage"
        case disclosure
    }

    package init(month: BillingMonth, usage: MonthUsage, billed: [String: Money], causes: [Cause]) {
        self.month = month
        self.usage = usage
        self.billed = billed
        self.causes = causes
    }
}

extension PriorMonth {
    /// What came later, for a sentence.
    var words: String {
        causes.map { $0 == .lateUsage ? "usage that arrived late" : "a later disclosure" }.joined(separator: " and ")
    }
}
