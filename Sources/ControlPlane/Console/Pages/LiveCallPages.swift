import Kernel
import Web

/// Legs that are up now, as a table with what can be done about each.
struct LiveCallTable: Sendable {
    struct Row: Sendable {
        let legID: String
        /// `2:14`
        let since: String
        /// Without the last digits.
        let from: String
        let to: String
        /// "Caller’s leg", "Called leg"
        let side: String
        /// The trunk's name, or "inside".
        let over: String
        /// `nil` on the pages of one tenant.
        let tenant: (name: String, path: String)?
        let isAnswered: Bool
        /// False while its node cannot be asked.
        let isCurrent: Bool
        /// Where its actions post to, `/tenants/{tenant_id}/voice/live/{leg_id}`; `nil` for viewers.
        let actionPath: String?
    }

    let rows: [Row]
    /// Without the leg, its trunk and what is seldom done: where the table is one card of many.
    var isBrief = false

    var html: HTML {
        let showsTenant = rows.contains { $0.tenant != nil }
        let columns: [Table.Column] =
            [.init("Since"), .init("From"), .init("To")]
            + (isBrief ? [] : [.init("Leg", isOptional: true), .init("Over")])
            + (showsTenant ? [.init("Tenant")] : []) + [.init("State")]
            + (rows.contains { $0.actionPath != nil } ? [.actions] : [])
        let table = Table("Live calls", columns, rows: rows.map { line($0, showsTenant) })
        return "\(table.html)\(rows.map(dialogs))"
    }

    private func line(_ row: Row, _ showsTenant: Bool) -> Table.Row {
        let tenant: [HTML] = showsTenant ? [row.tenant.map { .link($0.name, $0.path) } ?? "–"] : []
        let state: HTML =
            !row.isCurrent
            ? .pill("Last known", .warn) : row.isAnswered ? .pill("Speaking", .ok) : .pill("Ringing", .info)
        let buttons: [HTML] =
            row.actionPath == nil
            ? []
            : [
                isBrief
                    ? button("End", "end", row)
                    : "\(button("End", "end", row)) \(button("Transfer", "transfer", row)) \(button("Beep", "warn", row))"
            ]
        return Table.Row(
            [
                #"<span class="tnum">\#(row.since)</span>"#, "\(DisplayText.orNothing(row.from))",
                "\(DisplayText.orNothing(row.to))",
            ] + (isBrief ? [] : ["\(row.side)", "\(row.over)"]) + tenant + [state] + buttons)
    }

    private func button(_ label: String, _ dialog: String, _ row: Row) -> HTML {
        #"<button class="btn btn-sm" type="button" popovertarget="\#(dialog)-\#(row.legID)">\#(label)</button>"#
    }

