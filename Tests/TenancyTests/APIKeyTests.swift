import Kernel
import Postgres
import TestSupport
import Testing

@testable import Tenancy

@Suite struct APIKeyTokenTests {
    @Test(arguments: ScopeLevel.allCases)
    func everyKeyIsReadBack(level: ScopeLevel) throws {
        for _ in 0..<50 {
            let token = APIKeyToken.generate(for: level)
            let read = try #require(APIKeyToken(token.text))
            #expect(read.keyID == token.keyID)
            #expect(read.hash == token.hash)
            #expect(token.text.hasPrefix(APIKeyToken.prefix(of: level) + "_"))
        }
    }

    @Test func theChecksumIsTheOneOfZip() {
        #expect(CRC32.checksum(of: "123456789".utf8) == 0xCBF4_3926)
        #expect(Base62.text(of: .max, width: 6) == "4gfFC3")
        #expect(Base62.text(of: 0, width: 6) == "000000")
    }

    /// A key with one other character, one too many or one too few is told from a real one without the database.
    @Test func everySlipOfThePenIsSeen() {
        let text = APIKeyToken.generate(for: .organisation).text
        let characters = Array(text)
        for index in characters.indices {
            var wrong = characters
            wrong[index] = wrong[index] == "x" ? "y" : "x"
            #expect(APIKeyToken(String(wrong)) == nil, "character \(index)")
            var short = characters
            short.remove(at: index)
            #expect(APIKeyToken(String(short)) == nil)
        }
        for wrong in ["", "cfp", "cfp__", "cfp_a_b", text + "0", " " + text, text.uppercased(), "cfp_é_é"] {
            #expect(APIKeyToken(wrong) == nil)
        }
    }
}

