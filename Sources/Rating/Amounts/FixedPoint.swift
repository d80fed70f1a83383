/// Decimal text to whole numbers of the smallest unit and back: the only door through which amounts are read.
/// Strict: digits, at most one point with digits on both sides, an optional minus; no exponent, no plus, no spaces.
enum FixedPoint {
    enum Problem: Error, Hashable {
        case notADecimal, tooManyDecimals, tooLarge
    }

    /// `"17.5"` with six decimals is 17,500,000. A superfluous zero counts as a decimal: what is written is checked.
    static func parse(_ text: some StringProtocol, decimals: Int, limit: Int64) throws(Problem) -> Int64 {
        var digits = Array(text.utf8)[...]
        let negative = digits.first == UInt8(ascii: "-")
        if negative { digits.removeFirst() }
        let point = digits.firstIndex(of: UInt8(ascii: "."))
        let whole = digits[..<(point ?? digits.endIndex)]
        let fraction = point.map { digits[($0 + 1)...] } ?? []
        let isDigit = { (byte: UInt8) in (48...57).contains(byte) }
        guard !whole.isEmpty, whole.allSatisfy(isDigit), fraction.allSatisfy(isDigit),
            point == nil || !fraction.isEmpty, whole.count == 1 || whole.first != 48
        else { throw .notADecimal }
        guard fraction.count <= decimals else { throw .tooManyDecimals }
        guard whole.count <= 18 else { throw .tooLarge }
        var value: Int128 = 0
        for byte in whole { value = value * 10 + Int128(byte - 48) }
        for byte in fraction { value = value * 10 + Int128(byte - 48) }
        for _ in fraction.count..<decimals { value *= 10 }
        guard value <= Int128(limit) else { throw .tooLarge }
        return negative ? -Int64(value) : Int64(value)
    }

    /// The inverse; trailing zeros are dropped down to `atLeast` decimals.
    static func text(_ value: Int64, decimals: Int, atLeast: Int) -> String {
        var digits = Array(String(value.magnitude).utf8)
        while digits.count <= decimals { digits.insert(48, at: 0) }
        var fraction = digits.suffix(decimals)
        while fraction.count > atLeast, fraction.last == 48 { fraction.removeLast() }
        let whole = String(decoding: digits.dropLast(decimals), as: UTF8.self)
        let text = fraction.isEmpty ? whole : whole + "." + String(decoding: fraction, as: UTF8.self)
        return value < 0 ? "-" + text : text
    }

    static func refusal(_ problem: Problem, field: String, what: String, decimals: Int) -> Refusal {
        switch problem {
        case .notADecimal:
            Refusal(
                field: field, reason: "not_a_decimal",
                message: "\(what) must be a plain decimal number such as \(decimals == 2 ? "5475.00" : "17.5")")
        case .tooManyDecimals:
            Refusal(
                field: field, reason: "too_many_decimals",
                message: "\(what) has at most \(decimals) decimals; round it before sending")
        case .tooLarge:
            Refusal(field: field, reason: "too_large", message: "\(what) is too large; check the figure")
        }
    }
}
