import Kernel
import Postgres
import Telephony
import Tenancy
import Voice
import Web

/// Registering a node and changing its set-up.
struct NodeFormRoutes: Sendable {
    let services: ConsoleServices

    private var nodes: NodeService { services.telephony.nodes.service }

    var all: [PageRoute] {
        let running = Requirement.permission(.voiceNode)
        let edit: PathTemplate = "/voice/nodes/{voice_node_id}/edit"
        return [
            PageRoute(.get, "/voice/nodes/new", requires: running, use: blank),
            PageRoute(.post, "/voice/nodes", requires: running, use: create)
                .recovering { call in
                    try await form(call, Self.renamed(FormState(call.input)), status: call.input.status)
                },
            PageRoute(.get, edit, requires: running, use: present),
            PageRoute(.post, edit, requires: running, use: save).recovering(again),
        ]
    }

    // MARK: A new one

    @Sendable private func blank(_ call: PageCall<NoInput>) async throws -> PageReply {
        try await form(call, FormState(values: Self.values(NodeSettings())))
    }

    private func form<Input>(
        _ call: PageCall<Input>, _ state: FormState, status: Int = 200
    ) async throws -> PageReply {
        let scope = call.principal.scope
        let instances = try await services.work.read(call) { tx in
            var filter = InstanceFilter()
            filter.state = .active
            return try VoiceChoices.all { try services.tenancy.instances.list(filter, $0, tx) }
                .filter { scope == .platform || $0.host != .vendor }
                .map { Field.Choice("\($0.id)", $0.profile.displayName) }.sorted { $0.label < $1.label }
        }
        return .page(NodeFormPage(node: nil, state: state, instances: instances).page, status: status)
    }

    struct NewInput: Decodable, Sendable {
        private struct Identity: Codable {
            let name: String?
            let instanceID: InstanceID
        }

        let name: String
        let instanceID: InstanceID
        let fields: NodeFields

        init(from decoder: any Decoder) throws {
            let identity = try Identity(from: decoder)
            (name, instanceID) = (identity.name ?? "", identity.instanceID)
            fields = try NodeFields(from: decoder)
        }
    }

    /// Answers with the passwords themselves: they are stored nowhere, so there is nothing to redirect to.
    @Sendable private func create(_ call: PageCall<NewInput>) async throws -> PageReply {
        let input = call.input
        let issued = try await services.work.perform(call) { tx, actor in
            try nodes.create(named: input.name, at: input.instanceID, input.fields.changes, tx, actor)
        }
        await services.refreshNodes()
        return .page(NodeSecretsPage(issued, baseURL: services.baseURL).page)
    }

    // MARK: One that is there

    struct NodeInput: Codable, Sendable {
        let voiceNodeID: VoiceNodeID
    }

    @Sendable private func present(_ call: PageCall<NodeInput>) async throws -> PageReply {
        let id = call.input.voiceNodeID
        let node = try await services.work.read(call) { tx in try nodes.get(id, tx) }
        var values = Self.values(node.settings)
        values["switchname"] = node.switchname
        values["event_host"] = node.eventSocket?.host
        values["event_port"] = node.eventSocket.map { "\($0.port)" }
        values["revision"] = "\(node.life.revision)"
        return .page(
            NodeFormPage(node: ("\(id)", node.name), state: FormState(values: values), instances: []).page)
    }

    struct ChangeInput: Decodable, Sendable {
        private struct Identity: Codable {
            let voiceNodeID: VoiceNodeID
            let revision: Int64?
        }

        let voiceNodeID: VoiceNodeID
        let revision: Int64?
        let fields: NodeFields

        init(from decoder: any Decoder) throws {
            let identity = try Identity(from: decoder)
            (voiceNodeID, revision) = (identity.voiceNodeID, identity.revision)
            fields = try NodeFields(from: decoder)
        }
    }

    @Sendable private func save(_ call: PageCall<ChangeInput>) async throws -> PageReply {
        let input = call.input
        let node = try await services.work.perform(call) { tx, actor in
            try nodes.update(
                input.voiceNodeID, input.fields.changes, expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        await services.refreshNodes()
        return .redirect(to: "/voice/nodes/\(node.id)", flash: Flash(.ok, "\(node.name) is saved."))
    }

    @Sendable private func again(_ call: PageCall<Submission>) async throws -> PageReply {
        let submission = call.input
        guard let id = VoiceNodeID(submission.values["voice_node_id"] ?? "") else { throw submission.problem }
        let node = try await services.work.read(call) { tx in try nodes.get(id, tx) }
        let state = FormState(submission, presentRevision: node.life.revision)
        return .page(
            NodeFormPage(node: ("\(id)", node.name), state: Self.renamed(state), instances: []).page,
            status: submission.status)
    }

    // MARK: The form

    /// `settings.sip_address` of the API is the form's `sip_address`.
    private static func renamed(_ state: FormState) -> FormState {
        let names = ["event_socket": "event_host", "settings": "phone_port"]
        return FormState(
            values: state.values,
            errors: state.errors.map { error in
                let short = error.field.replacing("settings.", with: "")
                return Problem.FieldError(field: names[short] ?? short, message: error.message)
            })
    }

    private static func values(_ settings: NodeSettings) -> [String: String] {
        [
            "sip_address": settings.sipAddress ?? "", "phone_port": "\(settings.phonePort)",
            "trunk_port": "\(settings.trunkPort)", "agent_endpoint": settings.agentEndpoint ?? "",
            "agent_sources": TypedList.lines(settings.agentSources),
            "control_sources": TypedList.lines(settings.controlSources),
            "emergency_proxy": settings.emergencyProxy ?? "", "external_address": settings.externalAddress ?? "",
            "certificate_directory": settings.certificateDirectory ?? "",
            "emergency_numbers": settings.emergencyNumbers.joined(separator: ", "),
            "silence_seconds": "\(settings.silenceSeconds)",
        ]
    }
}

/// What the form of a node says. It says everything: an address that was left empty is none.
struct NodeFields: Codable, Sendable {
    let switchname: String?
    let sipAddress: String?
    let externalAddress: String?
    let certificateDirectory: String?
    let phonePort: Int?
    let trunkPort: Int?
    let silenceSeconds: Int?
    let agentEndpoint: String?
    let agentSources: String?
    let emergencyProxy: String?
    let emergencyNumbers: String?
    let eventHost: String?
    let eventPort: Int?
    let controlSources: String?

    var changes: NodeChanges {
        var settings = NodeSettings()
        settings.sipAddress = sipAddress
        settings.externalAddress = externalAddress
        settings.certificateDirectory = certificateDirectory
        settings.phonePort = phonePort ?? settings.phonePort
        settings.trunkPort = trunkPort ?? settings.trunkPort
        settings.silenceSeconds = silenceSeconds ?? settings.silenceSeconds
        settings.agentEndpoint = agentEndpoint
        settings.agentSources = TypedList.entries(agentSources)
        settings.emergencyProxy = emergencyProxy
        settings.emergencyNumbers = emergencyNumbers.map(TypedList.entries) ?? settings.emergencyNumbers
        settings.controlSources = TypedList.entries(controlSources)
        var changes = NodeChanges()
        changes.switchname = switchname
        changes.eventSocket = eventHost.map { VoiceNode.EventSocket(host: $0, port: eventPort ?? 8021) }
        changes.settings = settings
        return changes
    }
}
