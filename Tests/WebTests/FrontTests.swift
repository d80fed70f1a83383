import Kernel
import NIOPosix
import Testing

@testable import Web

/// What must not reach a handler, sent byte by byte.
@Suite struct FrontTests {
    private func counted(_ handled: Counter) -> Site {
        Site(endpoints: [
            Endpoint(.post, "/v1/echo", "Echo", tag: "T", requires: .public) { (call: PublicCall<NoInput>) in
                handled.add()
                return RawReply(call.body, mediaType: "text/plain")
            }
            .rawBody("text/plain", limit: 100_000),
            Endpoint(.get, "/v1/hello", "Hello", tag: "T", requires: .public) { (call: PublicCall<NoInput>) in
                handled.add()
                return RawReply(Array("hello".utf8), mediaType: "text/plain")
            },
        ])
    }

    @Test(arguments: [
        ("no host", 400, "GET /v1/hello HTTP/1.1\r\n\r\n"),
        ("two hosts", 400, "GET /v1/hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("bad host", 400, "GET /v1/hello HTTP/1.1\r\nHost: a b\r\n\r\n"),
        ("foreign address", 400, "GET http://b/v1/hello HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("proxy", 400, "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"),
        ("coding", 400, "POST /v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        (
            "both", 400,
            "POST /v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
        ),
        (
            "two lengths", 400,
            "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"
        ),
        ("signed length", 400, "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello"),
        ("folded", 400, "GET /v1/hello HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"),
        ("NUL", 400, "GET /v1/hello HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"),
        ("space before colon", 400, "GET /v1/hello HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n"),
        ("no HTTP", 400, "hello\r\n\r\n"),
        ("expectation", 417, "GET /v1/hello HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"),
        ("long address", 414, "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("large field", 431, "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 40_000))\r\n\r\n"),
        ("many fields", 431, "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: a\r\n", count: 150))\r\n"),
        ("very many fields", 431, "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: a\r\n", count: 5000))\r\n"),
    ])
    func isRefusedAndClosed(name: String, status: Int, request: String) async throws {
        let handled = Metrics().counter("handled_total", "Handled.")
        try await TestServer.run(counted(handled)) { server in
            let answer = try await server.exchange(request)
            #expect(answer.status == status, "\(name): \(answer.text.prefix(300))")
            #expect(answer.header("connection") == "close")
            #expect(answer.header("content-type") == "application/problem+json")
            #expect(answer.answers == 1)
            #expect(handled.value() == 0)
            #expect(server.metrics.counter("http_connections_refused_total", "").value(String(status)) == 1)
        }
    }

    @Test func aRefusedBodyIsNotTakenForARequest() async throws {
        let handled = Metrics().counter("handled_total", "Handled.")
        try await TestServer.run(counted(handled)) { server in
            let inner = "GET /v1/hello HTTP/1.1\r\nHost: a\r\n\r\n"
            let answer = try await server.exchange(
                "POST /v1/echo HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: \(inner.utf8.count)\r\n\r\n" + inner
                    + inner)
            #expect(answer.status == 400 && answer.answers == 1)
            #expect(handled.value() == 0)
        }
    }

    @Test func chunkExtensionsAreBounded() async throws {
        let handled = Metrics().counter("handled_total", "Handled.")
        try await TestServer.run(counted(handled)) { server in
            let head =
                "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
            let extended = head + "5;a=" + String(repeating: "b", count: 200_000) + "\r\nhello\r\n0\r\n\r\n"
            let answer = try await server.exchange(extended)
            #expect(answer.status == 400 && answer.reason == "FRAMING_TOO_LARGE")
            #expect(handled.value() == 0)
            let small = String(repeating: "1\r\nx\r\n", count: 5000) + "0\r\n\r\n"
            let good = try await server.exchange([
                head.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n"), small,
            ])
            #expect(good.status == 200 && good.body.utf8.count == 5000)
        }
    }

    @Test func truncatedBodiesNeverReachAHandler() async throws {
        let handled = Metrics().counter("handled_total", "Handled.")
        try await TestServer.run(counted(handled)) { server in
            for framing in ["Content-Length: 10\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"] {
                let request = "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n" + framing
                let answer = try await server.exchange([request], endsInput: true)
                #expect(answer.text.isEmpty || answer.status == 400, "\(answer.text)")
            }
            #expect(handled.value() == 0)
        }
    }

    @Test func slowPeersAreSentAway() async throws {
        let handled = Metrics().counter("handled_total", "Handled.")
        let impatient: (inout ServerSettings) -> Void = { settings in
            settings.front.headerTime = .milliseconds(300)
            settings.front.idleTime = .milliseconds(300)
            settings.front.bodyGrace = .milliseconds(300)
            settings.front.bodyBytesPerSecond = 1_000_000_000
        }
        try await TestServer.run(counted(handled), settings: impatient) { server in
            // Each of these ends only because the server closes the connection.
            let header = try await server.exchange("GET /v1/hello HTTP/1.1\r\nHost: a\r\nX: ")
            #expect(header.status == 408 && header.reason == "HEADER_TOO_SLOW")
            #expect(try await server.exchange("").status == 408)
            let drip = try await server.exchange(
                Array(repeating: "X: a\r\n", count: 12).reduce(into: ["GET /v1/hello HTTP/1.1\r\n"]) { $0.append($1) },
                pause: .milliseconds(60))
            #expect(drip.status == 408)
            let body = try await server.exchange(
                "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhello")
            #expect(body.status == 408 && body.reason == "BODY_TOO_SLOW" && body.answers == 1)
            let idle = try await server.exchange("GET /v1/hello HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(idle.status == 200 && idle.answers == 1)
            #expect(handled.value() == 1)
        }
    }

    @Test func keptConnectionsAnswerInOrder() async throws {
        let handled = Metrics().counter("handled_total", "Handled.")
        try await TestServer.run(counted(handled)) { server in
            let one = "GET /v1/hello HTTP/1.1\r\nHost: a\r\n\r\n"
            let last = "GET /v1/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            let answer = try await server.exchange(one + one + last + one)
            #expect(answer.answers == 3)
            #expect(handled.value() == 3)
            let old = try await server.exchange("GET /v1/hello HTTP/1.0\r\n\r\n")
            #expect(old.status == 200 && old.header("connection") == "close")
            let flood = try await server.exchange(String(repeating: one, count: 200) + last)
            #expect(flood.answers <= 200)
        }
    }

    @Test func aRefusedInputKeepsTheConnection() async throws {
        try await TestServer.run(SampleSite.site) { server in
            let head = "HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer full\r\nContent-Type: application/json\r\n"
            let wrong = "POST /v1/things \(head)Content-Length: 2\r\n\r\n{}"
            let last = "GET /v1/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            let answer = try await server.exchange(wrong + wrong + last)
            #expect(answer.status == 422 && answer.header("connection") == nil)
            #expect(answer.answers == 3)
        }
    }

    @Test func expectationsAreMet() async throws {
        let handled = Metrics().counter("handled_total", "Handled.")
        try await TestServer.run(counted(handled)) { server in
            let port = server.port
            let (interim, rest) = try await NIOThreadPool.singleton.runIfActive {
                let socket = try RawSocket(port: port)
                defer { socket.close() }
                socket.send(
                    Array(
                        ("POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
                            + "Expect: 100-continue\r\nConnection: close\r\n\r\n").utf8))
                let interim = socket.read(until: "\r\n\r\n")
                socket.send(Array("hello".utf8))
                return (interim, String(decoding: socket.readAll(), as: UTF8.self))
            }
            #expect(interim.hasPrefix("HTTP/1.1 100"))
            #expect(rest.hasPrefix("HTTP/1.1 200") && rest.hasSuffix("hello"))
        }
    }

    @Test func aFullListenerDoesNotHideHealth() async throws {
        let handled = Metrics().counter("handled_total", "Handled.")
        try await TestServer.run(counted(handled), settings: { $0.connections = 4 }) { server in
            let port = server.port
            let healthPort = server.healthPort
            let alive = try await NIOThreadPool.singleton.runIfActive {
                let held = try (0..<8).map { _ in try RawSocket(port: port) }
                defer { held.forEach { $0.close() } }
                let health = try RawSocket(port: healthPort)
                defer { health.close() }
                health.send(Array("GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
                return String(decoding: health.readAll(), as: UTF8.self)
            }
            #expect(alive.hasPrefix("HTTP/1.1 200"))
            // The held connections are gone; the listener works again.
            let answer = try await server.exchange("GET /v1/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(answer.status == 200)
        }
    }

    @Test func randomStreamsRunAtMostOneHandlerPerRequest() async throws {
        let handled = Metrics().counter("handled_total", "Handled.")
        try await TestServer.run(counted(handled), settings: { $0.front.headerTime = .milliseconds(200) }) { server in
            var random = SeededGenerator(seed: 17)
            let good = Array(
                "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
                    .utf8)
            for _ in 0..<60 {
                var bytes = good
                for _ in 0..<Int.random(in: 1...2, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                let before = handled.value()
                let sent = bytes
                let port = server.port
                let answer = try await NIOThreadPool.singleton.runIfActive {
                    let socket = try RawSocket(port: port, seconds: 5)
                    defer { socket.close() }
                    socket.send(sent)
                    socket.endOutput()
                    return RawAnswer(text: String(decoding: socket.readAll(), as: UTF8.self))
                }
                #expect(handled.value() - before <= 1)
                #expect(answer.text.isEmpty || (200..<500).contains(answer.status), "\(answer.text)")
            }
            #expect(
                try await server.exchange("GET /v1/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").status
                    == 200)
        }
    }
}
