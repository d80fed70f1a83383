import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import TestSupport
import Testing

/// Months of a contract become final in their order, from its first day on; what is open is named and never lost.
@Suite struct MonthOrderTests {
    private let words = "C-2026-0001 still has January 2026 open: close it first"

    private func order() -> ContractTerms {
        let order = InstanceOrder(reference: "A", [.compact: 1], termYears: 1, payment: .annualInvoice)
        return .deployment(DeploymentTerms(tier: .authorized, orders: [order]))
    }

    @Test func aBackdatedContractIsClosedFromItsFirstMonthOn() async throws {
        try await withBillingWorld { world in
            let contract = try await world.contract(
                try await world.partner(), from: "2026-01-31", openSince: "2026-01", order())
            let early = try await world.close.close(BillingWorld.october, as: world.principal)
            #expect(early.contracts.map(\.outcome.name) == ["earlier_month_open"])
            #expect(early.contracts[0].outcome.reason == "EARLIER_MONTH_OPEN: \(words)")
            #expect(early.openBefore.map(\.sentence) == [words])
            let answer = CloseResource(early)
            #expect(answer.counts == ["earlier_month_open": 1] && answer.contracts[0].reason?.contains(words) == true)
            #expect(try await world.invoice(contract) == nil)

            let preview = try await world.close.preview(BillingWorld.october, in: .platform)
            #expect(preview.first?.reason?.contains(words) == true)
            #expect(PreviewResource(try #require(preview.first)).state == .waits)
            let oldest = try await world.work.read(in: .platform) { tx in
                try InvoiceService.oldestOpenMonth(before: month("2026-11"), tx)
            }
            #expect(oldest == month("2026-01"))

            for offset in 0..<10 {
                let month = month("2026-01").advanced(by: offset)
                let report = try await world.close.close(month, as: world.principal)
                #expect(report.openBefore.isEmpty, "\(month)")
            }
            #expect(try await world.invoice(contract, month("2026-01"))?.invoice.amounts.net != .zero)
            let again = try await world.close.close(month("2026-01"), as: world.principal)
            #expect(again.contracts.map(\.outcome.name) == ["already_final"])
            #expect(
                again.contracts[0].total?.net
                    == (try await world.invoice(contract, month("2026-01")))?.invoice.amounts.net)
        }
    }

    /// A month closed late leaves no hole behind the final ones, and the overview finds it.
    @Test func usageOfAnOpenMonthStaysOnTimeAfterALaterCloseWasTried() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            _ = try await world.contract(
                partner, from: "2025-01-01", openSince: "2026-09", .solution(SolutionTerms()))
            let tenant = try await world.tenants(1, of: partner, host: "vendor")[0]
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            let usage = UsageService(
                database: world.test.database, time: .fixed(BillingWorld.now), isDistributed: false)
            func send(_ id: String) async throws -> [String] {
                let event: JSON = [
                    "id": .string(id), "source": "s", "type": "turn", "time": "2026-09-30T20:00:00Z",
                    "tenant": .string(tenant.description), "data": ["key_source": "partner"],
                ]
                let answer = try await usage.ingest([UsageEventReader.item(event)], as: .organisation(partner))
                return answer.outcomes.map(\.word)
            }
            #expect(try await send("1") == ["accepted"])
            _ = try await world.close.close(month("2026-09"), as: world.principal)
            #expect(try await send("2") == ["MONTH_FINALISED"])
        }
    }
}
