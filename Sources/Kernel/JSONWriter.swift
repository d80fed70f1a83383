extension JSON {
    /// Members in the order they have; no white space. Valid JSON in UTF-8.
    package var bytes: [UInt8] {
        var writer = JSONWriter(sortsKeys: false)
        writer.write(self)
        return writer.bytes
    }

    /// One form for equal values, to be hashed and compared: keys sorted by their UTF-8 bytes, no white space, the
    /// shortest escapes. Numbers stay as written: `1.0` and `1` differ.
    package var canonicalBytes: [UInt8] {
        var writer = JSONWriter(sortsKeys: true)
        writer.write(self)
        return writer.bytes
    }

    /// The plain form as a string.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Indented by two spaces and sorted, for documents that people read and compare; ends with a line feed.
    package var prettyText: String {
        var writer = JSONWriter(sortsKeys: true, indentation: 0)
        writer.write(self)
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }
}

/// Appends values to a buffer of bytes.
private struct JSONWriter {
    let sortsKeys: Bool
    /// How far the present line is indented; `nil` writes everything on one line.
    var indentation: Int?
    var bytes: [UInt8] = []

    init(sortsKeys: Bool, indentation: Int? = nil) {
        self.sortsKeys = sortsKeys
        self.indentation = indentation
    }

    mutating func write(_ value: JSON) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .number(let literal): bytes.append(contentsOf: literal.utf8)
        case .string(let text): writeString(text)
        case .array(let elements):
            writeList(elements, "[", "]") { $0.write($1) }
        case .object(let members):
            let ordered =
                sortsKeys ? members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } : members
            writeList(ordered, "{", "}") { writer, member in
                writer.writeString(member.key)
                writer.append(writer.indentation == nil ? ":" : ": ")
                writer.write(member.value)
            }
        }
    }

    private mutating func writeList<Element>(
        _ elements: [Element], _ open: StaticString, _ close: StaticString,
        _ writeElement: (inout JSONWriter, Element) -> Void
    ) {
        append(open)
        if !elements.isEmpty {
            indentation = indentation.map { $0 + 2 }
            for (offset, element) in elements.enumerated() {
                if offset > 0 { append(",") }
                breakLine()
                writeElement(&self, element)
            }
            indentation = indentation.map { $0 - 2 }
            breakLine()
        }
        append(close)
    }

    private mutating func breakLine() {
        guard let indentation else { return }
        bytes.append(0x0A)
        bytes.append(contentsOf: repeatElement(0x20, count: indentation))
    }

    private mutating func writeString(_ text: String) {
        append("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x08: append("\\b")
            case 0x09: append("\\t")
            case 0x0A: append("\\n")
            case 0x0C: append("\\f")
            case 0x0D: append("\\r")
            case 0..<0x20:
                append("\\u00")
                bytes.append(byte < 0x10 ? 0x30 : 0x31)
                bytes.append(contentsOf: String(byte & 15, radix: 16).utf8)
            default: bytes.append(byte)
            }
        }
        append("\"")
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }
}
