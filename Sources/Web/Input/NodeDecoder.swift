import Kernel

/// A `Decoder` over a piece of input. It notes which keys were asked for, so that the others can be refused.
final class NodeDecoder: Decoder {
    let node: InputNode
    let path: InputPath
    let findings: InputFindings
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    private var requested: [String] = []
    private var isKeyed = false
    private var takesAllKeys = false

    init(node: InputNode, path: InputPath, findings: InputFindings) {
        self.node = node
        self.path = path
        self.findings = findings
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        switch node {
        case .json(.object), .fields: break
        default: throw InputMistake.expected("an object", not: node)
        }
        isKeyed = true
        return KeyedDecodingContainer(NodeKeys<Key>(decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        switch node {
        case .json(.array(let elements)): return NodeList(decoder: self, nodes: elements.map { .json($0) })
        case .texts(let texts): return NodeList(decoder: self, nodes: texts.map { .text($0) })
        case .text(let text): return NodeList(decoder: self, nodes: [.text(text)])
        default: throw InputMistake.expected("an array", not: node)
        }
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { NodeValue(decoder: self) }

    /// The present member of that name; noted as asked for.
    func child(_ key: any CodingKey) -> (node: InputNode, path: InputPath)? {
        let name = takesAllKeys ? key.stringValue : WireName.snakeCase(key.stringValue)
        if !takesAllKeys, !requested.contains(name) { requested.append(name) }
        switch node {
        case .json(let json): return json[name].map { (.json($0), path.appending(name)) }
        case .fields(let fields):
            return fields[name].map { ($0.node, InputPath(origin: $0.origin, tokens: [name])) }
        default: return nil
        }
    }

    /// Forms send every field; one that was left empty is absent.
    var treatsEmptyAsNil: Bool {
        if case .fields(let fields) = node { fields.isLenient } else { false }
    }

    /// For dictionaries: every key is data.
    func allKeys() -> [String] {
        takesAllKeys = true
        if case .json(let json) = node { return json.members?.map(\.key) ?? [] }
        return []
    }

    func noteUnknownKeys() {
        guard isKeyed, !takesAllKeys else { return }
        let known = requested.isEmpty ? "none" : requested.sorted().joined(separator: ", ")
        let message = "is not known here; known: \(known)"
        switch node {
        case .json(.object(let members)):
            for member in members where !requested.contains(member.key) {
                findings.note(message, at: path.appending(member.key))
            }
        case .fields(let fields) where !fields.isLenient:
            for (name, field) in fields.fields.sorted(by: { $0.key < $1.key })
            where field.origin != .path && !requested.contains(name) {
                findings.note(message, at: InputPath(origin: field.origin, tokens: [name]))
            }
        default: break
        }
    }
}

private struct NodeKeys<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: NodeDecoder
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { decoder.allKeys().compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { decoder.child(key) != nil }

    func decodeNil(forKey key: Key) -> Bool {
        switch decoder.child(key)?.node {
        case nil, .json(.null): true
        case .text(""): decoder.treatsEmptyAsNil
        default: false
        }
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        if let (node, path) = decoder.child(key) {
            return try decoder.findings.decodeOrNote(type, from: node, at: path)
        }
        let path = decoder.path.appending(WireName.snakeCase(key.stringValue))
        // A browser sends nothing for a checkbox that is not ticked, and nothing for a choice of none.
        if path.origin == .form {
            if let unticked = false as? Value { return unticked }
            if let none = try? Value(from: NodeDecoder(node: .texts([]), path: path, findings: InputFindings())) {
                return none
            }
        }
        decoder.findings.note("is required", at: path)
        return try SchemaRecorder.sample(of: type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try superDecoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try superDecoder(forKey: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { throw InputMistake(message: "is not valid") }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        guard let (node, path) = decoder.child(key) else { throw InputMistake(message: "is required") }
        return NodeDecoder(node: node, path: path, findings: decoder.findings)
    }
}

private struct NodeList: UnkeyedDecodingContainer {
    let decoder: NodeDecoder
    let nodes: [InputNode]
    var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { nodes.count }
    var isAtEnd: Bool { currentIndex >= nodes.count }

    init(decoder: NodeDecoder, nodes: [InputNode]) {
        self.decoder = decoder
        self.nodes = nodes
    }

    mutating func decodeNil() -> Bool {
        guard !isAtEnd, case .json(.null) = nodes[currentIndex] else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (node, path) = try next()
        return try decoder.findings.decodeOrNote(type, from: node, at: path)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try superDecoder().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try superDecoder().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder {
        let (node, path) = try next()
        return NodeDecoder(node: node, path: path, findings: decoder.findings)
    }

    private mutating func next() throws -> (InputNode, InputPath) {
        guard !isAtEnd else { throw InputMistake(message: "has too few elements") }
        defer { currentIndex += 1 }
        return (nodes[currentIndex], decoder.path.appending(String(currentIndex)))
    }
}

private struct NodeValue: SingleValueDecodingContainer {
    let decoder: NodeDecoder
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool {
        if case .json(.null) = decoder.node { true } else { false }
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try decoder.findings.decode(type, from: decoder.node, at: decoder.path)
    }
}
