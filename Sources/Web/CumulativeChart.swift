/// What was used day by day within a period, cumulated, against what is included and where it leads; the same figures as
/// a table.
package struct CumulativeChart: Sendable {
    package let title: String
    /// The table's column of the single days: `Minutes`.
    package let name: String
    /// Every day of the period.
    package let days: [BarChart.Category]
    /// What each day added, up to today.
    package let values: [Int64]
    /// A dashed line over the whole width; `nil` without one.
    package var bound: Int64?
    /// The sum at the end of the period; a dashed line leads there from the last value.
    package var forecast: Int64?

    package init(_ title: String, name: String, days: [BarChart.Category], values: [Int64]) {
        self.title = title
        self.name = name
        self.days = days
        self.values = Array(values.prefix(days.count))
    }

    private var sums: [Int64] {
        var sum: Int64 = 0
        return values.map { value in
            sum += value
            return sum
        }
    }

    /// Plot and table.
    package var html: HTML {
        let sums = sums
        let scale = ChartScale(maximum: max(sums.last ?? 0, bound ?? 0, forecast ?? 0), unit: .count)
        func y(_ value: Int64) -> String { hundredths(10_000 - scale.height(value)) }
        let line = sums.enumerated().map { "\($0).5,\(y($1))" }.joined(separator: " ")
        let end = max(sums.count - 1, 0)
        var shapes: [HTML] = [
            #"<polygon class="chart-area" points="0.5,100 \#(line) \#(end).5,100"/>"#,
            #"<polyline class="chart-line" points="\#(line)"/>"#,
        ]
        if let bound {
            shapes.append(
                #"<line class="chart-mark" x1="0" x2="\#(days.count)" y1="\#(y(bound))" y2="\#(y(bound))"/>"#)
        }
        if let forecast, let last = sums.last, sums.count < days.count {
            shapes.append(
                #"""
                <polyline class="chart-mark" fill="none" points="\#(end).5,\#(y(last)) \#(days.count - 1).5,\#(y(forecast))"/>
                """#)
        }
        let rows = zip(days, zip(values, sums)).map { day, figures in
            Table.Row([
                "\(day.name)", "\(DisplayText.count(figures.0))", "\(DisplayText.count(figures.1))",
            ])
        }
        let table = Table(
            title, [.init("Day"), .number(name), .number("Cumulated")], rows: rows, style: .compact)
        let frame = ChartFrame(title: title, scale: scale, unit: .count, labels: days.map(\.label))
        return "\(frame.html(shapes))\(HTML.fold("Show as table", table.html))"
    }
}
