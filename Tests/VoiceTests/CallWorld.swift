import Foundation
import Kernel
import Postgres
import Synchronization
import Telephony
import Tenancy
import TestSupport

@testable import Voice

/// Two tenants of one partner and one of another, with the domains of the recordings, and a node that reports.
struct CallWorld: Sendable {
    let test: TestDatabase
    let clock: Clock
    let work: UnitOfWork
    let records: CallRecordService
    let receipts: ReceiptService
    let completeness: CompletenessService
    let contract: Contract
    let first: RecordOwner
    let second: RecordOwner
    let stranger: RecordOwner
    let node = RecordSource(nodeID: VoiceNodeID(UUID()), organisationID: nil, instanceID: nil)

    final class Clock: Sendable {
        private let moment = Mutex(Timestamp(seconds: 1_795_262_400))
        var now: Timestamp { moment.withLock { $0 } }
        var source: TimeSource { TimeSource { self.now } }
        func advance(seconds: Int64) { moment.withLock { $0 = $0.advanced(by: .seconds(seconds)) } }
        func set(_ now: Timestamp) { moment.withLock { $0 = now } }
    }

    /// What the contract says, and whether settling a lease fails.
    final class Contract: Sendable {
        let included = Mutex<Int64?>(10_000)
        let settlements = Mutex<[LeaseSettlement]>([])
        let failure = Mutex<Problem?>(nil)
        let finalisedBefore = Mutex<Timestamp?>(nil)
    }

    static func with(_ body: (CallWorld) async throws -> Void) async throws {
        try await withTestDatabase { test in
            let world = try await make(test)
            try await world.node.enlist(on: world.first, world.work)
            try await body(world)
        }
    }

    static func make(_ test: TestDatabase) async throws -> CallWorld {
        let (clock, contract) = (Clock(), Contract())
        let work = UnitOfWork(database: test.database, time: clock.source, ids: .timeOrdered)
        let tenancy = TenancyServices(
            work: work,
            rules: TenancyRules(
                checkVATID: { text, _ in .checked(normalised: text, isValid: true) },
                programs: { _, _ in [.solution] }, voiceRefusal: { _, _, _ in nil }))
        let owners = try await work.perform(job: "world") { tx, actor in
            let vendor = try Bootstrap.ensureVendor(
                OrganisationProfile(displayName: "Vendor", legalName: "Vendor GmbH", country: .austria), tx, actor)
            var shared = InstanceChanges()
            shared.displayName = "Shared platform"
            let platform = try tenancy.instances.create(at: .vendor, for: vendor.id, ownedBy: nil, shared, tx, actor)
            var owners: [RecordOwner] = []
            for (name, slugs) in [("Alpha", ["t1", "t2"]), ("Beta", ["t3"])] {
                var changes = OrganisationChanges()
                changes.displayName = name
                changes.country = .austria
                let id = try tenancy.organisations.create(.partner, managedBy: nil, changes, tx, actor).id
                for slug in slugs {
                    let tenant = try tenancy.tenants.create(
                        NewTenant(
                            organisationID: id, instanceID: platform.id, slug: slug,
                            settings: TenantSettings(displayName: slug), activates: true), tx, actor)
                    try tx.execute(
                        """
                        insert into app.sip_domain_name (domain, tenant_id, organisation_id)
                        values (\("\(slug).voice.test"), \(tenant.id), \(id))
                        """)
                    owners.append(
                        RecordOwner(tenantID: tenant.id, organisationID: id, instanceID: platform.id))
                }
            }
            return owners
        }
        let links = links(contract)
        let settle: SettleLease = { _, settlement in
            if let failure = contract.failure.withLock({ $0 }) { throw failure }
            contract.settlements.withLock { $0.append(settlement) }
        }
        return CallWorld(
            test: test, clock: clock, work: work,
            records: CallRecordService(work: work, links: links, settle: settle),
            receipts: ReceiptService(work: work),
            completeness: CompletenessService(work: work, links: links, settle: settle), contract: contract,
            first: owners[0], second: owners[1], stranger: owners[2])
    }

