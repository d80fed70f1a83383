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

/// How many items a caller asks for: 1 to `Limits.pageMaximum`, anything else is refused.
package struct PageLimit: Sendable, Hashable, Codable {
    package let count: Int

    /// What a list answers when nobody says otherwise.
    package static let standard = PageLimit(checked: Limits.pageDefault)

    private init(checked count: Int) { self.count = count }

    package init?(_ count: Int) {
        guard (1...Limits.pageMaximum).contains(count) else { return nil }
        self.count = count
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let limit = PageLimit(try container.decode(Int.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "must lie between 1 and \(Limits.pageMaximum)")
        }
        self = limit
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(count)
    }
}

/// A request for one page; `limit` stays within the bounds of `PageLimit`.
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
