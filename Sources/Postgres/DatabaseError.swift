import Kernel

/// What can go wrong with the database, as a small closed set that callers switch on. No case carries a value of a
/// row or a parameter.
package enum DatabaseError: Error, Equatable, Sendable {
    /// Which kind of rule a statement broke.
    package enum ConstraintKind: Sendable, Equatable { case notNull, foreignKey, unique, check, exclusion }

    /// A constraint refuses. Compare the name with `isConstraint(_:)`: a sharded table adds a suffix to it.
    /// For `.notNull` the name is the column's.
    case constraint(name: String, kind: ConstraintKind)
    /// A conflict with a concurrent transaction that was still there after the retries (40001, 40P01).
    case serialization
    /// `statement_timeout` of the session.
    case statementTimeout
    /// `lock_timeout` of the session, or NOWAIT (55P03).
    case lockTimeout
    /// The task was cancelled; nothing was committed.
    case cancelled
    /// The connection broke, or its deadline passed and it was closed. With `outcomeUnknown` the COMMIT had been sent:
    /// repeat with the same idempotency key, and only so.
    case connectionLost(outcomeUnknown: Bool)
    /// Every connection stayed busy until the deadline, or the queue was full.
    case poolExhausted
    /// No server answers, or it refuses the login.
    case unavailable
    /// `one` found no row.
    case notFound
    /// A row does not have the shape that the code expects.
    case decoding(String)
    /// Any other error of the server. The message is its primary message, without DETAIL, and empty for errors about
    /// data (class 22), which quote values.
    case statement(sqlstate: String, message: String)
}

extension DatabaseError {
    /// Whether this is the violation of the constraint with that name (or of its shard).
    package func isConstraint(_ prefix: String) -> Bool {
        if case .constraint(let name, _) = self { name.hasPrefix(prefix) } else { false }
    }
}

extension DatabaseError: ProblemConvertible {
    /// 503 where a later try can help, 404 for a missing row, 500 without details for everything that is our own fault.
    package var problem: Problem {
        switch self {
        case .serialization, .lockTimeout:
            .unavailable("Another change to the same objects is in progress. Try again.")
        case .statementTimeout, .cancelled: .unavailable("This took too long and was stopped. Nothing was changed.")
        case .connectionLost(outcomeUnknown: true):
            .unavailable("The database went away while saving. Repeat the request with the same Idempotency-Key.")
        case .connectionLost, .unavailable:
            .unavailable("The database is not reachable. Nothing was changed.", retryAfterSeconds: 2)
        case .poolExhausted: .unavailable("Too many requests at once. Nothing was changed.")
        case .notFound: .notFound("object")
        case .statement(sqlstate: "22021", _):
            Problem(
                status: 422, reason: "INVALID_TEXT", title: "A text is not valid",
                detail: "Texts must not contain the character U+0000.")
        case .constraint, .decoding, .statement:
            Problem(
                status: 500, reason: "INTERNAL", title: "Something went wrong here",
                detail: "The request failed for a reason that is not yours. Give the request id to support.")
        }
    }
}
