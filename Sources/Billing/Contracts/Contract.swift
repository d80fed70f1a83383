import Crypto
import Kernel
import Rating

/// An organisation's enrolment in one program. What was agreed lies in its versions.
package struct Contract: Sendable, Hashable {
    package let id: ContractID
    package let organisationID: OrganisationID
    package let program: Program
    /// `C-2026-0001`.
    package let number: String
    package let startsOn: CalendarDate
    /// The first day after the contract; `nil` while it renews.
    package let endsOn: CalendarDate?
    package let noticeGivenOn: CalendarDate?
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    /// Whether the contract runs on any day of the month.
    package func runs(in month: BillingMonth) -> Bool {
        startsOn <= month.lastDay && endsOn.map { $0 > month.firstDay } ?? true
    }

    /// The part of a month that belongs to this contract, as instants: usage before the first day and from `endsOn` on
    /// is not billed here.
    package func period(in month: BillingMonth) -> Range<Timestamp> {
        let from = max(startsOn, month.firstDay)
        let until = endsOn.map { min($0, month.next.firstDay) } ?? month.next.firstDay
        let start = Timestamp(microseconds: ViennaTime.instant(from))
        return start..<max(start, Timestamp(microseconds: ViennaTime.instant(until)))
    }
}

/// The terms from one billing month on. An addendum or an order form makes a new version; none is ever changed.
package struct ContractVersion: Sendable, Hashable {
    package let contractID: ContractID
    /// From 1, without gaps.
    package let version: Int64
    package let organisationID: OrganisationID
    package let effectiveMonth: BillingMonth
    package let priceBookVersion: String
    package let terms: ContractTerms
    /// Of what an invoice takes from the contract: see `digest`.
    package let sha256: [UInt8]
    package let createdAt: Timestamp

    /// SHA-256 over the canonical JSON of the contract's fixed part and this version.
    package static func digest(
        of contract: Contract, version: Int64, effective month: BillingMonth, book: String, terms: ContractTerms
    ) throws -> [UInt8] {
        let input = HashInput(
            contract: contract.id, organisation: contract.organisationID, program: contract.program,
            startsOn: contract.startsOn, version: version, effectiveMonth: month, priceBook: book,
            terms: TermsDocument(terms))
        return Array(SHA256.hash(data: try StoredJSON.bytes(of: input)))
    }

    private struct HashInput: Encodable {
        let contract: ContractID
        let organisation: OrganisationID
        let program: Program
        let startsOn: CalendarDate
        let version: Int64
        let effectiveMonth: BillingMonth
        let priceBook: String
        let terms: TermsDocument
    }
}

/// Where a contract stands in time (domain 3).
package struct ContractClock: Sendable, Hashable {
    /// Last day of the running term.
    package let termEndsOn: CalendarDate
    /// Last day on which notice still ends the running term.
    package let noticeDeadline: CalendarDate
    /// Zero or less before the start.
    package let contractMonth: Int
    package let contractYear: Int

    package init(_ contract: Contract, terms: ContractTerms, today: CalendarDate) {
        let term = ContractTerm(start: contract.startsOn, years: terms.termYears)
        termEndsOn = contract.endsOn.map { $0.adding(days: -1) } ?? term.termEnd(on: today)
        noticeDeadline = ContractTerm.noticeDeadline(forTermEnding: termEndsOn)
        contractMonth = term.month(on: today)
        contractYear = term.year(on: today)
    }
}

/// The one master agreement of an organisation: without it there is no contract.
package struct MasterAgreement: Codable, Sendable, Hashable {
    package let organisationID: OrganisationID
    package let reference: String
    package let signedOn: CalendarDate
    package let createdAt: Timestamp
}

extension [ContractVersion] {
    /// The version in force in a month: the newest that is effective by then.
    package func inForce(in month: BillingMonth) -> ContractVersion? {
        filter { $0.effectiveMonth <= month }.max { $0.version < $1.version }
    }
}
