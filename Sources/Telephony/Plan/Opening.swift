import Foundation
import Kernel

extension Schedule {
    /// Whether it is open at an instant by the clock of its own zone; a zone that is not known is never open.
    package func isOpen(at now: Timestamp) -> Bool {
        guard let zone = TimeZone(identifier: timeZone) else { return false }
        let seconds = now.microseconds.quotientRoundedDown(by: 1_000_000)
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(seconds)))
        let wall = seconds + Int64(offset)
        let day = wall.quotientRoundedDown(by: 86_400)
        let date = CivilDay.date(of: Int(day))
        let text = String(format: "%04d-%02d-%02d", date.year, date.month, date.day)
        guard !closedOn.contains(text) else { return false }
        // 1970-01-01 was a Thursday
        let weekday = Int((day + 3) - (day + 3).quotientRoundedDown(by: 7) * 7) + 1
        let minute = Int(wall - day * 86_400) / 60
        return hours.contains { $0.weekday == weekday && $0.from <= minute && minute < $0.to }
    }
}

extension Int64 {
    /// Towards minus infinity, so that times before 1970 have a day, too.
    fileprivate func quotientRoundedDown(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
