import Billing
import Kernel
import Postgres
import Rating
import TestSupport
import Testing

/// The worked figures of domain 2.4 through contracts, usage, a close and stored invoices.
@Suite struct MonthCloseFigureTests {
    private func order(
        _ reference: String, _ counts: [InstanceSize: Int64], years: Int64, bundle: Int64?
    ) -> InstanceOrder {
        InstanceOrder(reference: reference, counts, termYears: years, payment: .prepaid, bundle: bundle)
    }

    @Test func solutionPartners() async throws {
        try await withBillingWorld { world in
            let small = try await world.partner("Small")
            let smallContract = try await world.contract(small, .solution(SolutionTerms()))
            for tenant in try await world.tenants(3, of: small, host: "vendor") {
                try await world.use(4_000, of: tenant, in: small)
            }
            try await world.disclose(smallContract, "2026-10", "18000")
            let later = try await world.partner("Later")
            let laterContract = try await world.contract(later, from: "2025-06-01", .solution(SolutionTerms()))
            for tenant in try await world.tenants(3, of: later, host: "vendor") {
                try await world.use(4_000, of: tenant, in: later)
            }
            try await world.disclose(laterContract, "2026-10", "18000")
            let large = try await world.partner("Large")
            let largeContract = try await world.contract(large, .solution(SolutionTerms()))
            for (index, tenant) in try await world.tenants(12, of: large, host: "vendor").enumerated() {
                try await world.use(index == 0 ? 100_000 - 11 * 8_000 : 8_000, of: tenant, in: large)
            }
            try await world.disclose(largeContract, "2026-10", "172800.00")
            _ = try await world.close.close(BillingWorld.october, as: world.principal)

            let first = try #require(try await world.invoice(smallContract))
            #expect(first.nets == ["solution_month": "3500.00", "solution_onboarding": "12000.00"])
            let candidates = try #require(first.line("solution_month")).explanation.candidates
            #expect(candidates.map(\.amount.description) == ["600.00", "897.00", "420.00", "3500.00"])
            #expect(try await world.invoice(laterContract)?.nets == ["solution_month": "897.00"])
            let best = try #require(try await world.invoice(largeContract))
            #expect(best.nets == ["solution_month": "5475.00", "solution_onboarding": "12000.00"])
            #expect(best.line("solution_month")?.explanation.winners == ["revenue_share"])
        }
    }

