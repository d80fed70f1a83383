/// A calendar month in Europe/Vienna, the period of every monthly charge (domain 2.5). Text: `2026-10`.
package struct BillingMonth: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let year: Int
    package let month: Int

    /// `nil` outside the years 2000–9999 or the months 1–12.
    package init?(year: Int, month: Int) {
        guard (2000...9999).contains(year), (1...12).contains(month) else { return nil }
        self.init(exactYear: year, month: month)
    }

    init(exactYear year: Int, month: Int) {
        self.year = year
        self.month = month
    }

    /// Reads exactly `yyyy-mm`.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 7, bytes[4] == UInt8(ascii: "-"), let year = CalendarDate.number(bytes[0..<4]),
            let month = CalendarDate.number(bytes[5..<7])
        else { return nil }
        self.init(year: year, month: month)
    }

    /// The month to which an instant belongs by the clock in Vienna; `nil` outside the years 2000–9999.
    package init?(containing microseconds: Int64) {
        guard let date = ViennaTime.date(at: microseconds) else { return nil }
        self = date.billingMonth
    }

    package static func < (left: Self, right: Self) -> Bool { (left.year, left.month) < (right.year, right.month) }

    /// The month so many later, or earlier when negative.
    package func advanced(by months: Int) -> BillingMonth {
        let count = year * 12 + (month - 1) + months
        return BillingMonth(exactYear: count / 12, month: count % 12 + 1)
    }

    package var next: BillingMonth { advanced(by: 1) }
    package var previous: BillingMonth { advanced(by: -1) }

    /// Months from `other` to this one; negative when `other` is later.
    package func months(since other: BillingMonth) -> Int {
        (year - other.year) * 12 + month - other.month
    }

    package var firstDay: CalendarDate { CalendarDate(exactYear: year, month: month, day: 1) }
    package var lastDay: CalendarDate {
        CalendarDate(exactYear: year, month: month, day: CalendarDate.daysInMonth(year: year, month: month))
    }

    /// The first instant, in microseconds since 1970-01-01T00:00:00Z.
    package var start: Int64 { ViennaTime.instant(firstDay) }
    /// The first instant of the following month: the period is `start ..< end`.
    package var end: Int64 { next.start }

    /// Whether an instant, in microseconds since 1970, lies in the month.
    package func contains(_ microseconds: Int64) -> Bool { microseconds >= start && microseconds < end }

    package var description: String { "\(CalendarDate.padded(year, 4))-\(CalendarDate.padded(month, 2))" }
}

extension BillingMonth: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let month = BillingMonth(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "must be a month such as 2026-10")
        }
        self = month
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// The clock in Vienna: UTC+1, and UTC+2 from the last Sunday of March to the last Sunday of October, both changes at
/// 01:00 UTC (the Union's rule since 1996; if it is ever abolished, this is the one place).
package enum ViennaTime {
    static let microsecondsPerSecond: Int64 = 1_000_000
    static let secondsPerDay: Int64 = 86_400

    /// The instant at which the clock in Vienna shows `date`, `hour`:`minute`, in microseconds since the epoch.
    /// A time that the clock skips is read as summer time, a time that it shows twice as the later of the two.
    package static func instant(_ date: CalendarDate, hour: Int = 0, minute: Int = 0) -> Int64 {
        let wall = Int64(date.dayNumber) * secondsPerDay + Int64(hour * 3600 + minute * 60)
        let winter = wall - 3600
        return (isSummer(second: winter) ? winter - 3600 : winter) * microsecondsPerSecond
    }

    /// The day that the calendar in Vienna shows at an instant; `nil` outside the years 2000–9999.
    package static func date(at microseconds: Int64) -> CalendarDate? {
        guard (earliest..<latest).contains(microseconds) else { return nil }
        let second = microseconds / microsecondsPerSecond
        let wall = second + (isSummer(second: second) ? 7200 : 3600)
        return CalendarDate(dayNumber: Int(wall / secondsPerDay))
    }

    private static let earliest = instant(CalendarDate(exactYear: 2000, month: 1, day: 1))
    private static let latest = instant(CalendarDate(exactYear: 10_000, month: 1, day: 1))

    /// Whether summer time holds at a UTC second.
    private static func isSummer(second: Int64) -> Bool {
        let date = CalendarDate(dayNumber: Int(second / secondsPerDay))
        return switch date.month {
        case 4...9: true
        case 3: second >= change(year: date.year, month: 3)
        case 10: second < change(year: date.year, month: 10)
        default: false
        }
    }

    /// 01:00 UTC on the last Sunday of the month.
    private static func change(year: Int, month: Int) -> Int64 {
        let last = CalendarDate(exactYear: year, month: month, day: 31)
        return Int64(last.dayNumber - last.weekday) * secondsPerDay + 3600
    }
}
