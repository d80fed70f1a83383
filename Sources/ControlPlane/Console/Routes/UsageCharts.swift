import Billing
import Kernel
import Rating
import Web

/// Points of usage as charts.
enum UsageCharts {
    /// A bar per day of the month up to today; `nil` without a turn.
    static func turnsPerDay(_ points: [UsagePoint], month: BillingMonth, today: CalendarDate) -> BarChart? {
        guard let (categories, values) = days(points, month: month, today: today) else { return nil }
        return BarChart(
            "Turns per day", axis: "Day", unit: .count, categories: categories,
            series: [ChartSeries("Turns", values)])
    }

    /// The same as a line.
    static func turnsLine(_ points: [UsagePoint], month: BillingMonth, today: CalendarDate) -> AreaChart? {
        guard let (categories, values) = days(points, month: month, today: today) else { return nil }
        return AreaChart("Turns per day", axis: "Day", categories: categories, series: ChartSeries("Turns", values))
    }

    private static func days(
        _ points: [UsagePoint], month: BillingMonth, today: CalendarDate
    ) -> (categories: [BarChart.Category], values: [Int64])? {
        let turns = points.filter { $0.meter == .turn }
        guard !turns.isEmpty else { return nil }
        let last = month == today.billingMonth ? today.day : month.lastDay.day
        var values = [Int64](repeating: 0, count: last)
        for point in turns {
            guard let date = ViennaTime.date(at: point.start.microseconds), date.day <= last else { continue }
            values[date.day - 1] += point.quantity
        }
        let categories = values.indices.map { index in
            BarChart.Category(
                index == 0 || (index + 1).isMultiple(of: 5) ? "\(index + 1)" : "",
                name: "\(index + 1) \(month.shortDisplay)")
        }
        return (categories, values)
    }

    /// A bar per period and a colour per meter and key source; `nil` without usage. Voice, in other units, stays out
    /// where there are turns.
    static func overTime(_ points: [UsagePoint], by interval: UsageInterval) -> BarChart? {
        let turns = points.filter { $0.meter == .turn }
        let shown = turns.isEmpty ? points : turns
        let starts = Set(shown.map(\.start)).sorted()
        guard !starts.isEmpty else { return nil }
        let names = Set(shown.map(name)).sorted()
        let series = names.map { wanted in
            ChartSeries(
                wanted,
                starts.map { start in
                    shown.filter { $0.start == start && name($0) == wanted }.reduce(0) { $0 + scaled($1) }
                })
        }
        let step = max(1, starts.count / 10)
        let categories = starts.enumerated().map { index, start in
            let name = PeriodText.name(of: start, interval)
            return BarChart.Category(
                index.isMultiple(of: step) ? PeriodText.label(of: start, interval) : "", name: name)
        }
        return BarChart(
            turns.isEmpty ? "Minutes over time" : "Turns over time", axis: "Period", unit: .count,
            categories: categories, series: series)
    }

    private static func name(_ point: UsagePoint) -> String { point.keySource?.words ?? point.meter.words }

    /// Voice in whole minutes.
    private static func scaled(_ point: UsagePoint) -> Int64 {
        point.meter == .turn ? point.quantity : point.quantity / 60_000
    }
}

/// How periods of a report are called.
enum PeriodText {
    /// "18 Nov 2026, 14:00", "18 Nov 2026", "November 2026"
    static func name(of start: Timestamp, _ interval: UsageInterval) -> String {
        switch interval {
        case .hour: DisplayText.minute(start)
        case .day: DisplayText.day(start)
        case .month: BillingMonth.present(at: start).display
        }
    }

    /// The same, short: "14:00", "18", "Nov".
    static func label(of start: Timestamp, _ interval: UsageInterval) -> String {
        switch interval {
        case .hour: String(DisplayText.minute(start).suffix(5))
        case .day: String(DisplayText.day(start).prefix { $0 != " " })
        case .month: BillingMonth.present(at: start).shortDisplay
        }
    }
}
