import Kernel

import struct Rating.BillingMonth
import struct Rating.CalendarDate
import enum Rating.CallIncrement
import enum Rating.ViennaTime

/// The month in which a call is used and billed: a calendar month in Europe/Vienna.
package typealias CallMonth = BillingMonth

/// Rounding per call, where a contract agrees one.
package typealias CallRounding = CallIncrement

/// A part of a call that lies in one billing month.
package struct MonthPart: Sendable, Hashable {
    package let month: BillingMonth
    /// The part's first instant.
    package let from: Timestamp
    package let milliseconds: Int64

    package init(month: BillingMonth, from: Timestamp, milliseconds: Int64) {
        self.month = month
        self.from = from
        self.milliseconds = milliseconds
    }

    /// Cuts answered time where the invoice cuts its months, in Europe/Vienna. The parts add up to the whole: a millisecond
    /// that a boundary falls into belongs to the month in which it begins. Empty outside the years 2000–9999; one part of
    /// nothing when nothing was answered.
    package static func parts(from answered: Timestamp, milliseconds: Int64) -> [MonthPart] {
        var parts: [MonthPart] = []
        var start = answered
        var left = max(0, milliseconds)
        while let month = BillingMonth(containing: start.microseconds) {
            let room = (month.end - start.microseconds + 999) / 1000
            let taken = min(left, room)
            parts.append(MonthPart(month: month, from: start, milliseconds: taken))
            left -= taken
            guard left > 0 else { return parts }
            start = Timestamp(microseconds: month.end)
        }
        return parts
    }
}

/// The span of a day in Europe/Vienna, in which the money of a day is counted.
package enum ViennaDay {
    /// The first instant of the day that holds `now`; `now` itself outside the years 2000–9999.
    package static func start(of now: Timestamp) -> Timestamp {
        guard let date = ViennaTime.date(at: now.microseconds) else { return now }
        return Timestamp(microseconds: ViennaTime.instant(date))
    }
}
