import Kernel
import Postgres
import TestSupport
import Testing

/// What the database itself promises, read from its catalogue, and what the application's role cannot undo.
@Suite struct CatalogueTests {
    /// The first column of every row; empty is good.
    private func findings(_ sql: SQL) async throws -> [String] {
        try await withTestDatabase { test in
            try await test.asSuperuser { connection in
                try connection.rows(sql).map { row throws in try row.value(at: 0, as: String.self) }
            }
        }
    }

    @Test func everyScopedTableHasRowLevelSecurity() async throws {
        let bad = try await findings(
            """
            select c.relname from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
                and exists (select from pg_attribute a where a.attrelid = c.oid and not a.attisdropped
                    and a.attname in ('tenant_id', 'organisation_id'))
                and (not c.relrowsecurity or not exists (select from pg_policy p where p.polrelid = c.oid
                        and 'controlplane_app'::regrole = any(p.polroles))
                    and has_table_privilege('controlplane_app', c.oid, 'select'))
            """)
        #expect(bad == [])
    }

    /// A policy sees one of the two, so the pair is kept together by a key to the tenant; where that costs too much, by the
    /// check of every policy of the application.
    @Test func aTenantIsNamedWithItsOwnOrganisation() async throws {
        let bad = try await findings(
            """
            with t as (
                select c.oid, c.relname, array(select a.attnum from unnest(array['tenant_id', 'organisation_id']) n
                    join pg_attribute a on a.attrelid = c.oid and a.attname = n and not a.attisdropped
                    order by n desc) as pair
                from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
                    and c.oid <> 'app.tenant'::regclass
            )
            select relname from t where cardinality(pair) = 2
                and not exists (select from pg_constraint x where x.conrelid = t.oid and x.contype = 'f'
                    and x.confrelid = 'app.tenant'::regclass and x.conkey = pair and x.convalidated)
                and not (select bool_and(coalesce(regexp_replace(with_check, '\\s+', ' ', 'g') ~ format(
                        'EXISTS \\( SELECT FROM (app\\.)?tenant t WHERE \\(\\(t.tenant_id = %1$s.tenant_id\\) AND '
                        '\\(t.organisation_id = %1$s.organisation_id\\)\\)\\)', relname), false))
                    from pg_policies p where p.schemaname = 'app' and p.tablename = relname
                        and p.roles = '{controlplane_app}' and p.cmd in ('ALL', 'INSERT', 'UPDATE'))
            """)
        #expect(bad == [])
    }

    /// A policy that is evaluated per row instead of once per statement makes lists slow by orders of magnitude.
    @Test func policiesReadTheContextInASubselect() async throws {
        let bad = try await findings(
            """
            select tablename || '.' || policyname from pg_policies where schemaname = 'app'
                and roles = '{controlplane_app}'
                and regexp_replace(coalesce(qual, '') || coalesce(with_check, ''),
                    'SELECT app\\.(current_tenant|current_organisation)\\(\\) AS \\w+', '', 'g') ~ 'current_'
            """)
        #expect(bad == [])
    }

    @Test func nothingBelongsToARoleThatServes() async throws {
        let bad = try await findings(
            """
            select c.relname::text from pg_class c where c.relnamespace = 'app'::regnamespace
                and pg_get_userbyid(c.relowner) <> 'controlplane_owner'
            union all select p.proname from pg_proc p where p.pronamespace = 'app'::regnamespace
                and pg_get_userbyid(p.proowner) in ('controlplane_app', 'controlplane_system')
            union all select rolname from pg_roles where rolname like 'controlplane%'
                and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)
            union all select r from unnest(array['controlplane_app', 'controlplane_system']) r
                where has_schema_privilege(r, 'app', 'create') or has_schema_privilege(r, 'public', 'create')
                    or pg_has_role(r, 'controlplane_owner', 'member')
            union all select 'app is a member of system'
                where pg_has_role('controlplane_app', 'controlplane_system', 'member')
            """)
        #expect(bad == [])
    }

    @Test func nobodyMayTruncateAndHistoryOnlyGrows() async throws {
        let bad = try await findings(
            """
            select table_name || ': ' || grantee || ' may ' || privilege_type from information_schema.role_table_grants
            where table_schema = 'app' and grantee in ('controlplane_app', 'controlplane_system', 'PUBLIC') and (
                privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
                or table_name in ('audit_event', 'tenant_audit_event', 'tenant_transition')
                    and privilege_type in ('UPDATE', 'DELETE')
                or grantee = 'PUBLIC')
            """)
        #expect(bad == [])
    }

    /// Foreign keys and unique indexes look past row-level security: leading with the tenant keeps them inside it.
    @Test func keysOfTenantTablesLeadWithTheTenant() async throws {
        let bad = try await findings(
            """
            select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
            where c.relnamespace = 'app'::regnamespace and i.indisunique
                and obj_description(c.oid, 'pg_class') like '%dist:tenant%'
                and (select attname from pg_attribute a where a.attrelid = c.oid and a.attnum = i.indkey[0])
                    <> 'tenant_id'
            """)
        #expect(bad == [])
    }

    @Test func withoutAContextNothingIsVisible() async throws {
        try await World.with { world in
            _ = try await world.tenant(of: world.alpha, slug: "t")
            let counts = try await DirectConnection.open(world.test.configuration.app) { connection in
                try ["organisation", "instance", "tenant", "principal", "audit_event", "tenant_audit_event"].map {
                    table in
                    try connection.value(SQL(unsafeText: "select count(*) from app.\(table)"), as: Int.self)
                }
            }
            #expect(counts == [0, 0, 0, 0, 0, 0])
        }
    }

