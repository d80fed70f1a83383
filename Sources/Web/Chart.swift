/// What the values of a chart are, and so how they are written. Coordinates are whole hundredths: nothing near an amount
/// is ever a binary fraction.
package enum ChartUnit: Sendable {
    case count
    /// Whole euro cents, written as `5,475.00`.
    case cents

    /// The exact value, for the table and the bar's title.
    func text(_ value: Int64) -> String {
        guard self == .cents else { return DisplayText.count(value) }
        let cents = value.magnitude % 100
        let sign = value < 0 ? "−" : ""
        return "\(sign)\(DisplayText.count(value.magnitude / 100)).\(cents < 10 ? "0" : "")\(cents)"
    }

    /// The short value beside the axis: `750`, `2,500`, `160k`, `1.5M`.
    func axisText(_ value: Int64) -> String {
        let number = self == .cents ? value / 100 : value
        if number >= 1_000_000, number.isMultiple(of: 100_000) {
            let tenths = number / 100_000 % 10
            return "\(DisplayText.count(number / 1_000_000))\(tenths == 0 ? "" : ".\(tenths)")M"
        }
        if number >= 10_000, number.isMultiple(of: 1_000) { return "\(DisplayText.count(number / 1_000))k" }
        return DisplayText.count(number)
    }
}

/// One line or one colour of a chart.
package struct ChartSeries: Sendable {
    package let name: String
    package let values: [Int64]

    package init(_ name: String, _ values: [Int64]) {
        self.name = name
        self.values = values
    }

    /// Sum over all categories.
    package var total: Int64 { values.reduce(0, +) }
}

/// The vertical axis: from nothing to a round number above the largest value, in four or five even steps.
struct ChartScale {
    let top: Int64
    let steps: Int64

    init(maximum: Int64, unit: ChartUnit) {
        var magnitude: Int64 = unit == .cents ? 100 : 1
        let wanted = max(maximum, magnitude)
        while true {
            for factor: Int64 in [1, 2, 5] where magnitude * factor * 5 >= wanted {
                let step = magnitude * factor
                steps = max((wanted + step - 1) / step, 1)
                top = steps * step
                return
            }
            guard magnitude < 1_000_000_000_000_000 else { break }
            magnitude *= 10
        }
        steps = 1
        top = wanted
    }

    /// Labels from the top down.
    func labels(_ unit: ChartUnit) -> [String] {
        (0...steps).reversed().map { unit.axisText(top / steps * $0) }
    }

    /// The height of a value in hundredths of a percent of the plot.
    func height(_ value: Int64) -> Int64 {
        let (product, overflow) = max(value, 0).multipliedReportingOverflow(by: 10_000)
        return overflow ? max(value, 0) / (top / 10_000) : product / top
    }
}

/// Writes hundredths as a decimal number: 6726 as `67.26`.
package func hundredths(_ value: Int64) -> String {
    let fraction = value % 100
    return fraction == 0 ? "\(value / 100)" : "\(value / 100).\(fraction < 10 ? "0" : "")\(fraction)"
}

