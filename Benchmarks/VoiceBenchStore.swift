import Kernel
import Postgres
import Telephony
import Tenancy

/// Tenants with telephony, written in bulk.
enum VoiceBenchStore {
    /// A partner with an instance of its own and its tenants on it; each with a domain, phones `1000` and up, a carrier
    /// and a number.
    static func insert(
        _ tenants: [TenantID], users: Int, at instance: InstanceID, of partner: OrganisationID, now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        for statement in organisation(partner, instance, now) + telephony(tenants, partner, instance, now) {
            try tx.execute(statement)
        }
        try tx.execute(
            """
            insert into app.sip_user (tenant_id, sip_user_id, organisation_id, name, display_name, is_enabled, created_at,
                updated_at)
            select tenant_id, gen_random_uuid(), organisation_id, (999 + u)::text, 'Phone ' || u, true, \(now), \(now)
            from app.tenant, generate_series(1, \(users)::int) u order by tenant_id, u
            """)
        try tx.execute(
            """
            insert into app.sip_extension (tenant_id, name, organisation_id, owner_id)
            select tenant_id, name, organisation_id, sip_user_id from app.sip_user
            """)
        try tx.execute(
            """
            insert into app.sip_credential (tenant_id, sip_user_id, slot, organisation_id, digest, secret, created_at)
            select tenant_id, sip_user_id, 1, u.organisation_id, md5(name || ':' || d.domain || ':secret'), '', \(now)
            from app.sip_user u join app.sip_domain d using (tenant_id)
            """)
        try tx.execute(
            """
            insert into app.voice_plan_change (tenant_id, organisation_id, version, changed_at)
            select tenant_id, organisation_id, 1, \(now) from app.tenant
            """)
    }

    private static func organisation(
        _ partner: OrganisationID, _ instance: InstanceID, _ now: Timestamp
    ) -> [SQL] {
        [
            """
            insert into app.organisation
                (organisation_id, kind, display_name, legal_name, country, created_at, updated_at)
            values (\(partner), 'partner', 'Partner', 'Partner GmbH', 'AT', \(now), \(now))
            """,
            """
            insert into app.instance
                (instance_id, organisation_id, owner_id, host, display_name, created_at, updated_at)
            values (\(instance), \(partner), \(partner), 'licensee', 'Stack', \(now), \(now))
            """,
        ]
    }

    private static func telephony(
        _ tenants: [TenantID], _ partner: OrganisationID, _ instance: InstanceID, _ now: Timestamp
    ) -> [SQL] {
        [
            """
            insert into app.tenant (tenant_id, organisation_id, instance_id, host, slug, display_name, kind, state,
                voice_enabled, created_at, updated_at)
            select id, \(partner), \(instance), 'licensee', 't' || n, 'Tenant ' || n, 'production', 'active', true, \
                \(now), \(now)
            from unnest(\(tenants)::uuid[]) with ordinality as t (id, n)
            """,
            """
            insert into app.sip_domain (tenant_id, organisation_id, domain, country, created_at, updated_at)
            select tenant_id, organisation_id, slug || '.voice.bench', 'AT', \(now), \(now) from app.tenant
            """,
            """
            insert into app.sip_domain_name (domain, tenant_id, organisation_id)
            select domain, tenant_id, organisation_id from app.sip_domain
            """,
            """
            insert into app.voice_settings (tenant_id, organisation_id, concurrent_calls, calls_per_second,
                longest_call_seconds, sequential_calls, at_end, outage_seconds, created_at, updated_at)
            select tenant_id, organisation_id, 10000, 100, 14400, 10000, 'overage', 600, \(now), \(now) from app.tenant
            """,
            """
            insert into app.trunk (tenant_id, trunk_id, organisation_id, display_name, proxy, transport, is_enabled,
                carries_emergency, priority, weight, number_format, created_at, updated_at)
            select tenant_id, tenant_id, organisation_id, 'Carrier', 'carrier.bench', 'udp', true, false, 10, 10,
                '+e164', \(now), \(now) from app.tenant
            """,
            """
            insert into app.phone_number (tenant_id, phone_number_id, organisation_id, e164, display_name, state,
                state_since, created_at, updated_at)
            select tenant_id, tenant_id, organisation_id, '+43720' || (100000 + substr(slug, 2)::int), 'Main', \
                'assigned', \(now), \(now), \(now) from app.tenant
            """,
            """
            insert into app.active_number (e164, tenant_id, organisation_id, phone_number_id)
            select e164, tenant_id, organisation_id, phone_number_id from app.phone_number
            """,
        ]
    }

    /// Answered legs over a carrier, with a third of their first minute left.
    static func insertLeases(
        _ leases: [LeaseID], legs: [String], node: VoiceNodeID, answered: Timestamp, month: String,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            with tenant as (select *, row_number() over (order by tenant_id) - 1 as place from app.tenant)
            insert into app.usage_lease (tenant_id, lease_id, leg, month, organisation_id, call_id, node_id, direction,
                kind, risk, destination, state, granted_ms, spent_ms, began_at, answered_at, seen_at, expires_at)
            select t.tenant_id, lease, 'b', (\(month)::text || '-01')::date, t.organisation_id, 'call of ' || leg, \(node),
                'outbound', 'mobile', 'low', '436601234567', 'running', 60000, 0, \(answered), \(answered), \(answered),
                \(answered)::timestamptz + interval '1 hour'
            from unnest(\(leases)::uuid[], \(legs)::text[]) with ordinality as l (lease, leg, n)
                join tenant t on t.place = (n - 1) % (select count(*) from app.tenant)
            """)
    }

    /// Legs, receipts and usage events, and the milliseconds of each: three times the same.
    static func booked(_ tx: borrowing Transaction<ScopeNode>) throws -> (legs: Int, receipts: Int, usage: Int) {
        try tx.one(
            """
            select (select count(*) from app.call_leg), (select count(*) from app.call_receipt),
                (select count(*) from app.usage_event where meter = 'voice')
            """, as: (Int, Int, Int).self)
    }

    static func grants(_ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        try tx.value("select count(*) from app.usage_lease", as: Int.self)
    }
}
