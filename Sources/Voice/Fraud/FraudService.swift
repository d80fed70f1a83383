import Kernel
import Postgres
import Synchronization
import Telephony
import Tenancy

/// Watches for sudden changes in calls, and lets people open what a sign closed.
package struct FraudService: Sendable {
    let work: UnitOfWork
    let plan: @Sendable (TenantID) -> VoicePlan.Entry?
    private let memory = FraudMemory()

    /// How far back a usual day is looked for, and how many calls of a tenant's day are looked at.
    static let past = Duration.seconds(30 * 86_400)
    static let mostPerDay = 10_000
    static let pageSize = 1_000
    static let batch = 200

    init(work: UnitOfWork, plan: @escaping @Sendable (TenantID) -> VoicePlan.Entry?) {
        self.work = work
        self.plan = plan
    }

    // MARK: Watching

    /// Looks at every tenant whose calls came in since the last turn, and ends blocks whose time is over. Says how many
    /// signs are new or went further. A named job of the platform; it may run in several processes.
    package func watch() async throws -> Int {
        try await endBlocks()
        let now = work.time.now
        let since = memory.turn(at: now)
        var (noted, last): (Int, TenantID?) = (0, nil)
        while true {
            let cursor = last
            let tenants = try await work.read(in: .platform) { tx in
                try FraudStore.active(since: since, now: now, after: cursor, limit: Self.batch, tx)
            }
            for tenant in tenants { noted += try await look(at: tenant, now: now) }
            guard tenants.count == Self.batch, let end = tenants.last else { return noted }
            last = end
        }
    }

    private func look(at tenant: TenantID, now: Timestamp) async throws -> Int {
        guard let plan = plan(tenant)?.plan else { return 0 }
        let today = ViennaDay.start(of: now)
        let past: FraudSign.Past
        if let known = memory.past(of: tenant, before: today) {
            past = known
        } else {
            var made = FraudSign.Past()
            try await calls(of: plan, in: today.advanced(by: .zero - Self.past)..<today, most: .max) { made.add($0) }
            memory.remember(made, of: tenant, before: today)
            past = made
        }
        var present: [RecordedCall] = []
        try await calls(of: plan, in: today..<now, most: Self.mostPerDay) { present.append($0) }
        let signs = FraudSign.signs(today: present, past: past, home: plan.identity.country)
        guard !signs.isEmpty else { return 0 }
        return try await work.perform(job: "look for signs of fraud") { tx, actor in
            try signs.reduce(0) { try note($1, of: tenant, tx, actor) ? $0 + 1 : $0 }
        }
    }

    /// In the order in which they began, page by page.
    private func calls(
        of plan: TenantPlan, in span: Range<Timestamp>, most: Int, _ take: (RecordedCall) -> Void
    ) async throws {
        var (mark, seen): (RecordedCallStore.Mark?, Int) = (nil, 0)
        while seen < most {
            let last = mark
            let legs = try await work.read(in: .platform) { tx in
                try RecordedCallStore.page(of: plan.tenantID, in: span, after: last, limit: Self.pageSize, tx)
            }
            for leg in legs {
                if let call = leg.call(in: plan) { take(call) }
            }
            seen += legs.count
            guard legs.count == Self.pageSize, let end = legs.last else { return }
            mark = RecordedCallStore.Mark(end)
        }
    }

    /// Whether it is new, or went further than before.
    private func note(
        _ sign: FraudSign, of id: TenantID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Bool {
        let tenant = try VoiceTenant.locked(id, tx)
        let fresh: FraudSignID = actor.ids.new()
        guard let noted = try FraudStore.note(sign, of: tenant, as: fresh, at: actor.now, tx) else { return false }
        if noted == fresh {
            try tx.audit(
                "voice.fraud_sign", target: noted, organisation: tenant.organisationID, tenant: id,
                detail: ["kind": sign.kind.rawValue, "sentence": sign.sentence], by: actor)
        }
        guard let settings = try VoiceSettingsStore.find(id, tx)?.value, settings.onFraudSign == .block else {
            return true
        }
        let until = actor.now.advanced(by: .seconds(Int64(settings.fraudBlockHours) * 3600))
        if try FraudStore.block(noted, of: id, until: until, at: actor.now, tx) {
            try tx.recordVoiceChange(
                "block_destination", noted, of: tenant,
                ["sentence": sign.sentence, "until": "\(until)"], by: actor)
        }
        return true
    }

    /// Ends blocks whose time is over: one batch.
    private func endBlocks() async throws {
        try await work.perform(job: "end blocks of destinations") { tx, actor in
            for (id, tenantID) in try FraudStore.end(at: actor.now, limit: Self.batch, tx) {
                guard let tenant = try VoiceTenantStore.find(tenantID, forChange: true, tx) else { continue }
                try tx.recordVoiceChange("end_block", id, of: tenant, [:], by: actor)
            }
        }
    }

    // MARK: Looking and opening

    /// Newest first.
    package func list(
        of id: TenantID, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Stored<RecordedSign>> {
        _ = try VoiceTenant.get(id, tx)
        let rows = try FraudStore.list(of: id, before: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.value.id)" }
    }

    /// How many signs keep a destination closed.
    package func closed(of id: TenantID, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        try FraudStore.blocks(of: [id], tx).count { $0.value.state(at: now) == .blocked }
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(
        _ id: FraudSignID, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<RecordedSign> {
        _ = try VoiceTenant.get(tenantID, tx)
        guard let sign = try FraudStore.find(id, of: tenantID, tx) else { throw Problem.notFound("sign of fraud") }
        return sign
    }

    /// Opens a destination again, for good or for a while: whoever pays for the calls does. 409 `NOT_BLOCKED` when nothing
    /// is closed.
    package func open(
        _ id: FraudSignID, of tenantID: TenantID, _ fields: OpenDestinationFields, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<RecordedSign> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let before = try get(id, of: tenantID, tx)
        try actor.requireManager("A tenant's own key cannot open what a sign of fraud closed.")
        try expecting.check(before.revision)
        let (reason, until) = try fields.checked(now: actor.now)
        guard [.blocked, .open].contains(before.value.state(at: actor.now)) else {
            throw Problem.conflict("NOT_BLOCKED", "This sign closes nothing now.")
        }
        try FraudStore.open(
            id, of: tenantID,
            RecordedSign.Opening(at: actor.now, by: actor.principal.displayName, reason: reason), until: until, tx)
        try tx.recordVoiceChange(
            "open_destination", id, of: tenant,
            ["sentence": before.value.sign.sentence, "reason": reason, "until": until.map { "\($0)" } ?? ""],
            by: actor)
        return try get(id, of: tenantID, tx)
    }
}

/// What the watch keeps between two turns: when it last looked, and each tenant's usual days, which are over and do not
/// change.
private final class FraudMemory: Sendable {
    private struct State {
        var lastTurn: Timestamp?
        var day: Timestamp?
        var pasts: [TenantID: FraudSign.Past] = [:]
    }

    private let state = Mutex(State())

    /// From when on records count as new: a minute before the last turn, for those that were being committed.
    func turn(at now: Timestamp) -> Timestamp {
        state.withLock { state in
            defer { state.lastTurn = now }
            return (state.lastTurn ?? now.advanced(by: .seconds(-900))).advanced(by: .seconds(-60))
        }
    }

    func past(of tenant: TenantID, before day: Timestamp) -> FraudSign.Past? {
        state.withLock { $0.day == day ? $0.pasts[tenant] : nil }
    }

    func remember(_ past: FraudSign.Past, of tenant: TenantID, before day: Timestamp) {
        state.withLock { state in
            if state.day != day { (state.day, state.pasts) = (day, [:]) }
            state.pasts[tenant] = past
        }
    }
}
