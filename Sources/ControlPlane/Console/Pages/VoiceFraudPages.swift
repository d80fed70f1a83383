import Kernel
import Telephony
import Voice
import Web

/// Signs of fraud of a tenant, what they closed, and what its users would like to call.
struct VoiceFraudPage: Sendable {
    /// A destination that users were refused.
    struct Proposal: Sendable {
        /// "United States, mobile"
        let destination: String
        let sentence: String
        let last: String
        /// What names it in the form.
        let hidden: [(String, String)]
    }

    let place: VoicePlace
    let signs: [FraudSignResource]
    let proposals: [Proposal]
    /// What a sign does, by the settings.
    let response: FraudResponse
    let mayEdit: Bool
    /// Whether the viewer may open what is closed: whoever manages the tenant may.
    let mayOpen: Bool
    let nextPath: String?

    var page: ConsolePage {
        let body: HTML = "\(signCard)\(proposalCard)"
        var page = place.page("Signs of fraud", body: body, isNarrow: false)
        page.lede = "Sudden changes of the calls out, against this tenant’s own days before. Looked for every minute."
        return page
    }

    private var signCard: HTML {
        var does =
            response == .block ? "A sign closes the destination it speaks of." : "A sign is noted, and closes nothing."
        if mayEdit, !mayOpen { does += " Whoever manages this tenant opens it again." }
        let list: HTML =
            signs.isEmpty
            ? .empty("No sign yet", "The calls of this tenant are as they usually are.", icon: .shield)
            : "\(table.html)\(Pager(DisplayText.count(signs.count, "sign"), nextPath: nextPath).html)"
        let aside: HTML = mayEdit ? .button("Change", to: "\(place.path)/settings", .small) : ""
        return Card.flush("Signs", lede: HTML(text: does), aside: aside, body: list).html
    }

    private var table: Table {
        Table(
            "Signs of fraud", [.init("Day"), .init("What was seen"), .init("State"), .actions],
            rows: signs.map { sign in
                let path = "\(place.path)/fraud_signs/\(sign.fraudSignID)"
                let isClosed = [.blocked, .open].contains(sign.state)
                let open: HTML =
                    mayOpen && isClosed
                    ? #"<a class="btn btn-sm" href="\#(path)" aria-label="Open again: \#(sign.sentence)">Open again</a>"#
                    : ""
                return Table.Row([
                    "\(DisplayText.day(sign.createdAt))", "\(sign.sentence)\(HTML.sub(sign.kind.label))",
                    "\(sign.statePill)\(HTML.sub(sign.stateWords))", open,
                ])
            })
    }

    private var proposalCard: HTML {
        let lede: HTML =
            "Dialled again and again on several days of the last 30, and refused. Two weeks of calls are needed."
        guard !proposals.isEmpty else {
            return Card("Proposed permissions", lede: lede, body: #"<p class="muted small">Nothing to propose.</p>"#)
                .html
        }
        let table = Table(
            "Proposed permissions", [.init("Destination"), .init("Last dialled", isOptional: true), .actions],
            rows: proposals.map { proposal in
                let accept: HTML =
                    mayEdit
                    ? .post(
                        "Allow for 30 days", to: "\(place.path)/permission_proposals/accept", .small,
                        hidden: proposal.hidden) : ""
                return Table.Row([
                    "\(proposal.destination)\(HTML.sub(proposal.sentence))", "\(proposal.last)", accept,
                ])
            })
        return Card.flush("Proposed permissions", lede: lede, body: table.html).html
    }
}

/// One sign, and the form that opens what it closed.
struct VoiceFraudSignPage: Sendable {
    let place: VoicePlace
    let sign: FraudSignResource
    let state: FormState

    var page: ConsolePage {
        let facts = [
            Fact("Seen", text: sign.sentence), Fact("Kind", text: sign.kind.label),
            Fact("Threshold", text: DisplayText.count(sign.threshold)),
            Fact("State", "\(sign.statePill)\(HTML.sub(sign.stateWords))"),
        ]
        let form = Form(
            action: "\(place.path)/fraud_signs/\(sign.fraudSignID)/unblock", submit: "Open again",
            cancel: "\(place.path)/fraud_signs", note: "Counts from the next call on.",
            sections: [
                Form.Section(
                    "Open again", "The same sign closes nothing again on its day.",
                    [
                        Field("reason", "Reason", hint: "For the audit log."),
                        Field(
                            "open_on", "Last day", .input(type: "date"),
                            hint: "Empty: for good. Else it is closed again after that day, while the block lasts.",
                            isRequired: false),
                    ], note: .hiddenField("revision", state.value("revision")))
            ])
        return place.page(
            "Sign of \(DisplayText.day(sign.createdAt))",
            body: "\(Card("What was seen", body: .facts(facts)).html)\(form.html(state))")
    }
}

extension FraudSignResource {
    fileprivate var statePill: HTML {
        switch state {
        case .recorded: .pill("Noted", .info)
        case .blocked: .pill("Closed", .bad)
        case .open: .pill("Open for now", .warn)
        case .ended: .pill("Over", .neutral)
        }
    }

    fileprivate var stateWords: String {
        let opened = openedBy.map { " Opened by \($0): \(openReason ?? "")" } ?? ""
        switch state {
        case .recorded: return "it closed nothing"
        case .blocked: return "\(closes), until \(blockUntil.map { DisplayText.minute($0) } ?? "")"
        case .open: return "\(closes), open until \(openUntil.map { DisplayText.minute($0) } ?? "").\(opened)"
        case .ended: return "\(closes), since \(blockEndedAt.map { DisplayText.minute($0) } ?? "").\(opened)"
        }
    }

    fileprivate var closes: String {
        DialPermission.Destinations(country: country, prefix: prefix).words
    }
}

extension FraudSign.Kind {
    fileprivate var label: String {
        switch self {
        case .time: "Much more time than usual"
        case .calls: "Many more calls than usual"
        case .newDestination: "A risky destination for the first time"
        case .refusals: "Many refused calls"
        }
    }
}
