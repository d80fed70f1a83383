import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import Web

/// Pages of invoices.
struct InvoiceRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(.get, "/invoices", requires: .permission(.invoiceRead), use: list),
            PageRoute(.get, "/invoices/{invoice_id}", requires: .permission(.invoiceRead), use: show),
            PageRoute(.get, "/invoices/{invoice_id}/print", requires: .permission(.invoiceRead), use: print),
        ]
    }

    struct ListInput: Codable, Sendable {
        let month: BillingMonth?
        let organisationID: OrganisationID?
        let state: Invoice.State?
        let cursor: String?

        var filter: InvoiceFilter {
            var filter = InvoiceFilter()
            filter.month = month
            filter.organisationID = organisationID
            filter.state = state
            return filter
        }

        var values: [String: String] {
            [
                "month": month?.description ?? "", "organisation_id": organisationID?.description ?? "",
                "state": state?.rawValue ?? "",
            ]
        }
    }

    @Sendable private func list(_ call: PageCall<ListInput>) async throws -> PageReply {
        let input = call.input
        let page = try await services.work.read(call) { tx in
            let found = try InvoiceService.list(
                input.filter, page: PageRequest(limit: nil, cursor: input.cursor), tx)
            return InvoiceListPage(
                rows: found.items.map(InvoiceListPage.Row.init), filter: FormState(values: input.values),
                organisations: try Choices(services).organisations(of: [.partner], tx),
                nextPath: NextPage.path("/invoices", input.values, cursor: found.nextCursor),
                mayClose: call.principal.holds(.billingClose)
            ).page
        }
        return .page(page)
    }

    struct PathInput: Codable, Sendable {
        let invoiceID: InvoiceID
    }

    @Sendable private func show(_ call: PageCall<PathInput>) async throws -> PageReply {
        let id = call.input.invoiceID
        let page = try await services.work.read(call) { tx in
            let record = try InvoiceService.get(id, tx)
            let history = try AuditRoutes(services: services).history(of: "\(id)", for: call.principal, tx)
            return InvoicePage(record, product: services.product, history: history).page
        }
        return .page(page)
    }

    @Sendable private func print(_ call: PageCall<PathInput>) async throws -> PageReply {
        let id = call.input.invoiceID
        let record = try await services.work.read(call) { tx in try InvoiceService.get(id, tx) }
        return .page(
            InvoiceSheetPage(
                document: InvoiceDocument(record, product: services.product), backPath: "/invoices/\(id)"
            ).page)
    }

    // MARK: API

    /// The printable page for programs: rendered here, because Billing knows no page.
    func endpoint(layout: ConsoleLayout) -> Endpoint {
        Endpoint(
            .get, "/v1/invoices/{invoice_id}/print", "Get an invoice as a printable page", tag: "Invoices",
            requires: .permission(.invoiceRead)
        ) { (call: Call<PathInput>) in
            let record = try await services.work.read(call) { tx in try InvoiceService.get(call.input.invoiceID, tx) }
            let sheet = InvoiceSheetPage(document: InvoiceDocument(record, product: services.product), backPath: nil)
            return layout.renderAlone(sheet.page)
        }
        .answering("text/html")
        .described(
            "HTML for a browser or a printer; one A4 page when the invoice is an ordinary one. Needs no other file.")
    }
}

extension InvoiceListPage.Row {
    fileprivate init(_ record: InvoiceRecord) {
        let invoice = record.invoice
        self.init(
            id: "\(invoice.id)", number: invoice.issue?.number.description,
            organisation: invoice.parties.buyer.legalName, program: record.program.words, month: invoice.month.display,
            issued: invoice.issue.map { DisplayText.day($0.issuedAt) }, due: invoice.issue?.dueOn.display,
            net: invoice.amounts.net, gross: invoice.amounts.gross, state: invoice.state.words,
            tone: invoice.state.tone, isEstimated: invoice.estimated)
    }
}

