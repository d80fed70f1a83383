import Logging
import NIOPosix
import Synchronization

/// N connections and N threads: whoever holds one of the N slots has a thread to block on.
final class ConnectionPool: Sendable {
    typealias RequestID = ConnectionPoolStateMachine.RequestID

    /// What a waiting request gets.
    private enum Grant: Sendable { case slot(Int), timedOut, cancelled, stopped }

    private enum Waiter {
        /// In the queue, not asleep yet.
        case arriving
        case asleep(CheckedContinuation<Grant, Never>)
        /// Granted before it fell asleep.
        case granted(Grant)
    }

    private struct State {
        var machine: ConnectionPoolStateMachine
        var connections: [Int: Connection] = [:]
        var waiters: [RequestID: Waiter] = [:]
        var lastRequest: RequestID = 0
        var counters = PoolCounters()
        var lastFailure: ConnectFailure?
    }

    /// A slot that is held, with its parked connection if it has one.
    private struct Lease: Sendable {
        let slot: Int
        let connection: Connection?
    }

    let connectionString: String
    let settings: SessionSettings
    let limits: PoolLimits
    private let usesPreparedStatements: Bool
    private let onWait: @Sendable (Duration) -> Void
    private let threads: NIOThreadPool
    private let state: Mutex<State>
    private let size: Int

    init(
        connectionString: String, size: Int, configuration: DatabaseConfiguration,
        onWait: @escaping @Sendable (Duration) -> Void
    ) {
        self.connectionString = connectionString
        self.size = size
        settings = configuration.session
        limits = configuration.limits
        usesPreparedStatements = configuration.usesPreparedStatements
        self.onWait = onWait
        threads = NIOThreadPool(numberOfThreads: size)
        threads.start()
        state = Mutex(
            State(
                machine: ConnectionPoolStateMachine(
                    size: size, maximumWaiting: limits.maximumWaiting,
                    // Whoever waits must live to see an attempt to connect.
                    maximumPause: min(.seconds(2), limits.acquireTimeout / 2))))
    }

    deinit { threads.shutdownGracefully { _ in } }

    /// Runs `body` on a thread of the pool with a connection of its own. Waits for both at most `acquireTimeout`; while
    /// no server answers it keeps trying for that long.
    /// - Parameter patience: shorter than `acquireTimeout` for somebody who cannot wait.
    func withConnection<Result: Sendable>(
        within patience: Duration? = nil, _ body: @escaping @Sendable (Connection) -> Result
    ) async throws(DatabaseError) -> Result {
        let start = ContinuousClock.now
        let deadline = start.advanced(by: min(limits.acquireTimeout, patience ?? limits.acquireTimeout))
        while true {
            let lease = try await acquire(until: deadline)
            onWait(start.duration(to: .now))
            if let result = try await run(lease, body) { return result }
            try await pauseAfterFailure(until: deadline)
        }
    }

    /// Closes parked connections: they are as old as one that was found dead.
    func discardParked() {
        // Closed outside the lock, when the last reference goes.
        let closed = state.withLock { state in
            state.machine.discardParked().map { state.connections.removeValue(forKey: $0) }
        }
        _ = closed
    }

    var statistics: PoolStatistics {
        state.withLock { state in
            PoolStatistics(
                size: size, leased: state.machine.leasedCount, parked: state.machine.parkedCount,
                waiting: state.machine.queue.count, counters: state.counters)
        }
    }

    /// Refuses new requests, waits for the running ones at most `grace`, closes the connections and ends the threads.
    func shutdown(grace: Duration) async {
        let (waiting, closed) = state.withLock { state in
            let (waiting, slots) = state.machine.stop()
            return (waiting, slots.map { state.connections.removeValue(forKey: $0) })
        }
        _ = closed
        for request in waiting { grant(.stopped, to: request) }
        let deadline = ContinuousClock.now.advanced(by: grace)
        while state.withLock({ $0.machine.leasedCount }) > 0, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(10))
        }
        threads.shutdownGracefully { _ in }
    }
}

// MARK: - Waiting

extension ConnectionPool {
    private func acquire(until deadline: ContinuousClock.Instant) async throws(DatabaseError) -> Lease {
        let (request, admission) = state.withLock { state in
            state.lastRequest += 1
            let request = state.lastRequest
            state.waiters[request] = .arriving
            let (admission, handOvers) = state.machine.acquire(request, now: .now)
            // Nobody else can be asleep for a slot that this request finds free, except after a pause.
            deliver(handOvers, &state)
            if admission != .admitted { state.waiters[request] = nil }
            return (request, admission)
        }
        switch admission {
        case .admitted: break
        case .queueFull:
            state.withLock { $0.counters.refused += 1 }
            throw .poolExhausted
        case .stopped: throw .unavailable
        }
        let grant: Grant
        if let immediate = takeImmediateGrant(request) {
            grant = immediate
        } else {
            grant = await wait(request, until: deadline)
        }
        switch grant {
        case .slot(let slot): return state.withLock { Lease(slot: slot, connection: $0.connections[slot]) }
        case .cancelled: throw .cancelled
        case .stopped: throw .unavailable
        case .timedOut:
            let isDown = state.withLock { state in
                state.counters.timedOut += 1
                return state.machine.pausedUntil != nil
            }
            throw isDown ? .unavailable : .poolExhausted
        }
    }

