import Kernel
import Web

/// One kind of object on the voice view: what there is of it, and the way to one more.
struct VoiceSection: Sendable {
    struct Row: Sendable {
        /// Where it is looked at or changed; `nil` for viewers.
        let path: String?
        /// What its button calls it.
        let name: String
        let cells: [HTML]
    }

    let title: String
    /// "Add number"
    let add: String
    /// Where a new one is made; `nil` for viewers.
    let addPath: String?
    let columns: [Table.Column]
    let rows: [Row]
    /// Why there is none, and what one is for.
    let empty: (title: String, text: String)
    var lede: HTML?

    func html(span: Int?) -> HTML {
        let columns = columns + (rows.contains { $0.path != nil } ? [Table.Column.actions] : [])
        let table = Table(
            title, columns,
            rows: rows.map { row in
                let edit: [HTML] =
                    row.path.map { path in
                        [#"<a class="btn btn-sm" href="\#(path)" aria-label="Edit \#(row.name)">Edit</a>"#]
                    } ?? []
                return Table.Row(row.cells + edit)
            })
        let body: HTML = rows.isEmpty ? .empty(empty.title, empty.text, icon: .phone) : table.html
        let aside: HTML = addPath.map { .button(add, to: $0, .small, icon: .plus) } ?? ""
        return Card.flush(title, span: span, lede: lede, aside: aside, body: body).html
    }
}

/// The voice of one tenant on one page.
struct VoiceTenantPage: Sendable {
    /// What the viewer may change.
    enum Rights: Sendable {
        case nothing
        /// A tenant's own people: what they were given.
        case own
        case everything
    }

    /// What happens when the included minutes are used up.
    struct AtEnd: Sendable {
        /// `overage` or `block`
        let value: String
        /// "0.08 per minute, pro rata to the millisecond"
        let price: String
        let revision: Int64
    }

    /// What the tenant's voice is made of.
    struct SetUp: Sendable {
        let numbers: VoiceSection
        let trunks: VoiceSection
        let users: VoiceSection
        let groups: VoiceSection
        let schedules: VoiceSection
        let sites: VoiceSection
        let permissions: VoiceSection
    }

    /// What is so at this moment.
    struct Present: Sendable {
        /// Why no calls are made now, with the way out.
        var bar: String?
        /// Signs of fraud whose destinations are closed now.
        var closed = 0
        let live: LiveCallsCard
        /// The newest calls.
        let recent: [CallListPage.Row]
    }

    let place: VoicePlace
    let present: Present
    let minutes: VoiceMinutesCard?
    let domain: [Fact]
    let setUp: SetUp
    let limits: [Fact]
    let atEnd: AtEnd
    let rights: Rights
    let domainRevision: Int64

    private var mayEdit: Bool { rights != .nothing }

    var page: ConsolePage {
        let closed = present.closed
        let barred: HTML = present.bar.map { .callout(.warn, "No calls are made now.", "\($0)") } ?? ""
        let signs: HTML =
            closed == 0
            ? ""
            : .callout(
                .bad, "\(DisplayText.count(closed, "sign")) of fraud closed destinations.",
                "Calls there are refused until somebody opens them.",
                actions: .button("Look at them", to: "\(place.path)/fraud_signs", .small))
        let notices: HTML = "\(barred)\(signs)\(minutes?.notice ?? "")\(present.live.away)"
        var page = ConsolePage(
            "\(place.name): Voice", section: "/voice",
            body: "\(notices)\(now)\(recentCard)\(setUpCards)\(atEndCard)\(offCard)")
        page.heading = "\(place.name) \(HTML.pill("Voice", .ok))"
        page.lede = "SIP domain, numbers, trunks and phones of this tenant. Every change takes effect within seconds."
        page.crumbs = [.init("Tenants", "/tenants"), .init(place.name, "/tenants/\(place.id)"), .init("Voice")]
        page.tabs = place.tabs(.overview)
        page.actions = .button("Signs of fraud", to: "\(place.path)/fraud_signs", icon: .shield)
        page.actions += .button("Revisions", to: "\(place.path)/revisions", icon: .clock)
        if rights == .everything {
            page.actions += .button("Add number", to: "\(place.path)/numbers/new", .primary, icon: .plus)
        }
        return page
    }

    /// The minutes beside what goes on.
    private var now: HTML {
        let beside = [present.live.summary, setUp.numbers.html(span: nil)]
        guard let minutes else { return .stack(beside) }
        return .grid([minutes.card(span: 5).html, .stack(beside, span: 7)])
    }

    private var recentCard: HTML {
        guard !present.recent.isEmpty else { return "" }
        return Card.flush(
            "Recent calls", lede: "The last digits are hidden; opening a call shows them and is logged.",
            aside: .button("All calls", to: place.path(of: .calls), .small),
            body: CallRowTable("Recent calls", place, present.recent).html
        ).html
    }

    private var setUpCards: HTML {
        let left = [setUp.trunks, setUp.users, setUp.groups].map { $0.html(span: nil) }
        let right = [domainCard, limitsCard, setUp.schedules.html(span: nil)]
        let below = [setUp.sites, setUp.permissions].map { $0.html(span: 12) }
        return .grid([.stack(left, span: 7), .stack(right, span: 5)] + below)
    }

    private var domainCard: HTML {
        Card(
            "SIP domain", aside: edit("\(place.path)/domain", "Edit the SIP domain"), body: .facts(domain)
        ).html
    }

    private var limitsCard: HTML {
        Card(
            "Limits", lede: "Emergency calls are never limited.",
            aside: edit("\(place.path)/settings", "Edit the limits"), body: .facts(limits)
        ).html
    }

    private func edit(_ path: String, _ label: String) -> HTML {
        mayEdit ? #"<a class="btn btn-sm" href="\#(path)" aria-label="\#(label)">Edit</a>"# : ""
    }

    private var atEndCard: HTML {
        let choices = AtEndChoices.all(price: atEnd.price)
        guard mayEdit else {
            let words = choices.first { $0.value == atEnd.value }
            return Card(
                "When the included minutes are used up",
                body: .facts([Fact(words?.label ?? "", text: words?.explanation)])
            ).html
        }
        let field = Field("at_end", "What happens", .radios(choices))
        return Card(
            "When the included minutes are used up",
            body: #"""
                <form action="\#(place.path)/at-end" method="post">\#(HTML.csrfField)\#
                \#(HTML.hiddenField("revision", "\(atEnd.revision)"))\#(field.html(FormState(values: ["at_end": atEnd.value])))\#
                <div class="form-foot"><span>Counts from the next call on. \#
                A notice stands here and on the overview from 80 % on, and at 100 %.</span><div class="actions">\#
                <button class="btn btn-primary" type="submit">Save</button></div></div></form>
                """#
        ).html
    }

    private var offCard: HTML {
        guard rights == .everything else { return "" }
        let setting: HTML = #"""
            <div class="setting"><div><b>Switch voice off</b><span class="hint">Possible when no user, group, trunk and \#
            number is left. The add-on is charged no longer.</span></div>\#
            <button class="btn btn-danger" type="button" popovertarget="voice-off">Switch off</button></div>
            """#
        var card = Card("End voice", body: "<div>\(setting)</div>")
        card.isDanger = true
        var dialog = Dialog(
            id: "voice-off", title: "Switch voice off for \(place.name)?",
            text: "The SIP domain is given back. Call records, invoices and the audit log stay.",
            action: "\(place.path)/off", submit: "Switch voice off", style: .danger)
        dialog.asksForReason = false
        dialog.hidden = .hiddenField("revision", "\(domainRevision)")
        return card.html + dialog.html
    }
}
