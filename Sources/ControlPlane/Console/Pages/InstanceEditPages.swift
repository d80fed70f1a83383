import Kernel
import Web

/// The form that changes what can be said of an instance. Host and owner never change.
struct InstanceEditPage: Sendable {
    let id: String
    let name: String
    let state: FormState
    /// Only a deployment has an order and a size.
    var isDeployment = false

    var page: ConsolePage {
        let path = "/instances/\(id)"
        let form = Form(
            action: "\(path)/edit", submit: "Save changes", cancel: path,
            note: "Host and owner stay: they decide the program of its tenants.",
            sections: [
                Form.Section(
                    "Description", "What operators recognise it by.",
                    [
                        Field("display_name", "Name"), Field("region", "Region", isRequired: false),
                        Field("version", "Version", isRequired: false),
                    ], note: .hiddenField("revision", state.value("revision")))
            ] + (isDeployment ? [.licence("An upgrade is another size of an order that the contract has.")] : []))
        var page = ConsolePage("Edit \(name)", section: "/instances", body: form.html(state))
        page.frame = .narrow
        page.crumbs = [.init("Instances", "/instances"), .init(name, path), .init("Edit")]
        return page
    }
}

/// The last step of an instance's life, and the way back.
struct InstanceStateCard: Sendable {
    let id: String
    let name: String
    let isRetired: Bool
    let revision: Int64

    private var step: (path: String, verb: String, effect: String, style: ButtonStyle) {
        isRetired
            ? ("reactivate", "Reactivate", "New tenants can be provisioned here again.", .primary)
            : (
                "retire", "Retire",
                "Takes no new tenants from now on. Those it has stay, and are billed as before.", .danger
            )
    }

    var html: HTML {
        let setting: HTML = #"""
            <div class="setting"><div><b>\#(step.verb) instance</b><span class="hint">\#(step.effect)</span></div>\#
            <button class="\#(step.style.rawValue)" type="button" popovertarget="\#(step.path)">\#(step.verb)</button></div>

            """#
        var card = Card("Change the state", body: "<div>\(setting)</div>")
        card.isDanger = !isRetired
        var dialog = Dialog(
            id: step.path, title: "\(step.verb) \(name)?", text: step.effect,
            action: "/instances/\(id)/\(step.path)", submit: "\(step.verb) instance", style: step.style)
        dialog.asksForReason = false
        dialog.hidden = .hiddenField("revision", "\(revision)")
        return card.html + dialog.html
    }
}
