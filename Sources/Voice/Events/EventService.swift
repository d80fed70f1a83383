import Kernel
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Telephony
import Tenancy

/// Keeps a connection to the event socket of every node.
package struct EventService: Service {
    package let nodes: LiveNodes
    private let hooks: NodeHooks
    private let work: UnitOfWork
    private let group: any EventLoopGroup
    private let logger: Logger
    private let pace: NodeFollower.Pace
    /// How often the list of nodes is read again.
    private let rosterPace: Duration

    package init(
        nodes: LiveNodes, hooks: NodeHooks, work: UnitOfWork, group: any EventLoopGroup, logger: Logger
    ) {
        self.init(nodes: nodes, hooks: hooks, work: work, group: group, logger: logger, pace: NodeFollower.Pace())
    }

    init(
        nodes: LiveNodes, hooks: NodeHooks, work: UnitOfWork, group: any EventLoopGroup, logger: Logger,
        pace: NodeFollower.Pace, rosterPace: Duration = .seconds(15)
    ) {
        self.nodes = nodes
        self.hooks = hooks
        self.work = work
        self.group = group
        self.logger = logger
        self.pace = pace
        self.rosterPace = rosterPace
    }

    /// Until graceful shutdown or cancellation.
    package func run() async throws {
        let roster = Roster()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { tasks in
                while !Task.isCancelled {
                    for endpoint in await newEndpoints(roster) {
                        let watch = NodeFollower(
                            endpoint: endpoint, nodes: nodes, hooks: hooks, work: work, group: group, logger: logger,
                            pace: pace)
                        tasks.addTask { await watch.run { roster.has(endpoint) } }
                    }
                    try? await Task.sleep(for: rosterPace)
                }
                tasks.cancelAll()
            }
        }
    }

    private func newEndpoints(_ roster: Roster) async -> [NodeEndpoint] {
        do {
            let (new, gone) = roster.replace(by: try await hooks.nodes())
            for id in gone { nodes.forget(id) }
            return new
        } catch _ where Task.isCancelled {
            return []
        } catch {
            // The list could not be asked: the nodes are still there.
            logger.warning("the nodes could not be read", metadata: ["error": "\(error)"])
            return []
        }
    }
}

/// The nodes that are to be watched.
private final class Roster: Sendable {
    private let endpoints = Mutex<[VoiceNodeID: NodeEndpoint]>([:])

    func has(_ endpoint: NodeEndpoint) -> Bool { endpoints.withLock { $0[endpoint.id] == endpoint } }

    /// Endpoints that are new or changed, and nodes that are gone.
    func replace(by list: [NodeEndpoint]) -> (new: [NodeEndpoint], gone: [VoiceNodeID]) {
        endpoints.withLock { endpoints in
            let old = endpoints
            endpoints = Dictionary(list.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            return (
                endpoints.values.filter { old[$0.id] != $0 },
                old.keys.filter { endpoints[$0] == nil }
            )
        }
    }
}
