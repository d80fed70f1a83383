import Kernel
import Postgres
import Telephony
import Tenancy

/// A change that somebody thinks of.
package struct TriedChange: Sendable {
    /// In place of the present limits and of the end of the minutes.
    package var settings: VoiceSettings?
    /// A permission to take away, or to put `permission` into its place.
    package var replaced: DialPermissionID?
    package var permission: DialPermission?
    /// Another contract's terms in place of the present ones; `nil` for those.
    package var includedMilliseconds: Int64?
    package var overageMicrosPerMinute: Int64?

    package init() {}
}

/// What would have come of it.
package struct TriedResult: Sendable {
    package let from: Timestamp
    package let until: Timestamp
    /// Whether all calls of the span were looked at, and not only the newest.
    package let isComplete: Bool
    package let whatIf: WhatIf

    package init(from: Timestamp, until: Timestamp, isComplete: Bool, whatIf: WhatIf) {
        self.from = from
        self.until = until
        self.isComplete = isComplete
        self.whatIf = whatIf
    }
}

/// Replays past calls against a change before it is saved.
package struct WhatIfService: Sendable {
    let work: UnitOfWork
    let plan: @Sendable (TenantID) -> VoicePlan.Entry?

    /// How far back, and how many calls are read at once.
    static let span = Duration.seconds(30 * 86_400)
    static let pageSize = 1_000

    init(work: UnitOfWork, plan: @escaping @Sendable (TenantID) -> VoicePlan.Entry?) {
        self.work = work
        self.plan = plan
    }

    /// What the replay begins with.
    private struct Setting: Sendable {
        let from: Timestamp
        let isComplete: Bool
        let usedBefore: Int64
        let present: TenantPlan
        let changed: TenantPlan
    }

    /// 404 for a tenant that the scope may not see, 409 `VOICE_OFF` without voice. Calls are read page by page, so that no
    /// transaction waits for the calculation.
    /// - Parameter most: how many calls are looked at, the newest ones.
    package func replay(
        _ change: TriedChange, of tenant: TenantID, in scope: ScopeNode, most: Int = 20_000
    ) async throws -> TriedResult {
        _ = try await work.read(in: scope) { tx in try VoiceTenant.get(tenant, tx) }
        guard let entry = plan(tenant) else {
            throw Problem.unavailable("The tenant's plan is still being compiled. Try again in a moment.")
        }
        let now = work.time.now
        let setting = try await work.read(in: scope) { tx in
            try Self.setting(change, entry.plan, now: now, most: most, tx)
        }
        var whatIf = WhatIf(present: setting.present, changed: setting.changed, usedBefore: setting.usedBefore)
        var mark: RecordedCallStore.Mark?
        while true {
            let (last, span) = (mark, setting.from..<now)
            let legs = try await work.read(in: scope) { tx in
                try RecordedCallStore.page(of: tenant, in: span, after: last, limit: Self.pageSize, tx)
            }
            for leg in legs {
                if let call = leg.call(in: setting.present) { whatIf.add(call) }
            }
            guard legs.count == Self.pageSize, let end = legs.last else { break }
            mark = RecordedCallStore.Mark(end)
        }
        return TriedResult(from: setting.from, until: now, isComplete: setting.isComplete, whatIf: whatIf)
    }

    private static func setting(
        _ change: TriedChange, _ plan: TenantPlan, now: Timestamp, most: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Setting {
        var rules = try DialPermissionStore.all(of: [plan.tenantID], tx).map(\.value)
        var policy = plan.policy
        policy.permissions = rules.map(\.permission)
        // what a sign of fraud closed today was open when these calls were made
        policy.blocks = []
        let present = plan.with(policy)
        if let id = change.replaced {
            guard rules.contains(where: { $0.id == id }) else {
                throw Problem.invalid("replaces", "is not a permission of this tenant")
            }
            rules.removeAll { $0.id == id }
        }
        policy.permissions = rules.map(\.permission) + [change.permission].compactMap(\.self)
        if let settings = change.settings {
            policy.limits = settings.limits
            policy.allotment.capMilliseconds = settings.capMilliseconds
            policy.allotment.atEnd = settings.atEnd
            policy.allotment.outageSeconds = settings.outageSeconds
        }
        if let included = change.includedMilliseconds { policy.allotment.includedMilliseconds = included }
        if let micros = change.overageMicrosPerMinute { policy.allotment.overageMicrosPerMinute = micros }
        let earliest = now.advanced(by: .zero - span)
        let cut = try RecordedCallStore.start(ofNewest: most, of: plan.tenantID, in: earliest..<now, tx)
        // the calls of that instant are left out as a whole
        let from = cut.map { $0.advanced(by: .microseconds(1)) } ?? earliest
        let month = CallMonth(containing: from.microseconds).map { Timestamp(microseconds: $0.start) } ?? from
        return Setting(
            from: from, isComplete: cut == nil,
            usedBefore: try RecordedCallStore.used(by: plan.tenantID, in: min(month, from)..<from, tx),
            present: present,
            changed: plan.with(policy))
    }
}
