import Foundation
import Kernel
import Postgres
import Synchronization
import Telephony
import Tenancy
import Testing

@testable import Voice

/// Records that come together share a transaction, and nothing else.
@Suite struct RecordGroupTests {
    /// Takes groups one at a time: the first waits until it is let go.
    private final class Books: Sendable {
        let sizes = Mutex<[Int]>([])
        let isOpen = Mutex(false)
        let poison: UUID?

        init(poison: UUID? = nil) { self.poison = poison }

        func enter(_ entries: [CallLedger.Entry]) async throws -> [RecordAcceptance] {
            sizes.withLock { $0.append(entries.count) }
            while !isOpen.withLock({ $0 }) { await Task.yield() }
            if entries.contains(where: { $0.record.leg.id == poison }) { throw Problem.notFound("lease") }
            return entries.map { .stored($0.owner.tenantID, late: false) }
        }
    }

    /// What each request heard.
    private final class Outcomes: Sendable {
        let all = Mutex<[TenantID: Result<RecordAcceptance, any Error>]>([:])

        func book(_ entry: CallLedger.Entry, _ groups: RecordGroups) async {
            let outcome: Result<RecordAcceptance, any Error>
            do { outcome = .success(try await groups.book(entry)) } catch { outcome = .failure(error) }
            all.withLock { $0[entry.owner.tenantID] = outcome }
        }
    }

    private static let organisation = OrganisationID(UUID())

    private static func entry(_ record: MadeRecord = MadeRecord()) throws -> CallLedger.Entry {
        let owner = RecordOwner(
            tenantID: TenantID(UUID()), organisationID: organisation, instanceID: InstanceID(UUID()))
        let node = RecordSource(nodeID: VoiceNodeID(UUID()), organisationID: nil, instanceID: nil)
        return CallLedger.Entry(record: try CallRecordReader.read(record.body), body: [], owner: owner, source: node)
    }

