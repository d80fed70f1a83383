import Foundation
import Testing

@testable import Rating

struct CalendarTests {
    private func microseconds(_ text: String) throws -> Int64 {
        let date = try Date(text, strategy: .iso8601)
        return Int64(date.timeIntervalSince1970.rounded()) * 1_000_000
    }

    private func day(_ text: String) throws -> CalendarDate { try #require(CalendarDate(text)) }
    private func month(_ text: String) throws -> BillingMonth { try #require(BillingMonth(text)) }

    @Test(arguments: [
        ("2026-01", "2025-12-31T23:00:00Z", "2026-01-31T23:00:00Z"),
        ("2026-03", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
        ("2026-07", "2026-06-30T22:00:00Z", "2026-07-31T22:00:00Z"),
        ("2026-10", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
        ("2024-02", "2024-01-31T23:00:00Z", "2024-02-29T23:00:00Z"),
    ])
    func monthsHaveViennaBounds(name: String, start: String, end: String) throws {
        let month = try month(name)
        #expect(try month.start == microseconds(start))
        #expect(try month.end == microseconds(end))
        #expect(BillingMonth(containing: month.start) == month)
        #expect(BillingMonth(containing: month.start - 1) == month.previous)
        #expect(BillingMonth(containing: month.end - 1) == month)
        #expect(BillingMonth(containing: month.end) == month.next)
        #expect(month.contains(month.start) && !month.contains(month.end))
    }

    @Test func hoursOfAMonthFollowSummerTime() throws {
        let hour: Int64 = 3_600_000_000
        #expect(try (month("2026-03").end - month("2026-03").start) / hour == 31 * 24 - 1)
        #expect(try (month("2026-10").end - month("2026-10").start) / hour == 31 * 24 + 1)
        #expect(try (month("2026-04").end - month("2026-04").start) / hour == 30 * 24)
    }

    @Test func theClockAgreesWithTheZoneDatabase() throws {
        guard let zone = TimeZone(identifier: "Europe/Vienna") else { return }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        var random = SeededGenerator(state: 3)
        for _ in 0..<2_000 {
            let second = Int64.random(in: 946_684_800...4_000_000_000, using: &random)
            let parts = calendar.dateComponents(
                [.year, .month, .day], from: Date(timeIntervalSince1970: TimeInterval(second)))
            let date = try #require(ViennaTime.date(at: second * 1_000_000))
            #expect(date.year == parts.year && date.month == parts.month && date.day == parts.day)
        }
        for year in 2020...2060 {
            for (month, hour) in [(3, 0), (3, 1), (3, 3), (3, 4), (10, 1), (10, 3), (10, 4)] {
                for day in 20...31 {
                    let date = try #require(CalendarDate(year: year, month: month, day: day))
                    let expected = calendar.date(
                        from: DateComponents(year: year, month: month, day: day, hour: hour))
                    let seconds = ViennaTime.instant(date, hour: hour) / 1_000_000
                    #expect(seconds == expected.map { Int64($0.timeIntervalSince1970) }, "\(date) \(hour)")
                }
            }
        }
    }

    @Test func farAwayInstantsHaveNoMonth() {
        #expect(BillingMonth(containing: .max) == nil)
        #expect(BillingMonth(containing: .min) == nil)
        #expect(BillingMonth(containing: 0) == nil)
    }

    @Test(arguments: ["2026-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "1999-12-31", "2026-04-31", "x", ""])
    func refusesDaysThatDoNotExist(text: String) { #expect(CalendarDate(text) == nil) }

    @Test func daysCountThere() throws {
        #expect(try day("2026-05-06").adding(days: 1).description == "2026-05-07")
        #expect(try day("2024-02-28").adding(days: 1).description == "2024-02-29")
        #expect(try day("2026-12-31").adding(days: 1).description == "2027-01-01")
        #expect(try day("2026-01-01").adding(days: -1).description == "2025-12-31")
        var random = SeededGenerator(state: 5)
        for _ in 0..<1_000 {
            let number = Int.random(in: 10_957...2_932_896, using: &random)
            let date = CalendarDate(dayNumber: number)
            #expect(date.dayNumber == number)
            #expect(CalendarDate(date.description) == date)
        }
    }

    @Test func contractMonthsClamp() throws {
        let term = ContractTerm(start: try day("2026-01-31"))
        #expect(term.firstDay(ofMonth: 2).description == "2026-02-28")
        #expect(term.firstDay(ofMonth: 3).description == "2026-03-31")
        #expect(term.firstDay(ofMonth: 4).description == "2026-04-30")
        #expect(try term.month(on: day("2026-02-27")) == 1)
        #expect(try term.month(on: day("2026-02-28")) == 2)
        #expect(try term.month(on: day("2026-03-30")) == 2)
        #expect(try term.month(on: day("2026-01-30")) == 0)
        #expect(try term.month(on: day("2027-01-30")) == 12)
        #expect(try term.month(on: day("2027-01-31")) == 13)
        #expect(try term.year(on: day("2027-01-30")) == 1)
        #expect(try term.year(on: day("2027-01-31")) == 2)
        let leap = ContractTerm(start: try day("2028-02-29"))
        #expect(leap.firstDay(ofYear: 2).description == "2029-02-28")
        #expect(leap.firstDay(ofYear: 5).description == "2032-02-29")
    }

    @Test(arguments: ["2026-05-01", "2026-05-06", "2026-05-31", "2026-01-30"])
    func theFirstYearCoversTwelveBillingMonths(start: String) throws {
        let term = ContractTerm(start: try day(start))
        let first = term.start.billingMonth
        #expect((0..<24).map { term.month(billing: first.advanced(by: $0)) } == Array(1...24))
        #expect(term.month(billing: first.previous) == 0)
        for offset in 0..<24 {
            let month = first.advanced(by: offset)
            #expect(term.month(on: month.lastDay) == offset + 1)
        }
    }

    @Test(arguments: [
        ("2026-01-01", "2026-12-31", "2026-09-30"), ("2026-03-01", "2027-02-28", "2026-11-30"),
        ("2026-05-31", "2027-05-30", "2027-02-28"), ("2027-03-01", "2028-02-29", "2027-11-30"),
        ("2026-05-06", "2027-05-05", "2027-02-05"),
    ])
    func noticeMustLeaveThreeMonths(start: String, end: String, deadline: String) throws {
        let term = ContractTerm(start: try day(start))
        #expect(term.termEnd(on: term.start).description == end)
        let last = ContractTerm.noticeDeadline(forTermEnding: try day(end))
        #expect(last.description == deadline)
        #expect(term.end(noticeOn: last).description == end)
        let late = term.end(noticeOn: last.adding(days: 1))
        #expect(late == term.firstDay(ofYear: 3).adding(days: -1))
        #expect(term.end(noticeOn: try day(end)) == late)
    }

    @Test func twoYearTermsEndAfterTwoYears() throws {
        let term = ContractTerm(start: try day("2026-06-15"), years: 2)
        #expect(try term.termEnd(on: day("2027-07-01")).description == "2028-06-14")
        #expect(try term.termEnd(on: day("2028-06-15")).description == "2030-06-14")
    }

    @Test func monthsAreFinalisedInTime() throws {
        let september = try month("2026-09")
        #expect(try Finalisation.standard.moment(for: september) == microseconds("2026-10-03T04:00:00Z"))
        #expect(try Finalisation.standard.moment(for: month("2026-12")) == microseconds("2027-01-03T05:00:00Z"))
        #expect(try Finalisation.withoutDisclosure.moment(for: september) == microseconds("2026-10-11T04:00:00Z"))
        #expect(Finalisation.disclosureDue(for: september).description == "2026-10-10")
        #expect(try Finalisation.legalLimit(for: september) == microseconds("2026-10-14T22:00:00Z"))
        #expect(throws: Refusal.self) { try Finalisation(day: 15) }
        #expect(throws: Refusal.self) { try Finalisation(day: 0) }
        #expect(throws: Refusal.self) { try Finalisation(day: 3, hour: 24) }
        let latest = try Finalisation(day: 14, hour: 23)
        #expect(latest.moment(for: september) < Finalisation.legalLimit(for: september))
    }
}
