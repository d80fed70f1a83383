import Rating
import Web

/// The list of invoices, newest first.
struct InvoiceListPage: Sendable {
    struct Row: Sendable {
        let id: String
        /// `CF-2026-000214`; `nil` for a draft.
        let number: String?
        let organisation: String
        let program: String
        /// "October 2026"
        let month: String
        let issued: String?
        let due: String?
        let net: Money
        let gross: Money
        let state: String
        let tone: Tone
        let isEstimated: Bool
    }

    let rows: [Row]
    /// Values of the filter: `month`, `organisation_id`, `state`.
    let filter: FormState
    let organisations: [Field.Choice]
    let nextPath: String?
    let mayClose: Bool

    var page: ConsolePage {
        var page = ConsolePage("Invoices", section: "/invoices", body: card.html)
        page.lede = "Net of VAT unless said otherwise. Final invoices never change; only a later one corrects them."
        page.crumbs = [.init("Invoices")]
        if mayClose { page.actions = .button("Month close", to: "/close", icon: .calendar) }
        return page
    }

    private var card: Card {
        let parties =
            organisations.count > 1
            ? [Field("organisation_id", "Organisation", .select([.init("", "All")] + organisations))] : []
        let bar = FilterBar(
            "/invoices",
            [Field("month", "Month", .input(type: "month"))] + parties + [
                Field(
                    "state", "State", .select([.init("", "All"), .init("draft", "Draft"), .init("finalised", "Final")]))
            ])
        let list: HTML =
            rows.isEmpty
            ? .empty(
                "No invoices here", "Drafts appear with the close of a month; see the preview of the running one.",
                icon: .receipt, action: .button("Month close", to: "/close"))
            : "\(table.html)\(Pager(DisplayText.count(rows.count, "invoice"), nextPath: nextPath).html)"
        return .flush("All invoices", body: "\(bar.html(filter))\(list)")
    }

    private var table: Table {
        Table(
            "Invoices",
            [
                .init("Invoice"), .init("Organisation"), .init("Month"), .init("Issued", isOptional: true),
                .init("Due", isOptional: true), .number("Net"), .number("Gross", isOptional: true), .init("State"),
            ],
            rows: rows.map { row in
                let estimate: HTML = row.isEstimated ? " \(HTML.pill("Estimated", .warn))" : ""
                return Table.Row([
                    .link(row.number ?? "Draft", "/invoices/\(row.id)"), "\(row.organisation)\(HTML.sub(row.program))",
                    "\(row.month)", "\(DisplayText.orNothing(row.issued))", "\(DisplayText.orNothing(row.due))",
                    "\(row.net.display)", "\(row.gross.display)", "\(HTML.pill(row.state, row.tone))\(estimate)",
                ])
            })
    }
}

/// One invoice: the sheet, and beside it everything that is not on the paper.
struct InvoicePage: Sendable {
    /// The three inputs an invoice is computed from, by the SHA-256 of their bytes.
    struct Inputs: Sendable {
        let contract: String
        let usage: String
        let priceBook: String
    }

    let id: String
    let document: InvoiceDocument
    let organisation: String
    /// "October 2026"
    let month: String
    let state: String
    let tone: Tone
    /// Why a draft is not final yet; empty when it is.
    let waitsFor: String
    let statusFacts: [Fact]
    /// Buyer, VAT ID, when and how it was checked, result.
    let vatFacts: [Fact]
    let inputs: Inputs
    let history: [TimelineEntry]

    var page: ConsolePage {
        let status = Card("Status", body: .facts([Fact("State", .pill(state, tone))] + statusFacts))
        let side: [HTML] = [
            status.html, Card("VAT treatment", body: .facts(vatFacts)).html, computedFrom.html,
            Card("History", body: .timeline(history)).html,
        ]
        let waiting: HTML = waitsFor.isEmpty ? "" : .callout(.info, "Not final yet.", "\(waitsFor)")
        let sheet: HTML = #"<article class="card sheet span-8" aria-labelledby="number">\#(document.html)</article>"#
        let column: HTML = #"<div class="stack span-4 no-print">\#(side)</div>"#
        var page = ConsolePage(
            document.number ?? "Draft", section: "/invoices", body: "\(waiting)\(HTML.grid([sheet, column]))")
        page.heading = "\(document.number ?? "Draft") \(HTML.pill(state, tone))"
        page.lede = "\(organisation) · \(month) · €\(document.totals.gross.display)"
        page.crumbs = [.init("Invoices", "/invoices"), .init(document.number ?? "Draft")]
        page.actions = .button("Print view", to: "/invoices/\(id)/print", .primary, icon: .file)
        return page
    }

    private var computedFrom: Card {
        Card(
            "Computed from", lede: "The same inputs give the same invoice, to the cent.",
            body: .facts([
                Self.hash("Contract", inputs.contract), Self.hash("Usage", inputs.usage),
                Self.hash("Price book", inputs.priceBook),
            ]))
    }

    private static func hash(_ label: String, _ value: String) -> Fact {
        Fact(label, #"<code title="sha256 \#(value)">sha256 \#(DisplayText.shortened(value))</code>"#)
    }
}
