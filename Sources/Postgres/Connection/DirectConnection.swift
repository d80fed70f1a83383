import CLibPQ
import NIOPosix

/// One connection outside the pools, lent to a synchronous body: for migrations, bootstrap and catalogue checks, which
/// run rarely, long, and as other roles. Statements are in autocommit unless the body says otherwise.
package struct DirectConnection: ~Copyable {
    let connection: Connection
    let deadline: ContinuousClock.Instant

    /// Opens, runs `body` on a thread for blocking work, closes.
    /// Throws `ConnectFailure`, a `DatabaseError`, or what the body throws.
    package static func open<Result: Sendable>(
        _ connectionString: String, limit: Duration = .seconds(3600),
        _ body: @escaping @Sendable (borrowing DirectConnection) throws -> Result
    ) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive {
            var settings = SessionSettings()
            settings.statementTimeout = .zero
            settings.idleInTransactionTimeout = .zero
            settings.lockTimeout = .seconds(15)
            let connection = try Connection(
                to: connectionString, timeout: .seconds(5), settings: settings, usesPreparedStatements: false)
            return try body(DirectConnection(connection: connection, deadline: .now.advanced(by: limit)))
        }
    }

    /// The rows of one statement.
    package borrowing func rows(_ sql: SQL) throws(DatabaseError) -> [Row] {
        do throws(ExchangeError) {
            return try connection.exchange([sql.rendered()], deadline: deadline).first?.rows ?? []
        } catch {
            throw error.databaseError
        }
    }

    package borrowing func execute(_ sql: SQL) throws(DatabaseError) { _ = try rows(sql) }

    /// The one column of the first row; `.notFound` without one.
    package borrowing func value<Value: SQLDecodable>(
        _ sql: SQL, as type: Value.Type = Value.self
    ) throws(DatabaseError) -> Value {
        guard let row = try rows(sql).first else { throw .notFound }
        return try row.value(at: 0, as: type)
    }

    /// The server's process for this connection.
    package var processID: Int32 { connection.processID }
}

extension ExchangeError {
    var databaseError: DatabaseError {
        switch self {
        case .lost: .connectionLost(outcomeUnknown: true)
        case .invalid(let error), .server(let error, _): error.databaseError(isCancelled: false)
        }
    }
}

extension SQL {
    /// A name as an identifier, quoted: for names from the catalogue or of this module.
    static func identifier(_ name: String) -> SQL {
        SQL(
            unsafeText: "\"\(name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
        )
    }
}
