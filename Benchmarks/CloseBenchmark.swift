import Billing
import Foundation
import Kernel
import Postgres
import Rating
import Tenancy

/// The close of one month for many Solution partners with twelve tenants each.
struct CloseBenchmark: Sendable {
    static let tenantsPerContract = 12

    let cluster: BenchCluster
    let contracts: Int

    func run(into report: inout Report) async throws {
        try await cluster.makeDatabase("closing")
        let database = cluster.database("closing")
        let world = try await BenchWorld.make(in: database, partners: contracts, tenants: Self.tenantsPerContract)
        guard let present = BillingMonth(containing: TimeSource.system.now.microseconds) else { return }
        let month = present.previous
        // The 20th of the month after: every figure that can arrive has arrived.
        let now = Timestamp(microseconds: month.end).advanced(by: .seconds(19 * 86_400))
        let work = UnitOfWork(database: database, time: .fixed(now), ids: .timeOrdered)
        try await PriceBookService.publishShipped(work)
        try await prepare(world, month, work)
        try await cluster.checkpoint()
        let start = ContinuousClock.now
        let result = try await MonthCloseService(work).close(month, as: .system("benchmark"))
        let seconds = start.duration(to: .now).seconds
        await database.shutdown()
        let finalised = result.contracts.filter { if case .finalised = $0.outcome { true } else { false } }.count
        guard finalised == contracts else {
            throw BenchClient.Failure(description: "\(finalised) of \(contracts) invoices: \(result.parked.prefix(1))")
        }
        report.begin(
            "Closing a month",
            """
            \(Report.rounded(Double(contracts))) Solution contracts in their second year with
            \(Self.tenantsPerContract) tenants each, every tenant with 40 hours of usage: from the call to the last
            finalised invoice, each with its lines, explanations, hashes, number and audit row.
            """)
        report.add("Whole close", "\(Report.tenth(seconds)) s")
        report.add("Invoices", "\(Report.rounded(Double(contracts) / seconds)) /s")
    }

    private func prepare(_ world: BenchWorld, _ month: BillingMonth, _ work: UnitOfWork) async throws {
        let terms = try JSONDecoder().decode(SolutionTerms.self, from: Data("{}".utf8))
        let start = month.advanced(by: -18).firstDay
        for partners in stride(from: 0, to: world.partners.count, by: 100) {
            try await work.perform(job: "benchmark") { tx, actor in
                for partner in world.partners[partners..<min(partners + 100, world.partners.count)] {
                    _ = try ContractService.signMasterAgreement(of: partner, reference: "MA", on: start, tx, actor)
                    let new = NewContract(organisationID: partner, startsOn: start, terms: .solution(terms))
                    _ = try ContractService.create(new, tx, actor)
                }
            }
        }
        let begin = Timestamp(microseconds: month.start)
        try await work.perform(job: "benchmark") { tx, _ in
            try BenchStore.insertUsage(from: begin, at: Timestamp(microseconds: month.advanced(by: -18).start), tx)
        }
    }
}
