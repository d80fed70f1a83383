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

/// What happens when statements, connections and servers fail. No assertion measures time: each waits for a state.
@Suite struct FaultTests {
    @Test func aSerialisationFailureRunsTheBodyAgain() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations, configure: patient) { test in
            let tenant = TestSchema.tenant()
            try await test.database.transaction(for: tenant) { tx in try tx.addNote(1, "0") }
            let attempts = Mutex(0)
            let (hasRead, mayWrite) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            async let slow: Void = test.database.transaction(
                for: tenant, options: TransactionOptions(isolation: .repeatableRead)
            ) { tx in
                let body = try tx.one("SELECT id, body FROM note WHERE tenant_id = \(tx.scope.tenantID)", as: Note.self)
                let attempt = attempts.withLock { count in
                    count += 1
                    return count
                }
                if attempt == 1 {
                    hasRead.signal()
                    mayWrite.wait()
                }
                try tx.execute("UPDATE note SET body = \(body.body + "s") WHERE tenant_id = \(tx.scope.tenantID)")
            }
            await waitOnAThread { hasRead.wait() }
            try await test.database.transaction(for: tenant) { tx in
                try tx.execute("UPDATE note SET body = 'quick' WHERE tenant_id = \(tx.scope.tenantID)")
            }
            mayWrite.signal()
            try await slow
            let notes = try await test.database.transaction(for: tenant) { tx in try tx.notes() }
            #expect(notes.map(\.body) == ["quicks"])
            #expect(attempts.withLock { $0 } == 2)
        }
    }

    @Test func theVictimOfADeadlockSucceedsAfterwards() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations, configure: patient) { test in
            let tenant = TestSchema.tenant()
            try await test.database.transaction(for: tenant) { tx in
                try tx.addNote(1, "")
                try tx.addNote(2, "")
            }
            let meeting = Meeting()
            let database = test.database
            try await withThrowingTaskGroup(of: Void.self) { group in
                for ids in [[1, 2], [2, 1]] {
                    group.addTask { try await mark(ids, for: tenant, in: database, meeting) }
                }
                try await group.waitForAll()
            }
            let notes = try await test.database.transaction(for: tenant) { tx in try tx.notes() }
            #expect(notes.map(\.body) == ["xx", "xx"])
            // At least: the victim may come back so fast that the two meet again.
            #expect(meeting.attempts.withLock { $0 } >= 3)
        }
    }

    /// Where two transactions wait until each of them has its first lock; a third attempt passes.
    private final class Meeting: Sendable {
        let attempts = Mutex(0)
        private let arrived = DispatchSemaphore(value: 0)

        func attend() {
            let attempt = attempts.withLock { count in
                count += 1
                return count
            }
            switch attempt {
            case 1: arrived.wait()
            case 2: arrived.signal()
            default: break
            }
        }
    }

    private func mark(
        _ ids: [Int], for tenant: TenantScope, in database: Database, _ meeting: Meeting
    ) async throws {
        try await database.transaction(for: tenant) { tx in
            for id in ids {
                try tx.execute(
                    "UPDATE note SET body = body || 'x' WHERE tenant_id = \(tx.scope.tenantID) AND id = \(id)")
                if id == ids[0] { meeting.attend() }
            }
        }
    }

    @Test func conflictsWithoutEndAreReported() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let attempts = Mutex(0)
            await #expect(throws: DatabaseError.serialization) {
                try await test.database.transaction(for: PlatformScope()) { tx in
                    attempts.withLock { $0 += 1 }
                    try tx.execute("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$")
                }
            }
            #expect(attempts.withLock { $0 } == 4)
        }
    }

    @Test func timeoutsOfTheSessionHaveTheirOwnErrors() async throws {
        try await withTestDatabase(
            migrations: TestSchema.migrations,
            configure: {
                $0.session.statementTimeout = .milliseconds(200)
                $0.session.lockTimeout = .milliseconds(50)
            }
        ) { test in
            await #expect(throws: DatabaseError.statementTimeout) {
                try await test.database.read(for: PlatformScope(), "SELECT pg_sleep(60)::text", as: (String).self)
            }
            let tenant = TestSchema.tenant()
            try await test.database.transaction(for: tenant) { tx in try tx.addNote(1, "") }
            let (isLocked, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let lock: SQL = "SELECT id FROM note WHERE tenant_id = \(tenant.tenantID) FOR UPDATE"
            async let holder: Void = test.database.transaction(for: tenant) { tx in
                try tx.execute(lock)
                isLocked.signal()
                mayEnd.wait()
            }
            await waitOnAThread { isLocked.wait() }
            await #expect(throws: DatabaseError.lockTimeout) {
                try await test.database.transaction(for: tenant) { tx in try tx.execute(lock) }
            }
            mayEnd.signal()
            try await holder
        }
    }

    /// Whoever has little time hears in time that a lock was not to be had, also of what goes along with the COMMIT: it is
    /// known that nothing happened, and the connection goes on.
    @Test(arguments: [false, true])
    func aShortDeadlineBoundsTheWaitForLocks(goesWithCommit: Bool) async throws {
        try await withTestDatabase(
            migrations: TestSchema.migrations,
            configure: {
                patient(&$0)
                $0.appConnections = 2
            }
        ) { test in
            let tenant = TestSchema.tenant()
            try await test.database.transaction(for: tenant) { tx in try tx.addNote(1, "first") }
            let (isLocked, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            async let holder: Void = test.database.transaction(for: tenant) { tx in
                try tx.execute("SELECT id FROM note WHERE tenant_id = \(tenant.tenantID) FOR UPDATE")
                isLocked.signal()
                mayEnd.wait()
            }
            await waitOnAThread { isLocked.wait() }
            let change: SQL = "UPDATE note SET body = 'second' WHERE tenant_id = \(tenant.tenantID)"
            let hasty = TransactionOptions(deadline: .seconds(2))
            await #expect(throws: DatabaseError.lockTimeout) {
                try await test.database.transaction(for: tenant, options: hasty) { tx in
                    _ = try tx.notes()
                    if goesWithCommit { tx.postpone(change) } else { try tx.execute(change) }
                }
            }
            mayEnd.signal()
            try await holder
            let notes = try await test.database.transaction(for: tenant, options: hasty) { tx in
                tx.postpone(change)
                return try tx.notes()
            }
            #expect(notes.map(\.body) == ["second"])
            #expect(test.database.statistics.app.counters.opened == 2)
        }
    }

    /// A body that used up its time still commits what has to wait for nothing.
    @Test func aCommitHasTimeOfItsOwn() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations, configure: patient) { test in
            let tenant = TestSchema.tenant()
            try await test.database.transaction(
                for: tenant, options: TransactionOptions(deadline: .milliseconds(1_500))
            ) { tx in
                try tx.addNote(1, "")
                Thread.sleep(forTimeInterval: 1.6)
                tx.postpone("INSERT INTO note (tenant_id, id, body) VALUES (\(tenant.tenantID), 2, '')")
            }
            let notes = try await test.database.transaction(for: tenant) { tx in try tx.notes() }
            #expect(notes.map(\.id) == [1, 2])
        }
    }

    @Test func aCancelledTaskStopsItsStatement() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations, configure: patient) { test in
            let task = Task {
                try await test.database.transaction(for: TestSchema.tenant()) { tx in
                    try tx.addNote(1, "")
                    try tx.execute("SELECT pg_sleep(600)")
                }
            }
            try await test.waitForActivity("SELECT pg_sleep(600)")
            task.cancel()
            await #expect(throws: DatabaseError.cancelled) { try await task.value }
            let left = try await test.database.read(for: PlatformScope(), "SELECT count(*) FROM note", as: (Int).self)
            #expect(left == [0])
        }
    }

    @Test func aCommitIsNotCancelled() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations + [heldCommit], configure: patient) { test in
            let tenant = TestSchema.tenant()
            try await holdingCommits(of: test) { mayCommit in
                let task = Task {
                    try await test.database.transaction(for: tenant) { tx in try tx.addNote(1, "kept") }
                }
                try await test.waitForActivity("COMMIT")
                task.cancel()
                mayCommit.signal()
                try await task.value
            }
            let notes = try await test.database.transaction(for: tenant) { tx in try tx.notes() }
            #expect(notes.map(\.body) == ["kept"])
        }
    }

    @Test func aConnectionLostAtCommitLeavesTheOutcomeOpen() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations + [heldCommit], configure: patient) { test in
            try await holdingCommits(of: test) { mayCommit in
                let task = Task {
                    try await test.database.transaction(for: TestSchema.tenant()) { tx in try tx.addNote(1, "") }
                }
                try await test.waitForActivity("COMMIT")
                try await test.asSuperuser { connection in
                    try connection.execute(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND query = 'COMMIT'
                        """)
                }
                await #expect(throws: DatabaseError.connectionLost(outcomeUnknown: true)) { try await task.value }
                mayCommit.signal()
            }
        }
    }

    @Test func aConnectionLostBeforeCommitChangedNothing() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let attempts = Mutex(0)
            await #expect(throws: DatabaseError.connectionLost(outcomeUnknown: false)) {
                try await test.database.transaction(for: PlatformScope()) { tx in
                    attempts.withLock { $0 += 1 }
                    try tx.execute("SELECT 1")
                    try tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")
                }
            }
            #expect(attempts.withLock { $0 } == 1)
        }
    }

    @Test func aHungServerIsLeftAtTheDeadline() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let hung = Mutex<Int32>(0)
            await #expect(throws: DatabaseError.connectionLost(outcomeUnknown: false)) {
                try await test.database.transaction(
                    for: PlatformScope(), options: TransactionOptions(deadline: .milliseconds(300))
                ) { tx in
                    let processID: Int32 = try tx.value("SELECT pg_backend_pid()")
                    hung.withLock { $0 = processID }
                    kill(processID, SIGSTOP)
                    try tx.execute("SELECT 1")
                }
            }
            // The pool goes on with another connection while the server's process still hangs.
            let rows = try await test.database.read(for: PlatformScope(), "SELECT 1", as: (Int).self)
            #expect(rows == [1])
            kill(hung.withLock { $0 }, SIGCONT)
        }
    }

    @Test func aChangedTableDoesNotBreakPreparedStatements() async throws {
        try await withTestDatabase(
            migrations: TestSchema.migrations, configure: { $0.systemConnections = 1 }
        ) { test in
            let everything: SQL = "SELECT * FROM note"
            for _ in 0..<2 {
                _ = try await test.database.transaction(for: PlatformScope()) { tx in try tx.rows(everything).count }
            }
            try await test.asSuperuser { try $0.execute("ALTER TABLE app.note ADD COLUMN colour text") }
            let count = try await test.database.transaction(for: PlatformScope()) { tx in try tx.rows(everything).count
            }
            #expect(count == 0)
        }
    }

    /// The commit of an insert into `note` waits for a lock.
    private var heldCommit: Migration {
        Migration(
            name: "0003_held",
            sql: """
                create function app.wait() returns trigger language plpgsql as
                $$ begin perform pg_advisory_xact_lock(4711); return null; end $$;
                create constraint trigger held after insert on app.note deferrable initially deferred
                for each row execute function app.wait();
                """)
    }

    /// Holds that lock until the body signals; signals itself when the body throws.
    private func holdingCommits(
        of test: TestDatabase, _ body: (DispatchSemaphore) async throws -> Void
    ) async throws {
        let (isHeld, mayCommit) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        async let holder: Void = test.database.transaction(for: PlatformScope()) { tx in
            try tx.execute("SELECT pg_advisory_xact_lock(4711)")
            isHeld.signal()
            mayCommit.wait()
        }
        await waitOnAThread { isHeld.wait() }
        do { try await body(mayCommit) } catch {
            mayCommit.signal()
            throw error
        }
        try await holder
    }

    /// Limits that a busy machine does not reach.
    private func patient(_ configuration: inout DatabaseConfiguration) {
        configuration.session.statementTimeout = .seconds(300)
        configuration.session.lockTimeout = .seconds(300)
        configuration.session.idleInTransactionTimeout = .seconds(300)
        configuration.limits.transactionDeadline = .seconds(300)
    }
}

extension TestDatabase {
    /// Waits until some session of this database runs that statement; gives up after some minutes.
    func waitForActivity(_ statement: String) async throws {
        for _ in 0..<10_000 {
            let count = try await asSuperuser { connection in
                try connection.value(
                    """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND state = 'active' AND query = \(statement)
                    """, as: Int.self)
            }
            if count > 0 { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw DatabaseError.notFound
    }
}

/// Blocks a thread of Dispatch, not one that tasks run on.
func waitOnAThread(_ body: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
            body()
            continuation.resume()
        }
    }
}
