import Kernel
import Postgres
import Synchronization
import Web

/// Finds the principal behind a credential. It remembers an answer for at most a second, so that a busy key does not
/// cost a query per request; what ends here ends at once, on other replicas within that second.
package final class Authenticator: Sendable {
    /// How long an answer may be old.
    package static let timeToLive: Duration = .seconds(1)
    /// Remembered answers; beyond that all are forgotten.
    static let capacity = 10_000
    /// `last_used_at` of a key is written at most this often.
    static let lastUsedBucket: Duration = .seconds(300)

    private struct Answer {
        let principal: Principal
        let until: Timestamp
    }

    /// A credential by its hash, so that a dump of the memory shows no secret; and by its kind, so that a key in a cookie is
    /// not a session.
    private struct Question: Hashable {
        let isSession: Bool
        let hash: [UInt8]
    }

    private struct Memory {
        var answers: [Question: Answer] = [:]
        /// Public ids of the keys used since the last flush.
        var usedKeys: Set<String> = []
    }

    private let database: Database
    private let time: TimeSource
    private let memory = Mutex(Memory())

    package init(database: Database, time: TimeSource) {
        self.database = database
        self.time = time
    }

    /// What the web server asks: `nil` for everything that is not valid now.
    package func principal(for credential: Credential) async throws -> Principal? {
        switch credential {
        case .bearer(let key): try await principal(bearer: key)
        case .session(let token): try await principal(session: token)
        }
    }

    /// The holder of an API key; `nil` when it is malformed, unknown, expired, revoked, or its holder is disabled.
    package func principal(bearer text: String) async throws -> Principal? {
        guard let token = APIKeyToken(text) else { return nil }
        let now = time.now
        return try await remembered(token.hash, keyID: token.keyID, at: now) {
            PrincipalStore.holder(ofKey: token.keyID, at: now)
        }
    }

    /// The holder of a console session; `nil` when it has ended.
    package func principal(session token: String) async throws -> Principal? {
        guard token.utf8.count <= 100 else { return nil }
        let hash = Secret.hash(of: token)
        let now = time.now
        return try await remembered(hash, keyID: nil, at: now) { PrincipalStore.holder(ofSession: hash, at: now) }
    }

    private func remembered(
        _ hash: [UInt8], keyID: String?, at now: Timestamp, _ query: () -> SQL
    ) async throws -> Principal? {
        let question = Question(isSession: keyID == nil, hash: hash)
        if let answer = memory.withLock({ $0.answers[question] }), now < answer.until { return answer.principal }
        let holders = try await database.read(for: ScopeNode.platform, query(), as: CredentialHolder.self)
        guard let holder = holders.first, Secret.isEqual(holder.secretHash, hash) else { return nil }
        let until = min(now.advanced(by: Self.timeToLive), holder.expiresAt ?? Timestamp(microseconds: .max))
        memory.withLock { memory in
            if memory.answers.count >= Self.capacity { memory.answers.removeAll(keepingCapacity: true) }
            memory.answers[question] = Answer(principal: holder.principal, until: until)
            if let keyID, memory.usedKeys.count < Self.capacity { memory.usedKeys.insert(keyID) }
        }
        return holder.principal
    }

    /// Forgets all answers, after a key was revoked or got another secret; its sessions have ended in that transaction.
    package func forgetAnswers() {
        memory.withLock { $0.answers.removeAll(keepingCapacity: true) }
    }

    /// Forgets one session, which has been ended.
    func forget(session token: String) {
        let question = Question(isSession: true, hash: Secret.hash(of: token))
        memory.withLock { _ = $0.answers.removeValue(forKey: question) }
    }

    /// Writes down which keys were used. Called by a worker now and then, so that no request waits for it. When it fails,
    /// the next call tries again.
    package func flushLastUsed() async throws {
        let used = memory.withLock { memory in
            defer { memory.usedKeys = [] }
            return memory.usedKeys.sorted()
        }
        guard !used.isEmpty else { return }
        let now = time.now
        do {
            try await database.transaction(for: ScopeNode.platform) { tx in
                try APIKeyStore.touch(used, at: now, bucket: Self.lastUsedBucket, tx)
            }
        } catch {
            memory.withLock { $0.usedKeys.formUnion(used) }
            throw error
        }
    }
}
