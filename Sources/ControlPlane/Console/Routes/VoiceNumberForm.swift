import Kernel
import Telephony
import Voice
import Web

/// The form of a number. Its routes are rows of three fields: `target_1`, `value_1`, `schedule_1`.
struct NumberForm: Decodable, Sendable {
    /// One row that is filled in.
    struct RouteRow: Sendable {
        /// Its number in the form.
        let row: Int
        let target: String
        let value: String?
        let schedule: ScheduleID?
    }

    private struct Plain: Codable {
        let e164: E164?
        let displayName: String?
        let trunkID: TrunkID?
        let concurrentLimit: Int?
    }

    static let mostRows = 20

    private let plain: Plain
    let routes: [RouteRow]

    init(from decoder: any Decoder) throws {
        plain = try Plain(from: decoder)
        let fields = try decoder.container(keyedBy: FormKey.self)
        routes = try (1...Self.mostRows).compactMap { row in
            let target = try fields.decodeIfPresent(String.self, forKey: FormKey("target_\(row)")) ?? ""
            guard !target.isEmpty else { return nil }
            return RouteRow(
                row: row, target: target,
                value: try fields.decodeIfPresent(String.self, forKey: FormKey("value_\(row)")),
                schedule: try fields.decodeIfPresent(ScheduleID.self, forKey: FormKey("schedule_\(row)")))
        }
    }

    func fields() throws(Problem) -> PhoneNumberFields {
        var fields = PhoneNumberFields(e164: plain.e164, displayName: plain.displayName ?? "")
        fields.trunkID = plain.trunkID
        fields.concurrentLimit = plain.concurrentLimit
        var routes: [RouteFields] = []
        for row in self.routes { routes.append(try row.fields) }
        fields.routes = routes
        return fields
    }

    /// The form's field for `routes[0].agent`: rows that were left empty do not count.
    static func field(_ field: String, _ state: FormState) -> String? {
        guard field.hasPrefix("routes["), let index = Int(field.dropFirst(7).prefix { $0 != "]" }) else { return nil }
        let rows = (1...mostRows).filter { !state.value("target_\($0)").isEmpty }
        guard rows.indices.contains(index) else { return nil }
        return "\(field.hasSuffix("]") ? "target" : "value")_\(rows[index])"
    }

    /// The rows of the form: those that are there and two more.
    static func fields(_ choices: VoiceChoices, _ state: FormState) -> [Field] {
        let filled = (1...mostRows).filter { !state.value("target_\($0)").isEmpty }.max() ?? 0
        return (1...min(max(filled + 2, 3), mostRows)).flatMap { row in
            [
                Field("target_\(row)", "\(row). Goes to", .select(choices.targetChoices), isRequired: false),
                Field("value_\(row)", "\(row). Agent or number", isRequired: false),
                Field(
                    "schedule_\(row)", "\(row). When", .select([.init("", "Always")] + choices.scheduleChoices),
                    isRequired: false),
            ]
        }
    }

    static func values(of number: PhoneNumber) -> [String: String] {
        var values = [
            "e164": "\(number.e164)", "display_name": number.displayName,
            "trunk_id": number.trunkID?.description ?? "",
            "concurrent_limit": number.concurrentLimit.map { "\($0)" } ?? "",
        ]
        for (index, entry) in number.routes.enumerated() {
            let row = index + 1
            values["schedule_\(row)"] = entry.scheduleID?.description ?? ""
            switch entry.target {
            case .agent(let name): (values["target_\(row)"], values["value_\(row)"]) = ("agent", name)
            case .external(let e164): (values["target_\(row)"], values["value_\(row)"]) = ("external", "\(e164)")
            case .user(let id): values["target_\(row)"] = "\(id)"
            case .group(let id): values["target_\(row)"] = "\(id)"
            case .reject: values["target_\(row)"] = "reject"
            }
        }
        return values
    }
}

extension NumberForm.RouteRow {
    fileprivate var fields: RouteFields {
        get throws(Problem) {
            var fields: RouteFields
            if let user = SIPUserID(target) {
                fields = RouteFields(to: .user)
                fields.sipUserID = user
            } else if let group = CallGroupID(target) {
                fields = RouteFields(to: .group)
                fields.callGroupID = group
            } else if target == "agent" {
                fields = RouteFields(to: .agent)
                fields.agent = value ?? ""
            } else if target == "external" {
                guard let number = E164(value ?? "") else {
                    throw .invalid("value_\(row)", "must be a number in E.164 form, for example +43720123456")
                }
                fields = RouteFields(to: .external)
                fields.number = number
            } else if target == "reject" {
                fields = RouteFields(to: .reject)
            } else {
                throw .invalid("target_\(row)", "is not in the list")
            }
            fields.scheduleID = schedule
            return fields
        }
    }
}
