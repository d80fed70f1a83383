import Billing
import Foundation
import Kernel
import Postgres
import Rating
import Telephony
import Tenancy
import Testing
import Voice

@testable import ControlPlane

/// Sum of receipts = usage = invoice, whatever order, repetition and loss the records of calls meet on their way.
@Suite struct LedgerToInvoiceTests {
    /// Midnight in Vienna, after which a call belongs to the month that is billed here.
    private static let november = Timestamp("2026-10-31T23:00:00Z") ?? MatrixWorld.now
    private static let included: Int64 = 120_000_000
    /// What every tenant of the world has talked before.
    private static let before: Int64 = 1_000

    /// A leg as it was, and what is heard of it.
    private struct Leg {
        let id = UUID()
        let answered: Timestamp
        let isCarrier: Bool
        /// What its record says; `nil` when none ever comes.
        let recorded: Int64?
        /// Up to its last sign of life, of a leg that was lost with its node.
        let seen: Int64?
        /// Its record is there before anybody counts what was lost.
        let isEarly: Bool

        init(_ random: inout some RandomNumberGenerator, longest: Int64) {
            let seconds = Int64.random(in: -7_200...1_600_000, using: &random)
            answered = LedgerToInvoiceTests.november.advanced(by: .seconds(seconds))
            isCarrier = Int.random(in: 0..<8, using: &random) > 0
            let length = Int64.random(in: 0...longest, using: &random)
            let isLost = isCarrier && Int.random(in: 0..<4, using: &random) == 0
            seen = isLost ? Int64.random(in: 0...length / 1_000, using: &random) * 1_000 : nil
            recorded = isLost && Bool.random(using: &random) ? nil : length
            isEarly = Bool.random(using: &random)
        }

        /// The milliseconds of its answered time that belong to November.
        var counted: Int64 {
            guard isCarrier else { return 0 }
            let estimated = recorded != nil && isEarly ? 0 : seen ?? 0
            let before = (LedgerToInvoiceTests.november.microseconds - answered.microseconds) / 1_000
            return max(0, max(recorded ?? 0, estimated) - max(0, before))
        }

