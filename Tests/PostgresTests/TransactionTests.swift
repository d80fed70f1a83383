import Foundation
import Kernel
import Postgres
import TestSupport
import Testing

@Suite struct TransactionTests {
    @Test func tenantsSeeOnlyTheirOwnRows() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let (first, second) = (TestSchema.tenant(), TestSchema.tenant())
            try await test.database.transaction(for: first) { tx in try tx.addNote(1, "of the first") }
            try await test.database.transaction(for: second) { tx in try tx.addNote(1, "of the second") }
            let everything: SQL = "SELECT id, body FROM note"
            let seen = try await test.database.read(for: first, everything, as: Note.self)
            #expect(seen.map(\.body) == ["of the first"])
            let all = try await test.database.read(for: PlatformScope(), everything, as: Note.self)
            #expect(all.count == 2)
            let organisation = try await test.database.read(
                for: OrganisationScope(TestSchema.organisation), everything, as: Note.self)
            #expect(organisation.isEmpty)
        }
    }

    @Test func aRowForAnotherTenantIsRefused() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let (first, second) = (TestSchema.tenant(), TestSchema.tenant())
            let error = await #expect(throws: DatabaseError.self) {
                try await test.database.transaction(for: first) { tx in
                    try tx.execute(
                        "INSERT INTO note (tenant_id, id, body) VALUES (\(second.tenantID), 1, \("planted"))")
                }
            }
            guard case .statement(sqlstate: "42501", _) = error else {
                Issue.record("not refused by row-level security: \(String(describing: error))")
                return
            }
        }
    }

    @Test func theContextEndsWithTheTransaction() async throws {
        try await withTestDatabase(
            migrations: TestSchema.migrations, configure: { $0.appConnections = 1 }
        ) { test in
            let tenant = TestSchema.tenant()
            try await test.database.transaction(for: tenant) { tx in try tx.addNote(1, "one") }
            let setting = try await test.database.transaction(for: OrganisationScope(TestSchema.organisation)) { tx in
                try tx.value("SELECT current_setting('app.tenant_id', true)", as: String?.self)
            }
            #expect(setting == "")
        }
    }

    @Test func aScopeKnownAtRunTimePicksItsRole() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let tenant = TestSchema.tenant()
            for (node, role) in [(ScopeNode.platform, "controlplane_system"), (tenant.node, "controlplane_app")] {
                let user = try await test.database.transaction(for: node) { tx in
                    try tx.value("SELECT current_user::text", as: String.self)
                }
                #expect(user == role)
            }
        }
    }

    @Test func postponedStatementsRunInTheirPlaceAndCommit() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let tenant = TestSchema.tenant()
            let add = { @Sendable (id: Int) -> SQL in
                "INSERT INTO note (tenant_id, id, body) VALUES (\(tenant.tenantID), \(id), \("note"))"
            }
            let seen = try await test.database.transaction(for: tenant) { tx in
                tx.postpone(add(1))
                let seen = try tx.notes().count
                tx.postpone(add(2))
                return seen
            }
            try await test.database.transaction(for: tenant) { tx in tx.postpone(add(3)) }
            #expect(seen == 1)
            let refused = await #expect(throws: DatabaseError.self) {
                try await test.database.transaction(for: tenant) { tx in
                    tx.postpone(add(4))
                    tx.postpone(add(1))
                }
            }
            guard case .constraint(_, .unique) = refused else {
                Issue.record("not the error of the statement: \(String(describing: refused))")
                return
            }
            let notes = try await test.database.transaction(for: tenant) { tx in try tx.notes() }
            #expect(notes.map(\.id).sorted() == [1, 2, 3])
        }
    }

    @Test func aThrowingBodyChangesNothing() async throws {
        struct Stop: Error {}
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let tenant = TestSchema.tenant()
            await #expect(throws: Stop.self) {
                try await test.database.transaction(for: tenant) { tx in
                    try tx.addNote(1, "never")
                    throw Stop()
                }
            }
            let notes = try await test.database.transaction(for: tenant) { tx in try tx.notes() }
            #expect(notes.isEmpty)
        }
    }

    @Test func anErrorThatTheBodySwallowsIsNoCommit() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let tenant = TestSchema.tenant()
            await #expect(throws: DatabaseError.self) {
                try await test.database.transaction(for: tenant) { tx in
                    try tx.addNote(1, "lost with the rest")
                    try? tx.execute("SELECT 1/0")
                }
            }
            let notes = try await test.database.transaction(for: tenant) { tx in try tx.notes() }
            #expect(notes.isEmpty)
        }
    }

    @Test func constraintsAreNamed() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let tenant = TestSchema.tenant()
            try await test.database.transaction(for: tenant) { tx in try tx.addNote(1, "one") }
            await #expect(throws: DatabaseError.constraint(name: "note_pkey", kind: .unique)) {
                try await test.database.transaction(for: tenant) { tx in try tx.addNote(1, "again") }
            }
            await #expect(throws: DatabaseError.constraint(name: "note_body_check", kind: .check)) {
                try await test.database.transaction(for: tenant) { tx in try tx.addNote(2, "forbidden") }
            }
            await #expect(throws: DatabaseError.constraint(name: "body", kind: .notNull)) {
                try await test.database.transaction(for: tenant) { tx in
                    try tx.execute("INSERT INTO note (tenant_id, id) VALUES (\(tx.scope.tenantID), 3)")
                }
            }
        }
    }

    @Test func pipelinesReturnTheRowsOfEachStatement() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let counts = try await test.database.transaction(for: TestSchema.tenant()) { tx in
                try tx.pipeline(["SELECT 1", "SELECT generate_series(1, 3)", "SELECT 1 WHERE false", "SELECT 1"])
                    .map(\.count)
            }
            #expect(counts == [1, 3, 0, 1])
        }
    }

    @Test func oneMeansOne() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let tenant = TestSchema.tenant()
            await #expect(throws: DatabaseError.notFound) {
                try await test.database.transaction(for: tenant) { tx in
                    try tx.one("SELECT id, body FROM note WHERE tenant_id = \(tx.scope.tenantID)", as: Note.self)
                }
            }
            await #expect(throws: DatabaseError.self) {
                try await test.database.transaction(for: tenant) { tx in
                    try tx.one("SELECT generate_series(1, 2), 'x'", as: (Int, String).self)
                }
            }
        }
    }

    @Test func copyGoesIntoATemporaryTable() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let awkward = ["plain", "tab\tnewline\nreturn\rbackslash\\", "\\N", "", "🙂"]
            let back = try await test.database.transaction(for: TestSchema.tenant()) { tx in
                try tx.execute("CREATE TEMPORARY TABLE staging (n bigint, body text) ON COMMIT DROP")
                try tx.copyIn(
                    "staging (n, body)",
                    rows: awkward.enumerated().map { [Int64($0.offset), $0.element] as [any SQLEncodable] }
                        + [[Int64(99), String?.none]])
                return try tx.all("SELECT body FROM staging ORDER BY n", as: (String?).self)
            }
            #expect(back == awkward + [nil])
        }
    }

    @Test func largeCopiesAndParametersPass() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let text = String(repeating: "x", count: 4_000_000)
            let (rows, length) = try await test.database.transaction(for: TestSchema.tenant()) { tx in
                try tx.execute("CREATE TEMPORARY TABLE staging (n bigint) ON COMMIT DROP")
                try tx.copyIn("staging", rows: (0..<200_000).lazy.map { [Int64($0)] })
                let rows: Int = try tx.value("SELECT count(*) FROM staging")
                let echoed: String = try tx.value("SELECT \(text)::text")
                return (rows, echoed.utf8.count)
            }
            #expect(rows == 200_000)
            #expect(length == 4_000_000)
        }
    }
}
