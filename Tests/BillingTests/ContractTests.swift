import Billing
import Kernel
import Postgres
import Rating
import Testing

/// What a contract may not agree, each refusal with the name of its rule.
@Suite struct ContractRefusalTests {
    private func reason(_ terms: ContractTerms, publicSector: Bool = false) -> String {
        let rules = TermsRules(
            book: .v2_1, startsOn: day("2026-10-01"), publicSector: publicSector, criticalInfrastructure: false)
        do {
            try rules.check(terms)
            return "accepted"
        } catch {
            return error.reason
        }
    }

    private func volume(_ turns: Int64, _ price: String, confirmed: Bool = true) throws -> ContractTerms {
        .solution(
            SolutionTerms(
                volumeAgreement: VolumeTerms(committedTurns: turns, price: try Rate(price), confirmed: confirmed)))
    }

    private func order(
        _ count: Int64, tier: PartnerTier = .certified, years: Int64 = 1, payment: PaymentTerms = .prepaid,
        bundle: Int64?
    ) -> ContractTerms {
        .deployment(
            DeploymentTerms(
                tier: tier,
                orders: [
                    InstanceOrder(
                        reference: "A", [.compact: count], termYears: years, payment: payment, bundle: bundle)
                ]))
    }

    @Test func enterprise() throws {
        #expect(reason(.enterprise(EnterpriseTerms())) == "accepted")
        #expect(reason(.enterprise(EnterpriseTerms()), publicSector: true) == "SLA_PREMIUM_MANDATORY")
        #expect(reason(.enterprise(EnterpriseTerms(sla: .business)), publicSector: true) == "SLA_PREMIUM_MANDATORY")
        #expect(reason(.enterprise(EnterpriseTerms(sla: .premium)), publicSector: true) == "accepted")
        for (percent, resells, expected) in [
            ("15", true, "accepted"), ("20", true, "accepted"), ("14.99", true, "REVENUE_SHARE_PERCENT"),
            ("20.01", true, "REVENUE_SHARE_PERCENT"), ("15", false, "REVENUE_SHARE_RESALE_ONLY"),
        ] {
            let share = ShareTerms(percent: try Percent(percent), resells: resells)
            #expect(reason(.enterprise(EnterpriseTerms(revenueShare: share))) == expected)
        }
    }

    @Test func wholesale() throws {
        #expect(try reason(volume(500_000, "0.025")) == "accepted")
        #expect(try reason(volume(499_999, "0.025")) == "WHOLESALE_COMMITMENT")
        #expect(try reason(volume(500_000, "0.024999")) == "WHOLESALE_PRICE")
        #expect(try reason(volume(500_000, "0.025", confirmed: false)) == "WHOLESALE_CONDITIONS")
    }

    @Test func bundles() {
        #expect(reason(order(10, bundle: 10)) == "accepted")
        #expect(reason(order(10, bundle: 5)) == "BUNDLE_NOT_ELIGIBLE")
        #expect(reason(order(9, bundle: 10)) == "BUNDLE_NOT_ELIGIBLE")
        #expect(reason(order(10, tier: .authorized, bundle: 10)) == "BUNDLE_NOT_ELIGIBLE")
        #expect(reason(order(10, payment: .annualInvoice, bundle: 10)) == "BUNDLE_NOT_ELIGIBLE")
        #expect(reason(order(25, years: 1, bundle: 25)) == "BUNDLE_NOT_ELIGIBLE")
        #expect(reason(order(25, years: 2, bundle: 25)) == "accepted")
        #expect(reason(order(10, tier: .authorized, bundle: nil)) == "accepted")
        #expect(reason(order(0, bundle: nil)) == "INVALID_FIELD")
    }

    @Test func exclusivity() {
        #expect(throws: Problem.self) {
            try TermsRules.checkClauses(exclusiveTerritory: true, preferredPartnership: false)
        }
        #expect(throws: Problem.self) {
            try TermsRules.checkClauses(exclusiveTerritory: false, preferredPartnership: true)
        }
    }
}

/// Contracts in the database.
@Suite struct ContractTests {
    private func failure(_ body: () async throws -> some Any) async -> String {
        do {
            _ = try await body()
            return "accepted"
        } catch let problem as Problem {
            return problem.reason
        } catch {
            return "\(error)"
        }
    }

