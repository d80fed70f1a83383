/// An amount in euro, held as whole cents. Written as a decimal string (`"5475.00"`), shown as `5,475.00`.
///
/// Every amount that is read or computed here stays within ±`limit`; `+` and `-` trap only beyond `Int64`, which
/// ninety amounts at the limit do not reach. Sums over lists use `sum(_:)`, which refuses instead.
package struct Money: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let cents: Int64

    package init(cents: Int64) { self.cents = cents }

    package static let zero = Money(cents: 0)

    /// A thousand trillion euro: far above any invoice, far below overflow.
    package static let limit = Money(cents: 100_000_000_000_000_000)

    /// Reads `"5475.00"`, `"5475.5"` or `"5475"`; throws a `Refusal` of `field` for anything else or over the limit.
    package init(_ text: some StringProtocol, field: String = "amount") throws(Refusal) {
        do {
            cents = try FixedPoint.parse(text, decimals: 2, limit: Money.limit.cents)
        } catch {
            throw FixedPoint.refusal(error, field: field, what: "an amount in euro", decimals: 2)
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.cents < right.cents }
    package static func + (left: Self, right: Self) -> Money { Money(cents: left.cents + right.cents) }
    package static func - (left: Self, right: Self) -> Money { Money(cents: left.cents - right.cents) }
    package static prefix func - (value: Self) -> Money { Money(cents: -value.cents) }
    package static func += (left: inout Self, right: Self) { left = left + right }

    package var isNegative: Bool { cents < 0 }

    /// The exact sum; refuses beyond the limit.
    package static func sum(_ amounts: some Sequence<Money>) throws(Refusal) -> Money {
        var total: Int128 = 0
        for amount in amounts { total += Int128(amount.cents) }
        return try rounded(total, over: 1)
    }

    /// `self × count`, exact; refuses beyond the limit.
    package func times(_ count: Int64) throws(Refusal) -> Money {
        try Money.rounded(Int128(cents) * Int128(count), over: 1)
    }

    /// The one rounding of the product: `numerator / denominator` cents, half away from zero. Called once per line.
    package static func rounded(_ numerator: Int128, over denominator: Int128) throws(Refusal) -> Money {
        let cents = Rounding.halfAwayFromZero(numerator, over: denominator)
        guard cents.magnitude <= limit.cents.magnitude else {
            throw Refusal(
                field: Refusal.result, reason: "too_large",
                message: "the result is too large for an invoice; check the figures")
        }
        return Money(cents: Int64(cents))
    }

    /// `5475.00`: the form of files and interfaces.
    package var description: String { FixedPoint.text(cents, decimals: 2, atLeast: 2) }

    /// `5,475.00`: the form for people.
    package var display: String {
        let text = description
        return Wording.grouped(cents / 100, negative: cents < 0) + text.suffix(3)
    }

    /// Splits the amount over `weights` so that the parts add up to the cent: everyone gets the floor, the cents left
    /// over go to the largest remainders, the earlier one on a tie. All-zero weights share equally.
    /// Weights are not negative; an empty list gives an empty answer.
    package func allocated(by weights: [Int64]) -> [Money] {
        guard !weights.isEmpty else { return [] }
        let total = weights.reduce(Int128(0)) { $0 + Int128(max(0, $1)) }
        let shares = total == 0 ? [Int64](repeating: 1, count: weights.count) : weights
        let divisor = total == 0 ? Int128(weights.count) : total
        let magnitude = Int128(cents.magnitude)
        var parts = shares.map { (magnitude * Int128(max(0, $0))).quotientAndRemainder(dividingBy: divisor) }
        let left = Int(magnitude - parts.reduce(0) { $0 + $1.quotient })
        let order = parts.indices.sorted { (parts[$0].remainder, $1) > (parts[$1].remainder, $0) }
        for index in order.prefix(left) { parts[index].quotient += 1 }
        return parts.map { Money(cents: cents < 0 ? -Int64($0.quotient) : Int64($0.quotient)) }
    }
}

extension Money: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            self = try Money(try container.decode(String.self))
        } catch let refusal as Refusal {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: refusal.message)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
