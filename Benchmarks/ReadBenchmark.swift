import Foundation
import Kernel
import Synchronization

/// One tenant read by API key, over one connection, next to a route that does nothing.
struct ReadBenchmark: Sendable {
    let cluster: BenchCluster

    func run(into report: inout Report) async throws {
        try await cluster.makeDatabase("reading")
        let database = cluster.database("reading")
        let world = try await BenchWorld.make(in: database, partners: 20, tenants: 50)
        await database.shutdown()
        let server = try await ServedProcess.start(cluster, "reading")
        defer { server.stop() }
        let bare = try await latencies(server.port, requests: 20_000) { _ in "GET /v1/bare HTTP/1.1\r\n" }
        let reads = try await latencies(server.port, requests: 20_000) { number in
            "GET /v1/tenants/\(world.tenants[number % 50]) HTTP/1.1\r\nAuthorization: Bearer \(world.key)\r\n"
        }
        report.add("GET of one tenant by API key, p50 / p99", "\(reads.text)")
        report.add("– a route that does nothing, p50 / p99", "\(bare.text)")
        report.add("– ratio of the p50", Report.ratio(reads.median / bare.median))
    }

    private struct Latencies {
        let median: Double
        let p99: Double

        var text: String { "\(Report.hundredth(median * 1000)) ms / \(Report.hundredth(p99 * 1000)) ms" }
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
