import Kernel
import Telephony
import Tenancy
import Voice
import Web

/// Pages of a tenant's opening hours.
struct VoiceScheduleRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] { schedules.all }

    static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    /// Hours are typed day by day: `hours_1` is Monday's `08:00-12:00, 13:00-17:30`.
    struct ScheduleForm: Decodable, Sendable {
        private struct Plain: Codable {
            let displayName: String?
            let timeZone: String?
            let closedOn: String?
        }

        let fields: ScheduleFields

        init(from decoder: any Decoder) throws {
            let plain = try Plain(from: decoder)
            let days = try decoder.container(keyedBy: FormKey.self)
            var hours: [OpeningHours] = []
            for weekday in 1...7 {
                let text = try days.decodeIfPresent(String.self, forKey: FormKey("hours_\(weekday)"))
                hours += Self.spans(text).map { OpeningHours(weekday: weekday, from: $0.from, to: $0.to) }
            }
            fields = ScheduleFields(
                displayName: plain.displayName ?? "", timeZone: plain.timeZone ?? "", hours: hours,
                closedOn: TypedList.entries(plain.closedOn))
        }

        /// `08:00-12:00, 13:00–17:30`; what is none of that stays as it is and is refused by the rule itself.
        static func spans(_ text: String?) -> [(from: String, to: String)] {
            TypedList.entries(text).map { span in
                let times = span.split(maxSplits: 1) { $0 == "-" || $0 == "–" }.map { String($0).trimmed }
                return (times.first ?? "", times.count == 2 ? times[1] : "")
            }
        }

        /// The form's field for `hours[2]`.
        static func field(_ field: String, _ state: FormState) -> String? {
            guard field.hasPrefix("hours["), let index = Int(field.dropFirst(6).prefix { $0 != "]" }) else {
                return nil
            }
            let days = (1...7).flatMap { day in spans(state.value("hours_\(day)")).map { _ in day } }
            return days.indices.contains(index) ? "hours_\(days[index])" : nil
        }
    }

    private var schedules: VoiceItemRoutes<ScheduleKind, ScheduleForm> {
        let service = services.voice.schedules
        return VoiceItemRoutes(
            services: services, kind: ("schedules", "schedule"), blank: ["time_zone": "Europe/Vienna"],
            sections: { _, _, _ in Self.sections },
            get: { id, choices, tx in
                let stored = try service.get(id, of: choices.tenantID, tx)
                return .init(
                    item: .init(id: "\(id)", name: stored.value.displayName, revision: stored.revision),
                    values: Self.values(of: ScheduleResource(stored)))
            },
            create: { form, choices, tx, actor in
                let stored = try service.create(form.fields, of: choices.tenantID, tx, actor)
                return .init(id: stored.value.id, name: stored.value.displayName)
            },
            update: { id, form, expected, choices, tx, actor in
                let stored = try service.update(
                    id, form.fields, of: choices.tenantID, expecting: expected, tx, actor)
                return .init(id: id, name: stored.value.displayName)
            },
            delete: { id, tenant, expected, tx, actor in
                try service.delete(id, of: tenant, expecting: expected, tx, actor)
            },
            rename: ScheduleForm.field)
    }

    private static func values(of schedule: ScheduleResource) -> [String: String] {
        var values = [
            "display_name": schedule.displayName, "time_zone": schedule.timeZone,
            "closed_on": TypedList.lines(schedule.closedOn),
        ]
        for day in 1...7 {
            values["hours_\(day)"] = schedule.hours.filter { $0.weekday == day }.map { "\($0.from)-\($0.to)" }
                .joined(separator: ", ")
        }
        return values
    }

    private static var sections: [Form.Section] {
        [
            Form.Section(
                "Schedule", "When a route applies.",
                [Field("display_name", "Name"), Field("time_zone", "Time zone", hint: "For example Europe/Vienna.")]),
            Form.Section(
                "Open", "For example 08:00-12:00, 13:00-17:30. Empty: closed all day.",
                weekdays.enumerated().map { Field("hours_\($0 + 1)", $1, isRequired: false) }),
            Form.Section(
                "Closed on", "Holidays and other days.",
                [
                    Field(
                        "closed_on", "Days", .area(rows: 4), hint: "One a line, for example 2026-12-24.",
                        isRequired: false)
                ]),
        ]
    }
}
