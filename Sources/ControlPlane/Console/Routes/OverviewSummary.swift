import Billing
import Kernel
import Rating
import Telephony
import Voice
import Web

/// The figures of the overview in the words of its page.
struct OverviewSummary: Sendable {
    let figures: OverviewFigures
    let now: Timestamp

    private var present: BillingMonth { figures.present }

    var today: String {
        let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
        let date = CalendarDate.today(at: now)
        // 1 January 1970 was a Thursday.
        let day = CivilDay.number(year: date.year, month: date.month, day: date.day)
        return "\(names[((day + 3) % 7 + 7) % 7]), \(date.day) \(date.billingMonth.display)"
    }

    /// The last month with a final invoice.
    var invoicedMonth: BillingMonth { figures.revenue.map(\.month).max() ?? present.previous }

    var stats: [Stat] {
        let closed = figures.revenue.filter { $0.month == invoicedMonth }
        let turns = figures.usage.reduce(Int64(0)) { $0 + $1.turns }
        let invoices = closed.reduce(0) { $0 + $1.invoices }
        let programs = Set(figures.contracts.map(\.contract.program)).count
        return [
            Stat(
                "Invoiced, \(invoicedMonth.display)", "€\(closed.reduce(Money.zero) { $0 + $1.net }.display)",
                note: "\(DisplayText.count(invoices, "final invoice"))",
                trend: figures.chartMonths.filter { $0 <= invoicedMonth }.map { month in
                    figures.revenue.filter { $0.month == month }.reduce(0) { $0 + $1.net.cents }
                }),
            Stat(
                "Active tenants, \(present.display)", DisplayText.count(Self.active(figures.usage)),
                note: "\(DisplayText.count(Self.active(figures.usageBefore))) in \(present.previous.display)"),
            Stat("Turns, \(present.display)", DisplayText.count(turns), note: "so far"),
            Stat(
                "Contracts", DisplayText.count(figures.contracts.count),
                note: "\(DisplayText.count(programs, "program"))"),
        ]
    }

    private static func active(_ usage: [HostUsage]) -> Int64 { usage.reduce(0) { $0 + $1.activeTenants } }

    /// The last months by program: from invoices, and what is not closed yet from its preview, drawn pale.
    var revenue: BarChart? {
        let months = figures.chartMonths + (figures.running == nil ? [] : [present])
        let series = Program.allCases.compactMap { program -> ChartSeries? in
            let values = months.map { net(of: program, in: $0).cents }
            return values.contains { $0 != 0 } ? ChartSeries(program.shortWords, values) : nil
        }
        guard !series.isEmpty else { return nil }
        // A hole before final months makes none of those provisional.
        let firstOpen = figures.openMonth.map { $0 < invoicedMonth ? min(invoicedMonth.next, present) : $0 } ?? present
        return BarChart(
            "Revenue by program", axis: "Month", unit: .cents,
            categories: months.map { month in
                BarChart.Category(
                    month.shortDisplay, name: month < firstOpen ? month.display : "\(month.display), preview")
            },
            series: series, provisionalFrom: months.firstIndex { $0 >= firstOpen })
    }

    private func net(of program: Program, in month: BillingMonth) -> Money {
        let previews =
            month == present ? figures.running ?? [] : month == figures.openMonth ? figures.open : []
        guard previews.isEmpty else {
            return previews.filter { $0.contract.program == program }.reduce(Money.zero) { $0 + $1.net }
        }
        return figures.revenue.filter { $0.month == month && $0.program == program }
            .reduce(Money.zero) { $0 + $1.net }
    }

    // MARK: What needs a person

    var attention: [AttentionItem] {
        var items = figures.open.compactMap { item(for: $0, in: figures.openMonth ?? present) }
        items += figures.minutes.map { item($0.warning, of: $0.tenant) }
        items = items.filter { $0.tone == .bad } + items.filter { $0.tone != .bad }
        let open = figures.openMonth.map { month in figures.open.map { ($0, month) } } ?? []
        var said: Set<String> = []
        for (preview, month) in open + (figures.running ?? []).map({ ($0, present) }) {
            for notice in preview.notices where said.insert("\(preview.contract.id) \(notice)").inserted {
                items.append(item(notice, of: preview, in: month))
            }
        }
        return Array(items.prefix(Self.mostItems))
    }

    /// A longer list would not be read.
    static let mostItems = 8

    private func item(_ minutes: MinuteWarning, of tenant: String) -> AttentionItem {
        let warning = minutes.warning
        let price = "\(Rate(micros: minutes.overageMicrosPerMinute))"
        return AttentionItem(
            tenant, detail: "\(warning.title): \(warning.sentence(price: price))",
            path: "/tenants/\(minutes.tenantID)/voice", tone: warning.tone, icon: .phone)
    }

