import Kernel

/// How much answered time a leg may be granted now: bounded by the risk of the destination, by what is left of the month,
/// by the money that may be at stake at once and on one day.
package struct SliceBudget: Sendable {
    /// A slice, or the first bound that leaves no room for one.
    package enum Answer: Sendable, Hashable {
        /// Whole seconds for each metered leg.
        case granted(seconds: Int)
        case refused(RefusalReason)
    }

    /// What is asked for.
    package struct Purpose: Sendable, Hashable {
        package let risk: DestinationRisk
        /// Only outbound time counts against the day's money.
        package let isOutbound: Bool
        package let now: Timestamp

        package init(risk: DestinationRisk, isOutbound: Bool, now: Timestamp) {
            self.risk = risk
            self.isOutbound = isOutbound
            self.now = now
        }
    }

    private let allotment: Allotment
    private let limits: VoiceLimits
    private let usage: Standing.Usage
    private let purpose: Purpose
    private let isYoung: Bool

    package init(plan: TenantPlan, usage: Standing.Usage, purpose: Purpose, voiceSince: Timestamp?) {
        allotment = plan.allotment
        limits = plan.limits
        self.usage = usage
        self.purpose = purpose
        isYoung = voiceSince.map { purpose.now.since($0) < Self.youth } ?? false
    }

    /// The slice for each of `legs` metered legs (at least one).
    package func slice(legs: Int) -> Answer {
        var seconds = longest
        if let left = millisecondsLeft {
            guard let fitting = fitting(left, legs) else { return .refused(.allotmentUsed) }
            seconds = min(seconds, fitting)
        }
        if let left = usage.poolLeftMilliseconds {
            guard let fitting = fitting(left, legs) else { return .refused(.poolUsed) }
            seconds = min(seconds, fitting)
        }
        if let bound = limits.exposureCents {
            guard let fitting = affordable(bound, spent: 0, legs) else { return .refused(.limitExposure) }
            seconds = min(seconds, fitting)
        }
        if purpose.isOutbound, let bound = limits.dailySpendCents {
            guard let fitting = affordable(bound, spent: usage.spentTodayMicros, legs) else {
                return .refused(.limitDailySpend)
            }
            seconds = min(seconds, fitting)
        }
        return .granted(seconds: min(seconds, max(1, limits.longestCallSeconds)))
    }

    /// When the switch ends the call by itself. Where a bound is hard or the destination risky, with the slice; else the
    /// tenant's outage bound later, so that a call outlives a short absence of the control plane.
    package func hangupAfter(_ slice: Int) -> Int {
        let isStrict = limit != nil || usage.poolLeftMilliseconds != nil || purpose.risk > .low
        return min(slice + (isStrict ? 0 : max(0, allotment.outageSeconds)), limits.longestCallSeconds)
    }

    /// Why the slice that was granted is shorter than it would be: the month or the pool ends with it. `nil` when it is
    /// short for another reason and will be renewed.
    package var lastSliceReason: RefusalReason? {
        let full = Int64(Self.slice(for: purpose.risk)) * 1000
        if let left = millisecondsLeft, left < full { return .allotmentUsed }
        if let left = usage.poolLeftMilliseconds, left < full { return .poolUsed }
        return nil
    }

    /// The usual slice, in seconds.
    package static func slice(for risk: DestinationRisk) -> Int {
        switch risk {
        case .low: lowRiskSeconds
        case .elevated: elevatedRiskSeconds
        case .high: highRiskSeconds
        }
    }

    /// Milliseconds of the month that no leg has used or been granted; `nil` when nothing bounds them.
    package var millisecondsLeft: Int64? {
        limit.map { $0 - usage.usedMilliseconds - usage.reservedMilliseconds }
    }

    /// What live grants could cost beyond the included minutes, in millionths of a euro.
    package var exposureMicros: Int64 { exposure(adding: 0) }

    private var limit: Int64? { allotment.hardLimitMilliseconds }

    /// 60 s; shorter the likelier abuse is and the newer the tenant.
    private var longest: Int {
        let usual = Self.slice(for: purpose.risk)
        let byRisk = isYoung ? min(usual, Self.youngSeconds) : usual
        // beyond half of the bound on exposure, renewals come twice as often
        guard let bound = limits.exposureCents, exposureMicros > bound * Self.microsPerCent / 2 else { return byRisk }
        return max(Self.highRiskSeconds, byRisk / 2)
    }

    private func fitting(_ milliseconds: Int64, _ legs: Int) -> Int? {
        let seconds = milliseconds / Int64(max(1, legs)) / 1000
        return seconds >= 1 ? Int(min(seconds, Int64(Self.lowRiskSeconds))) : nil
    }

    /// The longest slice whose cost still fits, found by halves: 60, 30, 15 … s; `nil` when not even one second does.
    private func affordable(_ cents: Int64, spent: Int64, _ legs: Int) -> Int? {
        let (bound, overflow) = cents.multipliedReportingOverflow(by: Self.microsPerCent)
        if overflow { return Self.lowRiskSeconds }
        var seconds = Self.lowRiskSeconds
        while seconds >= 1 {
            if spent + exposure(adding: Int64(seconds * max(1, legs)) * 1000) <= bound { return seconds }
            seconds /= 2
        }
        return nil
    }

    private func exposure(adding more: Int64) -> Int64 {
        let reserved = usage.reservedMilliseconds + more
        let beyond = allotment.includedMilliseconds.map { usage.usedMilliseconds + reserved - $0 } ?? 0
        return allotment.overageMicros(max(0, min(reserved, beyond)))
    }

    static let lowRiskSeconds = 60
    static let youngSeconds = 30
    static let elevatedRiskSeconds = 15
    static let highRiskSeconds = 10
    /// A tenant is young for its first two weeks of voice.
    static let youth = Duration.seconds(14 * 86_400)
    static let microsPerCent: Int64 = 10_000
}

