/// The only rounding in the product: half away from zero. A line's amount passes through it once.
package enum Rounding {
    /// `numerator / denominator` as a whole number; the denominator is positive.
    package static func halfAwayFromZero(_ numerator: Int128, over denominator: Int128) -> Int128 {
        precondition(denominator > 0, "a rounding needs a positive denominator")
        if let small = Int64(exactly: numerator), let divisor = Int64(exactly: denominator) {
            // The usual case: one hardware division.
            let (quotient, remainder) = small.quotientAndRemainder(dividingBy: divisor)
            let up = remainder.magnitude >= divisor.magnitude - remainder.magnitude
            return Int128(quotient) + (up ? (small < 0 ? -1 : 1) : 0)
        }
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        let up = remainder.magnitude >= denominator.magnitude - remainder.magnitude
        return quotient + (up ? (numerator < 0 ? -1 : 1) : 0)
    }

    /// The smallest whole number that is not below `numerator / denominator`; both positive or zero.
    static func ceiling(_ numerator: Int128, over denominator: Int128) -> Int128 {
        (numerator + denominator - 1) / denominator
    }
}
