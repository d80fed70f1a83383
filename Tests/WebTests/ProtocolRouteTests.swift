import Kernel
import Testing

@testable import Web

/// Addresses at which other programs speak their own protocols.
@Suite struct ProtocolRouteTests {
    private static let site = Site(
        endpoints: SampleSite.endpoints,
        protocols: [Method.get, .post].map { method in
            ProtocolRoute(method, "/device/{part}", bodyLimit: 20) { call in
                let body = method == .post ? try await call.body() : call.query
                var reply = RawReply(
                    Array("\(call.method) \(call.target) \(call.authorization ?? "-") ".utf8) + body,
                    mediaType: "text/plain")
                reply.headers = [Header("www-authenticate", "A"), Header("www-authenticate", "B")]
                return reply
            }
        })

    @Test func theHandlerGetsTheRequestAsItCame() async throws {
        try await TestServer.run(Self.site) { server in
            let post = try await server.post("/device/a?x=1&y=%20", "b=+&%FC", token: nil, type: "anything/else")
            #expect(post.status == 200 && post.body == "POST /device/a?x=1&y=%20 - b=+&%FC")
            let challenges = post.head.split(separator: "\r\n").filter {
                $0.lowercased().hasPrefix("www-authenticate:")
            }
            #expect(challenges.count == 2)
            let get = try await server.get("/device/b?%zz", token: nil, "Authorization: Basic eDp5")
            #expect(get.status == 200 && get.body == "GET /device/b?%zz Basic eDp5 %zz")
            let two = try await server.get("/device/b", token: "full", "Authorization: Basic eDp5")
            #expect(two.body == "GET /device/b - ")
        }
    }

    @Test func longBodiesAndOtherMethodsAreRefused() async throws {
        try await TestServer.run(Self.site) { server in
            #expect(try await server.post("/device/a", String(repeating: "a", count: 21), token: nil).status == 413)
            let put = try await server.request("PUT", "/device/a", token: nil)
            #expect(put.status == 405 && put.header("allow") == "GET, HEAD, OPTIONS, POST")
            #expect(try await server.get("/device", token: nil).status == 404)
        }
    }

    @Test func theyAreNoPartOfTheAPIButOfTheCheckForTwins() throws {
        let document = try OpenAPI.document(
            of: Self.site.endpoints, info: APIInfo(title: "t", version: "1", description: ""))
        #expect(!document.text.contains("/device"))
        var twins = Self.site
        twins.protocols += Self.site.protocols
        #expect(throws: SiteCheck.Defects.self) { try SiteCheck.check(twins) }
    }
}
