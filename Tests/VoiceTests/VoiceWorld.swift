import Kernel
import Postgres
import Synchronization
import Telephony
import Tenancy
import TestSupport

@testable import Voice

/// A vendor with a shared platform and two partners, each with tenants that may have voice.
struct VoiceWorld: Sendable {
    let test: TestDatabase
    let clock: Clock
    let tenancy: TenancyServices
    let model: VoiceModel
    /// What contracts say, in place of contracts.
    let contracts: Contracts
    let platform: Instance
    let alpha: Party
    let beta: Party

    struct Party: Sendable {
        let id: OrganisationID
        let admin: Principal
        let tenant: Tenant
    }

    /// A clock that a test moves.
    final class Clock: Sendable {
        private let moment = Mutex(Timestamp(seconds: 1_790_000_000))
        var now: Timestamp { moment.withLock { $0 } }
        var source: TimeSource { TimeSource { self.now } }

        func advance(seconds: Int64) { moment.withLock { $0 = $0.advanced(by: .seconds(seconds)) } }
    }

    /// The terms of every tenant.
    final class Contracts: Sendable {
        private let held = Mutex(
            VoiceLinks.Terms(
                bar: nil, includedMilliseconds: 120_000_000, overageMicrosPerMinute: 80_000, priceBook: "2.1"))
        var terms: VoiceLinks.Terms {
            get { held.withLock { $0 } }
            set { held.withLock { $0 = newValue } }
        }
    }

    var work: UnitOfWork { model.work }

    static func with(
        keys: KeyRing? = nil, _ body: (VoiceWorld) async throws -> Void
    ) async throws {
        let keys = try keys ?? KeyRing(text: KeyEncryptionKey.generatedText())
        try await withTestDatabase { test in try await body(make(test, keys)) }
    }

    private static func make(_ test: TestDatabase, _ keys: KeyRing) async throws -> VoiceWorld {
        let (clock, contracts) = (Clock(), Contracts())
        let work = UnitOfWork(database: test.database, time: clock.source, ids: .timeOrdered)
        let tenancy = TenancyServices(
            work: work,
            rules: TenancyRules(
                checkVATID: { text, _ in .checked(normalised: text, isValid: true) },
                programs: { _, _ in [.solution] }, voiceRefusal: { _, _, _ in nil }))
        let links = VoiceLinks(
            recordUsage: { _, _ in .accepted }, terms: { _, _, _ in contracts.terms })
        let model = VoiceModel(
            work: work, tenants: tenancy.tenants, box: SecretBox(keys), links: links,
            listening: test.configuration.app, logger: TestLog.quiet)
        let made = try await work.perform(job: "world") { tx, actor in
            let vendor = try Bootstrap.ensureVendor(
                OrganisationProfile(displayName: "Vendor", legalName: "Vendor GmbH", country: .austria), tx, actor)
            var shared = InstanceChanges()
            shared.displayName = "Shared platform"
            let platform = try tenancy.instances.create(at: .vendor, for: vendor.id, ownedBy: nil, shared, tx, actor)
            let parties = try ["Alpha", "Beta"].map { name in
                var changes = OrganisationChanges()
                changes.displayName = name
                changes.country = .austria
                let id = try tenancy.organisations.create(.partner, managedBy: nil, changes, tx, actor).id
                let tenant = try tenancy.tenants.create(
                    NewTenant(
                        organisationID: id, instanceID: platform.id, slug: name.lowercased(),
                        settings: TenantSettings(displayName: name), activates: true), tx, actor)
                return Party(
                    id: id,
                    admin: Principal(
                        id: actor.ids.new(), kind: .apiKey, displayName: "\(name) admin", scope: .organisation(id),
                        permissions: Role.named(.partnerAdmin)?.permissions ?? []),
                    tenant: tenant)
            }
            return (platform, parties)
        }
        return VoiceWorld(
            test: test, clock: clock, tenancy: tenancy, model: model, contracts: contracts, platform: made.0,
            alpha: made.1[0], beta: made.1[1])
    }

    // MARK: Shortcuts

    func change<Output: Sendable>(
        _ party: Party, _ body: @escaping @Sendable (borrowing Transaction<ScopeNode>, Actor) throws -> Output
    ) async throws -> Output {
        try await work.perform(as: party.admin, body)
    }

    func read<Output: Sendable>(
        _ party: Party, _ body: @escaping @Sendable (borrowing Transaction<ScopeNode>) throws -> Output
    ) async throws -> Output {
        try await work.read(in: party.admin.scope, body)
    }

    func switchOn(_ party: Party, domain: String) async throws {
        _ = try await change(party) { tx, actor in
            try model.domains.create(
                party.tenant.id, SIPDomainFields(domain: domain, country: .austria), tx, actor)
        }
    }

    func user(_ name: String, of party: Party, secret: String? = nil) async throws -> SIPUserView {
        try await change(party) { tx, actor in
            var fields = SIPUserFields(name: name, displayName: "User \(name)")
            fields.secret = secret
            return try model.users.create(fields, of: party.tenant.id, tx, actor)
        }
    }

    func number(_ e164: String, of party: Party, routes: [RouteFields] = []) async throws -> Stored<NumberRecord> {
        try await change(party) { tx, actor in
            var fields = PhoneNumberFields(e164: E164(e164), displayName: "Number \(e164)")
            fields.routes = routes
            return try model.numbers.create(fields, of: party.tenant.id, tx, actor)
        }
    }

    func trunk(
        _ name: String, of party: Party, addresses: [String] = [], registration: RegistrationFields? = nil
    ) async throws -> TrunkView {
        try await change(party) { tx, actor in
            var fields = TrunkFields(displayName: name, proxy: "sip.carrier.test")
            fields.allowedAddresses = addresses
            fields.registration = registration
            return try model.trunks.create(fields, of: party.tenant.id, tx, actor)
        }
    }

    /// Actions of the audit log, newest first.
    func actions() async throws -> [String] {
        try await work.read(in: .platform) { tx in
            try tenancy.audit.list(AuditFilter(), PageRequest(limit: 200, cursor: nil), tx).items.map(\.action)
        }
    }
}

/// The problem that the body throws; `nil` when it throws none.
func problem(of body: () async throws -> some Any) async throws -> Problem? {
    do {
        _ = try await body()
        return nil
    } catch let problem as Problem {
        return problem
    }
}
