import Kernel
import Postgres
import TestSupport
import Testing

@testable import Tenancy

@Suite struct SecretBoxTests {
    private static func ring(_ texts: String...) throws -> KeyRing { try KeyRing(text: texts.joined(separator: "\n")) }

    private static func context(_ tenant: Tenant, column: String = "secret", row: String = "1") -> SecretContext {
        SecretContext(
            .tenant(tenant.id, of: tenant.placement.organisationID), table: "trunk", column: column, row: row)
    }

    /// Seals as the tenant's own key does.
    private static func seal(
        _ text: String, _ context: SecretContext, _ box: SecretBox, _ tenant: Tenant, _ world: World
    ) async throws -> SealedSecret {
        try await world.work.perform(as: .tenantAdmin(of: tenant)) { tx, actor in
            try box.seal(PlainSecret(text), context, tx, actor)
        }
    }

    private static func open(
        _ sealed: SealedSecret, _ context: SecretContext, _ box: SecretBox, _ tenant: Tenant, _ world: World
    ) async throws -> OpenedSecret {
        try await world.work.read(in: Principal.tenantAdmin(of: tenant).scope) { tx in
            try box.open(sealed, context, tx)
        }
    }

    @Test func aSecretOpensWhereItBelongsAndNowhereElse() async throws {
        let ring = try Self.ring(KeyEncryptionKey.generatedText())
        try await World.with { world in
            let tenant = try await world.tenant(of: world.alpha, slug: "t")
            let other = try await world.tenant(of: world.alpha, slug: "u")
            let box = SecretBox(ring)
            let context = Self.context(tenant)
            let sealed = try await Self.seal("tops3cret-wording", context, box, tenant, world)
            let again = try await Self.seal("tops3cret-wording", context, box, tenant, world)
            #expect(sealed != again, "every sealing has a nonce of its own")
            #expect(!String(decoding: sealed.bytes, as: UTF8.self).contains("tops3cret"))
            // Also with a box that remembers nothing.
            for box in [box, SecretBox(ring)] {
                let opened = try await Self.open(sealed, context, box, tenant, world)
                #expect(opened == .value(PlainSecret("tops3cret-wording")))
            }
            for place in [Self.context(tenant, column: "other"), Self.context(tenant, row: "2"), Self.context(other)] {
                let opened = try await Self.open(sealed, place, box, tenant, world)
                #expect(opened == .needsReentry(.damaged), "\(place)")
            }
            // The other tenant's scope does not even show the key's row.
            let opened = try await Self.open(sealed, context, SecretBox(ring), other, world)
            #expect(opened == .needsReentry(.dataKeyGone))
        }
    }

    @Test func everyOwnerHasOneKey() async throws {
        let box = SecretBox(try Self.ring(KeyEncryptionKey.generatedText()))
        try await World.with { world in
            let tenant = try await world.tenant(of: world.alpha, slug: "t")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for row in 0..<8 {
                    group.addTask {
                        let context = Self.context(tenant, row: "\(row)")
                        let sealed = try await Self.seal("secret \(row)", context, box, tenant, world)
                        let opened = try await Self.open(sealed, context, box, tenant, world)
                        #expect(opened == .value(PlainSecret("secret \(row)")))
                    }
                }
                try await group.waitForAll()
            }
            for owner in [SecretOwner.platform, .organisation(world.alpha.id)] {
                let context = SecretContext(owner, table: "t", column: "c", row: "r")
                let opened = try await world.work.perform(job: "test") { tx, actor in
                    try box.open(try box.seal(PlainSecret("x"), context, tx, actor), context, tx)
                }
                #expect(opened == .value(PlainSecret("x")))
            }
            let owners = try await world.test.asSuperuser { connection in
                try connection.rows("select count(*), count(distinct (organisation_id, tenant_id)) from app.data_key")
                    .map { try $0.decode(as: (Int, Int).self) }
            }
            #expect(owners.first?.0 == 3 && owners.first?.1 == 3)
        }
    }

    @Test func anEarlierKeyStillOpensAndTheCurrentOneWraps() async throws {
        let (old, new) = (KeyEncryptionKey.generatedText(), KeyEncryptionKey.generatedText())
        let (before, both, after) = (try Self.ring(old), try Self.ring(new, old), try Self.ring(new))
        try await World.with { world in
            let tenant = try await world.tenant(of: world.alpha, slug: "t")
            let context = Self.context(tenant)
            let sealed = try await Self.seal("kept", context, SecretBox(before), tenant, world)
            #expect(
                try await Self.open(sealed, context, SecretBox(both), tenant, world) == .value(PlainSecret("kept")))
            #expect(
                try await Self.open(sealed, context, SecretBox(after), tenant, world)
                    == .needsReentry(.unknownKeyEncryptionKey))
            #expect(
                try await Self.open(sealed, context, SecretBox(nil), tenant, world)
                    == .needsReentry(.noKeyEncryptionKey))
            #expect(
                try await reason { try await Self.seal("x", context, SecretBox(nil), tenant, world) }
                    == "SECRETS_UNAVAILABLE")
            let other = try await world.tenant(of: world.alpha, slug: "u")
            let newer = try await Self.seal("new", Self.context(other), SecretBox(both), other, world)
            #expect(
                try await Self.open(newer, Self.context(other), SecretBox(after), other, world)
                    == .value(PlainSecret("new")))
        }
    }

    @Test func whateverIsWrongWithAValueOnlyAsksForItAgain() async throws {
        let ring = try Self.ring(KeyEncryptionKey.generatedText())
        try await World.with { world in
            let tenant = try await world.tenant(of: world.alpha, slug: "t")
            let (box, context) = (SecretBox(ring), Self.context(tenant))
            let sealed = try await Self.seal("0123456789", context, box, tenant, world)
            for index in sealed.bytes.indices {
                var bytes = sealed.bytes
                bytes[index] ^= 0x40
                let opened = try await Self.open(SealedSecret(bytes), context, box, tenant, world)
                #expect(opened.secret == nil, "byte \(index)")
                let cut = try await Self.open(
                    SealedSecret(Array(sealed.bytes[..<index])), context, box, tenant, world)
                #expect(cut.secret == nil, "the first \(index) bytes")
            }
            // Shredded: the row of the key is gone.
            try await world.work.perform(job: "shred") { tx, _ in
                try tx.execute("delete from app.data_key where tenant_id = \(tenant.id)")
            }
            box.forgetKeys()
            #expect(try await Self.open(sealed, context, box, tenant, world) == .needsReentry(.dataKeyGone))
        }
    }

    @Test func keysAreReadFromTextAndNeverShown() throws {
        let (first, second) = (KeyEncryptionKey.generatedText(), KeyEncryptionKey.generatedText())
        let ring = try KeyRing(text: "# a comment\n\(first)\n\(second)\n")
        #expect(try ring == KeyRing(text: "\(first), \(second)"))
        #expect(ring[ring.current.id] == ring.current && ring["kek-0"] == nil)
        #expect(!"\(ring) \(ring.current)".contains(first.prefix(8)))
        for bad in ["", "# nothing", "abc", String(first.dropLast(5)), first + "AAAA"] {
            #expect(throws: KeyRing.Invalid.self, "\(bad)") { try KeyRing(text: bad) }
        }
        let secret = PlainSecret("tops3cret")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(dumped) \(String(reflecting: secret))".contains("tops3cret"))
    }
}
