/// A JSON value as it was written: numbers keep their literal text, so that no amount passes through binary floating
/// point, and members keep their order.
package enum JSON: Sendable, Hashable {
    /// One member of an object.
    package struct Member: Sendable, Hashable {
        package let key: String
        package let value: JSON

        package init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    case null
    case bool(Bool)
    /// The literal exactly as written, for example `12`, `-0` or `1e400`.
    case number(String)
    case string(String)
    case array([JSON])
    /// No key comes twice when the value came out of the parser.
    case object([Member])
}

extension JSON {
    /// The value of a member; `nil` when there is none or this is no object.
    package subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The text of a string.
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// A number that is written as a plain integer and fits 64 bits; never a string, a fraction or an exponent.
    package var integer: Int64? {
        if case .number(let literal) = self { Int64(literal) } else { nil }
    }

    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    package var array: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    package var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    package var isNull: Bool { self == .null }

    /// What a message calls a value of this kind.
    package var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// A whole number of any width.
    /// A number written as a plain integer.
    package static func integer(_ value: some BinaryInteger) -> JSON { .number(String(value)) }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .number(String(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

/// Why a text is no JSON that we take: where, and what is wrong there.
package struct JSONError: Error, Sendable, Equatable, ProblemConvertible {
    /// The number of the byte, counted from 0.
    package let offset: Int
    /// RFC 6901; empty for the whole document.
    package let pointer: String
    package let message: String

    package init(offset: Int, pointer: String, message: String) {
        self.offset = offset
        self.pointer = pointer
        self.message = message
    }

    package var problem: Problem {
        let place = pointer.isEmpty ? "" : " in \(pointer)"
        return Problem(
            status: 400, reason: "INVALID_JSON", title: "The body is not valid JSON",
            detail: "\(message) at byte \(offset)\(place).",
            errors: pointer.isEmpty ? [] : [Problem.FieldError(field: pointer, message: message)])
    }
}