extension SliceBudget {
    /// For the trace.
    func words(_ slice: Int) -> String {
        let left = millisecondsLeft.map { " \(max(0, $0) / 1000) s of the month are free." } ?? ""
        return
            "\(slice) s are granted at a time, and the switch ends the call after \(hangupAfter(slice)) s unless they are "
            + "renewed.\(left)"
    }

    func words(_ reason: RefusalReason) -> String {
        switch reason {
        case .allotmentUsed:
            "Of \((limit ?? 0) / 1000) s this month, \(usage.usedMilliseconds / 1000) s are used and "
                + "\(usage.reservedMilliseconds / 1000) s granted to live calls."
        case .limitExposure:
            "Live calls could cost \(euros(exposureMicros)) beyond the included minutes; "
                + "\(euros((limits.exposureCents ?? 0) * Self.microsPerCent)) may be at stake."
        case .limitDailySpend:
            "Today's calls cost \(euros(usage.spentTodayMicros)) and live ones up to \(euros(exposureMicros)) more; "
                + "\(euros((limits.dailySpendCents ?? 0) * Self.microsPerCent)) may be spent."
        default: reason.text.sentence
        }
    }
}

extension Allotment {
    /// Where calls end rather than cost: the tenant's own bound, and the included minutes where their end blocks.
    package var hardLimitMilliseconds: Int64? {
        guard atEnd == .block, let includedMilliseconds else { return capMilliseconds }
        return min(includedMilliseconds, capMilliseconds ?? includedMilliseconds)
    }

    /// Whether there is a bound that no call may pass, of the tenant or of the pool that it shares.
    package var endsCalls: Bool { hardLimitMilliseconds != nil || isPooled == true }

    /// What so much time beyond the included minutes costs, in millionths of a euro, rounded up: a bound, never a price.
    package func overageMicros(_ milliseconds: Int64) -> Int64 {
        let exact = Int128(milliseconds) * Int128(overageMicrosPerMinute)
        return Int64(clamping: (exact + 59_999) / 60_000)
    }
}
