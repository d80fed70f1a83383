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
        let served: Served
        let floor: Double
        let bulk: Double

        var ratio: Double { served.rate / max(floor, bulk) }
    }

    private struct Served {
        let rate: Double
        /// Of the service, per 1,000 events.
        let processorMilliseconds: Double
        /// MiB resident at the parts of the run that were asked for.
        let memory: [Int]
        let peakMemory: Int
    }

    func run(into report: inout Report) async throws {
        report.begin(
            "Usage events over HTTP",
            """
            \(clients) clients over loopback post JSON batches of 1,000 new turn events with random ids to the real
            service, with an API key of the partner. A batch is checked, deduplicated by (tenant, source, id) and
            added to its hourly sums in one transaction; its answer comes after the commit. At the end the stored
            events and the sums are counted.

            The floor is `psql` with the same events, the same tables, indexes and constraints: COPY into a
            temporary staging table, then the same deduplicating insert and the same upsert of the sums, without
            HTTP, JSON, checks of the tenant, hashing and row-level security. It is measured twice: like the service
            in transactions of 1,000 in \(clients) sessions, and all at once in one session (one sort, one commit),
            which no service that answers per batch can do. The wanted ratio is held against the faster of the two.
            Every run has a fresh database; \(rounds) rounds of \(Report.rounded(Double(events))) events, floor and
            service in turn; the round with the median ratio is shown.
            """)
        try await measure(tenants: 1000, wanted: 0.6, "1,000 tenants", &report)
        try await measure(tenants: 1, wanted: 0.5, "one tenant", &report)
    }

    private func measure(tenants: Int, wanted: Double, _ name: String, _ report: inout Report) async throws {
        var results: [Round] = []
        for _ in 0..<rounds { results.append(try await round(tenants: tenants)) }
        results.sort { $0.ratio < $1.ratio }
        let median = results[rounds / 2]
        report.add("\(name): service", "\(Report.rounded(median.served.rate)) events/s")
        report.add(
            "\(name): floor, 1,000 per transaction, \(clients) sessions", "\(Report.rounded(median.floor)) events/s")
        report.add("\(name): floor, all in one transaction", "\(Report.rounded(median.bulk)) events/s")
        report.add(
            "\(name): ratio to the faster floor", Report.ratio(median.ratio), wanted: "≥ \(wanted)",
            holds: median.ratio >= wanted)
        let below = results.count { $0.ratio < wanted }
        report.add(
            "\(name): the same in all rounds", results.map { Report.ratio($0.ratio) }.joined(separator: ", "),
            wanted: below == 0 ? "" : "\(below) of \(rounds) below")
        report.add(
            "\(name): ratio to the floor in transactions of 1,000", Report.ratio(median.served.rate / median.floor))
        report.add(
            "\(name): processor time of the service per 1,000 events",
            "\(Report.tenth(median.served.processorMilliseconds)) ms")
    }

    /// One long run with 1,000 tenants and nothing but the memory of the service in view.
    func runMemory(into report: inout Report) async throws {
        let percents = [1, 10, 25, 50, 75, 100]
        let served = try await http(tenants: 1000, samplingAt: percents)
        report.begin(
            "Memory of the service over a long run",
            """
            The same for \(Report.rounded(Double(events))) events of 1,000 tenants without a pause; resident memory
            of the service, seen from outside.
            """)
        for (percent, memory) in zip(percents, served.memory) {
            report.add("After \(Report.rounded(Double(events * percent / 100))) events", "\(memory) MiB")
        }
        let isFlat = (served.memory.last ?? 0) <= (served.memory.first ?? 0) * 5 / 4
        report.add("Highest at any time", "\(served.peakMemory) MiB", wanted: "flat", holds: isFlat)
        report.add("Over the whole run", "\(Report.rounded(served.rate)) events/s")
    }

    private func round(tenants: Int) async throws -> Round {
        let floor = try await psql(tenants: tenants, sessions: clients, perTransaction: EventBatches.size)
        let bulk = try await psql(tenants: tenants, sessions: 1, perTransaction: min(events, 1_000_000))
        let served = try await http(tenants: tenants)
        return Round(served: served, floor: floor, bulk: bulk)
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

    private func http(tenants: Int, samplingAt percents: [Int] = []) async throws -> Served {
        let (database, world, batches) = try await prepared(tenants: tenants)
        let server = try await ServedProcess.start(cluster, "ingest")
        defer { server.stop() }
        let count = events / EventBatches.size
        let memory = Mutex<[Int]>([])
        let samples = Set(percents.map { max(1, count * $0 / 100) - 1 })
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
                if samples.contains(batch) { memory.withLock { $0.append(server.residentMiB) } }
            }
        }
        let seconds = start.duration(to: .now).seconds
        let processor = (server.processorSeconds - startProcessor) * 1000 / Double(count)
        let peak = server.peakMiB
        try await check(database)
        return Served(
            rate: Double(count * EventBatches.size) / seconds, processorMilliseconds: processor,
            memory: memory.withLock { $0 }, peakMemory: peak)
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
