import Kernel
import Postgres
import Telephony
import Tenancy
import Voice
import Web

/// The pages and forms that every kind of object in a tenant's voice has: new, changed, deleted.
struct VoiceItemRoutes<Kind: VoiceItemKind, Fields: Decodable & Sendable>: Sendable {
    typealias Tx = Transaction<ScopeNode>

    /// What the form of an object needs.
    struct Shown: Sendable {
        let item: VoiceItemPage.Item
        let values: [String: String]
    }

    /// What became of a form.
    struct Saved: Sendable {
        let id: ID<Kind>
        let name: String
        /// Shown once, in place of a redirect.
        var secret: VoiceSecretPage?
    }

    let services: ConsoleServices
    /// The kind in the path and in words: `users`, "user".
    let kind: (path: String, one: String)
    /// What the form of a new one begins with.
    let blank: [String: String]
    let sections: @Sendable (VoiceChoices, FormState, _ isNew: Bool) -> [Form.Section]
    let get: @Sendable (ID<Kind>, VoiceChoices, borrowing Tx) throws -> Shown
    let create: @Sendable (Fields, VoiceChoices, borrowing Tx, Actor) throws -> Saved
    let update: @Sendable (ID<Kind>, Fields, ExpectedRevision, VoiceChoices, borrowing Tx, Actor) throws -> Saved
    /// `nil` for what only ends its life.
    var delete: (@Sendable (ID<Kind>, TenantID, ExpectedRevision, borrowing Tx, Actor) throws -> Void)?
    /// The form's field for a field of the API where they differ.
    var rename: @Sendable (String, FormState) -> String? = { _, _ in nil }

    var all: [PageRoute] {
        let (list, item) = (collection, "\(collection)/{\(Kind.pathKey)}")
        let writing = Requirement.permission(.voiceWrite)
        let pages = [
            PageRoute(.get, PathTemplate("\(list)/new"), requires: writing, use: blankForm),
            PageRoute(.post, PathTemplate(list), requires: writing, use: add)
                .recovering { call in try await again(call, isNew: true) },
            PageRoute(.get, PathTemplate(item), requires: writing, use: form),
            PageRoute(.post, PathTemplate(item), requires: writing, use: save)
                .recovering { call in try await again(call, isNew: false) },
        ]
        guard let delete else { return pages }
        return pages + [
            step(
                "delete", "is deleted", returningTo: { place, _ in place.path },
                { id, input, tx, actor in
                    try delete(id, input.tenantID, ExpectedRevision(form: input.revision), tx, actor)
                })
        ]
    }

    private var collection: String { "/tenants/{tenant_id}/voice/\(kind.path)" }

    // MARK: Forms

    @Sendable private func blankForm(_ call: PageCall<VoiceTenantInput>) async throws -> PageReply {
        let page = try await services.work.read(call) { tx in
            let choices = try VoiceChoices(services, call.input.tenantID, tx)
            return formPage(nil, FormState(values: blank), choices)
        }
        return .page(page)
    }

    @Sendable private func form(_ call: PageCall<VoiceItemInput<Kind>>) async throws -> PageReply {
        let page = try await services.work.read(call) { tx in
            let choices = try VoiceChoices(services, call.input.tenantID, tx)
            let shown = try get(call.input.id, choices, tx)
            let values = shown.values.merging(["revision": "\(shown.item.revision)"]) { $1 }
            return formPage(shown.item, FormState(values: values), choices)
        }
        return .page(page)
    }

    /// The form as it was sent, with what is wrong.
    private func again(_ call: PageCall<Submission>, isNew: Bool) async throws -> PageReply {
        let submission = call.input
        guard let tenantID = TenantID(submission.values["tenant_id"] ?? "") else { throw submission.problem }
        let page = try await services.work.read(call) { tx in
            let choices = try VoiceChoices(services, tenantID, tx)
            guard !isNew else { return formPage(nil, renamed(FormState(submission)), choices) }
            guard let id = ID<Kind>(submission.values[Kind.pathKey] ?? "") else { throw submission.problem }
            let item = try get(id, choices, tx).item
            return formPage(item, renamed(FormState(submission, presentRevision: item.revision)), choices)
        }
        return .page(page, status: submission.status)
    }

    private func formPage(_ item: VoiceItemPage.Item?, _ state: FormState, _ choices: VoiceChoices) -> ConsolePage {
        VoiceItemPage(
            place: choices.place, kind: kind, item: item, state: state,
            sections: sections(choices, state, item == nil)
        ).page
    }

    /// `registration.username` and `prefixes[2]` are fields of the API; the form has `username` and `prefixes`.
    private func renamed(_ state: FormState) -> FormState {
        let errors = state.errors.map { error in
            let short = error.field.split(separator: ".").last.map { $0.prefix { $0 != "[" } } ?? ""
            return Problem.FieldError(field: rename(error.field, state) ?? String(short), message: error.message)
        }
        return FormState(values: state.values, errors: errors)
    }

    // MARK: Changing

    @Sendable private func add(_ call: PageCall<NewVoiceInput<Fields>>) async throws -> PageReply {
        let input = call.input
        let (saved, place) = try await services.work.perform(call) { tx, actor in
            let choices = try VoiceChoices(services, input.tenantID, tx)
            return (try create(input.fields, choices, tx, actor), choices.place)
        }
        if let secret = saved.secret { return .page(secret.page) }
        return .redirect(to: place.path, flash: Flash(.ok, "\(saved.name) is added."))
    }

    @Sendable private func save(_ call: PageCall<ChangedVoiceInput<Kind, Fields>>) async throws -> PageReply {
        let input = call.input
        let saved = try await services.work.perform(call) { tx, actor in
            let choices = try VoiceChoices(services, input.item.tenantID, tx)
            return try update(
                input.item.id, input.fields, ExpectedRevision(form: input.item.revision), choices, tx, actor)
        }
        return .redirect(
            to: "/tenants/\(input.item.tenantID)/voice/\(kind.path)/\(input.item.id)",
            flash: Flash(.ok, "\(saved.name) is saved."))
    }

    /// A step that has no form of its own, only a button. A refusal is told on the object's page.
    func step(
        _ verb: String, _ done: String, returningTo target: @escaping @Sendable (VoicePlace, ID<Kind>) -> String,
        _ take: @escaping @Sendable (ID<Kind>, VoiceItemInput<Kind>, borrowing Tx, Actor) throws -> Void
    ) -> PageRoute {
        PageRoute(
            .post, PathTemplate("\(collection)/{\(Kind.pathKey)}/\(verb)"), requires: .permission(.voiceWrite)
        ) { (call: PageCall<VoiceItemInput<Kind>>) in
            let input = call.input
            let (place, name) = try await services.work.perform(call) { tx, actor in
                let choices = try VoiceChoices(services, input.tenantID, tx)
                let name = try get(input.id, choices, tx).item.name
                try take(input.id, input, tx, actor)
                return (choices.place, name)
            }
            return .redirect(to: target(place, input.id), flash: Flash(.ok, "\(name) \(done)."))
        }
        .recovering(toItem)
    }

    @Sendable func toItem(_ call: PageCall<Submission>) async throws -> PageReply {
        let values = call.input.values
        return .redirect(
            to: "/tenants/\(values["tenant_id"] ?? "")/voice/\(kind.path)/\(values[Kind.pathKey] ?? "")",
            flash: Flash(.bad, call.input.problem.detail))
    }
}

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
