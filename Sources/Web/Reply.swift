import Kernel

/// An answer with more than a value: another status, headers, a tag for the state.
package struct Reply<Output: Sendable>: Sendable {
    package var value: Output
    /// The status instead of the one that the endpoint declares.
    package var status: Int?
    /// The state's tag without quotes, for values that are not `Revisioned`; sent as `ETag` and compared with
    /// `If-None-Match`.
    package var etag: String?
    /// Further header fields; names in lower case.
    package var headers: [Header] = []
    private(set) var isRehearsal = false

    package init(_ value: Output, status: Int? = nil, etag: String? = nil, headers: [Header] = []) {
        self.value = value
        self.status = status
        self.etag = etag
        self.headers = headers
    }

    /// The same answer as the first time: `Idempotency-Replayed: true`.
    package func replayed() -> Reply {
        var reply = self
        reply.headers.append(Header("idempotency-replayed", "true"))
        return reply
    }

    /// The answer to `validate_only`: 200 without a tag, because nothing was made or changed.
    package func rehearsed() -> Reply {
        var reply = self
        reply.status = 200
        reply.isRehearsal = true
        return reply
    }

    func map<Other>(_ transform: (Output) throws -> Other) rethrows -> Reply<Other> {
        var reply = Reply<Other>(try transform(value), status: status, etag: etag, headers: headers)
        reply.isRehearsal = isRehearsal
        return reply
    }
}

/// An answer with the revision of its object. Every endpoint that answers with one sends it as `ETag`.
package protocol Revisioned {
    /// 1 at first, one more with every change.
    var revision: Int64 { get }
}

extension Revisioned {
    /// The tag without its quotes.
    package var etag: String { "r\(revision)" }
}

/// One header field of an answer. Control characters in the value are dropped before it is sent.
package struct Header: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Bytes of any media type, for documents and streams.
package struct RawReply: Sendable {
    package var status = 200
    package var mediaType: String
    package var bytes: [UInt8]
    package var etag: String?
    package var headers: [Header] = []

    package init(_ bytes: [UInt8], mediaType: String) {
        self.bytes = bytes
        self.mediaType = mediaType
    }

    package init(json bytes: [UInt8], status: Int = 200) {
        self.bytes = bytes
        self.status = status
        mediaType = "application/json"
    }

    package init(html: HTML) {
        bytes = Array(html.markup.utf8)
        mediaType = "text/html; charset=utf-8"
    }
}

/// The output of an endpoint that answers 204 without a body.
package struct NoContent: Codable, Sendable {
    package init() {}
}

/// How one page of a list is sent: `{"items": […], "next_cursor": "…"}`.
package struct Listing<Item: Codable & Sendable>: Codable, Sendable {
    package let items: [Item]
    /// Absent on the last page.
    package let nextCursor: String?

    package init(_ page: Page<Item>) {
        items = page.items
        nextCursor = page.nextCursor
    }
}
