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

    /// As a set: `= any(…)` of a parameter compares every tenant of the organisation with every id, a tenth of the
    /// database's work for a batch of many tenants.
    private static func resolve(_ ids: [TenantID], _ tx: borrowing Transaction<ScopeNode>) throws -> [Resolved] {
        try tx.all(
            """
            with t as (
                select tenant_id, organisation_id, host, state from app.tenant
                where tenant_id in (select unnest(\(ids)::uuid[]))
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
        let columns = UsageColumns(entries)
        let rows = try tx.rows(statement(columns, tenant: tenant(columns), receivedAt))
        // The first row has the count; the others, only there when something was known, name what was stored.
        guard try rows.first?.value("count", as: Int.self) != entries.count else { return [] }
        var stored = Set<UsageKey>()
        for row in rows.dropFirst() {
            stored.insert(
                UsageKey(
                    tenantID: try row.value("tenant_id"), source: Array(try row.value("source", as: String.self).utf8),
                    id: Array(try row.value("event_id", as: String.self).utf8)))
        }
        return entries.indices.compactMap { index in
            stored.contains(UsageKey(entries[index].event)) ? nil : index - entries.startIndex
        }
    }

    /// By bytes, as the database compares.
    private struct UsageKey: Hashable {
        let tenantID: TenantID
        let source: [UInt8]
        let id: [UInt8]

        init(tenantID: TenantID, source: [UInt8], id: [UInt8]) {
            self.tenantID = tenantID
            self.source = source
            self.id = id
        }

        init(_ event: UsageEvent) {
            self.init(tenantID: event.tenantID, source: Array(event.source.utf8), id: Array(event.id.utf8))
        }
    }

    /// Rows per hour, so that connections seldom wait for each other; measured with four, half as much again.
    private static let hourSlots: SQL = "8"

    /// The counts come from RETURNING, because the command tag lies on a sharded table. The hour rows are locked last and
    /// in order of their keys, so that the locks are short and cannot cross. Columns of fixed width are taken out of their
    /// arrays by position, which is cheaper than unnesting them.
    private static func statement(_ columns: UsageColumns, tenant: SQL, _ receivedAt: Timestamp) -> SQL {
        let organisation: SQL =
            if let all = columns.organisation {
                "\(all)::uuid"
            } else {
                "(\(columns.organisations)::uuid[])[x.position]"
            }
        // Most batches have no further attributes: then nothing is sent for them.
        let hasExtras = columns.extras != nil
        let extras: SQL = columns.extras.map { ", \($0)::json[]" } ?? ""
        let extrasName: SQL = hasExtras ? ", data" : ""
        let extra: SQL = hasExtras ? "x.data" : "null::json"
        return """
            with stored as (
                insert into app.usage_event (tenant_id, source, event_id, organisation_id, meter, key_source, quantity,
                    occurred_at, received_at, late, payload_hash, data)
                select \(tenant), x.source, x.event_id, \(organisation), a.meters[a.kinds[x.position]],
                    a.key_sources[a.kinds[x.position]], a.quantities[x.position],
                    '1970-01-01 00:00:00Z'::timestamptz + a.times[x.position] * '1 microsecond'::interval,
                    a.received_at, a.lateness[x.position], x.hash, \(extra)
                from unnest(
                    \(columns.sources)::text[], \(columns.ids)::text[], \(columns.hashes)::bytea[]\(extras)
                ) with ordinality as x (source, event_id, hash\(extrasName), position),
                (
                    select \(columns.kinds)::smallint[] as kinds, \(UsageColumns.meters)::text[] as meters,
                        \(UsageColumns.keySources)::text[] as key_sources, \(columns.quantities)::bigint[] as quantities,
                        \(columns.times)::bigint[] as times, \(columns.lateness)::boolean[] as lateness,
                        \(receivedAt)::timestamptz as received_at
                ) a
                on conflict (tenant_id, source, event_id) do nothing
                returning tenant_id, source, event_id, organisation_id, meter, key_source, quantity, occurred_at, late
            ), summed as (
                insert into app.usage_hour as h
                    (tenant_id, meter, key_source, hour, late, slot, organisation_id, quantity, events)
                select tenant_id, meter, key_source, date_bin('1 hour', occurred_at, '2000-01-01 00:00:00Z') as hour,
                    late, pg_backend_pid() % \(hourSlots), organisation_id, sum(quantity), count(*)
                from stored group by tenant_id, meter, key_source, hour, late, organisation_id
                order by tenant_id, meter, key_source, hour, late
                on conflict (tenant_id, meter, key_source, hour, late, slot)
                do update set quantity = h.quantity + excluded.quantity, events = h.events + excluded.events
            )
            select (select count(*) from stored) as count, null as tenant_id, null as source, null as event_id
            union all
            select 0, tenant_id, source, event_id from stored where (select count(*) from stored) < \(columns.count)
            """
    }

    /// The payload hashes that are stored under the keys of these entries, by their position; every key is there.
    static func storedHashes(
        _ entries: [UsageEntry], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Int: [UInt8]] {
        let columns = UsageColumns(entries)
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
