import Foundation
import Kernel
import Postgres
import Rating
import Telephony
import Tenancy
import TestSupport
import Testing
import Voice

@testable import Billing
@testable import ControlPlane

/// What voice learns of contracts and what billing learns of calls.
@Suite struct VoiceLinksTests {
    @Test func anEnterpriseContractIncludesMinutesAndACallIsMeteredOnce() async throws {
        try await MatrixWorld.with { world in
            let tenant = try #require(TenantID(world.victim.ids["tenant_id"] ?? ""))
            let links = world.application.voice.model.links
            let (terms, before) = try await world.application.tenancy.work.read(in: .platform) { tx in
                (
                    try links.terms(tx, tenant, MatrixWorld.now),
                    try links.terms(tx, tenant, Timestamp("2026-09-30T21:59:59Z") ?? MatrixWorld.now)
                )
            }
            #expect(terms.bar == nil && terms.includedMilliseconds == 120_000_000)
            #expect(terms.overageMicrosPerMinute == 80_000 && terms.priceBook == "2.1")
            #expect(before.bar == .programWithoutTelephony, "the contract begins in October")

            let call = VoiceLinks.CallUsage(
                tenantID: tenant, source: "node", id: "call-1", direction: "outbound", milliseconds: 61_234,
                occurredAt: MatrixWorld.now)
            let store = { @Sendable (call: VoiceLinks.CallUsage) in
                try await world.application.tenancy.work.perform(job: "test") { tx, _ in
                    try links.recordUsage(tx, call)
                }
            }
            #expect(try await store(call) == .accepted)
            #expect(try await store(call) == .duplicate)
            let longer = VoiceLinks.CallUsage(
                tenantID: tenant, source: "node", id: "call-1", direction: "outbound", milliseconds: 61_235,
                occurredAt: MatrixWorld.now)
            await #expect(throws: Problem.self) { try await store(longer) }
            let late = VoiceLinks.CallUsage(
                tenantID: tenant, source: "node", id: "call-2", direction: "inbound", milliseconds: 5,
                occurredAt: Timestamp("2026-10-20T10:00:00Z") ?? MatrixWorld.now)
            #expect(try await store(late) == .late, "October is final")
            let metered = try await world.test.asSuperuser { connection in
                try connection.value(
                    """
                    select sum(quantity)::bigint from app.usage_hour
                    where meter = 'voice' and not late and hour = date_trunc('hour', \(MatrixWorld.now)::timestamptz)
                    """, as: Int64.self)
            }
            #expect(metered == 61_234)
        }
    }

    @Test func aLostLegIsEstimatedByWhatItsContractSays() async throws {
        try await MatrixWorld.with { world in
            let tenant = try #require(TenantID(world.victim.ids["tenant_id"] ?? ""))
            let leg = CallLegID(UUID())
            try await world.test.asSuperuser { connection in
                try connection.execute(
                    """
                    insert into app.leg_sighting (leg_id, node_id, tenant_id, organisation_id, side, metering, direction,
                        gateway, started_at, answered_at, ended_at, lost)
                    select \(leg), gen_random_uuid(), tenant_id, organisation_id, 'outbound', 'metered', 'outbound', 'x',
                        \(MatrixWorld.now.advanced(by: .seconds(-7_300))),
                        \(MatrixWorld.now.advanced(by: .seconds(-7_290))),
                        \(MatrixWorld.now.advanced(by: .seconds(-7_200))), true
                    from app.tenant where tenant_id = \(tenant)
                    """)
            }
            #expect(try await world.application.voice.calls.completeness.estimateLost() == 1)
            #expect(try await world.application.voice.calls.completeness.estimateLost() == 0)
            let booked = try await world.test.asSuperuser { connection in
                try connection.value(
                    """
                    select sum(milliseconds)::bigint from app.call_receipt
                    where leg_id = \(leg) and document::jsonb ->> 'included_allotment_ms' = '120000000'
                    """, as: Int64.self)
            }
            #expect(booked == 90_000)
        }
    }

    @Test func aContractOrdersTelephony() throws {
        let price = try Rate("100.00")
        guard let october = BillingMonth("2026-10") else { throw Problem.notFound("month") }
        let line = OrderFormLine(reference: "Voice", title: "Telephony", price: price, every: .monthly, from: october)
        let terms = SolutionTerms(lines: [line])
        #expect(terms.ordersVoice(in: october) && !terms.ordersVoice(in: october.previous))
        #expect(!SolutionTerms().ordersVoice(in: october))
    }

    @Test func aPlanFileIsWrittenForItsOwnerAlone() throws {
        let path = PagesTests.root.appending(path: ".build/plan-\(IDSource.timeOrdered.new(TenantID.self)).json")
            .path(percentEncoded: false)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try VoiceCommand.WritePlanFile.write(Array("one".utf8), to: path)
        try VoiceCommand.WritePlanFile.write(Array("two".utf8), to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "two")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }
}
