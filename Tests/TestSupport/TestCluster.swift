import Foundation
import Logging
import Postgres
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A PostgreSQL for tests: the shared one of this process, or one of its own for tests that stop and kill it.
package struct TestCluster: Sendable {
    package let cluster: PrivateCluster

    package init(cluster: PrivateCluster) { self.cluster = cluster }

    /// A directory that no other test uses.
    package static func freshDirectory() -> String {
        "\(Repository.root)/.local/test-postgres/own-\(UUID().uuidString.prefix(8))"
    }

    /// One of its own, in a fresh directory unless one is given; end it with `remove()`.
    package static func dedicated(
        in directory: String = freshDirectory(), configure: (inout PrivateCluster.Configuration) -> Void = { _ in }
    ) async throws -> TestCluster {
        var configuration = PrivateCluster.Configuration(directory: directory)
        configuration.isDurable = false
        configure(&configuration)
        let cluster = try await PrivateCluster.start(configuration, logger: TestLog.quiet)
        ExitStop.register(cluster)
        return TestCluster(cluster: cluster)
    }

    package var adminConnectionString: String { cluster.adminConnectionString }

    /// Orderly down and up again.
    package func restart() async throws {
        try await cluster.stop()
        try await cluster.startAgain()
    }

    /// `kill -9` and up again.
    package func crashAndRestart() async throws {
        cluster.kill()
        while cluster.processID != nil { try await Task.sleep(for: .milliseconds(20)) }
        try await cluster.startAgain()
    }

    /// Stops the server and deletes its directory.
    package func remove() async throws {
        try await cluster.stop()
        let directory = URL(fileURLWithPath: cluster.logPath).deletingLastPathComponent()
        try FileManager.default.removeItem(at: directory)
    }
}

/// Where this package lies, found from this file.
package enum Repository {
    package static let root: String = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.path
    }()

    /// The product's own migrations, in order.
    package static func migrations() throws -> [Migration] {
        let directory = "\(root)/migrations"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return try files.filter { $0.hasSuffix(".sql") }.sorted().map { file in
            Migration(
                name: String(file.dropLast(4)),
                sql: try String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8))
        }
    }
}

/// Loggers for tests: quiet unless `TEST_LOG` is set.
package enum TestLog {
    package static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel =
            ProcessInfo.processInfo.environment["TEST_LOG"].flatMap { Logger.Level(rawValue: $0) } ?? .critical
        return logger
    }
}

/// Servers are asked to stop when the test process ends; one that is left over is taken over by the next run.
enum ExitStop {
    private static let clusters = Mutex<[PrivateCluster]>([])
    private static let isInstalled: Bool = {
        atexit { ExitStop.clusters.withLock { for cluster in $0 { cluster.requestStop() } } }
        return true
    }()

    static func register(_ cluster: PrivateCluster) {
        _ = isInstalled
        clusters.withLock { $0.append(cluster) }
    }
}
