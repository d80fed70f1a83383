import Kernel
import Web

/// Every tenant with voice.
struct VoiceListPage: Sendable {
    struct Row: Sendable {
        let id: String
        let tenant: String
        let organisation: String
        let domain: String
        let country: String
        let since: String
    }

    let rows: [Row]
    let nextPath: String?
    /// Whether the viewer runs nodes.
    let seesNodes: Bool

    var page: ConsolePage {
        let list: HTML =
            rows.isEmpty
            ? .empty(
                "No tenant has voice yet", "Open a tenant and its “Voice” view to switch it on.", icon: .phone,
                action: .button("All tenants", to: "/tenants"))
            : "\(table.html)\(Pager(DisplayText.count(rows.count, "tenant"), nextPath: nextPath).html)"
        var page = ConsolePage("Voice", section: "/voice", body: Card.flush("Tenants with voice", body: list).html)
        page.lede = "SIP domains, numbers, trunks and minutes, tenant by tenant."
        page.actions = .button("Completeness", to: "/voice/completeness", icon: .shield)
        if seesNodes { page.actions += .button("Nodes", to: "/voice/nodes", icon: .activity) }
        page.crumbs = [.init("Voice")]
        return page
    }

    private var table: Table {
        Table(
            "Tenants with voice",
            [
                .init("Tenant"), .init("SIP domain"), .init("Organisation", isOptional: true),
                .init("Country", isOptional: true), .init("Since", isOptional: true),
            ],
            rows: rows.map { row in
                Table.Row([
                    .link(row.tenant, "/tenants/\(row.id)/voice"), "<code>\(row.domain)</code>", "\(row.organisation)",
                    "\(row.country)", "\(row.since)",
                ])
            })
    }
}

/// The tenant that a page of voice belongs to.
struct VoicePlace: Sendable {
    let id: String
    let name: String

    /// `/tenants/{tenant_id}/voice`
    var path: String { "/tenants/\(id)/voice" }

    /// A page below the voice view.
    func page(_ title: String, body: HTML, isNarrow: Bool = true) -> ConsolePage {
        var page = ConsolePage(title, section: "/voice", body: body)
        if isNarrow { page.frame = .narrow }
        page.crumbs = [
            .init("Tenants", "/tenants"), .init(name, "/tenants/\(id)"), .init("Voice", path), .init(title),
        ]
        return page
    }
}

/// The views of a tenant's voice, each a tab.
enum VoiceView: CaseIterable, Sendable {
    case overview, live, calls, dryRun, completeness

    /// As tabs and titles call it.
    var label: String {
        switch self {
        case .overview: "Voice"
        case .live: "Live calls"
        case .calls: "Calls"
        case .dryRun: "Dry run"
        case .completeness: "Completeness"
        }
    }

    /// Below the voice view.
    fileprivate var path: String {
        switch self {
        case .overview: ""
        case .live: "/live"
        case .calls: "/calls"
        case .dryRun: "/explain"
        case .completeness: "/completeness"
        }
    }
}

extension VoicePlace {
    func path(of view: VoiceView) -> String { path + view.path }

    /// The tenant's overview, and every view of its voice.
    func tabs(_ current: VoiceView) -> [ConsolePage.Tab] {
        [.init("Overview", "/tenants/\(id)")]
            + VoiceView.allCases.map { .init($0.label, path(of: $0), isCurrent: $0 == current) }
    }

    /// One of the views.
    func page(of view: VoiceView, lede: HTML, body: HTML) -> ConsolePage {
        var page = page("\(view.label) of \(name)", body: body, isNarrow: false)
        page.heading = HTML(text: name)
        page.lede = lede
        page.crumbs = [.init("Tenants", "/tenants"), .init(name, "/tenants/\(id)"), .init("Voice", path)]
        page.crumbs.append(.init(view.label))
        page.tabs = tabs(view)
        return page
    }
}

/// The views of one tenant, as tabs.
enum TenantTabs {
    static func of(_ id: String, mayReadVoice: Bool, isVoice: Bool) -> [ConsolePage.Tab] {
        guard mayReadVoice else { return [] }
        return [
            .init("Overview", "/tenants/\(id)", isCurrent: !isVoice),
            .init("Voice", "/tenants/\(id)/voice", isCurrent: isVoice),
        ]
    }
}

/// The voice view of a tenant that has none: why, what the programs include, and the way to it.
struct VoiceOffPage: Sendable {
    /// Why there is no voice.
    enum Reason: Sendable {
        /// Allowed and only not switched on.
        case off
        /// The program does not include it; the sentence says the way out.
        case notIncluded(String)
    }

