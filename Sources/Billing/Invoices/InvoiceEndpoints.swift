import Kernel
import Rating
import Tenancy
import Web

/// One invoice on the wire. Lists have it without `details` and `lines`.
package struct InvoiceResource: Codable, Sendable {
    package let invoiceID: InvoiceID
    package let contract: ContractReference
    package let month: BillingMonth
    package let state: Invoice.State
    /// `CF-2026-000001`; absent until final.
    package let number: String?
    package let issuedAt: Timestamp?
    package let dueOn: CalendarDate?
    package let estimated: Bool
    package let waitsFor: String?
    package let total: TotalResource
    package let details: Details?
    package let lines: [LineResource]?

    /// The contract that an invoice belongs to.
    package struct ContractReference: Codable, Sendable {
        package let contractID: ContractID
        package let organisationID: OrganisationID
        package let number: String
        package let program: Program
    }

    /// What only a single invoice shows.
    package struct Details: Codable, Sendable {
        package let seller: PartyResource
        package let buyer: PartyResource
        package let notices: [String]
        package let inputs: Inputs
    }

    /// SHA-256 in hexadecimal of what the figures rest on.
    package struct Inputs: Codable, Sendable {
        package let contractVersion: Int64
        package let contractSha256: String
        package let usageSha256: String
        package let priceBookVersion: String
        package let priceBookSha256: String
        package let disclosureID: DisclosureID?
    }

    package init(_ record: InvoiceRecord, detailed: Bool) {
        let invoice = record.invoice
        invoiceID = invoice.id
        contract = ContractReference(
            contractID: invoice.contractID, organisationID: invoice.organisationID, number: record.contractNumber,
            program: record.program)
        month = invoice.month
        state = invoice.state
        number = invoice.issue?.number.description
        issuedAt = invoice.issue?.issuedAt
        dueOn = invoice.issue?.dueOn
        estimated = invoice.estimated
        waitsFor = invoice.waitsFor.isEmpty ? nil : invoice.waitsFor
        total = TotalResource(invoice.amounts)
        details = detailed ? Details(invoice) : nil
        lines = detailed ? record.lines.map(LineResource.init) : nil
    }
}

extension InvoiceResource.Details {
    init(_ invoice: Invoice) {
        let basis = invoice.basis
        self.init(
            seller: PartyResource(invoice.parties.seller), buyer: PartyResource(invoice.parties.buyer),
            notices: basis.notices,
            inputs: InvoiceResource.Inputs(
                contractVersion: basis.contractVersion, contractSha256: basis.hashes.contract.hexadecimal,
                usageSha256: basis.hashes.usage.hexadecimal, priceBookVersion: basis.priceBookVersion,
                priceBookSha256: basis.hashes.priceBook.hexadecimal, disclosureID: basis.disclosureID))
    }
}

/// A party of an invoice on the wire.
package struct PartyResource: Codable, Sendable {
    package let organisationID: OrganisationID
    package let legalName: String
    package let address: String
    package let country: String
    package let vatID: String?

    init(_ party: BilledParty) {
        organisationID = party.organisationID
        legalName = party.legalName
        address = party.address
        country = party.country
        vatID = party.vatID
    }
}

/// Net, VAT and gross with the treatment.
package struct TotalResource: Codable, Sendable {
    package let currency: String
    package let net: Money
    package let vat: Money
    package let gross: Money
    package let vatCategory: VATDecision.Category
    package let vatPercent: Percent
    package let vatNote: String?

    init(_ amounts: Invoice.Amounts) {
        currency = Currency.code
        net = amounts.net
        vat = amounts.vat
        gross = amounts.gross
        vatCategory = amounts.category
        vatPercent = amounts.percent
        vatNote = amounts.note.isEmpty ? nil : amounts.note
    }

    init(_ draft: InvoiceDraft) {
        currency = Currency.code
        net = draft.total.net
        vat = draft.total.vat
        gross = draft.total.gross
        vatCategory = draft.vat.category
        vatPercent = draft.vat.rate
        vatNote = draft.vat.note
    }
}

/// One line with its reasons, as data and as a sentence.
package struct LineResource: Codable, Sendable {
    package let charge: String
    package let reason: DraftLine.Reason
    package let periodStart: CalendarDate
    package let periodEnd: CalendarDate
    package let description: String
    package let quantity: String
    package let unitPrice: String
    package let net: Money
    package let sentence: String
    package let explanation: Explanation

    init(_ line: DraftLine) {
        charge = line.charge
        reason = line.reason
        periodStart = line.periodStart
        periodEnd = line.periodEnd
        description = line.description
        quantity = line.quantity
        unitPrice = line.unitPrice
        net = line.net
        sentence = line.explanation.sentence
        explanation = line.explanation
    }
}

extension [UInt8] {
    /// Lower-case digits.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// The API of invoices.
package struct InvoiceEndpoints: Sendable {
    private let work: UnitOfWork

    package init(_ work: UnitOfWork) { self.work = work }

    package var all: [Endpoint] {
        [
            Endpoint(
                .get, "/v1/invoices", "List invoices, newest first", tag: "Invoices",
                requires: .permission(.invoiceRead), use: list
            )
            .described("Without lines; drafts that wait and months that came to nothing are in the list, too."),
            Endpoint(
                .get, "/v1/invoices/{invoice_id}", "Get an invoice with its lines and why each is what it is",
                tag: "Invoices", requires: .permission(.invoiceRead), use: get),
        ]
    }

    struct ListInput: Codable, Sendable {
        let organisationID: OrganisationID?
        let contractID: ContractID?
        let month: BillingMonth?
        let state: Invoice.State?
        let limit: PageLimit?
        let cursor: String?
    }

    @Sendable private func list(_ call: Call<ListInput>) async throws -> Page<InvoiceResource> {
        let input = call.input
        var filter = InvoiceFilter()
        filter.organisationID = input.organisationID
        filter.contractID = input.contractID
        filter.month = input.month
        filter.state = input.state
        let asked = filter
        let page = PageRequest(limit: input.limit?.count, cursor: input.cursor)
        return try await work.read(call) { tx in
            try InvoiceService.list(asked, page: page, tx).map { InvoiceResource($0, detailed: false) }
        }
    }

    struct GetInput: Codable, Sendable {
        let invoiceID: InvoiceID
    }

    @Sendable private func get(_ call: Call<GetInput>) async throws -> InvoiceResource {
        try await work.read(call) { tx in
            InvoiceResource(try InvoiceService.get(call.input.invoiceID, tx), detailed: true)
        }
    }
}
