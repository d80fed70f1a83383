import Kernel
import Postgres

/// What a batch has to know of a tenant.
struct UsageTenant: Sendable {
    let organisationID: OrganisationID
    let isPurged: Bool
    /// Events before this are late.
    let finalisedBefore: Timestamp
}

enum UsageEventStore {
    static func isDistributed(_ tx: borrowing Transaction<ScopeNode>) throws -> Bool {
        try tx.value("select exists (select from pg_extension where extname = 'citus')", as: Bool.self)
    }

    // MARK: Tenants

    /// The tenants of a batch that the scope can see. Holds their organisations' cutoffs until the commit: a month cannot
    /// be closed beside a batch that still writes into it.
    static func tenants(
        _ ids: [TenantID], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [TenantID: UsageTenant] {
        var found = try resolve(ids, tx)
        if found.contains(where: { $0.finalisedBefore == nil }) {
            try openCutoffs(ids, tx)
            found = try resolve(ids, tx)
        }
        var tenants: [TenantID: UsageTenant] = [:]
        for row in found {
            guard let cutoff = row.finalisedBefore else { throw DatabaseError.decoding("a cutoff is missing") }
            tenants[row.id] = UsageTenant(
                organisationID: row.organisationID, isPurged: row.isPurged,
                finalisedBefore: Timestamp(microseconds: cutoff))
        }
        return tenants
    }

    private struct Resolved: RowDecodable {
        let id: TenantID
        let organisationID: OrganisationID
        let isPurged: Bool
        /// `nil` while the organisation has no cutoff for this kind of host.
        let finalisedBefore: Int64?

        init(row: Row) throws {
            (id, organisationID, isPurged, finalisedBefore) = try row.decode(
                as: (TenantID, OrganisationID, Bool, Int64?).self)
        }
    }

    private static func resolve(_ ids: [TenantID], _ tx: borrowing Transaction<ScopeNode>) throws -> [Resolved] {
        try tx.all(
            """
            with t as (
                select tenant_id, organisation_id, host, state from app.tenant where tenant_id = any(\(ids)::uuid[])
            ), c as (
                select organisation_id, host, finalised_before from app.usage_cutoff
                where (organisation_id, host) in (select organisation_id, host from t) for share
            )
            select t.tenant_id, t.organisation_id, t.state = 'purged',
                (extract(epoch from c.finalised_before) * 1000000)::bigint
            from t left join c using (organisation_id, host)
            """)
    }

    /// The first usage of an organisation on a kind of host.
    private static func openCutoffs(_ ids: [TenantID], _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute(
            """
            insert into app.usage_cutoff (organisation_id, host, finalised_before)
            select distinct organisation_id, host, \(UsageLimits.earliest)::timestamptz
            from app.tenant where tenant_id = any(\(ids)::uuid[]) order by 1, 2
            on conflict do nothing
            """)
    }

    // MARK: Events

    /// Stores the events that are new and adds them to their hours, in one statement; answers the positions (from 0) of
    /// those whose key was there before. The entries are sorted by key and have no key twice.
    static func insert(
        _ entries: ArraySlice<UsageEntry>, receivedAt: Timestamp, isDistributed: Bool,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Int] {
        guard isDistributed else {
            return try insert(entries, tenant: { "(\($0.tenants)::uuid[])[x.position]" }, receivedAt, tx)
        }
        // A sharded database wants the tenant as a constant: one statement per tenant, in the same order.
        var known: [Int] = []
        var rest = entries
        while let tenant = rest.first?.event.tenantID {
            let group = rest.prefix { $0.event.tenantID == tenant }
            let positions = try insert(group, tenant: { _ in "\(tenant)::uuid" }, receivedAt, tx)
            known += positions.map { $0 + group.startIndex - entries.startIndex }
            rest = rest.dropFirst(group.count)
        }
        return known
    }

    private static func insert(
        _ entries: ArraySlice<UsageEntry>, tenant: (UsageColumns) -> SQL, _ receivedAt: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Int] {
        var columns = UsageColumns()
        for entry in entries { columns.append(entry) }
        let positions = try tx.all(statement(columns, tenant: tenant(columns), receivedAt), as: (Int).self)
        return positions.map { $0 - 1 }
    }

    /// The counts come from RETURNING, because the command tag lies on a sharded table. The hour rows are locked last and
    /// in order of their keys, so that the locks are short and cannot cross.
    private static func statement(_ columns: UsageColumns, tenant: SQL, _ receivedAt: Timestamp) -> SQL {
        """
        with event as (
            select \(tenant) as tenant_id, x.* from unnest(
                \(columns.sources)::text[], \(columns.ids)::text[], \(columns.organisations)::uuid[],
                \(columns.meters)::text[], \(columns.keySources)::text[], \(columns.quantities)::bigint[],
                \(columns.times)::bigint[], \(columns.lateness)::boolean[], \(columns.hashes)::bytea[],
                \(columns.extras)::json[]
            ) with ordinality as x (source, event_id, organisation_id, meter, key_source, quantity, occurred_at, late,
                payload_hash, data, position)
        ), stored as (
            insert into app.usage_event (tenant_id, source, event_id, organisation_id, meter, key_source, quantity,
                occurred_at, received_at, late, payload_hash, data)
            select tenant_id, source, event_id, organisation_id, meter, key_source, quantity,
                '1970-01-01 00:00:00Z'::timestamptz + occurred_at * '1 microsecond'::interval,
                \(receivedAt)::timestamptz, late, payload_hash, data
            from event
            on conflict (tenant_id, source, event_id) do nothing
            returning tenant_id, source, event_id, organisation_id, meter, key_source, quantity, occurred_at, late
        ), summed as (
            insert into app.usage_hour as h (tenant_id, meter, key_source, hour, late, organisation_id, quantity, events)
            select tenant_id, meter, key_source, date_bin('1 hour', occurred_at, '2000-01-01 00:00:00Z'), late,
                organisation_id, sum(quantity), count(*)
            from stored group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5
            on conflict (tenant_id, meter, key_source, hour, late)
            do update set quantity = h.quantity + excluded.quantity, events = h.events + excluded.events
        )
        select position from event
        where (select count(*) from stored) < \(columns.count) and not exists (
            select from stored s
            where s.tenant_id = event.tenant_id and s.source = event.source and s.event_id = event.event_id)
        """
    }

    /// The payload hashes that are stored under the keys of these entries, by their position; every key is there.
    static func storedHashes(
        _ entries: [UsageEntry], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Int: [UInt8]] {
        var columns = UsageColumns()
        for entry in entries { columns.append(entry) }
        let rows = try tx.all(
            """
            select k.position, e.payload_hash
            from unnest(\(columns.tenants)::uuid[], \(columns.sources)::text[], \(columns.ids)::text[])
                with ordinality as k (tenant_id, source, event_id, position)
            join app.usage_event e on e.tenant_id = k.tenant_id and e.source = k.source and e.event_id = k.event_id
            """, as: (Int, [UInt8]).self)
        var hashes: [Int: [UInt8]] = [:]
        for (position, hash) in rows { hashes[entries[position - 1].position] = hash }
        return hashes
    }
}
