import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import Web

/// Pages of tenants, and the steps of their life.
struct TenantRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(.get, "/tenants", requires: .permission(.tenantRead), use: list),
            PageRoute(.get, "/tenants/new", requires: .permission(.tenantWrite), use: blankForm),
            PageRoute(.post, "/tenants", requires: .permission(.tenantWrite), use: create)
                .recovering { call in try await form(call, FormState(call.input), status: call.input.status) },
            PageRoute(.get, "/tenants/{tenant_id}", requires: .permission(.tenantRead), use: show),
            transition("/tenants/{tenant_id}/activate", "is active") { _ in .activate },
            transition("/tenants/{tenant_id}/suspend", "is suspended") { .suspend(reason: $0) },
            transition("/tenants/{tenant_id}/resume", "is active again") { _ in .resume },
            transition("/tenants/{tenant_id}/archive", "is archived") { .archive(reason: $0) },
        ]
    }

    // MARK: Reading

    struct ListInput: Codable, Sendable {
        let q: String?
        let state: TenantState.Name?
        let organisationID: OrganisationID?
        let cursor: String?

        var filter: TenantFilter {
            var filter = TenantFilter()
            filter.search = q
            filter.state = state
            filter.organisationID = organisationID
            return filter
        }

        var values: [String: String] {
            [
                "q": q ?? "", "state": state?.rawValue ?? "",
                "organisation_id": organisationID?.description ?? "",
            ]
        }
    }

    @Sendable private func list(_ call: PageCall<ListInput>) async throws -> PageReply {
        let input = call.input
        let page = try await services.work.read(call) { tx in
            let found = try services.tenancy.tenants.list(
                input.filter, PageRequest(limit: nil, cursor: input.cursor), tx)
            var names = NameBook(services)
            return TenantListPage(
                rows: try rows(found.items, &names, now: call.now, tx), filter: FormState(values: input.values),
                organisations: try Choices(services).organisations(tx),
                nextPath: NextPage.path("/tenants", input.values, cursor: found.nextCursor),
                mayProvision: call.principal.holds(.tenantWrite)
            ).page
        }
        return .page(page)
    }

    /// The rows of a list of tenants with their turns of the running month.
    func rows(
        _ tenants: [Tenant], _ names: inout NameBook, now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [TenantListPage.Row] {
        let month = BillingMonth.present(at: now)
        let turns = try UsageReportStore.turns(of: tenants.map(\.id), from: month.startTime, to: month.endTime, tx)
        var rows: [TenantListPage.Row] = []
        for tenant in tenants {
            rows.append(
                TenantListPage.Row(
                    id: "\(tenant.id)", name: tenant.settings.displayName, slug: tenant.slug,
                    organisation: try names.organisation(tenant.placement.organisationID, tx),
                    instance: try names.instance(tenant.placement.instanceID, tx),
                    kind: DisplayText.words(tenant.settings.kind.rawValue), state: tenant.state.name.words,
                    tone: tenant.state.name.tone, turnsThisMonth: turns[tenant.id] ?? 0,
                    hasVoice: tenant.settings.voiceEnabled))
        }
        return rows
    }

    struct PathInput: Codable, Sendable {
        let tenantID: TenantID
    }

    @Sendable private func show(_ call: PageCall<PathInput>) async throws -> PageReply {
        let (id, principal) = (call.input.tenantID, call.principal)
        let month = BillingMonth.present(at: call.now)
        let page = try await services.work.read(call) { tx in
            let tenant = try services.tenancy.tenants.get(id, tx)
            var usage = UsageFilter(month: month)
            usage.tenantID = id
            let points = try principal.holds(.usageRead) ? UsageReportStore.points(usage, tx) : []
            let before = try UsageReportStore.turns(
                of: [id], from: month.previous.startTime, to: month.startTime, tx)
            var names = NameBook(services)
            return TenantPage(
                id: "\(id)", name: tenant.settings.displayName, slug: tenant.slug, state: tenant.state.name.words,
                tone: tenant.state.name.tone, stateReason: tenant.state.reason,
                stats: Self.stats(points, month: month, before: before[id] ?? 0),
                turns: UsageCharts.turnsPerDay(points, month: month, today: .today(at: call.now)),
                facts: try facts(of: tenant, &names, tx),
                history: try AuditRoutes(services: services).history(of: "\(id)", tenant: id, for: principal, tx),
                actions: principal.holds(.tenantTransition)
                    ? TenantPage.Action.allCases.filter { tenant.state.allowedVerbs.contains($0.rawValue) } : [],
                mayEdit: principal.holds(.tenantWrite) && ![.archived, .purged].contains(tenant.state.name),
                revision: tenant.revision,
                billingNote: tenant.settings.kind == .production
                    ? "A suspended tenant is still provisioned and counts as billable; an archived one no longer."
                    : "This tenant is not billable; its turns still count.",
                mayReadVoice: principal.holds(.voiceRead)
            ).page
        }
        return .page(page)
    }

    private static func stats(_ points: [UsagePoint], month: BillingMonth, before: Int64) -> [Stat] {
        func sum(_ meter: UsageMeter) -> Int64 { points.filter { $0.meter == meter }.reduce(0) { $0 + $1.quantity } }
        return [
            Stat("Turns, \(month.display)", DisplayText.count(sum(.turn)), note: "so far"),
            Stat("Turns, \(month.previous.display)", DisplayText.count(before)),
            Stat("Voice, \(month.display)", UsageMeter.voice.quantity(sum(.voice)), note: "inbound and outbound"),
        ]
    }

    private func facts(
        of tenant: Tenant, _ names: inout NameBook, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Fact] {
        let (placement, settings) = (tenant.placement, tenant.settings)
        let organisation = try names.organisation(placement.organisationID, tx)
        var facts = [
            Fact("Organisation", .link(organisation, "/organisations/\(placement.organisationID)")),
            Fact("Instance", .link(try names.instance(placement.instanceID, tx), "/instances/\(placement.instanceID)")),
            Fact("Program", text: placement.host.program.words),
            Fact("End-customer", text: try names.organisation(settings.endCustomerID, tx)),
            Fact("Kind", text: DisplayText.words(settings.kind.rawValue)),
            Fact("Voice", text: settings.voiceEnabled ? "Enabled" : "Off"),
            Fact("Created", text: DisplayText.day(tenant.createdAt)),
        ]
        if let purge = tenant.state.purgeAt { facts.append(Fact("Data deleted", text: DisplayText.day(purge))) }
        return facts
    }

    // MARK: Changing

    struct BlankInput: Codable, Sendable {
        let organisationID: OrganisationID?
        let instanceID: InstanceID?
    }

    @Sendable private func blankForm(_ call: PageCall<BlankInput>) async throws -> PageReply {
        let input = call.input
        return try await form(
            call,
            FormState(values: [
                "kind": "production", "activate": "true",
                "organisation_id": input.organisationID?.description ?? "",
                "instance_id": input.instanceID?.description ?? "",
            ]))
    }

    struct NewInput: Codable, Sendable {
        let organisationID: OrganisationID?
        let instanceID: InstanceID
        let endCustomerID: OrganisationID?
        let displayName: String?
        let slug: String?
        let kind: Tenant.Kind
        let voiceEnabled: Bool
        let activate: Bool

        var tenant: NewTenant {
            NewTenant(
                organisationID: organisationID, instanceID: instanceID, slug: slug ?? "",
                settings: TenantSettings(
                    displayName: displayName ?? "", kind: kind, voiceEnabled: voiceEnabled,
                    endCustomerID: endCustomerID),
                activates: activate)
        }
    }

    @Sendable private func create(_ call: PageCall<NewInput>) async throws -> PageReply {
        let new = call.input.tenant
        let tenant = try await services.work.perform(call) { tx, actor in
            try services.tenancy.tenants.create(new, tx, actor)
        }
        return .redirect(
            to: "/tenants/\(tenant.id)", flash: Flash(.ok, "\(tenant.settings.displayName) is provisioned."))
    }

    private func form<Input>(
        _ call: PageCall<Input>, _ state: FormState, status: Int = 200
    ) async throws -> PageReply {
        let page = try await services.work.read(call) { tx in
            let choices = Choices(services)
            return TenantFormPage(
                state: state, organisations: try choices.organisations(tx), instances: try choices.instances(tx),
                customers: try choices.organisations(of: [.endCustomer], tx)
            ).page
        }
        return .page(page, status: status)
    }

    struct TransitionInput: Codable, Sendable {
        let tenantID: TenantID
        let reason: String?
        let revision: Int64?
    }

    private func transition(
        _ path: PathTemplate, _ done: String, _ make: @escaping @Sendable (String) -> TenantTransition
    ) -> PageRoute {
        PageRoute(.post, path, requires: .permission(.tenantTransition)) { (call: PageCall<TransitionInput>) in
            let input = call.input
            let tenant = try await services.work.perform(call) { tx, actor in
                try services.tenancy.tenants.transition(
                    input.tenantID, make(input.reason ?? ""), expecting: ExpectedRevision(form: input.revision), tx,
                    actor)
            }
            return .redirect(
                to: "/tenants/\(tenant.id)", flash: Flash(.ok, "\(tenant.settings.displayName) \(done)."))
        }
        .recovering { call in
            .redirect(
                to: "/tenants/\(call.input.values["tenant_id"] ?? "")", flash: Flash(.bad, call.input.problem.detail))
        }
    }
}