    /// What became of each of the entries that came while the first was in work.
    private func outcomes(
        of entries: [CallLedger.Entry], _ groups: RecordGroups, _ books: Books
    ) async throws -> [TenantID: Result<RecordAcceptance, any Error>] {
        let first = try Self.entry()
        let box = Outcomes()
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await box.book(first, groups) }
            while books.sizes.withLock({ $0.isEmpty }) { await Task.yield() }
            for (index, entry) in entries.enumerated() {
                tasks.addTask { await box.book(entry, groups) }
                while groups.waiting + box.all.withLock({ $0.count }) <= index { await Task.yield() }
            }
            books.isOpen.withLock { $0 = true }
        }
        return box.all.withLock { $0 }
    }

    @Test func whoComesMeanwhileSharesTheNextTransactions() async throws {
        let books = Books()
        let groups = RecordGroups(size: 4) { try await books.enter($0) }
        let entries = try (0..<9).map { _ in try Self.entry() }
        let outcomes = try await outcomes(of: entries, groups, books)
        for entry in entries {
            #expect(try outcomes[entry.owner.tenantID]?.get() == .stored(entry.owner.tenantID, late: false))
        }
        #expect(books.sizes.withLock { $0 } == [1, 4, 4, 1])
        #expect(groups.waiting == 0)
    }

    @Test func aBadRecordSpoilsNoOther() async throws {
        let bad = MadeRecord()
        let books = Books(poison: bad.id)
        let groups = RecordGroups { try await books.enter($0) }
        let entries = try [Self.entry(), Self.entry(), Self.entry(bad), Self.entry()]
        let outcomes = try await outcomes(of: entries, groups, books)
        for entry in entries {
            let outcome = outcomes[entry.owner.tenantID]
            if entry.record.leg.id == bad.id {
                #expect(throws: Problem.self) { try outcome?.get() }
            } else {
                #expect(try outcome?.get() == .stored(entry.owner.tenantID, late: false))
            }
        }
        #expect(books.sizes.withLock { $0 } == [1, 4, 1, 1, 1, 1])
    }

    @Test func tooManyAreSentAwayAndComeAgain() async throws {
        let books = Books()
        let groups = RecordGroups(capacity: 2) { try await books.enter($0) }
        let entries = try (0..<3).map { _ in try Self.entry() }
        let outcomes = try await outcomes(of: entries, groups, books)
        let refused = outcomes.values.filter { if case .failure = $0 { true } else { false } }
        #expect(refused.count == 1)
        #expect(throws: Problem.self) { try refused.first?.get() }
    }

    /// Legs without a mark of their call, in one group: each comes to the call of the leg that made it, in any order.
    @Test func legsOfAGroupFindTheirCall() async throws {
        try await CallWorld.with { world in
            let call = UUID()
            var first = MadeRecord(side: "inbound", tenant: world.first.tenantID)
            first.variables = ["x_call_id": call.uuidString.lowercased()]
            var legs = [first]
            for _ in 0..<5 {
                var leg = MadeRecord(tenant: world.first.tenantID)
                leg.variables = ["originating_leg_uuid": first.id.uuidString.lowercased()]
                legs.append(leg)
            }
            // one is there already and took the first for the beginning
            try await world.accept(legs[1].body)
            #expect(try await world.count("select count(*) from app.call_leg where call_id = \(first.id)") == 1)
            let ledger = world.records.ledger
            let (owner, node, now) = (world.first, world.node, world.clock.now)
            let entries = try (legs + legs).shuffled().map { leg in
                CallLedger.Entry(
                    record: try CallRecordReader.read(leg.body), body: leg.body, owner: owner, source: node)
            }
            let answers = try await world.work.database.transaction(for: owner.scope) { tx in
                try ledger.enter(entries, at: now, tx)
            }
            #expect(answers.count { $0 == .stored(owner.tenantID, late: false) } == 5)
            #expect(answers.count { $0 == .duplicate } == 7)
            #expect(try await world.count("select count(*) from app.call_leg where call_id = \(call)") == 6)
            #expect(try await world.count("select count(*) from app.cdr_raw") == 6)
            let metered = try await world.count("select count(*) from app.call_leg where metering = 'metered'")
            #expect(try await world.count("select count(*) from app.call_receipt") == metered && metered >= 5)
        }
    }

    /// With the database: two tenants of one organisation, every record twice, and one whose lease cannot be settled.
    @Test func groupsEndInTheSameLedger() async throws {
        try await CallWorld.with { world in
            let bad = MadeRecord(tenant: world.first.tenantID)
            let links = VoiceLinks(
                recordUsage: { _, _ in .accepted },
                terms: { _, _, _ in
                    VoiceLinks.Terms(
                        bar: nil, includedMilliseconds: 10_000, overageMicrosPerMinute: 80_000, priceBook: "2.1")
                })
            let records = CallRecordService(work: world.work, links: links) { _, settlement in
                if settlement.legID.uuid == bad.id { throw Problem.conflict("LEASE", "It cannot be settled.") }
            }
            let good = (0..<60).map { MadeRecord(tenant: ($0 % 2 == 0 ? world.first : world.second).tenantID) }
            let answers = try await withThrowingTaskGroup(of: RecordAcceptance.self) { tasks in
                for record in good + [bad] + good {
                    tasks.addTask { try await records.accept(record.body, from: world.node) }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count { if case .stored = $0 { true } else { false } } == 60)
            #expect(answers.count { $0 == .duplicate } == 60)
            #expect(answers.contains(.quarantined("lease")))
            let month = try #require(CallRecordServiceTests.november)
            for owner in [world.first, world.second] {
                let check = try await world.receipts.verify(owner.tenantID, month, in: owner.scope)
                #expect(check.isSound && check.verification.receipts == 30)
                #expect(check.verification.milliseconds == 90_000)
            }
        }
    }

    /// The leg that made another one stands beside it in the same group, whichever comes first.
    @Test func legsOfOneCallFindEachOtherInAGroup() async throws {
        try await CallWorld.with { world in
            let call = UUID()
            let first = MadeRecord(
                side: "inbound", tenant: world.first.tenantID, gateway: nil,
                variables: ["x_call_id": call.uuidString.lowercased()])
            let others = (0..<6).map { _ in
                MadeRecord(
                    tenant: world.first.tenantID, variables: ["originating_leg_uuid": first.id.uuidString.lowercased()])
            }
            let records = world.records
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for record in others.prefix(3) + [first] + others.suffix(3) {
                    tasks.addTask { _ = try await records.accept(record.body, from: world.node) }
                }
                try await tasks.waitForAll()
            }
            #expect(try await world.count("select count(*) from app.call_leg where call_id = \(CallID(call))") == 7)
        }
    }
}
