import Rating
import Web

/// The list of contracts.
struct ContractListPage: Sendable {
    struct Row: Sendable {
        let id: String
        let number: String
        let organisation: String
        let program: String
        /// The terms in a few words: "Certified, 25 Standard, 2 years".
        let terms: String
        let starts: String
        /// "month 5", "year 2"
        let age: String
        let noticeUntil: String
        let state: String
        let tone: Tone
    }

    let rows: [Row]
    let nextPath: String?
    let mayCreate: Bool

    var page: ConsolePage {
        let list: HTML =
            rows.isEmpty
            ? .empty(
                "No contracts yet", "A contract enrols an organisation in one program under its master agreement.",
                icon: .contract)
            : "\(table.html)\(Pager(DisplayText.count(rows.count, "contract"), nextPath: nextPath).html)"
        var page = ConsolePage("Contracts", section: "/contracts", body: Card.flush("All contracts", body: list).html)
        page.lede = "Program enrolments. Each pins a price-book version; terms change only by a new version."
        page.crumbs = [.init("Contracts")]
        if mayCreate { page.actions = .button("New contract", to: "/contracts/new", .primary, icon: .plus) }
        return page
    }

    private var table: Table {
        Table(
            "Contracts",
            [
                .init("Contract"), .init("Organisation"), .init("Program"), .init("Starts", isOptional: true),
                .init("Now", isOptional: true), .init("Notice until", isOptional: true), .init("State"),
            ],
            rows: rows.map { row in
                Table.Row([
                    .link(row.number, "/contracts/\(row.id)"), "\(row.organisation)",
                    "\(row.program)\(HTML.sub(row.terms))", "\(row.starts)", "\(row.age)", "\(row.noticeUntil)",
                    .pill(row.state, row.tone),
                ])
            })
    }
}

/// One contract: the running month and why, the terms, the term, what was invoiced.
struct ContractPage: Sendable {
    /// The charge of the running month as it stands.
    struct Running: Sendable {
        /// "November 2026"
        let month: String
        let net: Money
        let lines: [Line]
        /// Worth knowing, never charged.
        var notices: [String] = []

        struct Line: Sendable {
            let description: String
            let net: Money
            let explanation: Explanation
        }
    }

    /// A signed document, or one that is missing.
    struct Document: Sendable {
        let kind: String
        /// The end-customer of a back-to-back agreement.
        let party: String
        /// `nil` while it is missing.
        let reference: String?
        let signed: String
    }

    struct OrderFormLine: Sendable {
        let reference: String
        let description: String
        let amount: Money
        /// "monthly", "yearly", "once"
        let rhythm: String
        let from: String
        let until: String?
    }

    struct Invoice: Sendable {
        let id: String
        let number: String
        let month: String
        let net: Money
    }

    /// What the viewer may do here.
    struct Rights: Sendable {
        let mayDisclose: Bool
        let mayChange: Bool
        let mayGiveNotice: Bool
        /// Another order of instances: deployment contracts only.
        let mayOrder: Bool
        /// What the notice is decided on.
        let revision: Int64
    }

    let id: String
    let number: String
    let organisation: String
    let program: String
    let running: Running?
    /// Start, contract month, term, notice, price book, master agreement.
    let termFacts: [Fact]
    /// What was agreed in this program.
    let terms: [Fact]
    let documents: [Document]
    let orderForms: [OrderFormLine]
    let invoices: [Invoice]
    let history: [TimelineEntry]
    let state: (text: String, tone: Tone)
    let rights: Rights

    var page: ConsolePage {
        let left = [running.map(charge) ?? "", orderFormCard, invoiceCard]
        let right = [
            Card("Terms", body: .facts(terms)).html, Card("Term", body: .facts(termFacts)).html, documentCard,
            Card("History", body: .timeline(history)).html,
        ]
        var page = ConsolePage(
            number, section: "/contracts",
            body: "\(HTML.grid([.stack(left, span: 8), .stack(right, span: 4)]))\(rights.mayGiveNotice ? notice : "")")
        page.heading = "\(number) \(HTML.pill(state.text, state.tone))"
        page.lede = "\(organisation) · \(program)"
        page.crumbs = [.init("Contracts", "/contracts"), .init(number)]
        page.actions = actions
        return page
    }

