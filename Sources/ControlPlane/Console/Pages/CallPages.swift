import Kernel
import Web

/// The calls of a tenant, newest first.
struct CallListPage: Sendable {
    struct Row: Sendable {
        let callID: String
        let time: String
        let direction: String
        /// Without the last digits.
        let from: String
        let to: String
        /// `2:14`
        let answered: String
        /// `2.237`; `nil` when nothing is metered.
        let minutes: String?
        let result: (word: String, tone: Tone, note: String?)
    }

    let place: VoicePlace
    let rows: [Row]
    /// Values of the filter: `direction`, `from`, `until`, `user`, `result`.
    let filter: FormState
    /// "4 of 4 calls, 0 estimated" of the present month; `nil` before the first call.
    let proof: String?
    let nextPath: String?
    /// The same calls as a file.
    let exportPath: String

    var page: ConsolePage {
        let path = place.path(of: .calls)
        var bar = FilterBar(path, fields)
        bar.submit = "Filter"
        let isFiltered = filter.values.values.contains { !$0.isEmpty }
        let list: HTML =
            rows.isEmpty
            ? empty(isFiltered)
            : "\(CallRowTable("Calls", place, rows).html)\(Pager(DisplayText.count(rows.count, "call"), nextPath: nextPath).html)"
        let proof: HTML = proof.map { .go($0, place.path(of: .completeness)) } ?? ""
        let export: HTML = .button("Export CSV", to: exportPath, .small, icon: .download)
        let aside: HTML = rows.isEmpty ? proof : #"<div class="actions">\#(proof)\#(export)</div>"#
        return place.page(
            of: .calls, lede: "Every call with its receipt. Times in Europe/Vienna.",
            body: Card.flush(
                "Calls", lede: "The last digits are hidden; opening a call shows them and is logged.", aside: aside,
                body: "\(bar.html(filter))\(list)"
            ).html)
    }

    private func empty(_ isFiltered: Bool) -> HTML {
        isFiltered
            ? .empty(
                "No call matches", "Take a condition away to see more.", icon: .search,
                action: .button("All calls", to: place.path(of: .calls)))
            : .empty(
                "No call yet",
                "A record appears seconds after the end of a call. Try one without making it to see what it would need.",
                icon: .phone, action: .button("Dry run", to: place.path(of: .dryRun)))
    }

    private var fields: [Field] {
        [
            Field(
                "direction", "Direction",
                .select([
                    .init("", "All"), .init("inbound", "Incoming"), .init("outbound", "Outgoing"),
                    .init("internal", "Inside"), .init("emergency", "Emergency"),
                ])),
            Field("from", "From day", .input(type: "date")), Field("until", "To day", .input(type: "date")),
            Field("user", "User"),
            Field(
                "result", "Result",
                .select([
                    .init("", "All"), .init("answered", "Answered"), .init("unanswered", "Not answered"),
                    .init("refused", "Refused"),
                ])),
        ]
    }

}

/// Calls as a table, each with the way to its page.
struct CallRowTable: Sendable {
    let title: String
    let place: VoicePlace
    let rows: [CallListPage.Row]

    init(_ title: String, _ place: VoicePlace, _ rows: [CallListPage.Row]) {
        (self.title, self.place, self.rows) = (title, place, rows)
    }

    var html: HTML {
        Table(
            title,
            [
                .init("Time"), .init("Direction", isOptional: true), .init("From"), .init("To"), .number("Answered"),
                .number("Metered min"), .init("Result"), .actions,
            ], rows: rows.map(line)
        ).html
    }

    private func line(_ row: CallListPage.Row) -> Table.Row {
        let open: HTML = #"""
            <a class="btn btn-sm" href="\#(place.path(of: .calls))/\#(row.callID)" \#
            aria-label="Open the call of \#(row.time)">Open</a>
            """#
        return Table.Row([
            #"<span class="nowrap tnum">\#(row.time)</span>"#, "\(row.direction)",
            "\(DisplayText.orNothing(row.from))", "\(DisplayText.orNothing(row.to))", "\(row.answered)",
            row.minutes.map { "\($0)" } ?? #"<span class="faint">not metered</span>"#,
            "\(HTML.pill(row.result.word, row.result.tone))\(row.result.note.map(HTML.sub))", open,
        ])
    }
}

/// One call: what became of it, its legs, and what each costs.
struct CallPage: Sendable {
    /// One leg on its own card.
    struct Leg: Sendable {
        let title: String
        let facts: [Fact]
        /// What is for technicians.
        let details: [Fact]
        /// Where its record can be had as it came; `nil` for viewers who do not run nodes.
        let recordPath: String?
    }

    /// Why it was refused, the way out, and the same call tried once more.
    struct Refusal: Sendable {
        let sentence: String
        let wayOut: String
        let dryRunPath: String
    }

    let place: VoicePlace
    /// "18 Nov 2026, 14:06:12"
    let time: String
    let result: (word: String, tone: Tone, note: String?)
    let facts: [Fact]
    let refusal: Refusal?
    let legs: [Leg]
    let receipts: [CallReceiptCard]

    var page: ConsolePage {
        let why: HTML =
            refusal.map {
                .callout(
                    .bad, $0.sentence, "\($0.wayOut)",
                    actions: .button("Try it again", to: $0.dryRunPath, .small))
            } ?? ""
        let summary = Card("Call", span: receipts.isEmpty ? 12 : 6, body: .facts(facts)).html
        let papers = receipts.map { $0.card(span: 6).html }
        let pieces = legs.enumerated().map { index, leg in card(leg, index: index, of: legs.count) }
        var page = place.page(
            "Call of \(time)", body: "\(why)\(HTML.grid([summary] + papers))\(HTML.grid(pieces))", isNarrow: false)
        page.heading = "Call of \(time) \(HTML.pill(result.word, result.tone))"
        page.lede = "Numbers in full: the audit log says that you looked."
        page.crumbs.insert(.init(VoiceView.calls.label, place.path(of: .calls)), at: 3)
        page.actions = .button("All calls", to: place.path(of: .calls))
        return page
    }

    private func card(_ leg: Leg, index: Int, of count: Int) -> HTML {
        let record: HTML = leg.recordPath.map { .button("Record as it came", to: $0, .small, icon: .download) } ?? ""
        return Card(
            "\(index + 1). \(leg.title)", span: count == 1 ? 12 : 6, aside: record,
            body: "\(HTML.facts(leg.facts))\(HTML.fold("For technicians", .facts(leg.details)))"
        ).html
    }
}

/// The price of a leg in a month, with everything that it was worked out from.
struct CallReceiptCard: Sendable {
    let title: String
    /// "billed", "estimate", "taken back"
    let basis: String
    let tone: Tone
    let sums: [Fact]
    let proof: [Fact]

    func card(span: Int) -> Card {
        Card(
            title, span: span, aside: .pill(basis, tone),
            body: "\(HTML.facts(sums, wide: true))\(HTML.fold("How it was worked out", .facts(proof)))")
    }
}
