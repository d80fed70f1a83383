import Kernel
import Postgres
import Telephony
import Tenancy
import Voice
import Web

/// Nodes: the list, one of them with what it says now, its passwords and its end.
struct NodeRoutes: Sendable {
    let services: ConsoleServices

    private var nodes: NodeService { services.telephony.nodes.service }
    private var live: LiveNodes { services.telephony.calls.nodes }

    var all: [PageRoute] {
        let running = Requirement.permission(.voiceNode)
        let node = "/voice/nodes/{voice_node_id}"
        return [
            PageRoute(.get, "/voice/nodes", requires: running, use: list),
            PageRoute(.get, PathTemplate(node), requires: running, use: show),
            PageRoute(.post, PathTemplate("\(node)/rotate"), requires: running, use: rotate).recovering(back),
            PageRoute(.post, PathTemplate("\(node)/forget-earlier-secrets"), requires: running, use: forget)
                .recovering(back),
            PageRoute(.post, PathTemplate("\(node)/retire"), requires: running, use: retire).recovering(back),
        ]
    }

    struct ListInput: Codable, Sendable {
        let cursor: String?
    }

    @Sendable private func list(_ call: PageCall<ListInput>) async throws -> PageReply {
        let request = PageRequest(limit: nil, cursor: call.input.cursor)
        let page = try await services.work.read(call) { tx in
            let found = try nodes.list(NodeFilter(), request, tx)
            let waiting = try services.telephony.calls.records.quarantine.list(
                .open, PageRequest(limit: nil, cursor: nil), tx)
            var names = NameBook(services)
            let calls = live.calls()
            let rows = try found.items.map { node in
                NodeListPage.Row(
                    id: "\(node.id)", name: node.name, instance: try names.instance(node.instanceID, tx),
                    state: NodeState(node, live[node.id]),
                    lastSeen: node.sighting.lastSeenAt.map(DisplayText.minute) ?? "never",
                    calls: calls.count { $0.nodeID == node.id }, phones: live[node.id]?.view.registrations.count ?? 0)
            }
            let count = DisplayText.count(waiting.items.count, "record")
            return NodeListPage(
                rows: rows,
                waiting: waiting.items.isEmpty ? nil : waiting.nextCursor == nil ? count : "More than \(count)",
                nextPath: NextPage.path("/voice/nodes", [:], cursor: found.nextCursor)
            ).page
        }
        return .page(page)
    }

    struct NodeInput: Codable, Sendable {
        let voiceNodeID: VoiceNodeID
        let revision: Int64?
    }

    @Sendable private func show(_ call: PageCall<NodeInput>) async throws -> PageReply {
        let (id, now) = (call.input.voiceNodeID, call.now)
        let mayControl = call.principal.holds(.voiceControl)
        let page = try await services.work.read(call) { tx in
            let node = try nodes.get(id, tx)
            var names = NameBook(services)
            let picture = live[id]
            let rows = try live.calls().filter { $0.nodeID == id }.map { leg in
                let resource = LiveCallResource(leg, isCurrent: picture?.isConnected ?? false)
                let name = try names.tenant(resource.tenantID, tx)
                let isSeen = name != DisplayText.nothing
                return LiveCallTable.Row(
                    resource, trunks: isSeen ? trunkNames(resource.gateway) : [:],
                    tenant: (name, isSeen ? "/tenants/\(resource.tenantID?.description ?? "")/voice/live" : "#"),
                    mayControl: mayControl && isSeen, at: now)
            }
            return NodePage(
                id: "\(id)", name: node.name, state: NodeState(node, picture), isRetired: node.state == .retired,
                revision: node.life.revision,
                facts: NodeWords.facts(node, picture, instance: try names.instance(node.instanceID, tx)),
                setUp: NodeWords.setUp(node), calls: LiveCallTable(rows: rows),
                gateways: try (picture?.view.gateways ?? [:]).sorted { $0.key < $1.key }.map { name, state in
                    try gateway(name, state, &names, tx)
                },
                phones: (picture?.view.registrations ?? [:]).values.map(NodePage.Phone.init)
                    .sorted { $0.address < $1.address }
            ).page
        }
        return .page(page)
    }

    /// The trunk's name by its gateway, from the plans in memory.
    private func trunkNames(_ gateway: String?) -> [String: String] {
        guard let gateway, let (entry, id) = services.voice.plans.current.entry(gateway: gateway),
            let trunk = entry.plan.routing.trunks.first(where: { $0.id == id })
        else { return [:] }
        return [gateway: trunk.displayName]
    }

