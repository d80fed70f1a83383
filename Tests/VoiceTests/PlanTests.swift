import Kernel
import Postgres
import Telephony
import Tenancy
import TestSupport
import Testing

@testable import Voice

@Suite struct PlanTests {
    /// A tenant with one of everything.
    private static func furnish(_ world: VoiceWorld) async throws {
        try await world.switchOn(world.alpha, domain: "alpha.voice.test")
        let user = try await world.user("1001", of: world.alpha, secret: "correct-horse-7").stored.value.id
        _ = try await world.trunk(
            "Carrier", of: world.alpha, addresses: ["192.0.2.0/24"],
            registration: RegistrationFields(username: "u", secret: "carrier-secret"))
        var route = RouteFields(to: .user)
        route.sipUserID = user
        _ = try await world.number("+43720123456", of: world.alpha, routes: [route])
        _ = try await world.number("+43720123457", of: world.alpha)
        try await world.switchOn(world.beta, domain: "beta.voice.test")
    }

    @Test func rowsBecomeAPlan() async throws {
        try await VoiceWorld.with { world in
            try await Self.furnish(world)
            try await world.model.plans.refresh()
            #expect(world.model.plans.isLoaded)
            let plan = world.model.plans.current
            let entry = try #require(plan.entry(domain: "alpha.voice.test"))
            #expect(entry.revision == (try entry.plan.entry().revision) && entry.revision.count == 32)
            #expect(entry.plan.identity.organisationID == world.alpha.id && entry.plan.barred == nil)
            #expect(entry.plan.directory.users.first?.digests.count == 1)
            #expect(
                entry.plan.routing.trunks.first?.identification
                    == .registration(username: "u", secret: "carrier-secret", realm: "sip.carrier.test"))
            #expect(entry.plan.allotment.includedMilliseconds == 120_000_000)
            #expect(entry.plan.allotment.overageMicrosPerMinute == 80_000)
            let number = try #require(E164("+43720123456"))
            #expect(plan.entry(number: number)?.plan.tenantID == world.alpha.tenant.id)
            #expect(plan.entries.map(\.plan.domain) == ["alpha.voice.test", "beta.voice.test"])
        }
    }

    @Test func aPlanKnowsThatMinutesAreShared() async throws {
        try await VoiceWorld.with { world in
            try await Self.furnish(world)
            let id = world.alpha.id
            _ = try await world.change(world.alpha) { tx, actor in
                try world.model.pools.update(id, MinutePoolFields(minutes: 10), expecting: .anything, tx, actor)
            }
            try await world.model.plans.refresh()
            let plan = world.model.plans.current
            #expect(plan.entry(domain: "alpha.voice.test")?.plan.allotment.isPooled == true)
            #expect(plan.entry(domain: "beta.voice.test")?.plan.allotment.isPooled == nil)
        }
    }

    @Test func aChangeMakesAnotherRevisionThatSaysWhatChanged() async throws {
        try await VoiceWorld.with { world in
            try await Self.furnish(world)
            let (plans, tenant) = (world.model.plans, world.alpha.tenant.id)
            try await plans.refresh()
            let first = try #require(plans.current.entry(tenant: tenant)?.revision)
            try await plans.refresh()
            #expect(plans.current.entry(tenant: tenant)?.revision == first)
            let user = try await world.user("1002", of: world.alpha, secret: "other-horse-88").stored.value.id
            try await plans.refresh()
            let second = try #require(plans.current.entry(tenant: tenant)?.revision)
            #expect(second != first)
            let (found, plan, changes) = try await world.read(world.alpha) { tx in
                try world.model.revisions.get(second, of: tenant, tx)
            }
            #expect(found.previous == first)
            #expect(changes.contains { $0.place == "directory.users[\(user)].name" && $0.after == "\"1002\"" })
            #expect(changes.allSatisfy { $0.before == nil })
            #expect(!plan.text.contains("carrier-secret"))
            for digest in plans.current.entry(tenant: tenant)?.plan.directory.users.flatMap(\.digests) ?? [] {
                #expect(!plan.text.contains(digest))
            }
            // And back: the old name again, newest in the list.
            _ = try await world.change(world.alpha) { tx, actor in
                try world.model.users.delete(user, of: tenant, expecting: .anything, tx, actor)
            }
            try await plans.refresh()
            #expect(plans.current.entry(tenant: tenant)?.revision == first)
            let list = try await world.read(world.alpha) { tx in
                try world.model.revisions.list(of: tenant, PageRequest(limit: nil, cursor: nil), tx).items
            }
            #expect(list.map(\.revision) == [first, second])
            // What was replaced long ago names people for nothing.
            let gone = try await world.work.perform(job: "end retention") { tx, actor in
                try PlanRevisionStore.deleteReplaced(
                    before: actor.now.advanced(by: .seconds(60)), limit: 10, tx)
            }
            #expect(gone == 1)
            let left = try await world.read(world.alpha) { tx in
                try world.model.revisions.list(of: tenant, PageRequest(limit: nil, cursor: nil), tx).items
            }
            #expect(left.map(\.revision) == [first])
        }
    }

    /// Another process, which was started with a newer key encryption key, names the same plans alike.
    @Test func aNewSecretMakesTheSameNewRevisionInEveryProcess() async throws {
        let key = KeyEncryptionKey.generatedText()
        try await VoiceWorld.with(keys: try KeyRing(text: key)) { world in
            try await Self.furnish(world)
            let other = VoiceModel(
                work: world.work, tenants: world.tenancy.tenants,
                box: SecretBox(try KeyRing(text: "\(KeyEncryptionKey.generatedText())\n\(key)")),
                links: world.model.links, listening: world.test.configuration.app, logger: TestLog.quiet)
            let tenant = world.alpha.tenant.id
            let names = { @Sendable in
                try await world.model.plans.refresh()
                try await other.plans.refresh()
                let (mine, theirs) = (world.model.plans.current.entries, other.plans.current.entries)
                #expect(mine.map(\.revision) == theirs.map(\.revision) && mine.map(\.plan) == theirs.map(\.plan))
                return try #require(world.model.plans.current.entry(tenant: tenant)?.revision)
            }
            let places = { @Sendable (revision: String) in
                try await world.read(world.alpha) { tx in
                    try world.model.revisions.get(revision, of: tenant, tx).changes.map(\.place)
                }
            }
            let plan = { @Sendable in try #require(world.model.plans.current.entry(tenant: tenant)?.plan) }
            let first = try await names()
            let (user, trunk) = (try plan().directory.users[0].id, try plan().routing.trunks[0].id)
            _ = try await world.change(world.alpha) { tx, actor in
                try world.model.users.rotate(SIPSecretRotation(secret: "another-horse-9"), of: user, tenant, tx, actor)
            }
            let second = try await names()
            #expect(first != second)
            #expect(try await places(second) == [0, 1].map { "directory.users[\(user)].fingerprints[\($0)]" })
            #expect(try plan().directory.users[0].digests.count == 2)
            _ = try await world.change(world.alpha) { tx, actor in
                var fields = TrunkFields(displayName: "Carrier", proxy: "sip.carrier.test")
                fields.allowedAddresses = ["192.0.2.0/24"]
                fields.registration = RegistrationFields(username: "u", secret: "another-secret")
                return try world.model.trunks.update(trunk, fields, of: tenant, expecting: .anything, tx, actor)
            }
            let third = try await names()
            #expect(try await places(third) == ["routing.trunks[\(trunk)].fingerprint"])
            #expect(
                try plan().routing.trunks[0].identification
                    == .registration(username: "u", secret: "another-secret", realm: "sip.carrier.test"))
        }
    }

    @Test func whatIsOutsideOfVoiceCountsToo() async throws {
        try await VoiceWorld.with { world in
            try await Self.furnish(world)
            let (plans, tenant) = (world.model.plans, world.alpha.tenant.id)
            try await plans.refresh()
            _ = try await world.change(world.alpha) { tx, actor in
                try world.tenancy.tenants.transition(tenant, .suspend(reason: "unpaid"), tx, actor)
            }
            try await plans.refresh()
            #expect(plans.current.entry(tenant: tenant)?.plan.barred == .tenantInactive)
            #expect(plans.current.entry(tenant: world.beta.tenant.id)?.plan.barred == nil)
            // A contract is asked for now and then.
            world.contracts.terms.bar = .programWithoutTelephony
            try await plans.refresh()
            #expect(plans.current.entry(tenant: world.beta.tenant.id)?.plan.barred == nil)
            world.clock.advance(seconds: 61)
            try await plans.refresh()
            #expect(plans.current.entry(tenant: world.beta.tenant.id)?.plan.barred == .programWithoutTelephony)
            _ = try await world.change(world.beta) { tx, actor in
                try world.model.domains.delete(world.beta.tenant.id, expecting: .anything, tx, actor)
            }
            try await plans.refresh()
            #expect(plans.current.entry(tenant: world.beta.tenant.id) == nil)
        }
    }

    @Test func aSecretThatCannotBeReadSwitchesItsTrunkOff() async throws {
        try await VoiceWorld.with { world in
            try await Self.furnish(world)
            try await world.test.asSuperuser { connection in
                try connection.execute("update app.trunk set secret = '\\x0100'")
            }
            try await world.model.plans.refresh()
            let plan = try #require(world.model.plans.current.entry(tenant: world.alpha.tenant.id)?.plan)
            #expect(plan.routing.trunks.map(\.use.isEnabled) == [false])
            let listed = try await world.read(world.alpha) { tx in
                try world.model.trunks.list(of: world.alpha.tenant.id, PageRequest(limit: nil, cursor: nil), tx).items
            }
            #expect(listed.first?.secretLoss == .unknownFormat && listed.first?.notices.count == 1)
        }
    }

    @Test func theServiceHearsOfAChange() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let plans = world.model.plans
            let changes = plans.changes()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await plans.run() }
                var iterator = changes.makeAsyncIterator()
                let first = await iterator.next()
                #expect(first?.before == nil && first?.after?.plan.domain == "alpha.voice.test")
                _ = try await world.user("1001", of: world.alpha)
                let second = await iterator.next()
                #expect(second?.before?.revision == first?.after?.revision)
                #expect(second?.after?.plan.directory.users.map(\.name) == ["1001"])
                group.cancelAll()
            }
        }
    }

    @Test func aFileAnswersAsTheServiceDoes() async throws {
        try await VoiceWorld.with { world in
            try await Self.furnish(world)
            try await world.model.plans.refresh()
            let file = try await world.model.plans.file(of: world.platform.id)
            let bytes = try file.encoded()
            let read = try PlanFile(decoding: bytes)
            let (mine, theirs) = (world.model.plans.current, read.plan)
            #expect(theirs.entries.map(\.revision) == mine.entries.map(\.revision))
            #expect(theirs.entries.map(\.plan) == mine.entries.map(\.plan))
            let gateway = try #require(mine.entries.first?.plan.routing.trunks.first?.gatewayName)
            #expect(theirs.entry(gateway: gateway)?.entry.revision == mine.entry(gateway: gateway)?.entry.revision)
            #expect(try read.encoded() == bytes)
            #expect(try await world.model.plans.file(of: world.work.ids.new()).plans.isEmpty)
            let edited = String(decoding: bytes, as: UTF8.self).replacing("1001", with: "1002")
            #expect(throws: PlanFile.Invalid.self) { try PlanFile(decoding: Array(edited.utf8)) }
            let stolen = String(decoding: bytes, as: UTF8.self).replacing("carrier-secret", with: "another-secret")
            #expect(throws: PlanFile.Invalid.self) { try PlanFile(decoding: Array(stolen.utf8)) }
            #expect(throws: PlanFile.Invalid.self) { try PlanFile(decoding: Array(bytes.dropLast(40))) }
        }
    }
}
