import Rating
import Web

/// The first page after sign-in: the money, what needs a person, the running month. The vendor sees every program, a
/// partner its own contracts.
struct OverviewPage: Sendable {
    /// One program's line in the table.
    struct Program: Sendable {
        let name: String
        let contracts: Int
        /// "89 tenants", "40 instances"
        let size: String
        let turns: Int64?
        /// Net of the month that was invoiced last.
        let invoiced: Money
        /// Net of the running month as it stands; `nil` where there is too much to compute it on the way.
        let running: Money?
    }

    /// The close of the last month.
    struct MonthEnd: Sendable {
        /// `2026-10`
        let month: String
        /// "October 2026"
        let name: String
        let steps: [TimelineEntry]
        /// The month is over and not final.
        let isOpen: Bool
    }

    /// "Wednesday, 18 November 2026"
    let today: String
    let stats: [Stat]
    /// By program and month, from invoices.
    let revenue: BarChart?
    let attention: [AttentionItem]
    let turns: AreaChart?
    let monthEnd: MonthEnd
    let programs: [Program]
    /// The month that was invoiced last: "September 2026".
    let invoicedMonth: String
    let mayClose: Bool
    let mayCreateOrganisation: Bool

    var page: ConsolePage {
        let cards: [HTML] = [revenueCard, attentionCard, turnsCard, monthEndCard]
        var page = ConsolePage(
            "Overview", section: "/", body: "\(HTML.stats(stats))\(HTML.grid(cards, fill: true))\(programCard)")
        page.lede = "\(today). Prices net of VAT."
        page.crumbs = [.init("Overview")]
        let month: HTML = mayClose ? .button("Month-end run", to: "/close") : ""
        let create: HTML =
            mayCreateOrganisation
            ? .button("New organisation", to: "/organisations/new", .primary, icon: .plus) : ""
        page.actions = month + create
        return page
    }

    private var revenueCard: HTML {
        let body: HTML =
            revenue?.html
            ?? .empty("No invoices yet", "The chart begins with the first closed month.", icon: .receipt)
        let lede: HTML =
            revenue?.provisionalFrom == nil
            ? "Net amounts of final invoices, by the month they bill."
            : "Net amounts by the month they bill: of final invoices, and pale of previews."
        return Card("Revenue by program", span: 8, lede: lede, body: body).html
    }

    private var attentionCard: HTML {
        let list: HTML =
            attention.isEmpty
            ? .empty("Nothing waits for you", "What blocks a contract or an invoice appears here.", icon: .check)
            : .attention(attention)
        let lede: HTML = "\(DisplayText.count(attention.count, "item")), the most blocking first"
        return Card.flush("Needs attention", span: 4, lede: attention.isEmpty ? nil : lede, body: list).html
    }

    private var turnsCard: HTML {
        let body: HTML =
            turns?.html
            ?? .empty("No turns this month", "They appear in the moment they are accepted.", icon: .chart)
        return Card("Turns per day", span: 8, aside: .go("Usage", "/usage"), body: body).html
    }

    private var monthEndCard: HTML {
        let close: HTML =
            mayClose && monthEnd.isOpen
            ? .button("Close \(monthEnd.name)", to: "/close?month=\(monthEnd.month)", .primary) : ""
        return Card(
            "Month-end run", span: 4, lede: "Times in Europe/Vienna",
            body: "\(HTML.timeline(monthEnd.steps))<div class=\"actions\">\(close)</div>"
        ).html
    }

    private var programCard: HTML {
        guard !programs.isEmpty else { return "" }
        let table = Table(
            "Programs",
            [
                .init("Program"), .number("Contracts"), .number("Tenants or instances"), .number("Turns this month"),
                .number("Invoiced, \(invoicedMonth)"), .number("This month so far"),
            ],
            rows: programs.map { program in
                Table.Row([
                    "\(program.name)", "\(DisplayText.count(program.contracts))", "\(program.size)",
                    "\(program.turns.map { DisplayText.count($0) } ?? "self-hosted")", "\(program.invoiced.display)",
                    "\(program.running?.display ?? DisplayText.nothing)",
                ])
            },
            footer: [
                "All programs", "\(DisplayText.count(programs.reduce(0) { $0 + $1.contracts }))", "",
                "\(DisplayText.count(programs.reduce(Int64(0)) { $0 + ($1.turns ?? 0) }))",
                "\(programs.reduce(Money.zero) { $0 + $1.invoiced }.display)",
                "\(programs.reduce(Money.zero) { $0 + ($1.running ?? .zero) }.display)",
            ])
        return Card.flush("Programs", body: table.html).html
    }
}