    private func gateway(
        _ name: String, _ state: String, _ names: inout NameBook, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> NodePage.Gateway {
        let owner = services.voice.plans.current.entry(gateway: name)?.entry.plan.tenantID
        let tenant = try names.tenant(owner, tx)
        let trunk = tenant == DisplayText.nothing ? nil : trunkNames(name)[name]
        return NodePage.Gateway(
            name: trunk ?? name, tenant: trunk == nil ? nil : tenant, state: GatewayWords.state(state))
    }

    // MARK: Passwords and end

    @Sendable private func rotate(_ call: PageCall<NodeInput>) async throws -> PageReply {
        let input = call.input
        let issued = try await services.work.perform(call) { tx, actor in
            try nodes.rotate(input.voiceNodeID, expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        await services.refreshNodes()
        return .page(NodeSecretsPage(issued, baseURL: services.baseURL).page)
    }

    @Sendable private func forget(_ call: PageCall<NodeInput>) async throws -> PageReply {
        let input = call.input
        let node = try await services.work.perform(call) { tx, actor in
            try nodes.forgetEarlier(input.voiceNodeID, expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        await services.refreshNodes()
        return .redirect(
            to: "/voice/nodes/\(node.id)", flash: Flash(.ok, "Only the last passwords of \(node.name) work now."))
    }

    @Sendable private func retire(_ call: PageCall<NodeInput>) async throws -> PageReply {
        let input = call.input
        let node = try await services.work.perform(call) { tx, actor in
            try nodes.retire(input.voiceNodeID, expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        await services.refreshNodes()
        return .redirect(to: "/voice/nodes/\(node.id)", flash: Flash(.ok, "\(node.name) is retired."))
    }

    @Sendable private func back(_ call: PageCall<Submission>) async throws -> PageReply {
        .redirect(
            to: "/voice/nodes/\(call.input.values["voice_node_id"] ?? "")",
            flash: Flash(.bad, call.input.problem.detail))
    }
}

extension ConsoleServices {
    /// So that a change of a node holds at once in this process; the others see it with their next reading.
    func refreshNodes() async { try? await telephony.nodes.directory.refresh() }
}

extension NodeSecretsPage {
    init(_ issued: IssuedNode, baseURL: String) {
        self.init(
            id: "\(issued.node.id)", name: issued.node.name, configurationSecret: issued.secrets.configuration,
            recordsSecret: issued.secrets.records, baseURL: baseURL)
    }
}

extension NodeState {
    /// - Parameter live: what is known of it now; `nil` when nobody watches it.
    init(_ node: VoiceNode, _ live: LiveNodes.Node?) {
        if node.state == .retired {
            self.init(word: "Retired", tone: .neutral, note: nil)
        } else if let live {
            let since = "since \(DisplayText.minute(live.since))"
            self =
                live.isConnected
                ? NodeState(word: "Connected", tone: .ok, note: since)
                : NodeState(word: "Cannot be asked", tone: .bad, note: "\(live.trouble), \(since)")
        } else if node.eventSocket == nil {
            self.init(word: "No event socket", tone: .neutral, note: "nothing live is seen")
        } else {
            self.init(word: "Not watched yet", tone: .info, note: "or its password has to be issued anew")
        }
    }
}

extension NodePage.Phone {
    fileprivate init(_ registration: LiveRegistration) {
        self.init(
            address: "\(registration.address.user)@\(registration.address.domain)",
            networkAddress: registration.networkAddress, userAgent: registration.userAgent,
            until: registration.expires.map(DisplayText.minute) ?? DisplayText.nothing)
    }
}

/// What is known of a node, in words.
enum NodeWords {
    static func facts(_ node: VoiceNode, _ live: LiveNodes.Node?, instance: String) -> [Fact] {
        let state = NodeState(node, live)
        let beat = live?.view.heartbeat
        return [
            Fact("Event socket", "\(state.pill)\(state.note.map(HTML.sub))"), Fact("Instance", text: instance),
            Fact("Last asked us", text: node.sighting.lastSeenAt.map(DisplayText.minute) ?? "never"),
            Fact("Last heartbeat", text: beat.map { CallWords.second($0.at) } ?? "none"),
            Fact(
                "Sessions",
                text: beat.map {
                    "\(DisplayText.count($0.sessions)) now, \(DisplayText.count($0.sessionsSinceStart)) since its start"
                }),
            Fact("Version", text: beat?.version), Fact("Process", code: DisplayText.orNothing(node.sighting.coreUUID)),
        ]
    }

    static func setUp(_ node: VoiceNode) -> [Fact] {
        let settings = node.settings
        return [
            Fact("Calls itself", code: node.switchname),
            Fact(
                "Event socket",
                text: node.eventSocket.map { "\($0.host):\($0.port)" } ?? "set by its configuration bundle"),
            Fact(
                "Phones and carriers",
                text: (settings.sipAddress ?? "its own address")
                    + (settings.externalAddress.map { ", from outside \($0)" } ?? "")),
            Fact("Certificates", text: settings.certificateDirectory ?? "none: no SIP over TLS"),
            Fact("Ports", text: "\(settings.phonePort) for phones, \(settings.trunkPort) for carriers"),
            Fact("Agents take calls at", text: settings.agentEndpoint ?? "nowhere"),
            Fact(
                "Emergency carrier",
                text: settings.emergencyProxy.map { "\($0), for calls to port \(settings.emergencyPort)" }
                    ?? "none: nobody can call for help while we are away"),
            Fact("Emergency numbers", text: settings.emergencyNumbers.joined(separator: ", ")),
            Fact("A silent call ends after", text: "\(settings.silenceSeconds) s"),
        ]
    }
}
