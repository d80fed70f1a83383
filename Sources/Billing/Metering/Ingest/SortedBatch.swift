import FoundationEssentials
import Kernel

/// A batch before it meets the database: what is wrong with it on its face is answered, the rest lies in the order of its
/// keys, because two batches that lock common keys in different orders would deadlock.
struct SortedBatch: Sendable {
    /// An event whose key came before in the same batch.
    struct Repetition: Sendable {
        /// The index of the first one among the entries.
        let first: Int
        let position: Int
        let hash: [UInt8]
    }

    struct Candidate: Sendable {
        let event: UsageEvent
        let position: Int
    }

    /// One per item; those of candidates are still to be decided.
    private(set) var outcomes: [UsageOutcome]
    private(set) var candidates: [Candidate] = []

    init(_ items: [UsageItem], now: Timestamp) {
        outcomes = Array(repeating: .accepted, count: items.count)
        candidates.reserveCapacity(items.count)
        let latest = now.microseconds + UsageLimits.futureSeconds * 1_000_000
        for (position, item) in items.enumerated() {
            switch item.content {
            case .failure(let rejection): outcomes[position] = .rejected(rejection)
            case .success(let event) where event.occurredAt.microseconds > latest:
                outcomes[position] = .rejected(.futureTime)
            case .success(let event): candidates.append(Candidate(event: event, position: position))
            }
        }
        sort()
    }

    /// Most pairs are told apart by three numbers; moving those is much cheaper than moving events.
    private mutating func sort() {
        var keys: [SortKey] = []
        keys.reserveCapacity(candidates.count)
        for (index, candidate) in candidates.enumerated() { keys.append(SortKey(candidate.event, index: index)) }
        let unsorted = candidates
        keys.sort { left, right in
            if left.number != right.number { return left.number < right.number }
            let (first, second) = (unsorted[left.index].event, unsorted[right.index].event)
            return first.precedes(second) ?? (left.index < right.index)
        }
        candidates = keys.map { unsorted[$0.index] }
    }

    private struct SortKey {
        /// The tenant and the first bytes of the id.
        let number: (UInt64, UInt64, UInt64)
        let index: Int

        init(_ event: UsageEvent, index: Int) {
            let tenant = event.tenantID.uuid.words
            number = (tenant.0, tenant.1, event.id.firstBytes)
            self.index = index
        }
    }

    var tenantIDs: [TenantID] {
        var ids: [TenantID] = []
        for candidate in candidates where candidate.event.tenantID != ids.last { ids.append(candidate.event.tenantID) }
        return ids
    }

    /// What is to be inserted, each key once, and what repeats a key; the rest is answered.
    func entries(
        _ tenants: [TenantID: UsageTenant], _ outcomes: inout [UsageOutcome]
    ) -> ([UsageEntry], [Repetition]) {
        var entries: [UsageEntry] = []
        var repetitions: [Repetition] = []
        entries.reserveCapacity(candidates.count)
        var current: (id: TenantID, tenant: UsageTenant?)?
        for candidate in candidates {
            let event = candidate.event
            if current?.id != event.tenantID { current = (event.tenantID, tenants[event.tenantID]) }
            guard let tenant = current?.tenant, !tenant.isPurged else {
                outcomes[candidate.position] = .rejected(current?.tenant == nil ? .unknownTenant : .purgedTenant)
                continue
            }
            if let last = entries.last, last.event.precedes(event) == nil {
                repetitions.append(
                    Repetition(first: entries.count - 1, position: candidate.position, hash: event.payloadHash))
                continue
            }
            entries.append(
                UsageEntry(
                    event: event, organisationID: tenant.organisationID,
                    isLate: event.occurredAt < tenant.finalisedBefore, position: candidate.position))
        }
        return (entries, repetitions)
    }
}

extension UsageEvent {
    /// The one order in which batches touch keys: tenant, id, source, by bytes as the database compares them; `nil` for the
    /// same key.
    func precedes(_ other: UsageEvent) -> Bool? {
        if tenantID != other.tenantID { return tenantID.uuid.words < other.tenantID.uuid.words }
        return id.bytesPrecede(other.id) ?? source.bytesPrecede(other.source)
    }
}

extension UUID {
    fileprivate var words: (UInt64, UInt64) {
        withUnsafeBytes(of: uuid) { raw in
            (
                UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }
}

extension String {
    /// The first eight bytes as a number that is ordered like them.
    fileprivate var firstBytes: UInt64 {
        var value: UInt64 = 0
        var count = 0
        for byte in utf8.prefix(8) {
            value = value << 8 | UInt64(byte)
            count += 1
        }
        return value << UInt64(8 * (8 - count))
    }

    /// By UTF-8 bytes, not by Swift's equality of composed characters; `nil` for the same bytes.
    fileprivate func bytesPrecede(_ other: String) -> Bool? {
        var (left, right) = (self, other)
        return left.withUTF8 { a in
            right.withUTF8 { b in
                let common = min(a.count, b.count)
                for index in 0..<common where a[index] != b[index] { return a[index] < b[index] }
                return a.count == b.count ? nil : a.count < b.count
            }
        }
    }
}
