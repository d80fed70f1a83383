import Kernel

import struct Rating.BillingMonth

/// What would have come of past calls under a changed plan: every call is put to `authorise` again, in the order in which
/// they began, with the standing that the changed plan would have led to.
package struct WhatIf: Sendable, Hashable {
    /// A call that took place and would not have.
    package struct Blocked: Sendable, Hashable {
        package let call: RecordedCall
        package let reason: RefusalReason
        package let sentence: String
    }

    /// Calls that took place.
    package private(set) var calls = 0
    package private(set) var blocked: [Blocked] = []
    /// Refused calls that would have gone through.
    package private(set) var opened: [RecordedCall] = []
    /// Calls that would have ended early, at the end of the minutes.
    package private(set) var cut = 0
    /// What the overage of the months cost under the present plan, and under the changed one, in millionths of a euro.
    package private(set) var costBeforeMicros: Int64 = 0
    package private(set) var costAfterMicros: Int64 = 0

    /// - Parameters:
    ///   - calls: one tenant's, of a whole span of time, in any order.
    ///   - usedBefore: what the first month had used before the first of these calls.
    package init(_ calls: [RecordedCall], present: TenantPlan, changed: TenantPlan, usedBefore: Int64 = 0) {
        var world = World(plan: changed, used: usedBefore)
        var before = Ledger(allotment: present.allotment, first: usedBefore)
        var after = Ledger(allotment: changed.allotment, first: usedBefore)
        for call in calls.sorted(by: { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }) {
            let decision = world.decide(call)
            guard call.refusal == nil else {
                if decision.route != nil { opened.append(call) }
                continue
            }
            self.calls += 1
            before.add(call, call.milliseconds)
            switch decision.outcome {
            case .refuse(let refusal):
                blocked.append(Blocked(call: call, reason: refusal.reason, sentence: refusal.sentence))
            case .route(let route):
                let kept = world.begin(call, route)
                if kept < call.milliseconds { cut += 1 }
                after.add(call, kept)
            }
        }
        costBeforeMicros = before.cost
        costAfterMicros = after.cost
    }

    /// What the change would have saved; 0 when it costs more.
    package var savedMicros: Int64 { max(0, costBeforeMicros - costAfterMicros) }
    /// What the change would have cost on top; 0 when it saves.
    package var extraMicros: Int64 { max(0, costAfterMicros - costBeforeMicros) }

    /// Time per month, and what it costs beyond the included minutes.
    private struct Ledger {
        let allotment: Allotment
        let first: Int64
        var used: [BillingMonth: Int64] = [:]

        mutating func add(_ call: RecordedCall, _ milliseconds: Int64) {
            guard milliseconds > 0, let answered = call.answeredAt else { return }
            for part in MonthPart.parts(from: answered, milliseconds: milliseconds) {
                // only the first month began before these calls did
                let before = used.isEmpty ? first : 0
                used[part.month, default: before] += part.milliseconds
            }
        }

        var cost: Int64 {
            guard let included = allotment.includedMilliseconds else { return 0 }
            return used.values.reduce(0) { $0 + allotment.overageMicros(max(0, $1 - included)) }
        }
    }

    /// The tenant as it would have been.
    private struct World {
        let plan: TenantPlan
        let entry: VoicePlan.Entry
        var used: Int64
        var month: BillingMonth?
        var day: Timestamp?
        var spentMicros: Int64 = 0
        /// Metered calls that have not ended, with how long they keep.
        var live: [(call: RecordedCall, route: CallRoute, endsAt: Timestamp)] = []
        /// Outbound calls of the last hour.
        var recent: [RecordedCall] = []

        init(plan: TenantPlan, used: Int64) {
            self.plan = plan
            self.used = used
            entry = VoicePlan.Entry(revision: "", plan: plan)
        }

        mutating func decide(_ call: RecordedCall) -> Decision {
            advance(to: call.startedAt)
            let leg = LegRequest(callID: call.id, origin: call.origin, dialled: call.dialled, now: call.startedAt)
            return authorise(leg, entry, standing(for: call))
        }

        /// How much of the call keeps, in milliseconds of answered time.
        mutating func begin(_ call: RecordedCall, _ route: CallRoute) -> Int64 {
            guard !route.meteredLegs.isEmpty else { return call.milliseconds }
            let left = plan.allotment.hardLimitMilliseconds.map { max(0, $0 - used) } ?? .max
            let kept = min(call.milliseconds, left, Int64(plan.limits.longestCallSeconds) * 1000)
            let ends = call.answeredAt.map { $0.advanced(by: .milliseconds(kept)) } ?? call.startedAt
            live.append((call, route, ends))
            if route.destination != nil { recent.append(call) }
            let included = plan.allotment.includedMilliseconds ?? .max
            if route.destination != nil {
                spentMicros += plan.allotment.overageMicros(max(0, min(kept, used + kept - included)))
            }
            used += kept
            return kept
        }

        private mutating func advance(to now: Timestamp) {
            if let present = BillingMonth(containing: now.microseconds), present != month {
                if month != nil { used = 0 }
                month = present
            }
            let today = ViennaDay.start(of: now)
            if today != day {
                day = today
                spentMicros = 0
            }
            live.removeAll { $0.endsAt <= now }
            recent.removeAll { now.since($0.startedAt) > .seconds(3600) }
        }

        private func standing(for call: RecordedCall) -> Standing {
            var counts = Standing.Counts()
            counts.calls = live.reduce(0) { $0 + $1.route.meteredLegs.count }
            for (_, route, _) in live {
                if let kind = route.destination?.kind { counts.callsByKind[kind, default: 0] += 1 }
                if case .number(let number) = route.payer { counts.inboundByNumber[number, default: 0] += 1 }
            }
            counts.callsWithinSecond = recent.count { call.startedAt.since($0.startedAt) < .seconds(1) }
            for made in recent {
                if let number = made.destination?.number { counts.callsWithinHour[number, default: 0] += 1 }
            }
            var usage = Standing.Usage()
            usage.usedMilliseconds = used
            usage.spentTodayMicros = spentMicros
            return Standing(counts: counts, usage: usage)
        }
    }
}
