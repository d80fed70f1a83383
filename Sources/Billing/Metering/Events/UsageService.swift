import Kernel
import Postgres

/// The one way of usage into the product: requests, imports and the console all end here.
package struct UsageService: Sendable {
    private let database: Database
    private let time: TimeSource
    /// Whether tables are sharded by tenant: then one statement per tenant.
    private let isDistributed: Bool
    private let metrics: UsageMetrics?

    package init(database: Database, time: TimeSource, isDistributed: Bool = false, metrics: UsageMetrics? = nil) {
        self.database = database
        self.time = time
        self.isDistributed = isDistributed
        self.metrics = metrics
    }

    /// Stores what is new of a batch in one transaction of the scope and says of every event what became of it. Safe to
    /// repeat: what was stored before is a duplicate then.
    package func ingest(_ items: [UsageItem], as scope: ScopeNode) async throws -> UsageReceipt {
        let start = ContinuousClock.now
        let receipt = try await stored(items, as: scope)
        metrics?.record(receipt, duration: start.duration(to: .now))
        return receipt
    }

    private func stored(_ items: [UsageItem], as scope: ScopeNode) async throws -> UsageReceipt {
        let batch = SortedBatch(items, now: time.now)
        guard !batch.candidates.isEmpty else { return UsageReceipt(outcomes: batch.outcomes) }
        let (time, isDistributed) = (time, isDistributed)
        return try await database.transaction(for: scope) { tx in
            let tenants = try UsageEventStore.tenants(batch.tenantIDs, tx)
            var outcomes = batch.outcomes
            let (entries, repetitions) = batch.entries(tenants, &outcomes)
            guard !entries.isEmpty else { return UsageReceipt(outcomes: outcomes) }
            let known = try UsageEventStore.insert(
                entries[...], receivedAt: time.now, isDistributed: isDistributed, tx)
            let hashes = known.isEmpty ? [:] : try UsageEventStore.storedHashes(known.map { entries[$0] }, tx)
            Self.decide(entries, repetitions, hashes, &outcomes)
            return UsageReceipt(outcomes: outcomes)
        }
    }

    /// - Parameter hashes: what is stored for the entries that were there before, by position.
    private static func decide(
        _ entries: [UsageEntry], _ repetitions: [SortedBatch.Repetition], _ hashes: [Int: [UInt8]],
        _ outcomes: inout [UsageOutcome]
    ) {
        for entry in entries {
            if let stored = hashes[entry.position] {
                outcomes[entry.position] = stored == entry.event.payloadHash ? .duplicate : .conflict
            } else {
                outcomes[entry.position] = entry.isLate ? .rejected(.monthFinalised) : .accepted
            }
        }
        for repetition in repetitions {
            let first = entries[repetition.first]
            let stored = hashes[first.position] ?? first.event.payloadHash
            outcomes[repetition.position] = stored == repetition.hash ? .duplicate : .conflict
        }
    }
}

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
        candidates.sort { $0.event.precedes($1.event) ?? ($0.position < $1.position) }
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
    /// The order of keys, by bytes as the database compares them; `nil` for the same key.
    func precedes(_ other: UsageEvent) -> Bool? {
        if tenantID != other.tenantID { return tenantID.uuid.precedes(other.tenantID.uuid) }
        return source.bytesPrecede(other.source) ?? id.bytesPrecede(other.id)
    }
}

extension String {
    /// By UTF-8 bytes, not by Swift's equality of composed characters; `nil` for the same bytes.
    fileprivate func bytesPrecede(_ other: String) -> Bool? {
        var (left, right) = (self, other)
        let order = left.withUTF8 { a in
            right.withUTF8 { b in
                let order = compare(a, b)
                return order == 0 ? a.count - b.count : order
            }
        }
        return order == 0 ? nil : order < 0
    }
}
