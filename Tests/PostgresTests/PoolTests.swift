import Dispatch
import Foundation
import Kernel
import Synchronization
import TestSupport
import Testing

@testable import Postgres

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct PoolTests {
    @Test func aBusyPoolRefusesAtTheDeadlineAndBeyondItsQueue() async throws {
        try await withTestDatabase(
            migrations: TestSchema.migrations,
            configure: {
                $0.systemConnections = 1
                $0.limits.acquireTimeout = .milliseconds(300)
                $0.limits.maximumWaiting = 1
            }
        ) { test in
            let (isBusy, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            async let holder: Void = test.database.transaction(for: PlatformScope()) { _ in
                isBusy.signal()
                mayEnd.wait()
            }
            await waitOnAThread { isBusy.wait() }
            async let first = outcome { try await test.database.transaction(for: PlatformScope()) { _ in } }
            async let second = outcome { try await test.database.transaction(for: PlatformScope()) { _ in } }
            #expect(await first == .poolExhausted)
            #expect(await second == .poolExhausted)
            let counters = test.database.statistics.system.counters
            #expect(counters.timedOut == 1)
            #expect(counters.refused == 1)
            mayEnd.signal()
            try await holder
            #expect(DatabaseError.poolExhausted.problem.status == 503)
        }
    }

    @Test func aWaiterGetsTheSlotThatComesFree() async throws {
        let waits = Mutex<[Duration]>([])
        try await withTestDatabase(
            migrations: TestSchema.migrations,
            configure: {
                $0.systemConnections = 1
                $0.limits.acquireTimeout = .seconds(120)
            }
        ) { test in
            let database = Database(
                test.configuration, logger: TestLog.quiet, onPoolWait: { wait in waits.withLock { $0.append(wait) } })
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        try await database.transaction(for: PlatformScope()) { tx in
                            try tx.value("SELECT \(number)::int")
                        }
                    }
                }
                let sum = try await group.reduce(0, +)
                #expect(sum == 1225)
            }
            #expect(database.statistics.system.counters.opened == 1)
            #expect(waits.withLock { $0.count } == 50)
            await database.shutdown()
        }
    }

    @Test func aCancelledWaiterLeavesTheQueue() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations, configure: { $0.systemConnections = 1 }) { test in
            let (isBusy, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            async let holder: Void = test.database.transaction(for: PlatformScope()) { _ in
                isBusy.signal()
                mayEnd.wait()
            }
            await waitOnAThread { isBusy.wait() }
            let task = Task { try await test.database.transaction(for: PlatformScope()) { _ in } }
            while test.database.statistics.system.waiting == 0 { await Task.yield() }
            task.cancel()
            await #expect(throws: DatabaseError.cancelled) { try await task.value }
            #expect(test.database.statistics.system.waiting == 0)
            mayEnd.signal()
            try await holder
            let rows = try await test.database.read(for: PlatformScope(), "SELECT 1", as: (Int).self)
            #expect(rows == [1])
        }
    }

    @Test func aStoppedDatabaseRefusesAndLetsRunningWorkEnd() async throws {
        let test = try await TestDatabase.make(migrations: TestSchema.migrations)
        let (isBusy, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let running = Task {
            try await test.database.transaction(for: PlatformScope()) { tx in
                isBusy.signal()
                mayEnd.wait()
                return try tx.value("SELECT 1", as: Int.self)
            }
        }
        await waitOnAThread { isBusy.wait() }
        async let stopped: Void = test.database.shutdown()
        while await outcome({ try await test.database.transaction(for: PlatformScope()) { _ in } }) != .unavailable {
            await Task.yield()
        }
        mayEnd.signal()
        #expect(try await running.value == 1)
        await stopped
        try await test.drop()
    }

    @Test func theFirstStatementAndTheContextShareOneRoundTrip() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let connection = try Connection(
                to: test.configuration.app, timeout: .seconds(5), settings: SessionSettings(),
                usesPreparedStatements: true)
            let path = NSTemporaryDirectory() + "/trace-\(UUID().uuidString)"
            defer { try? FileManager.default.removeItem(atPath: path) }
            let file = try #require(fopen(path, "w"))
            let session = TransactionSession(
                connection: connection, node: TestSchema.tenant().node, options: TransactionOptions(),
                deadline: .now.advanced(by: .seconds(10)), cancellation: Cancellation(), logger: TestLog.quiet)
            connection.trace(to: file)
            _ = try session.run([("SELECT \(1)::int" as SQL).rendered()])
            connection.trace(to: nil)
            try session.commit()
            fclose(file)
            let trace = try String(contentsOfFile: path, encoding: .utf8)
            let directions = trace.split(separator: "\n").compactMap { line in
                line.split(separator: "\t").first { $0 == "F" || $0 == "B" }
            }
            let turns = zip(directions, directions.dropFirst()).count { $0 == "F" && $1 == "B" }
            #expect(turns == 1, "everything is sent before the first answer is read")
            #expect(trace.contains("BEGIN"))
            #expect(trace.contains("with_tenant"))
        }
    }

    @Test func preparedStatementsAreReusedAndBounded() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations, configure: { $0.systemConnections = 1 }) { test in
            let counts = try await test.database.transaction(for: PlatformScope()) { tx in
                for _ in 0..<3 { try tx.execute("SELECT 'again'") }
                let reused: Int = try tx.value(
                    "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT ''again'''")
                for count in 1...400 { try tx.execute("SELECT " + SQL.joined(Array(repeating: "1", count: count))) }
                let bounded: Int = try tx.value("SELECT count(*) FROM pg_prepared_statements")
                return (reused, bounded)
            }
            #expect(counts.0 == 1)
            #expect(counts.1 <= 257)
        }
    }

    @Test func preparedStatementsCanBeSwitchedOff() async throws {
        try await withTestDatabase(
            migrations: TestSchema.migrations, configure: { $0.usesPreparedStatements = false }
        ) { test in
            let count = try await test.database.transaction(for: PlatformScope()) { tx in
                try tx.execute("SELECT \(1)::int")
                return try tx.value("SELECT count(*) FROM pg_prepared_statements", as: Int.self)
            }
            #expect(count == 0)
        }
    }

    private func outcome(_ body: () async throws -> Void) async -> DatabaseError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? DatabaseError
        }
    }
}
