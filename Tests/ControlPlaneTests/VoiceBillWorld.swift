import Foundation
import Kernel
import Postgres
import Rating
import Synchronization
import Telephony
import Tenancy
import TestSupport

@testable import Billing
@testable import ControlPlane
@testable import Voice

/// A licensee with voice, its contracts, and the calls of its tenants: receipts and invoices side by side, with a clock
/// that the test sets.
struct VoiceBillWorld: Sendable {
    let test: TestDatabase
    let clock = Clock()
    let work: UnitOfWork
    let tenancy: TenancyServices
    let billing: BillingServices
    let calls: CallServices
    let organisation: OrganisationID
    let instance: InstanceID

    final class Clock: Sendable {
        private let moment = Mutex(Timestamp(seconds: 1_789_459_200))
        var now: Timestamp { moment.withLock { $0 } }
        func set(_ text: String) { moment.withLock { $0 = Timestamp(text) ?? $0 } }
    }

    static func with(_ body: (VoiceBillWorld) async throws -> Void) async throws {
        try await withTestDatabase { test in try await body(VoiceBillWorld(test)) }
    }

    private init(_ test: TestDatabase) async throws {
        self.test = test
        let clock = clock
        let work = UnitOfWork(database: test.database, time: TimeSource { clock.now }, ids: .timeOrdered)
        self.work = work
        let tenancy = TenancyServices(
            work: work,
            rules: TenancyRules(
                checkVATID: { text, _ in .checked(normalised: text, isValid: true) },
                programs: { _, _ in [.enterprise] }, voiceRefusal: { _, _, _ in nil }))
        self.tenancy = tenancy
        billing = BillingServices(work: work, metrics: Metrics(), connections: 4, isDistributed: false)
        calls = CallServices(work: work, links: .billing(billing.usage))
        try await billing.publishPriceBook()
        (organisation, instance) = try await work.perform(job: "world") { tx, actor in
            _ = try Bootstrap.ensureVendor(
                OrganisationProfile(displayName: "Vendor", legalName: "Vendor GmbH", country: .austria), tx, actor)
            var profile = OrganisationChanges()
            profile.displayName = "Licensee"
            profile.country = .austria
            let organisation = try tenancy.organisations.create(.partner, managedBy: nil, profile, tx, actor).id
            _ = try ContractService.signMasterAgreement(
                of: organisation, reference: "MA", on: try Self.day("2025-11-01"), tx, actor)
            var stack = InstanceChanges()
            stack.displayName = "Stack"
            let instance = try tenancy.instances.create(
                at: .licensee, for: organisation, ownedBy: organisation, stack, tx, actor)
            return (organisation, instance.id)
        }
    }

    static func day(_ text: String) throws -> CalendarDate {
        guard let day = CalendarDate(text) else { throw Problem.notFound("day") }
        return day
    }

    // MARK: Contracts and tenants

    @discardableResult
    func contract(from start: String, _ voice: VoiceTerms?) async throws -> ContractID {
        let day = try Self.day(start)
        return try await work.perform(job: "world") { tx, actor in
            let new = NewContract(
                organisationID: organisation, startsOn: day, terms: .enterprise(EnterpriseTerms(voice: voice)))
            return try ContractService.create(new, tx, actor).contract.id
        }
    }

    func change(_ contract: ContractID, to terms: EnterpriseTerms, from month: String) async throws {
        guard let month = BillingMonth(month) else { throw Problem.notFound("month") }
        try await work.perform(job: "world") { tx, actor in
            _ = try ContractService.addVersion(to: contract, terms: .enterprise(terms), effective: month, tx, actor)
        }
    }

    func tenant(_ slug: String, _ kind: Tenant.Kind = .production) async throws -> TenantID {
        try await work.perform(job: "world") { tx, actor in
            try tenancy.tenants.create(
                NewTenant(
                    organisationID: organisation, instanceID: instance, slug: slug,
                    settings: TenantSettings(displayName: slug, kind: kind, voiceEnabled: true), activates: true),
                tx, actor
            ).id
        }
    }