    /// Usage as rows, in the transaction of the record, as billing does it.
    private static func links(_ contract: Contract) -> VoiceLinks {
        VoiceLinks(
            recordUsage: { tx, usage in
                let late = contract.finalisedBefore.withLock { $0 }.map { usage.occurredAt < $0 } ?? false
                let rows = try tx.rows(
                    """
                    insert into app.usage_event (tenant_id, source, event_id, organisation_id, meter, key_source,
                        quantity, occurred_at, received_at, late, payload_hash)
                    select tenant_id, \(usage.source)::text, \(usage.id)::text, organisation_id,
                        case when \(usage.direction)::text in ('inbound', 'outbound') then 'voice'
                            else 'voice_unmetered' end,
                        '', \(usage.milliseconds)::bigint, \(usage.occurredAt)::timestamptz, now(), \(late)::boolean, ''
                    from app.tenant where tenant_id = \(usage.tenantID)
                    on conflict do nothing returning 1
                    """)
                return rows.isEmpty ? .duplicate : late ? .late : .accepted
            },
            terms: { _, _, _ in
                VoiceLinks.Terms(
                    bar: nil, includedMilliseconds: contract.included.withLock { $0 },
                    overageMicrosPerMinute: 80_000, priceBook: "2.1")
            })
    }

    // MARK: Shortcuts

    @discardableResult
    func accept(_ body: [UInt8]) async throws -> RecordAcceptance { try await records.accept(body, from: node) }

    func number(_ sql: SQL) async throws -> Int64 {
        try await work.read(in: .platform) { tx in try tx.value(sql) }
    }

    func count(_ sql: SQL) async throws -> Int { Int(try await number(sql)) }

    func admin(of owner: RecordOwner) -> Principal {
        Principal(
            id: work.ids.new(), kind: .apiKey, displayName: "Admin", scope: .organisation(owner.organisationID),
            permissions: Role.named(.partnerAdmin)?.permissions ?? [])
    }
}

/// A record made by hand.
struct MadeRecord {
    var id = UUID()
    var side = "outbound"
    var tenant: TenantID?
    var gateway: String? = "trunk"
    var started = Timestamp(seconds: 1_795_260_000)
    var answered: Timestamp? = Timestamp(seconds: 1_795_260_002)
    var milliseconds: Int64 = 3_000
    var variables: [String: String] = [:]

    var body: [UInt8] {
        let ended = (answered ?? started).microseconds + (answered == nil ? 0 : milliseconds * 1_000)
        var all = [
            "uuid": id.uuidString.lowercased(), "direction": side, "start_stamp": "2026-11-21 11:00:00",
            "start_uepoch": "\(started.microseconds)", "answer_uepoch": "\(answered?.microseconds ?? 0)",
            "end_uepoch": "\(ended)", "billusec": "\(answered == nil ? 0 : milliseconds * 1_000)",
            "hangup_cause": "NORMAL_CLEARING",
        ]
        if let tenant { all["tenant_id"] = "\(tenant)" }
        if let gateway { all["sip_gateway_name"] = gateway }
        all.merge(variables) { _, new in new }
        let json = JSON.object(all.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) })
        return JSON.object([JSON.Member("variables", json)]).canonicalBytes
    }
}

/// What a real node sent, beside the package as in continuous integration.
enum RecordedFiles {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/fixtures/freeswitch")

    static var arePresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }

    static func names(_ sub: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: sub).path)) ?? []).sorted()
    }

    /// Every delivered body of a call record.
    static func deliveries() throws -> [[UInt8]] {
        let records = names("cdr").filter { $0.hasSuffix(".json") || $0.hasSuffix(".xml") }
        let requests = names("requests").filter { $0.hasPrefix("cdr-") && $0.hasSuffix(".txt") }
        let mark = Array("\r\n\r\n".utf8)
        return try records.map { try bytes("cdr/\($0)") }
            + requests.compactMap { name in
                let bytes = try bytes("requests/\(name)")
                guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return nil }
                let body = Array(bytes[(end + mark.count)...])
                return body.isEmpty ? nil : body
            }
    }
}

extension RecordSource {
    /// Makes the node known, on the instance of a tenant.
    func enlist(on owner: RecordOwner, _ work: UnitOfWork) async throws {
        let id = nodeID
        try await work.perform(job: "world") { tx, actor in
            try tx.execute(
                """
                insert into app.voice_node (voice_node_id, organisation_id, instance_id, name, switchname,
                    xml_secret_hash, xml_digest, cdr_secret_hash, cdr_digest, state, created_at, updated_at)
                values (\(id), \(owner.organisationID), \(owner.instanceID), 'fs1', 'fs1', sha256('x'), md5('x'),
                    sha256('x'), md5('x'), 'active', \(actor.now), \(actor.now))
                """)
        }
    }
}
