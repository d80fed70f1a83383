/// How to reach the database and what every use of it is limited to.
package struct DatabaseConfiguration: Sendable {
    /// libpq's own connection string for the role that serves requests: a URI or `key=value` words, with its TLS
    /// options, several hosts and `target_session_attrs`.
    package var app: String
    /// The same for the role of named system jobs, which sees every row.
    package var system: String
    /// Connections (and threads) for `app`.
    package var appConnections = 8
    /// Connections (and threads) for `system`.
    package var systemConnections = 4
    package var session = SessionSettings()
    package var limits = PoolLimits()
    /// Off behind a pooler that does not know named statements.
    package var usesPreparedStatements = true

    package init(app: String, system: String) {
        self.app = app
        self.system = system
    }
}

/// Set by `SET` when a connection opens, because poolers refuse them as startup options.
package struct SessionSettings: Sendable, Equatable {
    package var statementTimeout: Duration = .seconds(15)
    package var lockTimeout: Duration = .seconds(5)
    package var idleInTransactionTimeout: Duration = .seconds(30)
    /// Off behind a pooler in transaction mode, where a `SET` would reach other clients: then `ALTER ROLE` has to say
    /// it.
    package var isApplied = true

    package init() {}

    var statement: String? {
        guard isApplied else { return nil }
        return """
            SET statement_timeout = \(statementTimeout.milliseconds); SET lock_timeout = \(lockTimeout.milliseconds); \
            SET idle_in_transaction_session_timeout = \(idleInTransactionTimeout.milliseconds); \
            SET timezone = 'UTC'; SET datestyle = 'ISO'; SET standard_conforming_strings = on
            """
    }
}

/// A limit on everything that waits.
package struct PoolLimits: Sendable {
    /// How long a transaction may wait for a connection before `.poolExhausted` or `.unavailable`.
    package var acquireTimeout: Duration = .seconds(5)
    /// How many may wait at once; the next one fails at once.
    package var maximumWaiting = 256
    /// The client's own limit of one transaction: past it the socket is closed, because a hung server says nothing.
    package var transactionDeadline: Duration = .seconds(30)
    /// For each host of the connection string, unless the string itself says `connect_timeout`; at least 2 s.
    package var connectTimeout: Duration = .seconds(3)
    /// An older connection is replaced when it comes back, so that a changed address or certificate is noticed.
    package var maximumConnectionAge: Duration = .seconds(1800)

    package init() {}
}

/// How one transaction runs.
package struct TransactionOptions: Sendable {
    /// PostgreSQL's isolation levels, in its own words.
    package enum Isolation: String, Sendable {
        case readCommitted = "READ COMMITTED"
        case repeatableRead = "REPEATABLE READ"
        case serializable = "SERIALIZABLE"
    }

    package var isolation: Isolation = .readCommitted
    package var isReadOnly = false
    /// Instead of `PoolLimits.transactionDeadline`. Locks are waited for no longer than three quarters of it, so that the
    /// answer is `.lockTimeout` and not a lost connection.
    package var deadline: Duration?
    /// How often the body is run again after a conflict (40001, 40P01).
    package var maximumRetries = 3

    package init(
        isolation: Isolation = .readCommitted, isReadOnly: Bool = false, deadline: Duration? = nil,
        maximumRetries: Int = 3
    ) {
        self.isolation = isolation
        self.isReadOnly = isReadOnly
        self.deadline = deadline
        self.maximumRetries = maximumRetries
    }

    var beginStatement: Statement {
        var text = "BEGIN"
        if isolation != .readCommitted { text += " ISOLATION LEVEL \(isolation.rawValue)" }
        if isReadOnly { text += " READ ONLY" }
        return .control(text)
    }
}

extension Duration {
    /// Whole milliseconds, rounded down; at least 0.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}
