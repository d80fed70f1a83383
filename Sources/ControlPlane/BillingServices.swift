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
            database: work.database, time: work.time, isDistributed: isDistributed,
            observe: Self.ingestFigures(metrics))
        importer = UsageImporter(
            usage: usage, database: work.database, time: work.time, concurrency: min(4, connections))
        reports = UsageReports(work: work)
        monthClose = MonthCloseService(work)
    }

    var endpoints: [Endpoint] { usage.endpoints() + reports.endpoints() + billingEndpoints(work) }

    /// The price book that this version ships, unless it is published already.
    func publishPriceBook() async throws { try await PriceBookService.publishShipped(work) }

    private static func ingestFigures(_ metrics: Metrics) -> @Sendable (UsageCounts, Duration) -> Void {
        let events = metrics.counter(
            "controlplane_usage_events_total", "Usage events by what became of them.", labels: ["status"])
        let seconds = metrics.histogram(
            "controlplane_usage_batch_seconds", "How long a batch of usage events took to be stored.")
        return { counts, duration in
            events.add(counts.accepted, "accepted")
            events.add(counts.duplicate, "duplicate")
            events.add(counts.conflict, "conflict")
            events.add(counts.rejected, "rejected")
            seconds.observe(duration)
        }
    }
}
