import Postgres
import TestSupport
import Testing

/// What protects partners from each other in the database is out of reach of the role that serves requests: for every
/// table of the schema, also those that later migrations add.
@Suite struct RoleLimitsTests {
    /// `%` stands for the table.
    private static let attacks = [
        "alter table % disable row level security", "alter table % no force row level security",
        "alter table % owner to controlplane_app", "alter table % rename to other", "alter table % add column x int",
        "alter table % disable trigger user", "drop table %", "drop table % cascade", "truncate %",
        "create policy mine on % using (true)", "create rule mine as on select to % do instead nothing",
        "create trigger mine after insert on % execute function suppress_redundant_updates_trigger()",
        "comment on table % is 'mine'", "create index on % ((1))",
    ]

    @Test func noTableCanBeOpened() async throws {
        try await withTestDatabase { test in
            let (tables, before) = try await catalogue(test)
            #expect(tables.count > 20)
            try await DirectConnection.open(test.configuration.app) { connection in
                for table in tables {
                    for attack in Self.attacks {
                        let statement = attack.split(separator: "%", omittingEmptySubsequences: false)
                            .joined(separator: table)
                        #expect(sqlstate(of: statement, connection) == "42501", "\(statement)")
                    }
                    // Without the right to grant this is only a warning; what counts is that nothing changes.
                    _ = sqlstate(of: "grant all on \(table) to public", connection)
                    _ = sqlstate(of: "revoke all on \(table) from controlplane_system", connection)
                }
            }
            let after = try await catalogue(test).state
            #expect(after == before)
        }
    }

    @Test(arguments: [
        "set role controlplane_owner", "set role controlplane_system", "set role postgres",
        "set session authorization controlplane_owner", "alter role controlplane_app bypassrls",
        "alter role controlplane_app superuser", "grant controlplane_owner to controlplane_app",
        "grant controlplane_system to controlplane_app", "create role mine", "create schema mine",
        "create table app.mine (id int)", "create table public.mine (id int)",
        "create view app.mine as select * from app.tenant", "drop schema app cascade",
        "create function app.mine() returns int language sql security definer as 'select 1'",
        "drop function app.current_organisation() cascade", "alter schema app owner to controlplane_app",
        "drop owned by controlplane_owner", "reassign owned by controlplane_owner to controlplane_app",
        "set session_replication_role = replica", "alter system set row_security = off", "create extension dblink",
        "copy app.tenant to program 'true'", "select pg_read_file('/etc/hostname')",
    ])
    func noOtherRoleCanBeReached(statement: String) async throws {
        try await withTestDatabase { test in
            let isOwnRole = statement == "set role controlplane_system"
            for role in isOwnRole ? [test.configuration.app] : [test.configuration.app, test.configuration.system] {
                let state = try await DirectConnection.open(role) { connection in sqlstate(of: statement, connection) }
                #expect(state == "42501", "\(statement)")
            }
        }
    }

    /// Switching row-level security off makes queries fail instead of showing more.
    @Test func switchingItOffShowsNothing() async throws {
        try await withTestDatabase { test in
            let state = try await DirectConnection.open(test.configuration.app) { connection in
                try connection.execute("set row_security = off")
                return sqlstate(of: "select * from app.tenant", connection)
            }
            #expect(state == "42501")
        }
    }

    /// Every table, and everything in the catalogue that decides who sees it.
    private func catalogue(_ test: TestDatabase) async throws -> (tables: [String], state: [String]) {
        try await test.asSuperuser { connection in
            let rows = try connection.rows(
                """
                select format('%I.%I', n.nspname, c.relname), concat_ws(' ', c.relname, c.relowner::regrole,
                    c.relrowsecurity, c.relforcerowsecurity, c.relacl, (
                        select string_agg(concat_ws(' ', p.polname, p.polcmd, p.polroles::regrole[],
                            pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid)), ',' order by p.polname)
                        from pg_policy p where p.polrelid = c.oid))
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname = 'app' and c.relkind in ('r', 'p') order by 1
                """
            ).map { try $0.decode(as: (String, String).self) }
            return (rows.map(\.0), rows.map(\.1))
        }
    }
}

/// How a statement ends: `done`, or the server's code.
private func sqlstate(of statement: String, _ connection: borrowing DirectConnection) -> String {
    do throws(DatabaseError) {
        try connection.execute(SQL(unsafeText: statement))
        return "done"
    } catch .statement(let state, _) {
        return state
    } catch {
        return "\(error)"
    }
}
