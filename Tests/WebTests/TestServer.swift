import Kernel
import Logging
import NIOPosix
import ServiceLifecycle
import Synchronization

@testable import Web

#if canImport(Glibc)
    import Glibc
#endif

/// A server on free ports, bound as in production, for the time of one test.
struct TestServer: Sendable {
    let port: Int
    let healthPort: Int
    let metrics: Metrics
    let log: LogLines
    private let group: ServiceGroup

    /// Starts the site, runs the body, and shuts down gracefully.
    static func run(
        _ site: Site, settings change: (inout ServerSettings) -> Void = { _ in },
        hooks changeHooks: (inout ServerHooks) -> Void = { _ in },
        _ body: @Sendable @escaping (TestServer) async throws -> Void
    ) async throws {
        var settings = ServerSettings()
        settings.port = 0
        settings.healthPort = 0
        change(&settings)
        let log = LogLines()
        let metrics = Metrics()
        var hooks = ServerHooks(
            logger: Logger(label: "web") { _ in LogCapture(lines: log) }, metrics: metrics,
            time: .fixed(Timestamp(seconds: 1_795_266_000)), authenticate: TestPrincipal.authenticate)
        changeHooks(&hooks)
        let web = try WebServices(site: site, settings: settings, hooks: hooks)
        let group = ServiceGroup(services: web.services, logger: Logger(label: "group") { _ in LogCapture(lines: log) })
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let server = TestServer(
                port: try await web.mainPort.value(), healthPort: try await web.healthPort.value(), metrics: metrics,
                log: log, group: group)
            do {
                try await body(server)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func shutDown() async { await group.triggerGracefulShutdown() }

    /// Sends the text as it is and reads until the server closes.
    func exchange(_ text: String, port: Int? = nil) async throws -> RawAnswer {
        try await exchange([text], port: port)
    }

    /// Sends pieces with a pause between two of them, then reads until the server closes.
    func exchange(
        _ pieces: [String], pause: Duration = .zero, endsInput: Bool = false, port: Int? = nil
    ) async throws -> RawAnswer {
        let port = port ?? self.port
        return try await NIOThreadPool.singleton.runIfActive {
            let socket = try RawSocket(port: port)
            defer { socket.close() }
            for piece in pieces {
                socket.send(Array(piece.utf8))
                if pause > .zero { usleep(UInt32(pause / .microseconds(1))) }
            }
            if endsInput { socket.endOutput() }
            return RawAnswer(text: String(decoding: socket.readAll(), as: UTF8.self))
        }
    }

    func get(_ path: String, token: String? = "full", _ headers: String...) async throws -> RawAnswer {
        try await request("GET", path, token: token, headers)
    }

    func post(
        _ path: String, _ body: String, token: String? = "full", type: String = "application/json", _ headers: String...
    ) async throws -> RawAnswer {
        try await request(
            "POST", path, token: token, headers + ["Content-Type: \(type)", "Content-Length: \(body.utf8.count)"], body)
    }

    func request(
        _ method: String, _ path: String, token: String? = "full", _ headers: [String] = [], _ body: String = ""
    ) async throws -> RawAnswer {
        let lines =
            ["\(method) \(path) HTTP/1.1", "Host: localhost:\(port)", "Connection: close"]
            + (token.map { ["Authorization: Bearer \($0)"] } ?? []) + headers
        return try await exchange(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }
}

enum TestPrincipal {
    static let read = Permission("sample.read")
    static let write = Permission("sample.write")

    static func make(_ permissions: Set<Permission>) -> Principal {
        Principal(
            id: PrincipalID(.init(bytes: Array(repeating: 9, count: 16))), kind: .apiKey, displayName: "test",
            scope: .platform, permissions: permissions)
    }

    @Sendable static func authenticate(_ credential: Credential) async throws -> Principal? {
        switch credential {
        case .bearer("full"), .session("session-secret"): make([read, write])
        case .bearer("reader"), .session("reader-secret"): make([read])
        case .bearer("down"): throw Problem.unavailable("the database is away", retryAfterSeconds: 3)
        default: nil
        }
    }
}

/// What a server sent until it closed the connection.
struct RawAnswer: Sendable {
    let text: String

    var status: Int { Int(text.dropFirst(9).prefix(3)) ?? 0 }
    var head: String { text.split(separator: "\r\n\r\n", maxSplits: 1).first.map(String.init) ?? "" }
    var body: String { text.components(after: "\r\n\r\n") }
    var json: JSON? { try? JSON(parsing: body) }
    var reason: String? { json?["reason"]?.string }
    /// How many final answers the text holds.
    var answers: Int { text.split(separator: "HTTP/1.1 ").filter { !$0.hasPrefix("100") }.count }

    func header(_ name: String) -> String? { headers(name).first }

    func headers(_ name: String) -> [String] {
        head.split(separator: "\r\n").dropFirst().compactMap { line in
            let pair = line.split(separator: ":", maxSplits: 1)
            guard pair.count == 2, pair[0].lowercased() == name else { return nil }
            return pair[1].trimmed
        }
    }
}

extension String {
    fileprivate func components(after separator: String) -> String {
        guard let range = firstRange(of: separator) else { return "" }
        return String(self[range.upperBound...])
    }
}

/// A blocking TCP connection to this machine.
final class RawSocket {
    private let descriptor: Int32

    struct Failure: Error {}

    init(port: Int, seconds: Int = 10) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure() }
        var timeout = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure() }
    }

    /// Sends as much as the peer takes; a closed connection is no error here.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func endOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    func readAll() -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return result }
            result += buffer[..<count]
        }
    }

    /// Reads until the text ends so, or nothing more comes.
    func read(until end: String) -> String {
        var result: [UInt8] = []
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, 0) == 1 {
            result.append(byte)
            if result.suffix(end.utf8.count).elementsEqual(end.utf8) { break }
        }
        return String(decoding: result, as: UTF8.self)
    }

    func close() { Glibc.close(descriptor) }
}

/// Log lines, kept for looking at them.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func append(_ line: String) { lines.withLock { $0.append(line) } }
}

struct LogCapture: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.info

    init(lines: LogLines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let pairs = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        lines.append("\(event.level) \(event.message) \(pairs.joined(separator: " "))")
    }
}
