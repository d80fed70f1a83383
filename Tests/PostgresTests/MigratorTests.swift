import Foundation
import Kernel
import Postgres
import TestSupport
import Testing

@Suite struct MigratorTests {
    private func migrator(_ test: TestDatabase, _ migrations: [Migration]) -> Migrator {
        Migrator(connectionString: test.ownerConnectionString, migrations: migrations, logger: TestLog.quiet)
    }

    private let table = Migration(name: "0003_table", sql: "create table app.more (id bigint primary key);")

    @Test func pendingMigrationsAreAppliedOnce() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let migrator = migrator(test, TestSchema.migrations + [table])
            #expect(try await migrator.status().map(\.state).last == .pending)
            #expect(try await migrator.migrate() == ["0003_table"])
            #expect(try await migrator.migrate() == [])
            let states = try await migrator.status().map(\.state)
            #expect(states.allSatisfy { if case .applied = $0 { true } else { false } })
        }
    }

    @Test func aDryRunTriesAndChangesNothing() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let index = Migration(
                name: "0004_index", sql: "-- no-transaction\ncreate index concurrently more_id on app.more (id);")
            let migrator = migrator(test, TestSchema.migrations + [table, index])
            let steps = try await migrator.dryRun()
            #expect(steps.map(\.name) == ["0003_table", "0004_index"])
            #expect(steps.map(\.wasTried) == [true, false])
            #expect(try await migrator.status().filter { $0.state == .pending }.count == 2)
            #expect(try await migrator.migrate() == ["0003_table", "0004_index"])
        }
    }

    @Test func aFailureNamesFileLineAndStatementAndLeavesNothing() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let broken = Migration(
                name: "0004_broken",
                sql: "create table app.half (id bigint);\n\n-- why\ncreate table app.other (\n    id wrong_type\n);")
            let error = await #expect(throws: MigrationError.self) {
                try await migrator(test, TestSchema.migrations + [table, broken]).migrate()
            }
            guard case .failed(let name, let line, let statement, let message, let sqlstate) = error else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
            #expect((name, line, sqlstate) == ("0004_broken", 5, "42704"))
            #expect(statement.hasPrefix("create table app.other"))
            #expect(message.contains("wrong_type"))
            let left = try await test.asSuperuser { connection in
                try connection.value(
                    "SELECT to_regclass('app.half') IS NULL AND to_regclass('app.more') IS NOT NULL", as: Bool.self)
            }
            #expect(left, "the broken file is rolled back, the one before it stays")
        }
    }

    @Test func whatDoesNotFitHasItsOwnError() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let edited = Migration(name: "0002_notes", sql: TestSchema.notes.sql + "\n-- edited")
            await #expect(throws: MigrationError.changed("0002_notes")) {
                try await migrator(test, [TestSchema.context, edited]).migrate()
            }
            await #expect(throws: MigrationError.databaseIsNewer(["0002_notes"])) {
                try await migrator(test, [TestSchema.context]).migrate()
            }
            let between = Migration(name: "0001_z", sql: "select 1")
            await #expect(throws: MigrationError.outOfOrder("0001_z")) {
                try await migrator(test, TestSchema.migrations + [between]).migrate()
            }
            try await test.asSuperuser { try $0.execute("DROP SCHEMA app CASCADE") }
            await #expect(throws: MigrationError.notBootstrapped) {
                try await migrator(test, TestSchema.migrations).migrate()
            }
        }
    }

    @Test func twoMigratorsAtOnceApplyEachMigrationOnce() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let slow = Migration(
                name: "0003_slow", sql: "create table app.more (id bigint primary key); select pg_sleep(0.3);")
            let index = Migration(
                name: "0004_index", sql: "-- no-transaction\ncreate index concurrently more_id on app.more (id);")
            let all = TestSchema.migrations + [slow, index]
            async let left = migrator(test, all).migrate()
            async let right = migrator(test, all).migrate()
            let applied = try await [left, right]
            #expect(applied.map(\.count).sorted() == [0, 2])
        }
    }

    @Test func aBootstrapCanBeRepeated() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let bootstrap = RoleBootstrap(adminConnectionString: test.superuserConnectionString, database: test.name)
            async let left: Void = bootstrap.run()
            async let right: Void = bootstrap.run()
            _ = try await (left, right)
            let findings = try await SchemaGuard(
                connectionString: test.configuration.app, migrations: TestSchema.migrations
            ).findings()
            #expect(findings.isEmpty)
        }
    }

    @Test func theProductsOwnMigrationsPassTheGuard() async throws {
        let migrations = try Repository.migrations()
        try await withTestDatabase(migrations: migrations) { test in
            let findings = try await SchemaGuard(
                connectionString: test.configuration.app, migrations: migrations
            ).findings()
            #expect(findings.isEmpty, "\(findings.map(\.description))")
        }
    }
}
