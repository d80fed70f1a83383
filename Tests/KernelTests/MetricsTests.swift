import Kernel
import Testing

@Suite struct MetricsTests {
    @Test func rendersThePrometheusTextFormat() {
        let metrics = Metrics()
        metrics.counter("events_total", "Events taken.", labels: ["meter", "key"]).add(3, "turn", "own \"key\"\n")
        metrics.gauge("connections", "Open connections.").set(7)
        let times = metrics.histogram(
            "wait_seconds", "Waiting.", labels: ["pool"], buckets: [.milliseconds(5), .seconds(1)])
        times.observe(.milliseconds(2), "app")
        times.observe(.milliseconds(250), "app")
        times.observe(.seconds(2), "app")
        #expect(
            metrics.rendered() == """
                # HELP connections Open connections.
                # TYPE connections gauge
                connections 7
                # HELP events_total Events taken.
                # TYPE events_total counter
                events_total{meter="turn",key="own \\"key\\"\\n"} 3
                # HELP wait_seconds Waiting.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{pool="app",le="0.005"} 1
                wait_seconds_bucket{pool="app",le="1"} 2
                wait_seconds_bucket{pool="app",le="+Inf"} 3
                wait_seconds_sum{pool="app"} 2.252
                wait_seconds_count{pool="app"} 3

                """)
    }

    @Test func oneNameIsOneFigure() {
        let metrics = Metrics()
        metrics.counter("a_total", "A.").add()
        metrics.counter("a_total", "A.").add(2)
        #expect(metrics.counter("a_total", "A.").value() == 3)
    }

    @Test func labelSetsAreBounded() {
        let counter = Metrics().counter("a_total", "A.", labels: ["route"])
        for number in 0..<(Metrics.maximumSeries + 50) { counter.add(1, "\(number)") }
        #expect(counter.value("0") == 1)
        #expect(counter.value("\(Metrics.maximumSeries + 1)") == 0)
        #expect(counter.value("other") == 50)
    }

    @Test func countsFromManyTasks() async {
        let counter = Metrics().counter("a_total", "A.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { counter.add() } } }
        }
        #expect(counter.value() == 8000)
    }
}
