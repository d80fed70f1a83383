import Kernel
import Web

/// What a proof counts: "48,211 of 48,211".
struct CompletenessFigures: Sendable {
    let expected: Int
    let recorded: Int
    let estimated: Int
    let missing: Int

    var isComplete: Bool { estimated == 0 && missing == 0 }

    var pill: HTML {
        if missing > 0 { return .pill("\(DisplayText.count(missing)) missing", .bad) }
        if estimated > 0 { return .pill("\(DisplayText.count(estimated)) estimated", .warn) }
        return .pill("Complete", .ok)
    }
}

/// Legs that nodes showed and that have no record.
struct CompletenessGaps: Sendable {
    struct Row: Sendable {
        let leg: String
        let began: String
        let answered: String
        let lastSeen: String
        let node: String
        let isLost: Bool
    }

    let rows: [Row]

    var card: HTML {
        let table = Table(
            "Missing legs",
            [
                .init("Began"), .init("Answered"), .init("Last sign of life"), .init("Node", isOptional: true),
                .init("Leg", isOptional: true), .init("What follows"),
            ],
            rows: rows.map { row in
                Table.Row([
                    "\(row.began)", "\(row.answered)", "\(row.lastSeen)", "\(row.node)", "<code>\(row.leg)</code>",
                    row.isLost ? "estimated up to the last sign of life" : "the node still owes its record",
                ])
            })
        let list: HTML =
            rows.isEmpty
            ? .empty("Nothing is missing", "Every leg that a node showed has its record.", icon: .check) : table.html
        return Card.flush(
            "Missing legs",
            lede: "The newest 200. A node’s folder of undelivered records is swept with “controlplane voice sweep”.",
            body: list
        ).html
    }
}

/// The proof that no call of a tenant's month is missing.
struct TenantCompletenessPage: Sendable {
    /// What came of working out the receipts again.
    struct ReceiptCheck: Sendable {
        let isSound: Bool
        let receipts: Int
        let milliseconds: Int64
        let overageMilliseconds: Int64
        let findings: [String]
    }

    let place: VoicePlace
    /// `2026-11`
    let month: String
    /// "November 2026"
    let monthName: String
    let errors: FormState
    /// "48,211 of 48,211 calls, 0 estimated"; `nil` for a month without a call.
    let sentence: String?
    let calls: CompletenessFigures
    let legs: CompletenessFigures
    let gaps: CompletenessGaps
    /// `nil` until somebody asks for it.
    let check: ReceiptCheck?

    var page: ConsolePage {
        let bar = FilterBar(place.path(of: .completeness), [Field("month", "Month", .input(type: "month"))])
        let choice = Card.flush(
            monthName, aside: sentence == nil ? "" : calls.pill, body: "\(bar.html(errors))\(figures)"
        ).html
        return place.page(
            of: .completeness,
            lede: "What nodes showed while calls ran, compared with the records that came.",
            body: "\(choice)\(sentence == nil ? "" : gaps.card)\(sentence == nil ? "" : receiptsCard)")
    }

    private var figures: HTML {
        guard let sentence else {
            return .empty(
                "No call in this month", "Choose another month, or look at what runs now.", icon: .calendar,
                action: .button("Live calls", to: place.path(of: .live)))
        }
        return #"""
            <div class="card-body"><p><span class="figure">\#(sentence)</span></p>\#
            \#(HTML.facts([
                Fact("Legs", text: "\(DisplayText.count(legs.recorded)) of \(DisplayText.count(legs.expected)) recorded"),
                Fact("Estimated", text: estimated),
                Fact("Counted as missing", text: "ten minutes after the end, when no record has come"),
            ]))</div>
            """#
    }

    private var estimated: String {
        legs.estimated == 0
            ? "none: every metered millisecond comes from a record"
            : "\(DisplayText.count(legs.estimated, "leg")); each is taken back when its record comes"
    }

    private var receiptsCard: HTML {
        guard let check else {
            let path = "\(place.path(of: .completeness))?month=\(month)&receipts=true"
            return Card(
                "Receipts", lede: "Each carries the hash of the one before: a missing or changed one shows.",
                aside: .button("Work them out again", to: path, .small, icon: .refresh),
                body: #"<p class="muted">Every receipt of the month is worked out again from what stands in it.</p>"#
            ).html
        }
        let findings: [HTML] = check.findings.map { "<li>\($0)</li>" }
        let list: HTML = findings.isEmpty ? "" : #"<ul class="ticks">\#(findings)</ul>"#
        return Card(
            "Receipts", aside: check.isSound ? .pill("Sound", .ok) : .pill("Not sound", .bad),
            body: HTML.facts([
                Fact("Receipts", text: DisplayText.count(check.receipts)),
                Fact("Metered", text: CallWords.exactly(check.milliseconds)),
                Fact("Beyond what is included", text: CallWords.exactly(check.overageMilliseconds)),
            ]) + list
        ).html
    }
}

/// The proof for every tenant that the viewer may see, and for the sessions of nodes.
struct CompletenessPage: Sendable {
    struct Row: Sendable {
        let tenant: String
        let path: String
        let sentence: String
        let figures: CompletenessFigures
    }

    /// One run of a node, by the numbers of its sessions.
    struct Run: Sendable {
        let node: String
        let from: String
        let until: String
        let highest: Int64
        let known: Int64
    }

    let month: FormState
    let rows: [Row]
    /// `nil` for viewers who do not see the platform's nodes.
    let runs: [Run]?

    var page: ConsolePage {
        let bar = FilterBar("/voice/completeness", [Field("month", "Month", .input(type: "month"))])
        let table = Table(
            "Completeness", [.init("Tenant"), .init("Calls"), .init("State")],
            rows: rows.map { Table.Row([.link($0.tenant, $0.path), "\($0.sentence)", $0.figures.pill]) })
        let list: HTML =
            rows.isEmpty
            ? .empty("No call in this month", "Choose another month.", icon: .calendar) : table.html
        var page = ConsolePage(
            "Completeness", section: "/voice",
            body: "\(Card.flush("Calls by tenant", body: "\(bar.html(month))\(list)").html)\(runs.map(runsCard) ?? "")")
        page.lede = "What nodes showed while calls ran, compared with the records that came."
        page.crumbs = [.init("Voice", "/voice"), .init("Completeness")]
        return page
    }

    private func runsCard(_ runs: [Run]) -> HTML {
        let table = Table(
            "Runs of nodes",
            [.init("Node"), .init("From"), .init("Until"), .number("Sessions"), .number("Known")],
            rows: runs.map {
                Table.Row([
                    "\($0.node)", "\($0.from)", "\($0.until)", "\(DisplayText.count($0.highest))",
                    "\(DisplayText.count($0.known))",
                ])
            })
        let list: HTML =
            runs.isEmpty
            ? .empty(
                "No session in this month", "A node counts its sessions from its start.", icon: .activity,
                action: .button("Nodes", to: "/voice/nodes"))
            : table.html
        return Card.flush(
            "Runs of nodes", lede: "Sessions that were refused before they were calls are counted and not known.",
            body: list
        ).html
    }
}
