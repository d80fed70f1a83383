import Kernel
import NIOPosix
import Testing

@testable import Web

/// The manners of the API, through a really bound server.
@Suite struct ServerTests {
    private let things = "/v1/things"
    private var one: String { "/v1/things/\(SampleSite.id)" }

    @Test func whoMayCallIsDecidedBeforeTheBodyIsRead() async throws {
        try await TestServer.run(SampleSite.site) { server in
            #expect(try await server.get(things, token: nil).status == 401)
            #expect(try await server.get(things, token: "wrong").status == 401)
            #expect(try await server.get(things, token: nil, "Authorization: Basic full").status == 401)
            #expect(try await server.get(things, token: "full", "Authorization: Bearer full").status == 401)
            #expect(try await server.get(things + "?access_token=full", token: nil).status == 401)
            #expect(try await server.get(things, token: nil, "Cookie: session=session-secret").status == 401)
            let denied = try await server.post(things, "no json at all", token: "reader")
            #expect(denied.status == 403 && denied.reason == "FORBIDDEN")
            #expect(try await server.get(things, token: "reader").status == 200)
            let down = try await server.get(things, token: "down")
            #expect(down.status == 503 && down.header("retry-after") == "3")
            #expect(try await server.get("/v1/hello", token: nil).status == 200)
            let anonymous = try await server.get(things, token: nil)
            #expect(anonymous.header("www-authenticate") == "Bearer")
        }
    }

