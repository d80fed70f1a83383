import Kernel
import NIOPosix
import Synchronization
import Testing

@testable import Web

@Suite struct HealthTests {
    private func health(_ server: TestServer, _ path: String) async throws -> RawAnswer {
        try await server.exchange(
            "GET \(path) HTTP/1.1\r\nHost: 10.0.0.1:80\r\nConnection: close\r\n\r\n", port: server.healthPort)
    }

    @Test func readinessSaysWhy() async throws {
        let trouble = Metrics().gauge("trouble", "Whether the check complains.")
        let check = ReadinessCheck("database") { trouble.value() > 0 ? "no connection" : nil }
        try await TestServer.run(SampleSite.site, hooks: { $0.readiness = [check] }) { server in
            #expect(try await health(server, "/readyz").body == #"{"ready":true,"reasons":[]}"#)
            trouble.set(1)
            let unready = try await health(server, "/readyz")
            #expect(unready.status == 503)
            #expect(unready.body == #"{"ready":false,"reasons":["database: no connection"]}"#)
            #expect(try await health(server, "/livez").status == 200)
            #expect(try await health(server, "/v1/hello").status == 404)
            #expect(try await server.get("/livez").status == 404)
            #expect(try await server.get("/metrics").status == 404)
        }
    }

    @Test func shutdownFinishesWhatIsRunning() async throws {
        let started = AsyncStream<Void>.makeStream()
        let mayEnd = AsyncStream<Void>.makeStream()
        let slow = Endpoint(.get, "/v1/slow", "Wait", tag: "T", requires: .public) { (call: PublicCall<NoInput>) in
            started.continuation.yield()
            for await _ in mayEnd.stream { break }
            return SampleSite.thing("finished")
        }
        try await TestServer.run(Site(endpoints: [slow]), settings: { $0.drainDelay = .milliseconds(200) }) { server in
            async let answer = server.get("/v1/slow")
            for await _ in started.stream { break }
            await server.shutDown()
            var stages: [String] = []
            while stages.last?.contains("shutting down") != true {
                stages.append(try await health(server, "/readyz").body)
            }
            mayEnd.continuation.yield()
            let finished = try await answer
            #expect(finished.status == 200 && finished.body.contains("finished"))
        }
    }

    @Test func idleConnectionsDoNotHoldUpAShutdown() async throws {
        try await TestServer.run(SampleSite.site) { server in
            let port = server.port
            async let answer = NIOThreadPool.singleton.runIfActive {
                let socket = try RawSocket(port: port)
                defer { socket.close() }
                socket.send(Array("GET /v1/hello HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                return String(decoding: socket.readAll(), as: UTF8.self)
            }
            while server.metrics.histogram("http_request_duration_seconds", "").count("GET", "/v1/hello", "200") == 0 {
                await Task.yield()
            }
            await server.shutDown()
            let text = try await answer
            #expect(text.hasPrefix("HTTP/1.1 200"))
        }
    }
}
