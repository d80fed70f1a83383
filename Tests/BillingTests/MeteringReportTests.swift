import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import Testing

@Suite struct MeteringReportTests {
    @Test func sumsByDayAndMonthAreThoseOfVienna() async throws {
        try await withMeteringWorld { (world) async throws in
            let (a, b) = (world.tenants[0], world.tenants[1])
            _ = try await world.send([
                world.turn("1", a, at: "2026-10-24T21:59:59Z"), world.turn("2", a, at: "2026-10-24T22:00:00Z"),
                world.turn("3", a, at: "2026-10-25T22:59:59Z"), world.turn("4", b, at: "2026-10-25T23:00:00Z"),
                world.turn("5", b, at: "2026-10-31T22:59:59Z", keySource: "self_hosted"),
                world.turn("6", b, at: "2026-10-31T23:00:00Z"), world.voice("7"),
            ])
            let reports = UsageReports(work: world.work)
            let october = try #require(BillingMonth("2026-10"))
            var filter = UsageFilter(month: october)
            let days = try await reports.points(filter, as: world.scope)
            #expect(
                days.map { "\($0.start) \($0.quantity)" } == [
                    "2026-10-23T22:00:00Z 1", "2026-10-24T22:00:00Z 2", "2026-10-25T23:00:00Z 1",
                    "2026-10-30T23:00:00Z 1",
                ])
            filter.interval = .month
            filter.to = MeteringWorld.now
            let months = try await reports.page(filter, PageRequest(limit: nil, cursor: nil), as: world.scope).items
            #expect(
                months.map { "\($0.start) \($0.tenantID == a ? "a" : "b") \($0.meter) \($0.quantity)" } == [
                    "2026-09-30T22:00:00Z a turn 3", "2026-09-30T22:00:00Z b turn 1", "2026-09-30T22:00:00Z b turn 1",
                    "2026-10-31T23:00:00Z a voice 61500", "2026-10-31T23:00:00Z b turn 1",
                ])
        }
    }

    @Test func pagesCoverEverythingOnceInEveryGrouping() async throws {
        try await withMeteringWorld { (world) async throws in
            let events = (0..<40).map { number in
                world.turn(
                    "\(number)", world.tenants[number % 4], at: "2026-11-1\(number % 5)T10:00:00Z",
                    keySource: number % 3 == 0 ? "partner" : "self_hosted")
            }
            _ = try await world.send(events + [world.voice("v")])
            let reports = UsageReports(work: world.work)
            for grouping in UsageGrouping.allCases {
                var filter = UsageFilter(month: try #require(BillingMonth("2026-11")))
                filter.grouping = grouping
                let whole = try await reports.page(filter, PageRequest(limit: 200, cursor: nil), as: world.scope).items
                var rows: [UsageRow] = []
                var cursor: String?
                repeat {
                    let page = try await reports.page(filter, PageRequest(limit: 3, cursor: cursor), as: world.scope)
                    rows += page.items
                    cursor = page.nextCursor
                } while cursor != nil
                #expect(rows == whole && rows.reduce(0) { $0 + $1.events } == 41)
                let nothing = try await reports.page(
                    filter, PageRequest(limit: 9, cursor: nil), as: .organisation(world.stranger))
                #expect(nothing.items.isEmpty)
            }
            await #expect(throws: Problem.self) {
                try await reports.page(
                    UsageFilter(from: MeteringWorld.now, to: MeteringWorld.now),
                    PageRequest(limit: 3, cursor: "x.y"), as: world.scope)
            }
        }
    }

    @Test func totalsOfAMonthKeepLateUsageApart() async throws {
        try await withMeteringWorld { (world) async throws in
            let october = try #require(BillingMonth("2026-10"))
            let end = Timestamp(microseconds: october.end)
            _ = try await world.send([world.turn("1", at: "2026-10-10T10:00:00Z"), world.turn("2")])
            try await world.close(before: end)
            _ = try await world.send([world.turn("3", at: "2026-10-10T10:30:00Z")])
            let (partner, tenant) = (world.partner, world.tenant)
            let (totals, months, others) = try await world.test.database.transaction(for: ScopeNode.platform) { tx in
                let from = Timestamp(microseconds: october.start)
                return (
                    try UsageMonthStore.totals(of: partner, program: .solution, from: from, to: end, tx),
                    try UsageMonthStore.lateMonths(of: partner, program: .solution, tx),
                    try UsageMonthStore.totals(of: partner, program: .enterprise, from: from, to: end, tx)
                )
            }
            #expect(totals == [TenantUsage(tenantID: tenant, meter: .turn, onTime: 1, late: 1)])
            #expect(months == [october] && others.isEmpty)
            // A cutoff never moves back.
            try await world.close(before: Timestamp(microseconds: october.start))
            #expect(try await world.send([world.turn("4", at: "2026-10-10T10:30:00Z")]) == ["MONTH_FINALISED"])
        }
    }
}

extension MeteringWorld {
    var work: UnitOfWork { UnitOfWork(database: test.database, time: .fixed(Self.now), ids: .timeOrdered) }
}