    @Test(arguments: [
        "alter table app.tenant disable row level security", "alter table app.tenant no force row level security",
        "drop policy organisation_own on app.tenant", "drop table app.tenant", "truncate app.tenant",
        "create policy all_of_it on app.tenant using (true)", "create table app.mine (id int)",
        "create function app.mine() returns int language sql as 'select 1'", "create schema mine",
        "alter function app.current_tenant() rename to other",
        "create or replace function app.current_organisation() returns uuid language sql as 'select null::uuid'",
        "grant controlplane_system to controlplane_app",
        "alter role controlplane_app bypassrls", "set role controlplane_system", "set role controlplane_owner",
        "set session authorization controlplane_owner", "select * from app.session",
        "select * from app.one_time_password", "update app.audit_event set action = 'x'",
        "delete from app.audit_event", "delete from app.tenant_audit_event", "delete from app.tenant_transition",
        "delete from app.tenant", "update app.tenant set organisation_id = gen_random_uuid()",
        "update app.instance set host = 'vendor'", "update app.organisation set kind = 'vendor'",
        "create extension pg_stat_statements", "copy app.tenant to program 'cat'",
    ])
    func theApplicationCannotUndoIt(statement: String) async throws {
        try await World.with { world in
            let denied = try await DirectConnection.open(world.test.configuration.app) { connection in
                do throws(DatabaseError) {
                    try connection.execute(SQL(unsafeText: statement))
                    return "done"
                } catch .statement(let state, _) {
                    return state
                }
            }
            #expect(denied == "42501" || denied == "0LP01" || denied == "22023", "\(statement): \(denied)")
        }
    }

    /// A row of one's own that names somebody else's tenant, or of one's own tenant that names another organisation.
    @Test func theDatabaseRefusesAStrangersTenantUnderTheOwnName() async throws {
        try await World.with { world in
            let mine = try await world.tenant(of: world.beta, slug: "mine")
            let other = try await world.tenant(of: world.alpha, slug: "t")
            let cases: [(ScopeNode, TenantID, OrganisationID)] = [
                (world.beta.admin.scope, other.id, world.beta.id),
                (.tenant(mine.id, of: world.beta.id), mine.id, world.alpha.id),
            ]
            for (scope, tenant, organisation) in cases {
                for statement in Self.pairs(tenant, organisation, at: world.clock.now) {
                    await #expect(throws: DatabaseError.self, "\(statement)") {
                        try await world.test.database.transaction(for: scope) { tx in try tx.execute(statement) }
                    }
                }
            }
            for statement in Self.pairs(mine.id, world.beta.id, at: world.clock.now) {
                try await world.test.database.transaction(for: world.beta.admin.scope) { tx in
                    try tx.execute(statement)
                }
            }
        }
    }

    private static func pairs(_ tenant: TenantID, _ organisation: OrganisationID, at now: Timestamp) -> [SQL] {
        [
            """
            insert into app.usage_event (tenant_id, source, event_id, organisation_id, meter, key_source, quantity, \
            occurred_at, received_at, late, payload_hash)
            values (\(tenant), 's', 'e', \(organisation), 'turn', 'partner', 1, \(now), \(now), false, '')
            """,
            """
            insert into app.usage_hour (tenant_id, meter, key_source, hour, late, organisation_id, quantity, events)
            values (\(tenant), 'turn', 'partner', \(now), false, \(organisation), 1, 1)
            """,
            """
            insert into app.tenant_transition (tenant_id, revision, organisation_id, occurred_at, state, kind, \
            voice_enabled, principal_id)
            values (\(tenant), 99, \(organisation), \(now), 'active', 'production', false, gen_random_uuid())
            """,
            """
            insert into app.tenant_audit_event (tenant_id, audit_event_id, organisation_id, occurred_at, \
            principal_id, principal_name, action, target)
            values (\(tenant), gen_random_uuid(), \(organisation), \(now), gen_random_uuid(), 'x', 'x', 'x')
            """,
            """
            insert into app.principal (principal_id, kind, display_name, organisation_id, tenant_id, created_at)
            values (gen_random_uuid(), 'api_key', 'x', \(organisation), \(tenant), \(now))
            """,
        ]
    }

    /// The policies hold against rows written under somebody else's name, whatever the services check.
    @Test func theDatabaseRefusesRowsOfOthers() async throws {
        try await World.with { world in
            let tenant = try await world.tenant(of: world.alpha, slug: "t")
            let now = world.clock.now
            for target in [world.alpha.id, world.vendor.id] {
                await #expect(throws: DatabaseError.self) {
                    try await world.test.database.transaction(for: world.beta.admin.scope) { tx in
                        try tx.execute(
                            """
                            insert into app.audit_event (audit_event_id, organisation_id, occurred_at, principal_id, \
                            principal_name, action, target)
                            values (gen_random_uuid(), \(target), \(now), gen_random_uuid(), 'x', 'x', 'x')
                            """)
                    }
                }
            }
            let touched = try await world.test.database.transaction(for: world.beta.admin.scope) { tx in
                try tx.rows(
                    "update app.tenant set display_name = 'x' where tenant_id = \(tenant.id) returning tenant_id"
                ).count
            }
            #expect(touched == 0)
        }
    }
}
