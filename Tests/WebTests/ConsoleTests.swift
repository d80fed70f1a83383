import Kernel
import Testing

@testable import Web

/// Sessions, forms and redirects, through a really bound server.
@Suite struct ConsoleTests {
    struct Rename: Codable, Sendable {
        let thingID: String
        let name: String
        let seats: Int?
    }
    struct Secret: Codable, Sendable { let secret: String }

    private static let site = Site(
        endpoints: SampleSite.endpoints,
        pages: [
            PageRoute(.get, "/", requires: .signedIn) { (call: PageCall<NoInput>) in
                .page(ConsolePage("Home", section: "/", body: "<p>\(call.principal.displayName)</p>"))
            },
            PageRoute(.get, "/things", requires: .permission(TestPrincipal.read)) { (call: PageCall<NoInput>) in
                .page(ConsolePage("Things", section: "/things", body: "<p>list</p>"))
            },
            PageRoute(.post, "/things/{thing_id}", requires: .permission(TestPrincipal.write)) {
                (call: PageCall<Rename>) in
                if call.input.name == "taken" { throw Problem.conflict("NAME_TAKEN", "The name is taken.") }
                return .redirect(to: "/things", flash: Flash(.ok, "Renamed to <\(call.input.name)>"))
            }
            .recovering { call in
                let body: HTML =
                    "<p>\(call.input.problem.errors.map(\.field).joined(separator: ","))|\(call.input.values["name"] ?? "")</p>"
                return .page(ConsolePage("Again", section: "/things", body: body), status: 422)
            },
            PageRoute(.post, "/upload", requires: .signedIn) { (call: PageCall<NoInput>) in
                .page(ConsolePage("Up", section: "/", body: "<p>\(call.session.files["file"]?.bytes.count ?? 0)</p>"))
            }
            .acceptingFile(upTo: 1000),
            PageRoute(.get, "/sign-in", requires: .public) { (call: PublicPageCall<NoInput>) in
                .page(ConsolePage("Sign in", section: "/", body: "<i>\(call.session.csrfToken)</i>"))
            },
            PageRoute(.post, "/sign-in", requires: .public) { (call: PublicPageCall<Secret>) in
                PageReply.redirect(to: "/").startingSession(token: call.input.secret, seconds: 3600)
            },
            PageRoute(.post, "/sign-out", requires: .signedIn) { (call: PageCall<NoInput>) in
                PageReply.redirect(to: "/sign-in").endingSession()
            },
        ],
        assets: [Asset(named: "console.css", mediaType: "text/css", bytes: Array("p{}".utf8))],
        console: Console(
            layout: { page, context in
                "<title>\(page.title)</title><b>\(context.flash?.text ?? "")</b><i>\(context.csrfToken)</i>\(page.body)"
            },
            problemPage: { problem, _ in ConsolePage("Problem", section: "", body: "<p>\(problem.reason)</p>") }))

    private static let cookie = "Cookie: session=session-secret"

    /// The token of the forms in this session.
    private func token(_ server: TestServer, cookie: String = cookie) async throws -> String {
        let page = try await server.get("/things", token: nil, cookie).body
        return page.inner("<i>", "</i>")
    }

    private func submit(
        _ server: TestServer, _ path: String, _ form: String, _ headers: String...
    ) async throws -> RawAnswer {
        try await server.request(
            "POST", path, token: nil,
            headers + [
                "Content-Type: application/x-www-form-urlencoded", "Content-Length: \(form.utf8.count)",
            ], form)
    }

    @Test func visitorsAreSentToSignIn() async throws {
        try await TestServer.run(Self.site) { server in
            let answer = try await server.get("/things?page=2", token: nil)
            #expect(answer.status == 303 && answer.header("location") == "/sign-in?next=%2Fthings%3Fpage%3D2")
            #expect(try await server.get("/", token: nil).header("location") == "/sign-in")
            #expect(try await server.get("/things", token: "full").status == 303)
            #expect(try await server.get("/things", token: nil, "Cookie: session=wrong").status == 303)
            #expect(try await server.get("/things", token: nil, Self.cookie + "; session=x").status == 303)
            #expect(try await submit(server, "/things/1", "name=a").header("location") == "/sign-in")
        }
    }

