import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import Web

/// Pages of legal parties.
struct OrganisationRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(.get, "/organisations", requires: .permission(.organisationRead), use: list),
            PageRoute(.get, "/organisations/new", requires: .permission(.organisationWrite), use: blankForm),
            PageRoute(.post, "/organisations", requires: .permission(.organisationWrite), use: create)
                .recovering { call in try await form(call, FormState(call.input), id: nil, status: call.input.status) },
            PageRoute(
                .get, "/organisations/{organisation_id}", requires: .permission(.organisationRead), use: show),
            PageRoute(
                .get, "/organisations/{organisation_id}/edit", requires: .permission(.organisationWrite), use: editForm),
            PageRoute(
                .post, "/organisations/{organisation_id}/edit", requires: .permission(.organisationWrite), use: update
            )
            .recovering { call in
                let id: OrganisationID = try call.input.id("organisation_id")
                let revision = try await services.work.read(call) { tx in
                    try services.tenancy.organisations.get(id, tx).revision
                }
                let state = FormState(call.input, presentRevision: revision)
                return try await form(call, state, id: "\(id)", status: call.input.status)
            },
        ]
    }

    // MARK: Reading

    struct ListInput: Codable, Sendable {
        let q: String?
        let cursor: String?
    }

    @Sendable private func list(_ call: PageCall<ListInput>) async throws -> PageReply {
        let (search, request) = (call.input.q, PageRequest(limit: nil, cursor: call.input.cursor))
        let page = try await services.work.read(call) { tx in
            var filter = OrganisationFilter()
            filter.search = search
            let found = try services.tenancy.organisations.list(filter, request, tx)
            let counts = try TenantStore.counts(of: found.items.map(\.id), tx)
            let rows = try found.items.map { organisation in
                let programs =
                    try organisation.kind.name == .partner
                    ? ContractService.programs(tx, organisation.id) : []
                return OrganisationListPage.Row(
                    organisation, programs: programs, tenants: counts[organisation.id] ?? 0)
            }
            return OrganisationListPage(
                rows: rows, search: search ?? "",
                nextPath: NextPage.path("/organisations", ["q": search ?? ""], cursor: found.nextCursor),
                mayCreate: call.principal.holds(.organisationWrite)
            ).page
        }
        return .page(page)
    }

    struct PathInput: Codable, Sendable {
        let organisationID: OrganisationID
    }

    @Sendable private func show(_ call: PageCall<PathInput>) async throws -> PageReply {
        let (id, principal) = (call.input.organisationID, call.principal)
        let page = try await services.work.read(call) { tx in
            let organisation = try services.tenancy.organisations.get(id, tx)
            var names = NameBook(services)
            let manager = try names.organisation(organisation.kind.manager, tx)
            let agreement = try? ContractService.masterAgreement(of: id, tx)
            return OrganisationPage(
                id: "\(id)", name: organisation.profile.displayName, kind: organisation.kind.name.words,
                facts: Self.facts(of: organisation, manager: manager, agreement: agreement),
                contracts: try contracts(of: id, for: principal, now: call.now, tx), tenants: try tenants(of: id, tx),
                customers: try customers(of: id, tx),
                history: try AuditRoutes(services: services).history(of: "\(id)", for: principal, tx),
                mayEdit: principal.holds(.organisationWrite),
                mayContract: principal.holds(.contractWrite) && organisation.kind.name == .partner,
                mayReadVoice: principal.holds(.voiceRead) && principal.scope.tenantID == nil
            ).page
        }
        return .page(page)
    }

    private static func facts(
        of organisation: Organisation, manager: String, agreement: MasterAgreement?
    ) -> [Fact] {
        let profile = organisation.profile
        let lines = profile.address.split(whereSeparator: \.isNewline).map { "\(String($0))" as HTML }
        let sectors = [
            profile.publicSector ? "Public sector" : nil,
            profile.criticalInfrastructure ? "Critical infrastructure" : nil,
        ].compactMap(\.self)
        let vat: HTML =
            profile.vatID.map { "\($0.text) \($0.isValid ? HTML.pill("Valid", .ok) : HTML.pill("Not valid", .warn))" }
            ?? "–"
        var facts = [
            Fact("Legal name", text: profile.legalName),
            Fact("Address", lines.isEmpty ? "–" : lines.joined(separator: "<br>")),
            Fact("Country", text: profile.country.code), Fact("VAT ID", vat),
            Fact("E-mail for invoices", text: profile.billingEmail),
            Fact("Sector", text: sectors.joined(separator: ", ")),
        ]
        if organisation.kind.manager != nil { facts.append(Fact("Managed by", text: manager)) }
        if let agreement {
            facts.append(
                Fact("Master agreement", text: "\(agreement.reference), signed \(agreement.signedOn.display)"))
        }
        return facts
    }

    private func contracts(
        of id: OrganisationID, for principal: Principal, now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [OrganisationPage.Related] {
        guard principal.holds(.contractRead) else { return [] }
        let today = CalendarDate.today(at: now)
        return try ContractService.list(
            ContractFilter(organisationID: id), page: PageRequest(limit: nil, cursor: nil), tx
        ).items.map { record in
            let state = record.contract.state(on: today)
            return OrganisationPage.Related(
                name: record.contract.number, detail: record.contract.program.words,
                path: "/contracts/\(record.contract.id)", state: state.text, tone: state.tone)
        }
    }

    private func tenants(
        of id: OrganisationID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [OrganisationPage.Related] {
        var filter = TenantFilter()
        filter.organisationID = id
        return try services.tenancy.tenants.list(filter, PageRequest(limit: nil, cursor: nil), tx).items.map { tenant in
            OrganisationPage.Related(
                name: tenant.settings.displayName, detail: tenant.slug, path: "/tenants/\(tenant.id)",
                state: tenant.state.name.words, tone: tenant.state.name.tone)
        }
    }

    private func customers(
        of id: OrganisationID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [OrganisationPage.Related] {
        var filter = OrganisationFilter()
        filter.managedBy = id
        return try services.tenancy.organisations.list(filter, PageRequest(limit: nil, cursor: nil), tx).items.map {
            OrganisationPage.Related(
                name: $0.profile.displayName, detail: $0.profile.legalName, path: "/organisations/\($0.id)",
                state: "End-customer", tone: .neutral)
        }
    }

    // MARK: Changing

    struct ProfileInput: Codable, Sendable {
        let organisationID: OrganisationID?
        let revision: Int64?
        let kind: Organisation.Kind.Name?
        let managedBy: OrganisationID?
        let displayName: String?
        let legalName: String?
        let country: CountryCode?
        let address: String?
        let billingEmail: String?
        let vatID: String?
        let publicSector: Bool
        let criticalInfrastructure: Bool

        /// A form says everything: what was left empty is empty.
        var changes: OrganisationChanges {
            var changes = OrganisationChanges()
            changes.displayName = displayName ?? ""
            changes.legalName = legalName ?? ""
            changes.country = country
            changes.address = address ?? ""
            changes.billingEmail = billingEmail ?? ""
            changes.vatID = vatID ?? ""
            changes.publicSector = publicSector
            changes.criticalInfrastructure = criticalInfrastructure
            return changes
        }
    }

    @Sendable private func blankForm(_ call: PageCall<NoInput>) async throws -> PageReply {
        try await form(
            call, FormState(values: ["kind": kinds(for: call.principal)[0].value, "country": "AT"]), id: nil)
    }

    @Sendable private func create(_ call: PageCall<ProfileInput>) async throws -> PageReply {
        let input = call.input
        guard let kind = input.kind else { throw Problem.invalid("kind", "is required") }
        let organisation = try await services.work.perform(call) { tx, actor in
            try services.tenancy.organisations.create(kind, managedBy: input.managedBy, input.changes, tx, actor)
        }
        return .redirect(
            to: "/organisations/\(organisation.id)",
            flash: Flash(.ok, "\(organisation.profile.displayName) is created."))
    }

    @Sendable private func editForm(_ call: PageCall<PathInput>) async throws -> PageReply {
        let id = call.input.organisationID
        let organisation = try await services.work.read(call) { tx in try services.tenancy.organisations.get(id, tx) }
        return try await form(call, FormState(values: organisation.formValues), id: "\(id)")
    }

    @Sendable private func update(_ call: PageCall<ProfileInput>) async throws -> PageReply {
        let input = call.input
        guard let id = input.organisationID, let revision = input.revision else {
            throw Problem.notFound("organisation")
        }
        let organisation = try await services.work.perform(call) { tx, actor in
            try services.tenancy.organisations.update(id, input.changes, expecting: .revision(revision), tx, actor)
        }
        return .redirect(
            to: "/organisations/\(id)", flash: Flash(.ok, "\(organisation.profile.displayName) is saved."))
    }

    private func form<Input>(
        _ call: PageCall<Input>, _ state: FormState, id: String?, status: Int = 200
    ) async throws -> PageReply {
        let partners = try await services.work.read(call) { tx in
            try id == nil ? Choices(services).organisations(of: [.partner], tx) : []
        }
        return .page(
            OrganisationFormPage(
                id: id, name: state.value("display_name"), state: state, partners: partners,
                countries: CountryChoices.all, kinds: kinds(for: call.principal)
            ).page, status: status)
    }

    private func kinds(for principal: Principal) -> [Field.Choice] {
        let customer = Field.Choice(
            "end_customer", "End-customer", "receives the service of a partner or of the vendor")
        guard principal.scope == .platform else { return [customer] }
        return [Field.Choice("partner", "Partner", "holds contracts and is billed"), customer]
    }
}

extension Submission {
    /// The status of the page that shows the form again.
    var status: Int { problem.status }
}

extension OrganisationListPage.Row {
    fileprivate init(_ organisation: Organisation, programs: Set<Program>, tenants: Int) {
        let profile = organisation.profile
        self.init(
            id: "\(organisation.id)", name: profile.displayName, legalName: profile.legalName,
            kind: organisation.kind.name.words, country: profile.country.code, vatID: profile.vatID?.text,
            isVATIDValid: profile.vatID?.isValid ?? false,
            programs: Program.allCases.filter(programs.contains).map(\.shortWords), tenants: tenants)
    }
}

extension Organisation {
    fileprivate var formValues: [String: String] {
        [
            "revision": "\(revision)", "display_name": profile.displayName, "legal_name": profile.legalName,
            "country": profile.country.code, "address": profile.address, "billing_email": profile.billingEmail,
            "vat_id": profile.vatID?.text ?? "", "public_sector": "\(profile.publicSector)",
            "critical_infrastructure": "\(profile.criticalInfrastructure)",
        ]
    }
}