    private func dialogs(_ row: Row) -> HTML {
        guard let path = row.actionPath else { return "" }
        let parties = "\(DisplayText.orNothing(row.from)) to \(DisplayText.orNothing(row.to))"
        var end = Dialog(
            id: "end-\(row.legID)", title: "End this call?",
            text: "\(parties): both sides are hung up now. Its record follows in seconds.", action: "\(path)/end",
            submit: "End call", style: .danger)
        var transfer = Dialog(
            id: "transfer-\(row.legID)", title: "Transfer this leg?",
            text: "\(parties): this leg goes where you say, with the same permissions as a call that it makes itself.",
            action: "\(path)/transfer", submit: "Transfer", style: .primary)
        var warn = Dialog(
            id: "warn-\(row.legID)", title: "Let this leg hear beeps?",
            text: "\(parties): only this side hears them, and the call goes on.", action: "\(path)/warn",
            submit: "Send beeps", style: .primary)
        (end.asksForReason, transfer.asksForReason, warn.asksForReason) = (false, false, false)
        guard !isBrief else { return end.html }
        transfer.fields = #"""
            <div class="field"><label class="label" for="to-\#(row.legID)">To</label>\#
            <input class="input" id="to-\#(row.legID)" name="destination" required maxlength="40">\#
            <p class="hint">An extension, or a number with its +.</p></div>
            """#
        return end.html + transfer.html + warn.html
    }
}

/// The legs of a tenant that are up now, and how many lines they take.
struct LiveCallsCard: Sendable {
    let place: VoicePlace
    /// "21 Nov 2026, 09:30:12"
    let time: String
    let calls: LiveCallTable
    /// Legs over trunks, and how many there may be.
    let lines: (used: Int, limit: Int)
    /// Nodes that serve the tenant, and those that cannot be asked.
    let nodes: (all: Int, away: Int)

    var away: HTML {
        nodes.away > 0
            ? .callout(
                .warn, "\(DisplayText.count(nodes.away, "node")) cannot be asked now.",
                "Its calls are shown as they were last known; what cannot be asked is not over.")
            : ""
    }

    /// On the view of live calls.
    var html: HTML {
        let list: HTML =
            calls.rows.isEmpty
            ? .empty(
                "No call now", none, icon: .phone, action: .button("Past calls", to: place.path(of: .calls)))
            : calls.html
        return card(aside: meter, body: list)
    }

    /// Among the cards of the voice view, which does not read itself anew.
    var summary: HTML {
        let more: HTML = .button(VoiceView.live.label, to: place.path(of: .live), .small)
        let aside: HTML = #"<div class="actions">\#(meter)\#(more)</div>"#
        var brief = calls
        brief.isBrief = true
        let list: HTML =
            calls.rows.isEmpty
            ? #"<div class="card-body"><p class="muted">No call now. \#(none)</p></div>"# : brief.html
        return card(aside: aside, body: list)
    }

    private func card(aside: HTML, body: HTML) -> HTML {
        Card.flush(
            "Live calls", lede: "\(lines.used) of \(lines.limit) lines in use at \(time). The last digits are hidden.",
            aside: aside, body: body
        ).html
    }

    private var none: String {
        nodes.all == 0
            ? "No node with an event socket is known, so nothing live can be seen. Records still arrive after each call."
            : "A call appears here while it rings and while people speak."
    }

    private var meter: HTML {
        let share = lines.limit > 0 ? min(100, lines.used * 100 / lines.limit) : 0
        return #"""
            <svg class="meter lines" role="img" aria-label="\#(lines.used) of \#(lines.limit) lines"><rect class="track" \#
            width="100%" height="100%" rx="4"/><rect class="db" width="\#(share)%" height="100%" rx="4"/></svg>
            """#
    }
}

/// What goes on at a tenant now: calls, phones, trunks.
struct LiveCallsPage: Sendable {
    struct Phone: Sendable {
        let user: String
        let networkAddress: String
        let userAgent: String
        let until: String
    }

    struct Trunk: Sendable {
        let name: String
        /// As nodes say it, each a word and its colour; empty when no node speaks of it.
        let states: [(word: String, tone: Tone)]
    }

    struct RefusedLogin: Sendable {
        /// Empty where the node does not tell.
        let user: String
        let from: String
        /// "Sign-in", "Call"
        let what: String
        let reason: String
        let count: Int
        let lastAt: String
    }

    let card: LiveCallsCard
    let phones: [Phone]
    let refused: [RefusedLogin]
    let trunks: [Trunk]

    private var place: VoicePlace { card.place }

    var page: ConsolePage {
        let view: HTML = #"""
            <div class="stack" id="live-view" data-refresh="5">\#(card.away)\#(card.html)\#
            \#(HTML.grid([phonesCard, trunksCard, refusedCard]))</div>
            """#
        var page = place.page(
            of: .live, lede: "Read from the nodes. This view reads itself anew every 5 seconds.", body: view)
        page.actions = .button("Refresh", to: place.path(of: .live), icon: .refresh)
        return page
    }

    private var phonesCard: HTML {
        let table = Table(
            "Phones",
            [.init("User"), .init("From"), .init("Device", isOptional: true), .init("Until", isOptional: true)],
            rows: phones.map { phone in
                Table.Row([
                    "\(phone.user)", "\(phone.networkAddress)", "\(DisplayText.orNothing(phone.userAgent))",
                    #"<span class="nowrap">\#(phone.until)</span>"#,
                ])
            })
        let list: HTML =
            phones.isEmpty
            ? .empty(
                "No phone is registered", "A user’s phone signs in with the secret of its user.", icon: .phone,
                action: .button("Users", to: "\(place.path)#users"))
            : table.html
        return Card.flush("Phones that can be reached", span: 7, body: list).html
    }

    private var refusedCard: HTML {
        let table = Table(
            "Refused logins",
            [
                .init("User"), .init("From"), .init("Wanted", isOptional: true), .init("Reason"),
                .number("Times"), .init("Last", isOptional: true),
            ],
            rows: refused.map { login in
                Table.Row([
                    "\(DisplayText.orNothing(login.user))", "\(login.from)", "\(login.what)", "\(login.reason)",
                    "\(login.count)", #"<span class="nowrap">\#(login.lastAt)</span>"#,
                ])
            })
        let list: HTML =
            refused.isEmpty
            ? .empty(
                "No login was refused", "A phone with a wrong secret or a user that does not exist appears here.",
                icon: .phone)
            : table.html
        return Card.flush(
            "Refused logins", span: 12,
            lede: "The newest, since this service started. A wrong secret is the usual reason.", body: list
        ).html
    }

    private var trunksCard: HTML {
        let table = Table(
            "Trunks now", [.init("Trunk"), .init("State")],
            rows: trunks.map { trunk in
                let states: [HTML] = trunk.states.map { .pill($0.word, $0.tone) }
                return Table.Row([
                    "\(trunk.name)",
                    states.isEmpty ? .pill("No node speaks of it", .neutral) : states.joined(separator: " "),
                ])
            })
        let list: HTML =
            trunks.isEmpty
            ? .empty(
                "No trunk", "Without a trunk there are only calls inside.", icon: .swap,
                action: .button("Trunks", to: "\(place.path)#trunks"))
            : table.html
        return Card.flush("Trunks now", span: 5, body: list).html
    }
}
