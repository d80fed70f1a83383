import Foundation
import Kernel
import Postgres
import Synchronization
import Telephony
import Tenancy
import TestSupport

@testable import Voice

/// A tenant with a plan in memory, its leases and the booking of its records in a real database.
struct LeaseWorld: Sendable {
    let test: TestDatabase
    let work: UnitOfWork
    let leases: LeaseService
    let records: CallRecordService
    let plans: Plans
    let clock: Clock
    let owner: RecordOwner
    let node = RecordSource(nodeID: VoiceNodeID(UUID()), organisationID: nil, instanceID: nil)

    final class Clock: Sendable {
        private let moment = Mutex(LeaseWorld.start)
        var now: Timestamp { moment.withLock { $0 } }
        func set(_ now: Timestamp) { moment.withLock { $0 = now } }
    }

    final class Plans: Sendable {
        private let entries = Mutex<[TenantID: VoicePlan.Entry]>([:])
        func entry(_ tenant: TenantID) -> VoicePlan.Entry? { entries.withLock { $0[tenant] } }
        func set(_ plan: TenantPlan) {
            entries.withLock { $0[plan.tenantID] = VoicePlan.Entry(revision: "", plan: plan) }
        }
    }

    static let start = Timestamp("2026-11-18T10:00:00Z") ?? Timestamp(seconds: 0)
    static let user: SIPUserID = id(1)
    static let trunk: TrunkID = id(2)
    static let number: PhoneNumberID = id(3)

    static func id<Kind>(_ byte: UInt8) -> ID<Kind> { ID(UUID(bytes: [UInt8](repeating: byte, count: 16))) }

    static func with(
        _ policy: TenantPlan.Policy = policy(), _ body: (LeaseWorld) async throws -> Void
    ) async throws {
        try await withTestDatabase { test in
            let world = try await make(test, policy)
            try await world.node.enlist(on: world.owner, world.work)
            try await body(world)
        }
    }

    /// 300 s included, then the end, and nothing without asking.
    static func policy() -> TenantPlan.Policy {
        var policy = TenantPlan.Policy()
        policy.allotment.includedMilliseconds = 300_000
        policy.allotment.overageMicrosPerMinute = 80_000
        policy.allotment.atEnd = .block
        policy.allotment.outageSeconds = 0
        policy.limits.concurrentCalls = 1_000
        policy.limits.callsPerSecond = 100
        policy.limits.sequentialCalls = 10_000
        return policy
    }

    private static func make(_ test: TestDatabase, _ policy: TenantPlan.Policy) async throws -> LeaseWorld {
        let (clock, plans) = (Clock(), Plans())
        let work = UnitOfWork(database: test.database, time: TimeSource { clock.now }, ids: .timeOrdered)
        let tenancy = TenancyServices(
            work: work,
            rules: TenancyRules(
                checkVATID: { text, _ in .checked(normalised: text, isValid: true) },
                programs: { _, _ in [.solution] }, voiceRefusal: { _, _, _ in nil }))
        let owner = try await work.perform(job: "world") { tx, actor in
            let vendor = try Bootstrap.ensureVendor(
                OrganisationProfile(displayName: "Vendor", legalName: "Vendor GmbH", country: .austria), tx, actor)
            var shared = InstanceChanges()
            shared.displayName = "Shared platform"
            let platform = try tenancy.instances.create(at: .vendor, for: vendor.id, ownedBy: nil, shared, tx, actor)
            var changes = OrganisationChanges()
            changes.displayName = "Alpha"
            changes.country = .austria
            let id = try tenancy.organisations.create(.partner, managedBy: nil, changes, tx, actor).id
            let tenant = try tenancy.tenants.create(
                NewTenant(
                    organisationID: id, instanceID: platform.id, slug: "t1",
                    settings: TenantSettings(displayName: "t1"), activates: true), tx, actor)
            return RecordOwner(tenantID: tenant.id, organisationID: id, instanceID: platform.id)
        }
        plans.set(plan(owner, policy))
        let leases = LeaseService(database: test.database, ids: .timeOrdered, logger: TestLog.quiet) { plans.entry($0) }
        let records = CallRecordService(
            work: work, links: links(plans), settle: leases.settling(work.time))
        return LeaseWorld(
            test: test, work: work, leases: leases, records: records, plans: plans, clock: clock, owner: owner)
    }