@Suite struct APIKeyTests {
    @Test func aKeyIsItsHoldersRoleAtItsScope() async throws {
        try await World.with { world in
            let issued = try await world.key(
                NewAPIKey(role: .partnerViewer, displayName: "Viewer"), as: world.alpha.admin)
            let principal = try #require(
                try await world.services.authenticator.principal(for: .bearer(issued.token.text)))
            #expect(principal.scope == .organisation(world.alpha.id))
            #expect(principal.permissions == Permission.reading)
            #expect(principal.displayName == "Viewer")
            #expect(principal.kind == .apiKey)
            let other = APIKeyToken.generate(for: .organisation, keyID: issued.key.keyID)
            #expect(try await world.services.authenticator.principal(bearer: other.text) == nil)
            #expect(try await world.services.authenticator.principal(session: issued.token.text) == nil)
        }
    }

    @Test func theDatabaseHoldsNoSecret() async throws {
        try await World.with { world in
            let issued = try await world.key(
                NewAPIKey(role: .partnerViewer, displayName: "K"), as: world.alpha.admin)
            let secret = String(issued.token.text.dropLast(4).suffix(30))
            let rows = try await world.test.asSuperuser { connection in
                try connection.value(
                    """
                    select (select count(*) from app.api_key k where k::text like '%' || \(secret) || '%')
                        + (select count(*) from app.audit_event a where a::text like '%' || \(secret) || '%')
                    """, as: Int.self)
            }
            #expect(rows == 0)
        }
    }

    @Test func nobodyGivesMoreThanTheyHave() async throws {
        try await World.with { world in
            let tenant = try await world.tenant(of: world.alpha, slug: "a")
            let viewer = Principal(
                id: IDSource.timeOrdered.new(), kind: .apiKey, displayName: "V", scope: .organisation(world.alpha.id),
                permissions: Permission.reading.union([.apiKeyWrite]))
            let cases: [(Principal, NewAPIKey, String?)] = [
                (viewer, NewAPIKey(role: .partnerViewer, displayName: "K"), nil),
                (viewer, NewAPIKey(role: .partnerAdmin, displayName: "K"), "ROLE_EXCEEDS_CREATOR"),
                (viewer, NewAPIKey(role: .usageReporter, displayName: "K"), "ROLE_EXCEEDS_CREATOR"),
                (viewer, NewAPIKey(role: .tenantAdmin, displayName: "K", tenantID: tenant.id), "ROLE_EXCEEDS_CREATOR"),
                (world.alpha.admin, NewAPIKey(role: .tenantAdmin, displayName: "K", tenantID: tenant.id), nil),
                (world.alpha.admin, NewAPIKey(role: .platformOperator, displayName: "K"), "ROLE_SCOPE"),
                (world.alpha.admin, NewAPIKey(role: .tenantViewer, displayName: "K"), "ROLE_SCOPE"),
                (.system("test"), NewAPIKey(role: .platformOperator, displayName: "K"), "KEY_NEEDS_EXPIRY"),
                (.system("test"), NewAPIKey(role: .partnerAdmin, displayName: "K", organisationID: world.beta.id), nil),
            ]
            for (principal, new, expected) in cases {
                #expect(
                    try await reason { try await world.key(new, as: principal) } == expected, "\(new.role)")
            }
        }
    }

    @Test func rotationNeedsTheSameRightsAsCreation() async throws {
        try await World.with { world in
            let admin = try await world.key(
                NewAPIKey(role: .partnerAdmin, displayName: "Admin"), as: world.alpha.admin)
            let keeper = Principal(
                id: IDSource.timeOrdered.new(), kind: .apiKey, displayName: "V", scope: .organisation(world.alpha.id),
                permissions: [.apiKeyRead, .apiKeyWrite])
            let outcome = try await reason {
                try await world.work.perform(as: keeper) { tx, actor in
                    try world.services.apiKeys.rotate(admin.key.id, tx, actor)
                }
            }
            #expect(outcome == "ROLE_EXCEEDS_CREATOR")
        }
    }

    @Test func aRotatedKeyKeepsItsIdentity() async throws {
        try await World.with { world in
            let authenticator = world.services.authenticator
            let old = try await world.key(
                NewAPIKey(role: .partnerAdmin, displayName: "K"), as: world.alpha.admin)
            let before = try await authenticator.principal(bearer: old.token.text)
            let new = try await world.work.perform(as: world.alpha.admin) { tx, actor in
                try world.services.apiKeys.rotate(old.key.id, tx, actor)
            }
            authenticator.forgetAnswers()
            #expect(try await authenticator.principal(bearer: old.token.text) == nil)
            #expect(try await authenticator.principal(bearer: new.token.text) == before)
            #expect(new.key.keyID == old.key.keyID)
            #expect(new.key.revision == 2)
        }
    }

    @Test func keysEnd() async throws {
        try await World.with { world in
            let authenticator = world.services.authenticator
            var new = NewAPIKey(role: .platformAuditor, displayName: "K")
            new.expiresAt = world.clock.now.advanced(by: .seconds(60))
            let key = try await world.key(new, as: .system("test"))
            #expect(key.token.text.hasPrefix("cfv_"))
            #expect(try await authenticator.principal(bearer: key.token.text)?.scope == .platform)
            world.clock.advance(by: .seconds(60))
            #expect(try await authenticator.principal(bearer: key.token.text) == nil)
            #expect(key.key.life.state(at: world.clock.now) == .expired)
            #expect(try await reason { try await world.key(new, as: .system("test")) } == "INVALID_FIELD")

            let other = try await world.key(
                NewAPIKey(role: .partnerAdmin, displayName: "K"), as: world.alpha.admin)
            #expect(try await authenticator.principal(bearer: other.token.text) != nil)
            let revoked = try await world.work.perform(as: world.alpha.admin) { tx, actor in
                try world.services.apiKeys.revoke(other.key.id, tx, actor)
            }
            // Remembered for a second at most, and not at all where the key was revoked.
            #expect(try await authenticator.principal(bearer: other.token.text) != nil)
            world.clock.advance(by: Authenticator.timeToLive)
            #expect(try await authenticator.principal(bearer: other.token.text) == nil)
            #expect(revoked.life.revokedAt != nil)
        }
    }

    /// What somebody gave away shrinks with what they have themselves, through every hand it went through.
    @Test func aGrantIsNoLargerThanItsGiversRights() async throws {
        try await World.with { world in
            let authenticator = world.services.authenticator
            let rights = { (key: IssuedAPIKey) async throws -> Set<Permission> in
                authenticator.forgetAnswers()
                return try #require(try await authenticator.principal(bearer: key.token.text)).permissions
            }
            let first = try await world.key(
                NewAPIKey(role: .partnerAdmin, displayName: "1", organisationID: world.alpha.id), as: .system("test"))
            let giver = try #require(try await authenticator.principal(bearer: first.token.text))
            let second = try await world.key(NewAPIKey(role: .partnerAdmin, displayName: "2"), as: giver)
            let next = try #require(try await authenticator.principal(bearer: second.token.text))
            let third = try await world.key(NewAPIKey(role: .partnerAdmin, displayName: "3"), as: next)
            let admin = Role.named(.partnerAdmin)?.permissions ?? []
            #expect(try await rights(third) == admin)
            try await world.test.asSuperuser { connection in
                try connection.execute(
                    "update app.binding set role = 'partner.viewer' where principal_id = \(first.key.principalID)")
            }
            #expect(try await rights(second) == Permission.reading)
            #expect(try await rights(third) == Permission.reading)
            // The end of a key is no loss of rights: who replaces keys does not lose those made with the old one.
            _ = try await world.work.perform(as: giver) { tx, actor in
                try world.services.apiKeys.revoke(first.key.id, tx, actor)
            }
            #expect(try await rights(third) == Permission.reading)
            try await world.test.asSuperuser { connection in
                try connection.execute(
                    "update app.principal set disabled_at = now() where principal_id = \(first.key.principalID)")
            }
            #expect(try await rights(third).isEmpty)
        }
    }

    @Test func archivingATenantEndsItsKeys() async throws {
        try await World.with { world in
            let tenant = try await world.tenant(of: world.alpha, slug: "a")
            let new = NewAPIKey(role: .tenantAdmin, displayName: "K", tenantID: tenant.id)
            let key = try await world.key(new, as: world.alpha.admin)
            _ = try await world.transition(tenant.id, .archive(reason: "over"), as: world.alpha.admin)
            #expect(try await world.services.authenticator.principal(bearer: key.token.text) == nil)
            #expect(try await reason { try await world.key(new, as: world.alpha.admin) } == "TENANT_STATE")
        }
    }

    @Test func lastUseIsWrittenNowAndThen() async throws {
        try await World.with { world in
            let authenticator = world.services.authenticator
            let key = try await world.key(
                NewAPIKey(role: .partnerViewer, displayName: "K"), as: world.alpha.admin)
            let lastUsed: @Sendable () async throws -> Timestamp? = {
                try await world.work.read(in: .platform) { tx in
                    try world.services.apiKeys.get(key.key.id, tx).life.lastUsedAt
                }
            }
            try await authenticator.flushLastUsed()
            #expect(try await lastUsed() == nil)
            _ = try await authenticator.principal(bearer: key.token.text)
            try await world.test.asSuperuser { connection in
                try connection.execute("revoke update (last_used_at) on app.api_key from controlplane_system")
            }
            await #expect(throws: DatabaseError.self) { try await authenticator.flushLastUsed() }
            try await world.test.asSuperuser { connection in
                try connection.execute("grant update (last_used_at) on app.api_key to controlplane_system")
            }
            try await authenticator.flushLastUsed()
            let first = world.clock.now
            #expect(try await lastUsed() == first)
            world.clock.advance(by: .seconds(200))
            _ = try await authenticator.principal(bearer: key.token.text)
            try await authenticator.flushLastUsed()
            #expect(try await lastUsed() == first)
            world.clock.advance(by: .seconds(200))
            _ = try await authenticator.principal(bearer: key.token.text)
            try await authenticator.flushLastUsed()
            #expect(try await lastUsed() == world.clock.now)
        }
    }
}
