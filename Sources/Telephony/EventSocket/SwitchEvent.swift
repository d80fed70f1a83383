import FoundationEssentials
import Kernel

/// Something that happened on a node.
package struct SwitchEvent: Sendable, Hashable {
    /// `CHANNEL_CREATE`, `HEARTBEAT`, `CUSTOM`…
    package let name: String
    /// `sofia::register` and the like, for `CUSTOM`.
    package let subclass: String?
    /// The body of its own that a few events have, such as the result of a background job.
    package let body: String?
    private let fields: [String: String]

    /// From `text/event-plain`: percent-encoded header lines, and perhaps a body with its own `Content-Length`.
    package init(plain bytes: [UInt8]) throws(EventSocketError) {
        let end = Self.endOfHead(bytes)
        let headers = HeaderLines.read(bytes[..<end]).map { ($0.name, RecordText.percentDecoded($0.value)) }
        let rest = bytes[end...].drop { $0 == 10 || $0 == 13 }
        let length = headers.first { $0.0 == "Content-Length" }.flatMap { Int($0.1) } ?? 0
        try self.init(headers, body: length > 0 ? RecordText.decode(rest.prefix(length)) : nil)
    }

    /// From `text/event-json`: one flat object, the values not encoded, a body as `_body`.
    package init(json bytes: [UInt8]) throws(EventSocketError) {
        let node: RecordNode
        do throws(MalformedRecord) {
            node = try LenientJSON.parse(bytes)
        } catch {
            throw EventSocketError("An event is broken: \(error.detail)")
        }
        try self.init(
            node.members.compactMap { member in member.value.text.map { (member.name, $0) } },
            body: node["_body"]?.text)
    }

    private init(_ headers: [(String, String)], body: String?) throws(EventSocketError) {
        fields = Dictionary(headers, uniquingKeysWith: { first, _ in first })
        guard let name = fields["Event-Name"] else { throw EventSocketError("An event has no name.") }
        self.name = name
        subclass = fields["Event-Subclass"]
        self.body = body
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int {
        var index = 0
        while index + 1 < bytes.count {
            if bytes[index] == 10, bytes[index + 1] == 10 { return index + 1 }
            index += 1
        }
        return bytes.count
    }

    /// A header of the event; `nil` when it is missing or empty.
    package subscript(name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// A channel variable.
    package func variable(_ name: String) -> String? { self["variable_\(name)"] }

    /// A header that holds an id; `nil` for anything else.
    package func uuid(_ name: String) -> UUID? { self[name].flatMap { UUID(uuidString: $0) } }

    /// Microseconds since 1970; `nil` for 0.
    package func time(_ name: String) -> Timestamp? {
        self[name].flatMap { Int64($0) }.flatMap { $0 > 0 ? Timestamp(microseconds: $0) : nil }
    }

    /// When the node made it, by the node's clock.
    package var date: Timestamp? { time("Event-Date-Timestamp") }

    /// Counts the events of a run of the node; a jump means that others went elsewhere or were lost.
    package var sequence: Int64? { self["Event-Sequence"].flatMap { Int64($0) } }

    package var coreID: UUID? { uuid("Core-UUID") }
}
