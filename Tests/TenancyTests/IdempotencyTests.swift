import Dispatch
import Kernel
import Postgres
import TestSupport
import Testing
import Web

@testable import Tenancy

/// A repeated request has one effect and one answer.
@Suite struct IdempotencyTests {
    private func create(_ world: World, slug: String, key: String?, digest: [UInt8]) async throws -> Reply<
        TenantResource
    > {
        let call = world.call(slug, as: world.alpha.admin, key: key, digest: digest)
        return try await world.work.perform(call) { tx, actor in
            let new = NewTenant(
                instanceID: world.platform.id, slug: call.input, settings: TenantSettings(displayName: "T"))
            return TenantResource(try world.services.tenants.create(new, tx, actor))
        }
    }

    private func count(_ world: World) async throws -> Int {
        try await world.work.read(in: .platform) { tx in
            try world.services.tenants.list(TenantFilter(), PageRequest(limit: 200, cursor: nil), tx).items.count
        }
    }

    private let one = [UInt8](repeating: 1, count: 32)
    private let two = [UInt8](repeating: 2, count: 32)

    @Test func theSameRequestGetsTheFirstAnswerAgain() async throws {
        try await World.with { world in
            let first = try await create(world, slug: "a", key: "k1", digest: one)
            let second = try await create(world, slug: "a", key: "k1", digest: one)
            #expect(second.value.tenantID == first.value.tenantID)
            #expect(second.value.createdAt == first.value.createdAt)
            #expect(second.etag == first.etag)
            #expect(first.headers.isEmpty)
            #expect(second.headers == [Header("idempotency-replayed", "true")])
            #expect(try await count(world) == 1)
            #expect(
                try await reason { try await create(world, slug: "b", key: "k1", digest: two) }
                    == "IDEMPOTENCY_MISMATCH")
            _ = try await create(world, slug: "b", key: "k2", digest: two)
            #expect(try await count(world) == 2)
        }
    }

    @Test func keysOfDifferentPrincipalsDoNotMeet() async throws {
        try await World.with { world in
            let mine = try await create(world, slug: "a", key: "k", digest: one)
            let call = world.call("b", as: world.beta.admin, key: "k", digest: two)
            let theirs = try await world.work.perform(call) { tx, actor in
                let new = NewTenant(
                    instanceID: world.platform.id, slug: call.input, settings: TenantSettings(displayName: "T"))
                return TenantResource(try world.services.tenants.create(new, tx, actor))
            }
            #expect(mine.value.tenantID != theirs.value.tenantID)
        }
    }

    @Test func aFailedRequestLeavesItsKeyFree() async throws {
        try await World.with { world in
            #expect(
                try await reason { try await create(world, slug: "-bad-", key: "k", digest: one) } == "INVALID_FIELD")
            _ = try await create(world, slug: "good", key: "k", digest: two)
            #expect(try await count(world) == 1)
        }
    }

    @Test func manyAtOnceHaveOneEffect() async throws {
        try await World.with { world in
            let answers = try await withThrowingTaskGroup(of: TenantID?.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        do {
                            return try await create(world, slug: "a", key: "k", digest: one).value.tenantID
                        } catch let problem as Problem where problem.reason == "IDEMPOTENCY_IN_FLIGHT" {
                            #expect(problem.status == 409)
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count == 12)
            #expect(Set(answers.compactMap(\.self)).count == 1)
            #expect(try await count(world) == 1)
        }
    }

    /// The first request has not committed yet: the second one does not wait for it.
    @Test func aRunningRequestAnswersConflictAtOnce() async throws {
        try await World.with { world in
            let (started, start) = AsyncStream.makeStream(of: Void.self)
            let gate = Gate()
            async let first: Reply<String> = world.work.perform(
                world.call("x", as: world.alpha.admin, key: "k", digest: one)
            ) { _, _ in
                start.finish()
                gate.wait()
                return "first"
            }
            for await _ in started {}
            let second = try await reason {
                try await world.work.perform(
                    world.call("x", as: world.alpha.admin, key: "k", digest: one)
                ) { _, _ in "second" }
            }
            #expect(second == "IDEMPOTENCY_IN_FLIGHT")
            gate.open()
            #expect(try await first.value == "first")
            let third = try await world.work.perform(
                world.call("x", as: world.alpha.admin, key: "k", digest: one)
            ) { _, _ in "third" }
            #expect(third.value == "first")
        }
    }

    @Test func validateOnlyAnswersAndUndoes() async throws {
        try await World.with { world in
            let call = world.call("a", as: world.alpha.admin, key: "k")
            let reply = try await world.work.perform(call, validateOnly: true) { tx, actor in
                let new = NewTenant(
                    instanceID: world.platform.id, slug: call.input, settings: TenantSettings(displayName: "T"))
                return TenantResource(try world.services.tenants.create(new, tx, actor))
            }
            #expect(reply.value.slug == "a" && reply.status == 200)
            #expect(try await count(world) == 0)
            #expect(try await world.audit().allSatisfy { $0.action != "tenant.create" })
            _ = try await create(world, slug: "a", key: "k", digest: two)
        }
    }

    @Test func storedAnswersHoldNoSecret() async throws {
        try await World.with { world in
            let make: @Sendable () async throws -> Reply<APIKeyResource> = {
                let call = world.call(
                    NewAPIKey(role: .partnerViewer, displayName: "K"), as: world.alpha.admin, key: "k")
                return try await world.work.perform(call, storing: APIKeyResource.withoutSecret) { tx, actor in
                    let issued = try world.services.apiKeys.create(call.input, tx, actor)
                    return APIKeyResource(issued.key, secret: issued.token)
                }
            }
            let first = try await make()
            let second = try await make()
            #expect(first.value.secret != nil)
            #expect(second.value.secret == nil)
            #expect(second.value.apiKeyID == first.value.apiKeyID)
            let secret = try #require(first.value.secret)
            let leaks = try await world.test.asSuperuser { connection in
                try connection.value(
                    """
                    select count(*) from app.idempotency_record where position(\(secret) in encode(body, 'escape')) > 0
                    """, as: Int.self)
            }
            #expect(leaks == 0)
        }
    }

    @Test func oldAnswersAreForgotten() async throws {
        try await World.with { world in
            _ = try await create(world, slug: "a", key: "k", digest: one)
            #expect(try await world.work.purgeIdempotencyRecords() == 0)
            world.clock.advance(by: IdempotencyRetention.duration + .seconds(1))
            #expect(try await world.work.purgeIdempotencyRecords() == 1)
            #expect(try await reason { try await create(world, slug: "a", key: "k", digest: one) } == "SLUG_TAKEN")
        }
    }
}

/// Holds a thread of the database pool until it is opened: bodies of transactions cannot await.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() { semaphore.wait() }
    func open() { semaphore.signal() }
}