    @Test func oneMasterAgreementAndOneContractPerProgram() async throws {
        try await withBillingWorld { world in
            let unsigned = try await world.partner(signed: false)
            #expect(
                await failure { try await world.contract(unsigned, .solution(SolutionTerms())) }
                    == "MASTER_AGREEMENT_MISSING")
            #expect(
                await failure { try await world.contract(world.vendor, .solution(SolutionTerms())) } == "CONTRACT_PARTY"
            )
            let partner = try await world.partner()
            let first = try await world.contract(partner, from: "2026-01-01", .solution(SolutionTerms()))
            #expect(
                await failure { try await world.contract(partner, from: "2027-01-01", .solution(SolutionTerms())) }
                    == "CONTRACT_OVERLAPS")
            _ = try await world.contract(partner, .enterprise(EnterpriseTerms()))
            let ended = try await world.work.perform(as: world.principal) { tx, actor in
                try ContractService.giveNotice(first, on: day("2026-09-30"), tx, actor)
            }
            #expect(ended.contract.endsOn == day("2027-01-01"))
            _ = try await world.contract(partner, from: "2027-01-01", .solution(SolutionTerms()))
            let programs = try await world.work.read(in: .organisation(partner)) { tx in
                try ContractService.programs(tx, partner)
            }
            #expect(programs == [.solution, .enterprise])
        }
    }

    @Test func lateNoticeEndsOneTermLater() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            let contract = try await world.contract(partner, from: "2026-01-01", .solution(SolutionTerms()))
            let ended = try await world.work.perform(as: world.principal) { tx, actor in
                try ContractService.giveNotice(contract, on: day("2026-11-20"), tx, actor)
            }
            #expect(ended.contract.endsOn == day("2028-01-01"))
            #expect(
                await failure {
                    try await world.work.perform(as: world.principal) { tx, actor in
                        try ContractService.giveNotice(contract, on: day("2026-11-20"), tx, actor)
                    }
                } == "NOTICE_GIVEN")
        }
    }

    @Test func noticeNeverEndsAContractBehindAFinalMonth() async throws {
        try await withBillingWorld { world in
            func notice(_ contract: ContractID, on date: String) async -> String {
                await failure {
                    try await world.work.perform(as: world.principal) { tx, actor in
                        try ContractService.giveNotice(contract, on: day(date), tx, actor)
                    }
                }
            }
            let late = try await world.contract(
                try await world.partner(), from: "2026-10-15", .enterprise(EnterpriseTerms()))
            #expect(await notice(late, on: "2026-10-14") == "INVALID_FIELD")
            // Both terms end in October: one in the middle of the month that is final, one with its last day.
            let midMonth = try await world.contract(
                try await world.partner(), from: "2024-10-15", .enterprise(EnterpriseTerms()))
            let fullMonth = try await world.contract(
                try await world.partner(), from: "2024-11-01", .enterprise(EnterpriseTerms()))
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            #expect(await notice(midMonth, on: "2026-06-01") == "MONTH_FINALISED")
            #expect(await notice(midMonth, on: "2026-11-01") == "accepted")
            #expect(await notice(fullMonth, on: "2026-06-01") == "accepted")
        }
    }

    @Test func newTermsBeginAfterFinalMonths() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            let contract = try await world.contract(partner, from: "2026-01-01", .enterprise(EnterpriseTerms()))
            _ = try await world.tenants(26, of: partner, host: "licensee")
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            func add(_ month: String) async -> String {
                await failure {
                    try await world.work.perform(as: world.principal) { tx, actor in
                        try ContractService.addVersion(
                            to: contract, terms: .enterprise(EnterpriseTerms(sla: .business)),
                            effective: BillingTests.month(month), check: { _ in }, tx, actor)
                    }
                }
            }
            #expect(await add("2026-10") == "MONTH_FINALISED")
            #expect(await add("2026-11") == "accepted")
            _ = try await world.at("2026-12-12T08:00:00Z").close.close(month("2026-11"), as: world.principal)
            #expect(
                try await world.invoice(contract, month("2026-11"))?.nets == [
                    "tenant_beyond_included": "350.00", "sla_business": "4000.00",
                ])
        }
    }

    @Test func onlyThePlatformLowersWhatAFinalMonthWasBilledOn() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            let contract = try await world.contract(
                partner, from: "2026-01-01", openSince: "2026-09", .solution(SolutionTerms()))
            func disclose(_ month: String, _ amount: String) async -> String {
                let asPartner = Principal(
                    id: world.principal.id, kind: .operatorSession, displayName: "Ada Example",
                    scope: .organisation(partner), permissions: [.disclosureWrite])
                return await failure {
                    let new = NewDisclosure(
                        contractID: contract, month: BillingTests.month(month), amount: try Money(amount),
                        disclosedBy: "Ada Example")
                    return try await world.work.perform(as: asPartner) { tx, actor in
                        try DisclosureService.disclose(new, tx, actor)
                    }
                }
            }
            #expect(await disclose("2026-10", "5000") == "accepted")
            #expect(await disclose("2026-10", "4000") == "accepted")
            // September has no figure and is billed on an estimate.
            _ = try await world.close.close(month("2026-09"), as: world.principal)
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            #expect(await disclose("2026-09", "1000") == "accepted")
            #expect(await disclose("2026-10", "3999.99") == "DISCLOSURE_FINAL")
            #expect(await disclose("2026-10", "4000") == "accepted")
            #expect(await disclose("2026-10", "6000") == "accepted")
            #expect(await failure { try await world.disclose(contract, "2026-10", "100") } == "accepted")
        }
    }

    @Test func onlyWhoeverMustDiscloseMay() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            let internalUse = try await world.contract(partner, .enterprise(EnterpriseTerms()))
            #expect(await failure { try await world.disclose(internalUse, "2026-10", "1") } == "NO_DISCLOSURE_DUTY")
            let solution = try await world.contract(partner, .solution(SolutionTerms()))
            #expect(await failure { try await world.disclose(solution, "2026-12", "1") } == "INVALID_FIELD")
            #expect(await failure { try await world.disclose(solution, "2026-09", "1") } == "INVALID_FIELD")
            #expect(await failure { try await world.disclose(solution, "2026-11", "1") } == "accepted")
        }
    }
}