    @Test func unknownAddressesAndMethods() async throws {
        try await TestServer.run(SampleSite.site) { server in
            #expect(try await server.get("/v1/nothing").status == 404)
            #expect(try await server.get("/v1/things/").status == 404)
            #expect(try await server.get("/v1/things/org_x").status == 404)
            #expect(try await server.get("/v1/../v1/things").status == 400)
            #expect(try await server.get("/v1/%2e%2e/things").status == 400)
            let put = try await server.request("PUT", things)
            #expect(put.status == 405 && put.header("allow") == "GET, HEAD, OPTIONS, POST")
            #expect(try await server.request("TRACE", things).status == 405)
            #expect(try await server.request("BREW", things).status == 400)
            let options = try await server.request("OPTIONS", things, token: nil)
            #expect(options.status == 204 && options.header("allow") == "GET, HEAD, OPTIONS, POST")
            let get = try await server.get(one)
            let head = try await server.request("HEAD", one)
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.header("content-length") == get.header("content-length"))
        }
    }

    @Test func answersAreSnakeCaseJSONWithSafetyHeaders() async throws {
        try await TestServer.run(SampleSite.site) { server in
            let answer = try await server.get(one)
            #expect(
                answer.body
                    == #"{"created_at":"1970-01-01T00:00:00Z","display_name":"One","id":"\#(SampleSite.id)"}"#)
            #expect(answer.header("content-type") == "application/json")
            #expect(answer.header("etag") == "\"v1\"")
            #expect(answer.header("date") == "Sat, 21 Nov 2026 13:00:00 GMT")
            #expect(answer.header("x-content-type-options") == "nosniff")
            #expect(answer.header("content-security-policy") == "default-src 'none'; frame-ancestors 'none'")
            #expect(answer.header("cache-control") == "no-cache")
            let known = try await server.get(one, "If-None-Match: \"v0\", \"v1\"")
            #expect(known.status == 304 && known.body.isEmpty && known.header("etag") == "\"v1\"")
            #expect(try await server.get(one, "If-None-Match: \"v0\"").status == 200)
        }
    }

    @Test func listsComeInPagesWithALink() async throws {
        try await TestServer.run(SampleSite.site) { server in
            let first = try await server.get(things + "?limit=10")
            #expect(first.json?["next_cursor"]?.string == "a/b")
            #expect(first.json?["items"]?.array?.count == 1)
            #expect(first.header("link") == "</v1/things?limit=10&cursor=a%2Fb>; rel=\"next\"")
            let last = try await server.get(things + "?limit=10&cursor=a%2Fb")
            #expect(last.json?["next_cursor"] == nil && last.header("link") == nil)
            #expect(try await server.get(things + "?limit=ten").status == 422)
            for limit in ["0", "-1", "201", "99999999999999999999"] {
                let refused = try await server.get(things + "?limit=\(limit)")
                #expect(refused.status == 422, "\(limit)")
                #expect(refused.json?["errors"]?.array?.first?["field"]?.string == "limit")
            }
            #expect(try await server.get(things + "?limit=200").status == 200)
            #expect(try await server.get(things + "?page=1").json?["errors"]?.array?.first?["field"]?.string == "page")
            #expect(try await server.get(things + "?limit=%zz").reason == "INVALID_QUERY")
        }
    }

    @Test func bodiesAreChecked() async throws {
        try await TestServer.run(SampleSite.site) { server in
            let made = try await server.post(things, #"{"display_name":"Zwei ä"}"#)
            #expect(made.status == 201 && made.json?["display_name"]?.string == "Zwei ä")
            #expect(made.header("idempotency-replayed") == "true")
            let wrong = try await server.post(things, #"{"display_name":1,"price":2}"#)
            #expect(wrong.status == 422 && wrong.reason == "INVALID_FIELD")
            #expect(wrong.json?["errors"]?.array?.compactMap { $0["field"]?.string } == ["/display_name", "/price"])
            #expect(wrong.json?["request_id"]?.string == wrong.header("x-request-id"))
            #expect(wrong.json?["type"]?.string == "urn:problem:invalid-field")
            #expect(wrong.header("content-type") == "application/problem+json")
            #expect(try await server.post(things, #"{"display_name":}"#).reason == "INVALID_JSON")
            #expect(try await server.post(things, "[]").status == 422)
            #expect(try await server.post(things, "").status == 422)
            #expect(try await server.post(things, "{}", type: "text/plain").status == 415)
            #expect(
                try await server.post(things, #"{"display_name":"A"}"#, type: "application/json; charset=utf-8").status
                    == 201)
            #expect(try await server.post(things, "{}", "Content-Encoding: gzip").status == 415)
            #expect(try await server.post(things + "?seats=1", #"{"display_name":"A"}"#).status == 422)
            let large = try await server.post(
                things, "{\"display_name\":\"\(String(repeating: "a", count: 300_000))\"}")
            #expect(large.status == 413 && large.header("connection") == "close")
        }
    }

    @Test func customVerbsAndEmptyBodies() async throws {
        try await TestServer.run(SampleSite.site) { server in
            let stopped = try await server.post(one + ":stop", "")
            #expect(stopped.status == 200 && stopped.json?["display_name"]?.string == "stopped by test")
            #expect(stopped.header("deprecation") == "@100")
            #expect(stopped.header("sunset") == "Sun, 06 Nov 1994 08:49:37 GMT")
            #expect(try await server.post(one + ":stop", "{}").status == 200)
            #expect(try await server.post(one + ":stop", #"{"thing_id":"x"}"#).status == 422)
            #expect(try await server.post(one + ":explode", "{}").status == 404)
        }
    }

    @Test func statesAreCompared() async throws {
        try await TestServer.run(SampleSite.site) { server in
            #expect(try await server.request("DELETE", one).status == 428)
            #expect(try await server.request("DELETE", one, ["If-Match: \"v0\""]).status == 412)
            for malformed in ["v1", "\"v1\"\"v1\"", "\"v1\" \"v1\"", "\"\"", "\"v 1\"", "W/\"v1\"", "\"v1"] {
                let answer = try await server.request("DELETE", one, ["If-Match: \(malformed)"])
                #expect(answer.status == 400 && answer.reason == "INVALID_IF_MATCH", "\(malformed)")
            }
            #expect(try await server.request("DELETE", one, ["If-Match: \"v0\", \"v1\""]).status == 204)
            let done = try await server.request("DELETE", one, ["If-Match: \"v1\""])
            #expect(done.status == 204 && done.body.isEmpty && done.header("content-length") == nil)
        }
    }

    @Test func equalRequestsHaveEqualDigests() async throws {
        try await TestServer.run(SampleSite.site) { server in
            func digest(_ body: String, _ key: String = "k") async throws -> String? {
                try await server.post(things, body, "Idempotency-Key: \(key)").header("x-digest")
            }
            let first = try await digest(#"{"display_name":"A","seats":1}"#)
            let reordered = try await digest(#"{ "seats": 1, "display_name": "A" }"#)
            let other = try await digest(#"{"display_name":"A","seats":2}"#)
            #expect(first == reordered && first != other)
            #expect(try await server.post(things, "{}", "Idempotency-Key: ").status == 400)
            #expect(try await server.post(things, "{}", "Idempotency-Key: a b").reason == "INVALID_IDEMPOTENCY_KEY")
        }
    }

    @Test func rawBodiesMayBeCompressed() async throws {
        try await TestServer.run(SampleSite.site) { server in
            #expect(try await server.post("/v1/events", "a\nb", type: "application/x-ndjson").body == #"{"bytes":3}"#)
            #expect(try await server.post("/v1/events", "a", type: "text/csv").status == 415)
            #expect(try await server.post("/v1/events", String(repeating: "a", count: 1001)).status == 413)
            let port = server.port
            // "hello", compressed.
            let hello: [UInt8] = [
                0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 7, 0, 0x86, 0xA6, 0x10, 0x36, 5, 0, 0,
                0,
            ]
            let inflated = try await NIOThreadPool.singleton.runIfActive {
                let socket = try RawSocket(port: port)
                defer { socket.close() }
                let head =
                    "POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer full\r\nConnection: close\r\n"
                    + "Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: \(hello.count)\r\n\r\n"
                socket.send(Array(head.utf8) + hello)
                return RawAnswer(text: String(decoding: socket.readAll(), as: UTF8.self))
            }
            #expect(inflated.body == #"{"bytes":5}"#)
            let bad = try await server.post("/v1/events", "no gzip", "Content-Encoding: gzip")
            #expect(bad.reason == "INVALID_GZIP")
            #expect(try await server.post("/v1/events", "x", "Content-Encoding: br").status == 415)
        }
    }

    @Test func troubleShowsNoSecrets() async throws {
        try await TestServer.run(SampleSite.site, settings: { $0.handlerSeconds = 1 }) { server in
            let unknown = try await server.get("/v1/trouble?kind=unknown", "X-Request-Id: trace-1")
            #expect(unknown.status == 500 && unknown.header("x-request-id") == "trace-1")
            #expect(!unknown.text.contains("hunter2") && !unknown.text.contains("UnknownTrouble"))
            #expect(server.log.all.contains { $0.contains("UnknownTrouble") && $0.contains("trace-1") })
            let slow = try await server.get("/v1/trouble?kind=slow")
            #expect(slow.status == 503 && slow.reason == "UNAVAILABLE")
            #expect(try await server.get("/v1/trouble?kind=x").header("retry-after") == "7")
            let odd = try await server.get("/v1/hello", "X-Request-Id: <script>")
            #expect(odd.header("x-request-id")?.hasPrefix("req_") == true)
        }
    }

    @Test func everyRequestIsLoggedAndCountedWithoutSecrets() async throws {
        try await TestServer.run(SampleSite.site) { server in
            _ = try await server.get(things + "?cursor=private")
            _ = try await server.get("/v1/none/private")
            let lines = server.log.all.filter { $0.contains(" request ") }
            #expect(lines.count == 2)
            #expect(lines[0].contains("method=GET") && lines[0].contains("route=/v1/things status=200"))
            #expect(lines[0].contains("principal=prin_"))
            #expect(lines[1].contains("route=unmatched status=404"))
            #expect(!server.log.all.contains { $0.contains("private") || $0.contains("full") })
            let metrics = try await server.exchange(
                "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port: server.healthPort)
            #expect(metrics.header("content-type")?.hasPrefix("text/plain; version=0.0.4") == true)
            #expect(
                metrics.body.contains(
                    #"http_request_duration_seconds_count{method="GET",route="/v1/things",status="200"} 1"#))
            #expect(metrics.body.contains(#"route="unmatched",status="404"} 1"#))
        }
    }

    @Test func aTableWithMistakesIsNotServed() {
        struct Other: Codable, Sendable { let name: String }
        let bad = Endpoint(.get, "/v1/things/{thing_id}", "Read a thing", tag: "T", requires: .signedIn) {
            (call: Call<Other>) in NoContent()
        }
        do {
            try SiteCheck.check(Site(endpoints: SampleSite.endpoints + [bad]))
            Issue.record("the table was taken")
        } catch {
            #expect(error.list.count == 3)
            #expect(error.description.contains("does not read the parameter 'thing_id'"))
            #expect(error.description.contains("GET /v1/things/{thing_id} is declared twice"))
        }
    }
}
