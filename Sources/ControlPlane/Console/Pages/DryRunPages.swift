import Kernel
import Web

/// Who may call what now, over which trunk, at what price, and why: a call without making it.
struct DryRunPage: Sendable {
    /// One question that was asked on the way.
    struct Step: Sendable {
        let name: String
        let word: String
        let tone: Tone
        let sentence: String
        /// Where a person changes what the step looked at.
        let fix: (label: String, path: String)?
    }

    /// What a node would be told.
    struct Answer: Sendable {
        let isAllowed: Bool
        /// "Outgoing call" or the reason's sentence
        let headline: String
        /// What to do about a refusal; empty for a call that goes on.
        let text: String
        let facts: [Fact]
        let steps: [Step]
    }

    /// What the form offers.
    struct Choices: Sendable {
        let users: [Field.Choice]
        let numbers: [Field.Choice]
        let trunks: [Field.Choice]
    }

    let place: VoicePlace
    let form: FormState
    let choices: Choices
    let answer: Answer?
    /// "answered for 21 Nov 2026, 09:30"
    let time: String

    var page: ConsolePage {
        place.page(
            of: .dryRun,
            lede:
                "Who may call what now, over which trunk, at what price, and why. Nothing is called, stored or granted.",
            body: "\(question)\(answer.map(html) ?? "")")
    }

    private var question: HTML {
        var bar = FilterBar(place.path(of: .dryRun), fields)
        bar.submit = "Try"
        let others: HTML = form.errors.filter { error in !fields.contains { $0.name == error.field } }.map {
            HTML.callout(.bad, "That cannot be tried.", "\($0.message)")
        }.joined()
        let hint: HTML =
            answer == nil && form.errors.isEmpty
            ? .empty(
                "Nothing tried yet",
                "Say who calls and what is dialled: an extension, a number with its country code, or an emergency number.",
                icon: .help)
            : ""
        return "\(others)\(Card.flush("Question", body: "\(bar.html(form))\(hint)").html)"
    }

    private var fields: [Field] {
        var fields = [
            Field(
                "origin", "Who",
                .select([
                    .init("user", "A user calls"), .init("agent", "An agent calls"),
                    .init("trunk", "Somebody calls in"), .init("forward", "A user’s phone forwards"),
                    .init("transfer", "A user transfers"),
                ])),
            Field("dialled", "Dialled"),
        ]
        let none = Field.Choice("", "–")
        if !choices.users.isEmpty { fields.append(Field("user", "User", .select([none] + choices.users))) }
        if !choices.numbers.isEmpty {
            fields.append(Field("number", "Agent’s number", .select([none] + choices.numbers)))
        }
        if !choices.trunks.isEmpty {
            fields.append(Field("trunk_id", "Comes over", .select([none] + choices.trunks)))
        }
        return fields
    }

    private func html(_ answer: Answer) -> HTML {
        let tone: Tone = answer.isAllowed ? .ok : .bad
        let table = Table(
            "Steps", [.init("Step"), .init("Result"), .init("Why"), .actions],
            rows: answer.steps.map { step in
                let fix: HTML =
                    step.fix.map {
                        #"<a class="btn btn-sm" href="\#($0.path)" aria-label="\#($0.label): \#(step.name)">\#($0.label)</a>"#
                    } ?? ""
                return Table.Row(["\(step.name)", .pill(step.word, step.tone), "\(step.sentence)", fix])
            })
        let decision = Card(
            answer.isAllowed ? "The call is allowed" : "The call is refused", span: 5, lede: "As of \(time).",
            aside: .pill(answer.isAllowed ? "Allowed" : "Refused", tone),
            body: "<p><strong>\(answer.headline)</strong> \(answer.text)</p>\(HTML.facts(answer.facts))")
        return .grid([
            decision.html,
            Card.flush("Why", span: 7, lede: "Every question in its order; the last one decides.", body: table.html)
                .html,
        ])
    }
}
