import Kernel

extension Inquiry {
    /// Limits, then minutes; what could not be asked is decided by the risk.
    mutating func time(
        metering legs: [CallRoute.MeteredLeg], destination: Destination?
    ) throws(Refusal) -> CallRoute.Time {
        guard let counts = standing.counts, let usage = standing.usage else {
            return try grace(metering: legs, destination: destination)
        }
        try checkConcurrency(counts, adding: legs.count)
        if let destination { try checkOutbound(counts, destination) }
        return try grant(usage, legs: legs, destination: destination)
    }

    private mutating func checkConcurrency(_ counts: Standing.Counts, adding legs: Int) throws(Refusal) {
        let limit = plan.limits.concurrentCalls
        guard counts.calls + legs <= limit else {
            throw refusal(.limits, .limitConcurrent, "\(counts.calls) of \(limit) calls over trunks are live.")
        }
        pass(.limits, "\(counts.calls) of \(limit) calls over trunks are live.", at: .limits)
    }

    private mutating func checkOutbound(_ counts: Standing.Counts, _ destination: Destination) throws(Refusal) {
        let kind = destination.kind
        if let limit = plan.limits.concurrentByKind[kind.rawValue] {
            let live = counts.callsByKind[kind] ?? 0
            guard live < limit else {
                throw refusal(.limits, .limitKind, "\(live) of \(limit) calls to \(kind.rawValue) numbers are live.")
            }
            pass(.limits, "\(live) of \(limit) calls to \(kind.rawValue) numbers are live.", at: .limits)
        }
        let perSecond = plan.limits.callsPerSecond
        guard counts.callsWithinSecond < perSecond else {
            throw refusal(
                .limits, .limitCallsPerSecond,
                "\(counts.callsWithinSecond) calls began within a second; \(perSecond) may.")
        }
        let sequential = counts.callsWithinHour[destination.number] ?? 0
        guard sequential < plan.limits.sequentialCalls else {
            throw refusal(
                .limits, .limitSequential,
                "\(sequential) calls to \(destination.number) within an hour; \(plan.limits.sequentialCalls) may."
            )
        }
    }

    private mutating func grant(
        _ usage: Standing.Usage, legs: [CallRoute.MeteredLeg], destination: Destination?
    ) throws(Refusal) -> CallRoute.Time {
        let budget = SliceBudget(
            plan: plan, usage: usage,
            purpose: SliceBudget.Purpose(
                risk: destination?.risk ?? .low, isOutbound: destination != nil, now: leg.now),
            voiceSince: standing.voiceSince)
        switch budget.slice(legs: legs.count) {
        case .granted(let slice):
            pass(.allotment, budget.words(slice), at: .allotment)
            return CallRoute.Time(
                meteredLegs: legs, grant: CallRoute.Grant(sliceSeconds: slice),
                hangupAfterSeconds: budget.hangupAfter(slice))
        case .refused(let reason):
            throw refusal(.allotment, reason, budget.words(reason))
        }
    }

    /// Nothing could be asked: inbound calls and outbound ones of low risk go on for the tenant's outage bound, as many at
    /// a time as its limits allow. Everything else waits until somebody can be asked. So does every call of a tenant
    /// whose minutes end, and every outbound one of a tenant whose money is bounded: nobody could say how much is left, and
    /// calls that nobody counts could use any amount of it.
    private mutating func grace(
        metering legs: [CallRoute.MeteredLeg], destination: Destination?
    ) throws(Refusal) -> CallRoute.Time {
        let bound = min(plan.allotment.outageSeconds, plan.limits.longestCallSeconds)
        guard bound > 0, destination == nil || destination?.risk == .low else {
            throw refusal(
                .limits, .couldNotAsk, "Limits and minutes could not be asked, and this leg may not go on without.")
        }
        guard !plan.allotment.endsCalls else {
            throw refusal(
                .allotment, .couldNotAsk, "Calls end with the month's minutes, and what is left could not be asked.")
        }
        guard destination == nil || !plan.boundsMoney else {
            throw refusal(
                .allotment, .couldNotAsk, "What calls cost is bounded, and what is left of it could not be asked.")
        }
        guard standing.graces.legs + legs.count <= plan.limits.concurrentCalls else {
            throw refusal(
                .limits, .couldNotAsk,
                "\(standing.graces.legs) calls may go on uncounted, and no more of \(plan.limits.concurrentCalls).")
        }
        let uncounted = standing.graces.milliseconds + Int64(legs.count * bound) * 1000
        guard !plan.isExposed(toMilliseconds: uncounted) else {
            throw refusal(
                .allotment, .couldNotAsk, "Calls that nobody counts could cost more than what may be at stake.")
        }
        doubt(.limits, "Limits and minutes could not be asked: the call may last \(bound) s.", at: .allotment)
        return CallRoute.Time(meteredLegs: legs, grant: nil, hangupAfterSeconds: bound)
    }
}

extension TenantPlan {
    /// Whether calls cost something that a bound is set to.
    fileprivate var boundsMoney: Bool {
        costsMoney && (limits.dailySpendCents != nil || limits.exposureCents != nil)
    }

    /// Whether that much time, all of it beyond the included minutes, costs more than what may be at stake.
    fileprivate func isExposed(toMilliseconds milliseconds: Int64) -> Bool {
        guard costsMoney, let bound = limits.exposureCents else { return false }
        return allotment.overageMicros(milliseconds) > EuroAmount(cents: bound).micros
    }

    private var costsMoney: Bool { allotment.includedMilliseconds != nil && allotment.overageMicrosPerMinute > 0 }
}