/// Bars over categories, stacked when there are several series; with a legend and the same figures as a table.
package struct BarChart: Sendable {
    /// One place on the horizontal axis.
    package struct Category: Sendable {
        /// Under the bar; may be empty where labels would touch.
        package let label: String
        /// In the table and in the bar's title: `18 Nov`.
        package let name: String

        package init(_ label: String, name: String) {
            self.label = label
            self.name = name
        }
    }

    package let title: String
    package let categories: [Category]
    package let series: [ChartSeries]
    package let unit: ChartUnit
    /// The heading of the table's first column: `Month`, `Day`.
    package let axis: String
    /// Categories from this index on are not final and drawn pale.
    package var provisionalFrom: Int?

    package init(
        _ title: String, axis: String, unit: ChartUnit, categories: [Category], series: [ChartSeries],
        provisionalFrom: Int? = nil
    ) {
        self.title = title
        self.axis = axis
        self.unit = unit
        self.categories = categories
        self.series = series
        self.provisionalFrom = provisionalFrom
    }

    /// Legend, plot and table.
    package var html: HTML {
        "\(series.count > 1 ? legend : "")\(plot)\(HTML.fold("Show as table", table.html))"
    }

    private func colour(_ index: Int) -> String { series.count == 1 ? "db" : "d\(index % 5 + 1)" }

    private var legend: HTML {
        let items: [HTML] = series.enumerated().map { index, line in
            #"<li><span class="swatch \#(colour(index))"></span>\#(line.name) \#(unit.text(line.total))</li>"#
        }
        return #"<ul class="legend">\#(items)</ul>"#
    }

    private var plot: HTML {
        let totals = categories.indices.map { column in series.reduce(0) { $0 + value($1, column) } }
        let scale = ChartScale(maximum: totals.max() ?? 0, unit: unit)
        let bars: [HTML] = categories.indices.flatMap { column -> [HTML] in
            var base: Int64 = 10_000
            return series.indices.compactMap { index in
                let height = scale.height(value(series[index], column))
                guard height > 0 else { return nil }
                base -= height
                return bar(series: index, column: column, top: base, height: height)
            }
        }
        return ChartFrame(title: title, scale: scale, unit: unit, labels: categories.map(\.label)).html(bars)
    }

    private func bar(series index: Int, column: Int, top: Int64, height: Int64) -> HTML {
        let name = series.count == 1 ? "" : "\(series[index].name) "
        let isPale = provisionalFrom.map { column >= $0 } ?? false
        return #"""
            <rect class="bar \#(colour(index))\#(" ghost", when: isPale)" x="\#(column).17" y="\#(hundredths(top))" width="0.66" \#
            height="\#(hundredths(height))"><title>\#(categories[column].name): \#(name)\#(unit.text(value(series[index], column)))</title></rect>

            """#
    }

    private func value(_ line: ChartSeries, _ column: Int) -> Int64 {
        column < line.values.count ? line.values[column] : 0
    }

    private var table: Table {
        let columns = [Table.Column(axis)] + series.map { .number($0.name) }
        let totalColumn: [Table.Column] = series.count > 1 ? [.number("Total")] : []
        let rows = categories.indices.map { column in
            let values = series.map { value($0, column) }
            return Table.Row(line(categories[column].name, values))
        }
        return Table(
            title, columns + totalColumn, rows: rows, footer: line("Total", series.map(\.total)), style: .compact)
    }

    private func line(_ name: String, _ values: [Int64]) -> [HTML] {
        let sum = series.count > 1 ? [values.reduce(0, +)] : []
        return [HTML(text: name)] + (values + sum).map { HTML(text: unit.text($0)) }
    }
}

/// Grid, labels and the stretching drawing area; every label is HTML, so text keeps its size.
struct ChartFrame {
    let title: String
    let scale: ChartScale
    let unit: ChartUnit
    let labels: [String]

    func html(_ shapes: [HTML]) -> HTML {
        let width = max(labels.count, 1)
        let lines: [HTML] = (0...scale.steps).map { step in
            let y = hundredths(10_000 - 10_000 * step / scale.steps)
            let kind = step == 0 ? "chart-base" : "chart-grid"
            return #"<line class="\#(kind)" x1="0" x2="\#(width)" y1="\#(y)" y2="\#(y)"/>"#
        }
        return #"""
            <div class="chart"><ol class="chart-y" aria-hidden="true">\#(scale.labels(unit).map { "<li>\($0)</li>" })</ol>
            <svg class="chart-plot" viewBox="0 0 \#(width) 100" preserveAspectRatio="none" role="img" \#
            aria-label="\#(title); table below">\#(lines)
            \#(shapes)</svg>
            <ol class="chart-x" aria-hidden="true">\#(labels.map { "<li>\($0)</li>" })</ol></div>

            """#
    }
}

/// A line without axes, for the shape of a development.
package struct Sparkline: Sendable {
    private let values: [Int64]

    package init(_ values: [Int64]) {
        self.values = values
    }

    /// The line as markup; decoration beside a figure.
    package var html: HTML {
        let low = values.min() ?? 0
        let range = max((values.max() ?? 0) - low, 1)
        let points = values.enumerated().map { index, value in
            "\(index),\(hundredths(2_600 - (value - low) * 2_200 / range))"
        }
        return #"""
            <svg class="spark" viewBox="0 0 \#(max(values.count - 1, 1)) 28" preserveAspectRatio="none" aria-hidden="true">\#
            <polyline class="chart-line" points="\#(points.joined(separator: " "))"/></svg>
            """#
    }
}

/// A line over categories with the area below it; the same figures as a table.
package struct AreaChart: Sendable {
    package let title: String
    package let axis: String
    package let series: ChartSeries
    package let categories: [BarChart.Category]

    package init(_ title: String, axis: String, categories: [BarChart.Category], series: ChartSeries) {
        self.title = title
        self.axis = axis
        self.categories = categories
        self.series = series
    }

    /// Plot and table.
    package var html: HTML {
        let scale = ChartScale(maximum: series.values.max() ?? 0, unit: .count)
        let points = series.values.enumerated().map { "\($0).5,\(hundredths(10_000 - scale.height($1)))" }
        let line = points.joined(separator: " ")
        let end = max(series.values.count - 1, 0)
        let shapes: [HTML] = [
            #"<polygon class="chart-area" points="0.5,100 \#(line) \#(end).5,100"/>"#,
            #"<polyline class="chart-line" points="\#(line)"/>"#,
        ]
        let rows = zip(categories, series.values).map {
            Table.Row(["\($0.name)", "\(DisplayText.count($1))"])
        }
        let table = Table(
            title, [Table.Column(axis), .number(series.name)], rows: rows,
            footer: ["Total", "\(DisplayText.count(series.total))"], style: .compact)
        let frame = ChartFrame(title: title, scale: scale, unit: .count, labels: categories.map(\.label))
        return "\(frame.html(shapes))\(HTML.fold("Show as table", table.html))"
    }
}
