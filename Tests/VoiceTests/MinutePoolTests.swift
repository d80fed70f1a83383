import Kernel
import Postgres
import Telephony
import Tenancy
import Testing

@testable import Voice

/// Minutes that tenants share: who sets them, and what calls get of them.
@Suite struct MinutePoolTests {
    private func admin(_ world: LeaseWorld, _ scope: ScopeNode) -> Principal {
        Principal(
            id: world.work.ids.new(), kind: .apiKey, displayName: "Admin", scope: scope,
            permissions: Role.named(.partnerAdmin)?.permissions ?? [])
    }

    private func set(
        _ world: LeaseWorld, _ minutes: Int64?, expecting: ExpectedRevision, scope: ScopeNode? = nil
    ) async throws -> MinutePoolResource {
        let id = world.owner.organisationID
        return try await world.work.perform(as: admin(world, scope ?? .organisation(id))) { tx, actor in
            MinutePoolResource(
                try MinutePoolService().update(id, MinutePoolFields(minutes: minutes), expecting: expecting, tx, actor))
        }
    }

    private func get(_ world: LeaseWorld, in scope: ScopeNode? = nil) async throws -> MinutePoolResource {
        let (id, now) = (world.owner.organisationID, world.clock.now)
        return try await world.work.read(in: scope ?? .organisation(id)) { tx in
            MinutePoolResource(try MinutePoolService().get(id, at: now, tx))
        }
    }

    @Test func callsShareWhatAPartnerSets() async throws {
        try await LeaseWorld.with { world in
            let none = try await get(world)
            #expect(none.minutes == nil && none.leftMs == nil && none.revision == 0 && none.month == "2026-11")
            let made = try await set(world, 1, expecting: .revision(0))
            #expect(made.minutes == 1 && made.leftMs == 60_000 && made.revision == 1)
            #expect(try await world.decide("call-1").route?.grant?.sliceSeconds == 60)
            let taken = try await get(world)
            #expect(taken.reservedMs == 60_000 && taken.usedMs == 0 && taken.leftMs == 0)
            #expect(try await world.decide("call-2").refusal?.reason == .poolUsed)
            #expect(try await world.decide("call-3", "112").route?.callClass == .emergency)
            #expect(try await set(world, 3, expecting: .revision(1)).leftMs == 120_000)
            #expect(try await world.decide("call-2").route?.grant?.sliceSeconds == 60)
            let gone = try await set(world, nil, expecting: .revision(2))
            #expect(gone.minutes == nil && gone.revision == 0 && gone.reservedMs == 120_000)
            let actions = try await world.value(
                "select count(*) from app.audit_event where action = 'voice.update_minute_pool'")
            #expect(actions == 3)
        }
    }

    /// The pool is hidden from the tenant; what it does to a call is not.
    @Test func aTenantsOwnDryRunSaysWhatANodeWouldSay() async throws {
        try await LeaseWorld.with { world in
            _ = try await set(world, 1, expecting: .revision(0))
            let owner = world.owner
            let own = ScopeNode.tenant(owner.tenantID, of: owner.organisationID)
            let question = try ExplainCall(owner.tenantID, "06601234567", by: .user, caller: "1001")
            let now = world.clock.now
            let before = try await world.leases.explain(question, for: own, at: now) { _ in [] }
            #expect(before.outcome == .route)
            _ = try await world.decide("call-1")
            for scope in [own, .organisation(owner.organisationID), .platform] {
                let answer = try await world.leases.explain(question, for: scope, at: now) { _ in [] }
                #expect(answer.refusal?.reason == .poolUsed, "\(scope)")
            }
            let stranger = ScopeNode.organisation(world.work.ids.new())
            #expect(
                try await problem {
                    try await world.leases.explain(question, for: stranger, at: now) { _ in [] }
                }?.status == 404)
        }
    }

    @Test func nobodyOverwritesUnseenAndNobodyElseLooks() async throws {
        try await LeaseWorld.with { world in
            _ = try await set(world, 10, expecting: .anything)
            #expect(try await problem { try await set(world, 20, expecting: .revision(0)) }?.status == 412)
            #expect(try await set(world, 10, expecting: .revision(1)).revision == 1, "nothing changed")
            #expect(throws: Problem.self) { try MinutePoolFields(minutes: -1).checked() }
            #expect(try await set(world, 10, expecting: .anything).revision == 1, "nobody compared")
            let wrong = try await problem { try await set(world, -1, expecting: .anything) }
            #expect(wrong?.errors.map(\.field) == ["minutes"], "\(String(describing: wrong))")
            let owner = world.owner
            for scope in [
                ScopeNode.tenant(owner.tenantID, of: owner.organisationID), .organisation(world.work.ids.new()),
            ] {
                #expect(try await problem { try await get(world, in: scope) }?.status == 404)
                let refused = try await problem { try await set(world, 1, expecting: .anything, scope: scope) }
                #expect(refused?.status == 404)
            }
            #expect(try await get(world, in: .platform).minutes == 10)
        }
    }
}
