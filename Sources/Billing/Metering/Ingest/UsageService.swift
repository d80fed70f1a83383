import Kernel
import Postgres

/// The one way of usage into the product: requests, imports and the console all end here.
package struct UsageService: Sendable {
    private let database: Database
    private let time: TimeSource
    /// Whether tables are sharded by tenant: then one statement per tenant.
    private let isDistributed: Bool
    private let metrics: UsageMetrics

    package init(
        database: Database, time: TimeSource, isDistributed: Bool = false, metrics: Metrics = Metrics()
    ) {
        self.database = database
        self.time = time
        self.isDistributed = isDistributed
        self.metrics = UsageMetrics(metrics)
    }

    /// Whether the database is sharded; asked once at start.
    package static func isDistributed(_ database: Database) async throws -> Bool {
        try await database.transaction(for: ScopeNode.platform) { tx in try UsageEventStore.isDistributed(tx) }
    }

    /// Stores what is new of a batch in one transaction of the scope and says of every event what became of it. Safe to
    /// repeat: what was stored before is a duplicate then.
    package func ingest(_ items: [UsageItem], as scope: ScopeNode) async throws -> UsageReceipt {
        let start = ContinuousClock.now
        let receipt = try await stored(items.map(\.fromOutside), as: scope)
        metrics.record(receipt.counts, start.duration(to: .now))
        return receipt
    }

    /// Stores events in a transaction that stores more than them, for example the records that they come from; one
    /// outcome for each. Safe to repeat, as every ingest.
    package func store(_ items: [UsageItem], _ tx: borrowing Transaction<ScopeNode>) throws -> [UsageOutcome] {
        try stored(SortedBatch(items, now: time.now), tx).outcomes
    }

    private func stored(_ items: [UsageItem], as scope: ScopeNode) async throws -> UsageReceipt {
        let batch = SortedBatch(items, now: time.now)
        guard !batch.candidates.isEmpty else { return UsageReceipt(outcomes: batch.outcomes) }
        return try await database.transaction(for: scope) { [self] tx in try stored(batch, tx) }
    }

    private func stored(_ batch: SortedBatch, _ tx: borrowing Transaction<ScopeNode>) throws -> UsageReceipt {
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

/// The figures of ingest.
private struct UsageMetrics: Sendable {
    private let events: Counter
    private let seconds: Histogram

    init(_ metrics: Metrics) {
        events = metrics.counter("usage_events_total", "Usage events by what became of them.", labels: ["status"])
        seconds = metrics.histogram("usage_batch_seconds", "Time to store one batch of usage events.")
    }

    func record(_ counts: UsageCounts, _ duration: Duration) {
        events.add(Int(counts.accepted), "accepted")
        events.add(Int(counts.duplicate), "duplicate")
        events.add(Int(counts.conflict), "conflict")
        events.add(Int(counts.rejected), "rejected")
        seconds.observe(duration)
    }
}
