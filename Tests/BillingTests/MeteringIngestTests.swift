import Billing
import Kernel
import Postgres
import Testing

@Suite struct MeteringIngestTests {
    @Test(arguments: [false, true])
    func everyStatusInOneBatch(isDistributed: Bool) async throws {
        try await withMeteringWorld(isDistributed: isDistributed) { (world) async throws in
            #expect(
                try await world.send([world.turn("1"), world.turn("2", world.tenants[1])]) == ["accepted", "accepted"])
            let outcomes = try await world.send([
                world.turn("1"),
                world.turn("2", world.tenants[1], keySource: "self_hosted"),
                world.turn("3", world.tenants[2]),
                world.turn("4", world.foreign),
                world.turn("5", TenantID(MeteringWorld.uuid(999))),
                world.turn("6", world.purged),
                world.turn("7", at: "2026-11-18T11:05:01Z"),
                world.turn("8", at: "2026-11-18T11:05:00Z"),
                world.turn("9", keySource: "vendor"),
                world.turn("2"),
                world.turn("1", source: "agent/2"),
            ])
            #expect(
                outcomes == [
                    "duplicate", "conflict", "accepted", "UNKNOWN_TENANT", "UNKNOWN_TENANT", "TENANT_PURGED",
                    "FUTURE_TIME", "accepted", "INVALID_KEY_SOURCE", "accepted", "accepted",
                ])
            #expect(try await world.eventCount() == 6)
            let sums = try await world.sums()
            #expect(sums.hours == sums.events)
        }
    }

    @Test func repetitionsInsideOneBatch() async throws {
        try await withMeteringWorld { (world) async throws in
            let first = try await world.send([
                world.turn("a"), world.turn("a"), world.turn("a", keySource: "self_hosted"), world.turn("b"),
            ])
            #expect(first == ["accepted", "duplicate", "conflict", "accepted"])
            // Now the stored one decides, whichever comes first in the batch.
            let second = try await world.send([
                world.turn("a", keySource: "self_hosted"), world.turn("a"), world.turn("a", keySource: "self_hosted"),
            ])
            #expect(second == ["conflict", "duplicate", "conflict"])
            #expect(try await world.eventCount() == 2)
        }
    }

    @Test func keysAreComparedByBytes() async throws {
        try await withMeteringWorld { (world) async throws in
            let outcomes = try await world.send([world.turn("\u{E9}"), world.turn("e\u{301}"), world.turn("\u{E9}")])
            #expect(outcomes == ["accepted", "accepted", "duplicate"])
        }
    }

    @Test func otherSpellingsOfOnePayloadAreDuplicates() async throws {
        try await withMeteringWorld { (world) async throws in
            #expect(try await world.send([world.turn("1"), world.voice("2")]) == ["accepted", "accepted"])
            #expect(try await world.send([world.turn("1", at: "2026-11-18T11:15:00.000+01:00")]) == ["duplicate"])
            let reordered: JSON = [
                "subject": "ignored", "time": "2026-11-18T10:15:00Z", "source": "switch", "type": "voice", "id": "2",
                "tenant": .string(world.tenant.description), "specversion": "1.0",
                "data": ["call_id": "c-1", "direction": "inbound", "milliseconds": 61_500],
            ]
            #expect(try await world.send([reordered]) == ["duplicate"])
            #expect(try await world.send([world.turn("1", at: "2026-11-18T10:15:00.000001Z")]) == ["conflict"])
        }
    }

    @Test func nobodyReportsAsThePlatformItself() async throws {
        try await withMeteringWorld { (world) async throws in
            let outcomes = try await world.send([world.turn("1", source: "controlplane/switch"), world.turn("1")])
            #expect(outcomes == ["RESERVED_SOURCE", "accepted"])
        }
    }

    @Test func voiceCountsMillisecondsAndNeverInternalOrEmergencyCalls() async throws {
        try await withMeteringWorld { (world) async throws in
            let outcomes = try await world.send([
                world.voice("1"), world.voice("2", milliseconds: 500, direction: "outbound"),
                world.voice("3", milliseconds: 7, direction: "internal"),
                world.voice("4", milliseconds: 9, direction: "emergency"),
                world.voice("5", milliseconds: .number("1.5")), world.voice("6", milliseconds: "12"),
                world.voice("7", milliseconds: -1), world.voice("8", direction: "sideways"),
            ])
            #expect(
                outcomes == [
                    "accepted", "accepted", "accepted", "accepted", "INVALID_MILLISECONDS", "INVALID_MILLISECONDS",
                    "INVALID_MILLISECONDS", "INVALID_DIRECTION",
                ])
            let meters = try await world.test.database.transaction(for: PlatformScope()) { tx in
                try tx.all(
                    "select meter || ' ' || sum(quantity) from app.usage_hour group by meter order by 1",
                    as: (String).self)
            }
            #expect(meters == ["voice 62000", "voice_unmetered 16"])
        }
    }

    @Test func aFinalisedMonthKeepsLateEventsApart() async throws {
        try await withMeteringWorld { (world) async throws in
            #expect(try await world.send([world.turn("1", at: "2026-10-10T10:00:00Z")]) == ["accepted"])
            try await world.close(before: time("2026-10-31T23:00:00Z"))
            let late = world.turn("2", at: "2026-10-31T22:59:59.999999Z")
            let outcomes = try await world.send([late, world.turn("3", at: "2026-10-31T23:00:00Z"), late])
            #expect(outcomes == ["MONTH_FINALISED", "accepted", "duplicate"])
            #expect(
                try await world.send([late, world.turn("1", at: "2026-10-10T10:00:00Z")]) == ["duplicate", "duplicate"])
            let lateRows = try await world.test.database.transaction(for: PlatformScope()) { tx in
                try tx.value("select count(*) from app.usage_hour where late and quantity = 1", as: Int.self)
            }
            #expect(lateRows == 1)
            let sums = try await world.sums()
            #expect(sums.hours == sums.events)
        }
    }

    @Test func nobodyReportsForOthers() async throws {
        try await withMeteringWorld { (world) async throws in
            let events = [world.turn("1"), world.turn("2", world.tenants[1]), world.turn("3", world.foreign)]
            let tenant = ScopeNode.tenant(world.tenant, of: world.partner)
            #expect(try await world.send(events, as: tenant) == ["accepted", "UNKNOWN_TENANT", "UNKNOWN_TENANT"])
            #expect(
                try await world.send(events, as: .organisation(world.stranger))
                    == ["UNKNOWN_TENANT", "UNKNOWN_TENANT", "accepted"])
            #expect(try await world.send(events, as: .platform) == ["duplicate", "accepted", "duplicate"])
        }
    }

    @Test func sumsAreTheEventsAfterConcurrentOverlappingBatches() async throws {
        try await withMeteringWorld { (world) async throws in
            let counts = try await withThrowingTaskGroup(of: UsageCounts.self) { group in
                for task in 0..<4 {
                    group.addTask {
                        var counts = UsageCounts()
                        var random = SplitMix(state: UInt64(task))
                        for _ in 0..<20 {
                            let events = (0..<60).map { _ in
                                let number = Int(random.next() % 1500)
                                let hour = 10 + number % 3
                                return world.turn(
                                    "e\(number)", world.tenants[number % 4], at: "2026-11-1\(number % 8)T\(hour):00:00Z"
                                )
                            }
                            let receipt = try await world.usage.ingest(
                                events.map(UsageEventReader.item), as: task % 2 == 0 ? world.scope : .platform)
                            counts = counts + receipt.counts
                        }
                        return counts
                    }
                }
                return try await group.reduce(UsageCounts(), +)
            }
            #expect(counts.conflict == 0 && counts.rejected == 0 && counts.total == 4800)
            #expect(try await world.eventCount() == Int(counts.accepted))
            let sums = try await world.sums()
            #expect(sums.hours == sums.events)
        }
    }

    /// Whatever is on time was stored before the month closed, whatever came later is late: nothing in between.
    @Test func closingBesideIngest() async throws {
        try await withMeteringWorld { (world) async throws in
            let cutoff = time("2026-10-31T23:00:00Z")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<3 {
                    group.addTask {
                        for number in 0..<30 {
                            _ = try await world.send([
                                world.turn("r\(task)-\(number)", world.tenants[task], at: "2026-10-20T10:00:00Z")
                            ])
                        }
                    }
                }
                group.addTask {
                    try await Task.sleep(for: .milliseconds(30))
                    let atClose = try await world.close(before: cutoff)
                    try await Task.sleep(for: .milliseconds(50))
                    let afterwards = try await world.onTime(before: cutoff)
                    #expect(afterwards == atClose)
                }
                try await group.waitForAll()
            }
            let sums = try await world.sums()
            #expect(sums.hours == sums.events)
            #expect(try await world.eventCount() == 90)
        }
    }
}

extension MeteringWorld {
    /// Closes as the month close does: moves the cutoff, then reads. Answers what was on time.
    @discardableResult
    func close(before moment: Timestamp) async throws -> Int64 {
        let partner = partner
        return try await test.database.transaction(for: ScopeNode.platform) { tx in
            try UsageMonthStore.advanceCutoff(partner, program: .solution, to: moment, tx)
            let totals = try UsageMonthStore.totals(
                of: partner, program: .solution, from: UsageLimits.earliest, to: moment, tx)
            return totals.reduce(0) { $0 + $1.onTime }
        }
    }

    func onTime(before moment: Timestamp) async throws -> Int64 {
        let partner = partner
        return try await test.database.transaction(for: ScopeNode.platform) { tx in
            let totals = try UsageMonthStore.totals(
                of: partner, program: .solution, from: UsageLimits.earliest, to: moment, tx)
            return totals.reduce(0) { $0 + $1.onTime }
        }
    }
}

/// A small seeded generator.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
