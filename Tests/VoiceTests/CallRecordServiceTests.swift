import Foundation
import Kernel
import Postgres
import Telephony
import Tenancy
import Testing

@testable import Voice

struct CallRecordServiceTests {
    static let november = CallMonth("2026-11")

    /// Every recorded delivery, in an order of its own and more than once: each leg is booked once, and the receipts, the
    /// usage and the legs agree to the millisecond.
    @Test(.enabled(if: RecordedFiles.arePresent, "the recordings are not beside the package"), arguments: [1, 2])
    func recordingsInAnyOrderEndInTheSameLedger(seed: UInt64) async throws {
        try await CallWorld.with { world in
            var generator = Noise(state: seed)
            let bodies = try RecordedFiles.deliveries()
            var dismissed: Set<UUID> = []
            for body in (bodies + bodies.prefix(60)).shuffled(using: &generator)
            where try await world.accept(body) == .dismissed {
                dismissed.insert(try CallRecordReader.read(body).leg.id)
            }
            while try await world.records.retryWaiting() > 0 {}
            let ids = Set(try bodies.map { try CallRecordReader.read($0).leg.id })
            let legs = try await world.count("select count(*) from app.call_leg")
            let waiting = try await world.count(
                "select count(distinct leg_id) from app.cdr_quarantine where state = 'open'")
            #expect(legs + waiting + dismissed.count == ids.count)
            // The calls to a number that nobody has; nothing says whose they are.
            #expect(waiting <= 4)
            let metered = try await world.number(
                "select sum(milliseconds)::bigint from app.call_leg where metering = 'metered'")
            var told: [UUID: CallRecord] = [:]
            for body in bodies {
                let record = try CallRecordReader.read(body)
                told[record.leg.id] = record
            }
            #expect(
                metered
                    == told.values.reduce(0) { sum, record in
                        if case .metered = record.metering { sum + record.answeredMilliseconds } else { sum }
                    })
            #expect(try await world.number("select sum(milliseconds)::bigint from app.call_receipt") == metered)
            #expect(
                try await world.number("select sum(quantity)::bigint from app.usage_event where meter = 'voice'")
                    == metered)
            let month = try #require(Self.november)
            for owner in [world.first, world.second] {
                let check = try await world.receipts.verify(owner.tenantID, month, in: owner.scope)
                #expect(check.isSound, "\(check.verification.findings)")
                #expect(check.verification.receipts > 0)
            }
            #expect(try await world.count("select count(*) from app.cdr_raw") == legs)
            // Both legs of the transferred call hang together.
            #expect(
                try await world.count(
                    """
                    select count(distinct call_id) from app.call_leg where leg_id in
                        ('bbfeec7a-c2fa-4bbd-b5f2-32edf66b77a5', '77b9f979-1564-4268-bdec-2e564a7c0451')
                    """) == 1)
        }
    }

    @Test func aRecordIsBookedOnceAndWholeOrNotAtAll() async throws {
        try await CallWorld.with { world in
            let record = MadeRecord(tenant: world.first.tenantID)
            world.contract.failure.withLock { $0 = Problem.unavailable("no lease today") }
            await #expect(throws: Problem.self) { try await world.accept(record.body) }
            for table in ["call_leg", "cdr_raw", "call_receipt", "usage_event"] as [SQL] {
                #expect(try await world.count("select count(*) from app.\(table)") == 0)
            }
            world.contract.failure.withLock { $0 = nil }
            let acceptance = try await world.accept(record.body)
            #expect(acceptance == .stored(world.first.tenantID, late: false))
            #expect(try await world.accept(record.body) == .duplicate)
            #expect(try await world.count("select count(*) from app.call_receipt") == 1)
            let settled = world.contract.settlements.withLock { $0 }
            #expect(settled.map(\.milliseconds) == [3_000])
        }
    }

    /// Many nodes at once: no lost update, no gap in the chain.
    @Test func concurrentRecordsMakeOneChain() async throws {
        try await CallWorld.with { world in
            let records = (0..<40).map { _ in MadeRecord(tenant: world.first.tenantID) }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for record in records + records {
                    tasks.addTask { try await world.accept(record.body) }
                }
                try await tasks.waitForAll()
            }
            let month = try #require(Self.november)
            let check = try await world.receipts.verify(world.first.tenantID, month, in: world.first.scope)
            #expect(check.isSound && check.verification.receipts == 40)
            #expect(check.verification.milliseconds == 120_000)
            #expect(check.verification.overageMilliseconds == 110_000)
        }
    }

    @Test func whatCannotBeBookedIsKeptAndCanBeTriedAgain() async throws {
        try await CallWorld.with { world in
            #expect(try await world.accept(Array("{oops".utf8)) == .quarantined("broken_json"))
            #expect(try await world.accept(Array("{oops".utf8)) == .quarantined("broken_json"))
            var record = MadeRecord()
            record.variables = ["sip_auth_realm": "t9.voice.test", "sip_auth_username": "1001"]
            #expect(try await world.accept(record.body) == .quarantined("unknown_tenant"))
            record.started = Timestamp(seconds: 2_000_000_000)
            record.answered = record.started
            #expect(try await world.accept(record.body) == .quarantined("implausible_time"))
            let items = try await world.work.read(in: .platform) { tx in
                try world.records.quarantine.list(.open, PageRequest(limit: nil, cursor: nil), tx).items
            }
            #expect(items.count == 3)
            #expect(items.last?.times == 2)
            try await world.work.perform(job: "a domain comes") { tx, _ in
                try tx.execute(
                    """
                    insert into app.sip_domain_name (domain, tenant_id, organisation_id)
                    values ('t9.voice.test', \(world.first.tenantID), \(world.first.organisationID))
                    """)
            }
            let waiting = try #require(items.first { $0.reason == "unknown_tenant" })
            let asker = Principal.system("test")
            #expect(
                try await world.records.quarantine.replay(waiting.id, as: asker, using: world.records)
                    == .stored(world.first.tenantID, late: false))
            await #expect(throws: Problem.self) {
                try await world.records.quarantine.replay(waiting.id, as: asker, using: world.records)
            }
            let broken = try #require(items.first { $0.reason == "broken_json" })
            #expect(try await world.records.quarantine.discard(broken.id, as: asker).state == .discarded)
            #expect(try await world.records.quarantine.openCount() == 1)
        }
    }

    /// A carrier brings a wrong number: nobody has to look at it, unless somebody answered.
    @Test func aWrongNumberIsNobodysTask() async throws {
        try await CallWorld.with { world in
            var record = MadeRecord(side: "inbound", gateway: nil, answered: nil)
            record.variables = ["sip_acl_authed_by": "carriers", "sip_to_user": "+43720999999"]
            let acceptance = try await world.accept(record.body)
            #expect(acceptance == .dismissed)
            #expect(try await world.records.quarantine.openCount() == 0)
            record.answered = Timestamp(seconds: 1_795_260_002)
            #expect(try await world.accept(record.body) == .quarantined("unknown_tenant"))
        }
    }

    @Test func aNodeSpeaksForTheTenantsOfItsInstanceOnly() async throws {
        try await CallWorld.with { world in
            let foreign = RecordSource(
                nodeID: VoiceNodeID(UUID()), organisationID: world.stranger.organisationID,
                instanceID: InstanceID(UUID()))
            let record = MadeRecord(tenant: world.first.tenantID)
            let acceptance = try await world.records.accept(record.body, from: foreign)
            #expect(acceptance == .quarantined("foreign_tenant"))
            #expect(try await world.count("select count(*) from app.call_leg") == 0)
            #expect(try await world.accept(record.body) == .stored(world.first.tenantID, late: false))
        }
    }

    /// A leg without a hint belongs to the tenant of the leg that made it, whichever came first.
    @Test func legsWaitForTheOneThatMadeThem() async throws {
        try await CallWorld.with { world in
            let first = MadeRecord(side: "inbound", tenant: world.first.tenantID, gateway: nil)
            var second = MadeRecord()
            second.variables["originating_leg_uuid"] = first.id.uuidString
            var third = MadeRecord()
            third.variables["originating_leg_uuid"] = second.id.uuidString
            #expect(try await world.accept(third.body) == .quarantined("unknown_tenant"))
            #expect(try await world.accept(second.body) == .quarantined("unknown_tenant"))
            try await world.accept(first.body)
            #expect(try await world.records.retryWaiting() == 1)
            #expect(try await world.records.retryWaiting() == 1)
            #expect(try await world.count("select count(distinct call_id) from app.call_leg") == 1)
            #expect(try await world.count("select count(*) from app.call_leg") == 3)
        }
    }

    @Test func callsAreJoinedInEveryOrder() async throws {
        try await CallWorld.with { world in
            for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
                var legs = (0..<3).map { _ in MadeRecord(tenant: world.first.tenantID) }
                legs[1].variables["originating_leg_uuid"] = legs[0].id.uuidString
                legs[2].variables["originating_leg_uuid"] = legs[1].id.uuidString
                for index in order { try await world.accept(legs[index].body) }
                let ids = legs.map(\.id)
                #expect(
                    try await world.count(
                        "select count(distinct call_id) from app.call_leg where leg_id = any (\(ids))")
                        == 1, "\(order)")
            }
        }
    }

    /// 2026-12-01T00:00 in Vienna is 23:00 UTC of the day before.
    @Test func aCallOverMidnightBelongsToBothMonths() async throws {
        try await CallWorld.with { world in
            world.clock.set(Timestamp(seconds: 1_796_083_200))
            let answered = try #require(Timestamp("2026-11-30T22:59:58.500Z"))
            var record = MadeRecord(tenant: world.first.tenantID)
            record.started = answered
            record.answered = answered
            record.milliseconds = 4_000
            #expect(try await world.accept(record.body) == .stored(world.first.tenantID, late: false))
            let parts = try await world.work.read(in: .platform) { tx in
                try tx.all(
                    "select month::text, milliseconds from app.call_receipt order by month", as: (String, Int64).self)
            }
            #expect(parts.map(\.0) == ["2026-11-01", "2026-12-01"])
            #expect(parts.map(\.1) == [1_500, 2_500])
            #expect(try await world.number("select sum(quantity)::bigint from app.usage_event") == 4_000)
        }
    }

    @Test func aLateRecordGoesToItsOwnPeriod() async throws {
        try await CallWorld.with { world in
            world.contract.finalisedBefore.withLock { $0 = Timestamp(seconds: 1_796_000_000) }
            let record = MadeRecord(tenant: world.first.tenantID)
            let acceptance = try await world.accept(record.body)
            #expect(acceptance == .stored(world.first.tenantID, late: true))
            #expect(try await world.count("select count(*) from app.call_leg where late") == 1)
            #expect(try await world.count("select count(*) from app.call_receipt where month = '2026-11-01'") == 1)
        }
    }

    @Test func listsMaskNumbersAndOpeningIsOnRecord() async throws {
        try await CallWorld.with { world in
            var record = MadeRecord(tenant: world.first.tenantID)
            record.variables["sip_to_user"] = "+43720123456"
            record.variables["sip_from_user"] = "1001"
            try await world.accept(record.body)
            let admin = world.admin(of: world.first)
            let page = PageRequest(limit: 10, cursor: nil)
            let listed = try await world.work.read(in: admin.scope) { tx in
                try world.records.list(world.first.tenantID, CallFilter(), page, tx).items
            }
            #expect(listed.map(\.parties.dialled) == ["+43720123•••"])
            #expect(listed.map(\.parties.caller) == ["1001"])
            let call = try #require(listed.first?.identity.callID)
            let opened = try await world.work.perform(as: admin) { tx, actor in
                try world.records.open(call, of: world.first.tenantID, tx, actor)
            }
            #expect(opened.map(\.parties.dialled) == ["+43720123456"])
            #expect(
                try await world.count("select count(*) from app.tenant_audit_event where action = 'call_record.open'")
                    == 1)
            let stranger = world.admin(of: world.stranger)
            await #expect(throws: Problem.self) {
                try await world.work.perform(as: stranger) { tx, actor in
                    try world.records.open(call, of: world.first.tenantID, tx, actor)
                }
            }
        }
    }

    @Test func pagesOfCallsLoseNothing() async throws {
        try await CallWorld.with { world in
            for number in 0..<7 {
                var record = MadeRecord(tenant: world.first.tenantID)
                record.started = Timestamp(seconds: 1_795_260_000 + Int64(number / 3))
                try await world.accept(record.body)
            }
            var seen: Set<CallLegID> = []
            var cursor: String?
            repeat {
                let request = PageRequest(limit: 2, cursor: cursor)
                let page = try await world.work.read(in: world.first.scope) { tx in
                    try world.records.list(world.first.tenantID, CallFilter(), request, tx)
                }
                seen.formUnion(page.items.map(\.identity.id))
                cursor = page.nextCursor
            } while cursor != nil
            #expect(seen.count == 7)
        }
    }

    /// What somebody settled is not kept for ever; what still waits is.
    @Test func settledRecordsEndWithTheRetentionOfBodies() async throws {
        try await CallWorld.with { world in
            try await world.accept(Array("{oops".utf8))
            try await world.accept(Array("{again".utf8))
            let items = try await world.work.read(in: .platform) { tx in
                try world.records.quarantine.list(.open, PageRequest(limit: nil, cursor: nil), tx).items
            }
            let asker = Principal.system("discard")
            _ = try await world.records.quarantine.discard(try #require(items.first).id, as: asker)
            #expect(try await world.records.endRetention() == 0)
            world.clock.advance(seconds: 46 * 86_400)
            #expect(try await world.records.endRetention() == 1)
            #expect(try await world.records.quarantine.openCount() == 1)
        }
    }

    @Test func retentionErasesPeopleAndKeepsMoney() async throws {
        try await CallWorld.with { world in
            var record = MadeRecord(tenant: world.first.tenantID)
            record.variables["sip_to_user"] = "+43720123456"
            try await world.accept(record.body)
            #expect(try await world.records.endRetention() == 0)
            world.clock.advance(seconds: 200 * 86_400)
            #expect(try await world.records.endRetention() == 2)
            #expect(try await world.records.endRetention() == 0)
            #expect(
                try await world.count("select count(*) from app.call_leg where dialled = '' and milliseconds = 3000")
                    == 1)
            #expect(try await world.count("select count(*) from app.cdr_raw") == 0)
            #expect(try await world.count("select count(*) from app.call_receipt") == 1)
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct Noise: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
