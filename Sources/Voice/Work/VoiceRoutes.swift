import Kernel
import Postgres
import Tenancy
import Web

/// A kind of object in a tenant's voice: how paths and answers call its id.
package protocol VoiceItemKind: IdentifierKind {
    /// For example `sip_user_id`.
    static var pathKey: String { get }
}

/// A key of the wire whose name depends on the kind of object.
private struct WireKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// The tenant of a path.
struct VoicePath: Codable, Sendable {
    let tenantID: TenantID
}

/// A page of a tenant's objects.
struct VoiceListing: Codable, Sendable {
    let tenantID: TenantID
    let limit: PageLimit?
    let cursor: String?

    var page: PageRequest { PageRequest(limit: limit?.count, cursor: cursor) }
}

/// One object of a tenant, in the path.
struct VoiceItemPath<Kind: VoiceItemKind>: Decodable, Sendable {
    let tenantID: TenantID
    let id: ID<Kind>

    init(from decoder: any Decoder) throws {
        tenantID = try VoicePath(from: decoder).tenantID
        id = try decoder.container(keyedBy: WireKey.self).decode(
            ID<Kind>.self, forKey: WireKey(stringValue: Kind.pathKey))
    }
}

/// One object of a tenant, in the path, and whether the change is only tried.
struct VoiceItemStep<Kind: VoiceItemKind>: Decodable, Sendable {
    let path: VoiceItemPath<Kind>
    let validateOnly: Bool?

    init(from decoder: any Decoder) throws {
        path = try VoiceItemPath(from: decoder)
        validateOnly = try Rehearsed(from: decoder).validateOnly
    }
}

/// Whether a change is only tried.
private struct Rehearsed: Codable {
    let validateOnly: Bool?
}

/// A new object of a tenant: its fields beside the path.
struct NewVoiceItem<Fields: Decodable & Sendable>: Decodable, Sendable {
    let tenantID: TenantID
    let fields: Fields
    let validateOnly: Bool?

    init(from decoder: any Decoder) throws {
        tenantID = try VoicePath(from: decoder).tenantID
        fields = try Fields(from: decoder)
        validateOnly = try Rehearsed(from: decoder).validateOnly
    }
}

/// All fields of an object of a tenant: what is left out is taken away.
struct ChangedVoiceItem<Kind: VoiceItemKind, Fields: Decodable & Sendable>: Decodable, Sendable {
    let path: VoiceItemPath<Kind>
    let fields: Fields
    let validateOnly: Bool?

    init(from decoder: any Decoder) throws {
        path = try VoiceItemPath(from: decoder)
        fields = try Fields(from: decoder)
        validateOnly = try Rehearsed(from: decoder).validateOnly
    }
}

/// The five operations that every kind of object in a tenant's voice has.
struct VoiceRoutes<Kind: VoiceItemKind, Resource: Codable & Sendable & Revisioned, Fields: Decodable & Sendable>:
    Sendable
{
    typealias Tx = Transaction<ScopeNode>

    /// The last part of the collection's path, such as `users`.
    let path: String
    /// In words, such as `SIP user`, `SIP users`.
    let words: (one: String, many: String)
    /// Reasons of problems that are this kind's own.
    var reasons: [String] = []

    let list: @Sendable (TenantID, PageRequest, borrowing Tx) throws -> Page<Resource>
    let get: @Sendable (VoiceItemPath<Kind>, borrowing Tx) throws -> Resource
    let create: @Sendable (TenantID, Fields, borrowing Tx, Actor) throws -> Resource
    let update: @Sendable (VoiceItemPath<Kind>, Fields, ExpectedRevision, borrowing Tx, Actor) throws -> Resource
    /// `nil` for what only ends its life.
    var delete: (@Sendable (VoiceItemPath<Kind>, ExpectedRevision, borrowing Tx, Actor) throws -> Void)?
    /// What is stored for a repeated request, for answers with a secret that is shown once.
    var storing: @Sendable (Resource) -> Resource = { $0 }

    var collection: String { "/v1/voice/tenants/{tenant_id}/\(path)" }
    var item: String { "\(collection)/{\(Kind.pathKey)}" }
    private var reading: Requirement { .permission(.voiceRead) }
    private var writing: Requirement { .permission(.voiceWrite) }
    private var article: String { "aeioAEIO".contains(words.one.first ?? " ") ? "an" : "a" }

    func endpoints(_ work: UnitOfWork) -> [Endpoint] {
        let all =
            [
                Endpoint(.get, PathTemplate(collection), "List \(words.many)", tag: "Voice", requires: reading) {
                    (call: Call<VoiceListing>) in
                    try await work.read(call) { tx in try list(call.input.tenantID, call.input.page, tx) }
                },
                created(work),
                Endpoint(.get, PathTemplate(item), "Get \(article) \(words.one)", tag: "Voice", requires: reading) {
                    (call: Call<VoiceItemPath<Kind>>) in
                    try await work.read(call) { tx in try get(call.input, tx) }
                },
                changed(work),
            ] + (delete.map { [deleted(work, $0)] } ?? [])
        return all.map { endpoint in
            var endpoint = endpoint
            endpoint.options.reasons += ["VOICE_OFF"]
            return endpoint
        }
    }

    private func created(_ work: UnitOfWork) -> Endpoint {
        var endpoint = Endpoint(
            .post, PathTemplate(collection), "Create \(article) \(words.one)", tag: "Voice", requires: writing
        ) { (call: Call<NewVoiceItem<Fields>>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly, storing: storing) { tx, actor in
                try create(input.tenantID, input.fields, tx, actor)
            }
        }
        .status(201)
        endpoint.options.reasons += reasons
        return endpoint
    }

    private func changed(_ work: UnitOfWork) -> Endpoint {
        var endpoint = Endpoint(
            .put, PathTemplate(item), "Change \(article) \(words.one)", tag: "Voice", requires: writing
        ) { (call: Call<ChangedVoiceItem<Kind, Fields>>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly, storing: storing) { tx, actor in
                try update(input.path, input.fields, .header(call.ifMatch), tx, actor)
            }
        }
        .comparingState().described("Replaces the whole object: a field that is left out is taken away.")
        endpoint.options.reasons += reasons
        return endpoint
    }

    private func deleted(
        _ work: UnitOfWork,
        _ delete: @escaping @Sendable (VoiceItemPath<Kind>, ExpectedRevision, borrowing Tx, Actor) throws -> Void
    ) -> Endpoint {
        Endpoint(
            .delete, PathTemplate(item), "Delete \(article) \(words.one)", tag: "Voice", requires: writing
        ) { (call: Call<VoiceItemStep<Kind>>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                try delete(input.path, .header(call.ifMatch), tx, actor)
                return NoContent()
            }
        }
        .comparingState().failing("VOICE_IN_USE")
    }
}
