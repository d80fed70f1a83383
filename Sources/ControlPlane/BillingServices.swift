import Billing
import Kernel
import Postgres
import Tenancy
import Web

/// Billing's services, put together once.
struct BillingServices: Sendable {
    let work: UnitOfWork
    let usage: UsageService
    let importer: UsageImporter
    let reports: UsageReports
    let monthClose: MonthCloseService

    init(work: UnitOfWork, metrics: Metrics, connections: Int, isDistributed: Bool) {
        self.work = work
        usage = UsageService(
            database: work.database, time: work.time, isDistributed: isDistributed, metrics: metrics)
        importer = UsageImporter(
            usage: usage, database: work.database, time: work.time, concurrency: min(4, connections))
        reports = UsageReports(work: work)
        monthClose = MonthCloseService(work)
    }

    var endpoints: [Endpoint] { usage.endpoints() + reports.endpoints() + billingEndpoints(work) }

    /// The price book that this version ships, unless it is published already.
    func publishPriceBook() async throws { try await PriceBookService.publishShipped(work) }
}
