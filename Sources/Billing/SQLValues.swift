import Kernel
import Postgres
import Rating

/// Rating's values as the database sees them: amounts as `numeric`, days as `date`, a month as its first day.

extension Money: SQLEncodable, SQLDecodable {
    package var sqlText: String? { description }

    package init(sqlText: String) throws(DatabaseError) {
        do {
            self = try Money(sqlText)
        } catch {
            throw .decoding("a column is not an amount")
        }
    }
}

extension CalendarDate: SQLEncodable, SQLDecodable {
    package var sqlText: String? { description }

    package init(sqlText: String) throws(DatabaseError) {
        guard let date = CalendarDate(sqlText) else { throw .decoding("a column is not a day") }
        self = date
    }
}

extension BillingMonth: SQLEncodable, SQLDecodable {
    package var sqlText: String? { firstDay.description }

    package init(sqlText: String) throws(DatabaseError) {
        guard let date = CalendarDate(sqlText), date.day == 1 else { throw .decoding("a column is not a month") }
        self = date.billingMonth
    }

    /// The first instant of the month.
    package var startTime: Timestamp { Timestamp(microseconds: start) }
    /// The first instant of the month after.
    package var endTime: Timestamp { Timestamp(microseconds: end) }

    /// The month that the calendar in Vienna shows.
    package init?(of time: Timestamp) { self.init(containing: time.microseconds) }
}
