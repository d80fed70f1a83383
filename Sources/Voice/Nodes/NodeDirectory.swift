import Kernel
import Logging
import Postgres
import ServiceLifecycle
import Synchronization
import Telephony
import Tenancy

/// The nodes that may ask, in memory: a request of a node never waits for the database and is answered while that is
/// away. `NodeWatch` keeps it fresh.
package final class NodeDirectory: Sendable {
    private struct Contents {
        var isRead = false
        var nodes: [String: KnownNode] = [:]
        /// Nodes that asked since they were last written down, with their process.
        var seen: [VoiceNodeID: String?] = [:]
        var writtenAt: Timestamp?
    }

    private let work: UnitOfWork
    private let contents = Mutex(Contents())

    package init(work: UnitOfWork) { self.work = work }

    /// Whether the nodes were ever read. Until then nobody can be told from a stranger.
    package var isRead: Bool { contents.withLock { $0.isRead } }

    /// By its user name; also a retired node.
    package func node(named name: String) -> KnownNode? { contents.withLock { $0.nodes[name] } }

    /// From where agents place calls on the nodes of an instance.
    func agentSources(of instance: InstanceID) -> [AddressBlock] {
        contents.withLock { contents in
            contents.nodes.values.filter { $0.node.instanceID == instance }
                .flatMap { $0.node.settings.agentSources.compactMap { AddressBlock($0) } }
        }
    }

    /// Remembers that a node asked, and as which process.
    package func noteSeen(_ id: VoiceNodeID, core: String?) { contents.withLock { $0.seen[id] = core } }

    /// Reads all nodes anew and, once a minute, writes down which of them asked.
    package func refresh() async throws {
        let known = try await work.read(in: .platform) { tx in try NodeStore.known(tx) }
        let now = work.time.now
        let seen: [VoiceNodeID: String?] = contents.withLock { contents in
            contents.isRead = true
            contents.nodes = Dictionary(known.map { ($0.node.name, $0) }) { $1 }
            if let last = contents.writtenAt, last.advanced(by: .seconds(60)) > now { return [:] }
            contents.writtenAt = now
            defer { contents.seen = [:] }
            return contents.seen
        }
        guard !seen.isEmpty else { return }
        try await work.perform(job: "note voice nodes") { tx, actor in
            for (id, core) in seen.sorted(by: { $0.key < $1.key }) {
                try NodeStore.touch(id, core: core, at: actor.now, tx)
            }
        }
    }

    /// So that what was just changed holds at once here; other processes, and this one after a failure, see it with
    /// their next reading.
    func refreshAfterChange() async { try? await refresh() }
}

/// Keeps a `NodeDirectory` as fresh as its interval, as a service of the program. While the database is away the nodes
/// that are known stay known.
package struct NodeWatch: Service {
    let directory: NodeDirectory
    let interval: Duration
    let logger: Logger

    package init(_ directory: NodeDirectory, every interval: Duration = .seconds(2), logger: Logger) {
        self.directory = directory
        self.interval = interval
        self.logger = logger
    }

    /// Reads until shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await directory.refresh() } catch _ where Task.isCancelled { return } catch {
                    logger.warning("voice nodes could not be read", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: interval)
            }
        }
    }
}
