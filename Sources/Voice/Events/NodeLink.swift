import FoundationEssentials
import Kernel
import NIOCore
import NIOPosix
import Synchronization
import Telephony

/// One connection to a node's event socket. Commands are answered in the order in which they were sent; events come in
/// between.
final class NodeLink: Sendable {
    private typealias Answer = CheckedContinuation<String, any Error>

    private struct State {
        /// Answers that are still to come, in order; `nil` where nobody waits.
        var waiting: [Answer?] = []
        var first = 0
        var outbox: AsyncStream<[UInt8]>.Continuation?
        var isClosed = false
        var heardAt = ContinuousClock.now
    }

    private let state = Mutex(State())
    private static let connectTimeout = TimeAmount.seconds(5)
    private static let answerTimeout = Duration.seconds(15)
    /// More answers than this outstanding means that the node does not answer.
    private static let mostWaiting = 100_000

    /// Connects, signs in, runs `body`, and closes. `onEvent` gets every event in order, from the moment of subscription.
    static func run(
        _ endpoint: NodeEndpoint, group: any EventLoopGroup,
        onEvent: @escaping @Sendable (SwitchEvent) async -> Void,
        _ body: @escaping @Sendable (NodeLink) async throws -> Void
    ) async throws {
        let channel = try await ClientBootstrap(group: group)
            .connectTimeout(connectTimeout)
            .connect(host: endpoint.host, port: endpoint.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let link = NodeLink()
        let (lines, outbox) = AsyncStream.makeStream(of: [UInt8].self)
        let (greeting, greeted) = AsyncStream.makeStream(of: Void.self)
        link.state.withLock { $0.outbox = outbox }
        try await channel.executeThenClose { inbound, outbound in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    for await line in lines { try await outbound.write(ByteBuffer(bytes: line)) }
                    throw NodeUnreachable("the connection was closed")
                }
                tasks.addTask {
                    try await link.read(inbound, greeted: greeted, onEvent)
                    throw NodeUnreachable("the node closed the connection")
                }
                tasks.addTask {
                    try await link.signIn(endpoint.password.text, after: greeting)
                    try await body(link)
                }
                tasks.addTask { try await link.watch() }
                defer {
                    link.close()
                    tasks.cancelAll()
                }
                // The body's end ends the connection; the other tasks only ever end by an error.
                _ = try await tasks.next()
            }
        }
    }

    private func read(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, greeted: AsyncStream<Void>.Continuation,
        _ onEvent: @Sendable (SwitchEvent) async -> Void
    ) async throws {
        var parser = EventSocketParser()
        for try await buffer in inbound {
            parser.append(buffer.readableBytesView)
            state.withLock { $0.heardAt = .now }
            while let frame = try parser.next() {
                switch try frame.kind {
                case .authRequest: greeted.finish()
                case .reply(let text), .answer(let text): answer(text)
                case .event(let event): await onEvent(event)
                case .disconnect: return
                case .other: break
                }
            }
        }
    }

    private func signIn(_ password: String, after greeting: AsyncStream<Void>) async throws {
        for await _ in greeting {}
        guard let command = EventSocketCommand.authenticate(password: password) else {
            throw NodeUnreachable("the password cannot be sent")
        }
        guard try await ask(command).hasPrefix("+OK") else { throw NodeUnreachable("the password was refused") }
    }

    /// How long nothing came from the node.
    var silence: Duration { state.withLock { $0.heardAt.duration(to: .now) } }

    /// A node sends a heartbeat every 20 seconds; one that is silent for three of them is gone, whatever TCP says.
    private func watch() async throws {
        while true {
            try await Task.sleep(for: .seconds(5))
            if silence > .seconds(65) { throw NodeUnreachable("the node is silent") }
        }
    }

    // MARK: Commands

    /// Sends a command and waits for its answer. After a missing answer the connection is of no use any more.
    func ask(_ command: EventSocketCommand) async throws -> String {
        try await withThrowingTaskGroup(of: String.self) { tasks in
            tasks.addTask {
                try await withCheckedThrowingContinuation { continuation in
                    if !self.enqueue([command], waiter: continuation) {
                        continuation.resume(throwing: NodeUnreachable("the connection is closed"))
                    }
                }
            }
            tasks.addTask {
                try await Task.sleep(for: Self.answerTimeout)
                self.close()
                throw NodeUnreachable("no answer came")
            }
            defer { tasks.cancelAll() }
            guard let answer = try await tasks.next() else { throw NodeUnreachable("no answer came") }
            return answer
        }
    }

    /// Sends commands whose answers nobody waits for.
    func tell(_ commands: [EventSocketCommand]) { _ = enqueue(commands, waiter: nil) }

    /// In one step, so that answers and commands keep the same order.
    private func enqueue(_ commands: [EventSocketCommand], waiter: Answer?) -> Bool {
        state.withLock { state in
            guard !state.isClosed, let outbox = state.outbox,
                state.waiting.count - state.first + commands.count <= Self.mostWaiting
            else { return false }
            for command in commands {
                state.waiting.append(waiter)
                outbox.yield(command.bytes)
            }
            return true
        }
    }

    private func answer(_ text: String) {
        let waiter = state.withLock { state -> Answer? in
            guard state.first < state.waiting.count else { return nil }
            let waiter = state.waiting[state.first]
            state.first += 1
            if state.first == state.waiting.count || state.first > 4_096 {
                state.waiting.removeFirst(state.first)
                state.first = 0
            }
            return waiter
        }
        waiter?.resume(returning: text)
    }

    /// Ends the connection; whoever waits for an answer gets an error.
    func close() {
        let waiting = state.withLock { state -> [Answer] in
            state.isClosed = true
            state.outbox?.finish()
            state.outbox = nil
            defer {
                state.waiting = []
                state.first = 0
            }
            return state.waiting[state.first...].compactMap(\.self)
        }
        for waiter in waiting { waiter.resume(throwing: NodeUnreachable("the connection was closed")) }
    }
}
