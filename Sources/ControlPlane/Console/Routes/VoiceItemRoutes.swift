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

    /// How a form is tried on past calls before it is saved.
    struct Trial: Sendable {
        /// - Parameter id: what it would change; `nil` for a new one.
        let change: @Sendable (_ id: ID<Kind>?, Fields) throws -> TriedChange
        /// The entries as they were sent.
        let values: @Sendable (Fields) -> [String: String]
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
    /// `nil` where past calls say nothing.
    var trial: Trial?

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
        return pages + trials(list, item) + deletion
    }

    private var deletion: [PageRoute] {
        guard let delete else { return [] }
        return [
            step(
                "delete", "is deleted", returningTo: { place, _ in place.path },
                { id, input, tx, actor in
                    try delete(id, input.tenantID, ExpectedRevision(form: input.revision), tx, actor)
                })
        ]
    }

    private func trials(_ list: String, _ item: String) -> [PageRoute] {
        guard let trial else { return [] }
        let writing = Requirement.permission(.voiceWrite)
        return [
            PageRoute(.post, PathTemplate("\(list)/try"), requires: writing) {
                (call: PageCall<NewVoiceInput<Fields>>) in
                try await tried(trial, call.input.fields, nil, of: call.input.tenantID, call)
            }
            .recovering { call in try await again(call, isNew: true) }.timeLimit(seconds: 60),
            PageRoute(.post, PathTemplate("\(item)/try"), requires: writing) {
                (call: PageCall<ChangedVoiceInput<Kind, Fields>>) in
                try await tried(trial, call.input.fields, call.input.item, of: call.input.item.tenantID, call)
            }
            .recovering { call in try await again(call, isNew: false) }.timeLimit(seconds: 60),
        ]
    }

    /// The form with its entries, and above it what they would have done to the last calls.
    private func tried<Input>(
        _ trial: Trial, _ fields: Fields, _ item: VoiceItemInput<Kind>?, of tenant: TenantID, _ call: PageCall<Input>
    ) async throws -> PageReply {
        let change = try trial.change(item?.id, fields)
        let result = try await services.voice.whatIf.replay(change, of: tenant, in: call.principal.scope)
        let card = VoiceTrialCard(WhatIfResource(tenant, result)).html
        let revision = ["revision": item?.revision.map { "\($0)" } ?? ""]
        let state = FormState(values: trial.values(fields).merging(revision) { $1 })
        let page = try await services.work.read(call) { tx in
            let choices = try VoiceChoices(services, tenant, tx)
            guard let item else { return formPage(nil, state, choices, above: card) }
            return formPage(try get(item.id, choices, tx).item, state, choices, above: card)
        }
        return .page(page)
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

    private func formPage(
        _ item: VoiceItemPage.Item?, _ state: FormState, _ choices: VoiceChoices, above: HTML = ""
    ) -> ConsolePage {
        var page = VoiceItemPage(
            place: choices.place, kind: kind, item: item, state: state,
            sections: sections(choices, state, item == nil))
        page.canBeTried = trial != nil
        page.above = above
        return page.page
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
