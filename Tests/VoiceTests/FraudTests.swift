import Foundation
import Kernel
import Postgres
import Telephony
import Tenancy
import Testing

@testable import Voice

/// Sudden changes of recorded calls, what they close, and the way to open it again.
@Suite struct FraudTests {
    private static let cuba = "+5355555555"

    /// A usual week, Cuba allowed, and forty calls there today.
    private func attacked(_ world: VoiceWorld, _ response: FraudResponse) async throws -> PastCalls {
        let past = try await PastCalls(world)
        let (tenant, model) = (world.alpha.tenant.id, world.model)
        try await world.change(world.alpha) { tx, actor in
            var rule = DialPermissionFields(allowed: true)
            rule.country = CountryCode("CU")
            _ = try model.permissions.create(rule, of: tenant, tx, actor)
            var settings = VoiceSettingsFields()
            settings.onFraudSign = response
            settings.fraudBlockHours = 2
            _ = try model.settings.update(tenant, settings, expecting: .anything, tx, actor)
        }
        try await world.model.plans.refresh()
        for day in 1...7 { try await past.out("+436601234567", hoursAgo: Int64(day) * 24, seconds: 60) }
        for _ in 0..<40 { try await past.out(Self.cuba, hoursAgo: 1, seconds: 120) }
        return past
    }

    private func signs(_ world: VoiceWorld) async throws -> [Stored<RecordedSign>] {
        let (tenant, fraud) = (world.alpha.tenant.id, world.model.fraud)
        return try await world.read(world.alpha) { tx in
            try fraud.list(of: tenant, PageRequest(limit: nil, cursor: nil), tx).items
        }
    }

    private func dial(_ world: VoiceWorld, _ number: String) async throws -> Decision {
        try await world.model.plans.refresh()
        let entry = try #require(world.model.plans.current.entry(tenant: world.alpha.tenant.id))
        let user = try #require(entry.plan.directory.users.first).id
        return authorise(
            LegRequest(callID: "x", origin: .user(user), dialled: number, now: world.clock.now), entry, Standing())
    }

    private func open(
        _ world: VoiceWorld, _ sign: Stored<RecordedSign>, until: Timestamp? = nil, as party: VoiceWorld.Party? = nil
    ) async throws -> Stored<RecordedSign> {
        let (tenant, fraud) = (world.alpha.tenant.id, world.model.fraud)
        return try await world.change(party ?? world.alpha) { tx, actor in
            try fraud.open(
                sign.value.id, of: tenant, OpenDestinationFields(reason: "it was us", until: until),
                expecting: .revision(sign.revision), tx, actor)
        }
    }

    @Test func aSignIsNotedOnceADay() async throws {
        try await VoiceWorld.with { world in
            let past = try await attacked(world, .record)
            #expect(try await world.model.fraud.watch() == 3)
            let noted = try await signs(world)
            #expect(Set(noted.map(\.value.sign.kind)) == [.time, .calls, .newDestination])
            #expect(noted.allSatisfy { $0.value.state(at: world.clock.now) == .recorded })
            #expect(noted.allSatisfy { $0.value.sign.destinations?.country?.code == "CU" })
            #expect(try await world.model.fraud.watch() == 0)
            #expect(try await dial(world, Self.cuba).route != nil)
            // one more call: the same signs, further on
            try await past.out(Self.cuba, hoursAgo: 1, seconds: 120)
            #expect(try await world.model.fraud.watch() == 3)
            #expect(try await signs(world).count == 3)
            #expect(try await world.actions().count { $0 == "voice.fraud_sign" } == 3)
            // nothing new came in
            world.clock.advance(seconds: 3600)
            #expect(try await world.model.fraud.watch() == 0)
        }
    }

