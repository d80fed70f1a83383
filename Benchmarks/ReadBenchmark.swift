import Foundation
import Kernel
import Synchronization

/// One tenant read by API key, over one connection, next to a route that does nothing.
struct ReadBenchmark: Sendable {
    static let requests = 20_000

    let cluster: BenchCluster

    func run(into report: inout Report) async throws {
        try await cluster.makeDatabase("reading")
        let database = cluster.database("reading")
        let world = try await BenchWorld.make(in: database, partners: 20, tenants: 50)
        await database.shutdown()
        let server = try await ServedProcess.start(cluster, "reading")
        defer { server.stop() }
        let bare = try await latencies(server.port, requests: Self.requests) { _ in "GET /v1/bare HTTP/1.1\r\n" }
        let reads = try await latencies(server.port, requests: Self.requests) { number in
            "GET /v1/tenants/\(world.tenants[number % 50]) HTTP/1.1\r\nAuthorization: Bearer \(world.key)\r\n"
        }
        report.begin(
            "Reading one tenant",
            """
            `GET /v1/tenants/{tenant}` with an API key, over one connection, among 20 partners with 50 tenants each:
            the key and the tenant are looked up in the database every time. Next to it a route of the same service
            that needs neither key nor database. \(Report.rounded(Double(Self.requests))) requests each, the first
            tenth not counted.
            """)
        report.add("One tenant by API key, p50", Report.milliseconds(reads.median))
        report.add("One tenant by API key, p99", Report.milliseconds(reads.p99))
        report.add("A route that does nothing, p50", Report.milliseconds(bare.median))
        report.add("A route that does nothing, p99", Report.milliseconds(bare.p99))
        report.add("Ratio of the p50", Report.ratio(reads.median / bare.median))
        report.add("Ratio of the p99", Report.ratio(reads.p99 / bare.p99))
    }

    private struct Latencies {
        let median: Double
        let p99: Double
    }

    private func latencies(
        _ port: Int, requests: Int, _ head: @escaping @Sendable (Int) -> String
    ) async throws -> Latencies {
        let times = Mutex<[Double]>([])
        try await onThreads(1) { _ in
            var client = try BenchClient(port: port)
            var own: [Double] = []
            for number in 0..<requests {
                let start = ContinuousClock.now
                _ = try client.exchange(head(number))
                own.append(start.duration(to: .now).seconds)
            }
            times.withLock { $0 = own.dropFirst(requests / 10).sorted() }
        }
        let sorted = times.withLock { $0 }
        return Latencies(median: sorted[sorted.count / 2], p99: sorted[sorted.count * 99 / 100])
    }
}
