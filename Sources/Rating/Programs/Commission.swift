/// A sales partner's month (domain 8): the share of the attributed platform fees and message overages, rounded once on
/// the statement. Lines are net of discounts, credits and tax; a credit note's line is negative and carries forward.
package struct Commission: Hashable, Sendable {
    /// What one attributed tenant brought in.
    package struct Line: Hashable, Sendable {
        package let platformFee: Money
        package let overage: Money

        package init(platformFee: Money, overage: Money) {
            self.platformFee = platformFee
            self.overage = overage
        }
    }

    package let percent: Percent
    package let revenue: Money
    package let amount: Money

    package init(_ lines: [Line], percent: Percent) throws(Refusal) {
        revenue = try Money.sum(lines.lazy.flatMap { [$0.platformFee, $0.overage] })
        amount = try percent.of(revenue)
        self.percent = percent
    }

    package var explanation: Explanation {
        Explanation(
            rule: "sales.commission", inputs: ["revenue": revenue.description, "percent": percent.description],
            sentence: "\(percent) % of the attributed revenue of \(revenue.display), rounded once.")
    }
}