        func body(of tenant: TenantID) -> [UInt8]? {
            guard let recorded else { return nil }
            var variables = [
                "uuid": id.uuidString.lowercased(), "direction": "outbound", "tenant_id": "\(tenant)",
                "call_class": isCarrier ? "outbound" : "internal", "hangup_cause": "NORMAL_CLEARING",
                "start_uepoch": "\(answered.microseconds - 1_000_000)", "answer_uepoch": "\(answered.microseconds)",
                "end_uepoch": "\(answered.microseconds + recorded * 1_000)", "billusec": "\(recorded * 1_000)",
            ]
            if isCarrier { variables["sip_gateway_name"] = "carrier" }
            let members = variables.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }
            return JSON.object([JSON.Member("variables", .object(members))]).canonicalBytes
        }
    }

    @Test(arguments: 1...3)
    func everyMillisecondOfTheReceiptsIsUsageAndOnTheInvoice(seed: UInt64) async throws {
        try await MatrixWorld.with { world in
            var random = SeededGenerator(state: seed)
            var months: [(tenant: TenantID, milliseconds: Int64)] = []
            // one tenant talks more than is included, the other does not
            for (party, longest) in [(world.victim, Int64(12_000_000)), (world.rival, 60_000)] {
                let tenant = try #require(TenantID(party.ids["tenant_id"] ?? ""))
                let legs = (0..<40).map { _ in Leg(&random, longest: longest) }
                try await Self.play(legs, of: tenant, in: world, &random)
                months.append((tenant, legs.reduce(Self.before) { $0 + $1.counted }))
            }
            #expect(months.map { $0.milliseconds > Self.included } == [true, false], "this hardly tests anything")
            for month in months { try await Self.compareUsage(of: month.tenant, month.milliseconds, in: world) }
            for month in months { try await Self.comparePreview(of: month.tenant, month.milliseconds, in: world) }
            let december = Timestamp("2026-12-12T10:00:00Z") ?? MatrixWorld.now
            let close = MonthCloseService(
                UnitOfWork(database: world.application.database, time: .fixed(december), ids: .timeOrdered))
            _ = try await close.close(try #require(BillingMonth("2026-11")), as: .system("tests"))
            for month in months { try await Self.compareInvoice(of: month.tenant, month.milliseconds, in: world) }
        }
    }

    /// Delivers what is early, in any order, some of it several times and some at once; then what is lost is estimated,
    /// and the rest comes.
    private static func play(
        _ legs: [Leg], of tenant: TenantID, in world: MatrixWorld, _ random: inout SeededGenerator
    ) async throws {
        let calls = world.application.voice.calls
        let found = try await world.application.tenancy.work.read(in: .platform) { tx in
            try TenantStore.find(tenant, tx)?.placement
        }
        let placement = try #require(found)
        let source = RecordSource(
            nodeID: VoiceNodeID(UUID()), organisationID: placement.organisationID, instanceID: placement.instanceID)
        for leg in legs where leg.seen != nil { try await sight(leg, of: tenant, in: world) }
        for isEarly in [true, false] {
            var bodies: [[UInt8]] = []
            for leg in legs where leg.isEarly == isEarly {
                guard let body = leg.body(of: tenant) else { continue }
                bodies += Array(repeating: body, count: .random(in: 1...3, using: &random))
            }
            var rest = bodies.shuffled(using: &random)[...]
            while !rest.isEmpty {
                let batch = rest.prefix(8)
                rest = rest.dropFirst(8)
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for body in batch { group.addTask { try await calls.records.accept(body, from: source).status } }
                    for try await status in group { #expect(status == 200) }
                }
            }
            if isEarly { while try await calls.completeness.estimateLost() > 0 {} }
        }
    }

    private static func sight(_ leg: Leg, of tenant: TenantID, in world: MatrixWorld) async throws {
        let (id, answered) = (leg.id, leg.answered)
        let ended = answered.advanced(by: .milliseconds(leg.seen ?? 0))
        try await world.test.asSuperuser { connection in
            try connection.execute(
                """
                insert into app.leg_sighting (leg_id, node_id, tenant_id, organisation_id, side, metering, direction,
                    gateway, started_at, answered_at, ended_at, lost)
                select \(id), gen_random_uuid(), tenant_id, organisation_id, 'outbound', 'metered', 'outbound',
                    'carrier', \(answered), \(answered), \(ended), true
                from app.tenant where tenant_id = \(tenant)
                """)
        }
    }

    private static func compareUsage(of tenant: TenantID, _ expected: Int64, in world: MatrixWorld) async throws {
        let sums = try await world.test.asSuperuser { connection in
            try connection.rows(
                """
                select sum(milliseconds)::bigint, sum(overage_ms)::bigint,
                    (select sum(quantity)::bigint from app.usage_event where tenant_id = \(tenant)
                        and meter = 'voice' and occurred_at >= \(november)),
                    (select sum(quantity)::bigint from app.usage_hour where tenant_id = \(tenant)
                        and meter = 'voice' and hour >= \(november))
                from app.call_receipt where tenant_id = \(tenant) and month = '2026-11-01'
                """
            ).map { row in try (0..<4).map { try row.value(at: $0, as: Int64.self) } }
        }
        #expect(sums == [[expected, max(0, expected - included), expected, expected]])
    }

    private static func comparePreview(of tenant: TenantID, _ expected: Int64, in world: MatrixWorld) async throws {
        let month = try #require(BillingMonth("2026-11"))
        let previews = try await world.application.billing.monthClose.preview(month, in: .platform)
        let quantities = previews.flatMap { preview -> [String] in
            // the month's disclosure is still to come
            guard case .waits(let draft, _) = preview.state else { return [] }
            return draft.lines.filter { $0.charge == "voice_overage:\(tenant)" && $0.reason == .regular }
                .map(\.quantity)
        }
        #expect(quantities == (expected > included ? ["\(expected - included)"] : []))
    }

    private static func compareInvoice(of tenant: TenantID, _ expected: Int64, in world: MatrixWorld) async throws {
        let (charge, overage) = ("voice_overage:\(tenant)", expected - included)
        let lines = try await world.test.asSuperuser { connection in
            try connection.rows(
                """
                select l.quantity, (l.net * 100)::bigint::text
                from app.invoice_line l join app.invoice i using (invoice_id)
                where l.charge = \(charge) and l.reason = 'regular' and i.month = '2026-11-01' and i.state = 'finalised'
                """
            ).map { row in try (0..<2).map { try row.value(at: $0, as: String.self) } }
        }
        // 0.08 per 60,000 ms, rounded once
        #expect(lines == (overage > 0 ? [["\(overage)", "\((overage * 8 + 30_000) / 60_000)"]] : []))
    }
}

/// SplitMix64: the same numbers in every run.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