    func change(_ tenant: TenantID, to kind: Tenant.Kind) async throws {
        try await work.perform(job: "world") { tx, actor in
            var changes = TenantChanges()
            changes.kind = kind
            _ = try tenancy.tenants.update(tenant, changes, expecting: .anything, tx, actor)
        }
    }

    // MARK: Calls

    /// What is told of a carrier's leg, one time.
    struct Told: Sendable {
        let leg: UUID
        let tenant: TenantID
        let answered: Timestamp
        let milliseconds: Int64
        var isEstimate = false
    }

    func tell(_ told: Told, to records: CallRecordService? = nil) async throws {
        let ledger = (records ?? calls.records).ledger
        let owner = RecordOwner(tenantID: told.tenant, organisationID: organisation, instanceID: instance)
        let source = RecordSource(nodeID: VoiceNodeID(told.leg), organisationID: nil, instanceID: nil)
        let body = Self.body(told)
        let record = try CallRecordReader.read(body)
        let now = clock.now
        _ = try await work.database.transaction(for: owner.scope) { tx in
            guard told.isEstimate else {
                let entry = CallLedger.Entry(record: record, body: body, owner: owner, source: source)
                return try ledger.enter([entry], at: now, tx) == [.duplicate]
            }
            let full = CallLeg(record, callID: CallID(told.leg), of: owner, from: source, at: now)
            let leg = CallLeg(
                identity: full.identity, metering: full.metering, callClass: full.callClass, times: full.times,
                outcome: full.outcome, parties: full.parties, origin: full.origin,
                state: CallLeg.State(isEstimated: true, isLate: false, receivedAt: now, erasedAt: nil))
            return try ledger.enter(estimate: leg, at: now, tx)
        }
    }

    private static func body(_ told: Told) -> [UInt8] {
        let (answered, micros) = (told.answered.microseconds, told.milliseconds * 1_000)
        let variables = [
            "answer_uepoch": "\(answered)", "billusec": "\(micros)", "call_class": "outbound", "direction": "outbound",
            "end_uepoch": "\(answered + micros)", "hangup_cause": "NORMAL_CLEARING", "sip_gateway_name": "trunk",
            "start_uepoch": "\(answered)", "tenant_id": "\(told.tenant)", "uuid": told.leg.uuidString.lowercased(),
        ]
        let members = variables.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }
        return JSON.object([JSON.Member("variables", .object(members))]).canonicalBytes
    }

    // MARK: What came of it

    /// A tenant's month by everybody who counts it.
    struct Sums: Sendable, Equatable, CustomStringConvertible {
        var usage: Int64 = 0
        var receipts: Int64 = 0
        var billed: Int64 = 0
        var receiptedOverage: Int64 = 0
        var invoicedOverage: Int64 = 0

        var description: String {
            "usage \(usage), receipts \(receipts), billed \(billed), overage \(receiptedOverage), invoice \(invoicedOverage)"
        }
    }

    func sums(_ tenant: TenantID, _ month: BillingMonth) async throws -> Sums {
        var sums = Sums()
        (sums.usage, sums.receipts, sums.billed, sums.receiptedOverage) = try await work.read(in: .platform) { tx in
            try tx.one(
                """
                select coalesce((select sum(quantity) from app.usage_hour where tenant_id = \(tenant)
                        and meter = 'voice' and hour >= \(month.startTime) and hour < \(month.endTime)), 0)::bigint,
                    coalesce(sum(milliseconds), 0)::bigint, coalesce(sum(included_ms + overage_ms), 0)::bigint,
                    coalesce(sum(overage_ms), 0)::bigint
                from app.call_receipt where tenant_id = \(tenant) and month = \(month)
                """, as: (Int64, Int64, Int64, Int64).self)
        }
        for preview in try await billing.monthClose.preview(month, in: .platform) {
            for line in preview.draft?.lines ?? [] where line.charge == "voice_overage:\(tenant)" {
                sums.invoicedOverage += Int64(line.quantity) ?? 0
            }
        }
        return sums
    }

    func check(_ tenant: TenantID, _ month: BillingMonth) async throws -> ReceiptCheck {
        try await calls.receipts.verify(tenant, month, in: .platform)
    }
}

/// SplitMix64: the same numbers in every run.
struct BillRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
