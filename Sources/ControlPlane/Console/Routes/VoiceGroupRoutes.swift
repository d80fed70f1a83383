import Kernel
import Telephony
import Tenancy
import Voice
import Web

/// Pages of a tenant's groups.
struct VoiceGroupRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] { groups.all }

    struct GroupForm: Codable, Sendable {
        let name: String?
        let displayName: String?
        let strategy: CallGroup.Strategy
        let members: String?
        let ringSeconds: Int?

        /// The members are typed by their names.
        func fields(_ choices: VoiceChoices) throws(Problem) -> CallGroupFields {
            var ids: [SIPUserID] = []
            for name in TypedList.entries(members) {
                guard let user = choices.users.first(where: { $0.name == name.lowercased() }) else {
                    throw .invalid("members", "knows no user “\(name)”; write user names, one a line")
                }
                ids.append(user.id)
            }
            var fields = CallGroupFields(
                name: name ?? "", displayName: displayName ?? "", strategy: strategy, members: ids)
            fields.ringSeconds = ringSeconds
            return fields
        }
    }

    private var groups: VoiceItemRoutes<CallGroupKind, GroupForm> {
        let service = services.voice.groups
        return VoiceItemRoutes(
            services: services, kind: ("groups", "group"),
            blank: ["strategy": "simultaneous", "ring_seconds": "25"],
            sections: { choices, _, _ in Self.groupSections(choices) },
            get: { id, choices, tx in
                let stored = try service.get(id, of: choices.tenantID, tx)
                let group = stored.value
                let members = group.members.map { choices.name(of: $0) ?? "\($0)" }
                return .init(
                    item: .init(id: "\(id)", name: group.displayName, revision: stored.revision),
                    values: [
                        "name": group.name, "display_name": group.displayName, "strategy": group.strategy.rawValue,
                        "members": TypedList.lines(members), "ring_seconds": "\(group.ringSeconds)",
                    ])
            },
            create: { form, choices, tx, actor in
                let stored = try service.create(form.fields(choices), of: choices.tenantID, tx, actor)
                return .init(id: stored.value.id, name: stored.value.displayName)
            },
            update: { id, form, expected, choices, tx, actor in
                let stored = try service.update(
                    id, form.fields(choices), of: choices.tenantID, expecting: expected, tx, actor)
                return .init(id: id, name: stored.value.displayName)
            },
            delete: { id, tenant, expected, tx, actor in
                try service.delete(id, of: tenant, expecting: expected, tx, actor)
            })
    }

    private static func groupSections(_ choices: VoiceChoices) -> [Form.Section] {
        let known = choices.users.prefix(12).map(\.name).joined(separator: ", ")
        return [
            Form.Section(
                "Group", "Users that ring together, or one after the other.",
                [
                    Field("name", "Short name", hint: "Also its extension; no user’s name."),
                    Field("display_name", "Name"),
                    Field(
                        "strategy", "How it rings",
                        .radios([
                            .init("simultaneous", "All at once", "the first who answers has the call"),
                            .init("sequential", "One after the other", "in the order below"),
                        ])),
                    Field(
                        "members", "Members", .area(rows: 5),
                        hint: known.isEmpty ? "There is no user yet." : "User names, one a line. There are: \(known).",
                        isRequired: false),
                    Field("ring_seconds", "Rings for", .number(unit: "seconds")),
                ])
        ]
    }
}
