import Billing
import Foundation
import Kernel
import Postgres
import Rating
import Tenancy

/// Builds the demo through the same services that people use, at the times that the plan says: organisations, contracts,
/// tenants, a month of usage imported from files, disclosures, and every month before the last one closed.
struct DemoLoader {
    /// Whose API key the tour of the README uses.
    static let tourPartner = "Nordlicht Agentur"

    private let application: Application
    private let directory: String

    /// Written last, so that an interrupted demo is not taken for a whole one.
    private var mark: String { "\(directory)/complete" }

    /// - Parameter directory: where the usage files are written; made when missing.
    init(_ application: Application, directory: String) {
        self.application = application
        self.directory = directory
    }

    /// Loads everything unless there are partners already; says what it does, or what to do instead. Returns the API key
    /// of the tour's partner, which exists only once.
    func load(_ say: @escaping (String) -> Void) async throws -> String? {
        let plan = try DemoPlan.shipped()
        let tenancy = application.tenancy
        let partners = try await tenancy.work.read(in: .platform) { tx in
            var filter = OrganisationFilter()
            filter.kind = .partner
            return try tenancy.organisations.list(filter, PageRequest(limit: 100, cursor: nil), tx)
        }
        guard partners.items.isEmpty else {
            explain(partners.items, say)
            return nil
        }
        try? FileManager.default.removeItem(atPath: mark)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let platform = try await prepareVendor(plan)
        var enrolled: [Enrolled] = []
        for partner in plan.partners { enrolled.append(try await enrol(partner, plan, platform: platform)) }
        say("Demo: \(enrolled.count) partners with \(enrolled.reduce(0) { $0 + $1.tenants.count }) tenants.")
        for partner in enrolled { try await importUsage(partner, plan, say) }
        try await disclose(enrolled, plan)
        try await closeEarlierMonths(enrolled, plan)
        say("Demo: every month before \(plan.month) is closed; \(plan.month) is yours to close.")
        let key = try await tourKey(enrolled)
        try Data().write(to: URL(fileURLWithPath: mark))
        return key
    }

    /// Why nothing is loaded, and how to go on.
    private func explain(_ partners: [Organisation], _ say: (String) -> Void) {
        guard FileManager.default.fileExists(atPath: mark), let first = partners.first else {
            say("Demo: not loaded: there are partners already, and \(mark) is missing.")
            say("  If loading was interrupted, the demo is incomplete: stop, delete the database with its directory")
            say("  (for 'dev' and 'scripts/run': the --directory) and start again.")
            return
        }
        let partner = partners.first { $0.profile.displayName == Self.tourPartner } ?? first
        say("Demo: loaded before. A new API key for \(partner.profile.displayName):")
        let program = ProcessInfo.processInfo.arguments.first ?? "controlplane"
        say("  \(program) key create --role partner.admin --organisation \(partner.id) --name Tour")
    }

    /// A partner of the plan with its real ids.
    struct Enrolled {
        let plan: DemoPlan.Partner
        let organisationID: OrganisationID
        let contractID: ContractID
        /// Each tenant with its turns of the month and its answered milliseconds.
        let tenants: [DemoUsage.Share]
    }

    private func work(at time: Timestamp) -> UnitOfWork {
        UnitOfWork(database: application.database, time: .fixed(time), ids: .timeOrdered)
    }

    // MARK: Organisations and tenants

    private func prepareVendor(_ plan: DemoPlan) async throws -> Instance {
        let tenancy = application.tenancy
        let changes = try Self.changes(plan.vendor)
        let stack = plan.platform
        return try await work(at: plan.provisionedAt).perform(job: "demo") { tx, actor in
            var filter = OrganisationFilter()
            filter.kind = .vendor
            guard
                let vendor = try tenancy.organisations.list(filter, PageRequest(limit: 1, cursor: nil), tx).items.first
            else { throw Problem.notFound("vendor") }
            _ = try tenancy.organisations.update(vendor.id, changes, expecting: .anything, tx, actor)
            return try Self.create(stack, for: vendor.id, ownedBy: vendor.id, tenancy, tx, actor)
        }
    }