    private var actions: HTML {
        var buttons: HTML = ""
        if rights.mayGiveNotice {
            buttons += #"<button class="btn" type="button" popovertarget="notice">Give notice</button>"#
        }
        if rights.mayOrder { buttons += .button("Order instances", to: "/contracts/\(id)/orders/new") }
        if rights.mayChange { buttons += .button("Add order form", to: "/contracts/\(id)/order-forms/new") }
        if rights.mayDisclose {
            buttons += .button("Disclose revenue", to: "/contracts/\(id)/disclosures/new", .primary)
        }
        return buttons
    }

    private var notice: HTML {
        var dialog = Dialog(
            id: "notice", title: "Give notice for \(number)?",
            text:
                "Three months' notice to the end of the term. A notice that comes too late takes effect one term later.",
            action: "/contracts/\(id)/notice", submit: "Give notice", style: .danger)
        dialog.asksForReason = false
        dialog.hidden = .hiddenField("revision", "\(rights.revision)")
        return dialog.html
    }

    private func charge(_ running: Running) -> HTML {
        let single = running.lines.count == 1 ? running.lines.first : nil
        let view = single.flatMap {
            $0.explanation.candidates.isEmpty ? nil : ExplanationView(explanation: $0.explanation)
        }
        let figure: HTML = #"""
            <div><p class="figure">€\#(running.net.display)</p><p class="muted small">\#(view == nil ? lineCount(running) : "") \#
            Net of VAT, as of now.</p></div>
            """#
        let detail: HTML = view?.bars ?? lineTable(running).html
        let notices = running.notices.map { HTML.callout(.info, "Notice.", "\($0)") }
        let body: HTML = #"<div class="card-body">\#(figure)\#(detail)\#(notices)</div>\#(view?.breakEven)"#
        let lede: HTML =
            view == nil
            ? "What this contract would be billed now."
            : "Several amounts are calculated every month. The highest one is billed."
        return Card.flush("Charge for \(running.month)", lede: lede, aside: .pill("Preview", .info), body: body).html
    }

    private func lineCount(_ running: Running) -> String {
        running.lines.isEmpty ? "Nothing to bill this month." : "\(DisplayText.count(running.lines.count, "line"))."
    }

    private func lineTable(_ running: Running) -> Table {
        Table(
            "Lines of \(running.month)", [.init("Line"), .number("Net, EUR")],
            rows: running.lines.map { line in
                Table.Row(
                    ["\(line.description)", "\(line.net.display)"],
                    explanation: .fold("Why this amount", ExplanationView(explanation: line.explanation).html))
            }, footer: ["Total", "\(running.net.display)"], style: .plain)
    }

    private var documentCard: HTML {
        let facts = documents.map { document in
            Fact(
                document.party.isEmpty ? document.kind : "\(document.kind), \(document.party)",
                document.reference.map { "\($0), \(document.signed)" } ?? .pill("Missing", .warn))
        }
        let isMissing = documents.contains { $0.reference == nil }
        let note: HTML =
            isMissing ? .callout(.warn, "Not live.", "No production tenant goes live without what is missing.") : ""
        let button: HTML = rights.mayChange ? .button("Record document", to: "/contracts/\(id)/documents/new") : ""
        let list: HTML = documents.isEmpty ? "<p class=\"muted small\">None is needed yet.</p>" : .facts(facts)
        return Card("Documents", body: "\(list)\(note)\(button)").html
    }

    private var orderFormCard: HTML {
        guard !orderForms.isEmpty else { return "" }
        let table = Table(
            "Order forms",
            [.init("Order form"), .init("From"), .init("Until", isOptional: true), .init("Billed"), .number("EUR")],
            rows: orderForms.map { line in
                Table.Row([
                    "\(line.reference)\(HTML.sub(line.description))", "\(line.from)",
                    "\(DisplayText.orNothing(line.until))", "\(line.rhythm)", "\(line.amount.display)",
                ])
            })
        return Card.flush("Order forms", body: table.html).html
    }

    private var invoiceCard: HTML {
        let list: HTML =
            invoices.isEmpty
            ? .empty(
                "Nothing invoiced yet", "The first invoice comes with the close of the first contract month.",
                icon: .receipt)
            : Table(
                "Invoices", [.init("Invoice"), .init("Month"), .number("Net, EUR")],
                rows: invoices.map { invoice in
                    Table.Row([
                        .link(invoice.number, "/invoices/\(invoice.id)"), "\(invoice.month)", "\(invoice.net.display)",
                    ])
                }
            ).html
        return Card.flush("Invoices", body: list).html
    }
}
