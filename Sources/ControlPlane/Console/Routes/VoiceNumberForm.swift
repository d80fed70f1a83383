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
        let e164: String?
        let displayName: String?
        let trunkID: TrunkID?
        let concurrentLimit: Int?
    }

    static let mostRows = 20
    fileprivate static let asNumber = "must be a number with + and the country, for example +43 720 123456"

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
        let e164 = plain.e164.map { E164(PhoneWords.typed($0)) }
        if case .some(nil) = e164 { throw .invalid("e164", Self.asNumber) }
        var fields = PhoneNumberFields(e164: e164 ?? nil, displayName: plain.displayName ?? "")
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

    /// The routes of the form, each on its own: those that are there and one more, at least three.
    static func sections(_ choices: VoiceChoices, _ state: FormState) -> [Form.Section] {
        let filled = (1...mostRows).filter { !state.value("target_\($0)").isEmpty }.max() ?? 0
        return (1...min(max(filled + 1, 3), mostRows)).map { row in
            Form.Section(
                "Route \(row)",
                row == 1
                    ? "Routes are tried in order; the first whose schedule is open takes the call. None: nobody answers."
                    : "When no route above is open.",
                [
                    Field("target_\(row)", "Goes to", .select(choices.targetChoices), isRequired: false),
                    Field(
                        "value_\(row)", "Agent or number", hint: "Only for an agent or another number.",
                        isRequired: false),
                    Field(
                        "schedule_\(row)", "When", .select([.init("", "Always")] + choices.scheduleChoices),
                        isRequired: false),
                ])
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
                guard let number = E164(PhoneWords.typed(value ?? "")) else {
                    throw .invalid("value_\(row)", NumberForm.asNumber)
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
