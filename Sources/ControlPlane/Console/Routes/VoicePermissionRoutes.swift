import Kernel
import Rating
import Telephony
import Tenancy
import Voice
import Web

/// Pages of what a tenant, its sites and its users may call.
struct VoicePermissionRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] { permissions.all }

    struct PermissionForm: Codable, Sendable {
        let allowed: Bool
        /// A site's id, a user's, or nothing for the whole tenant.
        let scope: String?
        let country: CountryCode?
        let destinationKind: DestinationKind?
        let prefix: String?
        let reason: String?
        let expiresOn: CalendarDate?

        /// A permission lives to the end of its last day in Vienna.
        func fields() throws(Problem) -> DialPermissionFields {
            var fields = DialPermissionFields(allowed: allowed)
            if let scope {
                fields.siteID = SiteID(scope)
                fields.sipUserID = SIPUserID(scope)
                guard fields.siteID != nil || fields.sipUserID != nil else {
                    throw .invalid("scope", "is not in the list")
                }
            }
            fields.country = country
            fields.kind = destinationKind
            fields.prefix = prefix
            fields.reason = reason
            fields.expiresAt = expiresOn.map { Timestamp(microseconds: ViennaTime.instant($0.adding(days: 1))) }
            return fields
        }

        var values: [String: String] {
            [
                "allowed": "\(allowed)", "scope": scope ?? "", "country": country?.code ?? "",
                "destination_kind": destinationKind?.rawValue ?? "", "prefix": prefix ?? "", "reason": reason ?? "",
                "expires_on": expiresOn.map { "\($0)" } ?? "",
            ]
        }
    }

    /// What is in the form in place of what is there.
    private var trial: VoiceItemRoutes<DialPermissionKind, PermissionForm>.Trial {
        let (ids, time) = (services.work.ids, services.work.time)
        return .init(
            change: { id, form in
                var change = TriedChange()
                change.replaced = id
                change.permission = try form.fields().checked(id: ids.new(), now: time.now).permission
                return change
            }, values: { $0.values })
    }

    private var permissions: VoiceItemRoutes<DialPermissionKind, PermissionForm> {
        let service = services.voice.permissions
        return VoiceItemRoutes(
            services: services, kind: ("permissions", "permission"), blank: ["allowed": "true"],
            sections: { choices, _, _ in Self.sections(choices) },
            get: { id, choices, tx in
                let stored = try service.get(id, of: choices.tenantID, tx)
                return .init(
                    item: .init(
                        id: "\(id)", name: stored.value.permission.destinations.words, revision: stored.revision),
                    values: stored.value.formValues)
            },
            create: { form, choices, tx, actor in
                let rule = try service.create(form.fields(), of: choices.tenantID, tx, actor).value
                return .init(id: rule.id, name: rule.permission.destinations.words)
            },
            update: { id, form, expected, choices, tx, actor in
                let rule = try service.update(
                    id, form.fields(), of: choices.tenantID, expecting: expected, tx, actor
                ).value
                return .init(id: id, name: rule.permission.destinations.words)
            },
            delete: { id, tenant, expected, tx, actor in
                try service.delete(id, of: tenant, expecting: expected, tx, actor)
            },
            rename: { field, _ in
                [
                    "expires_at": "expires_on", "kind": "destination_kind", "site_id": "scope", "sip_user_id": "scope",
                ][field]
            }, trial: trial)
    }

    private static func sections(_ choices: VoiceChoices) -> [Form.Section] {
        let any = Field.Choice("", "Any")
        let kinds = DestinationKind.allCases.map { Field.Choice($0.rawValue, DisplayText.words($0.rawValue)) }
        return [
            Form.Section(
                "Permission", "The closest one decides: user, site, tenant; then the longest prefix, then denial.",
                [
                    Field(
                        "allowed", "Calls are",
                        .radios([
                            .init("true", "Allowed", "beyond what is allowed by default"),
                            .init("false", "Denied", "also where they are allowed by default"),
                        ])),
                    Field("scope", "For", .select(choices.scopeChoices), isRequired: false),
                ]),
            Form.Section(
                "Destinations", "A destination has to match every part that is filled in.",
                [
                    Field("country", "Country", .select([any] + CountryChoices.everywhere), isRequired: false),
                    Field(
                        "destination_kind", "Kind", .select([any] + kinds),
                        hint:
                            "Premium numbers, satellites and countries of high risk are allowed by whoever manages the tenant.",
                        isRequired: false),
                    Field(
                        "prefix", "Begins with", hint: "First digits without +, for example 4390.", isRequired: false),
                ]),
            Form.Section(
                "Why and how long", "For whoever looks at it later.",
                [
                    Field("reason", "Reason", isRequired: false),
                    Field(
                        "expires_on", "Last day", .input(type: "date"), hint: "Empty: until it is deleted.",
                        isRequired: false),
                ]),
        ]
    }
}

extension DialRule {
    fileprivate var formValues: [String: String] {
        let (permission, destinations) = (self.permission, self.permission.destinations)
        let scope =
            switch permission.scope {
            case .tenant: ""
            case .site(let id): "\(id)"
            case .user(let id): "\(id)"
            }
        let lastDay = permission.expiresAt.flatMap { ViennaTime.date(at: $0.microseconds - 1) }
        return [
            "allowed": "\(permission.isAllowed)", "scope": scope, "country": destinations.country?.code ?? "",
            "destination_kind": destinations.kind?.rawValue ?? "", "prefix": destinations.prefix ?? "",
            "reason": reason, "expires_on": lastDay.map { "\($0)" } ?? "",
        ]
    }
}

extension DialPermission.Destinations {
    /// "Italy, mobile, +39"
    var words: String {
        let parts = [
            country.map { Telephony.Country.with($0)?.name ?? $0.code },
            kind.map { DisplayText.words($0.rawValue).lowercased() }, prefix.map { "+\($0)…" },
        ].compactMap(\.self)
        let text = parts.isEmpty ? "all destinations" : parts.joined(separator: ", ")
        return text.prefix(1).uppercased() + text.dropFirst()
    }
}
