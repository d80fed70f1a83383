import Crypto
import Kernel
import Postgres
import Rating

/// SQL of published price books. A row is never changed: a new price is a new version.
enum PriceBookStore {
    /// Publishes the documents that ship with this build.
    /// - Throws: a `Problem` with the reason `PRICE_BOOK_CHANGED` when another document stands under the same version.
    static func publish(
        _ document: [UInt8], _ tx: borrowing Transaction<ScopeNode>, now: Timestamp
    ) throws {
        let canonical = try JSON(parsing: document).canonicalBytes
        let book = try PriceBook(json: canonical)
        let digest = Array(SHA256.hash(data: canonical))
        try tx.execute(
            """
            INSERT INTO app.price_book (version, valid_from, document, sha256, created_at)
            VALUES (\(book.version), \(book.validFrom), \(JSONText(canonical)), \(digest), \(now))
            ON CONFLICT (version) DO NOTHING
            """)
        let stored = try tx.value(
            "SELECT sha256 FROM app.price_book WHERE version = \(book.version)", as: [UInt8].self)
        guard stored == digest else {
            throw Problem.conflict(
                "PRICE_BOOK_CHANGED",
                "Price book \(book.version) was published with other contents. Give the new prices a new version.")
        }
    }

    /// One version, or the newest.
    static func published(
        _ version: String?, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> PublishedPriceBook {
        let condition: SQL = version.map { "WHERE version = \($0)" } ?? ""
        let row = try tx.first(
            "SELECT document, sha256 FROM app.price_book \(condition) ORDER BY valid_from DESC, version DESC LIMIT 1",
            as: (JSONText, [UInt8]).self)
        guard let (document, digest) = row else {
            throw Problem.invalid("price_book_version", "is not published; GET /v1/price_books lists the versions")
        }
        return PublishedPriceBook(book: try PriceBook(json: document.bytes), sha256: digest)
    }

    /// Every published version, newest first.
    static func all(_ tx: borrowing Transaction<ScopeNode>) throws -> [PublishedPriceBook] {
        let rows = try tx.all(
            "SELECT document, sha256 FROM app.price_book ORDER BY valid_from DESC, version DESC",
            as: (JSONText, [UInt8]).self)
        var books: [PublishedPriceBook] = []
        for (document, digest) in rows {
            books.append(PublishedPriceBook(book: try PriceBook(json: document.bytes), sha256: digest))
        }
        return books
    }
}
