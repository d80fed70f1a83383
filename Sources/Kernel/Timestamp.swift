import FoundationEssentials

/// A point in time: whole microseconds since 1970-01-01T00:00:00Z, the resolution of PostgreSQL's `timestamptz`.
/// Written and read as RFC 3339 in UTC; exact, so that two equal times always compare and hash alike.
package struct Timestamp: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package init(seconds: Int64) { microseconds = seconds * 1_000_000 }

    /// The system's wall clock. Only the composition root calls this; everything else gets a `TimeSource`.
    package static func systemNow() -> Timestamp {
        Timestamp(microseconds: Int64((Date().timeIntervalSince1970 * 1_000_000).rounded(.down)))
    }

    package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    /// Later by this, or earlier when it is negative; parts below a microsecond are cut off.
    package func advanced(by duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        // No text from outside may end the process, so what is out of bounds stays at them.
        let scaled = seconds.multipliedReportingOverflow(by: 1_000_000)
        let limit: Int64 = seconds < 0 ? .min : .max
        guard !scaled.overflow else { return Timestamp(microseconds: limit) }
        let sum = microseconds.addingReportingOverflow(scaled.partialValue + attoseconds / 1_000_000_000_000)
        return Timestamp(microseconds: sum.overflow ? limit : sum.partialValue)
    }

    /// The time since `earlier`, negative when `earlier` is later.
    package func since(_ earlier: Timestamp) -> Duration { .microseconds(microseconds - earlier.microseconds) }

    /// Parses RFC 3339 with `Z` or a numeric offset, a fraction of up to nine digits (cut at microseconds) and
    /// years 1900–9999; `nil` otherwise. Leap seconds are refused.
    package init?(_ text: some StringProtocol) {
        guard let value = RFC3339.parse(Array(text.utf8)[...]) else { return nil }
        self = value
    }

    /// `2026-10-31T23:00:00Z`, with six digits of fraction only when there is one.
    package var description: String { RFC3339.text(of: self) }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Timestamp(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "must be a time as in RFC 3339, for example 2026-10-31T22:59:59Z")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Where "now" comes from; injected, so that a test can hold or move the clock.
package struct TimeSource: Sendable {
    private let read: @Sendable () -> Timestamp

    package init(_ read: @escaping @Sendable () -> Timestamp) { self.read = read }

    package var now: Timestamp { read() }

    package static let system = TimeSource { Timestamp.systemNow() }

    /// A clock that stands still.
    package static func fixed(_ now: Timestamp) -> TimeSource { TimeSource { now } }
}

/// Days of the proleptic Gregorian calendar counted from 1970-01-01.
package enum CivilDay {
    /// Howard Hinnant's `days_from_civil`: exact for every year we accept.
    package static func number(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The inverse of `number(year:month:day:)`.
    package static func date(of number: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex + (monthIndex < 10 ? 3 : -9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// 28 to 31, by the Gregorian calendar.
    package static func daysInMonth(year: Int, month: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// RFC 3339 over bytes, without an allocation: usage events are parsed by the million.
package enum RFC3339 {
    /// Parses a whole slice; `nil` when anything is left over.
    package static func parse(_ text: ArraySlice<UInt8>) -> Timestamp? {
        text.withUnsafeBufferPointer { parse($0) }
    }

    /// The same for a part of a larger buffer.
    package static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Timestamp? {
        var reader = DigitReader(bytes: text)
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), reader.take("T", or: "t"), let hour = reader.number(2), reader.take(":"),
            let minute = reader.number(2), reader.take(":"), let second = reader.number(2),
            year >= 1900, (1...12).contains(month), (1...CivilDay.daysInMonth(year: year, month: month)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        guard let fraction = reader.fraction(), let offsetMinutes = reader.offset(), reader.isAtEnd else {
            return nil
        }
        let days = CivilDay.number(year: year, month: month, day: day)
        let seconds = Int64(days) * 86_400 + Int64(hour * 3600 + (minute - offsetMinutes) * 60 + second)
        return Timestamp(microseconds: seconds * 1_000_000 + fraction)
    }

    /// Writes a time as `2026-10-31T23:00:00Z`, with six digits of fraction only when there is one.
    package static func text(of time: Timestamp) -> String {
        let (seconds, fraction) = floorDivide(time.microseconds, 1_000_000)
        let (days, secondOfDay) = floorDivide(seconds, 86_400)
        let (year, month, day) = CivilDay.date(of: Int(days))
        var text = "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T"
        text +=
            "\(pad(Int(secondOfDay) / 3600, 2)):\(pad(Int(secondOfDay) / 60 % 60, 2)):\(pad(Int(secondOfDay) % 60, 2))"
        if fraction != 0 { text += ".\(pad(Int(fraction), 6))" }
        return text + "Z"
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
        let remainder = ((value % divisor) + divisor) % divisor
        return ((value - remainder) / divisor, remainder)
    }

    private static func pad(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private struct DigitReader {
        let bytes: UnsafeBufferPointer<UInt8>
        var position = 0

        var isAtEnd: Bool { position == bytes.count }

        mutating func digit() -> Int? {
            guard position < bytes.count, bytes[position] &- 48 < 10 else { return nil }
            position += 1
            return Int(bytes[position - 1] - 48)
        }

        mutating func number(_ count: Int) -> Int? {
            var value = 0
            for _ in 0..<count {
                guard let digit = digit() else { return nil }
                value = value * 10 + digit
            }
            return value
        }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func take(_ character: Unicode.Scalar, or other: Unicode.Scalar) -> Bool {
            take(character) || take(other)
        }

        /// Microseconds; zero without a fraction, `nil` for a dot without digits or more than nine of them.
        mutating func fraction() -> Int64? {
            guard take(".") else { return 0 }
            var value: Int64 = 0
            var count = 0
            while let digit = digit() {
                if count < 6 { value = value * 10 + Int64(digit) }
                count += 1
            }
            guard (1...9).contains(count) else { return nil }
            for _ in 0..<max(0, 6 - count) { value *= 10 }
            return value
        }

        /// Minutes east of UTC; `nil` without `Z` or a valid `±hh:mm`.
        mutating func offset() -> Int? {
            if take("Z", or: "z") { return 0 }
            let sign = take("+") ? 1 : take("-") ? -1 : 0
            guard sign != 0, let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60
            else { return nil }
            return sign * (hours * 60 + minutes)
        }
    }
}
