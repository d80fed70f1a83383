/// PostgreSQL's text form of one-dimensional arrays: `{"a","b\"c",NULL}`.
enum ArrayLiteral {
    static func text(of elements: [String?]) -> String {
        var text: [UInt8] = [UInt8(ascii: "{")]
        for (index, element) in elements.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            guard let element else {
                text += "NULL".utf8
                continue
            }
            // Quoted always: then no element can be taken for NULL, a brace or a separator.
            text.append(UInt8(ascii: "\""))
            for byte in element.utf8 {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
                text.append(byte)
            }
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: "}"))
        return String(decoding: text, as: UTF8.self)
    }

    /// The elements, `nil` for NULL. Nested arrays and explicit bounds (`[2:3]={…}`) are errors.
    static func elements(of text: String) throws(DatabaseError) -> [String?] {
        var bytes = ArraySlice(text.utf8)
        guard bytes.popFirst() == UInt8(ascii: "{"), bytes.popLast() == UInt8(ascii: "}") else {
            throw .decoding("a column is not a one-dimensional array")
        }
        var elements: [String?] = []
        while !bytes.isEmpty {
            if bytes.first == UInt8(ascii: "\"") {
                elements.append(try quoted(&bytes))
            } else {
                let element = bytes.prefix { $0 != UInt8(ascii: ",") }
                guard !element.isEmpty, !element.contains(UInt8(ascii: "{")) else {
                    throw .decoding("a column is not a one-dimensional array")
                }
                bytes.removeFirst(element.count)
                let plain = String(decoding: element, as: UTF8.self)
                elements.append(plain.uppercased() == "NULL" ? nil : plain)
            }
            guard let separator = bytes.popFirst() else { break }
            guard separator == UInt8(ascii: ","), !bytes.isEmpty else {
                throw .decoding("a column is not a well-formed array")
            }
        }
        return elements
    }

    private static func quoted(_ bytes: inout ArraySlice<UInt8>) throws(DatabaseError) -> String {
        bytes.removeFirst()
        var element: [UInt8] = []
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: element, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = bytes.popFirst() else { break }
                element.append(escaped)
            default: element.append(byte)
            }
        }
        throw .decoding("a column is not a well-formed array")
    }
}

/// `\x0aff`: PostgreSQL's text form of `bytea`.
enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    static func text(of bytes: [UInt8]) -> String {
        var text: [UInt8] = Array("\\x".utf8)
        text.reserveCapacity(bytes.count * 2 + 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func bytes(of text: String) -> [UInt8]? {
        let characters = Array(text.utf8)
        guard characters.starts(with: "\\x".utf8), characters.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 2)
        for index in stride(from: 2, to: characters.count, by: 2) {
            guard let high = value(characters[index]), let low = value(characters[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
