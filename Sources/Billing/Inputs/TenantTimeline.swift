import Kernel
import Tenancy

/// A tenant's history as far as bills depend on it: what was provisioned when, of which kind, with or without voice.
package struct TenantTimeline: Sendable, Hashable {
    /// The status from an instant on.
    package struct Status: Sendable, Hashable {
        package let since: Timestamp
        package let state: String
        package let kind: String
        package let voiceEnabled: Bool

        package init(since: Timestamp, state: String, kind: String, voiceEnabled: Bool) {
            self.since = since
            self.state = state
            self.kind = kind
            self.voiceEnabled = voiceEnabled
        }

        /// Provisioned in the sense of domain 2.1: active or suspended.
        var isProvisioned: Bool { state == "active" || state == "suspended" }
        /// Sandbox and demo tenants are never billable.
        var isProduction: Bool { kind == "production" }
        var isBillable: Bool { isProvisioned && isProduction }
    }

    package let tenantID: TenantID
    package let name: String
    /// Ascending by time.
    package let statuses: [Status]

    package init(tenantID: TenantID, name: String, statuses: [Status]) {
        self.tenantID = tenantID
        self.name = name
        self.statuses = statuses.sorted { $0.since < $1.since }
    }

    /// The statuses that hold for some time within `period`, each with that time.
    func statuses(in period: Range<Timestamp>) -> [(status: Status, time: Range<Timestamp>)] {
        statuses.indices.compactMap { index in
            let end = index + 1 < statuses.count ? statuses[index + 1].since : period.upperBound
            let from = max(statuses[index].since, period.lowerBound)
            let until = min(end, period.upperBound)
            return from < until ? (statuses[index], from..<until) : nil
        }
    }

    /// Usage can be older than the tenant's record: before it, the first kind counts.
    func isProduction(in period: Range<Timestamp>) -> Bool {
        let during = statuses(in: period)
        return during.isEmpty
            ? statuses.first?.isProduction ?? false : during.contains { $0.status.isProduction }
    }

    /// Voice was enabled at any time of the period while the tenant was billable.
    func hasVoice(in period: Range<Timestamp>) -> Bool {
        statuses(in: period).contains { $0.status.isBillable && $0.status.voiceEnabled }
    }

    /// The spans of a period in which calls are nobody's to pay although the tenant's voice is charged in it: the tenant
    /// was a sandbox or a demo. *Decided*: what counts is what the tenant was when the call was answered.
    func unbilled(in period: Range<Timestamp>) -> [Range<Timestamp>] {
        guard hasVoice(in: period) else { return [] }
        return statuses.indices.filter { !statuses[$0].isProduction }.compactMap { span(at: $0, in: period) }
    }

    /// Whether a call answered at an instant of a contract's month is charged, and the time around the instant for which
    /// the answer is the same.
    package func isBilled(at time: Timestamp, in period: Range<Timestamp>) -> (answer: Bool, holds: Range<Timestamp>) {
        let index = statuses.lastIndex { $0.since <= time } ?? statuses.startIndex
        guard statuses.indices.contains(index), let span = span(at: index, in: period) else {
            return (false, time..<time)
        }
        return (statuses[index].isProduction && hasVoice(in: period), span)
    }

    /// The time of a status within a period; the first one also holds before it was noted. `nil` without any.
    private func span(at index: Int, in period: Range<Timestamp>) -> Range<Timestamp>? {
        let from = index == statuses.startIndex ? period.lowerBound : max(statuses[index].since, period.lowerBound)
        let next = index + 1
        let until = next < statuses.endIndex ? min(statuses[next].since, period.upperBound) : period.upperBound
        return from < until ? from..<until : nil
    }

    /// The largest number of tenants that were billable at the same time.
    static func peakBillable(_ tenants: [TenantTimeline], in period: Range<Timestamp>) -> Int64 {
        var changes: [(at: Timestamp, step: Int64)] = []
        for tenant in tenants {
            for (status, time) in tenant.statuses(in: period) where status.isBillable {
                changes.append((time.lowerBound, 1))
                changes.append((time.upperBound, -1))
            }
        }
        // An end comes before a beginning at the same instant: one tenant replacing another is no second tenant.
        changes.sort { ($0.at, $0.step) < ($1.at, $1.step) }
        var count: Int64 = 0
        var peak: Int64 = 0
        for change in changes {
            count += change.step
            peak = max(peak, count)
        }
        return peak
    }
}

extension TenantTimeline {
    /// Of a tenant as it is kept. Without history it has had its present status from the beginning.
    package init(_ tenant: Tenant, history: [TenantHistoryEntry]) {
        let present = Status(
            since: tenant.createdAt, state: tenant.state.name.rawValue, kind: tenant.settings.kind.rawValue,
            voiceEnabled: tenant.settings.voiceEnabled)
        let past = history.map { entry in
            Status(
                since: entry.occurredAt, state: entry.state.rawValue, kind: entry.kind.rawValue,
                voiceEnabled: entry.voiceEnabled)
        }
        self.init(
            tenantID: tenant.id, name: tenant.settings.displayName, statuses: past.isEmpty ? [present] : past)
    }
}
