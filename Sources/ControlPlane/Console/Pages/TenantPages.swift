import Kernel
import Web

/// The list of tenants.
struct TenantListPage: Sendable {
    struct Row: Sendable {
        let id: String
        let name: String
        let slug: String
        let organisation: String
        let instance: String
        /// Production, sandbox, demo.
        let kind: String
        let state: String
        let tone: Tone
        let turnsThisMonth: Int64
        let hasVoice: Bool
    }

    let rows: [Row]
    /// Values of the filter: `q`, `state`, `organisation_id`.
    let filter: FormState
    let organisations: [Field.Choice]
    let nextPath: String?
    let mayProvision: Bool

    var page: ConsolePage {
        var page = ConsolePage("Tenants", section: "/tenants", body: card.html)
        page.lede = "Isolated workspaces: own knowledge bases, agents, branding and secrets."
        page.crumbs = [.init("Tenants")]
        if mayProvision { page.actions = .button("Provision tenant", to: "/tenants/new", .primary, icon: .plus) }
        return page
    }

    /// The states as the filter offers them.
    static let stateChoices: [Field.Choice] = [
        .init("", "All"), .init("provisioning", "Provisioning"), .init("active", "Active"),
        .init("suspended", "Suspended"), .init("archived", "Archived"), .init("purged", "Purged"),
    ]

    private var card: Card {
        let everyone =
            organisations.count > 1
            ? [Field("organisation_id", "Organisation", .select([.init("", "All")] + organisations))] : []
        let bar = FilterBar(
            "/tenants", [Field("q", "Name"), Field("state", "State", .select(Self.stateChoices))] + everyone)
        let list: HTML =
            rows.isEmpty
            ? .empty("No tenants here", "None matches the filter, or none is provisioned yet.", icon: .grid)
            : "\(Self.table(rows).html)\(Pager(DisplayText.count(rows.count, "tenant"), nextPath: nextPath).html)"
        return .flush("All tenants", body: "\(bar.html(filter))\(list)")
    }

    /// The table that the instance's page shows, too.
    static func table(_ rows: [Row]) -> Table {
        Table(
            "Tenants",
            [
                .init("Tenant"), .init("Organisation"), .init("Instance", isOptional: true),
                .init("Kind", isOptional: true),
                .init("State"), .number("Turns this month"),
            ],
            rows: rows.map { row in
                let voice: HTML = row.hasVoice ? " \(HTML.tag("Voice"))" : ""
                return Table.Row([
                    "\(HTML.link(row.name, "/tenants/\(row.id)"))\(HTML.sub(row.slug))", "\(row.organisation)",
                    "\(row.instance)", "\(row.kind)\(voice)", .pill(row.state, row.tone),
                    "\(DisplayText.count(row.turnsThisMonth))",
                ])
            })
    }
}

/// One tenant: state, usage, details, history, and what can be done to it.
struct TenantPage: Sendable {
    /// A change of state that is possible now.
    enum Action: String, Sendable, CaseIterable { case activate, suspend, resume, archive, purge }

    let id: String
    let name: String
    let slug: String
    let state: String
    let tone: Tone
    /// Why it is suspended or archived.
    let stateReason: String
    let stats: [Stat]
    /// Turns per day of the running month.
    let turns: BarChart?
    let facts: [Fact]
    let history: [TimelineEntry]
    let actions: [Action]
    let mayEdit: Bool
    /// What the steps are decided on.
    let revision: Int64
    /// What the next change does to the bill, in a sentence.
    let billingNote: String
    let mayReadVoice: Bool

    var page: ConsolePage {
        let reason: HTML = stateReason.isEmpty ? "" : .callout(.warn, "\(state).", "\(stateReason)")
        let chart: HTML =
            turns?.html
            ?? .empty("No turns this month", "The tenant counts as active from its first turn.", icon: .chart)
        let cards: [HTML] = [
            Card("Turns per day", span: 8, aside: .go("Usage", "/usage?tenant_id=\(id)"), body: chart).html,
            Card("Details", span: 4, body: .facts(facts)).html,
            Card("History", body: .timeline(history)).html,
        ]
        var page = ConsolePage(
            name, section: "/tenants",
            body:
                "\(reason)\(HTML.stats(stats))\(HTML.grid(cards, fill: true))\(changes)\(actions.filter { $0 != .purge }.map(dialog))"
        )
        page.heading = "\(name) \(HTML.pill(state, tone))"
        page.lede = "\(slug) · \(id)"
        page.crumbs = [.init("Tenants", "/tenants"), .init(name)]
        page.tabs = TenantTabs.of(id, mayReadVoice: mayReadVoice, isVoice: false)
        if mayEdit { page.actions = .button("Edit", to: "/tenants/\(id)/edit") }
        return page
    }