    /// A partner may report a month before it enters the tenant: one turn in the month makes it active (domain 2.2).
    @Test func tenantsEnteredAfterTheMonthAreActiveByTheirUsage() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            let contract = try await world.contract(partner, from: "2025-01-01", .solution(SolutionTerms()))
            try await world.disclose(contract, "2026-10", "0")
            let since = "2026-11-01T09:00:00Z"
            for kind in ["production", "sandbox"] {
                for tenant in try await world.tenants(2, of: partner, host: "vendor", kind: kind, since: since) {
                    try await world.use(1, of: tenant, in: partner)
                }
            }
            _ = try await world.tenants(3, of: partner, host: "vendor", since: since)
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            let invoice = try #require(try await world.invoice(contract))
            #expect(invoice.nets == ["solution_month": "598.00"])
        }
    }

    @Test func wholesale() async throws {
        try await withBillingWorld { world in
            let plain = try await world.partner("Plain")
            let plainContract = try await world.contract(plain, from: "2025-01-01", .solution(SolutionTerms()))
            let tenant = try await world.tenants(1, of: plain, host: "vendor")[0]
            try await world.use(500_000, of: tenant, in: plain)
            let agreed = try await world.partner("Agreed")
            let volume = VolumeTerms(committedTurns: 500_000, price: try Rate("0.025"), confirmed: true)
            let agreedContract = try await world.contract(
                agreed, from: "2025-01-01", .solution(SolutionTerms(volumeAgreement: volume)))
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            #expect(try await world.invoice(plainContract)?.nets == ["solution_month": "17500.00"])
            #expect(try await world.invoice(plainContract)?.invoice.estimated == true)
            #expect(try await world.invoice(agreedContract)?.nets == ["solution_wholesale": "12500.00"])
            #expect(try await world.invoice(agreedContract)?.invoice.estimated == false)
        }
    }

    @Test func deploymentPartners() async throws {
        try await withBillingWorld { world in
            func close(_ tier: PartnerTier, _ orders: [InstanceOrder]) async throws -> ContractID {
                let partner = try await world.partner()
                return try await world.contract(partner, .deployment(DeploymentTerms(tier: tier, orders: orders)))
            }
            let standard = try await close(.certified, [order("A", [.standard: 25], years: 2, bundle: 25)])
            let ten = try await close(.certified, [order("B", [.standard: 10], years: 1, bundle: 10)])
            let compact = try await close(.certified, [order("C", [.compact: 12], years: 1, bundle: 10)])
            let authorized = try await close(.authorized, [order("D", [.compact: 3], years: 1, bundle: nil)])
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            #expect(
                try await world.invoice(standard)?.nets == [
                    "deployment_licence_standard:A": "292500.00", "tier_year_certified": "6000.00",
                    "tier_onboarding_certified": "12000.00",
                ])
            #expect(try await world.invoice(ten)?.line("deployment_licence_standard:B")?.net == Money("135000"))
            #expect(try await world.invoice(compact)?.line("deployment_licence_compact:C")?.net == Money("54000"))
            #expect(try await world.invoice(compact)?.invoice.amounts.net == Money("72000"))
            #expect(
                try await world.invoice(authorized)?.nets == [
                    "deployment_licence_compact:D": "18000.00", "tier_onboarding_authorized": "3000.00",
                ])
        }
    }

    @Test func enterpriseWithTenantsAndVoice() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            let governance = OrderFormLine(
                reference: "GOV-1", title: "Governance and SLA", price: try Rate("24000"),
                every: .yearly, from: BillingWorld.october)
            let contract = try await world.contract(partner, .enterprise(EnterpriseTerms(lines: [governance])))
            let tenants = try await world.tenants(30, of: partner, host: "licensee", voice: 4)
            try await world.use(120_003_750, "voice", of: tenants[0], in: partner)
            try await world.use(119_999_999, "voice", of: tenants[1], in: partner)
            try await world.use(9_000, "voice", of: tenants[9], in: partner)
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            let record = try #require(try await world.invoice(contract))
            #expect(
                record.nets == [
                    "annual_licence": "120000.00", "implementation": "60000.00", "order_form:GOV-1": "24000.00",
                    "tenant_beyond_included": "1750.00", "voice_addon": "1000.00",
                    "voice_overage:\(tenants[0])": "0.01",
                ])
            #expect(record.invoice.basis.notices.count == 1)
        }
    }

    @Test func quarterlyLicencesAddUpToTheYear() async throws {
        try await withBillingWorld(now: moment("2027-11-03T12:00:00Z")) { world in
            let partner = try await world.partner()
            let order = InstanceOrder(
                reference: "Q", [.standard: 25], termYears: 2, payment: .quarterly, startsOn: day("2026-10-31"),
                bundle: 25)
            let contract = try await world.contract(
                partner, .deployment(DeploymentTerms(tier: .certified, orders: [order])))
            var sum = Money.zero
            for offset in 0..<12 {
                let month = BillingWorld.october.advanced(by: offset)
                _ = try await world.close.close(month, as: world.principal)
                let line = try await world.invoice(contract, month)?.line("deployment_licence_standard:Q")
                #expect((line != nil) == offset.isMultiple(of: 3), "\(month)")
                sum += line?.net ?? .zero
            }
            #expect(sum == (try Money("292500")))
        }
    }
}

/// Waiting, estimates, late usage, corrections: what changes after the month.
@Suite struct MonthCloseLaterTests {
    @Test func aMissingDisclosureWaitsAndThenIsEstimatedAndTruedUp() async throws {
        try await withBillingWorld(now: moment("2026-11-05T08:00:00Z")) { world in
            let partner = try await world.partner()
            let contract = try await world.contract(
                partner, from: "2025-01-01", openSince: "2026-09", .solution(SolutionTerms()))
            let tenant = try await world.tenants(1, of: partner, host: "vendor")[0]
            try await world.use(10, of: tenant, in: partner)
            try await world.disclose(contract, "2026-09", "60000")
            _ = try await world.close.close(month("2026-09"), as: world.principal)
            let report = try await world.close.close(BillingWorld.october, as: world.principal)
            #expect(report.contracts.map(\.outcome.name) == ["waits"])
            let draft = try #require(try await world.invoice(contract))
            #expect(draft.invoice.state == .draft && draft.invoice.issue == nil && draft.invoice.estimated)

            // 05:59:59 in Vienna on the 11th is too early by a second.
            let before = try await world.at("2026-11-11T04:59:59Z").close.close(
                BillingWorld.october, as: world.principal)
            #expect(before.contracts.map(\.outcome.name) == ["waits"])
            let late = world.at("2026-11-11T05:00:00Z")
            let after = try await late.close.close(BillingWorld.october, as: world.principal)
            #expect(after.contracts.map(\.outcome.name) == ["finalised"])
            let estimated = try #require(try await world.invoice(contract))
            #expect(estimated.nets == ["solution_month": "2000.00"])
            #expect(estimated.invoice.estimated && estimated.invoice.issue?.number.description == "CF-2026-000002")

            // The figure arrives: 150,000 instead of 60,000.
            try await late.disclose(contract, "2026-10", "150000")
            try await late.disclose(contract, "2026-11", "150000")
            let next = world.at("2026-12-04T08:00:00Z")
            _ = try await next.close.close(month("2026-11"), as: world.principal)
            let trued = try #require(try await world.invoice(contract, month("2026-11")))
            let lines = trued.lines.map { "\($0.reason) \($0.periodStart) \($0.net)" }
            #expect(lines == ["regular 2026-11-01 5000.00", "adjustment 2026-10-01 3000.00"])
            #expect(trued.lines[1].explanation.rule == "adjustment")
            #expect(try await world.invoice(contract)?.nets == ["solution_month": "2000.00"])

            // Nothing is left to true up.
            try await next.disclose(contract, "2026-12", "150000")
            _ = try await world.at("2027-01-04T08:00:00Z").close.close(month("2026-12"), as: world.principal)
            #expect(try await world.invoice(contract, month("2026-12"))?.nets == ["solution_month": "5000.00"])
        }
    }

