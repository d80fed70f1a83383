import Kernel
import Postgres

/// Rows that measurements begin with, written in bulk.
enum BenchStore {
    /// Partners on the vendor's instance, each with the same number of active tenants.
    static func insert(
        partners: [OrganisationID], tenants: [TenantID], vendor: OrganisationID, now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let instance: InstanceID = BenchWorld.id(0, 1)
        try tx.execute(
            """
            insert into app.organisation
                (organisation_id, kind, display_name, legal_name, country, created_at, updated_at)
            select id, 'partner', 'Partner ' || n, 'Partner ' || n || ' GmbH', 'AT', \(now), \(now)
            from unnest(\(partners)::uuid[]) with ordinality as p (id, n)
            """)
        try tx.execute(
            """
            insert into app.instance
                (instance_id, organisation_id, owner_id, host, display_name, created_at, updated_at)
            values (\(instance), \(vendor), \(vendor), 'vendor', 'Shared platform', \(now), \(now))
            """)
        try tx.execute(
            """
            insert into app.tenant (tenant_id, organisation_id, instance_id, host, slug, display_name, kind, state,
                created_at, updated_at)
            select id, (\(partners)::uuid[])[1 + (n - 1) / \(tenants.count / partners.count)], \(instance), 'vendor',
                't' || n, 'Tenant ' || n, 'production', 'active', \(now), \(now)
            from unnest(\(tenants)::uuid[]) with ordinality as t (id, n)
            """)
    }

    /// Every tenant is active since `start` and has 40 hours of turns from `begin` on.
    static func insertUsage(from begin: Timestamp, at start: Timestamp, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute(
            """
            insert into app.tenant_transition (tenant_id, revision, organisation_id, occurred_at, state, kind,
                voice_enabled, principal_id)
            select tenant_id, 1, organisation_id, \(start), 'active', 'production', false, tenant_id
            from app.tenant
            """)
        try tx.execute(
            """
            insert into app.usage_hour (tenant_id, meter, key_source, hour, late, organisation_id, quantity, events)
            select tenant_id, 'turn', 'partner', \(begin)::timestamptz + n * 12 * '1 hour'::interval, false,
                organisation_id, 200, 200
            from app.tenant, generate_series(0, 39) n order by tenant_id, n
            """)
    }

    /// The floor: what `psql` is given for one transaction, with the rows between the two parts.
    static let copyBegin = "begin;\ncopy stage from stdin;\n"
    static let copyEnd = """
        \\.
        with stored as (
            insert into app.usage_event (tenant_id, source, event_id, organisation_id, meter, key_source, quantity,
                occurred_at, received_at, late, payload_hash, data)
            select tenant_id, source, event_id, organisation_id, meter, key_source, quantity, occurred_at, now(), late,
                payload_hash, data
            from stage order by tenant_id, source, event_id
            on conflict (tenant_id, source, event_id) do nothing
            returning tenant_id, organisation_id, meter, key_source, quantity, occurred_at, late
        )
        insert into app.usage_hour as h
            (tenant_id, meter, key_source, hour, late, slot, organisation_id, quantity, events)
        select tenant_id, meter, key_source, date_bin('1 hour', occurred_at, '2000-01-01 00:00:00Z') as hour, late,
            pg_backend_pid() % 8, organisation_id, sum(quantity), count(*)
        from stored group by tenant_id, meter, key_source, hour, late, organisation_id
        order by tenant_id, meter, key_source, hour, late
        on conflict (tenant_id, meter, key_source, hour, late, slot)
        do update set quantity = h.quantity + excluded.quantity, events = h.events + excluded.events;
        commit;

        """
    static let staging = """
        create temp table stage (tenant_id uuid, source text, event_id text, organisation_id uuid, meter text,
            key_source text, quantity bigint, occurred_at timestamptz, late boolean, payload_hash bytea, data json)
            on commit delete rows;

        """

    /// Events and the sum of their hours, which must be the same number.
    static func counts(_ tx: borrowing Transaction<ScopeNode>) throws -> (events: Int, sums: Int) {
        try tx.one(
            """
            select (select count(*) from app.usage_event), coalesce((select sum(events) from app.usage_hour), 0)::bigint
            """, as: (Int, Int).self)
    }
}
