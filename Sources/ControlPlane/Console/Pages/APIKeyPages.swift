import Kernel
import Web

/// The list of API keys; a secret is never shown again.
struct APIKeyListPage: Sendable {
    struct Row: Sendable {
        let id: String
        let name: String
        /// The public part.
        let keyID: String
        let lastFour: String
        let role: String
        /// Platform, or the name of an organisation or a tenant.
        let scope: String
        let created: String
        let lastUsed: String?
        let expires: String?
        let state: String
        let tone: Tone
        let mayChange: Bool
        let revision: Int64
    }

    let rows: [Row]
    let nextPath: String?
    let mayCreate: Bool

    var page: ConsolePage {
        let list: HTML =
            rows.isEmpty
            ? .empty(
                "No API keys yet", "A key lets a program do what its role allows, at one place and below it.",
                icon: .key)
            : "\(table.html)\(Pager(DisplayText.count(rows.count, "key"), nextPath: nextPath).html)"
        var page = ConsolePage(
            "API keys", section: "/api-keys",
            body: "\(Card.flush("All API keys", body: list).html)\(rows.filter(\.mayChange).map(dialogs))")
        page.lede = "Programs sign in with keys. Only a hash of each secret is stored."
        page.crumbs = [.init("API keys")]
        if mayCreate { page.actions = .button("New API key", to: "/api-keys/new", .primary, icon: .plus) }
        return page
    }

    private var table: Table {
        Table(
            "API keys",
            [
                .init("Name"), .init("Key"), .init("May do"), .init("Where", isOptional: true),
                .init("Last used", isOptional: true), .init("Ends", isOptional: true), .init("State"), .actions,
            ],
            rows: rows.map { row in
                let buttons: HTML =
                    row.mayChange
                    ? #"""
                    <button class="btn btn-sm" type="button" popovertarget="rotate-\#(row.keyID)">Rotate</button>\#
                    <button class="btn btn-sm" type="button" popovertarget="revoke-\#(row.keyID)">Revoke</button>
                    """# : ""
                return Table.Row([
                    "\(row.name)\(HTML.sub("created \(row.created)"))",
                    #"<span class="last-four">\#(row.keyID) … \#(row.lastFour)</span>"#, "\(row.role)", "\(row.scope)",
                    "\(row.lastUsed ?? "never")", "\(row.expires ?? "never")", .pill(row.state, row.tone), buttons,
                ])
            })
    }

    private func dialogs(_ row: Row) -> HTML {
        var rotate = Dialog(
            id: "rotate-\(row.keyID)", title: "Rotate \(row.name)?",
            text: "The key gets a new secret, which is shown once. Programs with the old one are refused from now on.",
            action: "/api-keys/\(row.id)/rotate", submit: "Rotate key", style: .primary)
        var revoke = Dialog(
            id: "revoke-\(row.keyID)", title: "Revoke \(row.name)?",
            text: "Programs that use this key are refused from now on. This cannot be undone.",
            action: "/api-keys/\(row.id)/revoke", submit: "Revoke key", style: .danger)
        (rotate.asksForReason, revoke.asksForReason) = (false, false)
        rotate.hidden = .hiddenField("revision", "\(row.revision)")
        revoke.hidden = rotate.hidden
        return rotate.html + revoke.html
    }
}

/// The form for a new key.
struct APIKeyFormPage: Sendable {
    let state: FormState
    let roles: [Field.Choice]
    /// Empty value: the platform, or the viewer's own organisation.
    let organisations: [Field.Choice]
    let tenants: [Field.Choice]

    var page: ConsolePage {
        let form = Form(
            action: "/api-keys", submit: "Create key", cancel: "/api-keys",
            note: "The secret is shown once, on the next page.",
            sections: [
                Form.Section(
                    "Key", "What people recognise it by.",
                    [
                        Field("display_name", "Name", hint: "For example “usage export, production”."),
                        Field("expires_on", "Ends on", .input(type: "date"), hint: "Empty: never.", isRequired: false),
                    ]),
                Form.Section(
                    "Rights", "What it may do, and where. Nobody can give away more than they have.",
                    [
                        Field("role", "Role", .radios(roles)),
                        Field("organisation_id", "Organisation", .select(organisations), isRequired: false),
                        Field(
                            "tenant_id", "Only this tenant", .select([.init("", "All tenants")] + tenants),
                            isRequired: false),
                    ]),
            ])
        var page = ConsolePage("New API key", section: "/api-keys", body: form.html(state))
        page.frame = .narrow
        page.crumbs = [.init("API keys", "/api-keys"), .init("New API key")]
        return page
    }
}

/// The one page that shows a new secret. It is the answer to the POST itself, so that the secret is stored nowhere.
struct APIKeySecretPage: Sendable {
    let name: String
    let keyID: String
    let secret: String
    let role: String
    let scope: String
    let expires: String?
    /// The service's own address, for the sample call.
    let baseURL: String

    var page: ConsolePage {
        let facts: [Fact] = [
            Fact("Key id", code: keyID), Fact("May do", text: role), Fact("Where", text: scope),
            Fact("Ends", text: expires ?? "never"),
            Fact("Lost it?", text: "Rotate it: the key stays, the secret is a new one."),
        ]
        let sample: HTML = #"""
            <pre class="code">curl \#(baseURL)/v1/tenants \\#("\n" as HTML)  -H "Authorization: Bearer $CONTROLPLANE_API_KEY"</pre>
            """#
        var page = ConsolePage(
            name, section: "/api-keys",
            body: .grid([
                Card("Secret", span: 7, body: "\(HTML.shownOnce(secret))\(HTML.facts(facts))").html,
                Card("First call", span: 5, lede: "With the secret in an environment variable.", body: sample).html,
            ]))
        page.lede = "The key works from now on."
        page.crumbs = [.init("API keys", "/api-keys"), .init(name)]
        page.actions = .button("All API keys", to: "/api-keys")
        return page
    }
}

extension HTML {
    /// A secret on the one page that ever shows it.
    static func shownOnce(_ secret: String, id: String = "secret-once") -> HTML {
        #"""
        <div class="secret"><strong class="tone" data-tone="warn">Shown once. Store it now; nobody can read it again.</strong>\#
        <div class="secret-value"><code id="\#(id)">\#(secret)</code>\#
        <button class="btn btn-sm" type="button" data-action="copy" data-copy="\#(id)">\#(Icon.copy.html)Copy</button></div></div>
        """#
    }
}