    @Test func lateUsageBecomesOneAdjustment() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            let contract = try await world.contract(partner, from: "2025-01-01", .solution(SolutionTerms()))
            let tenant = try await world.tenants(1, of: partner, host: "vendor")[0]
            try await world.use(100_000, of: tenant, in: partner)
            try await world.disclose(contract, "2026-10", "0")
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            #expect(try await world.invoice(contract)?.nets == ["solution_month": "3500.00"])
            try await world.use(10_000, of: tenant, in: partner, at: "2026-10-31T22:00:00Z", late: true)
            // 23:00 UTC on the 31st is November in Vienna.
            try await world.use(1_000, of: tenant, in: partner, at: "2026-10-31T23:00:00Z")
            try await world.disclose(contract, "2026-11", "0")
            let december = world.at("2026-12-12T08:00:00Z")
            _ = try await december.close.close(month("2026-11"), as: world.principal)
            let nets = try await world.invoice(contract, month("2026-11"))?.lines.map(\.net.description)
            #expect(nets == ["299.00", "350.00"])
            _ = try await world.at("2027-01-12T08:00:00Z").close.close(month("2026-12"), as: world.principal)
            #expect(try await world.invoice(contract, month("2026-12"))?.lines.count == 1)
        }
    }

    @Test func aMonthWaitsForTheDraftOfAnEarlierOne() async throws {
        try await withBillingWorld(now: moment("2026-11-05T08:00:00Z")) { world in
            let partner = try await world.partner()
            let contract = try await world.contract(partner, from: "2025-01-01", .solution(SolutionTerms()))
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            let draft = try #require(try await world.invoice(contract)).invoice.id
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            #expect(try await world.invoice(contract)?.invoice.id == draft)
            let written = try await world.test.database.transaction(for: PlatformScope()) { tx in
                try tx.all(
                    "select target from app.audit_event where action = 'invoice.draft'", as: (String).self)
            }
            #expect(written == ["\(draft)"])

            try await world.disclose(contract, "2026-11", "0")
            let december = world.at("2026-12-12T08:00:00Z")
            let early = try await december.close.close(month("2026-11"), as: world.principal)
            #expect(early.contracts.map(\.outcome.name) == ["earlier_month_open"])
            #expect(early.contracts[0].outcome.reason?.contains("EARLIER_MONTH_OPEN") == true)
            #expect(try await world.invoice(contract, month("2026-11")) == nil)
            for name in ["2026-10", "2026-11"] {
                let report = try await december.close.close(month(name), as: world.principal)
                #expect(report.contracts.map(\.outcome.name) == ["nothing_due"], "\(name)")
            }
        }
    }

    @Test func aCorrectionDownwardsIsCarriedUntilItFits() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            let contract = try await world.contract(partner, from: "2025-01-01", .solution(SolutionTerms()))
            try await world.disclose(contract, "2026-10", "600000")
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            let billed = try #require(try await world.invoice(contract)).invoice.amounts.net
            #expect(billed.description == "14375.00")
            try await world.disclose(contract, "2026-10", "0")
            try await world.disclose(contract, "2026-11", "0")
            let next = world.at("2026-12-12T08:00:00Z")
            _ = try await next.close.close(month("2026-11"), as: world.principal)
            let carried = try #require(try await world.invoice(contract, month("2026-11")))
            #expect(carried.invoice.state == .nothingDue)
            #expect(carried.invoice.basis.notices.count == 1)
            try await next.disclose(contract, "2026-12", "1000000")
            _ = try await world.at("2027-01-12T08:00:00Z").close.close(month("2026-12"), as: world.principal)
            let fits = try #require(try await world.invoice(contract, month("2026-12")))
            #expect(fits.invoice.amounts.net.description == "5000.00")
        }
    }

    @Test func aMonthWithoutAmountIsClosedWithoutANumber() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            let contract = try await world.contract(partner, from: "2025-05-01", .enterprise(EnterpriseTerms()))
            let tenants = try await world.tenants(1, of: partner, host: "licensee", voice: 1)
            let quiet = try await world.partner()
            let quietContract = try await world.contract(quiet, from: "2025-05-01", .enterprise(EnterpriseTerms()))
            let report = try await world.close.close(BillingWorld.october, as: world.principal)
            #expect(report.contracts.map(\.outcome.name) == ["finalised", "nothing_due"])
            #expect(try await world.invoice(quietContract)?.invoice.state == .nothingDue)
            #expect(try await world.invoice(quietContract)?.invoice.issue == nil)
            let again = try await world.close.close(BillingWorld.october, as: world.principal)
            #expect(again.contracts.map(\.outcome.name) == ["already_final", "already_final"])
            try await world.use(180_000_000, "voice", of: tenants[0], in: partner, late: true)
            _ = try await world.at("2026-12-12T08:00:00Z").close.close(month("2026-11"), as: world.principal)
            let lines = try #require(try await world.invoice(contract, month("2026-11"))).lines
            #expect(lines.map(\.net.description) == ["250.00", "80.00"])
        }
    }
}

