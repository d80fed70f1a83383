import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import TestSupport
import Testing

/// A month is final on the 3rd of the next one, 06:00 in Vienna; before that a close has to be asked for.
@Suite struct FinalisationTests {
    private func early(_ world: BillingWorld) async throws -> [String?] {
        try await world.test.database.transaction(for: PlatformScope()) { tx in
            try tx.all(
                "select detail -> 'facts' ->> 'early' from app.audit_event where action = 'invoice.finalise'",
                as: (String?).self)
        }
    }

    private func order(in world: BillingWorld) async throws -> ContractID {
        let order = InstanceOrder(reference: "A", [.compact: 1], termYears: 1, payment: .annualInvoice)
        return try await world.contract(
            try await world.partner(), .deployment(DeploymentTerms(tier: .authorized, orders: [order])))
    }

    @Test func aSecondTooEarlyIsRefusedWithTheWayOut() async throws {
        try await withBillingWorld(now: moment("2026-11-03T04:59:59Z")) { world in
            let contract = try await order(in: world)
            do {
                _ = try await world.close.close(BillingWorld.october, as: world.principal)
                Issue.record("the month was closed before it was final")
            } catch let problem as Problem {
                #expect(problem.status == 409 && problem.reason == "FINALISATION_EARLY")
                #expect(problem.errors.map(\.field) == ["early"])
                #expect(problem.detail.contains("2026-11-03T05:00:00"))
            }
            #expect(try await world.invoice(contract) == nil)

            let report = try await world.close.close(BillingWorld.october, early: true, as: world.principal)
            #expect(report.isEarly && report.contracts.map(\.outcome.name) == ["finalised"])
            #expect(try await early(world) == ["true"])
        }
    }

    @Test func fromTheInstantOnNothingIsEarly() async throws {
        try await withBillingWorld(now: moment("2026-11-03T05:00:00Z")) { world in
            _ = try await order(in: world)
            // Said without need: it changes nothing, and the log does not claim it.
            let report = try await world.close.close(BillingWorld.october, early: true, as: world.principal)
            #expect(!report.isEarly && report.contracts.map(\.outcome.name) == ["finalised"])
            #expect(try await early(world) == [nil])
        }
    }

    @Test func aRunningMonthIsNotClosedEarlyEither() async throws {
        try await withBillingWorld(now: moment("2026-10-31T22:59:59Z")) { world in
            _ = try await order(in: world)
            await #expect {
                try await world.close.close(BillingWorld.october, early: true, as: world.principal)
            } throws: {
                ($0 as? Problem)?.reason == "MONTH_NOT_OVER"
            }
        }
    }

    /// In summer the same hour of Vienna is another one of UTC.
    @Test func theHourIsTheOneOfVienna() {
        #expect(CloseRules.finalisation(of: month("2026-06")) == moment("2026-07-03T04:00:00Z"))
        #expect(CloseRules.isEarly(month("2026-06"), now: moment("2026-07-03T03:59:59Z")))
    }
}
