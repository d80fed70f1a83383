import Kernel
import Postgres
import Rating
import Tenancy
import Web

/// Reads of usage, for the API and the console.
package struct UsageReports: Sendable {
    private let work: UnitOfWork

    package init(work: UnitOfWork) { self.work = work }

    /// `GET /v1/usage`.
    package func endpoints() -> [Endpoint] {
        [
            Endpoint(.get, "/v1/usage", "Read usage", tag: "Usage", requires: .permission(.usageRead), use: list)
                .described(
                    """
                    Sums per period (`interval`: hour, day or month; days and months are those of Vienna), tenant or \
                    organisation (`group_by`), meter and key source. Give `month`, or `from` and `to`; without either it \
                    is the present month. Turns are counted, voice is in milliseconds.
                    """)
        ]
    }

    /// The query of `GET /v1/usage`.
    struct ListInput: Codable, Sendable {
        var month: String?
        var from: Timestamp?
        var to: Timestamp?
        var interval: UsageInterval?
        var groupBy: UsageGrouping?
        var organisationID: OrganisationID?
        var tenantID: TenantID?
        var meter: UsageMeter?
        var keySource: KeySource?
        var limit: PageLimit?
        var cursor: String?

        func filter(now: Timestamp) throws(Problem) -> UsageFilter {
            var filter = try span(now: now)
            filter.interval = interval ?? .day
            filter.grouping = groupBy ?? .tenant
            filter.organisationID = organisationID
            filter.tenantID = tenantID
            filter.meter = meter
            filter.keySource = keySource
            try filter.check()
            return filter
        }

        private func span(now: Timestamp) throws(Problem) -> UsageFilter {
            if let month {
                guard from == nil, to == nil else { throw .invalid("month", "cannot come with 'from' or 'to'") }
                guard let month = BillingMonth(month) else {
                    throw .invalid("month", "must be a month such as 2026-10")
                }
                return UsageFilter(month: month)
            }
            guard let present = BillingMonth(containing: now.microseconds) else {
                throw .invalid("from", "is required")
            }
            let whole = UsageFilter(month: present)
            return UsageFilter(from: from ?? whole.from, to: to ?? whole.to)
        }
    }

    @Sendable private func list(_ call: Call<ListInput>) async throws -> Page<UsageRow> {
        let filter = try call.input.filter(now: call.now)
        return try await page(
            filter, PageRequest(limit: call.input.limit?.count, cursor: call.input.cursor), as: call.principal.scope)
    }

    /// One page of a report in a scope; throws a `Problem` for a foreign cursor.
    package func page(
        _ filter: UsageFilter, _ request: PageRequest, as scope: ScopeNode
    ) async throws -> Page<UsageRow> {
        let rows = try await work.read(in: scope) { tx in
            let cursor = try request.cursor.map { (text) throws(Problem) in try UsageCursor(text) }
            return try UsageReportStore.page(filter, after: cursor, limit: request.limit + 1, tx)
        }
        return Page(rows: rows, limit: request.limit) { UsageCursor($0).text }
    }

    /// The points of a chart over everything that the filter and the scope include.
    package func points(_ filter: UsageFilter, as scope: ScopeNode) async throws -> [UsagePoint] {
        try await work.read(in: scope) { tx in try UsageReportStore.points(filter, tx) }
    }
}