/// Enterprise rules that need more than one month or the tenants' history.
@Suite struct MonthCloseEnterpriseTests {
    @Test func theShareRecoupsTheLicenceWithinTheContractYear() async throws {
        try await withBillingWorld(now: moment("2027-02-20T12:00:00Z")) { world in
            let partner = try await world.partner()
            let share = ShareTerms(percent: try Percent("20"), resells: true)
            let contract = try await world.contract(partner, .enterprise(EnterpriseTerms(revenueShare: share)))
            _ = try await world.tenants(40, of: partner, host: "licensee")
            var billed: [String] = []
            for name in ["2026-10", "2026-11", "2026-12", "2027-01"] {
                try await world.disclose(contract, name, "200000")
                _ = try await world.close.close(month(name), as: world.principal)
                let record = try #require(try await world.invoice(contract, month(name)))
                #expect(record.line("tenant_beyond_included") == nil)
                billed.append(record.line("revenue_share_beyond_guarantee")?.net.description ?? "none")
            }
            // 40,000 a month recoup 120,000 in three months.
            #expect(billed == ["0.00", "0.00", "0.00", "40000.00"])
        }
    }

    @Test func aSustainedLoadIsReportedAndNeverCharged() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            _ = try await world.contract(partner, from: "2025-05-01", .enterprise(EnterpriseTerms()))
            let tenant = try await world.tenants(1, of: partner, host: "licensee")[0]
            func notices() async throws -> [String] {
                let preview = try await world.close.preview(BillingWorld.october, in: .platform)
                #expect(preview.first?.draft?.total.net == .zero)
                return preview.first?.draft?.notices ?? []
            }
            // 14,000 × 25 is the plan.
            for day in ["2026-08-15", "2026-09-15", "2026-10-15"] {
                #expect(try await notices().isEmpty)
                try await world.use(350_000, of: tenant, in: partner, at: "\(day)T10:00:00Z")
                try await world.use(7, of: tenant, in: partner, at: "\(day)T11:00:00Z")
            }
            let reported = try await notices()
            #expect(reported.count == 1 && reported[0].contains("7 additional turns"))
        }
    }

    @Test func thePeakCountsWhatWasProvisionedAtOnce() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            let contract = try await world.contract(partner, from: "2025-05-01", .enterprise(EnterpriseTerms()))
            let first = try await world.tenants(27, of: partner, host: "licensee")
            _ = try await world.tenants(5, of: partner, host: "licensee", kind: "sandbox")
            // One leaves at the instant at which another comes; a third came in the last hour of October in Vienna, a
            // fourth in the first hour of November.
            try await world.transition(first[0], of: partner, at: "2026-10-10T10:00:00Z", state: "archived")
            _ = try await world.tenants(1, of: partner, host: "licensee", since: "2026-10-10T10:00:00Z")
            try await world.transition(first[1], of: partner, at: "2026-10-12T10:00:00Z", state: "suspended")
            _ = try await world.tenants(1, of: partner, host: "licensee", since: "2026-10-31T22:30:00Z")
            _ = try await world.tenants(1, of: partner, host: "licensee", since: "2026-10-31T23:00:00Z")
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            let line = try await world.invoice(contract)?.line("tenant_beyond_included")
            #expect(line?.quantity == "3" && line?.net.description == "1050.00")
        }
    }
}
