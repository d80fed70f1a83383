import Kernel
import Postgres
import TestSupport
import Testing

@testable import Tenancy

@Suite struct SessionTests {
    @Test func aPasswordOpensOneSession() async throws {
        try await World.with { world in
            let sessions = world.services.sessions
            let password = try await sessions.issuePassword()
            let typed = password.text.lowercased().replacing("-", with: " ")
            let session = try await sessions.signIn(password: typed, from: "192.0.2.1")
            #expect(session.principal.id == Principal.consoleOperatorID)
            #expect(session.principal.permissions == Permission.all)
            #expect(try await world.services.authenticator.principal(for: .session(session.token)) == session.principal)
            #expect(
                try await reason { try await sessions.signIn(password: password.text, from: nil) } == "SIGN_IN_FAILED")
        }
    }

    @Test func twoAtOnceGetOneSession() async throws {
        try await World.with { world in
            let password = try await world.services.sessions.issuePassword().text
            let opened = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await reason {
                            try await world.services.sessions.signIn(password: password, from: nil)
                        } == nil
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(opened == 1)
        }
    }

    @Test func passwordsAndSessionsExpire() async throws {
        try await World.with { world in
            let sessions = world.services.sessions
            let late = try await sessions.issuePassword(minutes: 5)
            let session = try await sessions.signIn(password: try await sessions.issuePassword().text, from: nil)
            world.clock.advance(by: .seconds(300))
            #expect(try await reason { try await sessions.signIn(password: late.text, from: nil) } == "SIGN_IN_FAILED")
            #expect(try await reason { try await sessions.issuePassword(minutes: 0) } == "INVALID_FIELD")
            world.clock.advance(by: OpenedSession.duration)
            #expect(try await world.services.authenticator.principal(session: session.token) == nil)
            try await sessions.purgeExpired()
            let left = try await world.test.asSuperuser { connection in
                try connection.value("select count(*) from app.session", as: Int.self)
            }
            #expect(left == 0)
        }
    }

    /// Visitors behind one proxy share its address: who has a valid password or key still gets in.
    @Test func guessingEndsSoonForOneAddressButAValidSecretGetsIn() async throws {
        try await World.with { world in
            let sessions = world.services.sessions
            for _ in 0..<SignInLimiter.attempts {
                let wrong = OneTimePassword.generate().text
                #expect(
                    try await reason { try await sessions.signIn(password: wrong, from: "192.0.2.9") }
                        == "SIGN_IN_FAILED")
            }
            let wrong = OneTimePassword.generate().text
            let key = try await world.key(NewAPIKey(role: .partnerViewer, displayName: "K"), as: world.alpha.admin)
            for _ in 0..<2 {
                #expect(
                    try await reason { try await sessions.signIn(password: wrong, from: "192.0.2.9") }
                        == "TOO_MANY_ATTEMPTS")
                #expect(
                    try await reason { try await sessions.signIn(apiKey: "x", from: "192.0.2.9") }
                        == "TOO_MANY_ATTEMPTS")
                let right = try await sessions.issuePassword().text
                #expect(try await reason { try await sessions.signIn(password: right, from: "192.0.2.9") } == nil)
                #expect(
                    try await reason { try await sessions.signIn(apiKey: key.token.text, from: "192.0.2.9") } == nil)
            }
            #expect(
                try await reason { try await sessions.signIn(password: wrong, from: "192.0.2.10") }
                    == "SIGN_IN_FAILED")
            world.clock.advance(by: SignInLimiter.window)
            #expect(try await reason { try await sessions.signIn(apiKey: "x", from: "192.0.2.9") } == "SIGN_IN_FAILED")
        }
    }

    /// In the transaction that ends the key or its secret: nothing has to happen after the commit.
    @Test(arguments: ["revoke", "rotate", "archive"])
    func aSessionOpenedWithAKeyEndsWithItsSecret(change: String) async throws {
        try await World.with { world in
            let sessions = world.services.sessions
            let authenticator = world.services.authenticator
            let tenant = try await world.tenant(of: world.alpha, slug: "t")
            let key = try await world.key(
                NewAPIKey(role: .tenantViewer, displayName: "K", tenantID: tenant.id), as: world.alpha.admin)
            let other = try await sessions.signIn(password: try await sessions.issuePassword().text, from: nil)
            let session = try await sessions.signIn(apiKey: " \(key.token.text)\n", from: nil)
            let principal = try await authenticator.principal(session: session.token)
            #expect(principal?.scope == .tenant(tenant.id, of: world.alpha.id))
            try await world.work.perform(as: world.alpha.admin) { tx, actor in
                switch change {
                case "revoke": _ = try world.services.apiKeys.revoke(key.key.id, tx, actor)
                case "rotate": _ = try world.services.apiKeys.rotate(key.key.id, tx, actor)
                default: _ = try world.services.tenants.transition(tenant.id, .archive(reason: "over"), tx, actor)
                }
            }
            let left = try await world.test.asSuperuser { connection in
                try connection.value("select count(*) from app.session", as: Int.self)
            }
            #expect(left == 1)
            // Remembered for a second, but no session comes of it.
            #expect(try await authenticator.principal(bearer: key.token.text) != nil)
            #expect(
                try await reason { try await sessions.signIn(apiKey: key.token.text, from: nil) } == "SIGN_IN_FAILED")
            authenticator.forgetAnswers()
            #expect(try await authenticator.principal(session: session.token) == nil)
            #expect(try await authenticator.principal(session: other.token) != nil)
        }
    }

    @Test func signingOutEndsTheSessionAtOnce() async throws {
        try await World.with { world in
            let sessions = world.services.sessions
            let session = try await sessions.signIn(password: try await sessions.issuePassword().text, from: nil)
            #expect(try await world.services.authenticator.principal(session: session.token) != nil)
            try await sessions.signOut(token: session.token)
            #expect(try await world.services.authenticator.principal(session: session.token) == nil)
            try await sessions.signOut(token: session.token)
            let actions = try await world.audit().map(\.action)
            #expect(actions.prefix(3) == ["session.end", "session.start", "session.issue_password"])
        }
    }

    @Test func theBootstrapCanRunAgainAndInTwoProcesses() async throws {
        try await withTestDatabase { test in
            let work = UnitOfWork(database: test.database, time: .system, ids: .timeOrdered)
            let profile = OrganisationProfile(displayName: "V", legalName: "V", country: .austria)
            let vendors = try await withThrowingTaskGroup(of: OrganisationID.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await work.perform(job: "bootstrap") { tx, actor in
                            try Bootstrap.ensureVendor(profile, tx, actor).id
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(vendors).count == 1)
            let counts = try await test.asSuperuser { connection in
                try connection.rows(
                    "select (select count(*) from app.principal), (select count(*) from app.organisation)"
                )[0].decode(as: (Int, Int).self)
            }
            #expect(counts == (2, 1))
        }
    }
}
