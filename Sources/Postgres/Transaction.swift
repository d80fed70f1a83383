import Logging

/// An open transaction, lent to the body of `Database.transaction`. It cannot be stored, captured or returned, and the
/// body cannot await: no network call ever holds a row lock, and the body can be run again.
package struct Transaction<Scope: TransactionScope>: ~Copyable {
    /// Whose rows are visible.
    package let scope: Scope
    private let session: TransactionSession

    init(scope: Scope, session: TransactionSession) {
        self.scope = scope
        self.session = session
    }

    /// The logger of the request or job; task-locals do not reach the thread that runs the body.
    package var logger: Logger { session.logger }

    /// Every row.
    package borrowing func all<Record: RowDecodable>(
        _ sql: SQL, as type: Record.Type = Record.self
    ) throws(DatabaseError) -> [Record] {
        var records: [Record] = []
        for row in try rows(sql) { records.append(try Record.decoded(row)) }
        return records
    }

    /// Every row as a tuple: `try tx.all("SELECT id, name FROM …", as: (TenantID, String).self)`.
    package borrowing func all<each Value: SQLDecodable>(
        _ sql: SQL, as types: (repeat each Value).Type
    ) throws(DatabaseError) -> [(repeat each Value)] {
        var records: [(repeat each Value)] = []
        for row in try rows(sql) { records.append(try row.decode(as: types)) }
        return records
    }

    /// The first row, if there is one.
    package borrowing func first<Record: RowDecodable>(
        _ sql: SQL, as type: Record.Type = Record.self
    ) throws(DatabaseError) -> Record? {
        guard let row = try rows(sql).first else { return nil }
        return try Record.decoded(row)
    }

    /// The first row as a tuple, if there is one.
    package borrowing func first<each Value: SQLDecodable>(
        _ sql: SQL, as types: (repeat each Value).Type
    ) throws(DatabaseError) -> (repeat each Value)? {
        guard let row = try rows(sql).first else { return nil }
        let values: (repeat each Value) = try row.decode(as: types)
        return values
    }

    /// The one row: `.notFound` when there is none, `.decoding` when there are several.
    package borrowing func one<Record: RowDecodable>(
        _ sql: SQL, as type: Record.Type = Record.self
    ) throws(DatabaseError) -> Record {
        try Record.decoded(only(rows(sql)))
    }

    /// The one row as a tuple.
    package borrowing func one<each Value: SQLDecodable>(
        _ sql: SQL, as types: (repeat each Value).Type
    ) throws(DatabaseError) -> (repeat each Value) {
        try only(rows(sql)).decode(as: types)
    }

    /// The one column of the one row: `try tx.value("SELECT count(*) FROM …", as: Int.self)`.
    package borrowing func value<Value: SQLDecodable>(
        _ sql: SQL, as type: Value.Type = Value.self
    ) throws(DatabaseError) -> Value {
        try only(rows(sql)).value(at: 0, as: type)
    }

    /// Runs a statement for its effect. There is no count: the command tag lies on sharded tables, so count what
    /// `RETURNING` gives.
    package borrowing func execute(_ sql: SQL) throws(DatabaseError) { _ = try session.run([sql.rendered()]) }

    /// Runs a statement for its effect, in its place among the others but without a round trip of its own: it goes with
    /// the next one, at the latest with the COMMIT. Its error comes there, too.
    package borrowing func postpone(_ sql: SQL) { session.postpone(sql.rendered()) }

    /// The rows, to be decoded by hand.
    package borrowing func rows(_ sql: SQL) throws(DatabaseError) -> [Row] {
        try session.run([sql.rendered()]).last?.rows ?? []
    }

    /// Several statements in one round trip, the rows of each; after an error the later ones did not run.
    package borrowing func pipeline(_ statements: [SQL]) throws(DatabaseError) -> [[Row]] {
        try session.run(statements.map { $0.rendered() }).map(\.rows)
    }

    /// `COPY target FROM STDIN` with one array of values per row: `try tx.copyIn("staging (id, n)", rows: …)`. The
    /// target must not have row-level security (the server refuses that): copy into a temporary table and insert from
    /// it.
    package borrowing func copyIn(
        _ target: SQL, rows: some Sequence<[any SQLEncodable]>
    ) throws(DatabaseError) {
        try session.copyIn(target.rendered(), rows: rows)
    }

    private borrowing func only(_ rows: [Row]) throws(DatabaseError) -> Row {
        guard let row = rows.first else { throw .notFound }
        guard rows.count == 1 else { throw .decoding("one row was expected, there are \(rows.count)") }
        return row
    }
}
