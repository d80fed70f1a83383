import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A node's event socket for tests: asks for the password, answers commands, and sends the events that a test gives it.
final class SwitchPeer: Sendable {
    private struct State {
        var answers: [String: String] = [:]
        var heard: [String] = []
        var connections: [AsyncStream<[UInt8]>.Continuation] = []
    }

    private let state = Mutex(State())
    private let channel: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>
    static let password = "ClueCon-test"

    var port: Int { channel.channel.localAddress?.port ?? 0 }

    private init(_ channel: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>) { self.channel = channel }

    /// Serves while the body runs.
    static func with(_ body: (SwitchPeer) async throws -> Void) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let peer = SwitchPeer(server)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await server.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { clients in
                        for try await connection in connections {
                            clients.addTask { try? await peer.serve(connection) }
                        }
                    }
                }
            }
            try await body(peer)
            tasks.cancelAll()
            peer.hangUp()
            while (try? await tasks.next()) ?? nil != nil {}
        }
    }

    // MARK: What a test says

    /// The answer to `api <command>`.
    func answer(_ command: String, _ text: String) { state.withLock { $0.answers[command] = text } }

    /// Every line that was received.
    var heard: [String] { state.withLock { $0.heard } }

    /// Sends bytes to everybody who is connected.
    func send(_ bytes: [UInt8]) {
        let connections = state.withLock { $0.connections }
        for connection in connections { connection.yield(bytes) }
    }

    /// Closes every connection, as a node that goes down.
    func hangUp() {
        let connections = state.withLock { state in
            defer { state.connections = [] }
            return state.connections
        }
        for connection in connections { connection.finish() }
    }

    // MARK: The wire

    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws {
        let (lines, outbox) = AsyncStream.makeStream(of: [UInt8].self)
        outbox.yield(Array("Content-Type: auth/request\n\n".utf8))
        try await connection.executeThenClose { inbound, outbound in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    for await line in lines { try await outbound.write(ByteBuffer(bytes: line)) }
                }
                tasks.addTask {
                    var text = ""
                    for try await buffer in inbound {
                        text += String(buffer: buffer)
                        while let end = text.range(of: "\n\n") {
                            self.reply(to: String(text[..<end.lowerBound]), outbox)
                            text = String(text[end.upperBound...])
                        }
                    }
                }
                _ = try await tasks.next()
                tasks.cancelAll()
                outbox.finish()
            }
        }
    }

    private func reply(to line: String, _ outbox: AsyncStream<[UInt8]>.Continuation) {
        state.withLock { $0.heard.append(line) }
        if line.hasPrefix("auth ") {
            let isRight = line == "auth \(Self.password)"
            outbox.yield(Self.reply(isRight ? "+OK accepted" : "-ERR invalid"))
            if !isRight { outbox.finish() }
            return
        }
        if line.hasPrefix("event ") {
            outbox.yield(Self.reply("+OK event listener enabled json"))
            state.withLock { $0.connections.append(outbox) }
            return
        }
        guard line.hasPrefix("api ") else {
            outbox.yield(Self.reply("+OK"))
            return
        }
        let answer = state.withLock { $0.answers[String(line.dropFirst(4))] } ?? "+OK\n"
        outbox.yield(Array("Content-Type: api/response\nContent-Length: \(answer.utf8.count)\n\n\(answer)".utf8))
    }

    private static func reply(_ text: String) -> [UInt8] {
        Array("Content-Type: command/reply\nReply-Text: \(text)\n\n".utf8)
    }
}
