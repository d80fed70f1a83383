import Foundation
import Kernel
import Logging
import Postgres

/// A private PostgreSQL as an operator would run it, with a fresh migrated database for each measurement.
struct BenchCluster: Sendable {
    let directory: String
    private let cluster: PrivateCluster
    static let logger: Logger = {
        var logger = Logger(label: "benchmarks")
        logger.logLevel = .error
        return logger
    }()

    static func start(directory: String) async throws -> BenchCluster {
        let path = URL(fileURLWithPath: directory).standardizedFileURL.path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var configuration = PrivateCluster.Configuration(directory: path + "/postgres")
        configuration.settings = [
            "shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=15min", "wal_compression=on",
        ]
        return BenchCluster(
            directory: path, cluster: try await PrivateCluster.start(configuration, logger: logger))
    }

    /// Also takes the gigabytes of the measurements away.
    func stop() async throws {
        try await cluster.stop()
        try? FileManager.default.removeItem(atPath: directory + "/postgres")
    }

    /// The version of the server, once it is sure that a commit waits for the disk.
    func durableServerVersion() async throws -> String {
        try await DirectConnection.open(cluster.adminConnectionString) { connection in
            for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
                guard try connection.value("select current_setting(\(setting))", as: String.self) == "on" else {
                    throw BenchClient.Failure(description: "\(setting) is off")
                }
            }
            return try connection.value(
                "select split_part(current_setting('server_version'), ' ', 1)", as: String.self)
        }
    }

    func connectionString(_ role: DatabaseRole, _ database: String) -> String {
        cluster.connectionString(user: role.rawValue, database: database)
    }

    /// A fresh database with the product's schema; one of that name from before is dropped.
    func makeDatabase(_ name: String) async throws {
        try await dropDatabase(name)
        try await RoleBootstrap(adminConnectionString: cluster.adminConnectionString, database: name).run()
        let migrator = Migrator(
            connectionString: connectionString(.owner, name), migrations: try Self.migrations(), logger: Self.logger)
        _ = try await migrator.migrate()
    }

    func dropDatabase(_ name: String) async throws {
        try await DirectConnection.open(cluster.adminConnectionString) { connection in
            try connection.execute(SQL(unsafeText: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)"))
        }
    }

    /// So that no measurement pays for the pages of the one before.
    func checkpoint() async throws {
        try await DirectConnection.open(cluster.adminConnectionString) { connection in
            try connection.execute("CHECKPOINT")
        }
    }

    /// The pools of a service over one of the databases.
    func database(_ name: String) -> Database {
        Database(
            DatabaseConfiguration(app: connectionString(.app, name), system: connectionString(.system, name)),
            logger: Self.logger)
    }

    private static func migrations() throws -> [Migration] {
        let files = try FileManager.default.contentsOfDirectory(atPath: "migrations").filter { $0.hasSuffix(".sql") }
        return try files.sorted().map { file in
            Migration(
                name: String(file.dropLast(4)), sql: try String(contentsOfFile: "migrations/\(file)", encoding: .utf8))
        }
    }
}
