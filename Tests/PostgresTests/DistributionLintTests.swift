import Foundation
import Postgres
import TestSupport
import Testing

/// What a sharded database would refuse or punish later. `SchemaGuard` has every rule, because serve refuses by it; where
/// the lint of the design lies beside the repository, it has to say the same of every fault.
@Suite struct DistributionLintTests {
    /// A fault, the table that it is in, and how guard and lint begin to name it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let statements: [SQL]
        let table: String
        let finding: String
        let lint: String
        let testDescription: String

        init(_ table: String, _ finding: String, lint: String? = nil, _ statements: SQL...) {
            (self.table, self.finding, self.lint) = (table, finding, lint ?? finding)
            self.statements = statements
            testDescription = "\(table): \(finding)"
        }
    }

    private static let fenced: [SQL] = [
        "ALTER TABLE app.child ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON app.child USING (false)",
    ]
    private static let isTenants: SQL = "COMMENT ON TABLE app.child IS 'dist:tenant'"

    static let faults = [
        Fault("document", "no dist: class in the table comment", "COMMENT ON TABLE app.document IS 'documents'"),
        Fault("child", "tenant table without tenant_id", "CREATE TABLE app.child (id bigint PRIMARY KEY)", isTenants),
        Fault(
            "child", "tenant_id is text, want uuid",
            "CREATE TABLE app.child (tenant_id text, id bigint, PRIMARY KEY (tenant_id, id))", isTenants),
        Fault("note", "no primary key", "ALTER TABLE app.note DROP CONSTRAINT note_pkey"),
        Fault(
            "note", "unique, primary or exclusion index without tenant_id", lint: "unique/PK/exclude index",
            "CREATE UNIQUE INDEX u ON app.note (id)"),
        Fault(
            "note", "unique, primary or exclusion index without tenant_id", lint: "unique/PK/exclude index",
            "ALTER TABLE app.note ADD EXCLUDE USING btree (id WITH =)"),
        Fault(
            "note", "foreign key o: the parent is of class \"local\"", lint: "FK o: parent is class \"local\"",
            "ALTER TABLE app.note ADD o uuid",
            """
            ALTER TABLE app.note ADD CONSTRAINT o FOREIGN KEY (o, id) REFERENCES app.document (organisation_id, id)
            """),
        Fault(
            "child", "foreign key k: tenant_id is not at the same place on both sides",
            lint: "FK k: tenant_id is not at the same place",
            """
            CREATE TABLE app.child (tenant_id uuid, id bigint, t uuid, PRIMARY KEY (tenant_id, id),
            CONSTRAINT k FOREIGN KEY (t, id) REFERENCES app.note (tenant_id, id))
            """, isTenants),
        Fault(
            "child", "foreign key k from a local table to a tenant table", lint: "FK k from a local table",
            """
            CREATE TABLE app.child (t uuid, id bigint PRIMARY KEY,
            CONSTRAINT k FOREIGN KEY (t, id) REFERENCES app.note (tenant_id, id))
            """, "COMMENT ON TABLE app.child IS 'dist:local'"),
        Fault(
            "child", "foreign key k from a reference table to a tenant table", lint: "FK k from a reference table",
            """
            CREATE TABLE app.child (t uuid, id bigint PRIMARY KEY,
            CONSTRAINT k FOREIGN KEY (t, id) REFERENCES app.note (tenant_id, id))
            """, "COMMENT ON TABLE app.child IS 'dist:reference'"),
        Fault(
            "child", "foreign key k sets columns to NULL or a default", lint: "FK k ON DELETE/UPDATE SET NULL",
            """
            CREATE TABLE app.child (tenant_id uuid, id bigint, n bigint, PRIMARY KEY (tenant_id, id),
            CONSTRAINT k FOREIGN KEY (tenant_id, n) REFERENCES app.note (tenant_id, id) ON DELETE SET NULL)
            """, isTenants),
        Fault(
            "note", "trigger t",
            """
            CREATE TRIGGER t BEFORE UPDATE ON app.note
            FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
            """),
        Fault("note", "UNLOGGED", "ALTER TABLE app.note SET UNLOGGED"),
        Fault(
            "note", "row-level security is not enabled", lint: "RLS not enabled",
            "ALTER TABLE app.note DISABLE ROW LEVEL SECURITY"),
        Fault(
            "note", "FORCE ROW LEVEL SECURITY", lint: "FORCE RLS", "ALTER TABLE app.note FORCE ROW LEVEL SECURITY"),
        Fault(
            "note", "is owned by controlplane_app", lint: "owner is a role",
            "ALTER TABLE app.note OWNER TO controlplane_app"),
        Fault(
            "note", "int2 or int4 sequence on n", lint: "int2/int4 sequence",
            "ALTER TABLE app.note ADD COLUMN n int GENERATED ALWAYS AS IDENTITY"),
        Fault(
            "note", "int2 or int4 sequence on n", lint: "int2/int4 sequence", "CREATE SEQUENCE app.s AS smallint",
            "ALTER TABLE app.note ADD COLUMN n smallint DEFAULT nextval('app.s')"),
        Fault(
            "part", "row-level security is not enabled", lint: "RLS not enabled",
            "CREATE TABLE app.child (tenant_id uuid, at date, PRIMARY KEY (tenant_id, at)) PARTITION BY RANGE (at)",
            isTenants,
            "CREATE TABLE app.part PARTITION OF app.child FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
            "COMMENT ON TABLE app.part IS 'dist:tenant'"),
    ]

    @Test(arguments: faults)
    func everyRuleRefuses(fault: Fault) async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            #expect(try await findings(test) == [])
            #expect(try await lint(test) == [])
            try await test.asSuperuser { connection in
                for statement in fault.statements { try connection.execute(statement) }
                let hasChild = try connection.value("SELECT to_regclass('app.child') IS NOT NULL", as: Bool.self)
                for statement in hasChild ? Self.fenced : [] { try connection.execute(statement) }
            }
            let found = try await findings(test)
            #expect(found.contains { $0.hasPrefix("\(fault.table): \(fault.finding)") }, "\(found)")
            guard Self.lintText != nil else { return }
            let linted = try await lint(test)
            #expect(linted.contains { $0.hasPrefix("\(fault.table): \(fault.lint)") }, "\(linted)")
            // Whatever the lint has to say of it, the guard refuses the same tables.
            let tables = Set(found.map { $0.prefix { $0 != ":" } })
            #expect(linted.allSatisfy { tables.contains($0.prefix { $0 != ":" }) }, "\(linted) against \(found)")
        }
    }

    /// The product's own schema, by both.
    @Test func theProductsSchemaCanBeDistributed() async throws {
        try await withTestDatabase { test in
            let problems = try await lint(test)
            #expect(problems == [])
        }
    }

    private func findings(_ test: TestDatabase) async throws -> [String] {
        try await SchemaGuard(connectionString: test.configuration.app, migrations: TestSchema.migrations).findings()
            .map(\.description)
    }

    /// What the lint says, as "table: problem"; nothing where it is not there.
    private func lint(_ test: TestDatabase) async throws -> [String] {
        guard let text = Self.lintText else { return [] }
        return try await test.asSuperuser { connection in
            try connection.rows(SQL(unsafeText: text)).map { row throws in
                let (table, problem) = try row.decode(as: (String, String).self)
                return "\(table): \(problem)"
            }
        }
    }

    private static let lintText: String? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.deletingLastPathComponent().appending(path: "shared/tools/citus_lint.sql")
        return try? String(contentsOf: file, encoding: .utf8)
            .replacing(":'s'", with: "'app'").replacing(":'app'", with: "'controlplane_app'")
            .replacing(/;\s*$/, with: "")
    }()
}
