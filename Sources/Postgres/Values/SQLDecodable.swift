import FoundationEssentials
import Kernel

/// A value that can be read from a column. Implement `init(sqlText:)`; NULL is an error unless the type is optional.
package protocol SQLDecodable {
    /// From PostgreSQL's text form. Errors must not repeat the value: it may be secret.
    init(sqlText: String) throws(DatabaseError)

    /// From the bytes of a column, `nil` for NULL; by default through `init(sqlText:)`.
    static func decoded(from cell: ArraySlice<UInt8>?) throws(DatabaseError) -> Self

    /// An array of such values from its text form; by default an array literal.
    static func array(sqlText: String) throws(DatabaseError) -> [Self]
}

extension SQLDecodable {
    package static func decoded(from cell: ArraySlice<UInt8>?) throws(DatabaseError) -> Self {
        guard let cell else { throw .decoding("NULL where \(Self.self) was expected") }
        return try Self(sqlText: String(decoding: cell, as: UTF8.self))
    }

    package static func array(sqlText: String) throws(DatabaseError) -> [Self] {
        var values: [Self] = []
        for element in try ArrayLiteral.elements(of: sqlText) {
            values.append(try decoded(from: element.map { ArraySlice($0.utf8) }))
        }
        return values
    }
}

extension String: SQLDecodable {
    package init(sqlText: String) { self = sqlText }
}

/// A type that Swift's own text initialiser reads.
private func parsed<Value>(_ value: Value?) throws(DatabaseError) -> Value {
    guard let value else { throw .decoding("a column is not a \(Value.self)") }
    return value
}

extension Int: SQLDecodable {
    package init(sqlText: String) throws(DatabaseError) { self = try parsed(Int(sqlText)) }
}

extension Int64: SQLDecodable {
    package init(sqlText: String) throws(DatabaseError) { self = try parsed(Int64(sqlText)) }
}

extension Int32: SQLDecodable {
    package init(sqlText: String) throws(DatabaseError) { self = try parsed(Int32(sqlText)) }
}

extension UInt8: SQLDecodable {
    package init(sqlText: String) throws(DatabaseError) { self = try parsed(UInt8(sqlText)) }

    package static func array(sqlText: String) throws(DatabaseError) -> [UInt8] {
        try parsed(Hexadecimal.bytes(of: sqlText))
    }
}

extension Bool: SQLDecodable {
    package init(sqlText: String) throws(DatabaseError) {
        switch sqlText {
        case "t": self = true
        case "f": self = false
        default: throw .decoding("a column is not a Bool")
        }
    }
}

extension UUID: SQLDecodable {
    /// The server's own form: 32 hexadecimal digits with hyphens. Foundation's initialiser scans far slower.
    package init(sqlText: String) throws(DatabaseError) {
        var number = UInt128(0)
        var digits = 0
        for byte in sqlText.utf8 where byte != UInt8(ascii: "-") {
            number = number << 4 | UInt128(try parsed(HexDigit.value(byte)))
            digits += 1
        }
        guard digits == 32 else { throw .decoding("a column is not a UUID") }
        self.init(number: number)
    }
}

extension ID: SQLDecodable {
    package init(sqlText: String) throws(DatabaseError) { self.init(try UUID(sqlText: sqlText)) }
}

extension Timestamp: SQLDecodable {
    /// `2026-10-31 23:00:00.5+00` as the server writes it, with whatever offset the session has.
    package init(sqlText: String) throws(DatabaseError) {
        var bytes = Array(sqlText.utf8)
        guard bytes.count >= 13 else { throw .decoding("a column is not a Timestamp") }
        if bytes[10] == UInt8(ascii: " ") { bytes[10] = UInt8(ascii: "T") }
        let sign = bytes[bytes.count - 3]
        if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { bytes += ":00".utf8 }
        self = try parsed(RFC3339.parse(bytes[...]))
    }
}

extension Optional: SQLDecodable where Wrapped: SQLDecodable {
    package init(sqlText: String) throws(DatabaseError) { self = try Wrapped(sqlText: sqlText) }

    package static func decoded(from cell: ArraySlice<UInt8>?) throws(DatabaseError) -> Wrapped? {
        guard let cell else { return nil }
        return try Wrapped.decoded(from: cell)
    }
}

extension Array: SQLDecodable where Element: SQLDecodable {
    package init(sqlText: String) throws(DatabaseError) { self = try Element.array(sqlText: sqlText) }
}
