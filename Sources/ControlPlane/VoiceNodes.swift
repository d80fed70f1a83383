import Kernel
import Logging
import Telephony
import Tenancy
import Voice
import Web

/// FreeSWITCH nodes: their objects, and the addresses that they call.
struct VoiceNodes: Sendable {
    let service: NodeService
    let directory: NodeDirectory
    /// A service of the process.
    let watch: NodeWatch
    private let work: UnitOfWork
    private let answers: SwitchService
    /// Lets nodes in, also to deliver records.
    let gate: NodeGate

    init(
        work: UnitOfWork, directory: NodeDirectory, settings: VoiceServices.Settings,
        plan: @escaping @Sendable () -> VoicePlan?, decide: @escaping SwitchService.Decide, refused: RefusedLogins
    ) {
        self.work = work
        service = NodeService(box: settings.box)
        self.directory = directory
        watch = NodeWatch(directory, logger: settings.logger)
        gate = NodeGate(directory)
        answers = SwitchService(
            gate: gate, plan: plan, decide: decide, refused: refused, logger: settings.logger,
            metrics: settings.metrics)
    }

    var endpoints: [Endpoint] { nodeEndpoints(service, directory, work) }

    /// What nodes call to ask.
    var routes: [ProtocolRoute] { answers.routes }

    /// The nodes whose event socket can be reached. One whose password cannot be opened any more is left out until it has
    /// a new one.
    func eventSockets() async throws -> [NodeEndpoint] {
        let service = service
        return try await work.read(in: .platform) { tx in
            try service.eventSockets(tx).compactMap { node, password in
                guard let socket = node.eventSocket, let password else { return nil }
                return NodeEndpoint(
                    id: node.id, organisationID: node.organisationID, instanceID: node.instanceID,
                    displayName: node.name, host: socket.host, port: socket.port, password: password)
            }
        }
    }

    /// New passwords for a node's bundle of files.
    func issueBundle(named name: String, socket: VoiceNode.EventSocket) async throws -> IssuedBundle {
        let service = service
        return try await work.perform(job: "voice node-config") { tx, actor in
            try service.issueBundle(named: name, socket: socket, tx, actor)
        }
    }
}
