/// Form and check digits of one country's VAT IDs, over ASCII characters without the prefix.
struct VATNumberRule: Sendable {
    /// Alternatives; `9` a digit, `A` a letter, `X` a letter or digit, anything else itself in lower case.
    let forms: [String]
    let checks: @Sendable ([UInt8]) -> Bool

    func matches(_ characters: [UInt8]) -> Bool {
        forms.contains { form in
            form.utf8.count == characters.count
                && zip(form.utf8, characters).allSatisfy { pattern, character in
                    let digit = (48...57).contains(character)
                    let letter = (65...90).contains(character)
                    return switch pattern {
                    case UInt8(ascii: "9"): digit
                    case UInt8(ascii: "A"): letter
                    case UInt8(ascii: "X"): digit || letter
                    default: pattern == character || (pattern >= 97 && pattern - 32 == character)
                    }
                }
        }
    }

    private static func digits(_ count: Int) -> [String] { [String(repeating: "9", count: count)] }

    /// Every member of the Union.
    static let rules: [String: VATNumberRule] = [
        "AT": VATNumberRule(forms: ["u99999999"]) { CheckDigits.austria($0.numbers(from: 1)) },
        "BE": VATNumberRule(forms: ["0999999999", "1999999999"]) { text in
            let number = text.numbers()
            return number[..<8].value > 0 && 97 - number[..<8].value % 97 == number[8...].value
        },
        "BG": VATNumberRule(forms: digits(9) + digits(10)) { CheckDigits.bulgaria($0.numbers()) },
        "CY": VATNumberRule(forms: ["99999999A"]) { CheckDigits.cyprus($0) },
        "CZ": VATNumberRule(forms: digits(8) + digits(9) + digits(10)) { CheckDigits.czechia($0.numbers()) },
        "DE": VATNumberRule(forms: digits(9)) { text in
            text[0] != 48 && CheckDigits.mod11And10(text.numbers())
        },
        "DK": VATNumberRule(forms: digits(8)) { text in
            text[0] != 48 && text.numbers().weighted([2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0
        },
        "EE": VATNumberRule(forms: digits(9)) { $0.numbers().weighted([3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 == 0 },
        "ES": VATNumberRule(forms: ["X9999999X"]) { CheckDigits.spain($0) },
        "FI": VATNumberRule(forms: digits(8)) { $0.numbers().weighted([7, 9, 10, 5, 8, 4, 2, 1]) % 11 == 0 },
        "FR": VATNumberRule(forms: ["XX999999999"]) { CheckDigits.france($0) },
        "GR": VATNumberRule(forms: digits(9)) { text in
            let number = text.numbers()
            return number[..<8].weighted([256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == number[8]
        },
        "HR": VATNumberRule(forms: digits(11)) { CheckDigits.mod11And10($0.numbers()) },
        "HU": VATNumberRule(forms: digits(8)) { $0.numbers().weighted([9, 7, 3, 1, 9, 7, 3, 1]) % 10 == 0 },
        "IE": VATNumberRule(forms: ["9999999A", "9999999AA", "9A99999A", "9+99999A", "9*99999A"]) {
            CheckDigits.ireland($0)
        },
        "IT": VATNumberRule(forms: digits(11)) { CheckDigits.italy($0.numbers()) },
        "LT": VATNumberRule(forms: digits(9) + digits(12)) { CheckDigits.lithuania($0.numbers()) },
        "LU": VATNumberRule(forms: digits(8)) { text in
            let number = text.numbers()
            return number[..<6].value % 89 == number[6...].value
        },
        "LV": VATNumberRule(forms: digits(11)) { CheckDigits.latvia($0.numbers()) },
        "MT": VATNumberRule(forms: digits(8)) { text in
            text[0] != 48 && text.numbers().weighted([3, 4, 6, 7, 8, 9, 10, 1]) % 37 == 0
        },
        "NL": VATNumberRule(forms: ["999999999b99"]) { CheckDigits.netherlands($0) },
        "PL": VATNumberRule(forms: digits(10)) { $0.numbers().weighted([6, 5, 7, 2, 3, 4, 5, 6, 7, 10]) % 11 == 0 },
        "PT": VATNumberRule(forms: digits(9)) { text in
            let number = text.numbers()
            return text[0] != 48 && (11 - number[..<8].weighted([9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10 == number[8]
        },
        "RO": VATNumberRule(forms: (2...10).flatMap(digits)) { CheckDigits.romania($0.numbers()) },
        "SE": VATNumberRule(forms: ["999999999901"]) { CheckDigits.luhn($0.numbers().prefix(10)) },
        "SI": VATNumberRule(forms: digits(8)) { text in
            let number = text.numbers()
            let check = 11 - number[..<7].weighted([8, 7, 6, 5, 4, 3, 2]) % 11
            return text[0] != 48 && (check == 10 ? 0 : check) == number[7]
        },
        "SK": VATNumberRule(forms: digits(10)) { text in
            let number = text.numbers()
            return number[0] != 0 && [2, 3, 4, 7, 8, 9].contains(number[2]) && number[...].value % 11 == 0
        },
    ]
}

extension [UInt8] {
    /// The values of the digits from a position on; letters give values above nine.
    func numbers(from start: Int = 0) -> [Int] { self[start...].map { Int($0) - 48 } }
}

extension Collection<Int> {
    /// The digits read as one number; at most eighteen.
    var value: Int { reduce(0) { $0 * 10 + $1 } }

    func weighted(_ weights: [Int]) -> Int { zip(self, weights).reduce(0) { $0 + $1.0 * $1.1 } }
}
