import Kernel
import Postgres
import Rating

extension BilledParty: RowDecodable {
    package init(row: Row) throws {
        self.init(
            organisationID: try row.value("organisation_id"), legalName: try row.value("legal_name"),
            address: try row.value("address"), country: try row.value("country"), vatID: try row.value("vat_id"),
            vatIDValid: try row.value("vat_id_valid"), billingEmail: try row.value("billing_email"),
            publicSector: try row.value("public_sector"),
            criticalInfrastructure: try row.value("critical_infrastructure"))
    }
}

/// A month that was closed for a contract, as far as a later close asks for it.
struct ClosedMonth: RowDecodable, Sendable {
    let month: BillingMonth
    let disclosureID: DisclosureID?

    init(row: Row) throws {
        (month, disclosureID) = try row.decode(as: (BillingMonth, DisclosureID?).self)
    }
}

/// SQL of everything that a contract's invoice is computed from: eight statements in one round trip, whatever the number
/// of tenants.
enum BillingInputStore {
    struct Inputs: Sendable {
        let versions: [ContractVersion]
        let buyer: BilledParty
        let tenants: [TenantTimeline]
        let disclosures: [Disclosure]
        let usage: MonthUsage
        let closed: [ClosedMonth]
        /// Months with usage that came after they were closed.
        let lateMonths: Set<BillingMonth>
        let instances: [SizedInstance]
    }

