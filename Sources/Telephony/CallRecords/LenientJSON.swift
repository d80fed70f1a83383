/// JSON as FreeSWITCH prints it, which is not always JSON: bytes that are no UTF-8, control characters inside strings,
/// bare `nan` and `inf`, and names that come twice. Broken structure is still an error.
struct LenientJSON {
    private let bytes: [UInt8]
    private var position = 0

    /// The document, numbers and other bare words as their text.
    static func parse(_ bytes: [UInt8]) throws(MalformedRecord) -> RecordNode {
        var parser = LenientJSON(bytes: bytes)
        let node = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.failure("something follows the object") }
        return node
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func failure(_ what: String) -> MalformedRecord {
        MalformedRecord(.brokenJSON, "The JSON is broken at byte \(position): \(what).")
    }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(MalformedRecord) -> RecordNode {
        guard depth < RecordNode.maximumDepth else { throw failure("the nesting is too deep") }
        skipSpace()
        guard position < bytes.count else { throw failure("a value is missing") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try list(depth: depth)
        case UInt8(ascii: "\""): return .text(try string())
        default: return .text(try word())
        }
    }

    private mutating func object(depth: Int) throws(MalformedRecord) -> RecordNode {
        position += 1
        var members: [RecordNode.Member] = []
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw failure("no name") }
            let name = try string()
            guard take(":") else { throw failure("no ':'") }
            members.append(RecordNode.Member(name: name, value: try value(depth: depth + 1)))
        } while take(",")
        guard take("}") else { throw failure("no '}'") }
        return .object(members)
    }

    private mutating func list(depth: Int) throws(MalformedRecord) -> RecordNode {
        position += 1
        var elements: [RecordNode] = []
        if take("]") { return .list(elements) }
        repeat { elements.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw failure("no ']'") }
        return .list(elements)
    }

    /// A number, `true`, `null`, and what a C library prints for a number that is none.
    private mutating func word() throws(MalformedRecord) -> String {
        let start = position
        while position < bytes.count, Self.isOfWord(bytes[position]) { position += 1 }
        guard position > start else { throw failure("a value is missing") }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        return text == "null" ? "" : text
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "("), UInt8(ascii: ")"):
            true
        default: false
        }
    }

    private mutating func string() throws(MalformedRecord) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return RecordText.decode(bytes[start..<(position - 1)])
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            default: position += 1
            }
        }
        throw failure("a string does not end")
    }

    private mutating func escapedString(from start: Int) throws(MalformedRecord) -> String {
        var collected = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return RecordText.decode(collected)
            case UInt8(ascii: "\\"): try appendEscape(to: &collected)
            default: collected.append(byte)
            }
        }
        throw failure("a string does not end")
    }

    private mutating func appendEscape(to collected: inout [UInt8]) throws(MalformedRecord) {
        guard position < bytes.count else { throw failure("a string does not end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "n"): collected.append(10)
        case UInt8(ascii: "r"): collected.append(13)
        case UInt8(ascii: "t"): collected.append(9)
        case UInt8(ascii: "b"): collected.append(8)
        case UInt8(ascii: "f"): collected.append(12)
        case UInt8(ascii: "u"): collected += Array(String(try unicodeEscape()).utf8)
        default: collected.append(byte)
        }
    }

    /// A half of a pair alone becomes the replacement character.
    private mutating func unicodeEscape() throws(MalformedRecord) -> Character {
        let first = try fourDigits()
        if (0xD800..<0xDC00).contains(first), bytes[position...].starts(with: [0x5C, 0x75]) {
            let mark = position
            position += 2
            let second = try fourDigits()
            if (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return Character(scalar)
            }
            position = mark
        }
        return Character(Unicode.Scalar(first) ?? "\u{FFFD}")
    }

    private mutating func fourDigits() throws(MalformedRecord) -> UInt32 {
        guard position + 4 <= bytes.count,
            let value = UInt32(String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16)
        else { throw failure("an escape is cut off") }
        position += 4
        return value
    }
}