    @Test func pagesAreSafeByDefault() async throws {
        try await TestServer.run(Self.site) { server in
            let page = try await server.get("/", token: nil, Self.cookie)
            #expect(page.status == 200 && page.body.contains("<p>test</p>"))
            let policy = page.header("content-security-policy") ?? ""
            #expect(policy.hasPrefix("default-src 'none'; style-src 'self'; script-src 'self'"))
            #expect(!policy.contains("unsafe"))
            #expect(page.header("cache-control") == "no-store")
            #expect(page.header("x-frame-options") == "DENY")
            let denied = try await submit(
                server, "/things/1", "name=a&_csrf=\(try await token(server))", "Cookie: session=reader-secret")
            #expect(denied.status == 403 && denied.body.contains("<p>FORBIDDEN</p>"))
            let lost = try await server.get("/nothing", token: nil, "Accept: text/html")
            #expect(lost.status == 404 && lost.body.contains("<p>NOT_FOUND</p>"))
            #expect(try await server.get("/v1/nothing", token: nil, "Accept: text/html").reason == "NOT_FOUND")
        }
    }

    @Test func formsNeedTheTokenAndTheOrigin() async throws {
        try await TestServer.run(Self.site) { server in
            let token = try await token(server)
            let path = "/things/1"
            func status(_ form: String, _ headers: String...) async throws -> Int {
                try await server.request(
                    "POST", path, token: nil,
                    [
                        Self.cookie, "Content-Type: application/x-www-form-urlencoded",
                        "Content-Length: \(form.utf8.count)",
                    ]
                        + headers, form
                ).status
            }
            #expect(try await status("name=a&_csrf=\(token)") == 303)
            #expect(try await status("name=a") == 403)
            #expect(try await status("name=a&_csrf=") == 403)
            #expect(try await status("name=a&_csrf=\(token)x") == 403)
            #expect(
                try await status(
                    "name=a&_csrf=\(try await self.token(server, cookie: "Cookie: session=reader-secret"))") == 403)
            #expect(try await status("name=a&_csrf=\(token)", "Origin: http://localhost:\(server.port)") == 303)
            #expect(try await status("name=a&_csrf=\(token)", "Origin: https://evil.example") == 403)
            #expect(try await status("name=a&_csrf=\(token)", "Origin: null") == 403)
            #expect(try await status("name=a&_csrf=\(token)", "Sec-Fetch-Site: cross-site") == 403)
            #expect(try await status("name=a&_csrf=\(token)", "Sec-Fetch-Site: same-origin") == 303)
        }
    }

    @Test func wrongFormsComeBackWithTheirValues() async throws {
        try await TestServer.run(Self.site) { server in
            let token = try await token(server)
            let wrong = try await submit(server, "/things/1", "name=a%3Cb&seats=x&_csrf=\(token)", Self.cookie)
            #expect(wrong.status == 422 && wrong.body.contains("<p>seats|a&lt;b</p>"))
            let taken = try await submit(server, "/things/1", "name=taken&seats=&_csrf=\(token)", Self.cookie)
            #expect(taken.status == 422 && taken.body.contains("|taken</p>"))
            let json = try await server.request(
                "POST", "/things/1", token: nil, [Self.cookie, "Content-Type: application/json", "Content-Length: 2"],
                "{}")
            #expect(json.status == 415)
        }
    }

    @Test func aMessageIsShownOnceAndEscaped() async throws {
        try await TestServer.run(Self.site) { server in
            let token = try await token(server)
            let answer = try await submit(server, "/things/1", "name=b&_csrf=\(token)", Self.cookie)
            #expect(answer.header("location") == "/things")
            let flash = try #require(answer.headers("set-cookie").first { $0.hasPrefix("flash=") })
            #expect(flash.hasSuffix("Path=/; HttpOnly; SameSite=Lax; Max-Age=60"))
            let pair = flash.prefix { $0 != ";" }
            let page = try await server.get("/things", token: nil, Self.cookie + "; " + pair)
            #expect(page.body.contains("<b>Renamed to &lt;b&gt;</b>"))
            #expect(page.headers("set-cookie").contains { $0.hasPrefix("flash=; ") && $0.contains("Max-Age=0") })
        }
    }

    @Test func signingInAndOut() async throws {
        try await TestServer.run(Self.site, settings: { $0.isSecure = true }) { server in
            let page = try await server.get("/sign-in", token: nil)
            let visitor = try #require(page.header("set-cookie"))
            #expect(
                visitor.hasPrefix("__Host-visitor=") && visitor.hasSuffix("; Path=/; HttpOnly; SameSite=Lax; Secure"))
            #expect(page.header("strict-transport-security") != nil)
            let cookie = "Cookie: " + visitor.prefix { $0 != ";" }
            let token = try await server.get("/sign-in", token: nil, cookie).body.inner("<i>", "</i>")
            #expect(try await submit(server, "/sign-in", "secret=session-secret&_csrf=\(token)").status == 403)
            let signedIn = try await submit(server, "/sign-in", "secret=session-secret&_csrf=\(token)", cookie)
            #expect(signedIn.status == 303)
            #expect(
                signedIn.header("set-cookie")
                    == "__Host-session=session-secret; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600; Secure")
            #expect(try await server.get("/", token: nil, Self.cookie).status == 303)
            let home = try await server.get("/", token: nil, "Cookie: __Host-session=session-secret")
            #expect(home.status == 200)
            let out = try await submit(
                server, "/sign-out", "_csrf=\(home.body.inner("<i>", "</i>"))", "Cookie: __Host-session=session-secret")
            #expect(
                out.headers("set-cookie").contains { $0.hasPrefix("__Host-session=; ") && $0.contains("Max-Age=0") })
        }
    }

    @Test func filesArriveWhole() async throws {
        try await TestServer.run(Self.site) { server in
            func upload(_ count: Int) async throws -> RawAnswer {
                let body =
                    "--b\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n\(try await token(server))\r\n--b\r\n"
                    + "Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n"
                    + String(repeating: "x", count: count) + "\r\n--b--\r\n"
                return try await server.request(
                    "POST", "/upload", token: nil,
                    [
                        Self.cookie, "Content-Type: multipart/form-data; boundary=b",
                        "Content-Length: \(body.utf8.count)",
                    ],
                    body)
            }
            let good = try await upload(700)
            #expect(good.body.contains("<p>700</p>"))
            let large = try await upload(100_000)
            #expect(large.status == 413)
        }
    }

    @Test func assetsAreKept() async throws {
        try await TestServer.run(Self.site) { server in
            let path = Self.site.assets[0].path
            #expect(path.hasPrefix("/assets/console.") && path.hasSuffix(".css"))
            let asset = try await server.get(path, token: nil)
            #expect(asset.body == "p{}" && asset.header("content-type") == "text/css")
            #expect(asset.header("cache-control") == "public, max-age=31536000, immutable")
            let etag = try #require(asset.header("etag"))
            #expect(try await server.get(path, token: nil, "If-None-Match: \(etag)").status == 304)
        }
    }
}

extension String {
    /// The text between two markers.
    fileprivate func inner(_ start: String, _ end: String) -> String {
        guard let from = firstRange(of: start) else { return "" }
        let rest = self[from.upperBound...]
        return String(rest[..<(rest.firstRange(of: end)?.lowerBound ?? rest.endIndex)])
    }
}
