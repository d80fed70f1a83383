/// One row of a result; its columns are read in order by type, or by name.
package struct Row: Sendable {
    private let result: ResultTable
    private let index: Int

    init(_ result: ResultTable, _ index: Int) {
        self.result = result
        self.index = index
    }

    /// The columns from the left as a tuple: `try row.decode(as: (TenantID, String, Int?).self)`. As many types as
    /// columns; anything else is an error.
    package func decode<each Value: SQLDecodable>(
        as types: (repeat each Value).Type
    ) throws(DatabaseError) -> (repeat each Value) {
        var column = 0
        let values = (repeat try next((each Value).self, &column))
        guard column == result.columns.count else {
            throw .decoding("the row has \(result.columns.count) columns, \(column) are decoded")
        }
        return values
    }

    /// One column by its name, for wide rows.
    package func value<Value: SQLDecodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(DatabaseError) -> Value {
        guard let position = result.columns.firstIndex(of: column) else {
            throw .decoding("the row has no column '\(column)'")
        }
        var next = position
        return try self.next(type, &next)
    }

    /// One column by its position, from 0.
    package func value<Value: SQLDecodable>(
        at position: Int, as type: Value.Type = Value.self
    ) throws(DatabaseError) -> Value {
        var next = position
        return try self.next(type, &next)
    }

    private func next<Value: SQLDecodable>(_ type: Value.Type, _ column: inout Int) throws(DatabaseError) -> Value {
        guard column < result.columns.count else {
            throw .decoding("the row has only \(result.columns.count) columns")
        }
        defer { column += 1 }
        do {
            return try Value.decoded(from: result.cell(row: index, column: column))
        } catch .decoding(let reason) {
            throw .decoding("column '\(result.columns[column])': \(reason)")
        }
    }
}

/// A type that is read from a whole row.
package protocol RowDecodable {
    init(row: Row) throws
}

extension RowDecodable {
    /// The same with the errors of this module: another error becomes `.decoding`.
    static func decoded(_ row: Row) throws(DatabaseError) -> Self {
        do {
            return try Self(row: row)
        } catch let error as DatabaseError {
            throw error
        } catch {
            throw .decoding("a row is not a \(Self.self): \(error)")
        }
    }
}

/// A result, copied out of libpq into one buffer: no allocation per cell, nothing to free by hand.
final class ResultTable: Sendable {
    struct Cell: Sendable {
        let start: Int
        /// -1 for NULL.
        let length: Int
    }

    let columns: [String]
    let rowCount: Int
    /// What the server says it did; only used to see that a COMMIT was one.
    let commandTag: String
    private let bytes: [UInt8]
    private let cells: [Cell]

    init(columns: [String], rowCount: Int, bytes: [UInt8], cells: [Cell], commandTag: String) {
        self.columns = columns
        self.rowCount = rowCount
        self.bytes = bytes
        self.cells = cells
        self.commandTag = commandTag
    }

    func cell(row: Int, column: Int) -> ArraySlice<UInt8>? {
        let cell = cells[row * columns.count + column]
        return cell.length < 0 ? nil : bytes[cell.start..<cell.start + cell.length]
    }

    var rows: [Row] { (0..<rowCount).map { Row(self, $0) } }
}
