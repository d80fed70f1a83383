import Kernel
import Telephony
import Tenancy
import Voice
import Web

/// Pages of a tenant's trunks.
struct VoiceTrunkRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] { trunks.all }

    /// How the two sides know each other.
    enum Identification: String, Codable, Sendable, CaseIterable { case address, registration }

    struct TrunkForm: Codable, Sendable {
        let displayName: String?
        let proxy: String?
        let transport: Trunk.Transport
        let identification: Identification
        let username: String?
        let realm: String?
        let secret: String?
        let allowedAddresses: String?
        let enabled: Bool
        let carriesEmergency: Bool
        let priority: Int?
        let weight: Int?
        let prefixes: String?
        let numberFormat: Trunk.NumberFormat

        var fields: TrunkFields {
            var fields = TrunkFields(displayName: displayName ?? "", proxy: proxy ?? "")
            fields.transport = transport
            if identification == .registration {
                fields.registration = RegistrationFields(username: username ?? "", realm: realm, secret: secret)
            }
            fields.allowedAddresses = TypedList.entries(allowedAddresses)
            fields.enabled = enabled
            fields.carriesEmergency = carriesEmergency
            fields.priority = priority
            fields.weight = weight
            fields.prefixes = TypedList.entries(prefixes)
            fields.numberFormat = numberFormat
            return fields
        }
    }

    private var trunks: VoiceItemRoutes<TrunkKind, TrunkForm> {
        let service = services.voice.trunks
        return VoiceItemRoutes(
            services: services, kind: ("trunks", "trunk"),
            blank: [
                "transport": "udp", "identification": "address", "enabled": "true", "priority": "1", "weight": "1",
                "number_format": "+e164",
            ],
            sections: { _, _, isNew in Self.sections(isNew: isNew) },
            get: { id, choices, tx in
                let view = try service.get(id, of: choices.tenantID, tx)
                return .init(
                    item: .init(
                        id: "\(id)", name: view.stored.value.displayName, revision: view.stored.revision,
                        notices: view.notices), values: view.stored.value.formValues)
            },
            create: { form, choices, tx, actor in
                let stored = try service.create(form.fields, of: choices.tenantID, tx, actor).stored
                return .init(id: stored.value.id, name: stored.value.displayName)
            },
            update: { id, form, expected, choices, tx, actor in
                let stored = try service.update(
                    id, form.fields, of: choices.tenantID, expecting: expected, tx, actor
                ).stored
                return .init(id: id, name: stored.value.displayName)
            },
            delete: { id, tenant, expected, tx, actor in
                try service.delete(id, of: tenant, expecting: expected, tx, actor)
            })
    }

    private static func sections(isNew: Bool) -> [Form.Section] {
        let identifications: [Field.Choice] = [
            .init("address", "By address", "both sides know each other’s networks; nothing to log in with"),
            .init("registration", "By registration", "our nodes log in at the carrier with a name and a secret"),
        ]
        let formats: [Field.Choice] = [.init("+e164", "+43720123456"), .init("e164", "43720123456")]
        return [
            Form.Section(
                "Trunk", "The way to a carrier, or to an exchange of one’s own.",
                [
                    Field("display_name", "Name"),
                    Field("proxy", "Host", hint: "host or host:port, for example sip.carrier.example"),
                    Field(
                        "transport", "Transport",
                        .select([.init("udp", "UDP"), .init("tcp", "TCP"), .init("tls", "TLS")])),
                    Field("number_format", "Numbers are written", .select(formats)),
                    Field("enabled", "Enabled", .check),
                ]),
            Form.Section(
                "Identification", "How the two sides know each other.",
                [
                    Field("identification", "Known", .radios(identifications)),
                    Field("username", "User name", hint: "For a registration.", isRequired: false),
                    Field("realm", "Realm", hint: "Empty: the host.", isRequired: false),
                    Field(
                        "secret", "Secret", .input(type: "password"),
                        hint: isNew ? "What the carrier gave you." : "Empty: it stays as it is.", isRequired: false),
                ]),
            Form.Section(
                "Who may call in", "Calls from anywhere else are refused. With an empty list nobody gets in.",
                [
                    Field(
                        "allowed_addresses", "Allowed networks", .area(rows: 4),
                        hint: "Addresses or CIDR, one a line, for example 192.0.2.0/28.", isRequired: false)
                ]),
            Form.Section(
                "Use for calls out", "Smaller priorities first; equal ones share by weight.",
                [
                    Field("priority", "Priority", .number(unit: nil)), Field("weight", "Weight", .number(unit: nil)),
                    Field(
                        "prefixes", "Only destinations that begin with", .area(rows: 2),
                        hint: "First digits without +, one a line. Empty: all.", isRequired: false),
                    Field("carries_emergency", "Carries emergency calls", .check),
                ]),
        ]
    }
}

extension TrunkSettings {
    /// Never the secret.
    fileprivate var formValues: [String: String] {
        [
            "display_name": displayName, "proxy": proxy, "transport": transport.rawValue,
            "identification": registration == nil ? "address" : "registration",
            "username": registration?.username ?? "", "realm": registration?.realm ?? "",
            "allowed_addresses": TypedList.lines(allowedAddresses), "enabled": "\(use.isEnabled)",
            "carries_emergency": "\(use.carriesEmergency)", "priority": "\(use.priority)", "weight": "\(use.weight)",
            "prefixes": TypedList.lines(use.prefixes), "number_format": format.rawValue,
        ]
    }
}
