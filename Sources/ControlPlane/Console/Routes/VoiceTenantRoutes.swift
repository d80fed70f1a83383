import Billing
import Kernel
import Postgres
import Rating
import Telephony
import Tenancy
import Voice
import Web

/// The list of tenants with voice, the voice view of a tenant, and its revisions.
struct VoiceTenantRoutes: Sendable {
    private static let recentCalls = 6

    let services: ConsoleServices

    var all: [PageRoute] {
        let reading = Requirement.permission(.voiceRead)
        return [
            PageRoute(.get, "/voice", requires: reading, use: list),
            PageRoute(.get, "/tenants/{tenant_id}/voice", requires: reading, use: show),
            PageRoute(.get, "/tenants/{tenant_id}/voice/revisions", requires: reading, use: revisions),
            PageRoute(.get, "/tenants/{tenant_id}/voice/revisions/{config_revision}", requires: reading, use: revision),
        ] + VoiceDomainRoutes(services: services).all + VoiceSettingsRoutes(services: services).all
            + VoiceUserRoutes(services: services).all + VoiceGroupRoutes(services: services).all
            + VoiceSiteRoutes(services: services).all + VoiceTrunkRoutes(services: services).all
            + VoiceNumberRoutes(services: services).all + VoiceScheduleRoutes(services: services).all
            + VoicePermissionRoutes(services: services).all + VoiceFraudRoutes(services: services).all
            + MinutePoolRoutes(services: services).all
    }

    struct ListInput: Codable, Sendable {
        let cursor: String?
    }

    @Sendable private func list(_ call: PageCall<ListInput>) async throws -> PageReply {
        let request = PageRequest(limit: nil, cursor: call.input.cursor)
        let seesNodes = call.principal.holds(.voiceNode)
        let page = try await services.work.read(call) { tx in
            let found = try services.voice.domains.list(request, tx)
            var names = NameBook(services)
            var rows: [VoiceListPage.Row] = []
            for domain in found.items {
                rows.append(
                    VoiceListPage.Row(
                        id: "\(domain.tenantID)", tenant: try names.tenant(domain.tenantID, tx),
                        organisation: try names.organisation(domain.organisationID, tx), domain: domain.value.name,
                        country: Telephony.Country.with(domain.value.country)?.name ?? domain.value.country.code,
                        since: DisplayText.day(domain.createdAt)))
            }
            return VoiceListPage(
                rows: rows, nextPath: NextPage.path("/voice", [:], cursor: found.nextCursor), seesNodes: seesNodes
            ).page
        }
        return .page(page)
    }

    // MARK: One tenant

    @Sendable private func show(_ call: PageCall<VoiceTenantInput>) async throws -> PageReply {
        let id = call.input.tenantID
        let page = try await services.work.read(call) { tx in
            let tenant = try services.tenancy.tenants.get(id, tx)
            let terms = try terms(of: id, at: call.now, tx)
            guard let domain = try services.voiceDomain(id, tx) else {
                return off(tenant, terms, for: call.principal)
            }
            let settings = try services.voice.settings.get(id, tx)
            let choices = try VoiceChoices(services, id, tx)
            let rights = VoiceTenantPage.Rights(call.principal)
            let tables = VoiceTables(
                services, choices, domain.value, at: tenant.placement.instanceID, rights: rights, now: call.now)
            let rules = try VoiceChoices.all { try services.voice.permissions.list(of: id, $0, tx) }.map(\.value)
            return VoiceTenantPage(
                place: choices.place,
                present: .init(
                    bar: Self.sentence(terms?.bar, tenant),
                    closed: try services.voice.fraud.closed(of: id, at: call.now, tx),
                    live: services.liveCalls(
                        choices, tenant.placement, settings.value,
                        mayControl: call.principal.holds(.voiceControl), at: call.now),
                    recent: try services.telephony.calls.records.list(
                        id, CallFilter(), PageRequest(limit: Self.recentCalls, cursor: nil), tx
                    ).items.map(CallListPage.Row.init)),
                minutes: try call.principal.holds(.usageRead)
                    ? VoiceMonth.card(of: id, terms, settings.value, now: call.now, tx) : nil,
                domain: tables.domainFacts(domain.value),
                setUp: .init(
                    numbers: tables.numbers, trunks: tables.trunks, users: tables.users, groups: tables.groups,
                    schedules: tables.schedules, sites: tables.sites, permissions: tables.permissions(rules)),
                limits: tables.limitFacts(VoiceSettingsResource(settings)),
                atEnd: VoiceTenantPage.AtEnd(
                    value: settings.value.atEnd.rawValue, price: Self.price(terms), revision: settings.revision),
                rights: rights, domainRevision: domain.revision
            ).page
        }
        return .page(page)
    }

