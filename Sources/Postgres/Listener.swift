import CLibPQ
import Logging
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// What `NOTIFY` sent.
package struct Notification: Sendable, Equatable {
    package let channel: String
    package let payload: String

    package init(channel: String, payload: String) {
        self.channel = channel
        self.payload = payload
    }
}

/// LISTEN on a connection of its own. A notification is a hint and no more: it is lost while the connection is away,
/// and behind a pooler or on another node of a sharded database it never comes. So listeners poll anyway, and look
/// after each (re)connect, for which they get one notification with an empty payload per channel.
package struct Listener: Sendable {
    private let connectionString: String
    private let channels: [String]
    private let logger: Logger

    package init(connectionString: String, channels: [String], logger: Logger) {
        self.connectionString = connectionString
        self.channels = channels
        self.logger = logger
    }

    /// Runs until the consumer ends the iteration or its task is cancelled; reconnects by itself. Keeps the newest 64
    /// notifications for a slow consumer.
    package func notifications() -> AsyncStream<Notification> {
        AsyncStream(bufferingPolicy: .bufferingNewest(64)) { continuation in
            let isStopped = StopFlag()
            let threads = NIOThreadPool(numberOfThreads: 1)
            threads.start()
            continuation.onTermination = { _ in
                isStopped.set()
                threads.shutdownGracefully { _ in }
            }
            threads.submit { [self] state in
                guard case .active = state else { return }
                var pause: Duration = .milliseconds(100)
                while !isStopped.isSet {
                    if listen(until: isStopped, yield: { _ = continuation.yield($0) }) { pause = .milliseconds(100) }
                    isStopped.sleep(pause)
                    pause = min(pause * 2, .seconds(5))
                }
            }
        }
    }

    /// One connection's life. Returns whether it was ever open.
    private func listen(until isStopped: StopFlag, yield: (Notification) -> Void) -> Bool {
        do {
            var settings = SessionSettings()
            settings.statementTimeout = .seconds(5)
            let connection = try Connection(
                to: connectionString, timeout: .seconds(5), settings: settings, usesPreparedStatements: false)
            for channel in channels {
                let statement = ("LISTEN \(SQL.identifier(channel))" as SQL).rendered()
                try connection.simple(statement.text, deadline: .now.advanced(by: .seconds(5)))
            }
            for channel in channels { yield(Notification(channel: channel, payload: "")) }
            var lastCheck = ContinuousClock.now
            while !isStopped.isSet {
                guard let notifications = connection.takeNotifications(waiting: .milliseconds(250)) else { return true }
                for notification in notifications { yield(notification) }
                // A hung server keeps the socket open: ask now and then.
                if lastCheck.duration(to: .now) > .seconds(30) {
                    try connection.simple("SELECT 1", deadline: .now.advanced(by: .seconds(5)))
                    lastCheck = .now
                }
            }
            return true
        } catch {
            logger.debug("the listener has no connection", metadata: ["error": "\(error)"])
            return false
        }
    }
}

extension Connection {
    /// What has arrived, after waiting for something at most that long; `nil` when the connection is gone.
    func takeNotifications(waiting limit: Duration) -> [Notification]? {
        var request = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
        _ = poll(&request, 1, Int32(clamping: limit.milliseconds))
        guard PQconsumeInput(pointer) == 1, PQstatus(pointer) == CONNECTION_OK else { return nil }
        var notifications: [Notification] = []
        while let next = PQnotifies(pointer) {
            notifications.append(
                Notification(
                    channel: String(cString: next.pointee.relname), payload: String(cString: next.pointee.extra)))
            PQfreemem(next)
        }
        return notifications
    }
}

/// Set once, from another thread.
private final class StopFlag: Sendable {
    private let state = Mutex(false)

    var isSet: Bool { state.withLock { $0 } }

    func set() { state.withLock { $0 = true } }

    /// On a thread that may block; returns early when the flag is set.
    func sleep(_ duration: Duration) {
        let deadline = ContinuousClock.now.advanced(by: duration)
        while !isSet, ContinuousClock.now < deadline { usleep(50_000) }
    }
}