    private func enrol(_ partner: DemoPlan.Partner, _ plan: DemoPlan, platform: Instance) async throws -> Enrolled {
        let tenancy = application.tenancy
        let signed = Timestamp(microseconds: ViennaTime.instant(partner.startsOn)).advanced(by: .seconds(-86_400))
        let changes = try Self.changes(partner.organisation)
        let terms = try partner.terms.terms()
        let signedOn = min(
            partner.startsOn.adding(days: -1), ViennaTime.date(at: plan.provisionedAt.microseconds) ?? partner.startsOn)
        let (organisation, contract) = try await work(at: signed).perform(job: "demo") { tx, actor in
            let organisation = try tenancy.organisations.create(.partner, managedBy: nil, changes, tx, actor)
            _ = try ContractService.signMasterAgreement(
                of: organisation.id, reference: partner.agreement, on: partner.startsOn.adding(days: -1), tx, actor)
            let new = NewContract(organisationID: organisation.id, startsOn: partner.startsOn, terms: terms)
            return (organisation.id, try ContractService.create(new, tx, actor).contract.id)
        }
        let tenants = try await work(at: plan.provisionedAt).perform(job: "demo") { tx, actor in
            let instance = try Self.instance(of: partner, organisation, platform: platform, tenancy, tx, actor)
            let kind = ContractDocument.Kind.required(by: terms.program)
            _ = try DocumentService.record(
                NewDocument(
                    contractID: contract, kind: kind,
                    endCustomerID: kind == .backToBackDPA ? instance.ownerID : nil,
                    reference: "\(partner.agreement)-DPA", signedOn: signedOn), tx, actor)
            return try partner.tenants.flatMap { group in
                try Self.provision(group, on: instance, for: organisation, tenancy, tx, actor)
            }
        }
        return Enrolled(plan: partner, organisationID: organisation, contractID: contract, tenants: tenants)
    }

