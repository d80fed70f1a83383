/// A strict RFC 8259 reader over bytes, with limits; any input gives a value or a `Problem`, never a trap.
struct JSONParser {
    struct Problem: Error, Hashable {
        let message: String
        /// Byte offset.
        let position: Int
    }

    /// Nested lists and objects, one inside another.
    static let depthLimit = 32
    /// Digits, point and exponent of one number.
    static let numberLengthLimit = 64

    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func parse(_ bytes: [UInt8]) throws(Problem) -> JSONValue {
        var parser = JSONParser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.problem("something follows the JSON value") }
        return value
    }

    private func problem(_ message: String) -> Problem { Problem(message: message, position: position) }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let text = word.withUTF8Buffer { Array($0) }
        guard bytes[position...].starts(with: text) else { return false }
        position += text.count
        return true
    }

    private mutating func value(depth: Int) throws(Problem) -> JSONValue {
        guard depth <= JSONParser.depthLimit else { throw problem("the JSON is nested too deeply") }
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), .some(48...57): return .number(try number())
        default:
            if take(word: "true") { return .bool(true) }
            if take(word: "false") { return .bool(false) }
            if take(word: "null") { return .null }
            throw problem(current == nil ? "the JSON ends too early" : "this is not JSON")
        }
    }

    private mutating func object(depth: Int) throws(Problem) -> JSONValue {
        position += 1
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        skipSpace()
        if take("}") { return .object([]) }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw problem("a member's name in quotes is missing") }
            let name = try string()
            guard names.insert(name).inserted else { throw problem("the name \"\(name)\" comes twice") }
            skipSpace()
            guard take(":") else { throw problem("a colon is missing after a name") }
            members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw problem("a comma or a closing brace is missing") }
        }
    }

    private mutating func array(depth: Int) throws(Problem) -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if take("]") { return .array([]) }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(values) }
            guard take(",") else { throw problem("a comma or a closing bracket is missing") }
        }
    }

    private mutating func number() throws(Problem) -> String {
        let start = position
        _ = take("-")
        guard let first = current, (48...57).contains(first) else { throw problem("a digit is missing") }
        if !take("0") { skipDigits() }
        if take(".") {
            guard let digit = current, (48...57).contains(digit) else { throw problem("a digit is missing") }
            skipDigits()
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard let digit = current, (48...57).contains(digit) else { throw problem("a digit is missing") }
            skipDigits()
        }
        guard position - start <= JSONParser.numberLengthLimit else { throw problem("a number is too long") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func skipDigits() {
        while let byte = current, (48...57).contains(byte) { position += 1 }
    }

    private mutating func string() throws(Problem) -> String {
        position += 1
        var content: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw problem("a string is not valid UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20: throw problem("a control character inside a string must be escaped")
            default: content.append(byte)
            }
        }
        throw problem("a string is not closed")
    }

    private mutating func escape(into content: inout [UInt8]) throws(Problem) {
        guard let byte = current else { throw problem("a string is not closed") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: try unicodeEscape())
        default: throw problem("an unknown escape in a string")
        }
    }

    private mutating func unicodeEscape() throws(Problem) -> [UInt8] {
        var code = try hexadecimal()
        if (0xD800..<0xDC00).contains(code) {
            guard take("\\"), take("u") else { throw problem("half of a surrogate pair is missing") }
            let low = try hexadecimal()
            guard (0xDC00..<0xE000).contains(low) else { throw problem("half of a surrogate pair is missing") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw problem("half of a surrogate pair is missing") }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func hexadecimal() throws(Problem) -> UInt32 {
        guard position + 4 <= bytes.count,
            let text = String(validating: bytes[position..<position + 4], as: UTF8.self),
            text.utf8.allSatisfy({ ($0 | 0x20 >= 97 && $0 | 0x20 <= 102) || (48...57).contains($0) }),
            let code = UInt32(text, radix: 16)
        else { throw problem("four hexadecimal digits are missing") }
        position += 4
        return code
    }
}
