import Rating
import Web

/// A month before and after its close: what every contract would be billed, what stands in the way, and the one button.
struct MonthClosePage: Sendable {
    struct Row: Sendable {
        let contractID: String
        let contract: String
        let organisation: String
        let program: String
        /// What decided, in a few words.
        let reason: String
        let net: Money
        let lines: Int
        let status: Status
    }

    enum Status: Sendable {
        case ready
        /// With the reason, such as a missing disclosure.
        case waiting(String)
        case problem(String)
        /// With the number and the invoice's id.
        case finalised(number: String, id: String)
        /// There is nothing to bill.
        case nothing
    }

    /// `2026-10`
    let month: String
    /// "October 2026"
    let monthName: String
    /// Months around it: value and name.
    let months: [Field.Choice]
    let rows: [Row]
    /// When the month becomes final by the terms.
    let finalisesAt: String
    /// That is still to come: whoever closes now says so.
    let isEarly: Bool
    /// Why it cannot be closed now: it still runs, or everything is final.
    let refusal: String?
    let mayClose: Bool

    var page: ConsolePage {
        let attention = problems
        let warnings: HTML =
            attention.isEmpty
            ? "" : Card.flush("In the way", lede: "The others are closed regardless.", body: .attention(attention)).html
        var page = ConsolePage(
            "Month close", section: "/close", body: "\(HTML.stats(stats))\(warnings)\(preview.html)\(dialog)")
        page.heading = "\(monthName)"
        page.lede =
            "Computed now from usage, contracts and price book; nothing is written until you close. By the terms it is final \(finalisesAt)."
        page.crumbs = [.init("Month close", "/close"), .init(monthName)]
        page.actions = actions
        return page
    }

    private var actions: HTML {
        guard mayClose else { return "" }
        if let refusal {
            return
                #"<span class="muted small">\#(refusal)</span><span class="btn" aria-disabled="true">Close \#(monthName)</span>"#
        }
        return #"<button class="btn btn-primary" type="button" popovertarget="close">Close \#(monthName)</button>"#
    }

    private var dialog: HTML {
        guard mayClose, refusal == nil else { return "" }
        let ready = rows.filter { if case .ready = $0.status { true } else { false } }.count
        var dialog = Dialog(
            id: "close", title: "Close \(monthName)?",
            text:
                "\(DisplayText.count(ready, "invoice")) become final and get their numbers. Final invoices cannot be changed; later usage becomes an adjustment on the next one. What waits stays a draft.",
            action: "/close", submit: "Close \(monthName)", style: .primary)
        dialog.asksForReason = false
        dialog.hidden = .hiddenField("month", month)
        if isEarly {
            let box = Field(
                "early", "Close early", .check,
                hint: "By the terms \(monthName) is final \(finalisesAt). The audit log says that it was closed before."
            )
            dialog.fields = box.html(.blank)
        }
        return dialog.html
    }

    private var stats: [Stat] {
        var ready = 0
        var waiting = 0
        var final = 0
        for row in rows {
            switch row.status {
            case .ready: ready += 1
            case .waiting, .problem: waiting += 1
            case .finalised: final += 1
            case .nothing: break
            }
        }
        let net = rows.reduce(Money.zero) { $0 + $1.net }
        return [
            Stat("Net of all contracts", "€\(net.display)", note: "\(DisplayText.count(rows.count, "contract"))"),
            Stat("Ready", DisplayText.count(ready), note: "become final with the close"),
            Stat("Waiting", DisplayText.count(waiting), note: "stay drafts"),
            Stat("Final", DisplayText.count(final), note: "cannot change"),
        ]
    }

    /// What blocks for good before what only waits.
    private var problems: [AttentionItem] {
        let items = rows.compactMap(attention)
        return items.filter { $0.tone == .bad } + items.filter { $0.tone != .bad }
    }

    private func attention(_ row: Row) -> AttentionItem? {
        let path = "/contracts/\(row.contractID)"
        return switch row.status {
        case .problem(let text): AttentionItem(row.organisation, detail: text, path: path, tone: .bad, icon: .alert)
        case .waiting(let text): AttentionItem(row.organisation, detail: text, path: path, tone: .warn, icon: .clock)
        case .ready, .finalised, .nothing: nil
        }
    }

    private var preview: Card {
        let bar = FilterBar("/close", [Field("month", "Month", .select(months))])
        let list: HTML =
            rows.isEmpty
            ? .empty(
                "No contract in this month", "A contract is billed from the month in which it starts.", icon: .contract)
            : table.html
        return .flush("Contracts", body: "\(bar.html(FormState(values: ["month": month])))\(list)")
    }

    private var table: Table {
        let net = rows.reduce(Money.zero) { $0 + $1.net }
        return Table(
            "Preview by contract",
            [
                .init("Organisation"), .init("Program"), .init("Contract", isOptional: true), .init("Why"),
                .number("Lines", isOptional: true), .number("Net, EUR"), .init("State"),
            ],
            rows: rows.map { row in
                Table.Row([
                    "\(row.organisation)", "\(row.program)", .link(row.contract, "/contracts/\(row.contractID)"),
                    "\(row.reason)", "\(row.lines)", "\(row.net.display)", state(row.status),
                ])
            },
            footer: ["Total", "", "", "", "\(rows.reduce(0) { $0 + $1.lines })", "\(net.display)", ""])
    }

    private func state(_ status: Status) -> HTML {
        switch status {
        case .ready: .pill("Ready", .info)
        case .waiting: .pill("Waiting", .warn)
        case .problem: .pill("Problem", .bad)
        case .finalised(let number, let id): "\(HTML.pill("Final", .ok)) \(HTML.link(number, "/invoices/\(id)"))"
        case .nothing: .pill("Nothing to bill", .neutral)
        }
    }
}
