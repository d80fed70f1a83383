import Kernel
import Postgres
import Synchronization
import Tenancy
import TestSupport

@testable import Web

/// A small product: the vendor with its shared platform, and one partner per program, each with an admin key's principal.
struct World: Sendable {
    let test: TestDatabase
    let clock: MovableClock
    let services: TenancyServices
    let vendor: Organisation
    let platform: Instance
    /// Solution Partners; competitors of each other.
    let alpha: Party
    let beta: Party
    /// An Enterprise licensee.
    let licensee: Party
    /// A Deployment Partner.
    let deployer: Party

    struct Party: Sendable {
        let organisation: Organisation
        let admin: Principal

        var id: OrganisationID { organisation.id }
    }

    var work: UnitOfWork { services.work }

    /// Runs the body in a fresh database.
    static func with(_ body: (World) async throws -> Void) async throws {
        try await withTestDatabase { test in try await body(make(test)) }
    }

    private static func make(_ test: TestDatabase) async throws -> World {
        let clock = MovableClock(Timestamp(seconds: 1_790_000_000))
        let programs = ProgramTable()
        let work = UnitOfWork(database: test.database, time: clock.source, ids: .timeOrdered)
        let services = TenancyServices(
            work: work,
            rules: TenancyRules(
                checkVATID: { text, country in
                    let number = text.uppercased().filter { !$0.isWhitespace }
                    guard number.hasPrefix(country.code) else { return .malformed("must start with \(country)") }
                    return .checked(normalised: number, isValid: !number.hasSuffix("0"))
                },
                programs: { _, id in programs[id] }))
        let made = try await work.perform(job: "world") { tx, actor in
            var profile = OrganisationProfile(displayName: "Vendor", legalName: "Vendor GmbH", country: .austria)
            profile.billingEmail = "billing@vendor.test"
            let vendor = try Bootstrap.ensureVendor(profile, tx, actor)
            var partners: [Party] = []
            for (name, program) in [
                ("Alpha", Program.solution), ("Beta", .solution), ("Licensee", .enterprise), ("Deployer", .deployment),
            ] {
                var changes = OrganisationChanges()
                changes.displayName = name
                changes.country = .austria
                let organisation = try services.organisations.create(.partner, managedBy: nil, changes, tx, actor)
                programs[organisation.id] = [program]
                partners.append(Party(organisation: organisation, admin: .admin(of: organisation.id, named: name)))
            }
            var shared = InstanceChanges()
            shared.displayName = "Shared platform"
            let platform = try services.instances.create(
                at: .vendor, for: vendor.id, ownedBy: nil, shared, tx, actor)
            return (vendor, platform, partners)
        }
        return World(
            test: test, clock: clock, services: services, vendor: made.0, platform: made.1, alpha: made.2[0],
            beta: made.2[1], licensee: made.2[2], deployer: made.2[3])
    }

    // MARK: Shortcuts

    func customer(of party: Party, named name: String = "Customer") async throws -> Organisation {
        try await work.perform(as: party.admin) { tx, actor in
            var changes = OrganisationChanges()
            changes.displayName = name
            changes.country = .austria
            return try services.organisations.create(.endCustomer, managedBy: nil, changes, tx, actor)
        }
    }

    func instance(
        of party: Party, at host: InstanceHost, ownedBy owner: OrganisationID? = nil
    ) async throws -> Instance {
        try await work.perform(as: party.admin) { tx, actor in
            var changes = InstanceChanges()
            changes.displayName = "Stack"
            return try services.instances.create(at: host, for: nil, ownedBy: owner, changes, tx, actor)
        }
    }

    /// A production tenant, by default active and on the shared platform.
    func tenant(
        of party: Party, slug: String, on instance: InstanceID? = nil, active: Bool = true
    ) async throws -> Tenant {
        let new = NewTenant(
            instanceID: instance ?? platform.id, slug: slug, settings: TenantSettings(displayName: slug),
            activates: active)
        return try await create(new, as: party.admin)
    }

    func create(_ new: NewTenant, as principal: Principal) async throws -> Tenant {
        try await work.perform(as: principal) { tx, actor in try services.tenants.create(new, tx, actor) }
    }

    func transition(_ id: TenantID, _ step: TenantTransition, as principal: Principal) async throws -> Tenant {
        try await work.perform(as: principal) { tx, actor in try services.tenants.transition(id, step, tx, actor) }
    }

    func key(_ new: NewAPIKey, as principal: Principal) async throws -> IssuedAPIKey {
        try await work.perform(as: principal) { tx, actor in try services.apiKeys.create(new, tx, actor) }
    }

    /// The audit log as the platform sees it, newest first.
    func audit(_ filter: AuditFilter = AuditFilter()) async throws -> [AuditEvent] {
        try await work.read(in: .platform) { tx in
            try services.audit.list(filter, PageRequest(limit: 200, cursor: nil), tx).items
        }
    }

    func call<Input: Sendable>(
        _ input: Input, as principal: Principal, key: String? = nil, digest: [UInt8] = Array(repeating: 1, count: 32),
        ifMatch: IfMatch = .absent
    ) -> Call<Input> {
        let facts = RequestFacts(
            requestID: "req_test", now: clock.now, method: .post, path: "/", route: "/", remoteAddress: nil,
            idempotencyKey: key, ifMatch: ifMatch, bodyDigest: digest)
        return Call(input: input, principal: principal, facts: facts)
    }
}

extension Principal {
    static func admin(of id: OrganisationID, named name: String = "Admin") -> Principal {
        Principal(
            id: IDSource.timeOrdered.new(), kind: .apiKey, displayName: "\(name) admin", scope: .organisation(id),
            permissions: Role.named(.partnerAdmin)?.permissions ?? [])
    }

    static func tenantAdmin(of tenant: Tenant) -> Principal {
        Principal(
            id: IDSource.timeOrdered.new(), kind: .apiKey, displayName: "Tenant admin",
            scope: .tenant(tenant.id, of: tenant.placement.organisationID),
            permissions: Role.named(.tenantAdmin)?.permissions ?? [])
    }
}

/// A clock that a test moves.
final class MovableClock: Sendable {
    private let moment: Mutex<Timestamp>

    init(_ start: Timestamp) { moment = Mutex(start) }

    var now: Timestamp { moment.withLock { $0 } }

    func advance(by duration: Duration) { moment.withLock { $0 = $0.advanced(by: duration) } }

    var source: TimeSource { TimeSource { self.now } }
}

/// Which programs organisations hold, in place of contracts.
final class ProgramTable: Sendable {
    private let table = Mutex<[OrganisationID: Set<Program>]>([:])

    subscript(id: OrganisationID) -> Set<Program> {
        get { table.withLock { $0[id] ?? [] } }
        set { table.withLock { $0[id] = newValue } }
    }
}

/// The reason of the problem that the body throws; `nil` when it throws none.
func reason(of body: () async throws -> some Any) async throws -> String? {
    do {
        _ = try await body()
        return nil
    } catch let problem as Problem {
        return problem.reason
    }
}

/// The same for synchronous rules.
func reason(of body: () throws -> some Any) throws -> String? {
    do {
        _ = try body()
        return nil
    } catch let problem as Problem {
        return problem.reason
    }
}
