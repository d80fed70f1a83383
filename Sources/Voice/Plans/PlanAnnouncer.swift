import Kernel
import ServiceLifecycle
import Synchronization
import Telephony
import Tenancy

/// Tells live nodes what they cannot find out by asking when plans change. Changes that come together are told together.
package final class PlanAnnouncer: Service, Sendable {
    /// How long things take.
    struct Pace: Sendable {
        /// An import changes many things one after the other.
        var gathering = Duration.milliseconds(250)
        var gatewayPause = NodeNews.pause
    }

    private struct State {
        var pending: [InstanceID?: NodeNews] = [:]
        /// When gateways changed, for nodes that were away then.
        var changedGateways: [String: Timestamp] = [:]
        /// The only tenant of an instance, as long as there is one.
        var alone: [InstanceID: TenantPlan] = [:]
    }

    private let plans: PlanCache
    private let nodes: LiveNodes
    private let time: TimeSource
    private let pace: Pace
    /// From the beginning on, so that nothing is missed before `run`.
    private let changes: AsyncStream<PlanChange>
    private let state = Mutex(State())
    /// A node that was away for longer has forgotten its gateways, or is looked after by a person.
    private static let memory = Duration.seconds(86_400)

    package convenience init(plans: PlanCache, nodes: LiveNodes, time: TimeSource) {
        self.init(plans: plans, nodes: nodes, time: time, pace: Pace())
    }

    init(plans: PlanCache, nodes: LiveNodes, time: TimeSource, pace: Pace) {
        self.plans = plans
        self.nodes = nodes
        self.time = time
        self.pace = pace
        changes = plans.changes()
    }

    /// Until graceful shutdown or cancellation.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [self] in
                    for await change in changes {
                        note(change)
                        signal.yield()
                    }
                }
                group.addTask { [self] in
                    for await _ in signals {
                        try? await Task.sleep(for: pace.gathering)
                        await announce()
                    }
                }
                await group.next()
                group.cancelAll()
            }
        }
    }

    /// What a node is told that is connected again; `nil` before the plans were read, because then everything would look
    /// as if it were gone.
    package func catchUp(_ endpoint: NodeEndpoint, _ view: NodeView, since: Timestamp) -> NodeNews? {
        guard plans.isLoaded else { return nil }
        let changed = state.withLock { state in state.changedGateways.filter { $0.value >= since }.keys }
        return NodeNews(catchingUp: view, plans.current, instance: endpoint.instanceID, changed: Set(changed))
    }

    private func note(_ change: PlanChange) {
        let (before, after) = (change.before?.plan, change.after?.plan)
        let (plan, now) = (plans.current, time.now)
        state.withLock { state in
            for instance in Set([before, after].compactMap { $0?.identity.instanceID }) {
                let news = NodeNews(
                    before: before?.identity.instanceID == instance ? before : nil,
                    after: after?.identity.instanceID == instance ? after : nil)
                state.pending[instance, default: NodeNews()].add(news)
                for name in news.oldGateways { state.changedGateways[name] = now }
                if let alone = state.alone[instance], plan.domainCount(of: instance) > 1 {
                    state.pending[instance, default: NodeNews()].add(.forgettingUsers(of: alone))
                }
                state.alone[instance] = plan.onlyEntry(of: instance)?.plan
            }
            state.changedGateways = state.changedGateways.filter { now.since($0.value) < Self.memory }
        }
    }

    private func announce() async {
        let pending = state.withLock { state in
            defer { state.pending = [:] }
            return state.pending
        }
        for (instance, news) in pending { nodes.tellAll(news.atOnce, serving: instance) }
        if pending.values.contains(where: \.needsPause) { try? await Task.sleep(for: pace.gatewayPause) }
        for (instance, news) in pending { nodes.tellAll(news.afterPause, serving: instance) }
    }
}
