import CLibPQ
import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// One connection to a server, over libpq.
///
/// `@unchecked Sendable`, the one place in the product: libpq's pointers are not checked by the compiler. It is safe
/// because a connection is used by one thread at a time (the pool leases it exclusively, and the threads hand it over
/// under a lock) and `cancelInBackground`, the one thing that another thread may call, only touches the immutable
/// `PGcancel`, which libpq allows from any thread.
final class Connection: @unchecked Sendable {
    typealias Deadline = ContinuousClock.Instant

    let pointer: OpaquePointer
    private let cancelPointer: OpaquePointer?
    let openedAt: ContinuousClock.Instant
    let settings: SessionSettings
    var statements: StatementCache
    /// Set when nothing more can be said on this connection: it is closed instead of parked.
    var isBroken = false
    /// The server's message behind the last error, for the log.
    var lastServerMessage = ""
    /// WARNINGs since they were last taken; a COMMIT looks at them.
    var warnings: [ServerWarning] = []

    /// Opens and waits, at most `timeout` for each host that the string names.
    init(
        to connectionString: String, timeout: Duration, settings: SessionSettings, usesPreparedStatements: Bool,
        applicationName: String = "controlplane"
    ) throws(ConnectFailure) {
        // libpq lets later words win: ours before the string are defaults, those after it are not negotiable.
        let words: [(String, String)] = [
            ("connect_timeout", String(max(2, timeout.milliseconds / 1000))),
            ("fallback_application_name", applicationName),
            ("dbname", connectionString),
            ("client_encoding", "UTF8"),
        ]
        guard let pointer = connect(words) else { throw ConnectFailure(reason: "libpq is out of memory") }
        guard PQstatus(pointer) == CONNECTION_OK else {
            let reason = String(cString: PQerrorMessage(pointer))
            PQfinish(pointer)
            throw ConnectFailure(reason: reason.trimmed)
        }
        self.pointer = pointer
        cancelPointer = PQgetCancel(pointer)
        openedAt = .now
        self.settings = settings
        statements = StatementCache(capacity: usesPreparedStatements ? 256 : 0)
        PQsetNoticeReceiver(pointer, receiveNotice, Unmanaged.passUnretained(self).toOpaque())
        guard PQsetnonblocking(pointer, 1) == 0 else {
            throw ConnectFailure(reason: "the socket cannot be non-blocking")
        }
        if let statement = settings.statement {
            do {
                try simple(statement, deadline: openedAt.advanced(by: max(.seconds(2), timeout)))
            } catch {
                throw ConnectFailure(reason: "the session settings were refused: \(lastServerMessage)")
            }
        }
    }

    deinit {
        PQfreeCancel(cancelPointer)
        PQfinish(pointer)
    }

    /// Closes the socket under a server that does not answer; the object stays valid and every use of it fails.
    func abandon() {
        isBroken = true
        let socket = PQsocket(pointer)
        if socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    /// Asks the server to stop what runs here. On a thread of its own, as libpq waits for the server without a limit
    /// and a hung server never answers; the caller keeps its own deadline.
    func cancelInBackground() {
        DispatchQueue.global().async { [self] in
            guard let cancelPointer else { return }
            var message = [CChar](repeating: 0, count: 256)
            _ = PQcancel(cancelPointer, &message, Int32(message.count))
        }
    }

    /// Whether a parked connection still has a server behind it, without a round trip: a server that went away has left
    /// an end-of-file in the socket.
    var isAlive: Bool {
        guard !isBroken else { return false }
        var request = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
        // A farewell message may lie before the end-of-file.
        for _ in 0..<8 {
            guard PQstatus(pointer) == CONNECTION_OK else { return false }
            if poll(&request, 1, 0) == 0 { return true }
            guard PQconsumeInput(pointer) == 1 else { return false }
        }
        return false
    }

    var isIdle: Bool { PQtransactionStatus(pointer) == PQTRANS_IDLE }

    var processID: Int32 { PQbackendPID(pointer) }

    func takeWarnings() -> [ServerWarning] {
        defer { warnings = [] }
        return warnings
    }
}

/// No connection, with libpq's reason: hosts and ports, never the password.
package struct ConnectFailure: Error, Equatable, CustomStringConvertible {
    package let reason: String

    package var description: String { "No connection to PostgreSQL: \(reason)" }
}

/// A WARNING of the server, by SQLSTATE.
struct ServerWarning: Sendable, Equatable {
    let sqlstate: String
    let message: String
}

private func receiveNotice(context: UnsafeMutableRawPointer?, result: OpaquePointer?) {
    guard let context, let result else { return }
    let severity = errorField(result, .severity)
    guard severity == "WARNING" else { return }
    let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
    connection.warnings.append(
        ServerWarning(sqlstate: errorField(result, .sqlstate), message: errorField(result, .message)))
}

/// Field codes of `PQresultErrorField` (libpq, "PG_DIAG_…").
enum ErrorField: UInt8 {
    case severity = 0x56  // V: not translated
    case sqlstate = 0x43  // C
    case message = 0x4D  // M
    case position = 0x50  // P
    case constraint = 0x6E  // n
    case column = 0x63  // c
}

func errorField(_ result: OpaquePointer, _ field: ErrorField) -> String {
    PQresultErrorField(result, Int32(field.rawValue)).map { String(cString: $0) } ?? ""
}

/// Blocks until the connection is open or refused.
private func connect(_ words: [(String, String)]) -> OpaquePointer? {
    var bytes: [CChar] = []
    var offsets: [Int] = []
    for word in words.map(\.0) + words.map(\.1) {
        offsets.append(bytes.count)
        bytes += word.utf8CString
    }
    return bytes.withUnsafeBufferPointer { buffer in
        let pointers = offsets.map { offset in buffer.baseAddress.map { $0 + offset } }
        let keys = pointers.prefix(words.count) + [nil]
        let values = pointers.suffix(words.count) + [nil]
        return PQconnectdbParams(Array(keys), Array(values), 1)
    }
}

extension String {
    /// Without surrounding white space.
    var trimmed: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}

extension Connection {
    /// Writes every protocol message to a file, `nil` to end: how the tests count round trips.
    func trace(to file: UnsafeMutablePointer<FILE>?) {
        if let file { PQtrace(pointer, file) } else { PQuntrace(pointer) }
    }
}
