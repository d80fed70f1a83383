import Foundation
import Kernel
import Postgres
import Synchronization
import Tenancy

/// What nodes ask and deliver, over HTTP to the release executable: answers, minutes before a call, call records.
struct VoiceBenchmark: Sendable {
    static let tenants = 1_000
    static let users = 100
    static let questions = 20_000
    static let records = 10_000
    static let callsPerSecond = 100
    static let callSeconds = 20

    let cluster: BenchCluster
    let rounds: Int
    let clients: Int

    /// Runs all parts on one installation.
    func run(into report: inout Report) async throws {
        try await cluster.makeDatabase("voice")
        let database = cluster.database("voice")
        let world = try await VoiceWorld.make(in: database, tenants: Self.tenants, users: Self.users)
        try await cluster.checkpoint()
        guard let forms = SwitchForms(world) else {
            return report.begin("Telephony", "Not measured: the recordings of a FreeSWITCH are not beside the package.")
        }
        let server = try await ProductProcess.start(cluster, "voice")
        defer { server.stop() }
        try await waitForPlans(server.port, world, forms)
        try await measureAnswers(server, world, forms, &report)
        try await measureGrants(server, world, forms, database, &report)
        try await measureRecords(server, world, forms, database, &report)
        try await RenewalBenchmark(world: world, rounds: rounds).run(database, into: &report)
        await database.shutdown()
    }

    /// Until the plans of all tenants are in the memory of the service.
    private func waitForPlans(_ port: Int, _ world: VoiceWorld, _ forms: SwitchForms) async throws {
        let head = Self.head("/fs/xml", world.authorization(world.secrets.configuration))
        for _ in 0..<600 {
            var client = try BenchClient(port: port)
            let answer = try client.exchange(head, forms.register(Self.tenants - 1, user: 0))
            if String(decoding: answer, as: UTF8.self).contains("a1-hash") { return }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw BenchClient.Failure(description: "the plans were not read")
    }

    static func head(_ path: String, _ authorization: String) -> String {
        """
        POST \(path) HTTP/1.1\r\n\(authorization)User-Agent: freeswitch-xml/1.0\r\nAccept: */*\r
        Content-Type: application/x-www-form-urlencoded\r\n
        """
    }

    // MARK: Answers

    private func measureAnswers(
        _ server: ProductProcess, _ world: VoiceWorld, _ forms: SwitchForms, _ report: inout Report
    ) async throws {
        report.begin(
            "Telephony: answers to nodes",
            """
            The release executable with \(Report.rounded(Double(Self.tenants))) tenants of \(Self.users) phones each.
            \(clients) clients over loopback send what a real FreeSWITCH sent, a new connection for every request as it
            does, in turn: the sign-in of a phone (directory) and its call to an extension (dialplan, a form of 7 kB), of
            a tenant and a phone drawn anew each time. Every answer is checked. \(rounds) rounds of
            \(Report.rounded(Double(Self.questions))) requests; the median round is shown.
            """)
        let head = Self.head("/fs/xml", world.authorization(world.secrets.configuration))
        var results: [Load] = []
        for _ in 0..<rounds {
            let requests = (0..<Self.questions).map { number in
                let (tenant, user) = (Int.random(in: 0..<Self.tenants), Int.random(in: 0..<Self.users))
                return number.isMultiple(of: 2)
                    ? forms.call(tenant, user: user, "\(1000 + (user + 1) % Self.users)")
                    : forms.register(tenant, user: user)
            }
            let before = server.processorSeconds
            var load = try await Load.measured(clients: clients, requests: requests, to: server.port, head) {
                number, answer in
                answer.contains(number.isMultiple(of: 2) ? "user/" : "a1-hash")
            }
            load.processorMilliseconds = (server.processorSeconds - before) * 1_000_000 / Double(Self.questions)
            results.append(load)
        }
        results.sort { $0.rate < $1.rate }
        let median = results[rounds / 2]
        report.add(
            "Answers, directory and dialplan in turn", "\(Report.rounded(median.rate)) /s", wanted: "≥ 2,000 /s",
            holds: median.rate >= 2_000)
        report.add("The same in all rounds", results.map { Report.rounded($0.rate) }.joined(separator: ", "))
        report.add(
            "p99 at that rate", Report.milliseconds(median.p99), wanted: "< 20 ms", holds: median.p99 < 0.02)
        report.add("p50 at that rate", Report.milliseconds(median.median))
        report.add(
            "Processor time of the service per 1,000 answers", "\(Report.tenth(median.processorMilliseconds)) ms")
    }
}
