import Kernel
import Rating
import Tenancy
import Web

/// A published price book, without its contents: contracts name the version, invoices the hash.
package struct PriceBookResource: Codable, Sendable {
    package let version: String
    package let validFrom: CalendarDate
    package let currency: String
    package let sha256: String
}

/// The API of price books.
package struct PriceBookEndpoints: Sendable {
    private let work: UnitOfWork

    package init(_ work: UnitOfWork) { self.work = work }

    package var all: [Endpoint] {
        [
            Endpoint(
                .get, "/v1/price_books", "List published price books, newest first", tag: "Billing",
                requires: .permission(.contractRead), use: list)
        ]
    }

    @Sendable private func list(_ call: Call<NoInput>) async throws -> Page<PriceBookResource> {
        try await work.read(call) { tx in
            let books = try PriceBookService.list(tx).map { published in
                PriceBookResource(
                    version: published.book.version, validFrom: published.book.validFrom, currency: Currency.code,
                    sha256: published.sha256.hexadecimal)
            }
            return Page(items: books, nextCursor: nil)
        }
    }
}
