import Rating
import Web

/// What stands on the paper of an invoice; the console's page and the printable one show the same.
struct InvoiceDocument: Sendable {
    struct Party: Sendable {
        let name: String
        let addressLines: [String]
        let vatID: String?
    }

    struct Line: Sendable {
        let description: String
        /// Under the description: what decided, or why it is an adjustment.
        let remark: String
        let quantity: String
        let unitPrice: String
        /// `0 % AE`
        let vat: String
        let net: Money
        let explanation: Explanation
    }

    struct Totals: Sendable {
        let net: Money
        /// "VAT, reverse charge (AE), 0 %"
        let vatLabel: String
        let vat: Money
        let gross: Money
    }

    let product: String
    /// `CF-2026-000214`; `nil` for a draft.
    let number: String?
    let seller: Party
    let buyer: Party
    /// Issued, due, service period, contract; one per line.
    let particulars: [String]
    let lines: [Line]
    let totals: Totals
    /// The sentence the law wants, such as that on reverse charge.
    let vatNote: String
    /// When it became final; `nil` for a draft.
    let finalisedAt: String?
    let isEstimated: Bool
    /// Where to pay, and whom to ask.
    let paymentText: String
    /// Worth knowing, never charged.
    var notices: [String] = []

    /// "Invoice CF-2026-000214", "Draft invoice".
    var title: String { number.map { "Invoice \($0)" } ?? "Draft invoice" }

    /// The sheet. Explanations are folded, the first is open.
    var html: HTML { html(title: #"<h2 id="number" class="sheet-title">\#(title) \#(estimate)</h2>"#) }

    /// The sheet as a document of its own, where its title is the page's.
    var standalone: HTML { html(title: #"<h1 id="number" class="sheet-title">\#(title) \#(estimate)</h1>"#) }

    private var estimate: HTML { isEstimated ? .pill("Estimated", .warn) : "" }

    private func html(title: HTML) -> HTML {
        let note: HTML = vatNote.isEmpty ? "" : .callout(.neutral, "VAT.", "\(vatNote)")
        return #"""
            \#(head(title))\#(parties)\#(table.html)\#(sums)\#(note)\#(information)<p class="faint small">\#(paymentText)</p>
            """#
    }

    private var information: HTML {
        "\(notices.map { HTML.callout(.info, "For information.", "\($0)") })"
    }

    private func head(_ title: HTML) -> HTML {
        let stamp: HTML =
            finalisedAt.map {
                #"<p class="stamp">\#(Icon.lock.html)<span><b>Final and immutable</b>\#($0)</span></p>"#
            } ?? .pill("Draft", .neutral)
        return #"""
            <header class="sheet-head"><div class="stack tight"><span class="brand-mark">\#(HTML.productMark)\#(product)</span>\#
            \#(title)</div>\#(stamp)</header>
            """#
    }

    private var parties: HTML {
        #"""
        <div class="sheet-parties"><div><h3>Seller</h3>\#(party(seller))</div><div><h3>Buyer</h3>\#(party(buyer))</div>\#
        <div><h3>Invoice</h3><p>\#(particulars.map { "\($0)" as HTML }.joined(separator: "<br>"))</p></div></div>
        """#
    }

    private func party(_ party: Party) -> HTML {
        let vat = party.vatID.map { ["VAT ID \($0)"] } ?? []
        let lines = (party.addressLines + vat).map { "<br>\($0)" as HTML }
        return "<p><b>\(party.name)</b>\(lines)</p>"
    }

    private var table: Table {
        Table(
            "Invoice lines",
            [
                .init("Line"), .number("Quantity", isOptional: true), .number("Unit price", isOptional: true),
                .number("VAT", isOptional: true), .number("Net, EUR"),
            ],
            rows: lines.enumerated().map { index, line in
                Table.Row(
                    [
                        "\(line.description)\(line.remark.isEmpty ? "" : HTML.sub(line.remark))", "\(line.quantity)",
                        "\(line.unitPrice)", "\(line.vat)", "\(line.net.display)",
                    ],
                    explanation: .fold(
                        "Why this amount", ExplanationView(explanation: line.explanation).html, isOpen: index == 0))
            }, style: .plain)
    }

    private var sums: HTML {
        let facts = HTML.facts(
            [
                Fact("Net", text: totals.net.display), Fact(totals.vatLabel, text: totals.vat.display),
                Fact("Total due, EUR", "\(totals.gross.display)", isTotal: true),
            ], wide: true)
        return #"<div class="sums">\#(facts)</div>"#
    }
}

/// The invoice alone, for paper and for sending: one A4 page when it is an ordinary one.
struct InvoiceSheetPage: Sendable {
    let document: InvoiceDocument
    /// Back to the console; `nil` when the reader is a program.
    let backPath: String?

    var page: ConsolePage {
        let bar: HTML =
            backPath.map { path in
                #"""
                <div class="sheet-bar no-print">\#(HTML.button("Back", to: path))\#
                <button class="btn btn-primary" type="button" data-action="print">\#(Icon.file.html)Print</button></div>
                """#
            } ?? ""
        let sheet: HTML =
            #"<main class="sheet-page card sheet" id="main" aria-labelledby="number">\#(document.standalone)</main>"#
        var page = ConsolePage(document.title, section: "/invoices", body: bar + sheet)
        page.frame = .print
        return page
    }
}
