import Kernel
import Voice
import Web

/// The tenant of a page's path.
struct VoiceTenantInput: Codable, Sendable {
    let tenantID: TenantID
}

/// A key of a form whose name is made up.
struct FormKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
    init(_ name: String) { self.init(stringValue: name) }
}

/// One object of a tenant, and what a step may carry.
struct VoiceItemInput<Kind: VoiceItemKind>: Decodable, Sendable {
    private struct Rest: Codable {
        let revision: Int64?
        let reason: String?
        let immediately: Bool?
        let days: Int64?
    }

    let tenantID: TenantID
    let id: ID<Kind>
    let revision: Int64?
    let reason: String
    let immediately: Bool
    /// How long an old secret works.
    let days: Int64?

    init(from decoder: any Decoder) throws {
        tenantID = try VoiceTenantInput(from: decoder).tenantID
        id = try decoder.container(keyedBy: FormKey.self).decode(ID<Kind>.self, forKey: FormKey(Kind.pathKey))
        let rest = try Rest(from: decoder)
        (revision, reason) = (rest.revision, rest.reason ?? "")
        (immediately, days) = (rest.immediately ?? false, rest.days)
    }
}

/// The form of a new object.
struct NewVoiceInput<Fields: Decodable & Sendable>: Decodable, Sendable {
    let tenantID: TenantID
    let fields: Fields

    init(from decoder: any Decoder) throws {
        tenantID = try VoiceTenantInput(from: decoder).tenantID
        fields = try Fields(from: decoder)
    }
}

/// The form of an object that is there.
struct ChangedVoiceInput<Kind: VoiceItemKind, Fields: Decodable & Sendable>: Decodable, Sendable {
    let item: VoiceItemInput<Kind>
    let fields: Fields

    init(from decoder: any Decoder) throws {
        item = try VoiceItemInput(from: decoder)
        fields = try Fields(from: decoder)
    }
}
