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

    private let nodes = Mutex<[VoiceNodeID: Node]>([:])

    package init() {}

    // MARK: Looking

    /// In the order of their names.
    package var all: [Node] {
        nodes.withLock { Array($0.values) }.sorted { $0.endpoint.displayName < $1.endpoint.displayName }
    }

    /// Those that carry the calls of an instance's tenants.
    package func serving(_ instance: InstanceID) -> [Node] { all.filter { $0.endpoint.serves(instance) } }

    package subscript(_ id: VoiceNodeID) -> Node? { nodes.withLock { $0[id] } }

    /// Legs that are up, the oldest first; of one tenant, on the nodes of its instance, or of all.
    package func calls(of tenant: TenantID? = nil, at instance: InstanceID? = nil) -> [Call] {
        nodes.withLock { nodes in
            nodes.values.filter { $0.endpoint.serves(instance) }.flatMap { node in
                node.view.legs.values.filter { leg in
                    leg.ended == nil && (tenant == nil || leg.marks.tenantID == tenant)
                }.map { Call(nodeID: node.endpoint.id, leg: $0) }
            }
        }.sorted { ($0.leg.started, $0.leg.id.uuidString) < ($1.leg.started, $1.leg.id.uuidString) }
    }

    /// Phones that can be reached under a domain, in the order of their names; on the nodes of an instance.
    package func registrations(in domain: String, at instance: InstanceID? = nil) -> [LiveRegistration] {
        nodes.withLock { nodes in
            nodes.values.filter { $0.endpoint.serves(instance) }.flatMap { node in
                node.view.registrations.values.filter { $0.address.domain == domain }
            }
        }.sorted { $0.address.user < $1.address.user }
    }

    /// The state of a gateway per node: `NOREG`, `REGED`, `FAIL_WAIT`…
    package func gateway(_ name: String) -> [VoiceNodeID: String] {
        nodes.withLock { nodes in nodes.compactMapValues { $0.view.gateways[name] } }
    }

    /// The trunks of a tenant over which no node can call: every connected node that knows the gateway says that it is
    /// down. What nobody speaks of is not down.
    package func trunksDown(of plan: TenantPlan) -> Set<TrunkID> {
        let states = nodes.withLock { nodes in
            nodes.values.filter { $0.isConnected && $0.endpoint.serves(plan.identity.instanceID) }.map(\.view.gateways)
        }
        let down = plan.routing.trunks.filter { trunk in
            let told = states.compactMap { $0[trunk.gatewayName] }
            return !told.isEmpty && told.allSatisfy(NodeView.isDown)
        }
        return Set(down.map(\.id))
    }

    /// Where a leg is; `nil` when no node speaks of it.
    package func call(_ leg: UUID, at instance: InstanceID? = nil) -> Call? {
        nodes.withLock { nodes in
            for node in nodes.values where node.endpoint.serves(instance) {
                if let found = node.view.legs[leg] { return Call(nodeID: node.endpoint.id, leg: found) }
            }
            return nil
        }
    }

    // MARK: Doing

    /// Sends a command to a node and returns its answer. Throws `NodeUnreachable`.
    package func ask(_ node: VoiceNodeID, _ command: EventSocketCommand) async throws -> String {
        guard let link = nodes.withLock({ $0[node]?.link }) else {
            throw NodeUnreachable("there is no connection to it")
        }
        return try await link.ask(command)
    }

    /// Sends commands to every connected node that serves `instance` (`nil`: to all), without waiting for answers.
    package func tellAll(_ commands: [EventSocketCommand], serving instance: InstanceID? = nil) {
        let links = nodes.withLock { nodes in
            nodes.values.filter { $0.endpoint.serves(instance) }.compactMap(\.link)
        }
        for link in links { link.tell(commands) }
    }

    // MARK: Changing, by the watchers

    /// A node that is to be watched, before anything is known of it.
    func expect(_ endpoint: NodeEndpoint, at now: Timestamp) {
        nodes.withLock { nodes in
            let view = nodes[endpoint.id]?.view ?? NodeView()
            nodes[endpoint.id] = Node(endpoint: endpoint, view: view, since: now, trouble: "not connected yet")
        }
    }

    func connected(_ endpoint: NodeEndpoint, _ link: NodeLink, at now: Timestamp) {
        update(endpoint) { node in
            if !node.isConnected { node.since = now }
            node.link = link
            node.isConnected = true
            node.trouble = ""
        }
    }

    func disconnected(_ endpoint: NodeEndpoint, _ trouble: String, at now: Timestamp) {
        update(endpoint) { node in
            if node.isConnected { node.since = now }
            node.link = nil
            node.isConnected = false
            node.trouble = trouble
        }
    }

    func forget(_ id: VoiceNodeID) { nodes.withLock { $0[id] = nil } }

    /// Changes the picture of a node and says what follows.
    func change<Result: Sendable>(_ endpoint: NodeEndpoint, _ body: (inout NodeView) -> Result) -> Result {
        nodes.withLock { nodes in
            guard var node = nodes[endpoint.id] else {
                var view = NodeView()
                return body(&view)
            }
            let result = body(&node.view)
            nodes[endpoint.id] = node
            return result
        }
    }

    /// A node that was forgotten meanwhile stays so.
    private func update(_ endpoint: NodeEndpoint, _ body: (inout Node) -> Void) {
        nodes.withLock { nodes in
            guard var node = nodes[endpoint.id] else { return }
            body(&node)
            nodes[endpoint.id] = node
        }
    }
}

extension NodeEndpoint {
    /// `nil` is for everybody.
    package func serves(_ instance: InstanceID?) -> Bool {
        instance == nil || instanceID == nil || instanceID == instance
    }
}
