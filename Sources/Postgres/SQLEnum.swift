/// Enumerations over strings are stored by their raw value: `extension Host: SQLEncodable, SQLDecodable {}` is enough.
extension SQLEncodable where Self: RawRepresentable, RawValue == String {
    package var sqlText: String? { rawValue }
}

extension SQLDecodable where Self: RawRepresentable, RawValue == String {
    package init(sqlText: String) throws(DatabaseError) {
        guard let value = Self(rawValue: sqlText) else { throw .decoding("a column is not a \(Self.self)") }
        self = value
    }
}
