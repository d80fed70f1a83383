import Kernel
import Web

/// What a request says about being the same one again.
package struct IdempotencyClaim: Sendable {
    /// 1–255 visible ASCII characters, chosen by the client.
    package let key: String
    /// SHA-256 over method, path and canonical body.
    package let digest: [UInt8]

    package init(key: String, digest: [UInt8]) {
        self.key = key
        self.digest = digest
    }

    /// `nil` when the request carries no `Idempotency-Key`.
    init?(_ facts: RequestFacts) {
        guard let key = facts.idempotencyKey else { return nil }
        self.init(key: key, digest: facts.bodyDigest)
    }
}

/// How long answers are kept: a client that repeats a request later than this does it anew.
package enum IdempotencyRetention {
    package static let duration: Duration = .seconds(24 * 3600)
}

extension Problem {
    /// 422: the key was used for another request.
    static let idempotencyMismatch = Problem(
        status: 422, reason: "IDEMPOTENCY_MISMATCH", title: "This key belongs to another request",
        detail: "The Idempotency-Key was used with another path or body. Use a new key for a new request.")

    /// 409: the first request with this key is still running.
    static let idempotencyInFlight = Problem(
        status: 409, reason: "IDEMPOTENCY_IN_FLIGHT", title: "The same request is still running",
        detail: "A request with this Idempotency-Key has not finished. Repeat it in a second to get its answer.",
        retryAfterSeconds: 1)
}