    /// What the contract says. A tenant's own people do not see the contract: they get what the compiled plan took over.
    private func terms(
        of id: TenantID, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> VoiceLinks.Terms? {
        guard tx.scope.tenantID != nil else { return try services.voice.links.terms(tx, id, now) }
        return services.voice.plans.current.entry(tenant: id).map { entry in
            VoiceLinks.Terms(
                bar: entry.plan.barred, includedMilliseconds: entry.plan.allotment.includedMilliseconds,
                overageMicrosPerMinute: entry.plan.allotment.overageMicrosPerMinute, priceBook: "")
        }
    }

    private static func sentence(_ bar: TenantPlan.Bar?, _ tenant: Tenant) -> String? {
        if let bar { return bar.wayOut(for: tenant.placement.host.program) }
        return tenant.state.name == .active ? nil : "The tenant is \(tenant.state.name.words.lowercased())."
    }

    private static func price(_ terms: VoiceLinks.Terms?) -> String {
        guard let terms, terms.includedMilliseconds != nil else { return "this contract counts no minutes" }
        return "\(Rate(micros: terms.overageMicrosPerMinute)) per minute beyond, pro rata to the millisecond"
    }

    private func off(_ tenant: Tenant, _ terms: VoiceLinks.Terms?, for viewer: Principal) -> ConsolePage {
        let program = tenant.placement.host.program
        let mayRead = viewer.holds(.contractRead)
        let isEnded = [.archived, .purged].contains(tenant.state.name)
        return VoiceOffPage(
            place: VoicePlace(id: "\(tenant.id)", name: tenant.settings.displayName),
            reason: terms?.bar.map { .notIncluded($0.wayOut(for: program)) } ?? .off,
            programs: VoicePrograms.rows(present: program),
            maySwitchOn: viewer.holds(.voiceWrite) && !isEnded,
            contractsPath: mayRead ? "/organisations/\(tenant.placement.organisationID)" : nil
        ).page
    }

    // MARK: Revisions

    struct RevisionsInput: Codable, Sendable {
        let tenantID: TenantID
        let cursor: String?
    }

    @Sendable private func revisions(_ call: PageCall<RevisionsInput>) async throws -> PageReply {
        let input = call.input
        let page = try await services.work.read(call) { tx in
            let place = try services.voicePlace(input.tenantID, tx)
            let found = try services.voice.revisions.list(
                of: input.tenantID, PageRequest(limit: nil, cursor: input.cursor), tx)
            return VoiceRevisionsPage(
                place: place,
                rows: found.items.enumerated().map { index, revision in
                    .init(
                        revision: revision.revision, time: DisplayText.minute(revision.activatedAt),
                        isPresent: index == 0 && input.cursor == nil)
                },
                nextPath: NextPage.path("\(place.path)/revisions", [:], cursor: found.nextCursor)
            ).page
        }
        return .page(page)
    }

    struct RevisionInput: Codable, Sendable {
        let tenantID: TenantID
        let configRevision: String
    }

    @Sendable private func revision(_ call: PageCall<RevisionInput>) async throws -> PageReply {
        let input = call.input
        let page = try await services.work.read(call) { tx in
            let (found, _, changes) = try services.voice.revisions.get(input.configRevision, of: input.tenantID, tx)
            return VoiceRevisionPage(
                place: try services.voicePlace(input.tenantID, tx), revision: found.revision,
                previous: found.previous, time: DisplayText.minute(found.activatedAt),
                changes: changes.map { .init(place: $0.place, before: $0.before, after: $0.after) }
            ).page
        }
        return .page(page)
    }
}

extension ConsoleServices {
    /// `nil` while the tenant has no voice; 404 for a tenant that the viewer may not see.
    func voiceDomain(
        _ id: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<SIPDomain>? {
        do {
            return try voice.domains.get(id, tx)
        } catch let problem as Problem where problem.reason == "VOICE_OFF" {
            return nil
        }
    }
}

/// What telephony is in each program (domain section 7), in the price book's figures.
enum VoicePrograms {
    static func rows(present: Program) -> [VoiceOffPage.ProgramRow] {
        let voice = PriceBook.v2_1.enterprise.voice
        let minutes =
            "\(DisplayText.count(voice.includedMinutes)) per tenant and month included, \(voice.minute) beyond"
        return [
            .init(
                name: Program.solution.words, possible: "Telephony by order form",
                minutes: "as agreed in the order form",
                isPresent: present == .solution),
            .init(
                name: Program.enterprise.words, possible: "Voice add-on, \(voice.tenantMonth) per tenant and month",
                minutes: minutes, isPresent: present == .enterprise),
            .init(
                name: "Deployment, Premium", possible: "Telephony and voice widget included", minutes: "as agreed",
                isPresent: present == .deployment),
            .init(
                name: "Deployment, Standard", possible: "Voice widget; no telephony", minutes: DisplayText.nothing,
                isPresent: false),
            .init(name: "Deployment, Compact", possible: "Neither", minutes: DisplayText.nothing, isPresent: false),
        ]
    }
}

extension VoiceTenantPage.Rights {
    init(_ viewer: Principal) {
        guard viewer.holds(.voiceWrite) else {
            self = .nothing
            return
        }
        self = viewer.isOfTenant ? .own : .everything
    }
}

extension Principal {
    /// Whether it is a tenant's own: it cannot enter numbers, raise limits or open what is closed.
    var isOfTenant: Bool { scope.tenantID != nil }
}
