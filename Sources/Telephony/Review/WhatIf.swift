import Kernel

import struct Rating.BillingMonth

/// What would have come of past calls under a changed plan. Every call is put to `authorise` twice, under the present plan
/// and under the changed one, each with the standing that it would have led to: a difference comes of the change alone.
/// Calls are given one by one and none is kept but for a few examples.
package struct WhatIf: Sendable {
    /// What would have been otherwise with a call.
    package enum Change: Sendable, Hashable {
        case refused(Refusal)
        /// Not refused any more.
        case allowed
        /// Ended early, after so much answered time.
        case cut(milliseconds: Int64)
    }

    /// A call that shows what changes.
    package struct Example: Sendable, Hashable {
        package let call: RecordedCall
        package let change: Change
    }

    /// Answered time and what of it costs beyond the included minutes.
    package struct Total: Sendable, Hashable {
        package fileprivate(set) var milliseconds: Int64 = 0
        /// In millionths of a euro.
        package fileprivate(set) var costMicros: Int64 = 0
    }

    /// Calls that took place.
    package private(set) var calls = 0
    package private(set) var refused: [RefusalReason: Int] = [:]
    /// Calls that are refused now and would not be. How long they would have been is not known, so they cost nothing here.
    package private(set) var allowed = 0
    /// Calls that would have ended early, at the end of the minutes or of the longest call.
    package private(set) var cut = 0
    package private(set) var examples: [Example] = []
    private var present: World
    private var changed: World
    private var shown: [Int] = [0, 0, 0]

    /// - Parameter usedBefore: what the first month had used before the first of these calls.
    package init(present: TenantPlan, changed: TenantPlan, usedBefore: Int64 = 0) {
        self.present = World(plan: present, used: usedBefore)
        self.changed = World(plan: changed, used: usedBefore)
    }

    /// One tenant's next call. They come in the order in which they began.
    package mutating func add(_ call: RecordedCall) {
        let before = present.replay(call)
        let after = changed.replay(call)
        if call.refusal == nil { calls += 1 }
        switch (before, after) {
        case (.kept, .refused(let refusal)) where call.refusal == nil:
            refused[refusal.reason, default: 0] += 1
            show(call, .refused(refusal), kind: 0, most: 10)
        case (.refused, .kept):
            allowed += 1
            show(call, .allowed, kind: 1, most: 5)
        case (.kept(let old), .kept(let new)) where new < old:
            cut += 1
            show(call, .cut(milliseconds: new), kind: 2, most: 5)
        default: break
        }
    }

    private mutating func show(_ call: RecordedCall, _ change: Change, kind: Int, most: Int) {
        guard shown[kind] < most else { return }
        shown[kind] += 1
        examples.append(Example(call: call, change: change))
    }

    package var before: Total { present.total }
    package var after: Total { changed.total }
    /// What the change would have saved; 0 when it costs more.
    package var savedMicros: Int64 { max(0, before.costMicros - after.costMicros) }
    /// What the change would have cost on top; 0 when it saves.
    package var extraMicros: Int64 { max(0, after.costMicros - before.costMicros) }

    /// What becomes of a call in one of the worlds.
    private enum Fate {
        case refused(Refusal)
        case kept(Int64)
    }

    /// The tenant as it would have been.
    private struct World {
        let plan: TenantPlan
        let entry: VoicePlan.Entry
        var usedByMonth: [BillingMonth: Int64] = [:]
        var usedBefore: Int64
        var month: BillingMonth?
        var day: Timestamp?
        var spentMicros: Int64 = 0
        var milliseconds: Int64 = 0
        /// Metered legs that have not ended.
        var live: [(call: RecordedCall, inbound: PhoneNumberID?, endsAt: Timestamp)] = []
        /// Outbound calls of the last hour.
        var recent: [RecordedCall] = []
        /// What became of legs that came in, for the legs that were made for them.
        var fates: [String: Decision.Outcome] = [:]

        init(plan: TenantPlan, used: Int64) {
            self.plan = plan
            usedBefore = used
            entry = VoicePlan.Entry(revision: "", plan: plan)
        }

        var total: Total {
            var total = Total()
            total.milliseconds = milliseconds
            guard let included = plan.allotment.includedMilliseconds else { return total }
            total.costMicros = usedByMonth.values.reduce(0) { sum, used in
                sum + plan.allotment.overageMicros(max(0, used - included))
            }
            return total
        }

        mutating func replay(_ call: RecordedCall) -> Fate {
            advance(to: call.startedAt)
            let outcome = call.madeFor.flatMap { fates[$0] } ?? decide(call)
            if call.destination == nil { fates[call.id] = outcome }
            switch outcome {
            case .refuse(let refusal): return .refused(refusal)
            case .route(let route): return .kept(call.refusal == nil ? begin(call, route) : 0)
            }
        }

        private func decide(_ call: RecordedCall) -> Decision.Outcome {
            let leg = LegRequest(callID: call.id, origin: call.origin, dialled: call.dialled, now: call.startedAt)
            return authorise(leg, entry, standing(at: call.startedAt)).outcome
        }

        private var used: Int64 { month.flatMap { usedByMonth[$0] } ?? 0 }

        /// How much of the call keeps, in milliseconds of answered time.
        private mutating func begin(_ call: RecordedCall, _ route: CallRoute) -> Int64 {
            guard !route.meteredLegs.isEmpty else { return call.milliseconds }
            let left = plan.allotment.hardLimitMilliseconds.map { max(0, $0 - used) } ?? .max
            let kept = min(call.milliseconds, left, Int64(plan.limits.longestCallSeconds) * 1000)
            let ends = call.answeredAt.map { $0.advanced(by: .milliseconds(kept)) } ?? call.startedAt
            let isOutbound = call.destination != nil
            let number: PhoneNumberID? = if case .number(let id) = route.payer { id } else { nil }
            live.append((call, isOutbound ? nil : number, ends))
            if isOutbound {
                recent.append(call)
                let included = plan.allotment.includedMilliseconds ?? .max
                spentMicros += plan.allotment.overageMicros(max(0, min(kept, used + kept - included)))
            }
            milliseconds += kept
            for part in call.answeredAt.map({ MonthPart.parts(from: $0, milliseconds: kept) }) ?? [] {
                usedByMonth[part.month, default: 0] += part.milliseconds
            }
            return kept
        }

        private mutating func advance(to now: Timestamp) {
            if let present = BillingMonth(containing: now.microseconds), present != month {
                // only the first month began before these calls did
                if month == nil { usedByMonth[present] = usedBefore }
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

        private func standing(at now: Timestamp) -> Standing {
            var counts = Standing.Counts()
            counts.calls = live.count
            for leg in live {
                if let kind = leg.call.destination?.kind { counts.callsByKind[kind, default: 0] += 1 }
                if let number = leg.inbound { counts.inboundByNumber[number, default: 0] += 1 }
            }
            counts.callsWithinSecond = recent.count { now.since($0.startedAt) < .seconds(1) }
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
