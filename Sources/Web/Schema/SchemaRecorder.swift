/// Why a type's shape cannot be found; a mistake of ours, found when the server is assembled.
struct SchemaDefect: Error, CustomStringConvertible {
    let description: String
}

/// Finds the shape of a `Decodable` type by running its own `init(from:)` against a decoder that has no input: it notes
/// what is asked for and answers with samples. So the document can never drift from what is decoded.
enum SchemaRecorder {
    private static let maximumDepth = 16

    static func schema<Value: Decodable>(of type: Value.Type) throws -> Schema {
        try record(type, depth: 0).schema
    }

    /// Any valid value of the type.
    static func sample<Value: Decodable>(of type: Value.Type) throws -> Value {
        try record(type, depth: 0).sample
    }

    fileprivate static func record<Value: Decodable>(
        _ type: Value.Type, depth: Int
    ) throws -> (schema: Schema, sample: Value) {
        guard depth < maximumDepth else { throw SchemaDefect(description: "\(type) nests without end") }
        if let described = type as? any SchemaDescribed.Type {
            return (described.schema, try cast(described.sample))
        }
        if let values = StringEnum.values(of: type) {
            guard let first = (type as? any CaseIterable.Type)?.firstCase else {
                throw SchemaDefect(description: "\(type) has no case")
            }
            return (.text(Schema.Text(values: values)), try cast(first))
        }
        if let primitive = try primitive(type) { return primitive }
        let recorder = Recorder(depth: depth)
        let sample = try Value(from: recorder)
        return (try recorder.schema(named: String(describing: type)), sample)
    }

    private static func primitive<Value>(_ type: Value.Type) throws -> (schema: Schema, sample: Value)? {
        if type == String.self { return (.text, try cast("text")) }
        if type == Bool.self { return (.boolean, try cast(false)) }
        if type == Double.self { return (.number, try cast(0.0)) }
        if type == Float.self { return (.number, try cast(Float(0))) }
        if let integer = type as? any FixedWidthInteger.Type {
            return (integer.schema, try cast(integer.init(truncatingIfNeeded: 1)))
        }
        return nil
    }

    private static func cast<Value>(_ sample: Any) throws -> Value {
        guard let value = sample as? Value else {
            throw SchemaDefect(description: "the sample of \(Value.self) has another type")
        }
        return value
    }
}

extension FixedWidthInteger {
    fileprivate static var schema: Schema {
        .integer(minimum: Int64(clamping: min), maximum: Int64(clamping: max))
    }
}

extension CaseIterable {
    fileprivate static var firstCase: Any? { allCases.first }
}

/// Enumerations over strings whose cases can be listed.
enum StringEnum {
    /// The raw values in order of declaration; `nil` for every other type.
    static func values(of type: Any.Type) -> [String]? {
        guard let iterable = type as? any CaseIterable.Type else { return nil }
        return rawValues(iterable)
    }

    private static func rawValues<Enumeration: CaseIterable>(_ type: Enumeration.Type) -> [String]? {
        var values: [String] = []
        for value in type.allCases {
            guard let value = value as? any RawRepresentable, let text = value.rawValue as? String else { return nil }
            values.append(text)
        }
        return values
    }
}

/// A reference, because a decoder is passed around by value while it collects.
private final class Recorder: Decoder {
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]
    let depth: Int
    var properties: [Schema.Property] = []
    var optionalKeys: Set<String> = []
    var isKeyed = false
    var listsKeys = false
    var element: Schema?
    var isList = false

    init(depth: Int) { self.depth = depth }

    func schema(named name: String) throws -> Schema {
        if listsKeys { return .map(properties.first?.schema ?? .anything) }
        if isKeyed { return .object(Schema.Object(name: name, properties: properties)) }
        guard let element else { throw SchemaDefect(description: "\(name) must conform to SchemaDescribed") }
        return isList ? .list(element) : element
    }

    func note(_ key: any CodingKey, _ schema: Schema) {
        let name = WireName.snakeCase(key.stringValue)
        guard !properties.contains(where: { $0.name == name }) else { return }
        properties.append(Schema.Property(name, schema, isRequired: !optionalKeys.contains(key.stringValue)))
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        isKeyed = true
        return KeyedDecodingContainer(RecordingKeys<Key>(recorder: self))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer {
        isList = true
        return RecordingList(recorder: self)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { RecordingValue(recorder: self) }
}

private struct RecordingKeys<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let recorder: Recorder
    var codingPath: [any CodingKey] { [] }

    var allKeys: [Key] {
        recorder.listsKeys = true
        return Key(stringValue: "key").map { [$0] } ?? []
    }

    func contains(_ key: Key) -> Bool {
        recorder.optionalKeys.insert(key.stringValue)
        return true
    }

    func decodeNil(forKey key: Key) -> Bool {
        recorder.optionalKeys.insert(key.stringValue)
        return false
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let (schema, sample) = try SchemaRecorder.record(type, depth: recorder.depth + 1)
        recorder.note(key, schema)
        return sample
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw Unsupported.nesting }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw Unsupported.nesting }
    func superDecoder() throws -> any Decoder { throw Unsupported.nesting }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw Unsupported.nesting }
}

private struct RecordingList: UnkeyedDecodingContainer {
    let recorder: Recorder
    var codingPath: [any CodingKey] { [] }
    var count: Int? { 1 }
    var currentIndex = 0
    var isAtEnd: Bool { currentIndex > 0 }

    init(recorder: Recorder) { self.recorder = recorder }

    func decodeNil() -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (schema, sample) = try SchemaRecorder.record(type, depth: recorder.depth + 1)
        recorder.element = schema
        currentIndex += 1
        return sample
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
        throw Unsupported.nesting
    }

    func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Unsupported.nesting }
    func superDecoder() throws -> any Decoder { throw Unsupported.nesting }
}

private struct RecordingValue: SingleValueDecodingContainer {
    let recorder: Recorder
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (schema, sample) = try SchemaRecorder.record(type, depth: recorder.depth + 1)
        recorder.element = schema
        return sample
    }
}

private enum Unsupported {
    static let nesting = SchemaDefect(description: "a type with nested containers must conform to SchemaDescribed")
}
