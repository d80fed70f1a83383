import NIOCore
import NIOHTTP1
import Testing

@testable import Web

@Suite struct FrontRulesTests {
    private func status(
        _ target: String = "/", _ headers: [(String, String)] = [("Host", "a.example")], method: HTTPMethod = .GET,
        version: HTTPVersion = .http1_1
    ) -> Int? {
        let head = HTTPRequestHead(version: version, method: method, uri: target, headers: HTTPHeaders(headers))
        var limits = FrontLimits()
        limits.headerCount = 20
        return FrontRules.refusal(of: head, limits: limits)?.status
    }

    @Test(arguments: [
        "a", "a.example", "A.Example.", "a.example:80", "127.0.0.1:8080", "[::1]", "[::1]:1", "localhost:",
        "a_b.example",
    ])
    func takesHosts(host: String) { #expect(status("/", [("Host", host)]) == nil) }

    @Test(arguments: [
        "", " ", "a b", "a,b", "a..b", ".a", "-a", "a/b", "a@b", "a:b", "a:99999", "a:0", "[::1", "[]", "[g::1]", "ä",
        "a:80:80",
    ])
    func refusesHosts(host: String) { #expect(status("/", [("Host", host)]) == 400) }

    @Test func needsExactlyOneHost() {
        #expect(status("/", []) == 400)
        #expect(status("/", [("Host", "a"), ("Host", "a")]) == 400)
        #expect(status("/", [], version: .http1_0) == nil)
        #expect(status("/", [("Host", "a")], version: HTTPVersion(major: 1, minor: 2)) == 505)
    }

    @Test func takesOnlyItsOwnAddresses() {
        #expect(status("http://a.example/x") == nil)
        #expect(status("HTTP://A.example?x") == nil)
        for target in [
            "http://b.example/", "ftp://a.example/", "a.example:443", "x", "http://a.example@b/", "/a#b", "/ä", "/a b",
        ] {
            #expect(status(target) == 400, "\(target)")
        }
        #expect(status("*", method: .OPTIONS) == nil)
        #expect(status("*") == 400)
        #expect(status("/" + String(repeating: "a", count: 8192)) == 414)
        #expect(status("/" + String(repeating: "a", count: 8191)) == nil)
    }

    @Test func understandsOnlyPlainFraming() {
        let host = ("Host", "a.example")
        #expect(status("/", [host, ("Transfer-Encoding", "chunked")]) == nil)
        for coding in ["xchunked", "gzip, chunked", "identity", "chunked, chunked", ""] {
            #expect(status("/", [host, ("Transfer-Encoding", coding)]) == 400, "\(coding)")
        }
        #expect(status("/", [host, ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")]) == 400)
        #expect(status("/", [host, ("Transfer-Encoding", "chunked"), ("Content-Length", "1")]) == 400)
        for length in ["+4", "-1", "4, 4", "0x4", " 4", "", "1234567890123456789"] {
            #expect(status("/", [host, ("Content-Length", length)]) == 400, "\(length)")
        }
        #expect(status("/", [host, ("Content-Length", "4"), ("Content-Length", "4")]) == 400)
        #expect(status("/", [host, ("Expect", "tea")]) == 417)
    }

    @Test func boundsTheHeader() {
        let host = ("Host", "a.example")
        #expect(status("/", [host] + (0..<19).map { ("X-\($0)", "a") }) == nil)
        #expect(status("/", [host] + (0..<20).map { ("X-\($0)", "a") }) == 431)
        #expect(status("/", [host, ("X", String(repeating: "a", count: 40_000))]) == 431)
    }

    @Test func answersOnlyForItsNames() {
        var limits = FrontLimits()
        limits.hosts = ["a.example"]
        func status(_ host: String) -> Int? {
            let head = HTTPRequestHead(
                version: .http1_1, method: .GET, uri: "/", headers: HTTPHeaders([("host", host)]))
            return FrontRules.refusal(of: head, limits: limits)?.status
        }
        #expect(status("A.example:8080") == nil)
        #expect(status("b.example") == 421)
    }

    @Test func patienceEnds() {
        let limits = FrontLimits()
        let start = NIODeadline.now()
        func at(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }
        var clock = ConnectionClock(limits: limits, now: start)
        #expect(clock.verdict(isAnswering: false, now: at(9)) == .goOn)
        #expect(clock.verdict(isAnswering: false, now: at(11)) == .refuse(.slowHeader))

        clock.enter(.body, now: at(0))
        clock.readRequested(now: at(0))
        #expect(clock.verdict(isAnswering: true, now: at(9)) == .goOn)
        #expect(clock.verdict(isAnswering: true, now: at(12)) == .refuse(.slowBody))
        clock.received(raw: 20_000, now: at(12))
        clock.received(body: 20_000)
        // Nobody asks for more: the peer is not to blame.
        #expect(clock.verdict(isAnswering: true, now: at(1000)) == .goOn)
        #expect(!clock.framingIsExcessive)
        clock.received(raw: 1_000_000, now: at(13))
        #expect(clock.framingIsExcessive)

        clock.enter(.idle, now: at(20))
        #expect(clock.verdict(isAnswering: true, now: at(2000)) == .goOn)
        #expect(clock.verdict(isAnswering: false, now: at(79)) == .goOn)
        #expect(clock.verdict(isAnswering: false, now: at(81)) == .close)
        clock.received(raw: 1, now: at(82))
        #expect(clock.phase == .header)
        #expect(clock.verdict(isAnswering: false, now: at(93)) == .refuse(.slowHeader))

        clock.enter(.lingering, now: at(100))
        #expect(clock.verdict(isAnswering: false, now: at(101)) == .goOn)
        #expect(clock.verdict(isAnswering: false, now: at(103)) == .close)

        clock.enter(.idle, now: at(200))
        clock.writabilityChanged(false, now: at(200))
        #expect(clock.verdict(isAnswering: true, now: at(231)) == .close)
    }
}