    private var changes: HTML {
        guard !actions.isEmpty else { return "" }
        let settings: [HTML] = actions.map { action in
            #"""
            <div class="setting"><div><b>\#(action.title)</b><span class="hint">\#(action.effect)</span></div>\#
            \#(button(action))</div>

            """#
        }
        var card = Card("Change the state", lede: "\(billingNote)", body: "<div>\(settings)</div>")
        card.isDanger = true
        return card.html
    }

    /// What cannot be undone has a page of its own, with the short name to type.
    private func button(_ action: Action) -> HTML {
        action == .purge
            ? .button(action.verb, to: "/tenants/\(id)/purge", action.style)
            : #"""
            <button class="\#(action.style.rawValue)" type="button" popovertarget="\#(action.rawValue)">\#(action.verb)</button>
            """#
    }

    private func dialog(_ action: Action) -> HTML {
        var dialog = Dialog(
            id: action.rawValue, title: "\(action.verb) \(name)?", text: action.effect,
            action: "/tenants/\(id)/\(action.rawValue)",
            submit: action.title, style: action.style)
        dialog.hidden = .hiddenField("revision", "\(revision)")
        return dialog.html
    }
}

extension TenantPage.Action {
    var verb: String {
        switch self {
        case .activate: "Activate"
        case .suspend: "Suspend"
        case .resume: "Resume"
        case .archive: "Archive"
        case .purge: "Purge"
        }
    }

    var title: String { "\(verb) tenant" }

    var effect: String {
        switch self {
        case .activate: "Provisioning is complete; conversations can begin."
        case .suspend: "Running conversations finish, new ones are refused. Data stays, and you can resume at any time."
        case .resume: "Conversations can begin again at once."
        case .archive: "Ends the tenant. Its data is kept until the purge date and then deleted."
        case .purge: "Deletes its data before the purge date. Nothing brings it back."
        }
    }

    var style: ButtonStyle {
        switch self {
        case .activate, .resume: .primary
        case .suspend, .archive, .purge: .danger
        }
    }
}

/// The form for a new tenant.
struct TenantFormPage: Sendable {
    let state: FormState
    let organisations: [Field.Choice]
    let instances: [Field.Choice]
    /// End-customers that are known as legal parties.
    let customers: [Field.Choice]

    static let kinds: [Field.Choice] = [
        .init("production", "Production", "counts for every price that names tenants"),
        .init("sandbox", "Sandbox", "for trying out; never an active tenant"),
        .init("demo", "Demo", "for showing; never an active tenant"),
    ]

    var page: ConsolePage {
        let form = Form(
            action: "/tenants", submit: "Provision tenant", cancel: "/tenants",
            note: "Counts as an active tenant from its first turn.",
            sections: [
                Form.Section(
                    "Place", "Who is billed for it, and where it runs.",
                    [
                        Field("organisation_id", "Organisation", .select(organisations)),
                        Field("instance_id", "Instance", .select(instances)),
                        Field(
                            "end_customer_id", "End-customer", .select([.init("", "–")] + customers), isRequired: false),
                    ]),
                Form.Section(
                    "Tenant", "The name people see, and the one in addresses.",
                    [
                        Field("display_name", "Name"),
                        Field(
                            "slug", "Short name",
                            hint: "Lower-case letters, digits and hyphens; unique on its instance, for ever."),
                        Field("kind", "Kind", .radios(Self.kinds)),
                        Field(
                            "activate", "Active at once", .check,
                            hint: "Off: it stays in provisioning until somebody activates it."),
                        Field(
                            "voice_enabled", "Voice enabled", .check,
                            hint: "Billed per tenant and month where the contract has the voice add-on."),
                    ]),
            ])
        var page = ConsolePage("Provision tenant", section: "/tenants", body: form.html(state))
        page.frame = .narrow
        page.crumbs = [.init("Tenants", "/tenants"), .init("Provision tenant")]
        return page
    }
}
