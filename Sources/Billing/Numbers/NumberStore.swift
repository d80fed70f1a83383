import Kernel
import Postgres

/// Gapless numbers: the row of a series and year stays locked until the transaction that took the number ends, so a
/// number is used exactly when its transaction commits.
enum NumberStore {
    static func next(
        series: String, year: Int, in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> Int64 {
        try tx.value(
            """
            INSERT INTO app.number_range AS n (series, year, next_number) VALUES (\(series), \(year), 2)
            ON CONFLICT (series, year) DO UPDATE SET next_number = n.next_number + 1
            RETURNING next_number - 1
            """, as: Int64.self)
    }
}
