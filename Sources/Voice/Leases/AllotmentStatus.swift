import Kernel
import Postgres
import Telephony

/// Where a tenant's month stands now: the gauge.
package struct AllotmentStatus: Sendable, Hashable {
    package let month: CallMonth
    package let allotment: Allotment
    package let limits: VoiceLimits
    /// Legs over trunks that are live, by what is known of them; the database was asked, so both are there.
    package let counts: Standing.Counts
    package let usage: Standing.Usage
    package let forecast: Forecast
    /// What live grants could cost beyond the included minutes, in millionths of a euro.
    package let exposureMicros: Int64
}

/// One live grant.
package struct LiveGrant: Sendable, Hashable {
    package let lease: Lease
    /// What it could cost, were all of it beyond the included minutes.
    package let worstMicros: Int64
}

extension LeaseService {
    /// The gauge of a tenant's month.
    package func status(
        of plan: TenantPlan, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> AllotmentStatus {
        let place = try place(of: plan.identity, at: now)
        let standing = try StandingStore.standing(
            StandingStore.Question(place: place, destination: nil, now: now), tx)
        guard let counts = standing.counts, let usage = standing.usage else {
            throw Problem.unavailable("The tenant's minutes cannot be read now.")
        }
        let budget = SliceBudget(
            plan: plan, usage: usage, purpose: SliceBudget.Purpose(risk: .low, isOutbound: true, now: now),
            voiceSince: standing.voiceSince)
        return AllotmentStatus(
            month: place.month, allotment: plan.allotment, limits: plan.limits, counts: counts, usage: usage,
            forecast: Forecast(
                used: usage.usedMilliseconds, month: place.month, now: now, allotment: plan.allotment),
            exposureMicros: budget.exposureMicros)
    }

    /// The live grants of a tenant, the newest first, at most 1,000.
    package func live(of plan: TenantPlan, _ tx: borrowing Transaction<ScopeNode>) throws -> [LiveGrant] {
        try LeaseStore.live(of: plan.tenantID, limit: 1_000, tx).map { lease in
            LiveGrant(lease: lease, worstMicros: plan.allotment.overageMicros(lease.grantedMilliseconds))
        }
    }
}
