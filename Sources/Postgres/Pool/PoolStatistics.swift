/// Counted since the start.
package struct PoolCounters: Sendable, Equatable {
    package var opened = 0
    package var connectFailures = 0
    /// Waited until the deadline in vain.
    package var timedOut = 0
    /// Not even admitted to the queue.
    package var refused = 0
}

/// One pool at one moment.
package struct PoolStatistics: Sendable, Equatable {
    package let size: Int
    package let leased: Int
    package let parked: Int
    package let waiting: Int
    package let counters: PoolCounters
}