extension InvoicePage {
    fileprivate init(_ record: InvoiceRecord, product: String, history: [TimelineEntry]) {
        let invoice = record.invoice
        let (buyer, basis) = (invoice.parties.buyer, invoice.basis)
        self.init(
            id: "\(invoice.id)", document: InvoiceDocument(record, product: product), organisation: buyer.legalName,
            month: invoice.month.display, state: invoice.state.words, tone: invoice.state.tone,
            waitsFor: invoice.waitsFor.isEmpty ? "" : "It waits for \(invoice.waitsFor).",
            statusFacts: [
                Fact("Contract", .link(record.contractNumber, "/contracts/\(invoice.contractID)")),
                Fact("Program", text: record.program.words),
                Fact("Issued", text: invoice.issue.map { DisplayText.minute($0.issuedAt) }),
                Fact("Due", text: invoice.issue?.dueOn.display),
                Fact("Figures", text: invoice.estimated ? "Estimated; trued up on the next invoice" : "As metered"),
            ],
            vatFacts: [
                Fact("Treatment", text: invoice.amounts.category.words),
                Fact("Rate", text: "\(invoice.amounts.percent) %"), Fact("Buyer", text: buyer.legalName),
                Fact("Country", text: buyer.country), Fact("VAT ID", text: buyer.vatID),
                Fact("Check", text: buyer.vatID == nil ? nil : buyer.vatIDValid ? "Valid" : "Not valid"),
            ],
            inputs: Inputs(
                contract: basis.hashes.contract.hexadecimal, usage: basis.hashes.usage.hexadecimal,
                priceBook: basis.hashes.priceBook.hexadecimal),
            history: history)
    }
}

extension InvoiceDocument {
    init(_ record: InvoiceRecord, product: String) {
        let invoice = record.invoice
        let amounts = invoice.amounts
        var particulars = ["Contract \(record.contractNumber)", "Service in \(invoice.month.display)"]
        if let issue = invoice.issue {
            particulars = ["Issued \(DisplayText.day(issue.issuedAt))", "Due \(issue.dueOn.display)"] + particulars
        }
        let rate = "\(amounts.percent) % \(amounts.category.code)"
        self.init(
            product: product, number: invoice.issue?.number.description, seller: Party(invoice.parties.seller),
            buyer: Party(invoice.parties.buyer), particulars: particulars,
            lines: record.lines.map { Line($0, vat: rate) },
            totals: Totals(
                net: amounts.net, vatLabel: "VAT \(amounts.percent) %, \(amounts.category.words.lowercased())",
                vat: amounts.vat, gross: amounts.gross),
            vatNote: amounts.note, finalisedAt: invoice.issue.map { DisplayText.minute($0.issuedAt) },
            isEstimated: invoice.estimated,
            paymentText: invoice.issue.map { "Payable until \($0.dueOn.display), quoting \($0.number)." } ?? "",
            notices: invoice.basis.notices)
    }
}

extension InvoiceDocument.Party {
    fileprivate init(_ party: BilledParty) {
        let lines = party.address.split(whereSeparator: \.isNewline).map(String.init)
        self.init(name: party.legalName, addressLines: lines + [party.country], vatID: party.vatID)
    }
}

extension InvoiceDocument.Line {
    init(_ line: DraftLine, vat: String) {
        let period = "\(line.periodStart.display) to \(line.periodEnd.display)"
        // Only metered voice has a price of several units: a minute's, and the quantity is in milliseconds.
        let price = line.unitPrice.split(separator: "/").map { DisplayText.decimal(String($0)) }
        let isVoice = price.count == 2
        self.init(
            description: line.description, remark: period,
            quantity: DisplayText.decimal(line.quantity) + (isVoice ? " ms" : ""),
            unitPrice: isVoice ? "\(price[0]) per \(price[1]) ms" : DisplayText.decimal(line.unitPrice), vat: vat,
            net: line.net, explanation: line.explanation)
    }
}

extension VATDecision.Category {
    fileprivate var words: String {
        switch self {
        case .standard: "Standard rate"
        case .reverseCharge: "Reverse charge"
        case .outsideScopeOrExport: "Outside the scope of VAT"
        }
    }

    /// The code of EN 16931.
    fileprivate var code: String {
        switch self {
        case .standard: "S"
        case .reverseCharge: "AE"
        case .outsideScopeOrExport: "O"
        }
    }
}
