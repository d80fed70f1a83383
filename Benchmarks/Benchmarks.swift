import ArgumentParser

/// Measures on a private PostgreSQL with `fsync` and `synchronous_commit` on, prints a table and writes it to
/// `docs/benchmarks.md`.
@main
struct Benchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmarks", abstract: "Measures ingest, rating, reads, the month close and telephony.",
        subcommands: [Measure.self, Serve.self], defaultSubcommand: Measure.self)
}

struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the benchmarks.")

    @Option(help: "Events per ingest run.")
    var events = 500_000

    @Option(help: "Events of the run that watches the memory of the service.")
    var longEvents = 10_000_000

    @Option(help: "Ingest runs, each next to its floor; the median counts.")
    var rounds = 3

    @Option(help: "Requests that are under way at once.")
    var clients = 4

    @Option(help: "Contracts of the month close, with 12 tenants each.")
    var contracts = 1000

    @Option(help: "Only these: ingest, memory, rating, read, close, voice.")
    var only: [Part] = []

    @Option(help: "Where the private PostgreSQL and its files live.")
    var directory = ".local/bench"

    @Option(help: "Where the table goes.")
    var output = "docs/benchmarks.md"

    enum Part: String, CaseIterable, ExpressibleByArgument { case ingest, memory, rating, read, close, voice }

    func run() async throws {
        let parts = only.isEmpty ? Part.allCases : only
        var report = Report()
        if parts.contains(.rating) { try RatingBenchmark().run(into: &report) }
        if parts.contains(where: { $0 != .rating }) {
            let cluster = try await BenchCluster.start(directory: directory)
            do {
                report.server = try await cluster.durableServerVersion()
                report.syncMilliseconds = try DiskProbe.medianSync(in: directory) * 1000
                let ingest = IngestBenchmark(cluster: cluster, events: events, rounds: rounds, clients: clients)
                if parts.contains(.ingest) { try await ingest.run(into: &report) }
                if parts.contains(.memory) {
                    let long = IngestBenchmark(cluster: cluster, events: longEvents, rounds: 1, clients: clients)
                    try await long.runMemory(into: &report)
                }
                if parts.contains(.read) { try await ReadBenchmark(cluster: cluster).run(into: &report) }
                if parts.contains(.close) {
                    try await CloseBenchmark(cluster: cluster, contracts: contracts).run(into: &report)
                }
                if parts.contains(.voice) {
                    try await VoiceBenchmark(cluster: cluster, rounds: rounds, clients: clients).run(into: &report)
                }
            } catch {
                try? await cluster.stop()
                throw error
            }
            try await cluster.stop()
        }
        print(report.text)
        if only.isEmpty { try report.write(to: output) }
    }
}
