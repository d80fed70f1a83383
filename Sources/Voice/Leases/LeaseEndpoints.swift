import Kernel
import Telephony
import Tenancy
import Web

/// The minutes of a tenant's month. Amounts are in euro, net.
package struct AllotmentResource: Codable, Sendable {
    package let tenantID: TenantID
    /// `2026-11`, a calendar month in Europe/Vienna.
    package let month: String
    package let usedMs: Int64
    /// Granted to calls whose record has not come.
    package let reservedMs: Int64
    /// Null when the contract counts no minutes.
    package let includedMs: Int64?
    /// The tenant's own bound; null for none.
    package let capMs: Int64?
    package let atEnd: Allotment.AtEnd
    /// What the partner's pool has left; null where there is none, or the caller may not see it.
    package let poolLeftMs: Int64?
    /// Per 60,000 ms beyond the included ones.
    package let overagePrice: String
    package let currency: String
    /// From 80 % of the minutes on: of those before new calls are refused, else of the included ones.
    package let warning: AllotmentWarning.Level?
    package let forecast: ForecastResource
    package let live: LiveResource

    /// How far the minutes reach at the pace so far.
    package struct ForecastResource: Codable, Sendable {
        /// How the pace is taken: per business hour, per hour, or not at all.
        package let method: Forecast.Method
        package let monthEndMs: Int64
        package let overageMs: Int64
        package let overageAmount: String
        /// When the included minutes are used up at this pace; null when they are not.
        package let usedUpAt: Timestamp?
    }

    /// What runs now, and what it could cost.
    package struct LiveResource: Codable, Sendable {
        /// Legs over trunks.
        package let legs: Int
        package let limit: Int
        /// The most that can be lost right now, and what it is bounded by.
        package let exposureAmount: String
        package let exposureBound: String?
        package let spentToday: String
        package let dailyBound: String?
    }

    init(_ tenant: TenantID, _ status: AllotmentStatus) {
        tenantID = tenant
        month = "\(status.month)"
        usedMs = status.usage.usedMilliseconds
        reservedMs = status.usage.reservedMilliseconds
        includedMs = status.allotment.includedMilliseconds
        capMs = status.allotment.capMilliseconds
        atEnd = status.allotment.atEnd
        poolLeftMs = status.usage.poolLeftMilliseconds
        overagePrice = EuroAmount(micros: status.allotment.overageMicrosPerMinute).text
        currency = "EUR"
        warning = AllotmentWarning(used: status.usage.usedMilliseconds, of: status.allotment)?.level
        forecast = ForecastResource(
            method: status.forecast.method, monthEndMs: status.forecast.milliseconds,
            overageMs: status.forecast.overageMilliseconds,
            overageAmount: EuroAmount(micros: status.forecast.overageMicros).text,
            usedUpAt: status.forecast.usedUpAt)
        live = LiveResource(
            legs: status.counts.calls, limit: status.limits.concurrentCalls,
            exposureAmount: EuroAmount(micros: status.exposureMicros).text,
            exposureBound: status.limits.exposureCents.map { EuroAmount(cents: $0).text },
            spentToday: EuroAmount(micros: status.usage.spentTodayMicros).text,
            dailyBound: status.limits.dailySpendCents.map { EuroAmount(cents: $0).text })
    }
}

/// A grant that is live.
package struct LiveGrantResource: Codable, Sendable {
    package let leaseID: LeaseID
    package let leg: CallRoute.MeteredLeg
    package let callID: String
    package let direction: LeaseDirection
    package let state: LeaseState
    /// `+` and digits; empty for inbound legs.
    package let destination: String
    package let risk: DestinationRisk
    package let grantedMs: Int64
    package let spentMs: Int64
    package let beganAt: Timestamp
    package let answeredAt: Timestamp?
    package let expiresAt: Timestamp
    /// What it could cost, were all of it beyond the included minutes.
    package let worstAmount: String

    init(_ grant: LiveGrant) {
        let lease = grant.lease
        leaseID = lease.key.leaseID
        leg = lease.key.leg
        callID = lease.callID
        direction = lease.subject.direction
        state = lease.state
        destination = lease.subject.destination.isEmpty ? "" : "+\(lease.subject.destination)"
        risk = lease.subject.risk
        grantedMs = lease.grantedMilliseconds
        spentMs = lease.spentMilliseconds
        beganAt = lease.times.beganAt
        answeredAt = lease.times.answeredAt
        expiresAt = lease.times.expiresAt
        worstAmount = EuroAmount(micros: grant.worstMicros).text
    }
}

/// What live calls may use without asking again.
package struct LiveGrantsResource: Codable, Sendable {
    package let tenantID: TenantID
    package let items: [LiveGrantResource]
}

struct AllotmentPath: Codable, Sendable {
    let tenantID: TenantID
}

/// The minutes of tenants, live grants and the dry run.
package func leaseEndpoints(
    _ leases: LeaseService, _ work: UnitOfWork, trunksDown: @escaping LeaseService.TrunksDown = { _ in [] }
) -> [Endpoint] {
    let tag = "Voice"
    return [
        Endpoint(
            .get, "/v1/voice/tenants/{tenant_id}/allotment", "Get the month's minutes", tag: tag,
            requires: .permission(.voiceRead)
        ) { (call: Call<AllotmentPath>) in
            let entry = try leases.entry(call.input.tenantID)
            return try await work.read(call) { tx in
                try leases.checkVisible(call.input.tenantID, tx)
                let status = try leases.status(of: entry.plan, at: work.time.now, tx)
                return AllotmentResource(call.input.tenantID, status)
            }
        },

        Endpoint(
            .get, "/v1/voice/tenants/{tenant_id}/grants", "List live grants", tag: tag,
            requires: .permission(.voiceRead)
        ) { (call: Call<AllotmentPath>) in
            let entry = try leases.entry(call.input.tenantID)
            return try await work.read(call) { tx in
                try leases.checkVisible(call.input.tenantID, tx)
                return LiveGrantsResource(
                    tenantID: call.input.tenantID,
                    items: try leases.live(of: entry.plan, tx).map(LiveGrantResource.init))
            }
        }
        .described("What live calls may use without asking again, the newest first, at most 1,000."),

        explainEndpoint(leases, work, trunksDown),
    ]
}
