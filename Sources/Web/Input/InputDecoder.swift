import Kernel

/// Decodes the one DTO of an endpoint and finds as many mistakes as it can in one go: after a wrong field it goes on
/// with a sample of the type, and throws everything it saw at the end.
enum InputDecoder {
    static let maximumErrors = 50

    /// A `Problem`: 404 when a parameter of the path cannot be what it should be, 422 naming every wrong field otherwise.
    static func decode<Input: Decodable>(_ type: Input.Type, from fields: InputFields) throws(Problem) -> Input {
        let findings = InputFindings()
        let path = InputPath(origin: fields.origin, tokens: [])
        var value: Input?
        do {
            value = try findings.decode(type, from: .fields(fields), at: path)
        } catch {
            findings.note(error, at: path)
        }
        if findings.pathIsWrong { throw .notFound("object") }
        let errors = fields.errors + findings.errors
        guard errors.isEmpty, let value else { throw .invalid(Array(errors.prefix(maximumErrors))) }
        return value
    }

    /// Decodes any JSON value into a type, with the same rules and messages as a request's body. Errors are JSON Pointers
    /// below `pointer`.
    static func decode<Input: Decodable>(_ type: Input.Type, from json: JSON) throws(Problem) -> Input {
        let findings = InputFindings()
        let path = InputPath(origin: .body, tokens: [])
        var value: Input?
        do {
            value = try findings.decode(type, from: .json(json), at: path)
        } catch {
            findings.note(error, at: path)
        }
        guard findings.errors.isEmpty, let value else {
            throw .invalid(Array(findings.errors.prefix(maximumErrors)))
        }
        return value
    }
}

/// One wrong value: the message that follows the field's name.
struct InputMistake: Error {
    let message: String

    static func expected(_ what: String, not node: InputNode) -> InputMistake {
        switch node {
        case .json(.null): InputMistake(message: "must not be null")
        case .json(let json): InputMistake(message: "must be \(what), not \(json.kindName)")
        case .text: InputMistake(message: "must be \(what)")
        case .texts: InputMistake(message: "must be given once")
        case .fields: InputMistake(message: "must be \(what)")
        }
    }
}

/// What was found so far; shared by the decoders of one request.
final class InputFindings {
    private(set) var errors: [Problem.FieldError] = []
    private(set) var pathIsWrong = false

    /// The field's own value, or a thrown mistake for the caller to note.
    func decode<Value: Decodable>(_ type: Value.Type, from node: InputNode, at path: InputPath) throws -> Value {
        if let primitive = try Self.primitive(type, from: node) { return primitive }
        if let allowed = StringEnum.values(of: type), let text = try Self.primitive(String.self, from: node),
            !allowed.contains(text)
        {
            throw InputMistake(message: "must be one of \(allowed.joined(separator: ", "))")
        }
        let decoder = NodeDecoder(node: node, path: path, findings: self)
        let value = try Value(from: decoder)
        decoder.noteUnknownKeys()
        return value
    }

    /// The value, or a sample after noting what is wrong.
    func decodeOrNote<Value: Decodable>(_ type: Value.Type, from node: InputNode, at path: InputPath) throws -> Value {
        do {
            return try decode(type, from: node, at: path)
        } catch {
            note(error, at: path)
            return try SchemaRecorder.sample(of: type)
        }
    }

    func note(_ error: any Error, at path: InputPath) {
        switch error {
        case let mistake as InputMistake: note(mistake.message, at: path)
        case let problem as Problem: note(problem.detail, at: path)
        case let convertible as any ProblemConvertible: note(convertible.problem.detail, at: path)
        case DecodingError.dataCorrupted(let context): note(context.debugDescription, at: path)
        case is SchemaDefect where !errors.isEmpty: break
        default: note("is not valid", at: path)
        }
    }

    func note(_ message: String, at path: InputPath) {
        if path.origin == .path { pathIsWrong = true }
        guard errors.count < InputDecoder.maximumErrors else { return }
        errors.append(Problem.FieldError(field: path.name, message: message))
    }

    // MARK: Primitives

    private static func primitive<Value>(_ type: Value.Type, from node: InputNode) throws -> Value? {
        if type == String.self { return try string(node) as? Value }
        if type == Bool.self { return try bool(node) as? Value }
        if type == Double.self { return try number(node) as? Value }
        if type == Float.self { return Float(try number(node)) as? Value }
        if let integer = type as? any FixedWidthInteger.Type { return try Self.integer(integer, node) as? Value }
        return nil
    }

    private static func string(_ node: InputNode) throws -> String {
        switch node {
        case .json(.string(let text)), .text(let text): return text
        default: throw InputMistake.expected("a string", not: node)
        }
    }

    private static func bool(_ node: InputNode) throws -> Bool {
        switch node {
        case .json(.bool(let value)): return value
        case .text("true"), .text("on"): return true
        case .text("false"): return false
        default: throw InputMistake.expected("true or false", not: node)
        }
    }

    private static func integer<Integer: FixedWidthInteger>(
        _ type: Integer.Type, _ node: InputNode
    ) throws -> Integer {
        let literal: String
        switch node {
        case .json(.number(let text)), .text(let text): literal = text
        default: throw InputMistake.expected("a whole number", not: node)
        }
        if let value = Integer(literal), literal.first != "+" { return value }
        let isWhole = literal.drop { $0 == "-" }.utf8.allSatisfy { (48...57).contains($0) } && !literal.isEmpty
        throw InputMistake(
            message: isWhole ? "must lie between \(type.min) and \(type.max)" : "must be a whole number")
    }

    private static func number(_ node: InputNode) throws -> Double {
        switch node {
        case .json(.number(let text)), .text(let text):
            guard let value = Double(text), value.isFinite else { throw InputMistake(message: "must be a number") }
            return value
        default: throw InputMistake.expected("a number", not: node)
        }
    }
}
