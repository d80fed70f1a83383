import Foundation
import Kernel
import Telephony
import Tenancy
import Web

extension ScheduleKind: VoiceItemKind { package static var pathKey: String { "schedule_id" } }

/// Open from `from` until before `to`.
package struct OpeningHours: Codable, Sendable, Equatable {
    /// ISO: 1 is Monday.
    package var weekday: Int
    /// `08:00`
    package var from: String
    /// `17:30`, at most `24:00`.
    package var to: String

    package init(weekday: Int, from: String, to: String) {
        self.weekday = weekday
        self.from = from
        self.to = to
    }

    init(_ hours: Schedule.Hours) {
        self.init(weekday: hours.weekday, from: Self.text(hours.from), to: Self.text(hours.to))
    }

    /// `nil` when it is none.
    var hours: Schedule.Hours? {
        guard (1...7).contains(weekday), let from = Self.minutes(from), let to = Self.minutes(to), from < to else {
            return nil
        }
        return Schedule.Hours(weekday: weekday, from: from, to: to)
    }

    private static func minutes(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= 1440
        else { return nil }
        return hour * 60 + minute
    }

    private static func text(_ minutes: Int) -> String {
        [minutes / 60, minutes % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}

/// What is sent to create a schedule or to replace it.
package struct ScheduleFields: Codable, Sendable {
    package var displayName: String
    /// An IANA name, for example `Europe/Vienna`.
    package var timeZone: String
    package var hours: [OpeningHours]
    /// Days on which it is closed, as `YYYY-MM-DD`.
    package var closedOn: [String]?

    package init(displayName: String, timeZone: String, hours: [OpeningHours], closedOn: [String]? = nil) {
        self.displayName = displayName
        self.timeZone = timeZone
        self.hours = hours
        self.closedOn = closedOn
    }

    func checked(id: ScheduleID) throws(Problem) -> Schedule {
        var checks = FieldChecks()
        var displayName = ""
        checks.set(&displayName, self.displayName, "display_name", 1...Limits.textCharacters)
        if !TimeZone.knownTimeZoneIdentifiers.contains(timeZone), timeZone != "UTC" {
            checks.refuse("time_zone", "must be an IANA name, for example Europe/Vienna")
        }
        if hours.count > 70 { checks.refuse("hours", "must be at most 70") }
        let read = hours.map(\.hours)
        for (index, hours) in read.enumerated() {
            guard let hours else {
                checks.refuse(
                    "hours[\(index)]", "needs a weekday from 1 (Monday) to 7 and times like 08:00, 'from' before 'to'")
                continue
            }
            if read[..<index].contains(where: { $0.map { $0.overlaps(hours) } ?? false }) {
                checks.refuse("hours[\(index)]", "overlaps with other hours of that day")
            }
        }
        let closed = (closedOn ?? []).sorted()
        if closed.count > 366 { checks.refuse("closed_on", "must be at most 366") }
        for (index, day) in (closedOn ?? []).enumerated() where !Self.isDay(day) {
            checks.refuse("closed_on[\(index)]", "must be a day like 2026-12-24")
        }
        try checks.throwIfAny()
        let sorted = read.compactMap { $0 }.sorted { ($0.weekday, $0.from) < ($1.weekday, $1.from) }
        return Schedule(
            id: id, displayName: displayName, timeZone: timeZone, hours: sorted, closedOn: closed)
    }

    private static func isDay(_ text: String) -> Bool { text.utf8.count == 10 && Timestamp("\(text)T00:00:00Z") != nil }
}

extension Schedule.Hours {
    fileprivate func overlaps(_ other: Self) -> Bool { weekday == other.weekday && from < other.to && other.from < to }
}

/// A schedule as the API shows it.
package struct ScheduleResource: Codable, Sendable, Revisioned {
    package let scheduleID: ScheduleID
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let displayName: String
    package let timeZone: String
    package let hours: [OpeningHours]
    package let closedOn: [String]
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(_ stored: Stored<Schedule>) {
        scheduleID = stored.value.id
        tenantID = stored.tenantID
        organisationID = stored.organisationID
        displayName = stored.value.displayName
        timeZone = stored.value.timeZone
        hours = stored.value.hours.map(OpeningHours.init)
        closedOn = stored.value.closedOn
        revision = stored.revision
        createdAt = stored.createdAt
        updatedAt = stored.updatedAt
    }
}
