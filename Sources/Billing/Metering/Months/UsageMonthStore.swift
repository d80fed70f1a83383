import Kernel
import Postgres
import Rating

extension UsageMeter: SQLEncodable, SQLDecodable {}

/// What the month close needs of usage. Periods are whole hours, `from ..< to`; a program is where the instance runs.
package enum UsageMonthStore {
    /// Every tenant of the organisation that used anything, ordered by tenant and meter.
    ///
    /// To close a month, move the cutoff first and read afterwards in the same transaction: then nothing can arrive on
    /// time beside what was read.
    package static func totals(
        of organisation: OrganisationID, program: Program, from: Timestamp, to: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [TenantUsage] {
        try tx.all(
            """
            select u.tenant_id, u.meter, coalesce(sum(u.quantity) filter (where not u.late), 0)::bigint,
                coalesce(sum(u.quantity) filter (where u.late), 0)::bigint
            from app.usage_hour u join app.tenant t on t.tenant_id = u.tenant_id
            where u.organisation_id = \(organisation) and u.hour >= \(from) and u.hour < \(to)
                and t.organisation_id = \(organisation) and t.host = \(program.host)
            group by 1, 2 order by 1, 2
            """, as: (TenantID, UsageMeter, Int64, Int64).self
        ).map { TenantUsage(tenantID: $0.0, meter: $0.1, onTime: $0.2, late: $0.3) }
    }

    /// The finalised months for which something arrived late, in order.
    package static func lateMonths(
        of organisation: OrganisationID, program: Program, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [BillingMonth] {
        try tx.all(
            """
            select distinct date_trunc('month', u.hour, 'Europe/Vienna')
            from app.usage_hour u join app.tenant t on t.tenant_id = u.tenant_id
            where u.organisation_id = \(organisation) and u.late
                and t.organisation_id = \(organisation) and t.host = \(program.host)
            order by 1
            """, as: (Timestamp).self
        ).compactMap { BillingMonth(containing: $0.microseconds) }
    }

    // MARK: Cutoffs

    /// Opens the cutoff of an organisation in a program; nothing is finalised yet. Ingest does the same when it comes first.
    package static func ensureCutoff(
        _ organisation: OrganisationID, program: Program, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            insert into app.usage_cutoff (organisation_id, host, finalised_before)
            values (\(organisation), \(program.host), \(UsageLimits.earliest)) on conflict do nothing
            """)
    }

    /// Usage before `moment` is late from now on; waits for batches that are being stored, and never moves back. Needs the
    /// platform's scope.
    package static func advanceCutoff(
        _ organisation: OrganisationID, program: Program, to moment: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try ensureCutoff(organisation, program: program, tx)
        try tx.execute(
            """
            update app.usage_cutoff set finalised_before = greatest(finalised_before, \(moment)::timestamptz)
            where organisation_id = \(organisation) and host = \(program.host)
            """)
    }
}
