import Kernel
import Web

/// The FreeSWITCH nodes that the viewer runs.
struct NodeListPage: Sendable {
    struct Row: Sendable {
        let id: String
        let name: String
        let instance: String
        let state: NodeState
        let lastSeen: String
        let calls: Int
        let phones: Int
    }

    let rows: [Row]
    /// Records that wait for a person; a text because the count stops at a page.
    let waiting: String?
    let nextPath: String?

    var page: ConsolePage {
        let list: HTML =
            rows.isEmpty
            ? .empty(
                "No node yet",
                "A node is a FreeSWITCH that answers calls. Register one, then write its configuration with “controlplane voice node-config”.",
                icon: .activity, action: .button("Register node", to: "/voice/nodes/new"))
            : "\(table.html)\(Pager(DisplayText.count(rows.count, "node"), nextPath: nextPath).html)"
        let notice: HTML =
            waiting.map {
                .callout(
                    .warn, "\($0) could not be booked.", "They wait for a person; no call is lost until then.",
                    actions: .button("Quarantine", to: "/voice/quarantine", .small))
            } ?? ""
        var page = ConsolePage(
            "Voice nodes", section: "/voice/nodes", body: "\(notice)\(Card.flush("Nodes", body: list).html)")
        page.lede = "FreeSWITCH nodes: who they are, whether they can be asked, and what they carry now."
        page.crumbs = [.init("Voice", "/voice"), .init("Nodes")]
        page.actions =
            .button("Quarantine", to: "/voice/quarantine", icon: .inbox)
            + .button("Register node", to: "/voice/nodes/new", .primary, icon: .plus)
        return page
    }

    private var table: Table {
        Table(
            "Nodes",
            [
                .init("Node"), .init("Instance", isOptional: true), .number("Live legs"), .number("Phones"),
                .init("Last asked us"), .init("State"),
            ],
            rows: rows.map { row in
                Table.Row([
                    .link(row.name, "/voice/nodes/\(row.id)"), "\(row.instance)", "\(DisplayText.count(row.calls))",
                    "\(DisplayText.count(row.phones))", #"<span class="nowrap">\#(row.lastSeen)</span>"#,
                    "\(row.state.pill)\(row.state.note.map(HTML.sub))",
                ])
            })
    }
}

/// Whether a node can be asked.
struct NodeState: Sendable {
    let word: String
    let tone: Tone
    /// Since when, or why not.
    let note: String?

    var pill: HTML { .pill(word, tone) }
}

/// One node: what it says now, its set-up, its passwords.
struct NodePage: Sendable {
    struct Gateway: Sendable {
        /// The trunk's name where the viewer may see it.
        let name: String
        /// Whose trunk it is; `nil` where the viewer may not see it.
        let tenant: String?
        let state: (word: String, tone: Tone)
    }

    struct Phone: Sendable {
        /// `1001@acme.voice.example`
        let address: String
        let networkAddress: String
        let userAgent: String
        let until: String
    }

    let id: String
    let name: String
    let state: NodeState
    let isRetired: Bool
    let revision: Int64
    let facts: [Fact]
    let setUp: [Fact]
    let calls: LiveCallTable
    let gateways: [Gateway]
    let phones: [Phone]

    private var path: String { "/voice/nodes/\(id)" }

