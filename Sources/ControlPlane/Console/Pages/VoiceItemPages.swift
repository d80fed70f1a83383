import Kernel
import Web

/// The form of one object of a tenant's voice, new or to be changed.
struct VoiceItemPage: Sendable {
    /// An object that is there.
    struct Item: Sendable {
        let id: String
        let name: String
        let revision: Int64
        var isDeletable = true
        /// What a person should know.
        var notices: [String] = []
        /// Cards and dialogs below the form.
        var beside: HTML = ""
    }

    let place: VoicePlace
    /// The kind in the path and in words: `users`, "user".
    let kind: (path: String, one: String)
    /// `nil` for a new one.
    let item: Item?
    let state: FormState
    let sections: [Form.Section]
    /// What happens on submit.
    var note = "Takes effect within seconds, without a restart of any node."
    /// Whether a second button tries the entries on past calls.
    var canBeTried = false
    /// What trying them showed.
    var above: HTML = ""

    private var path: String { "\(place.path)/\(kind.path)" }

    var page: ConsolePage {
        guard let item else {
            let form = self.form(path, submit: "Add \(kind.one)")
            return place.page("New \(kind.one)", body: "\(above)\(form.html(state))")
        }
        let form = self.form("\(path)/\(item.id)", submit: "Save changes")
        let carried = form.carrying(.hiddenField("revision", state.value("revision")))
        let notices: [HTML] = item.notices.map { .callout(.warn, "Look here.", "\($0)") }
        return place.page(
            item.name,
            body: "\(above)\(notices)\(carried.html(state))\(item.beside)\(item.isDeletable ? deletion(item) : "")")
    }

    private func form(_ action: String, submit: String) -> Form {
        var form = Form(action: action, submit: submit, cancel: place.path, note: note, sections: sections)
        if canBeTried { form.trial = .pastCalls(action: "\(action)/try") }
        return form
    }

    private func deletion(_ item: Item) -> HTML {
        let setting: HTML = #"""
            <div class="setting"><div><b>Delete \#(kind.one)</b><span class="hint">What still needs it has to be changed \#
            first.</span></div><button class="btn btn-danger" type="button" popovertarget="delete-item">Delete</button></div>
            """#
        var card = Card("Delete", body: "<div>\(setting)</div>")
        card.isDanger = true
        var dialog = Dialog(
            id: "delete-item", title: "Delete \(item.name)?", text: "Call records and the audit log keep its name.",
            action: "\(path)/\(item.id)/delete", submit: "Delete \(kind.one)", style: .danger)
        dialog.asksForReason = false
        dialog.hidden = .hiddenField("revision", "\(item.revision)")
        return card.html + dialog.html
    }
}

extension Form.Trial {
    static func pastCalls(action: String) -> Self { Self("Try on the last 30 days", action: action) }
}

extension Form {
    /// The same with a value that travels along.
    func carrying(_ hidden: HTML) -> Form {
        guard let last = sections.last else { return self }
        var section = last
        section.note += hidden
        var form = Form(
            action: action, submit: submit, cancel: cancel, note: note, sections: sections.dropLast() + [section])
        form.style = style
        form.trial = trial
        return form
    }
}

/// The one page that shows a phone's new secret. It is the answer to the POST itself: the secret cannot be read again.
struct VoiceSecretPage: Sendable {
    let place: VoicePlace
    let userID: String
    let userName: String
    /// `1001@acme.voice.example`
    let address: String
    let domain: String
    let secret: String
    /// Until when the old secret works beside it.
    let oldUntil: String?

    var page: ConsolePage {
        let facts: [Fact] = [
            Fact("Address", code: address), Fact("User name", code: userName),
            Fact("Domain and registrar", code: domain),
            Fact("Old secret", text: oldUntil.map { "works until \($0)" } ?? "none"),
            Fact("Lost it?", text: "Give the user a new secret; the old one goes on working for some days."),
        ]
        let body: HTML = "\(HTML.shownOnce(secret))\(HTML.facts(facts))"
        var page = place.page("Secret of \(userName)", body: Card("Secret", body: body).html)
        page.lede = "Enter it in the phone now."
        page.actions = .button("Back to the user", to: "\(place.path)/users/\(userID)")
        return page
    }
}

/// The life of a number so far.
struct NumberHistoryPage: Sendable {
    let place: VoicePlace
    let number: String
    let entries: [TimelineEntry]

    var page: ConsolePage {
        var page = place.page("History of \(number)", body: Card("History", body: .timeline(entries)).html)
        page.lede = "Every step of its life with this tenant."
        return page
    }
}

/// Cards below the form of an object: steps that are no change of its fields.
struct VoiceStepCard: Sendable {
    struct Step: Sendable {
        /// The last part of the path.
        let path: String
        let verb: String
        let effect: String
        var style = ButtonStyle.plain
        var asksForReason = false
        var fields: HTML = ""
    }

    let title: String
    let facts: [Fact]
    /// The object's own path.
    let path: String
    let revision: Int64
    let steps: [Step]

    var html: HTML {
        let settings: [HTML] = steps.map { step in
            #"""
            <div class="setting"><div><b>\#(step.verb)</b><span class="hint">\#(step.effect)</span></div>\#
            <button class="\#(step.style.rawValue)" type="button" popovertarget="\#(step.path)">\#(step.verb)</button></div>

            """#
        }
        let dialogs: [HTML] = steps.map { step in
            var dialog = Dialog(
                id: step.path, title: "\(step.verb)?", text: step.effect, action: "\(path)/\(step.path)",
                submit: step.verb, style: step.style == .danger ? .danger : .primary)
            dialog.asksForReason = step.asksForReason
            dialog.fields = step.fields
            dialog.hidden = .hiddenField("revision", "\(revision)")
            return dialog.html
        }
        let table: HTML = facts.isEmpty ? "" : .facts(facts)
        return "\(Card(title, body: "\(table)<div>\(settings)</div>").html)\(dialogs)"
    }
}
