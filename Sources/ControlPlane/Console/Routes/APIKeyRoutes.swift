import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import Web

/// Pages of API keys.
struct APIKeyRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(.get, "/api-keys", requires: .permission(.apiKeyRead), use: list),
            PageRoute(.get, "/api-keys/new", requires: .permission(.apiKeyWrite), use: blankForm),
            PageRoute(.post, "/api-keys", requires: .permission(.apiKeyWrite), use: create)
                .recovering { call in try await form(call, FormState(call.input), status: call.input.status) },
            PageRoute(.post, "/api-keys/{api_key_id}/rotate", requires: .permission(.apiKeyWrite), use: rotate)
                .recovering(refused),
            PageRoute(.post, "/api-keys/{api_key_id}/revoke", requires: .permission(.apiKeyWrite), use: revoke)
                .recovering(refused),
        ]
    }

    struct ListInput: Codable, Sendable {
        let cursor: String?
    }

    @Sendable private func list(_ call: PageCall<ListInput>) async throws -> PageReply {
        let request = PageRequest(limit: nil, cursor: call.input.cursor)
        let mayWrite = call.principal.holds(.apiKeyWrite)
        let page = try await services.work.read(call) { tx in
            var filter = APIKeyFilter()
            filter.includesRevoked = true
            let found = try services.tenancy.apiKeys.list(filter, request, tx)
            var names = NameBook(services)
            var rows: [APIKeyListPage.Row] = []
            for key in found.items {
                let state = key.life.state(at: call.now)
                rows.append(
                    APIKeyListPage.Row(
                        id: "\(key.id)", name: key.displayName, keyID: key.keyID, lastFour: key.lastFour,
                        role: key.role.words, scope: try Self.place(key.scope, &names, tx),
                        created: DisplayText.day(key.life.createdAt),
                        lastUsed: key.life.lastUsedAt.map { DisplayText.minute($0) },
                        expires: key.life.expiresAt.map { DisplayText.day($0) },
                        state: DisplayText.words(state.rawValue), tone: state == .active ? .ok : .neutral,
                        mayChange: mayWrite && state == .active, revision: key.revision))
            }
            return APIKeyListPage(
                rows: rows, nextPath: NextPage.path("/api-keys", [:], cursor: found.nextCursor), mayCreate: mayWrite
            ).page
        }
        return .page(page)
    }

    private static func place(
        _ scope: ScopeNode, _ names: inout NameBook, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> String {
        switch scope {
        case .platform: "Platform"
        case .organisation(let id): try names.organisation(id, tx)
        case .tenant(let id, _): try names.tenant(id, tx)
        }
    }

    // MARK: Changing

    @Sendable private func blankForm(_ call: PageCall<NoInput>) async throws -> PageReply {
        try await form(call, FormState(values: ["role": roles(for: call.principal).first?.value ?? ""]))
    }

    struct NewInput: Codable, Sendable {
        let displayName: String?
        let expiresOn: CalendarDate?
        let role: Role.Name
        let organisationID: OrganisationID?
        let tenantID: TenantID?

        /// The key lives to the end of its last day in Vienna.
        var key: NewAPIKey {
            NewAPIKey(
                role: role, displayName: displayName ?? "", organisationID: tenantID == nil ? organisationID : nil,
                tenantID: tenantID,
                expiresAt: expiresOn.map { Timestamp(microseconds: ViennaTime.instant($0.adding(days: 1))) })
        }
    }

    /// Answers with the secret itself: it is stored nowhere, so there is nothing to redirect to.
    @Sendable private func create(_ call: PageCall<NewInput>) async throws -> PageReply {
        let new = call.input.key
        let (issued, place) = try await services.work.perform(call) { tx, actor in
            let issued = try services.tenancy.apiKeys.create(new, tx, actor)
            var names = NameBook(services)
            return (issued, try Self.place(issued.key.scope, &names, tx))
        }
        return secretPage(of: issued, at: place)
    }

    private func secretPage(of issued: IssuedAPIKey, at place: String) -> PageReply {
        .page(
            APIKeySecretPage(
                name: issued.key.displayName, keyID: issued.key.keyID, secret: issued.token.text,
                role: issued.key.role.words, scope: place,
                expires: issued.key.life.expiresAt.map { DisplayText.day($0) }, baseURL: services.baseURL
            ).page)
    }

    private func form<Input>(
        _ call: PageCall<Input>, _ state: FormState, status: Int = 200
    ) async throws -> PageReply {
        let isPlatform = call.principal.scope == .platform
        let (organisations, tenants) = try await services.work.read(call) { tx in
            let choices = Choices(services)
            return (try choices.organisations(tx), try choices.tenants(tx))
        }
        let own = Field.Choice("", isPlatform ? "The whole platform" : "Where I am myself")
        // The field of the form is a day, the rule's a moment.
        let errors = state.errors.map {
            $0.field == "expires_at" ? Problem.FieldError(field: "expires_on", message: $0.message) : $0
        }
        return .page(
            APIKeyFormPage(
                state: FormState(values: state.values, errors: errors), roles: roles(for: call.principal),
                organisations: [own] + (isPlatform ? organisations : []), tenants: tenants
            ).page, status: status)
    }

    /// Nobody gives away more than they have.
    private func roles(for principal: Principal) -> [Field.Choice] {
        Role.builtIn.filter { role in
            role.permissions.isSubset(of: principal.permissions)
                && (principal.scope == .platform || role.levels != [.platform])
                && (principal.scope.level != .tenant || role.levels.contains(.tenant))
        }
        .map { Field.Choice($0.name.rawValue, $0.name.words, $0.name.explanation) }
    }

    struct StepInput: Codable, Sendable {
        let apiKeyID: APIKeyID
        let revision: Int64?
    }

    @Sendable private func rotate(_ call: PageCall<StepInput>) async throws -> PageReply {
        let input = call.input
        let (issued, place) = try await services.work.perform(call) { tx, actor in
            let issued = try services.tenancy.apiKeys.rotate(
                input.apiKeyID, expecting: ExpectedRevision(form: input.revision), tx, actor)
            var names = NameBook(services)
            return (issued, try Self.place(issued.key.scope, &names, tx))
        }
        services.tenancy.authenticator.forgetAnswers()
        return secretPage(of: issued, at: place)
    }

    @Sendable private func refused(_ call: PageCall<Submission>) async throws -> PageReply {
        .redirect(to: "/api-keys", flash: Flash(.bad, call.input.problem.detail))
    }

    @Sendable private func revoke(_ call: PageCall<StepInput>) async throws -> PageReply {
        let input = call.input
        let key = try await services.work.perform(call) { tx, actor in
            try services.tenancy.apiKeys.revoke(
                input.apiKeyID, expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        services.tenancy.authenticator.forgetAnswers()
        return .redirect(to: "/api-keys", flash: Flash(.ok, "\(key.displayName) is revoked."))
    }
}
