import NIOHTTP1

/// Bounds of a connection, before anything is known about who is calling.
package struct FrontLimits: Sendable {
    /// From the first byte of a request to the end of its header.
    package var headerTime: Duration = .seconds(10)
    /// Without any request on a kept connection.
    package var idleTime: Duration = .seconds(60)
    /// How long a body may be slow before its rate counts.
    package var bodyGrace: Duration = .seconds(10)
    /// The lowest rate of a body while we wait for it.
    package var bodyBytesPerSecond = 1024
    /// How long a peer may leave our answer unread.
    package var writeStall: Duration = .seconds(30)
    /// How long we go on reading after a final answer, so that the peer sees it instead of a reset.
    package var linger: Duration = .seconds(2)
    package var uriBytes = 8 * 1024
    package var headerCount = 100
    package var headerBytes = 32 * 1024
    /// Requests sent ahead without waiting for answers.
    package var pipelined = 16
    /// Bytes of framing beyond eight times the body: chunk extensions and trailers.
    package var framingBytes = 16 * 1024
    /// Names that this server answers to, in lower case without a port; empty for any.
    package var hosts: Set<String> = []

    package init() {}
}

/// Why a connection is refused before a handler sees the request.
struct FrontRefusal: Error, Sendable, Equatable {
    let status: Int
    let reason: String
    let detail: String

    init(_ status: Int, _ reason: String, _ detail: String) {
        self.status = status
        self.reason = reason
        self.detail = detail
    }

    static let slowHeader = FrontRefusal(408, "HEADER_TOO_SLOW", "The request's header did not arrive in time.")
    static let slowBody = FrontRefusal(408, "BODY_TOO_SLOW", "The body arrived too slowly.")
    static let framing = FrontRefusal(400, "FRAMING_TOO_LARGE", "Chunk extensions or trailers are too long.")
}

/// What RFC 9112 demands of a server and the framework leaves open; pure.
enum FrontRules {
    /// `nil` for a request that may go on.
    static func refusal(of head: HTTPRequestHead, limits: FrontLimits) -> FrontRefusal? {
        versionRefusal(head) ?? targetRefusal(head, limits) ?? sizeRefusal(head, limits)
            ?? hostRefusal(head, limits) ?? codingRefusal(head)
    }

    private static func versionRefusal(_ head: HTTPRequestHead) -> FrontRefusal? {
        guard head.version.major == 1, head.version.minor <= 1 else {
            return FrontRefusal(505, "VERSION_NOT_SUPPORTED", "Use HTTP/1.1.")
        }
        return nil
    }

    private static func targetRefusal(_ head: HTTPRequestHead, _ limits: FrontLimits) -> FrontRefusal? {
        let target = head.uri.utf8
        guard target.count <= limits.uriBytes else {
            return FrontRefusal(414, "URI_TOO_LONG", "The address is longer than \(limits.uriBytes) bytes.")
        }
        guard target.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
            return FrontRefusal(400, "INVALID_TARGET", "The address has characters that must be percent-encoded.")
        }
        if target.first == UInt8(ascii: "/") { return nil }
        if head.uri == "*", head.method == .OPTIONS { return nil }
        guard let authority = absoluteAuthority(head.uri), let host = head.headers["host"].first,
            authority.lowercased() == host.lowercased()
        else { return FrontRefusal(400, "FOREIGN_TARGET", "The address must be a path of this server.") }
        return nil
    }

    /// The authority of `http://authority/…`; `nil` for every other form.
    private static func absoluteAuthority(_ target: String) -> Substring? {
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            return target.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
        }
        return nil
    }

    private static func sizeRefusal(_ head: HTTPRequestHead, _ limits: FrontLimits) -> FrontRefusal? {
        var bytes = 0
        for (name, value) in head.headers { bytes += name.utf8.count + value.utf8.count + 4 }
        guard head.headers.count <= limits.headerCount, bytes <= limits.headerBytes else {
            return FrontRefusal(431, "HEADER_TOO_LARGE", "The header has too many or too long fields.")
        }
        return nil
    }

    private static func hostRefusal(_ head: HTTPRequestHead, _ limits: FrontLimits) -> FrontRefusal? {
        let hosts = head.headers["host"]
        if hosts.isEmpty, head.version.minor == 0 { return nil }
        guard hosts.count == 1, let name = HostName.parse(hosts[0]) else {
            return FrontRefusal(400, "INVALID_HOST", "Exactly one valid Host header is needed.")
        }
        guard limits.hosts.isEmpty || limits.hosts.contains(name) else {
            return FrontRefusal(421, "UNKNOWN_HOST", "This server does not answer for that host name.")
        }
        return nil
    }

    private static func codingRefusal(_ head: HTTPRequestHead) -> FrontRefusal? {
        let codings = head.headers["transfer-encoding"]
        let lengths = head.headers["content-length"]
        if !codings.isEmpty {
            guard codings.count == 1, codings[0].lowercased() == "chunked", lengths.isEmpty, head.version.minor == 1
            else { return FrontRefusal(400, "INVALID_TRANSFER_ENCODING", "Only 'chunked' is understood, and alone.") }
        }
        guard lengths.count <= 1,
            lengths.allSatisfy({ (1...18).contains($0.utf8.count) && $0.utf8.allSatisfy(isDigit) })
        else { return FrontRefusal(400, "INVALID_CONTENT_LENGTH", "Content-Length must be one plain number.") }
        let expectations = head.headers["expect"]
        guard expectations.allSatisfy({ $0.lowercased() == "100-continue" }) else {
            return FrontRefusal(417, "UNKNOWN_EXPECTATION", "Only 'Expect: 100-continue' is understood.")
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}

/// The Host header: a name, an IPv4 address or a bracketed IPv6 address, and a port.
enum HostName {
    /// The host in lower case without port and trailing dot; `nil` when the text is no host.
    static func parse(_ text: String) -> String? {
        guard text.utf8.count <= 261 else { return nil }
        let host: Substring
        let rest: Substring
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[...end]
            rest = text[text.index(after: end)...]
            let inner = host.dropFirst().dropLast().utf8
            guard inner.count >= 2, inner.allSatisfy({ isHexDigit($0) || $0 == 58 || $0 == 46 }) else { return nil }
        } else {
            host = text.prefix { $0 != ":" }
            rest = text[host.endIndex...]
            guard isName(host) else { return nil }
        }
        guard rest.isEmpty || (rest.first == ":" && isPort(rest.dropFirst())) else { return nil }
        return (host.hasSuffix(".") ? host.dropLast() : host).lowercased()
    }

    private static func isName(_ host: Substring) -> Bool {
        let labels = (host.hasSuffix(".") ? host.dropLast() : host).split(
            separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.first != 45
                && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == 45 || $0 == 95 }
        }
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || (text.utf8.allSatisfy { (48...57).contains($0) } && UInt16(text).map { $0 > 0 } == true)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
    }
}
