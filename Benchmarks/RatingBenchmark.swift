import Rating

/// Solution months rated on one core.
struct RatingBenchmark {
    func run(into report: inout Report) throws {
        let book = PriceBook.v2_1.solution
        let count: Int64 = 5_000_000
        var sum: Int64 = 0
        let start = ContinuousClock.now
        for number in 0..<count {
            let usage = SolutionUsage(
                contractMonth: number % 24 + 1, arr: Money(cents: number % 1_000_000 * 100),
                activeTenants: number % 40, turns: number % 300_000)
            sum &+= try SolutionMonth(usage, book: book).charge.cents
        }
        let seconds = start.duration(to: .now).seconds
        // Printed nowhere, but the compiler must not find out.
        guard sum != 0 else { return }
        let rate = Double(count) / seconds
        report.begin(
            "Rating",
            "One thread computes charges of the Solution program over 24 contract months, without their sentences."
        )
        report.add(
            "Solution months rated on one core", "\(Report.rounded(rate)) /s", wanted: "≥ 1,000,000 /s",
            holds: rate >= 1_000_000)
    }
}
