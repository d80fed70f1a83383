/// The check-digit procedures that need more than one weighted sum. All take digits of the right count.
enum CheckDigits {
    /// Doubles every second digit from the right, the check digit excluded.
    static func luhn(_ digits: some BidirectionalCollection<Int>) -> Bool {
        var sum = 0
        for (index, digit) in digits.reversed().enumerated() {
            let value = index % 2 == 1 ? digit * 2 : digit
            sum += value / 10 + value % 10
        }
        return sum % 10 == 0
    }

    /// ISO 7064 MOD 11,10.
    static func mod11And10(_ digits: [Int]) -> Bool {
        var check = 5
        for digit in digits {
            check = ((check == 0 ? 10 : check) * 2 % 11 + digit) % 10
        }
        return check == 1
    }

    static func austria(_ digits: [Int]) -> Bool {
        var sum = 4
        for (index, digit) in digits.prefix(7).enumerated() {
            let value = index % 2 == 1 ? digit * 2 : digit
            sum += value / 10 + value % 10
        }
        return (10 - sum % 10) % 10 == digits[7]
    }

    /// Nine digits for companies; ten for citizens, foreigners and others.
    static func bulgaria(_ digits: [Int]) -> Bool {
        guard digits.count == 10 else {
            var check = digits.weighted([1, 2, 3, 4, 5, 6, 7, 8]) % 11
            if check == 10 { check = digits.weighted([3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10 }
            return check == digits[8]
        }
        let last = digits[9]
        let month = digits[2...3].value
        let (century, monthOfYear) = month > 40 ? (2000, month - 40) : month > 20 ? (1800, month - 20) : (1900, month)
        let citizen = isDay(century + digits[0...1].value, monthOfYear, digits[4...5].value)
        if citizen, digits.weighted([2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == last { return true }
        if digits.weighted([21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10 == last { return true }
        return (11 - digits.weighted([4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 == last
    }

    static func cyprus(_ text: [UInt8]) -> Bool {
        let digits = text.numbers()
        let odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21]
        let sum = (0..<8).reduce(0) { $0 + ($1 % 2 == 0 ? odd[digits[$1]] : digits[$1]) }
        return digits[0...1].value != 12 && Int(text[8]) - 65 == sum % 26
    }

    /// Eight digits for companies, nine with a leading 6 for special cases, else birth numbers.
    static func czechia(_ digits: [Int]) -> Bool {
        if digits.count == 8 {
            let check = (11 - digits.weighted([8, 7, 6, 5, 4, 3, 2]) % 11) % 11
            return digits[0] != 9 && (check == 0 ? 1 : check % 10) == digits[7]
        }
        if digits.count == 9, digits[0] == 6 {
            return (8 + digits[1..<8].weighted([8, 7, 6, 5, 4, 3, 2]) % 11) % 10 == digits[8]
        }
        return birthNumber(digits)
    }

    /// Czech and Slovak: the date, months of women plus 50 (plus 20 when a day's numbers ran out); ten digits since 1954.
    private static func birthNumber(_ digits: [Int]) -> Bool {
        let short = digits.count == 9
        var year = 1900 + digits[0...1].value
        if short {
            if year >= 1980 { year -= 100 }
            guard year <= 1953 else { return false }
        } else if year < 1954 {
            year += 100
        }
        guard isDay(year, digits[2...3].value % 50 % 20, digits[4...5].value) else { return false }
        let rest = digits[..<9].value % 11
        return short || (year < 1985 ? rest % 10 : rest) == digits[9]
    }

    private static let spanishLetters = Array("TRWAGMYFPDXBNJZSQVHLCKE".utf8)

    /// Citizens, foreigners and companies.
    static func spain(_ text: [UInt8]) -> Bool {
        let digits = text.numbers()
        let inner = digits[1...7].value
        switch text[0] {
        case 48...57: return text[8] == spanishLetters[digits[0...7].value % 23]
        case UInt8(ascii: "K"), UInt8(ascii: "L"), UInt8(ascii: "M"): return text[8] == spanishLetters[inner % 23]
        case UInt8(ascii: "X")...UInt8(ascii: "Z"):
            let lead = Int(text[0] - UInt8(ascii: "X"))
            return text[8] == spanishLetters[(lead * 10_000_000 + inner) % 23]
        default: break
        }
        guard "ABCDEFGHJNPQRSUVW".utf8.contains(text[0]) else { return false }
        var sum = 0
        for (index, digit) in digits[1...7].enumerated() {
            let value = index % 2 == 0 ? digit * 2 : digit
            sum += value / 10 + value % 10
        }
        let check = (10 - sum % 10) % 10
        // Sources differ on which company forms use the letter and which the digit, so either is good.
        return text[8] == Array("JABCDEFGHI".utf8)[check] || text[8] == UInt8(48 + check)
    }

    private static let frenchAlphabet = Array("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ".utf8)

    /// Two key characters before the nine digits of the SIREN; Monaco's begin with 000 and have no Luhn digit.
    static func france(_ text: [UInt8]) -> Bool {
        let siren = text.numbers(from: 2)
        guard siren.prefix(3).value == 0 || luhn(siren),
            let first = frenchAlphabet.firstIndex(of: text[0]), let second = frenchAlphabet.firstIndex(of: text[1])
        else { return false }
        if first < 10, second < 10 { return first * 10 + second == (siren.value * 100 + 12) % 97 }
        let key = first < 10 ? first * 24 + second - 10 : first * 34 + second - 100
        return (siren.value + 1 + key / 11) % 11 == key % 11
    }

    private static let irishLetters = Array("WABCDEFGHIJKLMNOPQRSTUV".utf8)

    static func ireland(_ text: [UInt8]) -> Bool {
        var digits: [Int]
        var extra = 0
        if (48...57).contains(text[1]) {
            digits = text.numbers().prefix(7).map { $0 }
            if text.count == 9 {
                guard let value = irishLetters.firstIndex(of: text[8]) else { return false }
                extra = value * 9
            }
        } else {
            digits = [0] + text.numbers()[2...6] + [text.numbers()[0]]
        }
        return text[7] == irishLetters[(digits.weighted([8, 7, 6, 5, 4, 3, 2]) + extra) % 23]
    }

    static func italy(_ digits: [Int]) -> Bool {
        let office = digits[7...9].value
        let known = (1...100).contains(office) || [120, 121, 888, 999].contains(office)
        return digits[..<7].value > 0 && known && luhn(digits)
    }

    /// Nine digits for companies, twelve for temporary registrations; a 1 before the check digit.
    static func lithuania(_ digits: [Int]) -> Bool {
        let count = digits.count - 1
        guard digits[count - 1] == 1 else { return false }
        let sum = (0..<count).reduce(0) { $0 + (1 + $1 % 9) * digits[$1] } % 11
        let check = sum < 10 ? sum : (0..<count).reduce(0) { $0 + (1 + ($1 + 2) % 9) * digits[$1] } % 11 % 10
        return check == digits[count]
    }

    /// Companies begin above 3; persons with their birthday, or since 2017 with 32.
    static func latvia(_ digits: [Int]) -> Bool {
        if digits[0] > 3 { return digits.weighted([9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3 }
        let year = 1800 + 100 * digits[6] + digits[4...5].value
        let dated = digits[0...1].value == 32 || isDay(year, digits[2...3].value, digits[0...1].value)
        return dated && (1 + digits.weighted([10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11 % 10 == digits[10]
    }

    /// The number of a company by its weighted sum, or of a sole trader since 2020 by ISO 7064 MOD 97,10 over `NL…B…`.
    static func netherlands(_ text: [UInt8]) -> Bool {
        let digits = text.numbers()
        guard digits[..<9].value > 0, digits[10...11].value > 0 else { return false }
        if digits.weighted([9, 8, 7, 6, 5, 4, 3, 2]) % 11 == digits[8] { return true }
        var rest = 0
        for character in Array("NL".utf8) + text {
            let value = (48...57).contains(character) ? Int(character) - 48 : Int(character) - 55
            rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97
        }
        return rest == 1
    }

    static func romania(_ digits: [Int]) -> Bool {
        guard digits[0] != 0 else { return false }
        let padded = [Int](repeating: 0, count: 10 - digits.count) + digits
        return 10 * padded.weighted([7, 5, 3, 2, 1, 7, 5, 3, 2]) % 11 % 10 == padded[9]
    }

    private static func isDay(_ year: Int, _ month: Int, _ day: Int) -> Bool {
        (1...12).contains(month) && (1...CalendarDate.daysInMonth(year: year, month: month)).contains(day)
    }
}
