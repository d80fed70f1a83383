import Postgres
import TestSupport
import Testing

/// Each fault is planted into a healthy database and has to be found.
@Suite struct SchemaGuardTests {
    @Test(
        arguments: [
            (["ALTER TABLE app.note DISABLE ROW LEVEL SECURITY"], "note: row-level security is not enabled"),
            (["ALTER TABLE app.document DISABLE ROW LEVEL SECURITY"], "document: row-level security is not enabled"),
            (["DROP POLICY organisation ON app.document"], "document: row-level security has no policy"),
            (["ALTER TABLE app.note OWNER TO controlplane_app"], "note: is owned by controlplane_app"),
            (
                ["ALTER FUNCTION app.with_tenant OWNER TO controlplane_system"],
                "with_tenant: is owned by controlplane_system"
            ),
            (
                ["GRANT CREATE ON SCHEMA app TO controlplane_app"],
                "controlplane_app: may create objects in the schema app"
            ),
            (["GRANT SELECT ON app.note TO PUBLIC"], "note: has a grant to PUBLIC"),
            (
                [
                    """
                    CREATE TABLE app.event (tenant_id uuid, at date, PRIMARY KEY (tenant_id, at))
                    PARTITION BY RANGE (at)
                    """,
                    "COMMENT ON TABLE app.event IS 'dist:tenant'",
                    "ALTER TABLE app.event ENABLE ROW LEVEL SECURITY",
                    "CREATE POLICY p ON app.event USING (false)",
                    "CREATE TABLE app.event_1 PARTITION OF app.event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
                    "GRANT SELECT ON app.event_1 TO controlplane_app",
                ], "event_1: is a partition with a grant to controlplane_app"
            ),
            (["CREATE TABLE app.plain (id bigint PRIMARY KEY)"], "plain: no dist: class in the table comment"),
            (
                ["CREATE UNIQUE INDEX note_body ON app.note (body)"],
                "note: unique, primary or exclusion index without tenant_id: note_body"
            ),
            (["ALTER TABLE app.note FORCE ROW LEVEL SECURITY"], "note: FORCE ROW LEVEL SECURITY"),
            (
                [
                    """
                    CREATE TRIGGER t BEFORE UPDATE ON app.note
                    FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
                    """
                ],
                "note: trigger t"
            ),
            (
                ["ALTER TABLE app.note ADD COLUMN n int GENERATED ALWAYS AS IDENTITY"],
                "note: int2 or int4 sequence on n"
            ),
            (
                [
                    """
                    CREATE TABLE app.child (organisation_id uuid, n bigint, id bigint PRIMARY KEY, t uuid,
                    FOREIGN KEY (t, n) REFERENCES app.note (tenant_id, id))
                    """,
                    "COMMENT ON TABLE app.child IS 'dist:local'",
                    "ALTER TABLE app.child ENABLE ROW LEVEL SECURITY",
                    "CREATE POLICY p ON app.child USING (false)",
                ], "child: foreign key child_t_n_fkey from a local table to a tenant table"
            ),
            (["DELETE FROM app.schema_migration WHERE name = '0002_notes'"], "schema: The database is older"),
            (["INSERT INTO app.schema_migration VALUES ('0009_new', 'x', now(), 0)"], "schema: The database is newer"),
            (["UPDATE app.schema_migration SET checksum = 'x'"], "schema: The migration 0001_context was changed"),
        ] as [([SQL], String)])
    func aPlantedFaultIsFound(fault: [SQL], finding: String) async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let schemaGuard = SchemaGuard(
                connectionString: test.configuration.app, migrations: TestSchema.migrations)
            #expect(try await schemaGuard.findings() == [])
            try await test.asSuperuser { connection in
                for statement in fault { try connection.execute(statement) }
            }
            let descriptions = try await schemaGuard.findings().map(\.description)
            #expect(descriptions.contains { $0.hasPrefix(finding) }, "\(descriptions)")
        }
    }

    @Test func servingAsASuperuserIsFound() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let findings = try await SchemaGuard(
                connectionString: test.superuserConnectionString, migrations: TestSchema.migrations
            ).findings()
            #expect(findings.map(\.description).contains("postgres: is a superuser"))
        }
    }

    @Test func theAppRoleCannotUndoAnyOfIt() async throws {
        let attacks: [SQL] = [
            "ALTER TABLE app.note DISABLE ROW LEVEL SECURITY", "DROP POLICY tenant ON app.note",
            "CREATE POLICY mine ON app.note USING (true)", "SET ROLE controlplane_owner",
            "SET ROLE controlplane_system",
            "SET SESSION AUTHORIZATION controlplane_owner", "CREATE TABLE app.mine (id bigint)", "TRUNCATE app.note",
            "ALTER ROLE controlplane_app BYPASSRLS", "CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'select 1'",
            "UPDATE app.schema_migration SET checksum = 'x'",
        ]
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            for attack in attacks {
                let error = await #expect(throws: DatabaseError.self, "\(attack)") {
                    try await test.database.transaction(for: TestSchema.tenant()) { tx in
                        try tx.execute(attack)
                    }
                }
                guard case .statement(sqlstate: "42501", _) = error else {
                    Issue.record("\(attack): \(String(describing: error))")
                    continue
                }
            }
        }
    }
}