    static func load(
        _ contract: Contract, month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Inputs {
        let period = contract.period(in: month)
        let rows = try tx.pipeline([
            """
            SELECT \(ContractVersion.columns) FROM app.contract_version v WHERE v.contract_id = \(contract.id)
            ORDER BY v.version
            """,
            "SELECT \(partyColumns) FROM app.organisation WHERE organisation_id = \(contract.organisationID)",
            tenants(of: contract, until: month.endTime),
            DisclosureStore.statement(of: contract.id),
            usage(of: contract, in: period),
            """
            SELECT month, disclosure_id FROM app.invoice
            WHERE contract_id = \(contract.id) AND state <> 'draft' AND month < \(month)
            """,
            lateMonths(of: contract, before: month),
            CapacityStore.instances(of: contract),
        ])
        guard let party = rows[1].first else { throw Problem.notFound("organisation") }
        return Inputs(
            versions: try rows[0].map(ContractVersion.init(row:)), buyer: try BilledParty(row: party),
            tenants: try timelines(rows[2]), disclosures: try rows[3].map(Disclosure.init(row:)),
            usage: try usage(rows[4]), closed: try rows[5].map(ClosedMonth.init(row:)),
            lateMonths: Set(try rows[6].map { try $0.value(at: 0, as: BillingMonth.self) }),
            instances: try CapacityStore.instances(rows[7]))
    }

    // MARK: Parties

    private static let partyColumns: SQL = """
        organisation_id, legal_name, address, country, vat_id, vat_id_valid, billing_email, public_sector,
        critical_infrastructure
        """

    /// The vendor, who sells. Partners cannot see its row.
    static func seller(_ tx: borrowing Transaction<ScopeNode>) throws(DatabaseError) -> BilledParty? {
        try tx.first("SELECT \(partyColumns) FROM app.organisation WHERE kind = 'vendor'")
    }

    // MARK: Tenants

    /// Also tenants that were entered here only after the period but used something in it: their whole history.
    private static func tenants(of contract: Contract, until end: Timestamp) -> SQL {
        """
        SELECT t.tenant_id, t.display_name, t.created_at, t.state, t.kind, t.voice_enabled,
            x.occurred_at, x.state, x.kind, x.voice_enabled
        FROM app.tenant t
        LEFT JOIN app.tenant_transition x ON x.tenant_id = t.tenant_id
            AND (x.occurred_at < \(end) OR t.created_at >= \(end))
        WHERE t.organisation_id = \(contract.organisationID) AND t.host = \(contract.program.host)
            AND (t.created_at < \(end) OR EXISTS
                (SELECT FROM app.usage_hour u WHERE u.tenant_id = t.tenant_id AND u.hour < \(end)))
        ORDER BY t.tenant_id, x.revision
        """
    }

    /// Rows come grouped by tenant.
    private static func timelines(_ rows: [Row]) throws -> [TenantTimeline] {
        var names: [TenantID: String] = [:]
        var statuses: [TenantID: [TenantTimeline.Status]] = [:]
        for row in rows {
            let id = try row.value(at: 0, as: TenantID.self)
            names[id] = try row.value(at: 1, as: String.self)
            // A tenant without history has had its present status from the beginning.
            let since = try row.value(at: 6, as: Timestamp?.self)
            let first = since == nil ? 3 : 7
            statuses[id, default: []].append(
                TenantTimeline.Status(
                    since: try since ?? row.value(at: 2, as: Timestamp.self),
                    state: try row.value(at: first, as: String.self),
                    kind: try row.value(at: first + 1, as: String.self),
                    voiceEnabled: try row.value(at: first + 2, as: Bool.self)))
        }
        return names.keys.sorted().map { id in
            TenantTimeline(tenantID: id, name: names[id] ?? "", statuses: statuses[id] ?? [])
        }
    }

    // MARK: Usage

    /// Sums by tenant and meter of everything that has arrived, late or not.
    private static func usage(of contract: Contract, in period: Range<Timestamp>) -> SQL {
        """
        SELECT u.tenant_id, u.meter, sum(u.quantity)::bigint FROM app.usage_hour u
        JOIN app.tenant t ON t.tenant_id = u.tenant_id
        WHERE u.organisation_id = \(contract.organisationID) AND t.host = \(contract.program.host)
            AND u.hour >= \(period.lowerBound) AND u.hour < \(period.upperBound) AND u.meter IN ('turn', 'voice')
        GROUP BY u.tenant_id, u.meter
        """
    }

    static func usage(
        of contract: Contract, in month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> MonthUsage {
        try usage(try tx.rows(usage(of: contract, in: contract.period(in: month))))
    }

    private static func usage(_ rows: [Row]) throws -> MonthUsage {
        var usage = MonthUsage()
        for row in rows {
            let (tenant, meter, sum) = try row.decode(as: (TenantID, String, Int64).self)
            if meter == "turn" { usage.turns[tenant] = sum } else { usage.voice[tenant] = sum }
        }
        return usage
    }

    /// A time in which a tenant's calls are nobody's to pay.
    struct UnbilledSpan: Sendable {
        let tenantID: TenantID
        let time: Range<Timestamp>
    }

    /// Voice call by call: each rounded up to full steps once, with those of unbilled times left out. What our own sources
    /// count of one call are events `<call>` and `<call>.<part>`. Where a call goes on into another month, a step belongs
    /// to the month in which it begins, as a millisecond does.
    static func voiceByCall(
        of contract: Contract, in month: BillingMonth, step: Int64, without unbilled: [UnbilledSpan],
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [TenantID: Int64] {
        let period = contract.period(in: month)
        let sums = try tx.all(
            """
            SELECT c.tenant_id, sum((c.earlier + c.here + \(step) - 1) / \(step) * \(step)
                - (c.earlier + \(step) - 1) / \(step) * \(step))::bigint
            FROM (
                SELECT g.tenant_id, g.here, CASE WHEN g.own AND g.began = \(month.startTime) THEN (
                    SELECT coalesce(sum(b.quantity), 0)::bigint FROM app.usage_event b
                    WHERE b.tenant_id = g.tenant_id AND b.source = g.source AND b.meter = 'voice'
                        AND b.event_id >= g.call AND b.event_id < g.call || '/' AND b.occurred_at < g.began
                ) ELSE 0 END AS earlier
                FROM (
                    SELECT e.tenant_id, e.source, x.own, x.call, sum(e.quantity)::bigint AS here,
                        min(e.occurred_at) AS began
                    FROM app.usage_event e
                    JOIN app.tenant t ON t.tenant_id = e.tenant_id
                    CROSS JOIN LATERAL (SELECT starts_with(e.source, \(UsageLimits.ownSources)) AS own, CASE
                        WHEN starts_with(e.source, \(UsageLimits.ownSources)) THEN split_part(e.event_id, '.', 1)
                        ELSE e.event_id END COLLATE "C" AS call) x
                    WHERE e.organisation_id = \(contract.organisationID) AND t.host = \(contract.program.host)
                        AND e.meter = 'voice' AND e.occurred_at >= \(period.lowerBound)
                        AND e.occurred_at < \(period.upperBound) AND NOT EXISTS (
                            SELECT FROM unnest(\(unbilled.map(\.tenantID))::uuid[],
                                \(unbilled.map(\.time.lowerBound))::timestamptz[],
                                \(unbilled.map(\.time.upperBound))::timestamptz[]) AS f (tenant_id, since, until)
                            WHERE f.tenant_id = e.tenant_id AND e.occurred_at >= f.since AND e.occurred_at < f.until)
                    GROUP BY 1, 2, 3, 4
                ) g
            ) c
            GROUP BY c.tenant_id
            """, as: (TenantID, Int64).self)
        return Dictionary(uniqueKeysWithValues: sums)
    }

    /// What the calls that nodes reported have left in a tenant's month, and whether somebody else reported calls too.
    static func voice(
        of tenant: TenantID, in month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> (own: Int64, hasOthers: Bool) {
        let sums = try tx.first(
            """
            SELECT coalesce(sum(quantity) FILTER (WHERE starts_with(source, \(UsageLimits.ownSources))), 0)::bigint,
                coalesce(bool_or(NOT starts_with(source, \(UsageLimits.ownSources))), false)
            FROM app.usage_event WHERE tenant_id = \(tenant) AND meter = 'voice'
                AND occurred_at >= \(month.startTime) AND occurred_at < \(month.endTime)
            """, as: (Int64, Bool).self)
        return (sums?.0 ?? 0, sums?.1 ?? false)
    }

    private static func lateMonths(of contract: Contract, before month: BillingMonth) -> SQL {
        """
        SELECT DISTINCT date_trunc('month', u.hour AT TIME ZONE 'Europe/Vienna')::date FROM app.usage_hour u
        JOIN app.tenant t ON t.tenant_id = u.tenant_id
        WHERE u.organisation_id = \(contract.organisationID) AND t.host = \(contract.program.host) AND u.late
            AND u.hour < \(month.startTime) AND u.meter IN ('turn', 'voice')
        """
    }

    /// The last month, from an instant on, in which the contract's tenants have metered calls.
    static func lastMonthOfCalls(
        of contract: Contract, since: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> BillingMonth? {
        try tx.value(
            """
            SELECT date_trunc('month', max(u.hour) AT TIME ZONE 'Europe/Vienna')::date FROM app.usage_hour u
            JOIN app.tenant t ON t.tenant_id = u.tenant_id
            WHERE u.organisation_id = \(contract.organisationID) AND t.host = \(contract.program.host)
                AND u.meter = 'voice' AND u.hour >= \(since)
            """, as: BillingMonth?.self)
    }

    // MARK: What was billed

    /// Net sums by charge of everything that final invoices say about a period's regular month.
    static func billed(
        _ contract: ContractID, for month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [String: Money] {
        let sums = try tx.all(
            """
            SELECT l.charge, sum(l.net) FROM app.invoice_line l JOIN app.invoice i USING (invoice_id)
            WHERE l.contract_id = \(contract) AND l.period_start = \(month.firstDay) AND i.state <> 'draft'
            GROUP BY l.charge
            """, as: (String, Money).self)
        return Dictionary(uniqueKeysWithValues: sums)
    }
}
