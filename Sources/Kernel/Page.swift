/// One page of a list: keyset pagination, newest or lowest key first, never an offset.
package struct Page<Item: Sendable>: Sendable {
    package let items: [Item]
    /// What to send as `cursor` for the next page; `nil` on the last one.
    package let nextCursor: String?

    package init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }

    /// Cuts the one row too many that was asked for to learn whether there is a next page.
    package init(rows: [Item], limit: Int, cursor: (Item) -> String) {
        items = Array(rows.prefix(limit))
        nextCursor = rows.count > limit ? items.last.map(cursor) : nil
    }

    /// The same page of other items.
    package func map<Other: Sendable>(_ transform: (Item) throws -> Other) rethrows -> Page<Other> {
        Page<Other>(items: try items.map(transform), nextCursor: nextCursor)
    }
}

/// A request for one page. `limit` above the maximum is lowered, below one raised: never an error.
package struct PageRequest: Sendable, Equatable {
    package let limit: Int
    package let cursor: String?

    package init(limit: Int?, cursor: String?) {
        self.limit = min(max(limit ?? Limits.pageDefault, 1), Limits.pageMaximum)
        self.cursor = cursor
    }
}

/// Bounds that hold everywhere; each is a figure somebody may want to look up.
package enum Limits {
    package static let pageDefault = 50
    package static let pageMaximum = 200
    /// An ordinary request body; usage batches have their own.
    package static let bodyBytes = 256 * 1024
    package static let usageBatchBytes = 8 * 1024 * 1024
    package static let usageBatchEvents = 10_000
    /// Names, reasons and other free text, in characters.
    package static let textCharacters = 200
}
