import Foundation
import Kernel
import TestSupport
import Testing

@testable import Postgres

#if canImport(Glibc)
    import Glibc
#endif

/// Servers of their own that are stopped, killed and started.
@Suite(.serialized) struct ClusterTests {
    @Test func theDatabaseReconnectsAfterARestartAndACrash() async throws {
        let server = try await TestCluster.dedicated()
        let test = try await TestDatabase.make(on: server, migrations: TestSchema.migrations)
        let tenant = TestSchema.tenant()
        try await test.database.transaction(for: tenant) { tx in try tx.addNote(1, "before") }
        try await server.restart()
        try await test.database.transaction(for: tenant) { tx in try tx.addNote(2, "after the restart") }
        try await server.crashAndRestart()
        try await test.database.transaction(for: tenant) { tx in try tx.addNote(3, "after the crash") }
        let notes = try await test.database.transaction(for: tenant) { tx in try tx.notes() }
        #expect(notes.map(\.id) == [1, 2, 3])
        try await test.drop()
        try await server.remove()
    }

    @Test func withoutAServerTransactionsFailAndThenRecover() async throws {
        let server = try await TestCluster.dedicated()
        let test = try await TestDatabase.make(
            on: server, migrations: TestSchema.migrations,
            configure: { $0.limits.acquireTimeout = .milliseconds(300) })
        try await server.cluster.stop()
        await #expect(throws: DatabaseError.unavailable) {
            try await test.database.transaction(for: PlatformScope()) { tx in try tx.execute("SELECT 1") }
        }
        #expect(test.database.statistics.system.counters.connectFailures > 0)
        try await server.cluster.startAgain()
        let rows = try await test.database.read(for: PlatformScope(), "SELECT 1", as: (Int).self)
        #expect(rows == [1])
        try await test.drop()
        try await server.remove()
    }

    @Test func aDeadFirstHostIsPassedOver() async throws {
        let test = try await TestDatabase.make(migrations: TestSchema.migrations)
        let own = try ConnectionString(test.configuration.system)
        let host = try #require(own["host"])
        var configuration = test.configuration
        configuration.system =
            own.replacing([
                "host": "127.0.0.1,\(host)", "port": "1,5432", "target_session_attrs": "read-write",
            ]).description
        let database = Database(configuration, logger: TestLog.quiet)
        let rows = try await database.read(for: PlatformScope(), "SELECT 1", as: (Int).self)
        #expect(rows == [1])
        await database.shutdown()
        try await test.drop()
    }

    @Test func aSecondStartReportsAndAThirdTakesOver() async throws {
        let directory = TestCluster.freshDirectory()
        let configuration = PrivateCluster.Configuration(directory: directory)
        let processID = try await startAndLeave(configuration)
        let taken = try await PrivateCluster.start(configuration, logger: TestLog.quiet)
        #expect(taken.wasAdopted)
        #expect(taken.processID == processID)
        try await TestCluster(cluster: taken).remove()
    }

    /// As a killed owner would: the lock is free, the server still runs.
    private func startAndLeave(_ configuration: PrivateCluster.Configuration) async throws -> Int32? {
        let first = try await PrivateCluster.start(configuration, logger: TestLog.quiet)
        #expect(!first.wasAdopted)
        await #expect(throws: ClusterError.self) {
            try await PrivateCluster.start(configuration, logger: TestLog.quiet)
        }
        return first.processID
    }

    @Test func aServerThatWasKilledStartsAgain() async throws {
        let server = try await TestCluster.dedicated()
        let before = server.cluster.processID
        server.cluster.kill()
        while server.cluster.processID != nil { try await Task.sleep(for: .milliseconds(10)) }
        // The number in the file left behind belongs to another program now: to this one.
        let pidFile = "\(server.cluster.dataDirectory)/postmaster.pid"
        let lines = try String(contentsOfFile: pidFile, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        let changed = (["\(getpid())"] + lines.dropFirst().map(String.init)).joined(separator: "\n")
        try changed.write(toFile: pidFile, atomically: false, encoding: .utf8)
        #expect(server.cluster.processID == nil)
        try await server.cluster.startAgain()
        #expect(server.cluster.processID != nil && server.cluster.processID != before)
        try await server.remove()
    }

    @Test func aLongPathGetsAShortSocket() async throws {
        let long = TestCluster.freshDirectory() + String(repeating: "deep", count: 25)
        let server = try await TestCluster.dedicated(in: long)
        let one = try await DirectConnection.open(server.adminConnectionString) {
            try $0.value("SELECT 1", as: Int.self)
        }
        #expect(one == 1)
        try await server.remove()
    }

    @Test func nobodyElseReachesTheSocket() async throws {
        let server = try await TestCluster.dedicated()
        let host = try #require(ConnectionString(server.adminConnectionString)["host"])
        let permissions = try FileManager.default.attributesOfItem(atPath: host)[.posixPermissions] as? Int
        #expect(permissions == 0o700)
        let addresses = try await DirectConnection.open(server.adminConnectionString) { connection in
            try connection.value("SELECT current_setting('listen_addresses')", as: String.self)
        }
        #expect(addresses == "")
        try await server.remove()
    }

    @Test func missingProgramsNameThePackage() {
        let error = #expect(throws: ClusterError.self) {
            try ServerBinaries.find(environment: ["PG_BIN": "/nowhere"])
        }
        #expect(error?.description.contains("apt-get install postgresql") == true)
    }

    @Test func encryptedConnectionsWorkByLibpqsOwnOptions() async throws {
        let directory = TestCluster.freshDirectory()
        let data = try await initialiseWithCertificate(directory)
        let port = 20_000 + Int(getpid()) % 20_000
        let server = try await TestCluster.dedicated(in: directory) {
            $0.port = port
            $0.settings = ["listen_addresses=127.0.0.1", "ssl=on"]
        }
        let encrypted = "host=127.0.0.1 port=\(port) user=postgres dbname=postgres"
        for options in ["sslmode=require", "sslmode=verify-ca sslrootcert='\(data)/server.crt'"] {
            let isEncrypted = try await DirectConnection.open("\(encrypted) \(options)") { connection in
                try connection.value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", as: Bool.self)
            }
            #expect(isEncrypted)
        }
        await #expect(throws: ConnectFailure.self) {
            try await DirectConnection.open("\(encrypted) sslmode=disable") { try $0.execute("SELECT 1") }
        }
        try await server.remove()
    }

    /// Makes the cluster's files, adds a self-made certificate and a rule that TCP has to be encrypted.
    private func initialiseWithCertificate(_ directory: String) async throws -> String {
        let plain = try await PrivateCluster.start(.init(directory: directory), logger: TestLog.quiet)
        let data = plain.dataDirectory
        try await plain.stop()
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        openssl.arguments = [
            "req", "-new", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", "\(data)/server.key",
            "-out", "\(data)/server.crt",
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        #expect(openssl.terminationStatus == 0)
        try "local all all trust\nhostssl all all 127.0.0.1/32 trust\n".write(
            toFile: "\(data)/pg_hba.conf", atomically: false, encoding: .utf8)
        var status = stat()
        stat(data, &status)
        for file in ["server.key", "server.crt", "pg_hba.conf"] {
            chown("\(data)/\(file)", status.st_uid, status.st_gid)
            chmod("\(data)/\(file)", 0o600)
        }
        return data
    }
}