    @Test func aSignClosesItsDestinationUntilSomebodyOpensIt() async throws {
        try await VoiceWorld.with { world in
            _ = try await attacked(world, .block)
            #expect(try await world.model.fraud.watch() == 3)
            let refused = try await dial(world, Self.cuba)
            #expect(refused.refusal?.reason == .destinationBlocked)
            #expect(refused.trace.last?.place == .fraud && refused.trace.last?.result == .refused)
            #expect(refused.trace.last?.sentence.contains("Cuba") == true)
            #expect(try await dial(world, "06601234567").route?.callClass == .outbound)
            #expect(try await dial(world, "112").route?.callClass == .emergency)

            let closed = try await signs(world)
            #expect(closed.allSatisfy { $0.value.state(at: world.clock.now) == .blocked })
            let foreign = try await problem { try await open(world, closed[0], as: world.beta) }
            #expect(foreign?.status == 404)
            for sign in closed.dropLast() { _ = try await open(world, sign) }
            #expect(try await dial(world, Self.cuba).refusal?.reason == .destinationBlocked)
            let last = try #require(closed.last)
            let soon = world.clock.now.advanced(by: .seconds(600))
            let opened = try await open(world, last, until: soon)
            #expect(opened.value.state(at: world.clock.now) == .open && opened.value.opening?.reason == "it was us")
            let allowed = try await dial(world, Self.cuba)
            #expect(allowed.route != nil && allowed.trace.contains { $0.place == .fraud && $0.result == .passed })
            let stale = try await problem { try await open(world, last) }
            #expect(stale?.status == 412)
            // what was opened stays open, although the sign is still there
            #expect(try await world.model.fraud.watch() == 0)
            #expect(try await dial(world, Self.cuba).route != nil)

            world.clock.advance(seconds: 600)
            #expect(try await dial(world, Self.cuba).refusal?.reason == .destinationBlocked)
            world.clock.advance(seconds: 2 * 3600)
            #expect(try await world.model.fraud.watch() == 0)
            #expect(try await signs(world).allSatisfy { $0.value.state(at: world.clock.now) == .ended })
            #expect(try await dial(world, Self.cuba).route != nil)
            #expect(world.model.plans.current.entry(tenant: world.alpha.tenant.id)?.plan.blocks == nil)
            let over = try await problem { try await open(world, opened) }
            #expect(over?.status == 412)
            let ended = try #require(try await signs(world).last)
            #expect(try await problem { try await open(world, ended) }?.reason == "NOT_BLOCKED")
            let actions = try await world.actions()
            #expect(actions.contains("voice.block_destination") && actions.contains("voice.open_destination"))
            #expect(actions.contains("voice.end_block"))
        }
    }

    @Test func whatUsersKeepDiallingIsProposed() async throws {
        try await VoiceWorld.with { world in
            let past = try await PastCalls(world)
            try await past.out("+436601234567", hoursAgo: 24 * 20, seconds: 60)
            for day in [2, 3, 5] as [Int64] {
                try await past.refused("0012125550123", .destinationNotAllowed, hoursAgo: day * 24)
                try await past.refused("+43900123456", .destinationNotAllowed, hoursAgo: day * 24)
            }
            let (tenant, proposals, now) = (world.alpha.tenant.id, world.model.proposals, world.clock.now)
            func listed() async throws -> [PermissionProposal] {
                try await world.read(world.alpha) { tx in try proposals.list(of: tenant, now: now, tx) }
            }
            let found = try await listed()
            #expect(found.map(\.destinations) == [.init(country: CountryCode("US"), kind: .landline)])
            #expect(found.first?.calls == 3 && found.first?.days == 3)
            func accept() async throws -> Stored<DialRule> {
                var fields = AcceptProposalFields()
                (fields.country, fields.kind) = (CountryCode("US"), .landline)
                let asked = fields
                return try await world.change(world.alpha) { tx, actor in
                    try proposals.accept(asked, of: tenant, tx, actor)
                }
            }
            let rule = try await accept()
            #expect(rule.value.permission.expiresAt == now.advanced(by: .seconds(30 * 86_400)))
            #expect(rule.value.reason.contains("3 calls to United States"))
            #expect(try await dial(world, "+12125550123").route != nil)
            #expect(try await listed().isEmpty)
            #expect(try await problem { try await accept() }?.reason == "PROPOSAL_GONE")
            let foreign = try await problem {
                try await world.read(world.beta) { tx in try proposals.list(of: tenant, now: now, tx).count }
            }
            #expect(foreign?.status == 404)
        }
    }
}
