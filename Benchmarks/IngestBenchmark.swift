import Foundation
import Kernel
import Postgres
import Synchronization

/// Events per second over HTTP next to what `psql` reaches with the same events, both durable and deduplicated.
struct IngestBenchmark: Sendable {
    let cluster: BenchCluster
    let events: Int
    let rounds: Int
    let clients: Int

    private struct Round {
        let served: Double
        let floor: Double
        let bulk: Double
        let memory: [Int]
        /// Of the service, per 1,000 events.
        let processorMilliseconds: Double
    }

    func run(into report: inout Report) async throws {
        try await measure(tenants: 1000, wanted: 0.6, "1,000 tenants", &report)
        try await measure(tenants: 1, wanted: 0.5, "one tenant", &report)
    }

    private func measure(tenants: Int, wanted: Double, _ name: String, _ report: inout Report) async throws {
        var results: [Round] = []
        for _ in 0..<rounds { results.append(try await round(tenants: tenants)) }
        let median = results.sorted { $0.served / max($0.floor, $0.bulk) < $1.served / max($1.floor, $1.bulk) }[
            rounds / 2]
        let best = max(median.floor, median.bulk)
        report.add("Usage over HTTP, batches of 1,000, \(name)", "\(Report.rounded(median.served)) events/s")
        report.add(
            "– floor: psql COPY, a transaction per 1,000, \(clients) sessions",
            "\(Report.rounded(median.floor)) events/s")
        report.add("– floor: psql COPY, everything in one transaction", "\(Report.rounded(median.bulk)) events/s")
        report.add(
            "– ratio to the faster floor", Report.ratio(median.served / best), wanted: "≥ \(wanted)",
            holds: median.served / best >= wanted)
        report.add(
            "– processor time of the service per 1,000 events", "\(Report.tenth(median.processorMilliseconds)) ms")
        report.add(
            "– memory of the service after 10, 50 and 100 % of \(Report.rounded(Double(events))) events",
            median.memory.map { "\($0) MiB" }.joined(separator: ", "))
    }

    private func round(tenants: Int) async throws -> Round {
        let floor = try await psql(tenants: tenants, sessions: clients, perTransaction: EventBatches.size)
        let bulk = try await psql(tenants: tenants, sessions: 1, perTransaction: min(events, 1_000_000))
        let served = try await http(tenants: tenants)
        return Round(
            served: served.rate, floor: floor, bulk: bulk, memory: served.memory,
            processorMilliseconds: served.processor)
    }

    private func prepared(tenants: Int) async throws -> (Database, BenchWorld, EventBatches) {
        try await cluster.makeDatabase("ingest")
        let database = cluster.database("ingest")
        let world = try await BenchWorld.make(in: database, partners: 1, tenants: tenants)
        try await cluster.checkpoint()
        let batches = EventBatches(
            organisation: world.partners[0], tenants: world.tenants, now: TimeSource.system.now)
        return (database, world, batches)
    }

    // MARK: The service

    private func http(tenants: Int) async throws -> (rate: Double, memory: [Int], processor: Double) {
        let (database, world, batches) = try await prepared(tenants: tenants)
        let server = try await ServedProcess.start(cluster, "ingest")
        defer { server.stop() }
        let count = events / EventBatches.size
        let memory = Mutex<[Int]>([])
        let next = Atomic(0)
        let head = """
            POST /v1/usage/events HTTP/1.1\r\nAuthorization: Bearer \(world.key)\r\nContent-Type: application/json\r\n
            """
        let startProcessor = server.processorSeconds
        let start = ContinuousClock.now
        try await onThreads(clients) { _ in
            var client = try BenchClient(port: server.port)
            while true {
                let batch = next.add(1, ordering: .relaxed).oldValue
                guard batch < count else { return }
                let answer = try client.exchange(head, batches.json(batch))
                guard answer.starts(with: #"{"accepted":\#(EventBatches.size),"#.utf8) else {
                    throw BenchClient.Failure(description: String(decoding: answer.prefix(300), as: UTF8.self))
                }
                if [count / 10, count / 2, count - 1].contains(batch) {
                    memory.withLock { $0.append(server.residentMiB) }
                }
            }
        }
        let seconds = start.duration(to: .now).seconds
        let processor = (server.processorSeconds - startProcessor) * 1000 / Double(count)
        try await check(database)
        return (Double(count * EventBatches.size) / seconds, memory.withLock { $0 }, processor)
    }

    // MARK: The floor

    private func psql(tenants: Int, sessions: Int, perTransaction: Int) async throws -> Double {
        let (database, _, batches) = try await prepared(tenants: tenants)
        let count = events / EventBatches.size
        let files = (0..<sessions).map { "\(cluster.directory)/floor-\($0).sql" }
        for (session, file) in files.enumerated() {
            try write(batches, session: session, of: sessions, count: count, perTransaction: perTransaction, to: file)
        }
        let target = cluster.connectionString(.system, "ingest")
        let start = ContinuousClock.now
        try await onThreads(sessions) { session in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", files[session], target]
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw BenchClient.Failure(description: "psql failed") }
        }
        let seconds = start.duration(to: .now).seconds
        for file in files { try FileManager.default.removeItem(atPath: file) }
        try await check(database)
        return Double(count * EventBatches.size) / seconds
    }

    private func write(
        _ batches: EventBatches, session: Int, of sessions: Int, count: Int, perTransaction: Int, to file: String
    ) throws {
        let isCreated = FileManager.default.createFile(atPath: file, contents: Data(BenchStore.staging.utf8))
        guard isCreated, let handle = FileHandle(forWritingAtPath: file) else {
            throw BenchClient.Failure(description: "\(file) cannot be written")
        }
        try handle.seekToEnd()
        var rows = 0
        for batch in stride(from: session, to: count, by: sessions) {
            if rows == 0 { try handle.write(contentsOf: Data(BenchStore.copyBegin.utf8)) }
            try handle.write(contentsOf: Data(batches.rows(batch)))
            rows += EventBatches.size
            if rows >= perTransaction {
                try handle.write(contentsOf: Data(BenchStore.copyEnd.utf8))
                rows = 0
            }
        }
        if rows > 0 { try handle.write(contentsOf: Data(BenchStore.copyEnd.utf8)) }
        try handle.close()
    }

    private func check(_ database: Database) async throws {
        let (stored, sums) = try await database.transaction(
            for: ScopeNode.platform, options: TransactionOptions(deadline: .seconds(600))
        ) { tx in try BenchStore.counts(tx) }
        await database.shutdown()
        let expected = events / EventBatches.size * EventBatches.size
        guard stored == expected, sums == expected else {
            throw BenchClient.Failure(description: "\(stored) events and sums of \(sums) instead of \(expected)")
        }
    }
}

extension Duration {
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
