import FoundationEssentials
import Kernel

/// A value that can be a parameter. A type of your own usually only forwards to the text of what it wraps.
package protocol SQLEncodable: Sendable {
    /// PostgreSQL's text form of the value; `nil` is NULL.
    var sqlText: String? { get }

    /// What is sent; by default `sqlText`.
    var sqlParameter: SQLParameter { get }

    /// The text form of an array of such values; by default an array literal with quoted elements.
    static func sqlText(ofArray values: [Self]) -> String
}

extension SQLEncodable {
    package var sqlParameter: SQLParameter { sqlText.map(SQLParameter.text) ?? .null }

    package static func sqlText(ofArray values: [Self]) -> String {
        ArrayLiteral.text(of: values.map(\.sqlText))
    }
}

extension String: SQLEncodable {
    package var sqlText: String? { self }
}

extension Int: SQLEncodable {
    package var sqlText: String? { String(self) }
}

extension Int64: SQLEncodable {
    package var sqlText: String? { String(self) }
}

extension Int32: SQLEncodable {
    package var sqlText: String? { String(self) }
}

extension Bool: SQLEncodable {
    package var sqlText: String? { self ? "t" : "f" }
}

extension UUID: SQLEncodable {
    package var sqlText: String? { uuidString }
}

/// Stored as the bare UUID: the prefix is a matter of the API.
extension ID: SQLEncodable {
    package var sqlText: String? { uuid.uuidString }
}

extension Timestamp: SQLEncodable {
    package var sqlText: String? { description }
}

/// A byte alone is a `smallint`; an array of bytes is a `bytea`.
extension UInt8: SQLEncodable {
    package var sqlText: String? { String(self) }

    package static func sqlText(ofArray values: [UInt8]) -> String { Hexadecimal.text(of: values) }
}

extension Optional: SQLEncodable where Wrapped: SQLEncodable {
    package var sqlText: String? { flatMap(\.sqlText) }

    package var sqlParameter: SQLParameter { map(\.sqlParameter) ?? .null }
}

extension Array: SQLEncodable where Element: SQLEncodable {
    package var sqlText: String? { Element.sqlText(ofArray: self) }
}

/// JSON as bytes, for `json` and `jsonb` parameters and columns; not parsed here, the server checks it.
package struct JSONText: SQLEncodable, SQLDecodable, Equatable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package init(_ text: String) { bytes = Array(text.utf8) }

    package init(sqlText: String) { self.init(sqlText) }

    package static func decoded(from cell: ArraySlice<UInt8>?) throws(DatabaseError) -> JSONText {
        guard let cell else { throw .decoding("NULL where JSON was expected") }
        return JSONText(Array(cell))
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package var sqlText: String? { text }

    package var sqlParameter: SQLParameter { .bytes(bytes) }
}
