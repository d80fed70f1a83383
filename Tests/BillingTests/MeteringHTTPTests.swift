import Billing
import Foundation
import Kernel
import Logging
import Postgres
import ServiceLifecycle
import Tenancy
import Testing
import Web

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Usage over real HTTP, with one key per scope: its text names the scope.
@Suite struct MeteringHTTPTests {
    @Test func arrayLinesAndGzipMeanTheSame() async throws {
        try await withMeteringServer { (world, server) async throws in
            let events = [world.turn("1"), world.turn("2", world.foreign), world.voice("3")]
            let first = try await server.post(JSON.array(events).bytes)
            #expect(first.status == 200)
            #expect(first.word("accepted") == "2" && first.word("rejected") == "1")
            let results = first.json["results"]?.array ?? []
            #expect(results.map { $0["index"]?.integer } == [0, 1, 2])
            #expect(results.map { $0["id"]?.string } == ["1", "2", "3"])
            #expect(results.map { $0["status"]?.string } == ["accepted", "rejected", "accepted"])
            #expect(results[1]["reason"]?.string == "UNKNOWN_TENANT" && results[1]["field"]?.string == "tenant")

            let lines = Array(events.map(\.text).joined(separator: "\r\n\n").utf8)
            let second = try await server.post(lines, type: "application/x-ndjson; charset=utf-8")
            #expect(second.word("duplicate") == "2" && second.word("rejected") == "1")
            let zipped = try await gzip(JSON.array(events).bytes)
            let third = try await server.post(
                zipped, type: "application/cloudevents-batch+json", headers: ["Content-Encoding": "gzip"])
            #expect(third.status == 200 && third.word("duplicate") == "2")
        }
    }

    @Test func wholeBatchesAreRefusedOnlyWhenTheyCannotBeRead() async throws {
        try await withMeteringServer { (world, server) async throws in
            #expect(try await server.post(Array("[{]".utf8)).status == 400)
            #expect(try await server.post(Array("{}".utf8)).status == 422)
            #expect(try await server.post(Array("x".utf8), type: "text/plain").status == 415)
            #expect(try await server.post([], type: "application/json").status == 400)
            #expect(try await server.post(Array("[]".utf8)).word("accepted") == "0")
            let many = JSON.array(Array(repeating: world.turn("1"), count: 10_001)).bytes
            let refused = try await server.post(many)
            #expect(refused.status == 413 && refused.word("reason") == "TOO_MANY_EVENTS")
            let bomb = try await gzip(Array(repeating: UInt8(ascii: " "), count: Limits.usageBatchBytes + 1))
            #expect(try await server.post(bomb, headers: ["Content-Encoding": "gzip"]).status == 413)
            #expect(try await world.eventCount() == 0)
            let bad = try await server.post(
                Array("{\n[1]\n{\"id\":7}\n\u{0}\n".utf8), type: "application/x-ndjson")
            #expect(bad.status == 200 && bad.word("rejected") == "4")
        }
    }

    @Test func keysReportOnlyForTheirScope() async throws {
        try await withMeteringServer { (world, server) async throws in
            let body = JSON.array([world.turn("1"), world.turn("2", world.tenants[1]), world.turn("3", world.foreign)])
                .bytes
            #expect(try await server.post(body, key: nil).status == 401)
            #expect(try await server.post(body, key: "reader").status == 403)
            #expect(try await server.post(body, key: "tenant").word("accepted") == "1")
            #expect(try await server.post(body, key: "stranger").word("accepted") == "1")
            #expect(try await server.post(body, key: "platform").word("accepted") == "1")
        }
    }

    @Test func readingUsage() async throws {
        try await withMeteringServer { (world, server) async throws in
            _ = try await server.post(JSON.array([world.turn("1"), world.turn("2", world.tenants[1])]).bytes)
            let rows = try await server.get(
                "/v1/usage?month=2026-11&group_by=organisation&interval=month", key: "reader")
            #expect(rows.status == 200)
            #expect(rows.json["items"]?.array?.first?["quantity"]?.integer == 2)
            #expect(rows.json["items"]?.array?.first?["start"]?.string == "2026-10-31T23:00:00Z")
            #expect(try await server.get("/v1/usage?month=2026-13", key: "reader").status == 422)
            #expect(try await server.get("/v1/usage?cursor=nonsense", key: "reader").status == 422)
            #expect(
                try await server.get("/v1/usage?interval=hour&from=2020-01-01T00:00:00Z", key: "reader").status == 422)
            let other = try await server.get("/v1/usage?month=2026-11", key: "stranger")
            #expect(other.status == 403)
        }
    }
}

private func gzip(_ bytes: [UInt8]) async throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/gzip")
    process.arguments = ["-c"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    let writer = Task.detached {
        try input.fileHandleForWriting.write(contentsOf: Data(bytes))
        try input.fileHandleForWriting.close()
    }
    let zipped = try output.fileHandleForReading.readToEnd() ?? Data()
    try await writer.value
    process.waitUntilExit()
    return Array(zipped)
}

/// A bound server with the endpoints of metering.
struct MeteringServer: Sendable {
    struct Answer: Sendable {
        let status: Int
        let json: JSON

        /// A top-level member as text.
        func word(_ name: String) -> String? {
            switch json[name] {
            case .number(let text), .string(let text): text
            default: nil
            }
        }
    }

    let port: Int

    func post(
        _ body: [UInt8], type: String = "application/json", headers: [String: String] = [:], key: String? = "partner"
    ) async throws -> Answer {
        var request = try request("/v1/usage/events", key)
        request.httpMethod = "POST"
        request.httpBody = Data(body)
        request.setValue(type, forHTTPHeaderField: "Content-Type")
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        return try await answer(request)
    }

    func get(_ path: String, key: String?) async throws -> Answer { try await answer(request(path, key)) }

    private func request(_ path: String, _ key: String?) throws -> URLRequest {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
        if let key { request.setValue("Bearer \(key)", forHTTPHeaderField: "Authorization") }
        return request
    }

    private func answer(_ request: URLRequest) async throws -> Answer {
        let (body, response) = try await URLSession.shared.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        return Answer(status: status, json: (try? JSON(parsing: Array(body))) ?? .null)
    }
}

private func withMeteringServer(
    _ body: @escaping @Sendable (MeteringWorld, MeteringServer) async throws -> Void
) async throws {
    try await withMeteringWorld { world in
        let scopes: [String: ScopeNode] = [
            "partner": world.scope, "tenant": .tenant(world.tenant, of: world.partner), "reader": world.scope,
            "stranger": .organisation(world.stranger), "platform": .platform,
        ]
        var settings = ServerSettings()
        settings.port = 0
        settings.healthPort = 0
        let hooks = ServerHooks(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: Metrics(),
            time: .fixed(MeteringWorld.now)
        ) { credential in
            guard case .bearer(let key) = credential, let scope = scopes[key] else { return nil }
            return Principal(
                id: PrincipalID(MeteringWorld.uuid(7)), kind: .apiKey, displayName: key, scope: scope,
                permissions: key == "reader" ? [.usageRead] : [.usageWrite])
        }
        let site = Site(endpoints: world.usage.endpoints() + UsageReports(work: world.work).endpoints())
        let web = try WebServices(site: site, settings: settings, hooks: hooks)
        let group = ServiceGroup(services: web.services, logger: hooks.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = try await web.mainPort.value()
            do {
                try await body(world, MeteringServer(port: port))
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
