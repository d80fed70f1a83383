import Kernel
import Web

/// Usage by time, tenant, meter and key source; filtered by a GET form, so every view has an address.
struct UsagePage: Sendable {
    /// One row of the table.
    struct Row: Sendable {
        /// "18 Nov 2026", "18 Nov 2026, 14:00", "November 2026"
        let period: String
        let tenant: String
        let organisation: String
        let meter: String
        let keySource: String
        /// With its unit: `1,204 turns`, `2,041.5 min`.
        let quantity: String
        let events: Int64
        let isLate: Bool
    }

    /// What the filter offers.
    struct Choices: Sendable {
        let organisations: [Field.Choice]
        let tenants: [Field.Choice]
    }

    let stats: [Stat]
    let chart: BarChart?
    let rows: [Row]
    /// Values: `organisation_id`, `tenant_id`, `meter`, `key_source`, `by`, `from`, `to`.
    let filter: FormState
    let choices: Choices
    let nextPath: String?
    let mayImport: Bool

    static let meters: [Field.Choice] = [.init("", "All"), .init("turn", "Turns"), .init("voice", "Voice")]
    static let keySources: [Field.Choice] = [
        .init("", "All"), .init("partner", "Partner key"), .init("end_customer", "End-customer key"),
        .init("self_hosted", "Self-hosted"),
    ]
    static let steps: [Field.Choice] = [.init("hour", "Hour"), .init("day", "Day"), .init("month", "Month")]

    var page: ConsolePage {
        let plot: HTML =
            chart?.html
            ?? .empty("No usage in this period", "Events appear here in the moment they are accepted.", icon: .chart)
        var page = ConsolePage(
            "Usage", section: "/usage",
            body:
                "\(filters.html)\(HTML.stats(stats))\(Card("Over time", lede: "Model cost is never part of usage or of an invoice.", body: plot).html)\(list.html)"
        )
        page.lede = "Metered events, counted once each. Days and months in Europe/Vienna."
        page.crumbs = [.init("Usage")]
        if mayImport { page.actions = .button("Import usage", to: "/usage/import", .primary, icon: .upload) }
        return page
    }

    private var filters: Card {
        let parties =
            choices.organisations.count > 1
            ? [Field("organisation_id", "Organisation", .select([.init("", "All")] + choices.organisations))] : []
        let bar = FilterBar(
            "/usage",
            parties + [
                Field("tenant_id", "Tenant", .select([.init("", "All")] + choices.tenants)),
                Field("meter", "Meter", .select(Self.meters)),
                Field("key_source", "Key source", .select(Self.keySources)),
                Field("by", "By", .select(Self.steps)), Field("from", "From", .input(type: "date")),
                Field("to", "To", .input(type: "date")),
            ])
        return .flush("Filter", body: bar.html(filter))
    }

    private var list: Card {
        guard !rows.isEmpty else {
            return .flush("Table", body: .empty("Nothing to list", "Widen the period or the filter.", icon: .search))
        }
        let table = Table(
            "Usage",
            [
                .init("Period"), .init("Tenant"), .init("Organisation", isOptional: true), .init("Meter"),
                .init("Key source"),
                .number("Quantity"), .number("Events", isOptional: true),
            ],
            rows: rows.map { row in
                let late: HTML = row.isLate ? " \(HTML.pill("Late", .warn))" : ""
                return Table.Row([
                    "\(row.period)", "\(row.tenant)", "\(row.organisation)", "\(row.meter)\(late)", "\(row.keySource)",
                    "\(row.quantity)", "\(DisplayText.count(row.events))",
                ])
            })
        return .flush(
            "Table", body: "\(table.html)\(Pager(DisplayText.count(rows.count, "row"), nextPath: nextPath).html)")
    }
}

/// The way to bring a file of events in.
struct UsageImportPage: Sendable {
    let state: FormState
    /// Whose events they are; one entry for a partner.
    let organisations: [Field.Choice]

    private static let sample =
        #"{"id":"evt-1","source":"shared-eu-2","type":"turn","time":"2026-10-05T08:14:00Z","tenant":"tenant_…","data":{"key_source":"partner"}}"#

    var page: ConsolePage {
        let parties =
            organisations.count > 1
            ? [
                Field(
                    "organisation_id", "Organisation", .select([.init("", "As each tenant says")] + organisations),
                    isRequired: false)
            ] : []
        var form = Form(
            action: "/usage/import", submit: "Import", cancel: "/usage",
            note: "An event counts once, however often it is sent.",
            sections: [
                Form.Section(
                    "File", "NDJSON or CSV, up to 32 MiB; larger ones by the command line.",
                    [Field("file", "File", .file(accept: ".ndjson,.jsonl,.json,.csv"), hint: "One event per line.")]
                        + parties,
                    note: .fold("What a line looks like", #"<pre class="code">\#(Self.sample)</pre>"#))
            ])
        form.isMultipart = true
        var page = ConsolePage("Import usage", section: "/usage", body: form.html(state))
        page.frame = .narrow
        page.crumbs = [.init("Usage", "/usage"), .init("Import")]
        return page
    }
}

/// What became of the events of a file.
struct UsageImportResultPage: Sendable {
    struct Failure: Sendable {
        let line: Int
        let eventID: String
        /// `rejected`, `conflict`
        let status: String
        let reason: String
        let detail: String
    }

    let fileName: String
    let accepted: Int
    let duplicate: Int
    let conflict: Int
    let rejected: Int
    /// The first ones; `failureCount` counts all.
    let failures: [Failure]
    let failureCount: Int

    var page: ConsolePage {
        let stats: [Stat] = [
            Stat("Accepted", DisplayText.count(accepted), note: "stored and counted"),
            Stat("Duplicate", DisplayText.count(duplicate), note: "known already, counted once"),
            Stat("Conflict", DisplayText.count(conflict), note: "known with another content; the first one counts"),
            Stat("Rejected", DisplayText.count(rejected), note: "not counted in this month"),
        ]
        var page = ConsolePage(
            "Import", section: "/usage", body: "\(lead)\(HTML.stats(stats))\(failures.isEmpty ? "" : card.html)")
        page.heading = "Import of \(fileName)"
        page.crumbs = [.init("Usage", "/usage"), .init("Import", "/usage/import"), .init("Result")]
        page.actions = .button("Import another file", to: "/usage/import") + .button("Usage", to: "/usage", .primary)
        return page
    }

    private var lead: HTML {
        failureCount == 0
            ? .callout(.ok, "Done.", "Every event of the file is counted once.")
            : .callout(
                .warn, "\(DisplayText.count(failureCount, "event")) need a look.",
                "The others are stored. Correct the lines and send the whole file again: what is known is not counted twice."
            )
    }

    private var card: Card {
        let table = Table(
            "Events that were not accepted",
            [.init("Line"), .init("Event"), .init("Status"), .init("Reason"), .init("What is wrong")],
            rows: failures.map { failure in
                Table.Row([
                    "\(failure.line)", "<code>\(DisplayText.orNothing(failure.eventID))</code>",
                    .pill(DisplayText.words(failure.status), failure.status == "conflict" ? .warn : .bad),
                    "<code>\(failure.reason)</code>", "\(failure.detail)",
                ])
            })
        let rest = failureCount - failures.count
        return .flush(
            "Not accepted", body: table.html, foot: rest > 0 ? "and \(DisplayText.count(rest)) more" : "")
    }
}
