/// Which of a fixed number of slots goes to whom. Pure: no locks, no connections, no clock of its own; the shell
/// (`ConnectionPool`) does what the answers say.
///
/// A slot is empty, parked (it has an open connection that nobody uses) or leased. Whoever leases an empty slot opens
/// the connection. After a failure to connect no empty slot is given out until a growing pause is over.
struct ConnectionPoolStateMachine {
    typealias Instant = ContinuousClock.Instant
    typealias RequestID = UInt64

    enum Slot: Equatable { case empty, parked, leased }

    /// The end of a lease.
    enum Ending: Equatable {
        /// The connection is good for the next one.
        case park
        /// It is closed.
        case discard
        /// There never was one.
        case connectFailed
    }

    /// A slot goes to a request that asked for one.
    struct HandOver: Equatable {
        let request: RequestID
        let slot: Int
    }

    enum Admission: Equatable {
        /// Perhaps at once: look for the request in `handOvers`.
        case admitted
        case queueFull
        case stopped
    }

    private(set) var slots: [Slot]
    private(set) var queue: [RequestID] = []
    /// Parked slots, the one used last at the end: it comes first, so that the others can age.
    private var parked: [Int] = []
    private var failures = 0
    private var retryAt: Instant?
    private(set) var isStopped = false
    let maximumWaiting: Int
    private let maximumPause: Duration

    init(size: Int, maximumWaiting: Int, maximumPause: Duration = .seconds(2)) {
        self.maximumPause = maximumPause
        slots = Array(repeating: .empty, count: size)
        self.maximumWaiting = maximumWaiting
    }

    var leasedCount: Int { slots.count { $0 == .leased } }

    var parkedCount: Int { parked.count }

    /// The end of the present pause, if connecting failed last.
    var pausedUntil: Instant? { retryAt }

    /// Puts a request at the end of the queue and hands out what is free.
    mutating func acquire(_ request: RequestID, now: Instant) -> (Admission, [HandOver]) {
        guard !isStopped else { return (.stopped, []) }
        queue.append(request)
        let handOvers = handOut(now: now)
        guard queue.count > maximumWaiting, queue.last == request else { return (.admitted, handOvers) }
        queue.removeLast()
        return (.queueFull, handOvers)
    }

    /// Takes a request back that nobody waits for any more; `false` when it already has its slot.
    mutating func abandon(_ request: RequestID) -> Bool {
        guard let index = queue.firstIndex(of: request) else { return false }
        queue.remove(at: index)
        return true
    }

    /// Time has passed: a pause may be over.
    mutating func resume(now: Instant) -> [HandOver] { handOut(now: now) }

    /// An empty slot's new connection is open: the pause is over for the others, too.
    mutating func connected(now: Instant) -> [HandOver] {
        failures = 0
        retryAt = nil
        return handOut(now: now)
    }

    /// Ends a lease.
    mutating func release(_ slot: Int, _ ending: Ending, now: Instant) -> [HandOver] {
        precondition(slots[slot] == .leased, "a slot is released by its holder, once")
        switch ending {
        case .park where !isStopped:
            slots[slot] = .parked
            parked.append(slot)
        case .park, .discard: slots[slot] = .empty
        case .connectFailed:
            slots[slot] = .empty
            failures += 1
            retryAt = now.advanced(by: pause(after: failures))
        }
        return handOut(now: now)
    }

    /// The parked slots become empty: their connections are as old as one that was found dead.
    mutating func discardParked() -> [Int] {
        defer { parked = [] }
        for slot in parked { slots[slot] = .empty }
        return parked
    }

    /// No more requests. Returns those that waited and the slots to close; leases run out by themselves.
    mutating func stop() -> (waiting: [RequestID], close: [Int]) {
        isStopped = true
        defer { queue = [] }
        return (queue, discardParked())
    }

    /// 50 ms, doubled by each further failure up to the limit.
    func pause(after failures: Int) -> Duration { min(maximumPause, .milliseconds(50 << min(failures - 1, 6))) }

    private mutating func handOut(now: Instant) -> [HandOver] {
        var handOvers: [HandOver] = []
        while !queue.isEmpty, let slot = takeFreeSlot(now: now) {
            slots[slot] = .leased
            handOvers.append(HandOver(request: queue.removeFirst(), slot: slot))
        }
        return handOvers
    }

    private mutating func takeFreeSlot(now: Instant) -> Int? {
        if let slot = parked.popLast() { return slot }
        if let retryAt, now < retryAt { return nil }
        return slots.firstIndex(of: .empty)
    }
}