    private func wait(_ request: RequestID, until deadline: ContinuousClock.Instant) async -> Grant {
        // Cancelled by leaving this scope.
        async let _: Void = expire(request, at: deadline)
        return await withTaskCancellationHandler {
            await sleep(request)
        } onCancel: {
            abandon(request, as: .cancelled)
        }
    }

    private func takeImmediateGrant(_ request: RequestID) -> Grant? {
        state.withLock { state in
            guard case .granted(let grant) = state.waiters[request] else { return nil }
            state.waiters[request] = nil
            return grant
        }
    }

    private func sleep(_ request: RequestID) async -> Grant {
        await withCheckedContinuation { continuation in
            let granted: Grant? = state.withLock { state in
                if case .granted(let grant) = state.waiters.removeValue(forKey: request) { return grant }
                state.waiters[request] = .asleep(continuation)
                return nil
            }
            if let granted { continuation.resume(returning: granted) }
        }
    }

    private func expire(_ request: RequestID, at deadline: ContinuousClock.Instant) async {
        while ContinuousClock.now < deadline {
            let isPaused = state.withLock { $0.machine.pausedUntil != nil }
            let look = ContinuousClock.now.advanced(by: isPaused ? .milliseconds(50) : .milliseconds(250))
            guard (try? await Task.sleep(until: min(deadline, look))) != nil else { return }
            // When a pause ends nothing happens by itself: a waiter has to try.
            state.withLock { deliver($0.machine.resume(now: .now), &$0) }
        }
        abandon(request, as: .timedOut)
    }

    private func abandon(_ request: RequestID, as grant: Grant) {
        let wasWaiting = state.withLock { $0.machine.abandon(request) }
        if wasWaiting { self.grant(grant, to: request) }
    }

    private func grant(_ grant: Grant, to request: RequestID) {
        state.withLock { deliver(grant, to: request, &$0) }
    }

    private func deliver(_ handOvers: [ConnectionPoolStateMachine.HandOver], _ state: inout State) {
        for handOver in handOvers { deliver(.slot(handOver.slot), to: handOver.request, &state) }
    }

    /// Resuming under the lock is fine: a continuation only enqueues its task.
    private func deliver(_ grant: Grant, to request: RequestID, _ state: inout State) {
        switch state.waiters[request] {
        case .asleep(let continuation):
            state.waiters[request] = nil
            continuation.resume(returning: grant)
        case .arriving: state.waiters[request] = .granted(grant)
        case .granted, nil: break
        }
    }
}

// MARK: - Working

extension ConnectionPool {
    /// `nil` when no connection could be opened.
    private func run<Result: Sendable>(
        _ lease: Lease, _ body: @escaping @Sendable (Connection) -> Result
    ) async throws(DatabaseError) -> Result? {
        do {
            return try await threads.runIfActive { [self] in
                guard let connection = open(lease) else { return nil }
                let result = body(connection)
                let age = connection.openedAt.duration(to: .now)
                let isGood = !connection.isBroken && connection.isIdle && age < limits.maximumConnectionAge
                release(lease.slot, isGood ? .park : .discard, connection: isGood ? connection : nil)
                return result
            }
        } catch {
            // The closure never ran: the task was cancelled before a thread took it, or the pool has stopped.
            release(lease.slot, lease.connection == nil ? .discard : .park, connection: lease.connection)
            throw error is CancellationError ? .cancelled : .unavailable
        }
    }

    /// The parked connection if its server is still there, otherwise a new one. On a thread of the pool.
    private func open(_ lease: Lease) -> Connection? {
        if let connection = lease.connection, connection.isAlive { return connection }
        do {
            let connection = try Connection(
                to: connectionString, timeout: limits.connectTimeout, settings: settings,
                usesPreparedStatements: usesPreparedStatements)
            state.withLock { state in
                state.counters.opened += 1
                deliver(state.machine.connected(now: .now), &state)
            }
            return connection
        } catch {
            state.withLock { state in
                state.lastFailure = error
                state.counters.connectFailures += 1
            }
            release(lease.slot, .connectFailed, connection: nil)
            return nil
        }
    }

    private func release(_ slot: Int, _ ending: ConnectionPoolStateMachine.Ending, connection: Connection?) {
        // The old connection is closed outside the lock, when the last reference goes.
        let replaced = state.withLock { state in
            let replaced = state.connections[slot]
            state.connections[slot] = state.machine.isStopped ? nil : connection
            deliver(state.machine.release(slot, ending, now: .now), &state)
            return replaced
        }
        _ = replaced
    }

    private func pauseAfterFailure(until deadline: ContinuousClock.Instant) async throws(DatabaseError) {
        let pausedUntil = state.withLock { $0.machine.pausedUntil } ?? .now
        guard pausedUntil < deadline else { throw .unavailable }
        do { try await Task.sleep(until: pausedUntil) } catch { throw .cancelled }
    }

    /// Why the last attempt to connect failed, in libpq's words; for logs and the readiness answer of operators.
    var lastFailureReason: String? { state.withLock { $0.lastFailure?.reason } }
}
