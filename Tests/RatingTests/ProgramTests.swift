import Testing

@testable import Rating

/// Table 2.4 and the rules around it, to the cent.
struct ProgramTests {
    let book = PriceBook.v2_1

    private func solution(_ month: Int64, _ arr: String, _ tenants: Int64, _ turns: Int64) throws -> SolutionMonth {
        let usage = SolutionUsage(contractMonth: month, arr: try money(arr), activeTenants: tenants, turns: turns)
        return try SolutionMonth(usage, book: book.solution)
    }

    private func order(
        _ compact: Int64, _ standard: Int64, _ premium: Int64, _ tier: PartnerTier, term: Int64 = 1,
        payment: PaymentTerms = .prepaid, year: Int64 = 1
    ) throws -> DeploymentYear {
        let order = DeploymentOrder(
            compact: compact, standard: standard, premium: premium, tier: tier, termYears: term, payment: payment)
        return try DeploymentYear(order, contractYear: year, book: book.deployment)
    }

    @Test func aSmallSolutionPartner() throws {
        let first = try solution(1, "18000", 3, 12_000)
        #expect(
            [first.revenueShare, first.tenantFloor, first.turnFloor].map(\.display) == ["600.00", "897.00", "420.00"])
        #expect(first.charge.display == "3,500.00")
        #expect(try solution(12, "18000", 3, 12_000).charge.display == "3,500.00")
        #expect(try solution(13, "18000", 3, 12_000).charge.display == "897.00")
    }

    @Test func aGrownSolutionPartner() throws {
        let month = try solution(1, "172800", 12, 100_000)
        #expect(month.charge.display == "5,475.00")
        #expect(try month.charge.times(12).display == "65,700.00")
        #expect(try (month.charge.times(12) + SolutionMonth.onboarding(book.solution).net).display == "77,700.00")
        let explanation = try month.line(book.solution).explanation
        #expect(explanation.winners == ["revenue_share"])
        let tenants = explanation.changes.first { $0.candidate == "tenant_floor" }
        #expect(tenants?.input == "active_tenants" && tenants?.from == "19")
        #expect(
            explanation.sentence
                == "The revenue share wins with 5,475.00 (tenant floor 3,588.00, turn floor 3,500.00, "
                + "first-year minimum 3,500.00); the tenant floor would win from 19 active tenants; "
                + "the turn floor would win from 156,429 turns.")
    }

    @Test func theChangesThatAreNamedDoChangeTheWinner() throws {
        var random = SeededGenerator(state: 21)
        for _ in 0..<300 {
            let month = try solution(
                .random(in: 1...24, using: &random),
                Money(cents: .random(in: 0...200_000_000, using: &random)).description,
                .random(in: 0...80, using: &random), .random(in: 0...900_000, using: &random))
            for change in month.explanation(book.solution).changes {
                func changed(by step: Int64) throws -> SolutionMonth {
                    let usage = month.usage
                    func value(_ input: String, _ old: Int64) throws -> Int64 {
                        guard change.input == input else { return old }
                        return (input == "arr" ? try money(change.from).cents : Int64(change.from) ?? 0) + step
                    }
                    return try SolutionMonth(
                        SolutionUsage(
                            contractMonth: value("contract_month", usage.contractMonth),
                            arr: Money(cents: value("arr", usage.arr.cents)),
                            activeTenants: value("active_tenants", usage.activeTenants),
                            turns: value("turns", usage.turns)), book: book.solution)
                }
                #expect(try changed(by: 0).winners.map(\.rawValue).contains(change.candidate))
                #expect(try !changed(by: -1).winners.map(\.rawValue).contains(change.candidate))
            }
        }
    }

    @Test func theLineOfASolutionMonthMultiplies() throws {
        for month in [
            try solution(13, "0", 3, 12_000), try solution(13, "0", 0, 77_777), try solution(1, "0", 0, 0),
            try solution(13, "0", 0, 0),
        ] {
            let line = try month.line(book.solution)
            #expect(line.net == month.charge)
            #expect(try line.unitPrice.net(line.quantity) == line.net)
        }
    }

    @Test func wholesaleNeedsAnAgreement() throws {
        #expect(try solution(13, "0", 0, 500_000).charge.display == "17,500.00")
        let agreement = try WholesaleAgreement(committedTurns: 500_000, price: Rate("0.025"), book: book.solution)
        #expect(try WholesaleMonth(turns: 500_000, agreement: agreement).charge.display == "12,500.00")
        #expect(try WholesaleMonth(turns: 1, agreement: agreement).charge.display == "12,500.00")
        #expect(try WholesaleMonth(turns: 1, agreement: agreement).explanation.winners == ["committed"])
        #expect(try WholesaleMonth(turns: 500_001, agreement: agreement).explanation.winners == ["turns"])
        let low = #expect(throws: Refusal.self) {
            try WholesaleAgreement(committedTurns: 499_999, price: Rate("0.025"), book: book.solution)
        }
        #expect(low?.field == "committed")
        let cheap = #expect(throws: Refusal.self) {
            try WholesaleAgreement(committedTurns: 500_000, price: Rate("0.024999"), book: book.solution)
        }
        #expect(cheap?.field == "price")
    }

    @Test func deploymentOrders() throws {
        let large = try order(0, 25, 0, .certified, term: 2)
        #expect(large.licences.display == "292,500.00")
        #expect(large.onboardingOnce.display == "12,000.00" && large.tierYear.display == "6,000.00")
        #expect(large.total.display == "310,500.00")
        #expect(try order(0, 10, 0, .certified).licences.display == "135,000.00")
        let authorized = try order(3, 0, 0, .authorized)
        #expect(authorized.licences.display == "18,000.00" && authorized.total.display == "21,000.00")
        #expect(try order(12, 0, 0, .certified).licences.display == "54,000.00")
        #expect(try order(12, 0, 0, .certified, year: 2).onboardingOnce == .zero)
        let mixed = try order(2, 2, 1, .certified)
        #expect(mixed.lines.map(\.net.display) == ["10,200.00", "30,600.00", "30,600.00", "6,000.00", "12,000.00"])
    }

    @Test func bundlesNeedTierPaymentAndTerm() throws {
        #expect(try order(0, 25, 0, .certified, term: 1).bundle.discount.description == "25")
        #expect(try order(0, 25, 0, .certified, term: 3).bundle.discount.description == "35")
        #expect(try order(0, 25, 0, .certified, term: 2, payment: .annualInvoice).bundle.applied == nil)
        #expect(try order(0, 25, 0, .authorized, term: 2).bundle.applied == nil)
        #expect(try order(0, 4, 0, .certified).bundle.applied == nil)
        let short = try #require(try order(0, 25, 0, .certified, term: 1).lines.first).explanation
        #expect(short.winners == ["bundle_10"])
        #expect(short.changes == [Explanation.Change(candidate: "bundle_25", input: "term_years", from: "2")])
        let small = try #require(try order(0, 4, 0, .certified).lines.first).explanation
        #expect(small.changes == [Explanation.Change(candidate: "bundle_5", input: "instances", from: "5")])
    }

    @Test func enterpriseRefusesPublicSectorWithoutPremium() throws {
        for sector in [Sector.publicSector, .criticalInfrastructure] {
            for level in [ServiceLevelName.business, nil] {
                let usage = EnterpriseUsage(
                    peakBillableTenants: 1, voiceMillisecondsByTenant: [], serviceLevel: level, sector: sector)
                let refusal = #expect(throws: Refusal.self) { try EnterpriseMonth(usage, book: book.enterprise) }
                #expect(refusal?.field == "sla" && refusal?.reason == "premium_sla_mandatory")
            }
        }
        #expect(try EnterpriseMonth.annualLicence(book.enterprise).net.display == "120,000.00")
        #expect(try EnterpriseMonth.implementation(book.enterprise).net.display == "60,000.00")
    }

    @Test func callsAreOnlyRoundedWhereAgreed() {
        #expect(CallIncrement.second.billable(milliseconds: 1) == 1_000)
        #expect(CallIncrement.sixSeconds.billable(milliseconds: 6_001) == 12_000)
        #expect(CallIncrement.minute.billable(milliseconds: 60_000) == 60_000)
        #expect(CallIncrement.minute.billable(milliseconds: 60_001) == 120_000)
        #expect(CallIncrement.minute.billable(milliseconds: 0) == 0)
        #expect(CallIncrement.minute.billable(milliseconds: .max) == .max)
    }

    @Test func theGuaranteeIsRecoupedFirst() throws {
        let agreement = try RevenueShareAgreement(percent: Percent("20"), resells: true, book: book.enterprise)
        let months = try agreement.year([money("500000"), money("150000"), money("10.03")])
        #expect(months.map(\.billed.display) == ["0.00", "10,000.00", "2.01"])
        #expect(months.map(\.guaranteeLeftAfter.display) == ["20,000.00", "0.00", "0.00"])
        #expect(throws: Refusal.self) {
            try RevenueShareAgreement(percent: Percent("20"), resells: false, book: book.enterprise)
        }
        for percent in ["14.999999", "20.000001"] {
            let refusal = #expect(throws: Refusal.self) {
                try RevenueShareAgreement(percent: Percent(percent), resells: true, book: book.enterprise)
            }
            #expect(refusal?.field == "percent")
        }
        #expect(throws: Refusal.self) { try agreement.year([Money](repeating: .zero, count: 13)) }
    }

    @Test func theNormalisedComparison() throws {
        let rows = try Comparison(.published, book: book).rows
        #expect(rows.map(\.program) == ["direct", "solution", "enterprise", "deployment"])
        #expect(rows.map(\.year.display) == ["129,456.00", "65,700.00", "144,000.00", "60,000.00"])
        #expect(rows.map(\.firstYear.display) == ["243,456.00", "77,700.00", "204,000.00", "72,000.00"])
        #expect(rows.map(\.perTurn.micros) == [108_000, 55_000, 120_000, 50_000])
        #expect(rows.map(\.vendorModelCostYear.display) == ["14,400.00", "0.00", "0.00", "0.00"])
        let standard = book.deployment.standard
        let turns = try #require(standard.turnsMonth) * 12
        let perTurn = try book.deployment.bundles.map { bundle in
            try Comparison.perTurn(
                UnitPrice(standard.year).net(1, discount: bundle.discount), turns: turns, decimals: 4)
        }
        #expect(perTurn.map(\.description) == ["0.0128", "0.0113", "0.0098"])
    }

    @Test func capacityIsReportedNeverCharged() throws {
        func notice(_ size: InstanceSize, _ turns: [Int64]) -> CapacityNotice? {
            CapacityNotice(size: size, turnsByMonth: turns, book: book.deployment)
        }
        #expect(notice(.compact, [7_999]) == nil)
        #expect(notice(.compact, [8_000])?.level == .nearing)
        #expect(notice(.compact, [10_000])?.level == .reached)
        #expect(notice(.compact, [10_001, 10_001])?.level == .reached)
        #expect(notice(.compact, [10_001, 10_000, 10_001])?.level == .reached)
        let drafted = notice(.compact, [1, 10_001, 10_001, 10_001])
        #expect(drafted?.level == .upgradeDrafted && drafted?.upgrade == .standard)
        #expect(notice(.compact, [10_001, 100_001, 10_001])?.upgrade == .premium)
        #expect(notice(.premium, [.max, .max, .max]) == nil)
        #expect(notice(.compact, []) == nil)
    }

    @Test func sustainedLoadDraftsAnOrderForm() throws {
        func notice(_ months: [(Int64, Int64)]) -> SustainedLoadNotice? {
            SustainedLoadNotice(
                months: months.map { SustainedLoadNotice.Month(turns: $0.0, tenants: $0.1) }, book: book.enterprise)
        }
        #expect(notice([(350_001, 3), (350_002, 25)]) == nil)
        #expect(notice([(350_001, 3), (350_000, 25), (400_000, 3)]) == nil)
        #expect(notice([(350_001, 3), (350_002, 25), (364_001, 26)])?.additionalTurns == 2)
        #expect(notice([(350_001, 3), (350_002, 25), (364_001, 26)])?.planningTurns == 364_000)
    }

    @Test func orderFormsCarryTheirOwnPrice() throws {
        let item = try OrderFormItem(
            reference: "OF-7", title: "Additional turns", quantity: 50_000, price: Rate("0.012345"))
        let line = try item.line()
        #expect(line.net.display == "617.25" && line.kind.description == "order_form:OF-7")
        #expect(throws: Refusal.self) { try OrderFormItem(reference: "x", title: "x", quantity: -1, price: Rate("1")) }
    }
}
