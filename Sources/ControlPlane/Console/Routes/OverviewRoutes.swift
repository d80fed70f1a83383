import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import Voice
import Web

/// The first page after sign-in.
struct OverviewRoutes: Sendable {
    let services: ConsoleServices

    /// Above so many contracts the running month is computed on its own page only.
    private static let mostContracts = 200
    /// Months in the chart of revenue.
    private static let chartMonths = 6

    var all: [PageRoute] {
        [PageRoute(.get, "/", requires: .permission(.tenantRead), use: show).timeLimit(seconds: 60)]
    }

    @Sendable private func show(_ call: PageCall<NoInput>) async throws -> PageReply {
        let principal = call.principal
        let present = BillingMonth.present(at: call.now)
        var figures = try await services.work.read(call) { tx in
            var figures = try OverviewFigures(for: principal, present: present, chartMonths: Self.chartMonths, tx)
            if principal.holds(.voiceRead), principal.holds(.usageRead) {
                figures.minutes = try minutes(at: call.now, tx)
            }
            return figures
        }
        if principal.holds(.billingPreview), figures.contracts.count <= Self.mostContracts {
            figures.running = try await services.closing.preview(present, in: principal.scope)
            if let month = figures.openMonth {
                figures.open = try await services.closing.preview(month, in: principal.scope)
            }
        }
        let summary = OverviewSummary(figures: figures, now: call.now)
        return .page(
            OverviewPage(
                today: summary.today, stats: summary.stats, revenue: summary.revenue, attention: summary.attention,
                turns: UsageCharts.turnsLine(figures.points, month: present, today: .today(at: call.now)),
                monthEnd: summary.monthEnd, programs: summary.programs,
                invoicedMonth: summary.invoicedMonth.display, mayClose: principal.holds(.billingClose),
                mayCreateOrganisation: principal.holds(.organisationWrite)
            ).page)
    }

    /// Tenants whose minutes come to their end, by name.
    private func minutes(
        at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [(tenant: String, warning: MinuteWarning)] {
        var names = NameBook(services)
        let plans = services.voice.plans.current
        var found: [(tenant: String, warning: MinuteWarning)] = []
        for warning in try MinuteWarning.all(in: plans, at: now, limit: OverviewSummary.mostItems, tx) {
            found.append((try names.tenant(warning.tenantID, tx), warning))
        }
        return found
    }
}

/// What the overview rests on, as far as the viewer may read it.
struct OverviewFigures: Sendable {
    let present: BillingMonth
    let chartMonths: [BillingMonth]
    var contracts: [ContractRecord] = []
    var revenue: [ProgramRevenue] = []
    /// The earliest month that can be closed.
    var openMonth: BillingMonth?
    var points: [UsagePoint] = []
    var usage: [HostUsage] = []
    var usageBefore: [HostUsage] = []
    /// Previews of the running and of the open month.
    var running: [ContractPreview]?
    var open: [ContractPreview] = []
    /// Tenants whose minutes come to their end, the most urgent first.
    var minutes: [(tenant: String, warning: MinuteWarning)] = []

    init(
        for principal: Principal, present: BillingMonth, chartMonths: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        self.present = present
        self.chartMonths = (1...chartMonths).map { present.advanced(by: $0 - chartMonths - 1) }
        if principal.holds(.contractRead) {
            contracts = try ContractService.list(
                ContractFilter(), page: PageRequest(limit: Limits.pageMaximum, cursor: nil), tx
            ).items
        }
        if principal.holds(.invoiceRead) {
            revenue = try InvoiceService.revenue(since: present.advanced(by: -chartMonths), tx)
            openMonth = try InvoiceService.oldestOpenMonth(before: present, tx)
        }
        if principal.holds(.usageRead) {
            let month = UsageFilter(month: present)
            points = try UsageReportStore.points(month, tx)
            usage = try UsageReportStore.byHost(month, tx)
            usageBefore = try UsageReportStore.byHost(UsageFilter(month: present.previous), tx)
        }
    }
}
