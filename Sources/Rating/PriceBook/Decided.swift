/// Rules on which the price list is silent and the domain page decides (its *decided* marks), plus the bounds within
/// which this module computes. One name each, so that a contract field or a later decision has one place to replace.
package enum Decided {
    /// Whole milliseconds are the unit of voice (domain 2.5).
    package static let millisecondsPerMinute: Int64 = 60_000
    /// Months in a row above a limit before a notice drafts an order form or an upgrade (domain 2.1, 2.3).
    package static let monthsInARow = 3
    /// Thresholds of the capacity notices in per cent of the size's turns (domain 2.3).
    package static let capacityWarningPercent: Int64 = 80
    package static let capacityReachedPercent: Int64 = 100
    /// Months of notice to the end of a term (domain 3).
    package static let noticeMonths = 3
    /// Length of a term unless an order says otherwise (domain 3).
    package static let monthsPerYear = 12
    /// A month is final on the 3rd of the next one, 06:00 in Vienna (domain 2.5) …
    package static let finalisationDay = 3
    /// … a Solution month that still waits for its disclosure on the 11th (domain 2.2), …
    package static let disclosureWaitDay = 11
    package static let finalisationHour = 6
    /// … which is due on the 10th, …
    package static let disclosureDueDay = 10
    /// … and any month before the 15th: the legal limit for reverse-charge invoices.
    package static let legalLimitDay = 15
    /// Months over which an evaluation of a sales partner looks back (domain 8).
    package static let evaluationWindowMonths = 24

    /// Largest amount, count and list that an input may carry. Sums and products of these stay exact; what still
    /// grows too large is refused, never wrapped.
    package static let inputLimit = Money(cents: 100_000_000_000_000)
    package static let countLimit: Int64 = 1_000_000_000_000
    package static let listLimit = 10_000
    package static let contractMonthLimit: Int64 = 1_200
    package static let contractYearLimit: Int64 = 100
}
