import Foundation
import Kernel
import Postgres
import Telephony
import TestSupport
import Testing

@testable import Voice

/// What a day cost, kept when receipts are written: 10 s of each month are included, a minute more costs 8 cents.
@Suite struct DaySpendTests {
    private func question(_ world: CallWorld) throws -> StandingStore.Question {
        let month = try #require(CallMonth(containing: world.clock.now.microseconds))
        return StandingStore.Question(
            place: LeasePlace(
                tenantID: world.first.tenantID, organisationID: world.first.organisationID, month: month),
            destination: nil, now: world.clock.now)
    }

    private func today(_ world: CallWorld) async throws -> Int64? {
        let question = try question(world)
        return try await world.work.read(in: .platform) { tx in
            try StandingStore.standing(question, tx).usage?.spentTodayMicros
        }
    }

    private func days(_ world: CallWorld) async throws -> [String] {
        try await world.work.read(in: .platform) { tx in
            try tx.all(
                """
                select concat_ws(' ', day, outbound_micros, tenant_id = \(world.first.tenantID)) from app.voice_spend
                order by tenant_id, day
                """, as: String.self)
        }
    }

    private func call(
        _ world: CallWorld, _ seconds: Int64, answered: Timestamp? = nil, side: String = "outbound"
    ) -> MadeRecord {
        var record = MadeRecord(side: side, tenant: world.first.tenantID)
        let answered = answered ?? world.clock.now.advanced(by: .seconds(-300))
        (record.started, record.answered, record.milliseconds) = (answered, answered, seconds * 1000)
        return record
    }

    private func estimate(_ world: CallWorld, _ record: MadeRecord) async throws {
        let (now, ledger, owner) = (world.clock.now, world.records.ledger, world.first)
        let full = CallLeg(
            try CallRecordReader.read(record.body), callID: CallID(record.id), of: owner, from: world.node, at: now)
        let leg = CallLeg(
            identity: full.identity, metering: full.metering, callClass: full.callClass, times: full.times,
            outcome: full.outcome, parties: full.parties, origin: full.origin,
            state: CallLeg.State(isEstimated: true, isLate: false, receivedAt: now, erasedAt: nil))
        let isNew = try await world.work.database.transaction(for: owner.scope) { tx in
            try ledger.enter(estimate: leg, at: now, tx)
        }
        #expect(isNew)
    }

    /// One of every kind; in the end today cost 148,000 millionths.
    private func live(_ world: CallWorld) async throws {
        // into November, which is a month of its own: 20 s of each part cost
        let midnight = try #require(Timestamp("2026-10-31T23:00:00Z"))
        try await world.accept(call(world, 60, answered: midnight.advanced(by: .seconds(-30))).body)
        #expect(try await today(world) == 0)
        let first = call(world, 60)
        try await world.accept(first.body)
        try await world.accept(first.body)
        #expect(try await today(world) == 80_000)
        try await world.accept(call(world, 60, side: "inbound").body)
        let yesterday = world.clock.now.advanced(by: .seconds(-86_400))
        try await world.accept(call(world, 30, answered: yesterday).body)
        #expect(try await today(world) == 80_000)
        var lost = call(world, 30)
        try await estimate(world, lost)
        #expect(try await today(world) == 120_000)
        lost.milliseconds = 45_000
        try await world.accept(lost.body)
        #expect(try await today(world) == 140_000)
        world.contract.finalisedBefore.withLock { $0 = world.clock.now }
        try await world.accept(call(world, 6).body)
        try await world.accept(call(world, 3, answered: yesterday).body)
        #expect(try await today(world) == 148_000)
    }

    @Test func everyReceiptCountsOnItsDay() async throws {
        try await CallWorld.with { world in
            try await live(world)
            #expect(
                try await days(world) == [
                    "2026-10-31 26666 t", "2026-11-01 26666 t", "2026-11-20 44000 t", "2026-11-21 148000 t",
                ])
            world.clock.advance(seconds: 86_400)
            #expect(try await today(world) == 0)
        }
    }

    /// What was there before the days were kept is worked out by the migration.
    @Test func theMigrationFillsInWhatWasThere() async throws {
        let script = try #require(try Repository.migrations().first { $0.name == "0008_voice_spend" }).sql
        let fill = SQLScript.statements(of: script).map(\.text).filter { $0.hasPrefix("insert into app.voice_spend") }
        #expect(fill.count == 1)
        try await CallWorld.with { world in
            try await live(world)
            let kept = try await days(world)
            try await world.test.asSuperuser { connection in
                try connection.execute("delete from app.voice_spend")
                for statement in fill { try connection.execute(SQL(unsafeText: statement)) }
            }
            #expect(try await days(world) == kept)
        }
    }

    /// However many calls a month has had: a grant reads single rows and open leases by an index, never receipts or calls.
    @Test func aGrantReadsNothingThatGrows() async throws {
        try await CallWorld.with { world in
            let statements = StandingStore.reading(try question(world))
            let plan = try await world.work.read(in: .platform) { tx in
                try tx.execute("set local enable_seqscan = off")
                return try statements.flatMap { try tx.all("explain \($0)", as: String.self) }.joined(separator: "\n")
            }
            #expect(plan.contains("voice_spend_pkey") && !plan.contains("Seq Scan"), "\(plan)")
            #expect(!plan.contains("call_receipt") && !plan.contains("call_leg"), "\(plan)")
        }
    }

    @Test func nobodyElseSeesIt() async throws {
        try await CallWorld.with { world in
            try await live(world)
            for (scope, rows) in [
                (world.first.scope, 4), (.tenant(world.first.tenantID, of: world.first.organisationID), 4),
                (.tenant(world.second.tenantID, of: world.second.organisationID), 0), (world.stranger.scope, 0),
            ] {
                let seen = try await world.work.read(in: scope) { tx in
                    try tx.value("select count(*) from app.voice_spend", as: Int.self)
                }
                #expect(seen == rows, "\(scope)")
            }
        }
    }
}
