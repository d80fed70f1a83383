import Kernel
import Logging
import NIOPosix
import ServiceLifecycle

/// The way to the database: transactions for a scope, over two pools (`app` for requests, `system` for named jobs).
package final class Database: Service, Sendable {
    private let app: ConnectionPool
    private let system: ConnectionPool
    private let configuration: DatabaseConfiguration
    private let logger: Logger

    /// Opens nothing yet: connections come with the first transactions.
    /// - Parameter onPoolWait: called for each transaction with the time it waited for its connection.
    package init(
        _ configuration: DatabaseConfiguration, logger: Logger,
        onPoolWait: @escaping @Sendable (Duration) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        app = ConnectionPool(
            connectionString: configuration.app, size: configuration.appConnections, configuration: configuration,
            onWait: onPoolWait)
        system = ConnectionPool(
            connectionString: configuration.system, size: configuration.systemConnections,
            configuration: configuration, onWait: onPoolWait)
    }

    /// Until graceful shutdown; then waits for running transactions and closes.
    package func run() async throws {
        try? await gracefulShutdown()
        await shutdown()
    }

    /// Refuses new transactions, waits for the running ones, closes every connection.
    package func shutdown() async {
        let grace = configuration.limits.transactionDeadline + .seconds(5)
        await app.shutdown(grace: grace)
        await system.shutdown(grace: grace)
    }

    /// The pools by role: `app` and `system`.
    package var statistics: (app: PoolStatistics, system: PoolStatistics) { (app.statistics, system.statistics) }

    /// Runs `body` in one transaction and commits what it did, or nothing if it throws.
    ///
    /// The body runs on a thread of the pool, cannot await, and is run again after a conflict with another transaction
    /// (at most `options.maximumRetries` times) or when its connection turns out to be dead before the server answered
    /// anything (once): it must have no effect outside the database. A cancelled task stops the running statement,
    /// never the COMMIT. Throws what the body throws, or a `DatabaseError`.
    package func transaction<Scope: TransactionScope, Result: Sendable>(
        for scope: Scope, options: TransactionOptions = TransactionOptions(), logger: Logger? = nil,
        _ body: @escaping @Sendable (borrowing Transaction<Scope>) throws -> Result
    ) async throws -> Result {
        let pool = pool(for: scope.node)
        let log = logger ?? self.logger
        return try await attempt(pool, options: options, logger: log) { connection, cancellation, deadline in
            let session = TransactionSession(
                connection: connection, node: scope.node, options: options, deadline: deadline,
                cancellation: cancellation, logger: log)
            do {
                let result = try body(Transaction(scope: scope, session: session))
                try session.commit()
                return .success(result)
            } catch {
                session.rollback()
                return .failure(error, retry: session.retry)
            }
        }
    }

    /// One statement in a read-only transaction of its own: BEGIN, context, statement and COMMIT in one round trip.
    package func read<Record: RowDecodable & Sendable>(
        for scope: some TransactionScope, _ sql: SQL, as type: Record.Type = Record.self, logger: Logger? = nil
    ) async throws -> [Record] {
        let rows = try await readRows(for: scope, sql, logger: logger)
        return try rows.map { row throws(DatabaseError) in try Record.decoded(row) }
    }

    /// The same with rows as tuples.
    package func read<each Value: SQLDecodable>(
        for scope: some TransactionScope, _ sql: SQL, as types: (repeat each Value).Type, logger: Logger? = nil
    ) async throws -> [(repeat each Value)] {
        let rows = try await readRows(for: scope, sql, logger: logger)
        var records: [(repeat each Value)] = []
        for row in rows { records.append(try row.decode(as: types)) }
        return records
    }

    private func readRows(for scope: some TransactionScope, _ sql: SQL, logger: Logger?) async throws -> [Row] {
        let options = TransactionOptions(isReadOnly: true)
        let node = scope.node
        let log = logger ?? self.logger
        let statement = sql.rendered()
        return try await attempt(pool(for: node), options: options, logger: log) { connection, cancellation, deadline in
            let session = TransactionSession(
                connection: connection, node: node, options: options, deadline: deadline,
                cancellation: cancellation, logger: log)
            do throws(DatabaseError) {
                return .success(try session.runAndCommit(statement).rows)
            } catch {
                session.rollback()
                return .failure(error, retry: session.retry)
            }
        }
    }

    private func pool(for node: ScopeNode) -> ConnectionPool {
        if case .platform = node { system } else { app }
    }
}

// MARK: - Attempts

/// How one attempt ended.
private enum Attempt<Result: Sendable>: Sendable {
    case success(Result)
    case failure(any Error, retry: TransactionSession.Retry?)
}

extension Database {
    private func attempt<Result: Sendable>(
        _ pool: ConnectionPool, options: TransactionOptions, logger: Logger,
        _ work: @escaping @Sendable (Connection, Cancellation, ContinuousClock.Instant) -> Attempt<Result>
    ) async throws -> Result {
        let cancellation = Cancellation()
        let limit = options.deadline ?? configuration.limits.transactionDeadline
        return try await withTaskCancellationHandler {
            var conflicts = 0
            var reconnects = 0
            while true {
                let outcome = try await pool.withConnection(within: options.deadline) { connection in
                    defer {
                        cancellation.endAttempt()
                        // The request to stop may arrive late and must not hit the next user of this connection.
                        if cancellation.wasSent { connection.abandon() }
                    }
                    return work(connection, cancellation, .now.advanced(by: limit))
                }
                guard case .failure(let error, let retry) = outcome else {
                    if case .success(let result) = outcome { return result }
                    continue
                }
                switch retry {
                case .conflict where conflicts < options.maximumRetries:
                    conflicts += 1
                    logger.debug("a transaction runs again after a conflict", metadata: ["attempt": "\(conflicts)"])
                    // Jitter, so that two that collided do not collide again.
                    try await pause(.milliseconds(Int.random(in: 1...(10 << conflicts))))
                case .staleConnection where reconnects < 1:
                    reconnects += 1
                    pool.discardParked()
                case .staleStatement where reconnects < 1: reconnects += 1
                default: throw error
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    private func pause(_ duration: Duration) async throws(DatabaseError) {
        do { try await Task.sleep(for: duration) } catch { throw .cancelled }
    }
}
