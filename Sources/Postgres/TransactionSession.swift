import Kernel
import Logging

/// One attempt at one transaction on one connection: opens it with its first statement, remembers why it failed, and
/// ends it. Used by one thread.
final class TransactionSession {
    /// Why running the body again on a connection can help.
    enum Retry: Sendable, Equatable { case conflict, staleConnection, staleStatement }

    let logger: Logger
    private let connection: Connection
    private let options: TransactionOptions
    private let node: ScopeNode
    private let deadline: Connection.Deadline
    private let cancellation: Cancellation
    private var isOpen = false
    private var hasAnswered = false
    /// Sent with the next round trip.
    private var postponed: [Statement] = []
    private(set) var retry: Retry?

    init(
        connection: Connection, node: ScopeNode, options: TransactionOptions, deadline: Connection.Deadline,
        cancellation: Cancellation, logger: Logger
    ) {
        self.connection = connection
        self.node = node
        self.options = options
        self.deadline = deadline
        self.cancellation = cancellation
        self.logger = logger
    }

    /// Lets a statement wait for the next round trip, which may be the COMMIT's.
    func postpone(_ statement: Statement) { postponed.append(statement) }

    /// Runs statements in one round trip; the first call brings BEGIN and the context along.
    func run(_ statements: [Statement]) throws(DatabaseError) -> [ResultTable] {
        guard !statements.isEmpty else { return [] }
        let opening =
            isOpen ? [] : [options.beginStatement] + [node.contextStatement, lockPatience].compactMap(\.self)
        let prelude = opening + postponed
        postponed = []
        try cancellation.begin(connection)
        isOpen = true
        defer { cancellation.end() }
        do throws(ExchangeError) {
            let tables = try connection.exchange(prelude + statements, deadline: deadline)
            hasAnswered = true
            return Array(tables.dropFirst(prelude.count))
        } catch {
            throw translate(error, statements: prelude + statements)
        }
    }

    /// The whole transaction in one round trip, for a single read.
    func runAndCommit(_ statement: Statement) throws(DatabaseError) -> ResultTable {
        let tables = try run([statement, .control("COMMIT")])
        isOpen = false
        return tables[0]
    }

    func copyIn(_ target: Statement, rows: some Sequence<[any SQLEncodable]>) throws(DatabaseError) {
        guard target.parameters.isEmpty else {
            throw .statement(sqlstate: "42601", message: "a COPY target has no parameters")
        }
        if !isOpen || !postponed.isEmpty { _ = try run([.control("SELECT 1")]) }
        try cancellation.begin(connection)
        defer { cancellation.end() }
        do throws(ExchangeError) {
            try connection.copyIn(target.text, rows: rows, deadline: deadline)
        } catch {
            throw translate(error, statements: [target])
        }
    }

    /// How long the server may wait for a lock, where the caller set a deadline that is shorter than the session's own
    /// patience. The server says that it gave up while there is time left to hear it: so it is known that nothing
    /// happened, the connection stays good, and nobody waits on at the server for somebody who has gone.
    private var lockPatience: Statement? {
        guard options.deadline != nil else { return nil }
        let patience = ContinuousClock.now.duration(to: deadline) * 3 / 4
        guard patience < connection.settings.lockTimeout else { return nil }
        return .control("SET LOCAL lock_timeout = \(max(1, patience.milliseconds))")
    }

    /// Commits, unless nothing was ever sent; what was postponed goes along, and waits for locks no longer than the
    /// caller's deadline allows. From here on a cancellation is not passed on: a cancelled COMMIT answers success without
    /// having reached the standby.
    func commit() throws(DatabaseError) {
        if !isOpen, !postponed.isEmpty { _ = try run([.control("SELECT 1")]) }
        guard isOpen else { return }
        guard cancellation.beginCommit() else {
            rollback()
            throw .cancelled
        }
        _ = connection.takeWarnings()
        // The body may have used up its time; a COMMIT gets some of its own before the outcome is called unknown.
        let limit = max(deadline, .now.advanced(by: .seconds(5)))
        let patience = postponed.isEmpty ? nil : lockPatience
        let statements = [patience].compactMap(\.self) + postponed + [.control("COMMIT")]
        do throws(ExchangeError) {
            let tag = try connection.exchange(statements, deadline: limit).last?.commandTag
            isOpen = false
            // The body went on after an error, so the server rolled back.
            guard tag == "COMMIT" else {
                throw .server(ServerError(sqlstate: "25P02", message: "the transaction had failed"), index: 0)
            }
        } catch .lost {
            throw .connectionLost(outcomeUnknown: true)
        } catch {
            throw translate(error, statements: statements, isCommit: true)
        }
        try refuseUnacknowledged()
    }

    /// A WARNING at COMMIT says that the wait for the standby was cut short: durable here, perhaps nowhere else.
    private func refuseUnacknowledged() throws(DatabaseError) {
        guard let warning = connection.takeWarnings().first else { return }
        logger.error("COMMIT was not acknowledged by the standby", metadata: ["sqlstate": "\(warning.sqlstate)"])
        connection.isBroken = true
        throw .connectionLost(outcomeUnknown: true)
    }

    /// Leaves the connection clean, or marks it as unusable.
    func rollback() {
        guard isOpen else { return }
        isOpen = false
        // After a request to stop the connection is closed anyway.
        guard !connection.isBroken, !cancellation.wasSent else { return }
        let limit = ContinuousClock.now.advanced(by: .seconds(5))
        if (try? connection.exchange([.control("ROLLBACK")], deadline: limit)) == nil { connection.abandon() }
    }

    private func translate(
        _ error: ExchangeError, statements: [Statement], isCommit: Bool = false
    ) -> DatabaseError {
        switch error {
        case .lost:
            if cancellation.isCancelled { return .cancelled }
            if !hasAnswered { retry = .staleConnection }
            return .connectionLost(outcomeUnknown: isCommit)
        case .invalid(let error): return error.databaseError(isCancelled: false)
        case .server(let error, let index):
            if error.isConflict { retry = .conflict }
            if error.isStaleStatement { retry = .staleStatement }
            if error.endsConnection && !hasAnswered { retry = .staleConnection }
            // A server that goes down during COMMIT may have committed before it says so.
            if error.endsConnection && isCommit { return .connectionLost(outcomeUnknown: true) }
            let translated = error.databaseError(isCancelled: cancellation.isCancelled)
            if case .statement(let sqlstate, let message) = translated {
                logger.error(
                    "a statement failed",
                    metadata: [
                        "sqlstate": "\(sqlstate)", "message": "\(message)",
                        "statement": "\(statements.indices.contains(index) ? statements[index].text : "")",
                    ])
            }
            return translated
        }
    }
}
