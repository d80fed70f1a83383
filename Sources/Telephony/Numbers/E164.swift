import Kernel

/// A number of the international plan (ITU-T E.164), written with `+` and 4 to 15 digits.
package struct E164: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    /// The digits without `+`.
    package let digits: String

    /// Reads `+` and digits, nothing else: `nil` for blanks, letters, a leading zero or a wrong length.
    package init?(_ text: some StringProtocol) {
        guard text.first == "+" else { return nil }
        self.init(digits: text.dropFirst())
    }

    /// The same without `+`.
    package init?(digits: some StringProtocol) {
        guard (4...15).contains(digits.utf8.count), digits.utf8.first != UInt8(ascii: "0"),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        self.digits = String(digits)
    }

    private init(checked digits: String) { self.digits = digits }

    /// For documents and examples; nobody's number.
    package static let example = E164(checked: "43720000000")

    package var description: String { "+\(digits)" }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = E164(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "must be a number in E.164 form, for example +43720123456")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package static func < (left: Self, right: Self) -> Bool { left.digits < right.digits }
}
