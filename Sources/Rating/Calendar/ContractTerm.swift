/// The time of a contract: when its months, years and terms begin and end, and until when notice is in time.
/// Everything counts from the start date; a start on the 29th–31st clamps to a shorter month's last day.
package struct ContractTerm: Hashable, Sendable, Codable {
    package let start: CalendarDate
    /// Length of one term in years; renewed automatically.
    package let years: Int

    /// Terms run one year unless an order form (a bundle of two years) says otherwise.
    package init(start: CalendarDate, years: Int = 1) {
        self.start = start
        self.years = max(1, years)
    }

    /// The first day of contract month `number`, counted from 1.
    package func firstDay(ofMonth number: Int) -> CalendarDate { start.adding(months: number - 1) }

    /// The contract month that a day lies in; zero or less before the start.
    package func month(on day: CalendarDate) -> Int {
        let months = day.billingMonth.months(since: start.billingMonth)
        return start.adding(months: months) <= day ? months + 1 : months
    }

    /// The contract month that a calendar month is billed as: the one that begins in it. The month of the start is 1, so
    /// the first-year minimum covers exactly twelve calendar months; zero or less before the start.
    package func month(billing period: BillingMonth) -> Int { period.months(since: start.billingMonth) + 1 }

    /// The contract year that a day lies in, counted from 1.
    package func year(on day: CalendarDate) -> Int {
        let month = month(on: day)
        return month < 1 ? 0 : (month - 1) / Decided.monthsPerYear + 1
    }

    package func firstDay(ofYear number: Int) -> CalendarDate {
        start.adding(months: (number - 1) * Decided.monthsPerYear)
    }

    /// The last day of the term that `day` lies in (of the first term, for a day before the start).
    package func termEnd(on day: CalendarDate) -> CalendarDate {
        let months = years * Decided.monthsPerYear
        let terms = max(0, month(on: day) - 1) / months + 1
        return start.adding(months: terms * months).adding(days: -1)
    }

    /// The last day on which notice still ends the contract with this term: three months, counted from the day of the
    /// notice, are over not later than the term.
    package static func noticeDeadline(forTermEnding end: CalendarDate) -> CalendarDate {
        var day = end.adding(months: -Decided.noticeMonths)
        while day.adding(days: 1).adding(months: Decided.noticeMonths) <= end { day = day.adding(days: 1) }
        return day
    }

    /// The last day of the contract when notice arrives on `day`: the end of the running term, or one term later
    /// when the notice is too late.
    package func end(noticeOn day: CalendarDate) -> CalendarDate {
        let end = termEnd(on: day)
        return day <= ContractTerm.noticeDeadline(forTermEnding: end) ? end : termEnd(on: end.adding(days: 1))
    }
}

/// When a month's usage is final: until then late events count, afterwards they become adjustments (domain 2.5).
package struct Finalisation: Hashable, Sendable, Codable {
    /// Day and hour of the following month by the clock in Vienna.
    package let day: Int
    package let hour: Int

    /// A contract may choose its moment, before the 15th: the legal limit for reverse-charge invoices.
    package init(day: Int, hour: Int = Decided.finalisationHour) throws(Refusal) {
        guard (1..<Decided.legalLimitDay).contains(day) else {
            throw Refusal(
                field: "finalisation_day", reason: "out_of_range",
                message: "a month is finalised between the 1st and the 14th of the next one; choose such a day")
        }
        guard (0...23).contains(hour) else {
            throw Refusal(
                field: "finalisation_hour", reason: "out_of_range", message: "the hour lies between 0 and 23")
        }
        self.init(exactDay: day, hour: hour)
    }

    private init(exactDay day: Int, hour: Int) {
        self.day = day
        self.hour = hour
    }

    /// The 3rd, 06:00.
    package static let standard = Finalisation(exactDay: Decided.finalisationDay, hour: Decided.finalisationHour)
    /// The 11th, 06:00: a Solution month whose disclosure is still missing is then billed on an estimate.
    package static let withoutDisclosure = Finalisation(
        exactDay: Decided.disclosureWaitDay, hour: Decided.finalisationHour)

    /// The instant for a month, in microseconds since the epoch.
    package func moment(for month: BillingMonth) -> Int64 {
        let next = month.next
        return ViennaTime.instant(CalendarDate(exactYear: next.year, month: next.month, day: day), hour: hour)
    }

    /// The first instant that is too late for the month's invoice: the 15th of the next month begins.
    package static func legalLimit(for month: BillingMonth) -> Int64 {
        let next = month.next
        return ViennaTime.instant(CalendarDate(exactYear: next.year, month: next.month, day: Decided.legalLimitDay))
    }

    /// The day until which a month's revenue is to be disclosed.
    package static func disclosureDue(for month: BillingMonth) -> CalendarDate {
        CalendarDate(exactYear: month.next.year, month: month.next.month, day: Decided.disclosureDueDay)
    }
}
