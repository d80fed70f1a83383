import Crypto
import HTTPTypes
import HummingbirdCore
import Kernel
import NIOCore

/// A request as it came from the connection.
struct IncomingRequest: Sendable {
    let method: String
    let path: String
    let query: String
    let authority: String?
    let headers: HTTPFields
    let body: RequestBody
    let remoteAddress: String?

    init(head: HTTPRequest, body: RequestBody, remoteAddress: String?) {
        let target = head.path ?? "/"
        let mark = target.firstIndex(of: "?")
        method = head.method.rawValue
        path = String(target[..<(mark ?? target.endIndex)])
        query = mark.map { String(target[target.index(after: $0)...]) } ?? ""
        authority = head.authority
        headers = head.headerFields
        self.body = body
        self.remoteAddress = remoteAddress
    }

    /// The values of a header field, one per line as sent.
    func values(_ name: String) -> [String] {
        HTTPField.Name(name).map { name in headers[values: name] } ?? []
    }

    func queryPairs() throws(Problem) -> [(name: String, value: String)] {
        do throws(FormCoding.Failure) {
            return try FormCoding.pairs(Array(query.utf8)[...])
        } catch {
            throw Problem(
                status: 400, reason: "INVALID_QUERY", title: "The query cannot be read",
                detail: "Percent-encode every name and value as UTF-8 without NUL.")
        }
    }

    // MARK: Headers

    /// The bearer token; `nil` without one or when the header is not well-formed.
    var bearerToken: String? {
        let values = values("authorization")
        guard values.count == 1 else { return nil }
        let parts = values[0].split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer", (1...512).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        return String(parts[1])
    }

    /// The cookie of that name; of several, none: somebody else may have set the second one.
    func cookie(_ name: String) -> String? {
        let pairs = values("cookie").flatMap { $0.split(separator: ";") }.map(\.trimmed)
        let matches = pairs.filter { $0.hasPrefix(name + "=") }
        guard matches.count == 1 else { return nil }
        let value = matches[0].dropFirst(name.count + 1)
        return value.utf8.count <= 4096 ? String(value) : nil
    }

    /// The caller's request id when it is harmless.
    var sentRequestID: String? {
        let values = values("x-request-id")
        guard values.count == 1, (1...64).contains(values[0].utf8.count), values[0].utf8.allSatisfy(Self.isPlain) else {
            return nil
        }
        return values[0]
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 95
            || byte == 46
    }

    func idempotencyKey() throws(Problem) -> String? {
        let values = values("idempotency-key")
        guard let key = values.first else { return nil }
        guard values.count == 1, (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw Problem(
                status: 400, reason: "INVALID_IDEMPOTENCY_KEY", title: "The idempotency key is not valid",
                detail: "Send one Idempotency-Key of 1 to 255 visible ASCII characters, for example a random UUID.")
        }
        return key
    }

    func ifMatch() throws(Problem) -> IfMatch {
        let values = values("if-match")
        if values.isEmpty { return .absent }
        let tags = values.flatMap { $0.split(separator: ",") }.map(\.trimmed)
        if tags == ["*"] { return .any }
        guard !tags.isEmpty, tags.allSatisfy({ $0.wholeMatch(of: /"[!#-~]+"/) != nil }) else {
            throw Problem(
                status: 400, reason: "INVALID_IF_MATCH", title: "If-Match is not valid",
                detail: "Send the object's ETag in its double quotes, or *.")
        }
        return .tags(tags.map { String($0.dropFirst().dropLast()) })
    }

    /// Whether `If-None-Match` names the tag, which is given with its quotes.
    func knows(etag: String) -> Bool {
        let tags = values("if-none-match").flatMap { $0.split(separator: ",") }.map(\.trimmed)
        return tags.contains("*") || tags.contains(etag) || tags.contains("W/" + etag)
    }

    var mediaType: String? {
        let values = values("content-type")
        guard values.count == 1 else { return nil }
        return values[0].prefix { $0 != ";" }.trimmed.lowercased()
    }

    // MARK: Body

    static func tooLarge(_ limit: Int) -> Problem {
        Problem(
            status: 413, reason: "BODY_TOO_LARGE", title: "The body is too large",
            detail: "At most \(limit) bytes are taken here; send less at a time.")
    }

    /// The whole body, as sent. 413 beyond the limit; 400 when it ends early.
    func collectBody(limit: Int) async throws -> [UInt8] {
        let announced = values("content-length").first.flatMap { Int($0) }
        if let announced, announced > limit { throw Self.tooLarge(limit) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(announced ?? 0, limit))
        for try await buffer in body {
            guard bytes.count + buffer.readableBytes <= limit else { throw Self.tooLarge(limit) }
            buffer.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
        }
        // The framework takes the end of a connection for the end of the body.
        if let announced, announced != bytes.count { throw Self.cutOff }
        return bytes
    }

    static let cutOff = Problem(
        status: 400, reason: "BODY_CUT_OFF", title: "The body ended early", detail: "Send the whole body.")
}

/// SHA-256 as bytes.
enum Digest {
    static func sha256(_ parts: [UInt8]...) -> [UInt8] {
        var hash = SHA256()
        for part in parts { hash.update(data: part) }
        return Array(hash.finalize())
    }
}