    var page: ConsolePage {
        let view: HTML = #"""
            <div class="stack" id="live-view" data-refresh="5">\#(HTML.grid([
                Card("State", span: 6, body: .facts(facts)).html, setUpCard,
            ]))\#(callsCard)\#(gatewaysCard)\#(phonesCard)</div>
            """#
        var page = ConsolePage(name, section: "/voice/nodes", body: "\(view)\(isRetired ? "" : steps)")
        page.heading = "\(name) \(state.pill)"
        page.lede = "What it says of itself reads itself anew every 5 seconds."
        page.crumbs = [.init("Voice", "/voice"), .init("Nodes", "/voice/nodes"), .init(name)]
        page.actions = .button("Refresh", to: path, icon: .refresh)
        return page
    }

    private var setUpCard: HTML {
        let edit: HTML =
            isRetired ? "" : #"<a class="btn btn-sm" href="\#(path)/edit" aria-label="Edit the set-up">Edit</a>"#
        return Card("Set-up", span: 6, aside: edit, body: .facts(setUp)).html
    }

    private var callsCard: HTML {
        let list: HTML =
            calls.rows.isEmpty
            ? .empty(
                "No call now", "Legs on this node appear here while they ring and while people speak.", icon: .phone)
            : calls.html
        return Card.flush("Live calls", lede: "The last digits are hidden.", body: list).html
    }

    private var phonesCard: HTML {
        let table = Table(
            "Phones",
            [.init("Phone"), .init("From"), .init("Device", isOptional: true), .init("Until", isOptional: true)],
            rows: phones.map { phone in
                Table.Row([
                    "\(phone.address)", "\(phone.networkAddress)", "\(DisplayText.orNothing(phone.userAgent))",
                    #"<span class="nowrap">\#(phone.until)</span>"#,
                ])
            })
        let list: HTML =
            phones.isEmpty
            ? .empty("No phone is registered here", "Phones that sign in at this node appear here.", icon: .phone)
            : table.html
        return Card.flush("Phones", body: list).html
    }

    private var gatewaysCard: HTML {
        let table = Table(
            "Gateways", [.init("Trunk"), .init("State")],
            rows: gateways.map { gateway in
                Table.Row([
                    "\(gateway.name)\(gateway.tenant.map(HTML.sub))", .pill(gateway.state.word, gateway.state.tone),
                ])
            })
        let list: HTML =
            gateways.isEmpty
            ? .empty("No gateway yet", "A tenant’s trunk becomes a gateway here within seconds.", icon: .swap)
            : table.html
        return Card.flush("Gateways", body: list).html
    }

    private var steps: HTML {
        VoiceStepCard(
            title: "Passwords and end", facts: [], path: path, revision: revision,
            steps: [
                .init(
                    path: "rotate", verb: "New passwords",
                    effect:
                        "Shown once. Those of before work on until the next time, so that the node can be changed over."
                ),
                .init(
                    path: "forget-earlier-secrets", verb: "End earlier passwords",
                    effect: "Those of before the last change are refused from now on."),
                .init(
                    path: "retire", verb: "Retire node",
                    effect: "It is answered nothing any more: no call can begin on it. Its records stay.",
                    style: .danger),
            ]
        ).html
    }
}

/// The one page that shows a node's passwords. It is the answer to the POST itself: they are stored nowhere.
struct NodeSecretsPage: Sendable {
    let id: String
    let name: String
    let configurationSecret: String
    let recordsSecret: String
    let baseURL: String

    var page: ConsolePage {
        let body: HTML = #"""
            <div class="stack"><p class="label">To ask with (mod_xml_curl)</p>\#(HTML.shownOnce(configurationSecret, id: "secret-configuration"))\#
            <p class="label">To deliver call records with (mod_json_cdr)</p>\#(HTML.shownOnce(recordsSecret, id: "secret-records"))\#
            \#(HTML.facts([
                Fact("User name", code: name), Fact("Asks at", code: "\(baseURL)/fs/xml"),
                Fact("Delivers to", code: "\(baseURL)/fs/cdr/json"),
            ]))</div>
            """#
        let command: HTML = #"""
            <pre class="code">controlplane voice node-config \#(name) \\#("\n" as HTML)  --out \#(name)</pre>\#
            <p class="muted small">Writes a complete FreeSWITCH configuration with new passwords of its own; then you do not \#
            need the two beside this. Copy the directory to the node and run its self-check.sh.</p>
            """#
        var page = ConsolePage(
            "Passwords of \(name)", section: "/voice/nodes",
            body: .grid([
                Card("Passwords", span: 7, body: body).html,
                Card("The easy way", span: 5, lede: "On the machine of the control plane.", body: command).html,
            ]))
        page.lede = "They work from now on."
        page.crumbs = [
            .init("Voice", "/voice"), .init("Nodes", "/voice/nodes"), .init(name, "/voice/nodes/\(id)"),
            .init("Passwords"),
        ]
        page.actions = .button("To the node", to: "/voice/nodes/\(id)")
        return page
    }
}

/// The form of a node, new or to be changed.
struct NodeFormPage: Sendable {
    /// `nil` for a new one.
    let node: (id: String, name: String)?
    let state: FormState
    let instances: [Field.Choice]

    var page: ConsolePage {
        let own = node.map { "/voice/nodes/\($0.id)" }
        var form = Form(
            action: own.map { "\($0)/edit" } ?? "/voice/nodes",
            submit: node == nil ? "Register node" : "Save changes", cancel: own ?? "/voice/nodes",
            note: node == nil
                ? "Its passwords are shown once, on the next page." : "Write its configuration anew to take it over.",
            sections: (node == nil ? [identity] : []) + [sip, agents, control])
        if node != nil { form = form.carrying(.hiddenField("revision", state.value("revision"))) }
        let body: HTML =
            node == nil && instances.isEmpty
            ? Card(
                "Node",
                body: .empty(
                    "No instance to serve", "A node serves the tenants of one instance that you run.", icon: .server,
                    action: .button("Instances", to: "/instances"))
            ).html
            : form.html(state)
        var page = ConsolePage(node?.name ?? "New node", section: "/voice/nodes", body: body)
        page.frame = .narrow
        page.crumbs = [.init("Voice", "/voice"), .init("Nodes", "/voice/nodes")]
        if let node { page.crumbs.append(.init(node.name, own)) }
        page.crumbs.append(.init(node == nil ? "New node" : "Edit"))
        return page
    }

    private var identity: Form.Section {
        Form.Section(
            "Node", "It serves the tenants of one instance. Neither can be changed later.",
            [
                Field("name", "Name", hint: "Also its user name, for example fs1."),
                Field("instance_id", "Instance", .select(instances)),
            ])
    }

    private var sip: Form.Section {
        Form.Section(
            "Phones and carriers", "How they reach it.",
            [
                Field(
                    "switchname", "Calls itself", hint: "As in its requests and records. Empty: like its name.",
                    isRequired: false),
                Field("sip_address", "Address", hint: "Empty: FreeSWITCH finds its own.", isRequired: false),
                Field(
                    "external_address", "Seen from outside as", hint: "Behind a router that translates addresses.",
                    isRequired: false),
                Field("phone_port", "Port for phones", .number(unit: nil)),
                Field("trunk_port", "Port for carriers", .number(unit: nil)),
                Field(
                    "certificate_directory", "Certificates", hint: "A directory on the node. Empty: no SIP over TLS.",
                    isRequired: false),
                Field("silence_seconds", "A silent call ends after", .number(unit: "seconds")),
            ])
    }

    private var agents: Form.Section {
        Form.Section(
            "Agents and emergencies", "Where agents take calls, and who is called when we are away.",
            [
                Field("agent_endpoint", "Agents take calls at", hint: "host or host:port", isRequired: false),
                Field(
                    "emergency_proxy", "Emergency carrier", hint: "While the control plane is away.", isRequired: false),
                Field("emergency_numbers", "Emergency numbers", hint: "For example 112, 133, 144."),
                Field(
                    "agent_sources", "Agents call from", .area(rows: 2), hint: "Networks, one a line. Empty: nowhere.",
                    isRequired: false),
            ])
    }

    private var control: Form.Section {
        Form.Section(
            "Event socket", "Over it we see live calls and end them. Its password comes with the configuration bundle.",
            [
                Field("event_host", "Host", hint: "Empty: as it is.", isRequired: false),
                Field("event_port", "Port", .number(unit: nil), isRequired: false),
                Field(
                    "control_sources", "May be reached from", .area(rows: 2), hint: "Networks, one a line.",
                    isRequired: false),
            ])
    }
}
