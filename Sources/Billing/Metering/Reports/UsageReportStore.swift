import Kernel
import Postgres

/// Reads of the hourly sums.
package enum UsageReportStore {
    /// One page of a report, ordered by period, organisation, tenant, meter and key source.
    static func page(
        _ filter: UsageFilter, after cursor: UsageCursor?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [UsageRow] {
        let tenant: SQL = filter.grouping == .tenant ? "tenant_id" : "null::uuid"
        // Rows compare from the left; a missing tenant is the lowest one.
        let key: SQL = "start, organisation_id, coalesce(tenant_id, \(noTenant)), meter, key_source"
        let after: SQL =
            if let cursor {
                """
                where (\(key)) > (\(cursor.start)::timestamptz, \(cursor.organisationID)::uuid, \
                coalesce(\(cursor.tenantID)::uuid, \(noTenant)), \(cursor.meter)::text, \
                coalesce(\(cursor.keySource)::text, ''))
                """
            } else {
                ""
            }
        return try tx.all(
            """
            with report as (
                select \(period(filter)) as start, organisation_id, \(tenant) as tenant_id, meter, key_source,
                    sum(quantity)::bigint as quantity, sum(events)::bigint as events,
                    coalesce(sum(quantity) filter (where late), 0)::bigint as late
                from app.usage_hour where \(conditions(filter, tx.scope)) group by 1, 2, 3, 4, 5
            )
            select start, organisation_id, tenant_id, meter, nullif(key_source, ''), quantity, events, late
            from report \(after) order by \(key) limit \(limit)
            """)
    }

    /// The points of a chart, in order: at most one per period, meter and key source.
    package static func points(
        _ filter: UsageFilter, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [UsagePoint] {
        try tx.all(
            """
            select \(period(filter)), meter, nullif(key_source, ''), sum(quantity)::bigint, sum(events)::bigint
            from app.usage_hour where \(conditions(filter, tx.scope)) group by 1, 2, 3 order by 1, 2, 3
            """, as: (Timestamp, UsageMeter, KeySource?, Int64, Int64).self
        ).map { UsagePoint(start: $0.0, meter: $0.1, keySource: $0.2, quantity: $0.3, events: $0.4) }
    }

    /// The turns of each of these tenants in a period; those without any are left out.
    package static func turns(
        of tenants: [TenantID], from: Timestamp, to: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [TenantID: Int64] {
        let rows = try tx.all(
            """
            select tenant_id, sum(quantity)::bigint from app.usage_hour
            where tenant_id = any(\(tenants)) and hour >= \(from) and hour < \(to) and meter = \(UsageMeter.turn) group by 1
            """, as: (TenantID, Int64).self)
        return Dictionary(rows) { first, _ in first }
    }

    /// Turns and active tenants of the filter by where the tenants run, which is by program.
    package static func byHost(
        _ filter: UsageFilter, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [HostUsage] {
        try tx.all(
            """
            select t.host, sum(u.quantity)::bigint, count(distinct t.tenant_id) filter (where t.kind = 'production')
            from (select tenant_id, quantity from app.usage_hour
                where \(conditions(filter, tx.scope)) and meter = \(UsageMeter.turn)) u
            join app.tenant t on t.tenant_id = u.tenant_id group by 1
            """, as: (String, Int64, Int64).self
        ).map { HostUsage(host: $0.0, turns: $0.1, activeTenants: $0.2) }
    }

    private static let noTenant: SQL = "'00000000-0000-0000-0000-000000000000'::uuid"

    private static func period(_ filter: UsageFilter) -> SQL {
        switch filter.interval {
        case .hour: "hour"
        case .day: "date_trunc('day', hour, 'Europe/Vienna')"
        case .month: "date_trunc('month', hour, 'Europe/Vienna')"
        }
    }

    private static func conditions(_ filter: UsageFilter, _ scope: ScopeNode) -> SQL {
        var conditions: [SQL] = ["hour >= \(filter.from) and hour < \(filter.to)"]
        for organisation in [scope.organisationID, filter.organisationID] {
            if let organisation { conditions.append("organisation_id = \(organisation)") }
        }
        for tenant in [scope.tenantID, filter.tenantID] {
            if let tenant { conditions.append("tenant_id = \(tenant)") }
        }
        if let meter = filter.meter { conditions.append("meter = \(meter)") }
        if let keySource = filter.keySource { conditions.append("key_source = \(keySource)") }
        return .joined(conditions, separator: " and ")
    }
}

extension UsageRow: RowDecodable {
    package init(row: Row) throws {
        (start, organisationID, tenantID, meter, keySource, quantity, events, lateQuantity) = try row.decode(
            as: (Timestamp, OrganisationID, TenantID?, UsageMeter, KeySource?, Int64, Int64, Int64).self)
    }
}
