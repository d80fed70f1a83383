/// A record's content without its syntax: JSON and XML carry the same facts.
enum RecordNode: Sendable, Hashable {
    struct Member: Sendable, Hashable {
        let name: String
        let value: RecordNode
    }

    case text(String)
    case object([Member])
    case list([RecordNode])

    static let maximumDepth = 32

    /// The first member of that name.
    subscript(name: String) -> RecordNode? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// All of that name: the elements of one list in JSON, repeated elements in XML.
    func all(_ name: String) -> [RecordNode] {
        guard case .object(let members) = self else { return [] }
        return members.filter { $0.name == name }.flatMap { member in
            if case .list(let elements) = member.value { elements } else { [member.value] }
        }
    }

    /// Empty text counts as none.
    var text: String? {
        guard case .text(let text) = self, !text.isEmpty else { return nil }
        return text
    }

    var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }
}
