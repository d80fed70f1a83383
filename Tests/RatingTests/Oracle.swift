@testable import Rating

/// A second, slow reading of the rules: fractions in lowest terms, prices written out, one tier after the other.
/// It shares nothing with the product but the types of its inputs.
enum Oracle {
    struct Fraction {
        var top: Int128
        var bottom: Int128

        init(_ top: Int128, _ bottom: Int128 = 1) {
            var (a, b) = (top.magnitude, bottom.magnitude)
            while b != 0 { (a, b) = (b, a % b) }
            let divisor = a == 0 ? 1 : Int128(a)
            self.top = top / divisor
            self.bottom = bottom / divisor
        }

        static func + (left: Self, right: Self) -> Fraction {
            Fraction(left.top * right.bottom + right.top * left.bottom, left.bottom * right.bottom)
        }

        static func * (left: Self, right: Self) -> Fraction {
            Fraction(left.top * right.top, left.bottom * right.bottom)
        }

        /// Whole cents of an amount in euro, half away from zero.
        var cents: Int64 {
            let value = Fraction(top * 100, bottom)
            let doubled = 2 * (value.top < 0 ? -value.top : value.top) + value.bottom
            let rounded = Int64(doubled / (2 * value.bottom))
            return value.top < 0 ? -rounded : rounded
        }
    }

    static func solution(_ usage: SolutionUsage) -> (charge: Money, winners: [String]) {
        let arr = Int128(usage.arr.cents)
        // 40 % to 150,000; 25 % to 600,000; 15 % above: summed as 15 % of all, 10 % of the first 600,000, 15 % more of
        // the first 150,000.
        let share =
            Fraction(arr * 15, 10_000) + Fraction(min(arr, 60_000_000) * 10, 10_000)
            + Fraction(min(arr, 15_000_000) * 15, 10_000)
        var candidates: [(name: String, cents: Int64)] = [
            ("revenue_share", (share * Fraction(1, 12)).cents),
            ("tenant_floor", (Fraction(Int128(usage.activeTenants)) * Fraction(299)).cents),
            ("turn_floor", (Fraction(Int128(usage.turns)) * Fraction(35, 1000)).cents),
        ]
        if usage.contractMonth < 13 { candidates.append(("first_year_minimum", 350_000)) }
        let best = candidates.map(\.cents).max() ?? 0
        return (Money(cents: best), candidates.filter { $0.cents == best }.map(\.name))
    }

    /// The total of an Enterprise month in cents.
    static func enterprise(tenants: Int64, voice: [Int64], sla: ServiceLevelName?) -> Int64 {
        var total = Fraction(Int128(max(0, tenants - 25)) * 350).cents + Int64(voice.count) * 25_000
        for milliseconds in voice where milliseconds > 120_000_000 {
            total += Fraction(Int128(milliseconds - 120_000_000) * 8, 6_000_000).cents
        }
        return total + (sla == .premium ? 800_000 : sla == .business ? 400_000 : 0)
    }

    /// Licences of a year in cents for an order that is eligible for bundles of one year.
    static func licences(compact: Int64, standard: Int64, premium: Int64) -> Int64 {
        let list = compact * 600_000 + standard * 1_800_000 + premium * 3_600_000
        let count = compact + standard + premium
        return list * (count >= 10 ? 75 : count >= 5 ? 85 : 100) / 100
    }
}
