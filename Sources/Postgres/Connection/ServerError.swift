import CLibPQ

/// An error as the server (or libpq) says it, before it becomes a `DatabaseError`. Stays inside this module: the
/// message may quote values.
struct ServerError: Error, Equatable {
    let sqlstate: String
    let message: String
    var constraint = ""
    var column = ""
    /// Character in the statement, from 1; 0 when unknown.
    var position = 0

    init(sqlstate: String, message: String) {
        self.sqlstate = sqlstate
        self.message = message
    }

    init(result: OpaquePointer) {
        sqlstate = errorField(result, .sqlstate)
        message = errorField(result, .message)
        constraint = errorField(result, .constraint)
        column = errorField(result, .column)
        position = Int(errorField(result, .position)) ?? 0
    }

    /// Serialisation failure or deadlock: running the transaction again can help.
    var isConflict: Bool { sqlstate == "40001" || sqlstate == "40P01" }

    /// A cached plan that no longer fits, or a named statement that the server (or another one behind a pooler) does
    /// not know: running the transaction again on a fresh connection helps.
    var isStaleStatement: Bool {
        sqlstate == "26000" || sqlstate == "42P05"
            || (sqlstate == "0A000" && message.contains("cached plan must not change result type"))
    }

    /// The server is going down, coming up, or has become a standby: this connection is of no more use.
    var endsConnection: Bool {
        switch sqlstate {
        case "57P01", "57P02", "57P03", "25006", "25P03", "57P05": true
        default: sqlstate.hasPrefix("08")
        }
    }

    /// `isCancelled`: our own request to stop was sent, which the server reports like a timeout.
    func databaseError(isCancelled: Bool) -> DatabaseError {
        switch sqlstate {
        case "23502": .constraint(name: column, kind: .notNull)
        case "23503": .constraint(name: constraint, kind: .foreignKey)
        case "23505": .constraint(name: constraint, kind: .unique)
        case "23514": .constraint(name: constraint, kind: .check)
        case "23P01": .constraint(name: constraint, kind: .exclusion)
        case "40001", "40P01": .serialization
        case "55P03": .lockTimeout
        case "57014": isCancelled ? .cancelled : .statementTimeout
        case "57P01", "57P02", "57P03", "25P03", "57P05": .connectionLost(outcomeUnknown: false)
        case _ where sqlstate.hasPrefix("08"): .connectionLost(outcomeUnknown: false)
        default: .statement(sqlstate: sqlstate, message: sqlstate.hasPrefix("22") ? "" : message)
        }
    }
}

/// What one exchange with the server can end in.
enum ExchangeError: Error, Equatable {
    /// The statement at `index` failed; the earlier ones ran, the later ones did not.
    case server(ServerError, index: Int)
    /// The connection broke or the deadline passed: nothing more is known.
    case lost
    /// The call itself was wrong and nothing was sent.
    case invalid(ServerError)
}
