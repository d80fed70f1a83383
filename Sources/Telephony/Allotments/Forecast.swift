import Kernel

import struct Rating.BillingMonth
import struct Rating.CalendarDate
import enum Rating.ViennaTime

/// How far a month's minutes will reach, at the pace so far.
package struct Forecast: Sendable, Hashable {
    /// How the pace is taken.
    package enum Method: String, Sendable, Hashable, Codable, CaseIterable {
        /// Per business hour: Monday to Friday, 08:00 to 18:00 in Vienna, holidays not known.
        case businessHours = "business_hours"
        /// Per hour of the calendar, while the month has had no business hour.
        case calendarHours = "calendar_hours"
        /// The month has not begun, or is over: nothing is foretold.
        case none
    }

    package let method: Method
    /// At the end of the month.
    package let milliseconds: Int64
    package let overageMilliseconds: Int64
    /// Millionths of a euro.
    package let overageMicros: Int64
    /// When the included minutes are used up; `nil` when they are not in this month, or none are included.
    package let usedUpAt: Timestamp?

    package init(used: Int64, month: BillingMonth, now: Timestamp, allotment: Allotment) {
        let spans = Self.spans(of: month)
        let business = Self.Clock(spans: spans)
        let calendar = Self.Clock(spans: [month.start..<month.end])
        let clock: Clock
        if !month.contains(now.microseconds) {
            (clock, method) = (calendar, .none)
        } else if business.elapsed(at: now.microseconds) > 0 {
            (clock, method) = (business, .businessHours)
        } else {
            (clock, method) = (calendar, .calendarHours)
        }
        let elapsed = method == .none ? 0 : clock.elapsed(at: now.microseconds)
        let whole = elapsed > 0 ? Self.scaled(used, clock.total, elapsed) : used
        let included = allotment.includedMilliseconds
        let overage = included.map { max(0, whole - $0) } ?? 0
        milliseconds = whole
        overageMilliseconds = overage
        overageMicros = allotment.overageMicros(overage)
        if let included, elapsed > 0, used > 0, used < included, whole > included {
            usedUpAt = clock.instant(after: Self.scaled(elapsed, included, used)).map(Timestamp.init(microseconds:))
        } else {
            usedUpAt = nil
        }
    }

    private static func scaled(_ value: Int64, _ numerator: Int64, _ denominator: Int64) -> Int64 {
        Int64(clamping: Int128(value) * Int128(numerator) / Int128(max(1, denominator)))
    }

    private static func spans(of month: BillingMonth) -> [Range<Int64>] {
        (0..<31).map { month.firstDay.adding(days: $0) }
            .filter { $0.billingMonth == month && (1...5).contains($0.weekday) }
            .map { ViennaTime.instant($0, hour: 8)..<ViennaTime.instant($0, hour: 18) }
    }

    /// Time that only passes within its spans.
    private struct Clock {
        let spans: [Range<Int64>]

        var total: Int64 { spans.reduce(0) { $0 + Int64($1.count) } }

        func elapsed(at instant: Int64) -> Int64 {
            spans.reduce(0) { $0 + max(0, min(instant, $1.upperBound) - $1.lowerBound) }
        }

        func instant(after elapsed: Int64) -> Int64? {
            var left = elapsed
            for span in spans {
                if left <= Int64(span.count) { return span.lowerBound + left }
                left -= Int64(span.count)
            }
            return nil
        }
    }
}
