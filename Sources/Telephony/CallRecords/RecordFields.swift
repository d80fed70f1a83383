import FoundationEssentials
import Kernel

/// The fields of a record by name, whichever way they came.
struct RecordFields {
    let coreID: String?
    let switchName: String
    /// Of the channel.
    let direction: String?
    /// The caller profiles of the call flow, the newest first.
    let profiles: [RecordNode]
    private let variables: [String: String]

    init(json node: RecordNode) throws(MalformedRecord) {
        let members = node["variables"]?.members ?? []
        try self.init(node, Self.isEncoded(members) ? Self.decoded(members) : members)
    }

    /// In XML the values of variables are always percent-encoded, beneath the XML's own escapes.
    init(xml document: (name: String, node: RecordNode)) throws(MalformedRecord) {
        guard document.name == "cdr" else {
            throw MalformedRecord(.brokenXML, "The document is not a call record.")
        }
        try self.init(document.node, Self.decoded(document.node["variables"]?.members ?? []))
    }

    private init(_ node: RecordNode, _ members: [RecordNode.Member]) throws(MalformedRecord) {
        guard !members.isEmpty else { throw MalformedRecord(.noVariables, "There are no variables.") }
        coreID = node["core-uuid"]?.text
        switchName = node["switchname"]?.text ?? ""
        direction = node["channel_data"]?["direction"]?.text
        profiles = node.all("callflow").compactMap { $0["caller_profile"] }
        // The first of two wins: what follows was appended by somebody else.
        variables = Dictionary(
            members.compactMap { member in member.value.text.map { (member.name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Whether `encode-values` was on, which the record does not say: its encoding leaves none of these characters, and
    /// without it the start time alone has a space and colons.
    private static func isEncoded(_ members: [RecordNode.Member]) -> Bool {
        let unsafe = Set(" \"#&+:;<=>?@[\\]^`{|}\r\n".utf8)
        return !members.contains { member in
            guard case .text(let text) = member.value else { return false }
            return text.utf8.contains { unsafe.contains($0) || $0 >= 0x80 }
        }
    }

    private static func decoded(_ members: [RecordNode.Member]) -> [RecordNode.Member] {
        members.map { member in
            guard case .text(let text) = member.value else { return member }
            return RecordNode.Member(name: member.name, value: .text(RecordText.percentDecoded(text)))
        }
    }

    /// A variable; `nil` when it is missing or empty.
    subscript(name: String) -> String? { variables[name] }

    func uuid(_ name: String) -> UUID? { variables[name].flatMap { UUID(uuidString: $0) } }

    func number(_ name: String) -> Int? { variables[name].flatMap { Int($0) } }

    /// `<name>_uepoch` in microseconds; `nil` for 0, which is FreeSWITCH's "never".
    func time(_ name: String) -> Timestamp? {
        if let text = variables["\(name)_uepoch"], let value = Int64(text) {
            return value > 0 ? Timestamp(microseconds: value) : nil
        }
        guard let text = variables["\(name)_epoch"], let value = Int64(text), value > 0, value < 1 << 40 else {
            return nil
        }
        return Timestamp(seconds: value)
    }
}
