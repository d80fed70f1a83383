import Kernel
import Telephony

/// One leg's renewal: what it used, what it needs, what it gets.
struct RenewalStep {
    let legID: String
    /// The row that is there.
    private(set) var present: Lease
    /// The row of a month that has begun since.
    private(set) var next: Lease?
    private let plan: TenantPlan
    private let now: Timestamp
    private let elapsedSeconds: Int
    /// Nothing was heard of it, or not for long: it is written down that it lives.
    private let isNews: Bool

    init(_ lease: Lease, _ sign: LeaseSign, in month: CallMonth, plan: TenantPlan, now: Timestamp) {
        self.plan = plan
        self.now = now
        legID = sign.legID
        isNews = lease.state != .running
        present = lease
        present.state = .running
        let answered = lease.times.answeredAt ?? sign.answeredAt
        present.times.answeredAt = answered
        present.times.seenAt = now
        let elapsed = max(0, (now.microseconds - answered.microseconds) / 1000)
        elapsedSeconds = Int(elapsed / 1000)
        let spent = MonthPart.parts(from: answered, milliseconds: elapsed)
            .reduce(into: [CallMonth: Int64]()) { $0[$1.month, default: 0] += $1.milliseconds }
        present.spentMilliseconds = max(lease.spentMilliseconds, spent[lease.key.month] ?? 0)
        guard lease.key.month < month else { return }
        // the old month is known to the millisecond: nothing more of it is needed
        present.state = .expired
        present.grantedMilliseconds = present.spentMilliseconds
        let used = spent[month] ?? 0
        next = Lease(
            key: Lease.Key(
                tenantID: lease.key.tenantID, leaseID: lease.key.leaseID, leg: lease.key.leg, month: month),
            organisationID: lease.organisationID, callID: lease.callID, nodeID: lease.nodeID, subject: lease.subject,
            revision: lease.revision, state: .running, grantedMilliseconds: 0, spentMilliseconds: used,
            times: present.times)
    }

    /// Whether there is something to write: news, another month, or less than half of a slice left.
    var isDue: Bool { next != nil || isNews || present.leftMilliseconds * 2 < fullSlice }

    /// Takes what it needs from the month; what is left of its grant is part of the new slice.
    mutating func take(from usage: inout Standing.Usage) -> LeaseRenewal.Outcome {
        guard var lease = next else { return extend(&present, &usage) }
        let outcome = extend(&lease, &usage)
        next = lease
        return outcome
    }

    private func extend(_ lease: inout Lease, _ usage: inout Standing.Usage) -> LeaseRenewal.Outcome {
        // what was used beyond the grant is used, whatever is left: the switch's timer is not finer
        let excess = max(0, lease.spentMilliseconds - lease.grantedMilliseconds)
        lease.grantedMilliseconds += excess
        usage.reserve(excess)
        let left = lease.leftMilliseconds
        usage.reserve(-left)
        let budget = SliceBudget(
            plan: plan, usage: usage,
            purpose: SliceBudget.Purpose(
                risk: lease.subject.risk, isOutbound: lease.subject.direction == .outbound, now: now),
            voiceSince: nil)
        usage.reserve(left)
        var seconds = Int(left / 1000)
        var reason: RefusalReason?
        switch budget.slice(legs: 1) {
        case .granted(let slice):
            let extra = max(0, Int64(slice) * 1000 - left)
            lease.grantedMilliseconds += extra
            usage.reserve(extra)
            seconds = max(slice, seconds)
            if Int64(slice) * 1000 < fullSlice { reason = budget.lastSliceReason }
        case .refused(let refusal): reason = refusal
        }
        let longest = max(0, plan.limits.longestCallSeconds - elapsedSeconds)
        let life = reason == nil ? min(budget.hangupAfter(seconds), longest) : min(seconds, longest)
        lease.times.expiresAt = now.advanced(by: .seconds(life) + LeaseTimes.margin)
        return reason.map { .ending(afterSeconds: life, reason: $0) } ?? .extended(hangupAfterSeconds: life)
    }

    private var fullSlice: Int64 { Int64(SliceBudget.slice(for: present.subject.risk)) * 1000 }
}

extension Standing.Usage {
    /// Takes time from the month and its pool, or gives it back.
    mutating func reserve(_ milliseconds: Int64) {
        reservedMilliseconds += milliseconds
        poolLeftMilliseconds = poolLeftMilliseconds.map { $0 - milliseconds }
    }
}
