import Kernel
import Logging
import Postgres
import ServiceLifecycle
import Synchronization
import Telephony
import Tenancy

/// Another plan came into force, or a tenant's voice ended.
package struct PlanChange: Sendable {
    package let tenantID: TenantID
    /// `nil` for a tenant that had no voice.
    package let before: VoicePlan.Entry?
    /// `nil` for a tenant that has none any more.
    package let after: VoicePlan.Entry?
}

/// The plans of all tenants in memory: what nodes are answered from, without a query. A notification of the database makes
/// a change count at once; a look at the versions every few seconds makes it count even when the notification is lost.
package final class PlanCache: Service, Sendable {
    /// How late a change counts at most when no notification comes.
    static let pollInterval: Duration = .seconds(5)
    /// Contracts and pools say nothing when they change; they are asked for this often.
    static let termsInterval: Duration = .seconds(60)
    /// Tenants that are compiled in one transaction.
    static let batchSize = 25

    private struct State {
        var plan = VoicePlan()
        var marks: [TenantID: PlanMark] = [:]
        var terms: [PlanPlacement: VoiceLinks.Terms] = [:]
        /// The terms that each tenant's plan was compiled with.
        var compiledTerms: [TenantID: VoiceLinks.Terms] = [:]
        var termsReadAt: Timestamp?
        var isLoaded = false
        var watchers: [Int: AsyncStream<PlanChange>.Continuation] = [:]
        var nextWatcher = 0

        func tell(_ change: PlanChange) {
            for watcher in watchers.values { watcher.yield(change) }
        }
    }

    private let database: Database
    private let listener: Listener
    private let links: VoiceLinks
    private let compiler: PlanCompiler
    private let time: TimeSource
    private let logger: Logger
    private let state = Mutex(State())

    init(
        database: Database, connectionString: String, links: VoiceLinks, compiler: PlanCompiler, time: TimeSource,
        logger: Logger
    ) {
        self.database = database
        listener = Listener(
            connectionString: connectionString, channels: [PlanChangeStore.channel], logger: logger)
        self.links = links
        self.compiler = compiler
        self.time = time
        self.logger = logger
    }

    /// The plans of this moment. A change makes a new value; who holds this one keeps it.
    package var current: VoicePlan { state.withLock { $0.plan } }

    /// Whether all plans were read once.
    package var isLoaded: Bool { state.withLock { $0.isLoaded } }

    /// Every change from now on, until the consumer stops.
    package func changes() -> AsyncStream<PlanChange> {
        AsyncStream(bufferingPolicy: .unbounded) { continuation in
            let number = state.withLock { state in
                state.nextWatcher += 1
                state.watchers[state.nextWatcher] = continuation
                return state.nextWatcher
            }
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.watchers.removeValue(forKey: number) }
            }
        }
    }

    // MARK: Service

    /// Keeps the plans fresh until graceful shutdown.
    package func run() async throws {
        try? await cancelWhenGracefulShutdown { [self] in
            let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [listener] in
                    for await _ in listener.notifications() { signal.yield() }
                }
                group.addTask {
                    while !Task.isCancelled {
                        signal.yield()
                        try await Task.sleep(for: Self.pollInterval)
                    }
                }
                group.addTask { [self] in
                    for await _ in signals { await attempt() }
                }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private func attempt() async {
        do {
            try await refresh()
        } catch _ where Task.isCancelled {
        } catch {
            logger.warning("plans could not be read; the present ones stay", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Reading

    /// Compiles what changed. After it, every change that was committed before it counts.
    package func refresh() async throws {
        let marks = try await database.transaction(for: ScopeNode.platform) { tx in
            try PlanStore.marks(instance: nil, tx)
        }
        let terms = try await terms(of: marks)
        let changed = state.withLock { state in
            marks.filter { mark in
                state.marks[mark.tenantID] != mark || state.compiledTerms[mark.tenantID] != terms[mark.placement]
            }
        }
        var rest = changed[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.batchSize))
            rest = rest.dropFirst(batch.count)
            install(try await compile(batch, terms), batch, terms)
        }
        forget(allBut: Set(marks.map(\.tenantID)))
        state.withLock { $0.isLoaded = true }
    }

    private func compile(
        _ batch: [PlanMark], _ terms: [PlanPlacement: VoiceLinks.Terms]
    ) async throws -> [VoicePlan.Entry] {
        let (compiler, now) = (compiler, time.now)
        return try await database.transaction(for: ScopeNode.platform) { tx in
            let entries = try compiler.entries(of: batch, terms: terms, tx)
            try PlanRevisionStore.activate(entries, at: now, tx)
            return entries
        }
    }

    /// The terms of every placement; read anew after a while, and for a placement that is new at once.
    private func terms(of marks: [PlanMark]) async throws -> [PlanPlacement: VoiceLinks.Terms] {
        let now = time.now
        var sample: [PlanPlacement: TenantID] = [:]
        for mark in marks { sample[mark.placement] = mark.tenantID }
        let known = state.withLock { state in
            let isFresh = state.termsReadAt.map { now.since($0) < Self.termsInterval && $0 <= now } ?? false
            return isFresh ? state.terms : [:]
        }
        let missing = sample.filter { known[$0.key] == nil }
        guard !missing.isEmpty else { return known }
        let links = links
        let read = try await database.transaction(for: ScopeNode.platform) { tx in
            var terms: [PlanPlacement: VoiceLinks.Terms] = [:]
            for (placement, tenant) in missing {
                var read = try links.terms(tx, tenant, now).ofContract
                read.isPooled = try MinutePoolStore.find(placement.organisationID, tx) != nil
                terms[placement] = read
            }
            return terms
        }
        let all = known.merging(read) { _, new in new }
        state.withLock { state in
            if known.isEmpty { state.termsReadAt = now }
            state.terms = all
        }
        return all
    }

    /// A plan that is newer than this one, from another reading, stays.
    private func install(
        _ entries: [VoicePlan.Entry], _ batch: [PlanMark], _ terms: [PlanPlacement: VoiceLinks.Terms]
    ) {
        let compiled = Dictionary(entries.map { ($0.plan.tenantID, $0) }) { _, last in last }
        state.withLock { state in
            for mark in batch {
                if let present = state.marks[mark.tenantID],
                    present.version > mark.version || present.revision > mark.revision
                {
                    continue
                }
                guard let entry = compiled[mark.tenantID] else { continue }
                let before = state.plan.entry(tenant: mark.tenantID)
                state.marks[mark.tenantID] = mark
                state.compiledTerms[mark.tenantID] = terms[mark.placement]
                guard before?.revision != entry.revision else { continue }
                state.plan.set(entry)
                state.tell(PlanChange(tenantID: mark.tenantID, before: before, after: entry))
            }
        }
    }

    private func forget(allBut present: Set<TenantID>) {
        state.withLock { state in
            for tenant in state.marks.keys where !present.contains(tenant) {
                let before = state.plan.entry(tenant: tenant)
                state.marks[tenant] = nil
                state.compiledTerms[tenant] = nil
                state.plan.remove(tenant)
                state.tell(PlanChange(tenantID: tenant, before: before, after: nil))
            }
        }
    }

    /// The plans of one instance as a file, read now and not from memory.
    package func file(of instance: InstanceID) async throws -> PlanFile {
        let marks = try await database.transaction(for: ScopeNode.platform) { tx in
            try PlanStore.marks(instance: instance, tx)
        }
        let terms = try await terms(of: marks)
        var entries: [VoicePlan.Entry] = []
        var rest = marks[...]
        while !rest.isEmpty {
            entries += try await compile(Array(rest.prefix(Self.batchSize)), terms)
            rest = rest.dropFirst(Self.batchSize)
        }
        return PlanFile(madeAt: time.now, plans: entries)
    }
}
