import HTTPTypes
import HummingbirdCore
import Kernel
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The listeners of the program as services, in the order in which they start.
package struct WebServices: Sendable {
    /// Health, main listener, drain gate; put them after everything that they need.
    package let services: [any Service]
    /// Known once the listener is bound.
    package let mainPort: BoundPort
    package let healthPort: BoundPort

    /// Checks the tables and prepares the listeners; throws every defect of the tables at once.
    package init(site: Site, settings: ServerSettings, hooks: ServerHooks) throws {
        let application = try WebApplication(site: site, settings: settings, hooks: hooks)
        let readiness = Readiness(checks: hooks.readiness)
        let health = HealthApplication(readiness: readiness, metrics: hooks.metrics)
        let mainPort = BoundPort()
        let healthPort = BoundPort()
        var main = Listener(
            .main, host: settings.host, port: settings.port, connections: settings.connections, limits: settings.front)
        main.onRefusal = { status in application.figures.refusals.add(1, String(status)) }
        main.onRunning = { port in
            readiness.enter(.serving)
            mainPort.set(port)
        }
        // Health answers under any name: whoever asks comes by address.
        var healthListener = Listener(
            .health, host: settings.healthHost, port: settings.healthPort, connections: 64)
        healthListener.onRunning = { port in healthPort.set(port) }
        services = [
            healthListener.service(logger: hooks.logger) { await health.respond(to: $0) },
            main.service(logger: hooks.logger) { await application.respond(to: $0) },
            DrainGate(readiness: readiness, delay: settings.drainDelay),
        ]
        self.mainPort = mainPort
        self.healthPort = healthPort
    }
}

/// The port that a listener got; waits until there is one.
package final class BoundPort: Sendable {
    private struct State {
        var port: Int?
        var waiting: [Int: CheckedContinuation<Int, any Error>] = [:]
        var cancelled: Set<Int> = []
        var tickets = 0
    }

    private let state = Mutex(State())

    /// Returns as soon as the listener is bound. One that cannot be bound ends the group of services, and with it this
    /// task: then it throws `CancellationError`.
    package func value() async throws -> Int {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer: Result<Int, any Error>? = state.withLock { state in
                    if let port = state.port { return .success(port) }
                    if state.cancelled.remove(ticket) != nil { return .failure(CancellationError()) }
                    state.waiting[ticket] = continuation
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                let waiting = state.waiting.removeValue(forKey: ticket)
                if waiting == nil { state.cancelled.insert(ticket) }
                return waiting
            }
            waiting?.resume(throwing: CancellationError())
        }
    }

    func set(_ port: Int) {
        let waiting = state.withLock { state in
            state.port = port
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume(returning: port) }
    }
}

/// Why a listener does not listen.
package struct ListenFailure: Error, CustomStringConvertible {
    /// Which one.
    package enum Listener: Sendable { case main, health }

    package let listener: Listener
    /// Names address and port, and ends without a full stop.
    package let description: String
}

/// One listening socket.
private struct Listener {
    let name: ListenFailure.Listener
    let host: String
    let port: Int
    let connections: Int
    let limits: FrontLimits
    var onRefusal: @Sendable (Int) -> Void = { _ in }
    var onRunning: @Sendable (Int) -> Void = { _ in }

    init(
        _ name: ListenFailure.Listener, host: String, port: Int, connections: Int, limits: FrontLimits = FrontLimits()
    ) {
        self.name = name
        self.host = host
        self.port = port
        self.connections = connections
        self.limits = limits
    }

    func service(
        logger: Logger, respond: @escaping @Sendable (IncomingRequest) async -> WebResponse?
    ) -> any Service {
        let channel = StrictHTTP1(
            responder: { request, writer, channel in
                let incoming = IncomingRequest(
                    head: request.head, body: request.body, remoteAddress: channel.remoteAddress?.ipAddress)
                guard let response = await respond(incoming) else { return }
                try await writer.write(response: response.head, body: response.content)
            },
            limits: limits, onRefusal: onRefusal)
        let server = channel.server(
            configuration: ServerConfiguration(
                address: .hostname(host, port: port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(connections, logger: logger)),
            onServerRunning: { channel in onRunning(channel.localAddress?.port ?? port) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        return ListeningService(
            server: server, name: name, address: host.contains(":") ? "[\(host)]" : host, port: port)
    }
}

/// A server that says where it could not listen.
private struct ListeningService: Service {
    let server: any Service
    let name: ListenFailure.Listener
    let address: String
    let port: Int

    func run() async throws {
        do {
            try await server.run()
        } catch let error as IOError {
            let why = error.errnoCode == EADDRINUSE ? "another program listens there" : "\(error)"
            throw ListenFailure(listener: name, description: "Cannot listen on \(address):\(port): \(why)")
        } catch let error as SocketAddressError {
            throw ListenFailure(listener: name, description: "Cannot listen on \(address):\(port): \(error)")
        }
    }
}

extension WebResponse {
    fileprivate var head: HTTPResponse {
        var fields = HTTPFields()
        for header in headers {
            if let name = HTTPField.Name(header.name) { fields.append(HTTPField(name: name, value: header.value)) }
        }
        return HTTPResponse(status: .init(code: status), headerFields: fields)
    }

    fileprivate var content: ResponseBody {
        body.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: body))
    }
}
