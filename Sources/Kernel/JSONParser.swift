extension JSON {
    /// How deep arrays and objects may nest.
    package static let maximumDepth = 64

    /// Parses one document; anything but white space after it is an error. Strict as RFC 8259, and stricter: duplicate
    /// keys, NUL characters, lone surrogates, invalid UTF-8, byte order marks and nesting beyond `maximumDepth` are
    /// refused.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        try self.init(parsing: bytes[...])
    }

    /// Parses a part of a larger buffer, such as one line of NDJSON; offsets count from the part's start.
    package init(parsing bytes: ArraySlice<UInt8>) throws(JSONError) {
        let result: Result<JSON, JSONError> = bytes.withUnsafeBufferPointer { buffer in
            var parser = JSONParser(bytes: buffer)
            do throws(JSONError) {
                return .success(try parser.document())
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    package init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }
}

/// A recursive descent over bytes. Runs of plain characters are taken in one piece; nothing is done per character of a
/// string beyond finding its end.
private struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0
    var depth = 0
    /// The way to the value that is being read, for messages.
    var path: [Step] = []

    enum Step {
        case key(String)
        case index(Int)
    }

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func document() throws(JSONError) -> JSON {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw failure("a byte order mark is not allowed") }
        skipSpace()
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw failure("nothing may follow the value") }
        return value
    }

    // MARK: Values

    private mutating func value() throws(JSONError) -> JSON {
        guard position < bytes.count else { throw failure("the text ends where a value is expected") }
        switch bytes[position] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return try nested { (parser) throws(JSONError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { (parser) throws(JSONError) in try parser.array() }
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure("a value is expected")
        }
    }

    private mutating func nested(
        _ read: (inout JSONParser) throws(JSONError) -> JSON
    ) throws(JSONError) -> JSON {
        guard depth < JSON.maximumDepth else { throw failure("nesting is deeper than \(JSON.maximumDepth)") }
        depth += 1
        position += 1
        let value = try read(&self)
        depth -= 1
        return value
    }

    private mutating func array() throws(JSONError) -> JSON {
        var elements: [JSON] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            path.append(.index(elements.count))
            elements.append(try value())
            path.removeLast()
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw failure("',' or ']' is expected") }
            skipSpace()
        }
    }

    private mutating func object() throws(JSONError) -> JSON {
        var members: [JSON.Member] = []
        var keys = Set<[UInt8]>()
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            let keyPosition = position
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw failure("a key in double quotes is expected")
            }
            let key = try string()
            guard isNew(key, among: members, &keys) else {
                throw failure("the key '\(key.prefix(64))' comes twice", at: keyPosition)
            }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure("':' is expected") }
            skipSpace()
            path.append(.key(key))
            members.append(JSON.Member(key, try value()))
            path.removeLast()
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw failure("',' or '}' is expected") }
            skipSpace()
        }
    }

    /// Few keys are compared one by one; many go through a set, so that a hostile object stays linear.
    private func isNew(_ key: String, among members: [JSON.Member], _ keys: inout Set<[UInt8]>) -> Bool {
        if members.count < 16 { return !members.contains { $0.key.utf8.elementsEqual(key.utf8) } }
        if keys.isEmpty { keys = Set(members.map { Array($0.key.utf8) }) }
        return keys.insert(Array(key.utf8)).inserted
    }

    private mutating func literal(_ text: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        let end = position + text.utf8CodeUnitCount
        guard end <= bytes.count else { throw failure("a value is expected") }
        for offset in 0..<text.utf8CodeUnitCount where bytes[position + offset] != text.utf8Start[offset] {
            throw failure("a value is expected")
        }
        position = end
        return value
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if take(UInt8(ascii: "0")) {
            guard digits() == 0 else { throw failure("a number does not start with 0", at: start) }
        } else if digits() == 0 {
            throw failure("a digit is expected")
        }
        if take(UInt8(ascii: ".")), digits() == 0 { throw failure("a digit is expected after the point") }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
            if digits() == 0 { throw failure("a digit is expected in the exponent") }
        }
        guard position - start <= 64 else { throw failure("a number has more than 64 characters", at: start) }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, bytes[position] &- 48 < 10 { position += 1 }
        return position - start
    }

    // MARK: Strings

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        var isASCII = true
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let text = try text(start..<position, isASCII: isASCII)
                position += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            if byte < 0x20 { throw failure("a control character must be escaped") }
            if byte >= 0x80 { isASCII = false }
            position += 1
        }
        throw failure("the text ends inside a string")
    }

    private func text(_ range: Range<Int>, isASCII: Bool) throws(JSONError) -> String {
        if isASCII { return String(decoding: bytes[range], as: UTF8.self) }
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw failure("the string is not valid UTF-8", at: range.lowerBound)
        }
        return text
    }

    /// The slower way, for a string with at least one escape.
    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var collected = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: collected, as: UTF8.self) else {
                    throw failure("the string is not valid UTF-8", at: start)
                }
                return text
            case UInt8(ascii: "\\"):
                position += 1
                collected.append(contentsOf: try escape())
            case 0..<0x20:
                throw failure("a control character must be escaped")
            default:
                collected.append(byte)
                position += 1
            }
        }
        throw failure("the text ends inside a string")
    }

    private mutating func escape() throws(JSONError) -> [UInt8] {
        guard position < bytes.count else { throw failure("the text ends inside a string") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw failure("this escape does not exist", at: position - 1)
        }
    }

    private mutating func unicodeEscape() throws(JSONError) -> [UInt8] {
        let start = position - 2
        var code = UInt32(try fourHexDigits())
        if 0xD800..<0xDC00 ~= code {
            guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
                throw failure("half of a surrogate pair is missing", at: start)
            }
            let low = UInt32(try fourHexDigits())
            guard 0xDC00..<0xE000 ~= low else { throw failure("half of a surrogate pair is missing", at: start) }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard code != 0 else { throw failure("the character NUL is not allowed", at: start) }
        guard let scalar = Unicode.Scalar(code) else {
            throw failure("half of a surrogate pair is missing", at: start)
        }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt16 {
        var code: UInt16 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = HexDigit.value(bytes[position]) else {
                throw failure("four hexadecimal digits are expected")
            }
            code = code << 4 | UInt16(digit)
            position += 1
        }
        return code
    }

    // MARK: Small steps

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private func failure(_ message: String, at offset: Int? = nil) -> JSONError {
        let pointer = path.map { step in
            switch step {
            case .key(let key): "/" + JSONPointer.escape(key)
            case .index(let index): "/\(index)"
            }
        }
        return JSONError(offset: offset ?? position, pointer: pointer.joined(), message: message)
    }
}

/// Values of hexadecimal digits, in either case.
package enum HexDigit {
    package static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// Reference tokens of RFC 6901.
package enum JSONPointer {
    /// A key as one token: `~` and `/` are written `~0` and `~1`; very long keys are cut.
    package static func escape(_ key: String) -> String {
        var token = ""
        for scalar in key.unicodeScalars.prefix(128) {
            switch scalar {
            case "~": token += "~0"
            case "/": token += "~1"
            default: token.unicodeScalars.append(scalar)
            }
        }
        return token
    }
}
