import Foundation
import Kernel
import Postgres
import Telephony
import Tenancy
import Voice

/// Live calls whose minutes are renewed, in the process itself: what a node's connection does every few seconds.
struct RenewalBenchmark: Sendable {
    static let calls = 10_000

    let world: VoiceWorld
    let rounds: Int

    private struct Round {
        var due = 0.0
        var quiet = 0.0
    }

    func run(_ database: Database, into report: inout Report) async throws {
        report.begin(
            "Telephony: live calls renewed",
            """
            \(Report.rounded(Double(Self.calls))) answered calls over carriers, spread over all tenants. A node tells of its
            live legs together, and a thousand of them are one transaction: the leases are read, the months of their tenants
            locked in one order, what is needed is reserved, and all leases are written by one statement. First every lease is due
            (less than half of its minute is left), then none is. \(rounds) rounds each; the median is shown.
            """)
        let answered = TimeSource.system.now
        let signs = try await prepare(database, answered: answered)
        let entries = plans()
        let service = LeaseService(database: database, ids: .timeOrdered, logger: BenchCluster.logger) { entries[$0] }
        var now = answered
        for (nodes, name) in [(10, "10 nodes with 1,000 calls each"), (1, "one node with all of them")] {
            var results: [Round] = []
            for _ in 0..<rounds {
                now = now.advanced(by: .seconds(45))
                var round = Round()
                round.due = try await renew(service, signs, nodes: nodes, at: now, isDue: true)
                round.quiet = try await renew(service, signs, nodes: nodes, at: now, isDue: false)
                results.append(round)
            }
            let due = results.map(\.due).sorted()[rounds / 2]
            let quiet = results.map(\.quiet).sorted()[rounds / 2]
            report.add("\(name): all due", Report.milliseconds(due))
            report.add("\(name): renewals", "\(Report.rounded(Double(Self.calls) / due)) /s")
            report.add("\(name): none due", Report.milliseconds(quiet))
        }
    }

    private func renew(
        _ service: LeaseService, _ signs: [LeaseSign], nodes: Int, at now: Timestamp, isDue: Bool
    ) async throws -> Double {
        let size = signs.count / nodes
        let start = ContinuousClock.now
        var extended = 0
        for node in 0..<nodes {
            let batch = Array(signs[node * size..<(node + 1) * size])
            extended += try await service.renew(batch, at: now).count { renewal in
                if case .extended = renewal.outcome { true } else { false }
            }
        }
        let seconds = start.duration(to: .now).seconds
        guard extended == (isDue ? signs.count : 0) else {
            throw BenchClient.Failure(description: "\(extended) of \(signs.count) leases were renewed")
        }
        return seconds
    }

    private func prepare(_ database: Database, answered: Timestamp) async throws -> [LeaseSign] {
        let signs = (0..<Self.calls).map { number in
            LeaseSign(leaseID: BenchWorld.id(number, 7), legID: UUID().uuidString, answeredAt: answered)
        }
        guard let month = CallMonth(containing: answered.microseconds) else {
            throw BenchClient.Failure(description: "the clock shows no month")
        }
        try await database.transaction(for: ScopeNode.platform) { tx in
            try VoiceBenchStore.insertLeases(
                signs.map(\.leaseID), legs: signs.map(\.legID), node: world.node, answered: answered,
                month: "\(month)", tx)
        }
        return signs
    }

    private func plans() -> [TenantID: VoicePlan.Entry] {
        var policy = TenantPlan.Policy()
        policy.allotment.includedMilliseconds = 120_000_000
        policy.allotment.overageMicrosPerMinute = 80_000
        policy.limits.longestCallSeconds = 14_400
        return Dictionary(
            uniqueKeysWithValues: world.tenants.indices.map { number in
                let identity = TenantPlan.Identity(
                    tenantID: world.tenants[number], organisationID: VoiceWorld.partner, domain: world.domain(number),
                    country: .austria, instanceID: VoiceWorld.instance)
                let plan = TenantPlan(
                    identity, directory: TenantPlan.Directory(), routing: TenantPlan.Routing(), policy: policy)
                return (world.tenants[number], VoicePlan.Entry(revision: "", plan: plan))
            })
    }
}