    static func plan(_ owner: RecordOwner, _ policy: TenantPlan.Policy) -> TenantPlan {
        var directory = TenantPlan.Directory()
        directory.users = [
            SIPUser(
                id: user, name: "1001", digests: [], displayName: "", callerNumber: nil, siteID: nil)
        ]
        var routing = TenantPlan.Routing()
        routing.trunks = [
            Trunk(
                id: trunk, displayName: "Carrier", proxy: "carrier.example", identification: .address,
                allowedAddresses: [], use: Trunk.Use())
        ]
        if let did = E164("+43720123456"), let out = E164("+436607654321") {
            routing.numbers = [
                PhoneNumber(
                    id: number, e164: did, displayName: "Main", routes: [RouteEntry(target: .external(out))])
            ]
        }
        if let did = E164("+43720123457") {
            routing.numbers.append(
                PhoneNumber(id: id(4), e164: did, displayName: "Phone", routes: [RouteEntry(target: .user(user))]))
        }
        return TenantPlan(
            TenantPlan.Identity(
                tenantID: owner.tenantID, organisationID: owner.organisationID, domain: "t1.voice.test",
                country: .austria), directory: directory, routing: routing, policy: policy)
    }

    static func links(_ plans: Plans) -> VoiceLinks {
        VoiceLinks(
            recordUsage: { tx, usage in
                let rows = try tx.rows(
                    """
                    insert into app.usage_event (tenant_id, source, event_id, organisation_id, meter, key_source,
                        quantity, occurred_at, received_at, late, payload_hash)
                    select tenant_id, \(usage.source)::text, \(usage.id)::text, organisation_id, 'voice', '',
                        \(usage.milliseconds)::bigint, \(usage.occurredAt)::timestamptz, now(), false, ''
                    from app.tenant where tenant_id = \(usage.tenantID) on conflict do nothing returning 1
                    """)
                return rows.isEmpty ? .duplicate : .accepted
            },
            terms: { _, tenant, _ in
                let allotment = plans.entry(tenant)?.plan.allotment ?? Allotment()
                return VoiceLinks.Terms(
                    bar: nil, includedMilliseconds: allotment.includedMilliseconds,
                    overageMicrosPerMinute: allotment.overageMicrosPerMinute, priceBook: "2.1")
            })
    }

    // MARK: - Shortcuts

    var entry: VoicePlan.Entry {
        get throws {
            guard let entry = plans.entry(owner.tenantID) else { throw Problem.notFound("tenant") }
            return entry
        }
    }

    func decide(_ call: String, _ dialled: String = "06601234567", trunk: Bool = false) async throws -> Decision {
        try await decide(
            call, trunk ? "+43720123456" : dialled, by: trunk ? .trunk(Self.trunk) : .user(Self.user), .ringing)
    }

    func decide(
        _ call: String, _ dialled: String, by origin: LegRequest.Origin, _ stage: LegRequest.Stage
    ) async throws -> Decision {
        await leases.decide(leg(call, dialled, by: origin, stage), try entry)
    }

    func leg(
        _ call: String, _ dialled: String, by origin: LegRequest.Origin, _ stage: LegRequest.Stage
    ) -> LegRequest {
        var leg = LegRequest(callID: call, origin: origin, dialled: dialled, now: clock.now, node: node.nodeID)
        leg.stage = stage
        return leg
    }

    func usage() async throws -> Standing.Usage {
        let (plan, now) = (try entry.plan, clock.now)
        return try await work.read(in: .platform) { tx in try leases.status(of: plan, at: now, tx).usage }
    }

    func counts() async throws -> Standing.Counts {
        let (plan, now) = (try entry.plan, clock.now)
        return try await work.read(in: .platform) { tx in try leases.status(of: plan, at: now, tx).counts }
    }

    func value(_ sql: SQL) async throws -> Int64 {
        try await work.read(in: .platform) { tx in try tx.value(sql) }
    }
}