    /// What one program includes.
    struct ProgramRow: Sendable {
        let name: String
        let possible: String
        let minutes: String
        let isPresent: Bool
    }

    let place: VoicePlace
    let reason: Reason
    let programs: [ProgramRow]
    /// Whether the viewer may switch it on.
    let maySwitchOn: Bool
    /// Where contracts of the tenant's organisation are, for those who may read them.
    let contractsPath: String?

    var page: ConsolePage {
        let table = Table(
            "Voice per program", [.init("Program"), .init("What is possible"), .init("Minutes")],
            rows: programs.map { row in
                let mark: HTML = row.isPresent ? .sub("this tenant") : ""
                return Table.Row(
                    ["\(row.name)\(mark)", "\(row.possible)", "\(row.minutes)"], isWinner: row.isPresent)
            })
        let box: HTML = #"<section class="card">\#(explanation)</section>"#
        var page = ConsolePage(
            "\(place.name): Voice", section: "/voice",
            body: "\(box)\(Card.flush("Voice per program", body: table.html).html)")
        page.heading = HTML(text: place.name)
        page.crumbs = [.init("Tenants", "/tenants"), .init(place.name, "/tenants/\(place.id)"), .init("Voice")]
        page.tabs = TenantTabs.of(place.id, mayReadVoice: true, isVoice: true)
        return page
    }

    private var explanation: HTML {
        switch reason {
        case .off:
            let button: HTML =
                maySwitchOn ? .button("Switch voice on", to: "\(place.path)/domain", .primary, icon: .phone) : ""
            return .empty(
                "Voice is switched off",
                "Nothing is charged. Switching it on gives the tenant a SIP domain; numbers, trunks and minutes appear here.",
                icon: .phone, action: button)
        case .notIncluded(let wayOut):
            let button: HTML = contractsPath.map { .button("Contracts", to: $0, .primary) } ?? ""
            return .empty("Voice is not part of this contract", wayOut, icon: .phone, action: button)
        }
    }
}

/// The compiled plans that calls were answered from, newest first.
struct VoiceRevisionsPage: Sendable {
    struct Row: Sendable {
        let revision: String
        let time: String
        let isPresent: Bool
    }

    let place: VoicePlace
    let rows: [Row]
    let nextPath: String?

    var page: ConsolePage {
        let table = Table(
            "Revisions", [.init("Revision"), .init("In force from"), .init("State")],
            rows: rows.map { row in
                Table.Row([
                    #"<a href="\#(place.path)/revisions/\#(row.revision)"><code>\#(row.revision.prefix(12))</code></a>"#,
                    "\(row.time)", row.isPresent ? .pill("In force", .ok) : .pill("Past", .neutral),
                ])
            })
        let list: HTML =
            rows.isEmpty
            ? .empty("No revision yet", "The first one appears within seconds of the first change.", icon: .clock)
            : "\(table.html)\(Pager(DisplayText.count(rows.count, "revision"), nextPath: nextPath).html)"
        var page = place.page("Revisions", body: Card.flush("Compiled plans", body: list).html)
        page.lede = "Every call record names the revision that decided it."
        return page
    }
}

/// One compiled plan: what it changed.
struct VoiceRevisionPage: Sendable {
    struct Change: Sendable {
        /// `directory.users[sipuser_…].displayName`
        let place: String
        let before: String?
        let after: String?
    }

    let place: VoicePlace
    let revision: String
    let previous: String?
    let time: String
    let changes: [Change]

    var page: ConsolePage {
        let previousLink: HTML =
            previous.map {
                #"<a href="\#(place.path)/revisions/\#($0)"><code>\#($0)</code></a>"#
            } ?? "none: this is the first"
        let facts: [Fact] = [
            Fact("Revision", code: revision), Fact("In force from", text: time), Fact("Before it", previousLink),
        ]
        let table = Table(
            "Changes", [.init("Where"), .init("Before"), .init("After")],
            rows: changes.map { change in
                Table.Row(["\(change.place)", Self.value(change.before), Self.value(change.after)])
            })
        let list: HTML =
            changes.isEmpty
            ? .empty("Nothing to compare", "There is no older revision, or it says the same.", icon: .file) : table.html
        var page = place.page(
            "Revision \(revision.prefix(12))",
            body: "\(Card("Revision", body: .facts(facts)).html)\(Card.flush("Changes", body: list).html)",
            isNarrow: false)
        page.crumbs.insert(.init("Revisions", "\(place.path)/revisions"), at: 3)
        page.lede = "Secrets appear as fingerprints that change with them."
        return page
    }

    private static func value(_ text: String?) -> HTML {
        guard let text else { return HTML(text: DisplayText.nothing) }
        return #"<span class="mono">\#(text)</span>"#
    }
}
