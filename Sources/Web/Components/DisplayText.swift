import Kernel

/// How values look to a person: digits in groups of three, a real minus sign, "–" for nothing, dates as "18 Nov 2026".
package enum DisplayText {
    /// What stands where there is nothing.
    package static let nothing = "–"

    /// `1,284,310`, `−12`.
    package static func count(_ number: some BinaryInteger) -> String {
        let digits = Array(String(number.magnitude).utf8)
        var text = number < 0 ? "−" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
            text.unicodeScalars.append(Unicode.Scalar(digit))
        }
        return text
    }

    /// `1 tenant`, `12 tenants`.
    package static func count(_ number: some BinaryInteger, _ singular: String, _ plural: String? = nil) -> String {
        "\(count(number)) \(number == 1 ? singular : plural ?? singular + "s")"
    }

    /// A decimal number as it travels, grouped for reading: `172800.00` becomes `172,800.00`. Anything else stays.
    package static func decimal(_ text: String) -> String {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap({ Int64($0) }), parts.count == 1 || parts[1].allSatisfy(\.isNumber) else {
            return text
        }
        return count(whole) + (parts.count == 2 ? ".\(parts[1])" : "")
    }

    /// A name as programs write it, for people: `first_year_minimum` becomes `First year minimum`.
    package static func words(_ name: String) -> String {
        let text = String(name.map { $0 == "_" || $0 == "." ? " " : $0 })
        return text.prefix(1).uppercased() + text.dropFirst()
    }

    /// The day in Europe/Vienna: `18 Nov 2026`.
    package static func day(_ time: Timestamp) -> String {
        let local = ViennaTime(time)
        return "\(local.day) \(monthNames[local.month - 1].prefix(3)) \(local.year)"
    }

    /// The minute in Europe/Vienna: `3 Nov 2026, 06:00`.
    package static func minute(_ time: Timestamp) -> String {
        let local = ViennaTime(time)
        return "\(day(time)), \(twoDigits(local.hour)):\(twoDigits(local.minute))"
    }

    /// `October 2026`; `month` counts from 1.
    package static func month(_ month: Int, of year: Int) -> String {
        "\(monthNames[(month - 1) % 12]) \(year)"
    }

    /// The text, or "–" when there is none.
    package static func orNothing(_ text: String?) -> String {
        guard let text, !text.isEmpty else { return nothing }
        return text
    }

    /// Up to two capitals for an avatar: `NA` for Nordlicht Agentur.
    package static func initials(_ name: String) -> String {
        let words = name.split { !$0.isLetter && !$0.isNumber }
        let letters = words.count > 1 ? words.prefix(2).compactMap(\.first) : Array((words.first ?? "?").prefix(2))
        return String(letters).uppercased()
    }

    /// The first and last characters of a long hexadecimal value: `3e9a…71d4`.
    package static func shortened(_ hash: String) -> String {
        hash.count > 12 ? "\(hash.prefix(4))…\(hash.suffix(4))" : hash
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let monthNames = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
}

/// Calendar fields of a time in Europe/Vienna. Only for showing: billing months are Rating's. Summer time by the rule of
/// Directive 2000/84/EC, from the last Sunday of March to the last Sunday of October, 01:00 UTC.
struct ViennaTime {
    let year: Int
    let month: Int
    let day: Int
    let hour: Int
    let minute: Int

    init(_ time: Timestamp) {
        let seconds = Self.floor(Int(time.microseconds), 1_000_000)
        let utcYear = Self.civil(days: Self.floor(seconds, 86_400)).year
        let summer = Self.lastSunday(ofMonth: 3, year: utcYear)..<Self.lastSunday(ofMonth: 10, year: utcYear)
        let local = seconds + (summer.contains(seconds) ? 7_200 : 3_600)
        let days = Self.floor(local, 86_400)
        (year, month, day) = Self.civil(days: days)
        hour = (local - days * 86_400) / 3_600
        minute = (local - days * 86_400) / 60 % 60
    }

    /// 01:00 UTC on the last Sunday of a month of 31 days, in seconds since 1970.
    private static func lastSunday(ofMonth month: Int, year: Int) -> Int {
        let last = days(year: year, month: month, day: 31)
        let weekday = ((last + 4) % 7 + 7) % 7
        return (last - weekday) * 86_400 + 3_600
    }

    private static func floor(_ value: Int, _ divisor: Int) -> Int {
        value >= 0 ? value / divisor : (value - divisor + 1) / divisor
    }

    /// Days since 1970-01-01 in the Gregorian calendar; years begin in March, so that the leap day comes last.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = floor(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = floor(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}
