import Kernel
import Postgres
import Rating
import Tenancy

/// The price books that contracts pin.
package enum PriceBookService {
    /// Makes sure that the price books of this build are published; refuses a changed document under a known version.
    /// Called once when the service starts, after the migrations.
    package static func publishShipped(_ work: UnitOfWork) async throws {
        try await work.perform(job: "publish price books") { tx, actor in
            try PriceBookStore.publish(PriceBook.json2_1, tx, now: actor.now)
        }
    }

    package static func list(_ tx: borrowing Transaction<ScopeNode>) throws -> [PublishedPriceBook] {
        try PriceBookStore.all(tx)
    }
}
