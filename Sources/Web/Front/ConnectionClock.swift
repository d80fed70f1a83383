import NIOCore

/// How far a connection is and since when; decides by itself when patience ends. Times are the event loop's.
struct ConnectionClock {
    enum Phase: Equatable {
        /// Between requests.
        case idle
        /// A request's header has begun.
        case header
        /// A body is arriving.
        case body
        /// The last answer was sent; the peer may read it.
        case lingering
    }

    enum Verdict: Equatable {
        case goOn
        case close
        case refuse(FrontRefusal)
    }

    let limits: FrontLimits
    private(set) var phase = Phase.header
    private var since: NIODeadline
    /// Bytes as they came since the header ended, and what the decoder made of them.
    private var rawBytes = 0
    private var bodyBytes = 0
    /// Since when we wait for bytes that the peer does not send.
    private var waitingSince: NIODeadline?
    private var waited: TimeAmount = .zero
    private var unwritableSince: NIODeadline?

    /// A new connection owes us a header at once.
    init(limits: FrontLimits, now: NIODeadline) {
        self.limits = limits
        since = now
    }

    mutating func enter(_ phase: Phase, now: NIODeadline) {
        self.phase = phase
        since = now
        rawBytes = 0
        bodyBytes = 0
        waited = .zero
        waitingSince = nil
    }

    mutating func readRequested(now: NIODeadline) {
        if waitingSince == nil { waitingSince = now }
    }

    mutating func received(raw count: Int, now: NIODeadline) {
        if phase == .idle { enter(.header, now: now) }
        rawBytes += count
        if let start = waitingSince { waited = waited + (now - start) }
        waitingSince = nil
    }

    mutating func received(body count: Int) { bodyBytes += count }

    mutating func writabilityChanged(_ isWritable: Bool, now: NIODeadline) {
        unwritableSince = isWritable ? nil : now
    }

    /// Chunk extensions and trailers are bytes that never become body.
    var framingIsExcessive: Bool {
        phase == .body && rawBytes > limits.framingBytes + 9 * bodyBytes
    }

    func verdict(isAnswering: Bool, now: NIODeadline) -> Verdict {
        if let unwritableSince, now - unwritableSince > TimeAmount(limits.writeStall) { return .close }
        switch phase {
        case .idle:
            return !isAnswering && now - since > TimeAmount(limits.idleTime) ? .close : .goOn
        case .header:
            return now - since > TimeAmount(limits.headerTime) ? .refuse(.slowHeader) : .goOn
        case .body:
            let total = waited + (waitingSince.map { now - $0 } ?? .zero)
            guard total > TimeAmount(limits.bodyGrace) else { return .goOn }
            let owed = Int64(limits.bodyBytesPerSecond) * (total.nanoseconds / 1_000_000_000)
            return Int64(rawBytes) < owed ? .refuse(.slowBody) : .goOn
        case .lingering:
            return now - since > TimeAmount(limits.linger) ? .close : .goOn
        }
    }

    /// How often to look: often enough for the shortest limit.
    var tick: TimeAmount {
        let shortest = min(limits.headerTime, limits.idleTime, limits.bodyGrace, limits.linger) / 4
        return TimeAmount(min(max(shortest, .milliseconds(10)), .seconds(1)))
    }
}