    private static func instance(
        of partner: DemoPlan.Partner, _ organisation: OrganisationID, platform: Instance, _ tenancy: TenancyServices,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Instance {
        guard let stack = partner.instance else { return platform }
        var owner = organisation
        if let party = partner.endCustomer {
            owner = try tenancy.organisations.create(
                .endCustomer, managedBy: organisation, changes(party), tx, actor
            ).id
        }
        return try create(stack, for: organisation, ownedBy: owner, tenancy, tx, actor)
    }

    private static func create(
        _ stack: DemoPlan.Stack, for organisation: OrganisationID, ownedBy owner: OrganisationID,
        _ tenancy: TenancyServices, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Instance {
        guard let host = InstanceHost(rawValue: stack.host) else { throw Problem.invalid("host", stack.host) }
        var changes = InstanceChanges()
        changes.displayName = stack.displayName
        changes.region = stack.region
        changes.version = stack.version
        return try tenancy.instances.create(at: host, for: organisation, ownedBy: owner, changes, tx, actor)
    }

    private static func provision(
        _ group: DemoPlan.TenantGroup, on instance: Instance, for organisation: OrganisationID,
        _ tenancy: TenancyServices, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> [DemoUsage.Share] {
        try (0..<group.count).map { index in
            let suffix = group.count == 1 ? "" : "-\(index + 1)"
            let name = group.count == 1 ? group.displayName : "\(group.displayName) \(index + 1)"
            let settings = TenantSettings(
                displayName: name, kind: Tenant.Kind(rawValue: group.kind ?? "production") ?? .production,
                voiceEnabled: group.voiceMilliseconds != nil)
            let tenant = try tenancy.tenants.create(
                NewTenant(
                    organisationID: organisation, instanceID: instance.id, slug: group.slug + suffix,
                    settings: settings, activates: true),
                tx, actor)
            let turns = group.turns * (index + 1) / group.count - group.turns * index / group.count
            return DemoUsage.Share(
                tenant: tenant.id, turns: turns, keySource: group.keySource ?? "partner",
                voiceMilliseconds: group.voiceMilliseconds?[index] ?? 0)
        }
    }

    private static func changes(_ party: DemoPlan.Party) throws -> OrganisationChanges {
        var changes = OrganisationChanges()
        changes.displayName = party.displayName
        changes.legalName = party.legalName
        changes.country = CountryCode(party.country)
        changes.vatID = party.vat
        changes.address = party.address
        changes.billingEmail = party.billingEmail
        changes.publicSector = party.publicSector
        changes.criticalInfrastructure = party.criticalInfrastructure
        return changes
    }

    private func tourKey(_ partners: [Enrolled]) async throws -> String? {
        let tenancy = application.tenancy
        guard let partner = partners.first(where: { $0.plan.organisation.displayName == Self.tourPartner })
        else { return nil }
        let new = NewAPIKey(role: .partnerAdmin, displayName: "Tour", organisationID: partner.organisationID)
        return try await tenancy.work.perform(job: "demo") { tx, actor in
            try tenancy.apiKeys.create(new, tx, actor).token.text
        }
    }
}

// MARK: - Money

extension DemoLoader {
    /// The month of the plan, and what has passed of the next one, as files through the importer that customers use.
    private func importUsage(_ partner: Enrolled, _ plan: DemoPlan, _ say: (String) -> Void) async throws {
        let name = partner.plan.organisation.displayName
        let slug = name.lowercased().replacingOccurrences(of: " ", with: "-")
        try await importUsage(partner.tenants, slug, in: plan.month, until: nil, partner.organisationID, say)
        let now = application.tenancy.work.time.now
        let next = plan.month.next
        let today = Timestamp(microseconds: now.microseconds - now.microseconds % 86_400_000_000)
        let until = min(today, Timestamp(microseconds: next.end))
        let days = Int((until.microseconds - next.start) / 86_400_000_000)
        let isSmall = partner.tenants.reduce(0) { $0 + $1.turns } <= 100_000
        guard days > 0, isSmall else { return }
        let shares = partner.tenants.map { share in
            DemoUsage.Share(
                tenant: share.tenant, turns: share.turns * days / 31, keySource: share.keySource,
                voiceMilliseconds: share.voiceMilliseconds * days / 31)
        }
        try await importUsage(shares, slug, in: next, until: until, partner.organisationID, say)
    }

    private func importUsage(
        _ shares: [DemoUsage.Share], _ slug: String, in month: BillingMonth, until: Timestamp?,
        _ organisation: OrganisationID, _ say: (String) -> Void
    ) async throws {
        let path = "\(directory)/\(slug)-\(month).ndjson"
        let usage = DemoUsage(
            source: "urn:chatflow:\(slug)", from: Timestamp(microseconds: month.start),
            until: until ?? Timestamp(microseconds: month.end))
        let events = try usage.write(shares, to: path)
        let file = try UsageFile.opening(path)
        let summary = try await application.billing.importer.run(file, as: .organisation(organisation))
        say("Demo: \(path): \(summary.counts.accepted) of \(events) events accepted.")
    }

    private func disclose(_ partners: [Enrolled], _ plan: DemoPlan) async throws {
        for partner in partners {
            guard let arr = partner.plan.arr, let person = partner.plan.disclosedBy else { continue }
            let amount = try Money(arr)
            var month = partner.plan.startsOn.billingMonth
            while month <= plan.month {
                let new = NewDisclosure(
                    contractID: partner.contractID, month: month, amount: amount, disclosedBy: person)
                // The afternoon of the 2nd: well before the 10th.
                let time = Timestamp(microseconds: month.next.start).advanced(by: .seconds(86_400 + 14 * 3600))
                _ = try await work(at: time).perform(job: "demo") { tx, actor in
                    try DisclosureService.disclose(new, tx, actor)
                }
                month = month.next
            }
        }
    }

    private func closeEarlierMonths(_ partners: [Enrolled], _ plan: DemoPlan) async throws {
        guard var month = partners.map(\.plan.startsOn.billingMonth).min() else { return }
        while month < plan.month {
            let time = Timestamp(microseconds: Finalisation.withoutDisclosure.moment(for: month)).advanced(
                by: .seconds(60))
            _ = try await MonthCloseService(work(at: time)).close(month, as: .system("demo"))
            month = month.next
        }
    }
}
