import FoundationEssentials
import Kernel
import Synchronization
import Telephony

/// What is known of all nodes now, in memory: live calls, registrations, gateways. A node that is not connected keeps
/// its last picture, marked as such: what cannot be asked is not gone.
package final class LiveNodes: Sendable {
    /// One node as it is shown.
    package struct Node: Sendable {
        package let endpoint: NodeEndpoint
        package fileprivate(set) var view = NodeView()
        package fileprivate(set) var isConnected = false
        /// Since when it is connected or away.
        package fileprivate(set) var since: Timestamp
        /// Why it is away; empty while it is connected.
        package fileprivate(set) var trouble = ""
        fileprivate var link: NodeLink?
    }

    /// A leg with the node that it is on.
    package struct Call: Sendable, Hashable {
        package let nodeID: VoiceNodeID
        package let leg: LiveLeg
    }

    /// A node in its place: events change it there, and those of one node wait for no other. Who takes the node out copies
    /// its picture with the next event, so what is kept for longer than a moment is only the part that is needed.
    private final class Watched: Sendable {
        private let node: Mutex<Node>

        init(_ node: Node) { self.node = Mutex(node) }

        func withLock<Result: Sendable>(_ body: (inout Node) -> Result) -> Result { node.withLock { body(&$0) } }
    }

    private let nodes = Mutex<[VoiceNodeID: Watched]>([:])

    package init() {}

    private func watched(_ id: VoiceNodeID) -> Watched? { nodes.withLock { $0[id] } }

    /// Looks at every node, one after the other.
    private func each<Result: Sendable>(_ body: (Node) -> Result) -> [Result] {
        nodes.withLock { Array($0.values) }.map { watched in watched.withLock { body($0) } }
    }

    // MARK: Looking

    /// In the order of their names.
    package var all: [Node] { each { $0 }.sorted { $0.endpoint.displayName < $1.endpoint.displayName } }

    /// Those that carry the calls of an instance's tenants.
    package func serving(_ instance: InstanceID) -> [Node] { all.filter { $0.endpoint.serves(instance) } }

    package subscript(_ id: VoiceNodeID) -> Node? { watched(id)?.withLock { $0 } }

    /// Looks at a node without taking it out; `nil` for one that is not watched.
    func look<Result: Sendable>(at id: VoiceNodeID, _ body: (Node) -> Result) -> Result? {
        watched(id)?.withLock { body($0) }
    }

    /// Legs that are up, the oldest first; of one tenant, on the nodes of its instance, or of all.
    package func calls(of tenant: TenantID? = nil, at instance: InstanceID? = nil) -> [Call] {
        each { node -> [Call] in
            guard node.endpoint.serves(instance) else { return [] }
            return node.view.legs.values.filter { leg in
                leg.ended == nil && (tenant == nil || leg.marks.tenantID == tenant)
            }.map { Call(nodeID: node.endpoint.id, leg: $0) }
        }.flatMap(\.self).sorted { ($0.leg.started, $0.leg.id.uuidString) < ($1.leg.started, $1.leg.id.uuidString) }
    }

    /// Phones that can be reached under a domain, in the order of their names; on the nodes of an instance.
    package func registrations(in domain: String, at instance: InstanceID? = nil) -> [LiveRegistration] {
        each { node in
            node.endpoint.serves(instance) ? node.view.registrations.values.filter { $0.address.domain == domain } : []
        }.flatMap(\.self).sorted { $0.address.user < $1.address.user }
    }

    /// The state of a gateway per node: `NOREG`, `REGED`, `FAIL_WAIT`…
    package func gateway(_ name: String) -> [VoiceNodeID: String] {
        let states = each { node in node.view.gateways[name].map { (node.endpoint.id, $0) } }
        return Dictionary(states.compactMap(\.self), uniquingKeysWith: { first, _ in first })
    }

    /// The trunks of a tenant over which no node can call: every connected node that knows the gateway says that it is
    /// down. What nobody speaks of is not down.
    package func trunksDown(of plan: TenantPlan) -> Set<TrunkID> {
        let names = plan.routing.trunks.map(\.gatewayName)
        let states = each { node -> [String?] in
            guard node.isConnected, node.endpoint.serves(plan.identity.instanceID) else { return [] }
            return names.map { node.view.gateways[$0] }
        }.filter { !$0.isEmpty }
        let down = plan.routing.trunks.indices.filter { trunk in
            let told = states.compactMap { $0[trunk] }
            return !told.isEmpty && told.allSatisfy(NodeView.isDown)
        }
        return Set(down.map { plan.routing.trunks[$0].id })
    }

    /// Where a leg is; `nil` when no node speaks of it.
    package func call(_ leg: UUID, at instance: InstanceID? = nil) -> Call? {
        each { node -> Call? in
            guard node.endpoint.serves(instance) else { return nil }
            return node.view.legs[leg].map { Call(nodeID: node.endpoint.id, leg: $0) }
        }.lazy.compactMap(\.self).first
    }

    // MARK: Doing

    /// Sends a command to a node and returns its answer. Throws `NodeUnreachable`.
    package func ask(_ node: VoiceNodeID, _ command: EventSocketCommand) async throws -> String {
        guard let link = look(at: node, \.link) ?? nil else {
            throw NodeUnreachable("there is no connection to it")
        }
        return try await link.ask(command)
    }

    /// Sends commands to every connected node that serves `instance` (`nil`: to all), without waiting for answers.
    package func tellAll(_ commands: [EventSocketCommand], serving instance: InstanceID? = nil) {
        for link in each({ $0.endpoint.serves(instance) ? $0.link : nil }) { link?.tell(commands) }
    }

    // MARK: Changing, by the watchers

    /// A node that is to be watched, before anything is known of it; what was known under another address stays.
    func expect(_ endpoint: NodeEndpoint, at now: Timestamp) {
        nodes.withLock { nodes in
            let new = Node(endpoint: endpoint, since: now, trouble: "not connected yet")
            guard let known = nodes[endpoint.id] else {
                nodes[endpoint.id] = Watched(new)
                return
            }
            known.withLock { node in
                let view = node.view
                node = new
                node.view = view
            }
        }
    }

    func connected(_ endpoint: NodeEndpoint, _ link: NodeLink, at now: Timestamp) {
        watched(endpoint.id)?.withLock { node in
            if !node.isConnected { node.since = now }
            node.link = link
            node.isConnected = true
            node.trouble = ""
        }
    }

    func disconnected(_ endpoint: NodeEndpoint, _ trouble: String, at now: Timestamp) {
        watched(endpoint.id)?.withLock { node in
            if node.isConnected { node.since = now }
            node.link = nil
            node.isConnected = false
            node.trouble = trouble
        }
    }

    func forget(_ id: VoiceNodeID) { nodes.withLock { $0[id] = nil } }

    /// Changes the picture of a node and says what follows. A node that was forgotten meanwhile stays so.
    func change<Result: Sendable>(_ endpoint: NodeEndpoint, _ body: (inout NodeView) -> Result) -> Result {
        guard let watched = watched(endpoint.id) else {
            var view = NodeView()
            return body(&view)
        }
        return watched.withLock { body(&$0.view) }
    }
}

extension NodeEndpoint {
    /// `nil` is for everybody.
    package func serves(_ instance: InstanceID?) -> Bool {
        instance == nil || instanceID == nil || instanceID == instance
    }
}
