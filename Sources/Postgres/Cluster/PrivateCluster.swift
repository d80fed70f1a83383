import Crypto
import Foundation
import Logging
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A PostgreSQL of our own for development and tests: in one directory, on a unix socket that only its user (and root)
/// can reach, without TCP. Belongs to the process that holds its lock; a server left behind by a killed process is
/// taken over, so a second start always works.
package final class PrivateCluster: Sendable {
    /// Where it lives and how it runs.
    package struct Configuration: Sendable {
        /// Everything lives in here; made when missing.
        package var directory: String
        /// Off only where a crash of the machine may lose everything, as in tests.
        package var isDurable = true
        package var maximumConnections = 60
        /// Also the name of the socket.
        package var port = 5432
        /// More settings, as on the server's command line: `["wal_level=logical"]`.
        package var settings: [String] = []

        package init(directory: String) { self.directory = directory }
    }

    private let binaries: ServerBinaries
    private let account: ServerAccount
    private let layout: ClusterLayout
    private let configuration: Configuration
    private let lock: FileLock
    private let logger: Logger
    /// Whether a running server was found and taken over.
    package let wasAdopted: Bool

    private init(
        binaries: ServerBinaries, account: ServerAccount, layout: ClusterLayout, configuration: Configuration,
        lock: FileLock, logger: Logger
    ) throws {
        self.binaries = binaries
        self.account = account
        self.layout = layout
        self.configuration = configuration
        self.lock = lock
        self.logger = logger
        wasAdopted = layout.runningServer != nil
        if !layout.isInitialised { try Self.initialise(binaries: binaries, account: account, layout: layout) }
        if !wasAdopted { try launch() }
    }

    /// Starts the cluster in that directory, or takes over the server that runs there. Throws `ClusterError`.
    package static func start(_ configuration: Configuration, logger: Logger) async throws -> PrivateCluster {
        try await NIOThreadPool.singleton.runIfActive {
            let binaries = try ServerBinaries.find()
            let account = try ServerAccount.choose()
            let layout = try ClusterLayout.prepare(configuration.directory, for: account)
            guard let lock = FileLock(path: layout.lockPath) else {
                throw ClusterError.inUse(directory: layout.directory)
            }
            return try PrivateCluster(
                binaries: binaries, account: account, layout: layout, configuration: configuration, lock: lock,
                logger: logger)
        }
    }

    /// libpq's connection string for one of its roles.
    package func connectionString(user: String, database: String) -> String {
        "host='\(layout.socketDirectory)' port=\(configuration.port) user='\(user)' dbname='\(database)'"
    }

    /// The superuser, in the database `postgres`.
    package var adminConnectionString: String { connectionString(user: "postgres", database: "postgres") }

    /// The server's process, while it runs.
    package var processID: Int32? { layout.runningServer }

    /// Where the server keeps its files.
    package var dataDirectory: String { layout.dataDirectory }

    /// The file that the server logs to.
    package var logPath: String { layout.logPath }

    /// Ends the server in an orderly way: sessions are closed, everything is on disk. Does nothing when it is not
    /// running.
    package func stop() async throws {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            guard layout.runningServer != nil else { return }
            let arguments = ["stop", "-D", layout.dataDirectory, "-m", "fast", "-w", "-t", "60"]
            let (status, output) = try account.run(binaries.path("pg_ctl"), arguments)
            guard status == 0 else { throw ClusterError.failed(step: "stop", output: output) }
        }
    }

    /// Starts the stopped or killed server again.
    package func startAgain() async throws {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            if layout.runningServer == nil { try launch() }
        }
    }

    /// Ends the server's main process at once, as a crash would. The next start recovers.
    package func kill() {
        if let processID = layout.runningServer { _ = Glibc.kill(processID, SIGKILL) }
    }

    /// The same as `stop()` for an exit handler: asks and does not wait.
    package func requestStop() {
        if let processID = layout.runningServer { _ = Glibc.kill(processID, SIGINT) }
    }

    private static func initialise(binaries: ServerBinaries, account: ServerAccount, layout: ClusterLayout) throws {
        // A first start that was killed half-way leaves a folder without a configuration.
        try? FileManager.default.removeItem(atPath: layout.dataDirectory)
        let (status, output) = try account.run(
            binaries.path("initdb"),
            [
                "-D", layout.dataDirectory, "--username=postgres", "--encoding=UTF8", "--locale=C",
                "--auth-local=trust",
                "--auth-host=reject",
            ])
        guard status == 0 else { throw ClusterError.failed(step: "initialise", output: output) }
        guard FileManager.default.createFile(atPath: layout.markerPath, contents: nil) else {
            throw ClusterError.failed(step: "initialise", output: "\(layout.markerPath) cannot be written")
        }
    }

    private func launch() throws {
        // Backends of a killed server may take a moment to notice, and keep its shared memory until then.
        for attempt in 1...5 {
            let process = try startServer()
            if waitUntilReady(process) { return }
            logger.debug("the private server did not start yet", metadata: ["attempt": "\(attempt)"])
            usleep(500_000)
        }
        throw ClusterError.failed(step: "start", output: layout.logTail)
    }

    private func startServer() throws -> Process {
        // Left by a killed server; its number may belong to somebody else by now.
        try? FileManager.default.removeItem(atPath: layout.pidPath)
        var settings = [
            "listen_addresses=", "unix_socket_directories=\(layout.socketDirectory)", "unix_socket_permissions=0700",
            "port=\(configuration.port)", "max_connections=\(configuration.maximumConnections)", "timezone=UTC",
            "log_timezone=UTC",
        ]
        if !configuration.isDurable {
            // A killed server still loses nothing: what it had committed is with the kernel.
            settings += ["fsync=off", "full_page_writes=off"]
        }
        settings += configuration.settings
        let arguments = ["-D", layout.dataDirectory] + settings.flatMap { ["-c", $0] }
        let process = try account.process(binaries.path("postgres"), arguments, outputPath: layout.logPath)
        try process.run()
        return process
    }

    /// The server itself writes down when it is ready.
    private func waitUntilReady(_ process: Process) -> Bool {
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while ContinuousClock.now < deadline, process.isRunning {
            if layout.isReady { return true }
            usleep(20_000)
        }
        return false
    }
}
