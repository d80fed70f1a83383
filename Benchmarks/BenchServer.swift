import ArgumentParser
import Billing
import Foundation
import Kernel
import Logging
import Postgres
import ServiceLifecycle
import Tenancy
import Web

/// The real service in a process of its own, so that its memory can be seen: `benchmarks serve APP SYSTEM`.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serves for a measurement.", shouldDisplay: false)

    @Argument var app: String
    @Argument var system: String

    func run() async throws {
        let logger = BenchCluster.logger
        let metrics = Metrics()
        let database = Database(DatabaseConfiguration(app: app, system: system), logger: logger)
        let work = UnitOfWork(database: database, time: .system, ids: .timeOrdered)
        let rules = TenancyRules(
            checkVATID: { _, _ in .malformed("") }, programs: { _, _ in [.solution] })
        let tenancy = TenancyServices(work: work, rules: rules)
        let usage = UsageService(database: database, time: .system, metrics: metrics)
        let bare = Endpoint(.get, "/v1/bare", "Nothing", tag: "Benchmark", requires: .public) {
            (_: PublicCall<NoInput>) in NoInput()
        }
        let tenants = tenancyEndpoints(tenancy).filter { $0.tag == "Tenants" }
        var settings = ServerSettings()
        settings.port = 0
        settings.healthPort = 0
        let hooks = ServerHooks(logger: logger, metrics: metrics) { credential in
            switch credential {
            case .bearer(let key): try await tenancy.authenticator.principal(bearer: key)
            case .session(let token): try await tenancy.authenticator.principal(session: token)
            }
        }
        let site = Site(endpoints: [bare] + tenants + usage.endpoints())
        let web = try WebServices(site: site, settings: settings, hooks: hooks)
        let group = ServiceGroup(
            services: [database] + web.services, gracefulShutdownSignals: [.sigterm], logger: logger)
        async let running: Void = group.run()
        print("port=\(try await web.mainPort.value())")
        fflush(nil)
        try await running
    }
}

/// The service of a measurement, seen from outside.
struct ServedProcess: Sendable {
    let port: Int
    private let process: Process

    static func start(_ cluster: BenchCluster, _ database: String) async throws -> ServedProcess {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "serve", cluster.connectionString(.app, database), cluster.connectionString(.system, database),
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.dropFirst("port=".count).prefix { $0.isNumber }) else {
            throw BenchClient.Failure(description: "the service did not start: \(line)")
        }
        return ServedProcess(port: port, process: process)
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    /// Resident memory in MiB.
    var residentMiB: Int {
        let statm = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/statm", encoding: .utf8)) ?? ""
        let pages = statm.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * 4096 / 1_048_576
    }

    /// The highest resident memory so far, in MiB.
    var peakMiB: Int {
        let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.filter(\.isNumber)) ?? 0) / 1024
    }

    /// Seconds of processor time so far.
    var processorSeconds: Double { Self.processorSeconds(of: process.processIdentifier) }

    static func processorSeconds(of process: Int32) -> Double {
        let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let kernel = Double(fields[12]) else { return 0 }
        return (user + kernel) / 100
    }
}
