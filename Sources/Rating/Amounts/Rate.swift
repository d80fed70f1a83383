/// A price in euro with up to six decimals, exact: `0.035` a turn, `350.00` a tenant. Never negative.
package struct Rate: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Millionths of a euro.
    package let micros: Int64

    package init(micros: Int64) { self.micros = micros }

    package init(_ money: Money) throws(Refusal) {
        let (micros, overflow) = money.cents.multipliedReportingOverflow(by: Rate.microsPerCent)
        guard !overflow, (0...Rate.limit.micros).contains(micros) else {
            throw FixedPoint.refusal(.tooLarge, field: "price", what: "a price", decimals: 6)
        }
        self.micros = micros
    }

    static let microsPerCent: Int64 = 10_000

    /// A million million euro for one unit.
    package static let limit = Rate(micros: 1_000_000_000_000_000_000)

    /// Reads `"0.035"`; throws a `Refusal` of `field` for negatives, more than six decimals or over the limit.
    package init(_ text: some StringProtocol, field: String = "price") throws(Refusal) {
        do {
            micros = try FixedPoint.parse(text, decimals: 6, limit: Rate.limit.micros)
        } catch {
            throw FixedPoint.refusal(error, field: field, what: "a price in euro", decimals: 6)
        }
        if micros < 0 {
            throw Refusal(field: field, reason: "negative", message: "a price is not negative; send a positive price")
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.micros < right.micros }

    /// At least two decimals, at most six: `350.00`, `0.035`.
    package var description: String { FixedPoint.text(micros, decimals: 6, atLeast: 2) }
}

/// A rate for `per` units: 350.00 for one tenant, 0.08 for 60,000 ms. Text: `350.00`, `0.08/60000`.
package struct UnitPrice: Hashable, Sendable, CustomStringConvertible {
    package let rate: Rate
    /// Units covered by the rate, at least one.
    package let per: Int64

    package init(_ rate: Rate, per: Int64 = 1) {
        precondition(per > 0, "a price covers at least one unit")
        self.rate = rate
        self.per = per
    }

    /// `quantity` units at this price, less `discount`: exact until the one rounding.
    package func net(_ quantity: Int64, discount: Percent = .zero) throws(Refusal) -> Money {
        let exact = Int128(quantity) * Int128(rate.micros)
        guard discount != .zero else {
            return try Money.rounded(exact, over: Int128(Rate.microsPerCent) * Int128(per))
        }
        let (product, overflow) = exact.multipliedReportingOverflow(
            by: Int128(Percent.whole.millionths - discount.millionths))
        guard !overflow else {
            throw FixedPoint.refusal(.tooLarge, field: Refusal.result, what: "the result", decimals: 2)
        }
        return try Money.rounded(
            product, over: Int128(Rate.microsPerCent) * Int128(per) * Int128(Percent.whole.millionths))
    }

    package var description: String { per == 1 ? rate.description : "\(rate)/\(per)" }
}

/// A percentage from 0 to 100 with up to six decimals, exact. Text without superfluous zeros: `17.5`, `20`, `0`.
package struct Percent: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Millionths of one per cent.
    package let millionths: Int64

    init(millionths: Int64) { self.millionths = millionths }

    package static let zero = Percent(millionths: 0)
    package static let whole = Percent(millionths: 100_000_000)

    /// Reads `"17.5"`; throws a `Refusal` of `field` outside 0–100.
    package init(_ text: some StringProtocol, field: String = "percent") throws(Refusal) {
        do {
            millionths = try FixedPoint.parse(text, decimals: 6, limit: Percent.whole.millionths)
        } catch .tooLarge {
            throw Refusal(field: field, reason: "out_of_range", message: "a percentage lies between 0 and 100")
        } catch {
            throw FixedPoint.refusal(error, field: field, what: "a percentage", decimals: 6)
        }
        if millionths < 0 {
            throw Refusal(field: field, reason: "out_of_range", message: "a percentage lies between 0 and 100")
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.millionths < right.millionths }

    /// This share of `amount`, rounded once.
    package func of(_ amount: Money) throws(Refusal) -> Money {
        try Money.rounded(Int128(amount.cents) * Int128(millionths), over: Int128(Percent.whole.millionths))
    }

    package var description: String { FixedPoint.text(millionths, decimals: 6, atLeast: 0) }
}

extension Rate: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            self = try Rate(try container.decode(String.self))
        } catch let refusal as Refusal {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: refusal.message)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Percent: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            self = try Percent(try container.decode(String.self))
        } catch let refusal as Refusal {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: refusal.message)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
