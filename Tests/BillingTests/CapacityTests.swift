import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import TestSupport
import Testing

/// Capacity is reported from 80 % on, never charged and never blocked (domain 2.3).
@Suite struct CapacityTests {
    private struct Deployed {
        let partner: OrganisationID
        let contract: ContractID
        let instance: InstanceID
        let tenants: [TenantID]
    }

    /// A Compact deployment, 10,000 turns a month, with two tenants.
    private func deployed(in world: BillingWorld, from start: String) async throws -> Deployed {
        let partner = try await world.partner()
        let order = InstanceOrder(reference: "A", [.compact: 1, .standard: 2], termYears: 1, payment: .annualInvoice)
        let contract = try await world.contract(
            partner, from: start, .deployment(DeploymentTerms(tier: .authorized, orders: [order])))
        let tenants = try await world.tenants(2, of: partner, host: "end_customer")
        let instance = try await world.test.database.transaction(for: PlatformScope()) { tx in
            try tx.value(
                """
                update app.instance set order_reference = 'A', size = 'compact', display_name = 'Town hall'
                where organisation_id = \(partner) returning instance_id
                """, as: InstanceID.self)
        }
        return Deployed(partner: partner, contract: contract, instance: instance, tenants: tenants)
    }

    private func notices(_ world: BillingWorld, _ month: BillingMonth = BillingWorld.october) async throws -> [String] {
        let preview = try await world.close.preview(month, in: .platform)
        return preview.first?.draft?.notices ?? preview.first?.record?.invoice.basis.notices ?? []
    }

    @Test func from80PercentOnItIsReportedAndNeverCharged() async throws {
        try await withBillingWorld { world in
            let deployed = try await deployed(in: world, from: "2026-10-01")
            let net = try await world.close.preview(BillingWorld.october, in: .platform).first?.draft?.total.net
            func use(_ turns: Int64, of tenant: Int) async throws {
                try await world.use(turns, of: deployed.tenants[tenant], in: deployed.partner)
            }
            try await use(7_000, of: 0)
            try await use(999, of: 1)
            #expect(try await notices(world).isEmpty)
            try await use(1, of: 1)
            #expect(try await notices(world).first?.hasPrefix("Town hall, Compact: 8,000 of 10,000") == true)
            try await use(2_000, of: 0)
            #expect(try await notices(world).first?.contains("capacity is reached") == true)
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            let invoice = try #require(try await world.invoice(deployed.contract)).invoice
            #expect(invoice.amounts.net == net && invoice.basis.notices.count == 1)
        }
    }

    @Test func threeMonthsInARowAboveItDraftAnUpgrade() async throws {
        try await withBillingWorld { world in
            let deployed = try await deployed(in: world, from: "2026-01-01")
            for (day, turns) in [("2026-08-15", Int64(10_001)), ("2026-09-15", 100_001), ("2026-10-15", 10_000)] {
                try await world.use(
                    turns, of: deployed.tenants[0], in: deployed.partner, at: "\(day)T10:00:00Z")
            }
            // The third month is at the capacity, not above it.
            #expect(try await notices(world).first?.contains("capacity is reached") == true)
            try await world.use(1, of: deployed.tenants[1], in: deployed.partner)
            let drafted = try #require(try await notices(world).first)
            #expect(drafted.contains("third month in a row") && drafted.contains("upgrade to premium"))

            let capacity = try await world.work.read(in: .organisation(deployed.partner)) { tx in
                try CapacityService.capacity(of: deployed.instance, in: BillingWorld.october, tx)
            }
            #expect(capacity.months.map(\.turns) == [10_001, 100_001, 10_001] && capacity.capacity == 10_000)
            #expect(capacity.notice?.level == .upgradeDrafted && capacity.notice?.upgrade == .premium)
        }
    }

    @Test func whatWasOrderedIsKnownByOrderAndSize() async throws {
        try await withBillingWorld { world in
            let deployed = try await deployed(in: world, from: "2026-10-01")
            let ordered = try await world.work.read(in: .organisation(deployed.partner)) { tx in
                try ContractService.orderedLicences(tx, deployed.partner)
            }
            #expect(
                ordered == [
                    InstanceLicence(order: "A", size: .compact): 1, InstanceLicence(order: "A", size: .standard): 2,
                ])
        }
    }
}
