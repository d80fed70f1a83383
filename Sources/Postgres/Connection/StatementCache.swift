/// The named prepared statements of one connection, by SQL text; the least recently used one leaves when it is full.
struct StatementCache {
    private let capacity: Int
    private var entries: [String: (name: String, lastUse: UInt64)] = [:]
    private var clock: UInt64 = 0

    /// Capacity 0 switches named statements off.
    init(capacity: Int) { self.capacity = capacity }

    var isEnabled: Bool { capacity > 0 }

    var count: Int { entries.count }

    /// The name under which the server knows the text, if it does.
    mutating func name(of text: String) -> String? {
        guard let entry = entries[text] else { return nil }
        clock += 1
        entries[text] = (entry.name, clock)
        return entry.name
    }

    /// A name that was never used on this connection: one that the server may still remember must not come back.
    mutating func newName() -> String {
        clock += 1
        return "s\(clock)"
    }

    /// Remembers a statement that the server has prepared.
    mutating func remember(_ text: String, as name: String) {
        clock += 1
        entries[text] = (name, clock)
    }

    /// The name to deallocate before one more statement is remembered.
    mutating func evict() -> String? {
        guard entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        else { return nil }
        entries[oldest.key] = nil
        return oldest.value.name
    }
}
