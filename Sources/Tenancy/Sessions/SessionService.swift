import Kernel
import Postgres

/// Signing in to and out of the console. Works on the system role, because before the end of it nobody is known.
package struct SessionService: Sendable {
    private let work: UnitOfWork
    private let authenticator: Authenticator
    private let limiter = SignInLimiter()

    package init(work: UnitOfWork, authenticator: Authenticator) {
        self.work = work
        self.authenticator = authenticator
    }

    /// A password for the operator of the console, valid once within `minutes` (at most a day).
    package func issuePassword(minutes: Int = 60) async throws -> OneTimePassword {
        let password = OneTimePassword.generate()
        guard (1...1440).contains(minutes), let hash = OneTimePassword.hash(ofTyped: password.text) else {
            throw Problem.invalid("minutes", "must lie between 1 and 1440")
        }
        try await work.perform(job: "issue sign-in password") { tx, actor in
            let expiry = actor.now.advanced(by: .seconds(minutes * 60))
            try SessionStore.insert(password: hash, for: Principal.consoleOperatorID, until: expiry, tx, actor)
            try tx.audit(
                "session.issue_password", target: Principal.consoleOperatorID,
                detail: ["expires_at": "\(expiry)"], by: actor)
        }
        return password
    }

    /// Opens a session with a one-time password. 401 for every kind of wrong one, 429 for one more after too many.
    package func signIn(password: String, from address: String?) async throws -> OpenedSession {
        let now = work.time.now
        guard let hash = OneTimePassword.hash(ofTyped: password) else { throw refuse(address, now) }
        let session = try await work.perform(job: "sign in") { tx, actor -> OpenedSession? in
            guard let id = try SessionStore.take(password: hash, at: actor.now, tx),
                let holder = try SessionStore.holder(of: id, at: actor.now, tx)
            else { return nil }
            return try open(for: holder.principal, tx, actor)
        }
        guard let session else { throw refuse(address, now) }
        return session
    }

    /// Opens a session for the holder of an API key; it ends with the key at the latest.
    package func signIn(apiKey: String, from address: String?) async throws -> OpenedSession {
        let now = work.time.now
        guard let token = APIKeyToken(apiKey.trimmed),
            let principal = try await authenticator.principal(bearer: token.text)
        else { throw refuse(address, now) }
        let session = try await work.perform(job: "sign in") { tx, actor -> OpenedSession? in
            // What the authenticator remembers may have ended a moment ago; a session lives longer than that.
            guard try APIKeyStore.holdSecret(of: token.keyID, tx) == token.hash else { return nil }
            return try open(for: principal, tx, actor)
        }
        guard let session else { throw refuse(address, now) }
        return session
    }

    /// Ends a session; one that has ended already is no error.
    package func signOut(token: String) async throws {
        let hash = Secret.hash(of: token)
        let principal = try await authenticator.principal(session: token)
        authenticator.forget(session: token)
        guard let principal else { return }
        try await work.perform(job: "sign out") { tx, actor in
            try SessionStore.end(session: hash, tx)
            try audit("session.end", principal, tx, actor)
        }
        authenticator.forget(session: token)
    }

    /// Deletes what has expired; a named job.
    package func purgeExpired() async throws {
        try await work.perform(job: "purge sessions") { tx, actor in try SessionStore.purge(at: actor.now, tx) }
    }

    private func open(
        for principal: Principal, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> OpenedSession {
        let session = OpenedSession(
            token: Secret.base62(43), principal: principal,
            expiresAt: actor.now.advanced(by: OpenedSession.duration))
        try SessionStore.insert(
            session: Secret.hash(of: session.token), for: principal.id, until: session.expiresAt, at: actor.now, tx)
        try audit("session.start", principal, tx, actor)
        return session
    }

    /// In the name of whoever signs in or out.
    private func audit(
        _ action: String, _ principal: Principal, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        let person = Actor(principal: principal, now: actor.now, requestID: actor.requestID, ids: actor.ids)
        try tx.audit(
            action, target: principal.id, organisation: principal.scope.organisationID,
            tenant: principal.scope.tenantID, by: person)
    }

    private func refuse(_ address: String?, _ now: Timestamp) -> Problem {
        limiter.noteFailure(address, at: now) ? .tooManyAttempts : .signInFailed
    }
}
