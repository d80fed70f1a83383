/// The same business under every program, as domain 2.4 compares them.
package struct Comparison: Hashable, Sendable {
    /// The case to compare; what no price book holds is an input.
    package struct Scenario: Hashable, Sendable {
        package let tenants: Int64
        package let turnsMonth: Int64
        /// What an end-customer pays a month.
        package let revenueTenantMonth: Money
        /// Governance and SLA agreed by order form on an Enterprise licence, a year.
        package let governanceYear: Money
        /// Model cost that the vendor carries when it sells directly, a year.
        package let directModelCostYear: Money

        package init(
            tenants: Int64, turnsMonth: Int64, revenueTenantMonth: Money, governanceYear: Money,
            directModelCostYear: Money
        ) {
            self.tenants = tenants
            self.turnsMonth = turnsMonth
            self.revenueTenantMonth = revenueTenantMonth
            self.governanceYear = governanceYear
            self.directModelCostYear = directModelCostYear
        }

        /// The published comparison: 12 tenants, 100,000 turns a month, 1,200.00 a tenant and month.
        package static let published = Scenario(
            tenants: 12, turnsMonth: 100_000, revenueTenantMonth: Money(cents: 120_000),
            governanceYear: Money(cents: 2_400_000), directModelCostYear: Money(cents: 1_440_000))
    }

    /// One program under the same load.
    package struct Row: Hashable, Sendable {
        package let program: String
        package let year: Money
        package let firstYear: Money
        /// Thousandths of a euro.
        package let perTurn: Rate
        /// Included in nothing above: what the vendor carries.
        package let vendorModelCostYear: Money
    }

    /// Direct, Solution, Enterprise, Deployment (all Compact, Certified).
    package let rows: [Row]

    package init(_ scenario: Scenario, book: PriceBook) throws(Refusal) {
        let tenants = scenario.tenants
        let turns = try Comparison.yearly(scenario.turnsMonth, "turns_month")
        guard turns > 0 else {
            throw Refusal(field: "turns_month", reason: "out_of_range", message: "turns_month must be positive")
        }
        func row(_ program: String, _ year: Money, once: Money, cost: Money = .zero) throws(Refusal) -> Row {
            try Row(
                program: program, year: year, firstYear: Money.sum([year, once]),
                perTurn: Comparison.perTurn(year, turns: turns, decimals: 3), vendorModelCostYear: cost)
        }
        let monthly = try UnitPrice(book.direct.businessMonth).net(tenants)
        let direct = try row(
            "direct", monthly.times(12), once: UnitPrice(book.direct.setupOncePerTenant).net(tenants),
            cost: scenario.directModelCostYear)
        let arr = try scenario.revenueTenantMonth.times(Comparison.yearly(tenants, "tenants"))
        let month = try SolutionMonth(
            SolutionUsage(contractMonth: 1, arr: arr, activeTenants: tenants, turns: scenario.turnsMonth),
            book: book.solution)
        let solution = try row("solution", month.charge.times(12), once: book.solution.onboardingOnce)
        let enterprise = try row(
            "enterprise", Money.sum([book.enterprise.annualLicence, scenario.governanceYear]),
            once: book.enterprise.implementationOnce)
        let order = DeploymentOrder(
            compact: tenants, standard: 0, premium: 0, tier: .certified, termYears: 1, payment: .prepaid)
        let second = try DeploymentYear(order, contractYear: 2, book: book.deployment)
        let deployment = try row("deployment", second.total, once: book.deployment.certified.once)
        rows = [direct, solution, enterprise, deployment]
    }

    /// A yearly amount for one turn, rounded half away from zero to at most six decimals: for tables only.
    package static func perTurn(_ year: Money, turns: Int64, decimals: Int) throws(Refusal) -> Rate {
        try Inputs.check(turns, 1...Decided.countLimit * 12, "turns")
        try Inputs.check(amount: year, "year")
        var scale: Int128 = 1
        for _ in 0..<min(max(decimals, 0), 6) { scale *= 10 }
        let units = Rounding.halfAwayFromZero(Int128(year.cents) * scale, over: Int128(turns) * 100)
        return Rate(micros: Int64(clamping: units * (1_000_000 / scale)))
    }

    private static func yearly(_ count: Int64, _ field: String) throws(Refusal) -> Int64 {
        try Inputs.check(count: count, field)
        return count * 12
    }
}