    /// What a month says about the load, such as a capacity that is nearly used up.
    private func item(_ notice: String, of preview: ContractPreview, in month: BillingMonth) -> AttentionItem {
        AttentionItem(
            preview.buyer, detail: "\(month.display): \(notice)", path: "/contracts/\(preview.contract.id)",
            tone: .info, icon: .trend)
    }

    private func item(for preview: ContractPreview, in month: BillingMonth) -> AttentionItem? {
        let path = "/contracts/\(preview.contract.id)"
        switch preview.state {
        case .open where month < present.previous:
            let open = OpenMonth(contractNumber: preview.contract.number, month: month)
            return AttentionItem(
                preview.buyer, detail: "\(open.sentence).", path: "/close?month=\(month)", tone: .warn, icon: .clock)
        case .waits(let draft, let until):
            let basis = draft.missing?.rawValue.uppercased() ?? "Figure"
            return AttentionItem(
                "\(basis) not disclosed",
                detail: "\(preview.buyer), \(month.display); estimated from \(DisplayText.day(until))",
                path: path + "/disclosures/new", tone: .warn, icon: .percent)
        case .open(let draft) where draft.missing != nil:
            let basis = draft.missing?.rawValue.uppercased() ?? "Figure"
            return AttentionItem(
                "\(basis) not disclosed", detail: "\(preview.buyer), \(month.display); billed on an estimate",
                path: path + "/disclosures/new", tone: .warn, icon: .percent)
        case .parked(let reason):
            return AttentionItem(preview.buyer, detail: reason, path: path, tone: .bad, icon: .alert)
        case .open, .blocked, .final: return nil
        }
    }

    // MARK: Month-end

    var monthEnd: OverviewPage.MonthEnd {
        guard let month = figures.openMonth else {
            let next = DisplayText.minute(CloseRules.finalisation(of: present))
            let last = present.previous
            let isFinal = figures.revenue.contains { $0.month == last }
            return OverviewPage.MonthEnd(
                month: "\(last)", name: last.display,
                steps: (isFinal ? [TimelineEntry("\(last.display) is final", time: "every contract", tone: .ok)] : [])
                    + [TimelineEntry("\(present.display) can be closed", time: "from \(next)")],
                isOpen: false)
        }
        let ready = figures.open.count { if case .open = $0.state { true } else { false } }
        let final = CloseRules.finalisation(of: month)
        let deadline = CloseRules.disclosureDeadline(for: month)
        let waiting = figures.open.count { if case .waits = $0.state { true } else { false } }
        return OverviewPage.MonthEnd(
            month: "\(month)", name: month.display,
            steps: [
                TimelineEntry(
                    "\(month.display) can be closed",
                    time: "\(CloseRules.isEarly(month, now: now) ? "from" : "since") \(DisplayText.minute(final))",
                    text:
                        "\(ready) of \(DisplayText.count(figures.open.count, "contract")) \(ready == 1 ? "is" : "are") ready.",
                    tone: .brand),
                TimelineEntry(
                    "Missing figures are estimated", time: "from \(DisplayText.minute(deadline))",
                    text: waiting == 0
                        ? "Nobody is waited for."
                        : "\(DisplayText.count(waiting, "contract")) \(waiting == 1 ? "is" : "are") waited for."),
            ], isOpen: true)
    }

    // MARK: Programs

    var programs: [OverviewPage.Program] {
        Program.allCases.compactMap { program in
            let contracts = figures.contracts.filter { $0.contract.program == program }
            guard !contracts.isEmpty else { return nil }
            let usage = figures.usage.first { $0.host == program.host }
            return OverviewPage.Program(
                name: program.words, contracts: contracts.count, size: size(of: program, contracts, usage),
                turns: usage?.turns ?? 0, invoiced: net(of: program, in: invoicedMonth),
                running: figures.running.map { previews in
                    previews.filter { $0.contract.program == program }.reduce(Money.zero) { $0 + $1.net }
                })
        }
    }

    private func size(of program: Program, _ contracts: [ContractRecord], _ usage: HostUsage?) -> String {
        guard program == .deployment else { return DisplayText.count(usage?.activeTenants ?? 0, "active tenant") }
        let instances = contracts.reduce(Int64(0)) { sum, record in
            guard case .deployment(let terms) = record.version(in: present)?.terms else { return sum }
            return sum + (terms.orders ?? []).reduce(0) { $0 + $1.instances }
        }
        return DisplayText.count(instances, "instance")
    }
}

extension ContractPreview {
    /// Of the invoice or of what it would be.
    fileprivate var net: Money { record?.invoice.amounts.net ?? draft?.total.net ?? .zero }
}
