import Synchronization

/// Where task cancellation meets a running statement. It may stop statements, never a COMMIT; once it was asked for,
/// nothing commits.
final class Cancellation: Sendable {
    private enum Phase {
        case betweenStatements
        case running(Connection)
        case committing
    }

    private struct State {
        var phase = Phase.betweenStatements
        var isCancelled = false
        var wasSent = false
    }

    private let state = Mutex(State())

    /// From any thread: stops what runs, and refuses what would come next.
    func cancel() {
        state.withLock { state in
            if case .committing = state.phase { return }
            state.isCancelled = true
            if case .running(let connection) = state.phase {
                state.wasSent = true
                connection.cancelInBackground()
            }
        }
    }

    func begin(_ connection: Connection) throws(DatabaseError) {
        let mayRun = state.withLock { state in
            if !state.isCancelled { state.phase = .running(connection) }
            return !state.isCancelled
        }
        guard mayRun else { throw .cancelled }
    }

    func end() { state.withLock { $0.phase = .betweenStatements } }

    /// `false` when the task was cancelled before.
    func beginCommit() -> Bool {
        state.withLock { state in
            if !state.isCancelled { state.phase = .committing }
            return !state.isCancelled
        }
    }

    /// Ends an attempt, so that the next one can begin.
    func endAttempt() { state.withLock { $0.phase = .betweenStatements } }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    var wasSent: Bool { state.withLock { $0.wasSent } }
}
