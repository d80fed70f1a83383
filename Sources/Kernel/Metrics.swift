import Synchronization

/// The process's figures for Prometheus: counters, gauges and histograms with a bounded number of label sets. One
/// registry is made by the composition root and passed on; asking twice for one name gives the same figure.
package final class Metrics: Sendable {
    /// Label sets per figure; beyond it everything is counted under the value `other`, so that no caller can fill the
    /// memory by inventing values.
    package static let maximumSeries = 1000

    private let families = Mutex<[String: any MetricFamily]>([:])

    package init() {}

    /// A number that only grows. `name` ends in `_total`.
    package func counter(_ name: String, _ help: String, labels: [String] = []) -> Counter {
        family(name) { Counter(name: name, help: help, labels: labels) }
    }

    /// A number that goes up and down.
    package func gauge(_ name: String, _ help: String, labels: [String] = []) -> Gauge {
        family(name) { Gauge(name: name, help: help, labels: labels) }
    }

    /// Durations in seconds, in buckets. `name` ends in `_seconds`.
    package func histogram(
        _ name: String, _ help: String, labels: [String] = [], buckets: [Duration] = Histogram.defaultBuckets
    ) -> Histogram {
        family(name) { Histogram(name: name, help: help, labels: labels, buckets: buckets) }
    }

    /// The text format 0.0.4, families sorted by name.
    package func rendered() -> String {
        let sorted = families.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
        return sorted.map { $0.rendered() }.joined()
    }

    private func family<Family: MetricFamily>(_ name: String, _ make: () -> Family) -> Family {
        families.withLock { families in
            if let present = families[name] as? Family { return present }
            let new = make()
            families[name] = new
            return new
        }
    }
}

/// One named figure with all its label sets; counters, gauges and histograms are the three kinds.
private protocol MetricFamily: Sendable {
    func rendered() -> String
}

/// A number that only grows.
package final class Counter: MetricFamily {
    private let series: MetricSeries<Int64>

    fileprivate init(name: String, help: String, labels: [String]) {
        series = MetricSeries(name: name, help: help, kind: "counter", labels: labels)
    }

    /// `values` are the labels' values in the order of the labels' names.
    package func add(_ amount: Int = 1, _ values: String...) {
        series.change(values, from: 0) { $0 &+= Int64(max(0, amount)) }
    }

    /// The present number, for tests.
    package func value(_ values: String...) -> Int { Int(series.value(values) ?? 0) }

    fileprivate func rendered() -> String {
        series.rendered { name, labels, value in "\(name)\(labels("")) \(value)\n" }
    }
}

/// A number that goes up and down.
package final class Gauge: MetricFamily {
    private let series: MetricSeries<Int64>

    fileprivate init(name: String, help: String, labels: [String]) {
        series = MetricSeries(name: name, help: help, kind: "gauge", labels: labels)
    }

    /// The number is now this.
    /// Replaces the present number; `values` as for `Counter.add`.
    package func set(_ value: Int, _ values: String...) { series.change(values, from: 0) { $0 = Int64(value) } }

    /// Raises or lowers the number.
    package func add(_ amount: Int, _ values: String...) { series.change(values, from: 0) { $0 &+= Int64(amount) } }

    /// The present number, for tests.
    package func value(_ values: String...) -> Int { Int(series.value(values) ?? 0) }

    fileprivate func rendered() -> String {
        series.rendered { name, labels, value in "\(name)\(labels("")) \(value)\n" }
    }
}

/// Durations in buckets, in seconds.
package final class Histogram: MetricFamily {
    fileprivate struct Distribution: Sendable {
        var counts: [Int64]
        var sum: Duration = .zero
    }

    /// From 1 ms to 60 s, close together where requests are.
    package static let defaultBuckets: [Duration] = [
        .milliseconds(1), .milliseconds(2), .milliseconds(5), .milliseconds(10), .milliseconds(25), .milliseconds(50),
        .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(5), .seconds(10),
        .seconds(30), .seconds(60),
    ]

    private let buckets: [Duration]
    private let series: MetricSeries<Distribution>

    fileprivate init(name: String, help: String, labels: [String], buckets: [Duration]) {
        self.buckets = buckets.sorted()
        series = MetricSeries(name: name, help: help, kind: "histogram", labels: labels)
    }

    /// Counts a duration into its bucket.
    /// Adds one duration to its bucket; `values` as for `Counter.add`.
    package func observe(_ duration: Duration, _ values: String...) {
        let index = buckets.firstIndex { duration <= $0 } ?? buckets.count
        let empty = Distribution(counts: Array(repeating: 0, count: buckets.count + 1))
        series.change(values, from: empty) { distribution in
            distribution.counts[index] &+= 1
            distribution.sum += duration
        }
    }

    /// How many observations there were, for tests.
    package func count(_ values: String...) -> Int { Int(series.value(values)?.counts.reduce(0, +) ?? 0) }

    fileprivate func rendered() -> String {
        series.rendered { name, labels, distribution in
            var text = ""
            var total: Int64 = 0
            for (count, bound) in zip(distribution.counts, buckets) {
                total += count
                text += "\(name)_bucket\(labels("le=\"\(bound.metricSeconds)\"")) \(total)\n"
            }
            total += distribution.counts.last ?? 0
            text += "\(name)_bucket\(labels("le=\"+Inf\"")) \(total)\n"
            text += "\(name)_sum\(labels("")) \(distribution.sum.metricSeconds)\n"
            return text + "\(name)_count\(labels("")) \(total)\n"
        }
    }
}

extension Duration {
    /// Seconds as a decimal number with up to six digits of fraction.
    fileprivate var metricSeconds: String {
        let (seconds, attoseconds) = components
        let micro = attoseconds / 1_000_000_000_000
        guard micro != 0 else { return String(seconds) }
        let digits = String(micro)
        var fraction = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(seconds).\(fraction)"
    }
}

/// The values of one figure by their labels.
private struct MetricSeries<Value: Sendable>: ~Copyable, Sendable {
    let name: String
    let help: String
    let kind: String
    let labels: [String]
    private let values = Mutex<[[String]: Value]>([:])

    init(name: String, help: String, kind: String, labels: [String]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
    }

    func change(_ key: [String], from start: Value, _ change: @Sendable (inout Value) -> Void) {
        values.withLock { values in
            var key = key
            if values[key] == nil, values.count >= Metrics.maximumSeries { key = key.map { _ in "other" } }
            change(&values[key, default: start])
        }
    }

    func value(_ key: [String]) -> Value? { values.withLock { $0[key] } }

    func rendered(_ line: (String, (String) -> String, Value) -> String) -> String {
        let sorted = values.withLock { $0.sorted { $0.key.lexicographicallyPrecedes($1.key) } }
        var text = "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
        for (key, value) in sorted { text += line(name, { labelText(key, $0) }, value) }
        return text
    }

    private func labelText(_ key: [String], _ extra: String) -> String {
        var parts = zip(labels, key).map { "\($0)=\"\(Self.escape($1))\"" }
        if !extra.isEmpty { parts.append(extra) }
        return parts.isEmpty ? "" : "{\(parts.joined(separator: ","))}"
    }

    private static func escape(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }
}
