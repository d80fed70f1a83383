import Kernel
import Web

/// Call records that could not be booked.
struct QuarantinePage: Sendable {
    struct Row: Sendable {
        let id: String
        let received: String
        let node: String
        let reason: String
        let detail: String
        let state: (word: String, tone: Tone)
        let times: Int64
    }

    /// `open`, `replayed`, `discarded` or `all`
    let filter: FormState
    let rows: [Row]
    let nextPath: String?

    var page: ConsolePage {
        let bar = FilterBar(
            "/voice/quarantine",
            [
                Field(
                    "state", "State",
                    .select([
                        .init("open", "Waiting"), .init("replayed", "Booked later"), .init("discarded", "Discarded"),
                        .init("all", "All"),
                    ]))
            ])
        let isOpen = filter.value("state") == "open"
        let list: HTML =
            rows.isEmpty
            ? .empty(
                isOpen ? "Nothing waits" : "Nothing here",
                isOpen ? "Every record that nodes delivered is booked." : "No record is in this state.",
                icon: .check, action: .button("Nodes", to: "/voice/nodes"))
            : "\(table.html)\(Pager(DisplayText.count(rows.count, "record"), nextPath: nextPath).html)"
        var page = ConsolePage(
            "Quarantine", section: "/voice/nodes",
            body: Card.flush("Records", body: "\(bar.html(filter))\(list)").html)
        page.lede = "Records that nodes delivered and nobody could book. They are kept until somebody decides."
        page.crumbs = [.init("Voice", "/voice"), .init("Nodes", "/voice/nodes"), .init("Quarantine")]
        return page
    }

    private var table: Table {
        Table(
            "Quarantine",
            [
                .init("Received"), .init("Why"), .init("Node", isOptional: true), .number("Times", isOptional: true),
                .init("State"), .actions,
            ],
            rows: rows.map { row in
                let open: HTML = #"""
                    <a class="btn btn-sm" href="/voice/quarantine/\#(row.id)" aria-label="Open the record of \#(row.received)">Open</a>
                    """#
                return Table.Row([
                    #"<span class="nowrap tnum">\#(row.received)</span>"#, "\(row.reason)\(HTML.sub(row.detail))",
                    "\(row.node)", "\(DisplayText.count(row.times))", .pill(row.state.word, row.state.tone), open,
                ])
            })
    }
}

/// One record that could not be booked, and what to do about it.
struct QuarantinedRecordPage: Sendable {
    let id: String
    let received: String
    let reason: String
    let detail: String
    let state: (word: String, tone: Tone)
    let isOpen: Bool
    let facts: [Fact]
    /// `nil` until somebody opens it, which is on record.
    let body: String?
    /// Whether the rest of a long body is left out.
    let isCut: Bool

    private var path: String { "/voice/quarantine/\(id)" }

    var page: ConsolePage {
        let why: HTML = isOpen ? .callout(.warn, "\(reason).", "\(detail)") : ""
        var page = ConsolePage(
            "Record of \(received)", section: "/voice/nodes",
            body: "\(why)\(Card("Record", body: .facts(facts)).html)\(bodyCard)\(isOpen ? steps : "")")
        page.heading = "Record of \(received) \(HTML.pill(state.word, state.tone))"
        page.crumbs = [
            .init("Voice", "/voice"), .init("Nodes", "/voice/nodes"), .init("Quarantine", "/voice/quarantine"),
            .init("Record"),
        ]
        page.actions = .button("All records", to: "/voice/quarantine")
        return page
    }

    private var bodyCard: HTML {
        guard let body else {
            return Card(
                "As it came", lede: "Opening it is written into the audit log.",
                aside: .button("Open", to: "\(path)/body", .small),
                body: #"<p class="muted">Who called whom may stand in it.</p>"#
            ).html
        }
        let rest: HTML = isCut ? #"<p class="muted small">The rest is in the file.</p>"# : ""
        return Card(
            "As it came", lede: "The audit log says that you looked. What is no text appears as “�”.",
            aside: .button("As a file", to: "\(path)/file", .small, icon: .download),
            body: #"<pre class="code">\#(body)</pre>\#(rest)"#
        ).html
    }

    private var steps: HTML {
        VoiceStepCard(
            title: "Decide", facts: [], path: path, revision: 0,
            steps: [
                .init(
                    path: "replay", verb: "Try again",
                    effect: "Books it if it can be booked by now, for example because its tenant has voice again.",
                    style: .primary),
                .init(
                    path: "discard", verb: "Discard",
                    effect: "Decides that it is nothing: it is never booked, and stays to be looked at.", style: .danger
                ),
            ]
        ).html
    }
}
