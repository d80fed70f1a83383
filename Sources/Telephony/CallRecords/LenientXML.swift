/// The XML of mod_xml_cdr: elements, attributes, text, the five named entities and numeric ones. No document types, so
/// nothing can be declared or fetched.
struct LenientXML {
    private let bytes: [UInt8]
    private var position = 0

    /// The content of the one root element; attributes become members beside its elements.
    static func parse(_ bytes: [UInt8]) throws(MalformedRecord) -> (name: String, node: RecordNode) {
        var parser = LenientXML(bytes: bytes)
        try parser.skipMisc()
        let root = try parser.element(depth: 0)
        try parser.skipMisc()
        guard parser.position == bytes.count else { throw parser.failure("something follows the document") }
        return root
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func failure(_ what: String) -> MalformedRecord {
        MalformedRecord(.brokenXML, "The XML is broken at byte \(position): \(what).")
    }

    private func sees(_ text: StaticString) -> Bool {
        let end = position + text.utf8CodeUnitCount
        guard end <= bytes.count else { return false }
        return bytes[position..<end].elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: end - position))
    }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
    }

    /// White space, declarations and comments between elements.
    private mutating func skipMisc() throws(MalformedRecord) {
        while true {
            skipSpace()
            if sees("<?") {
                try skip(past: "?>")
            } else if sees("<!--") {
                try skip(past: "-->")
            } else {
                return
            }
        }
    }

    private mutating func skip(past end: StaticString) throws(MalformedRecord) {
        while position < bytes.count, !sees(end) { position += 1 }
        guard sees(end) else { throw failure("'\(end)' is missing") }
        position += end.utf8CodeUnitCount
    }

    private mutating func element(depth: Int) throws(MalformedRecord) -> (name: String, node: RecordNode) {
        guard depth < RecordNode.maximumDepth else { throw failure("the nesting is too deep") }
        guard sees("<"), !sees("<!") else { throw failure("an element is expected") }
        position += 1
        let name = name()
        guard !name.isEmpty else { throw failure("an element has no name") }
        var members = try attributes()
        if sees("/>") {
            position += 2
            return (name, members.isEmpty ? .text("") : .object(members))
        }
        position += 1
        let text = try content(into: &members, depth: depth)
        return (name, members.isEmpty ? .text(text) : .object(members))
    }

    /// Up to white space, `/` or `>`.
    private mutating func name() -> String {
        let start = position
        while position < bytes.count, bytes[position] > 0x20, !sees(">"), !sees("/>") { position += 1 }
        return RecordText.decode(bytes[start..<position])
    }

    private mutating func attributes() throws(MalformedRecord) -> [RecordNode.Member] {
        var members: [RecordNode.Member] = []
        while true {
            skipSpace()
            guard position < bytes.count else { throw failure("an element does not end") }
            if sees(">") || sees("/>") { return members }
            let start = position
            while position < bytes.count, bytes[position] != UInt8(ascii: "=") { position += 1 }
            let name = RecordText.decode(bytes[start..<position])
            position += 1
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'")
            else { throw failure("an attribute has no value") }
            let quote = bytes[position]
            position += 1
            let valueStart = position
            while position < bytes.count, bytes[position] != quote { position += 1 }
            guard position < bytes.count else { throw failure("an attribute does not end") }
            members.append(.init(name: name, value: .text(unescaped(bytes[valueStart..<position]))))
            position += 1
        }
    }

    /// Text and elements up to and including the closing tag.
    private mutating func content(
        into members: inout [RecordNode.Member], depth: Int
    ) throws(MalformedRecord) -> String {
        var text = ""
        while true {
            let start = position
            while position < bytes.count, bytes[position] != UInt8(ascii: "<") { position += 1 }
            if start < position { text += unescaped(bytes[start..<position]) }
            guard position < bytes.count else { throw failure("an element does not end") }
            if sees("</") {
                try skip(past: ">")
                return text
            }
            if sees("<!--") || sees("<?") {
                try skipMisc()
                continue
            }
            let child = try element(depth: depth + 1)
            members.append(.init(name: child.name, value: child.node))
        }
    }

    private func unescaped(_ slice: ArraySlice<UInt8>) -> String {
        guard slice.contains(UInt8(ascii: "&")) else { return RecordText.decode(slice) }
        var text = ""
        var rest = slice
        while let mark = rest.firstIndex(of: UInt8(ascii: "&")) {
            text += RecordText.decode(rest[..<mark])
            guard let end = rest[mark...].prefix(12).firstIndex(of: UInt8(ascii: ";")),
                let character = Self.entity(String(decoding: rest[(mark + 1)..<end], as: UTF8.self))
            else {
                text += "&"
                rest = rest[(mark + 1)...]
                continue
            }
            text.append(character)
            rest = rest[(end + 1)...]
        }
        return text + RecordText.decode(rest)
    }

    private static func entity(_ name: String) -> Character? {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard name.hasPrefix("#") else { return nil }
            let number =
                name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst(), radix: 10)
            return number.flatMap { $0 == 0 ? nil : Unicode.Scalar($0) }.map { Character($0) }
        }
    }
}
