import Kernel
import Postgres
import Tenancy

extension VoiceBenchmark {
    // MARK: Minutes before a call

    func measureGrants(
        _ server: ProductProcess, _ world: VoiceWorld, _ forms: SwitchForms, _ database: Database,
        _ report: inout Report
    ) async throws {
        let count = Self.callsPerSecond * Self.callSeconds
        report.begin(
            "Telephony: minutes before a call",
            """
            The same service is asked for \(Self.callsPerSecond) calls to mobile numbers a second, for
            \(Self.callSeconds) seconds, from phones of tenants drawn anew each time: the leg is authorised, a slice of the
            month is reserved and stored under the lock of the tenant's month, and the dialplan answered. Times are
            those of the whole request, from the moment at which it was due. \(rounds) rounds; the median round is shown.
            """)
        let head = Self.head("/fs/xml", world.authorization(world.secrets.configuration))
        var results: [Load] = []
        for _ in 0..<rounds {
            let requests = (0..<count).map { number in
                forms.call(
                    Int.random(in: 0..<Self.tenants), user: Int.random(in: 0..<Self.users), "0660\(1_000_000 + number)")
            }
            results.append(
                try await Load.measured(
                    clients: 2 * clients, requests: requests, to: server.port, head, perSecond: Self.callsPerSecond
                ) { _, answer in answer.contains("sofia/gateway/") })
        }
        let stored = try await database.transaction(for: ScopeNode.platform) { tx in try VoiceBenchStore.grants(tx) }
        guard stored == count * rounds else {
            throw BenchClient.Failure(description: "\(stored) leases instead of \(count * rounds)")
        }
        results.sort { $0.p99 < $1.p99 }
        let median = results[rounds / 2]
        report.add(
            "Authorised, reserved and answered, p99", Report.milliseconds(median.p99), wanted: "< 10 ms",
            holds: median.p99 < 0.01)
        report.add("The same in all rounds", results.map { Report.milliseconds($0.p99) }.joined(separator: ", "))
        report.add("p50", Report.milliseconds(median.median))
    }

    // MARK: Call records

    func measureRecords(
        _ server: ProductProcess, _ world: VoiceWorld, _ forms: SwitchForms, _ database: Database,
        _ report: inout Report
    ) async throws {
        report.begin(
            "Telephony: call records",
            """
            \(4 * clients) connections at once deliver records of carriers' legs, 9 kB of JSON each as a real FreeSWITCH posts
            them, of tenants of one partner drawn anew each time. Each books the leg, its body, the usage event with its
            hourly sum, the lease, and the receipt in the tenant's chain of hashes; records that come together share a
            transaction, and each answer comes after its commit.
            \(rounds) rounds of \(Report.rounded(Double(Self.records))); the median round is shown. At the end legs, usage
            events and receipts are counted.
            """)
        let head = Self.head("/fs/cdr/json", world.authorization(world.secrets.records))
        var results: [Load] = []
        for _ in 0..<rounds {
            let now = TimeSource.system.now
            let bodies = (0..<Self.records).map { number in
                forms.record(Int.random(in: 0..<Self.tenants), seconds: Int64(30 + number % 300), at: now)
            }
            let before = server.processorSeconds
            var load = try await Load.measured(clients: 4 * clients, requests: bodies, to: server.port, head) {
                _, answer in
                answer == "stored\n"
            }
            load.processorMilliseconds = (server.processorSeconds - before) * 1_000_000 / Double(Self.records)
            results.append(load)
        }
        let booked = try await database.transaction(for: ScopeNode.platform) { tx in try VoiceBenchStore.booked(tx) }
        let count = Self.records * rounds
        // a call over midnight of a month's last day has two receipts
        guard booked.legs == count, booked.receipts >= count, booked.usage == booked.receipts else {
            throw BenchClient.Failure(description: "\(booked) instead of \(count)")
        }
        results.sort { $0.rate < $1.rate }
        let median = results[rounds / 2]
        report.add(
            "Records booked and durable", "\(Report.rounded(median.rate)) /s", wanted: "≥ 1,000 /s",
            holds: median.rate >= 1_000)
        report.add("The same in all rounds", results.map { Report.rounded($0.rate) }.joined(separator: ", "))
        report.add("p99 at that rate", Report.milliseconds(median.p99))
        report.add(
            "Processor time of the service per 1,000 records", "\(Report.tenth(median.processorMilliseconds)) ms")
    }
}
