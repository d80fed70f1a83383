import Kernel
import Synchronization
import Telephony

/// The calls that this process let go on while it could not ask. No lease speaks for them, so they are remembered for as
/// long as they may last: that bounds how many a tenant has of them.
final class GraceMemory: Sendable {
    private struct Grace {
        let legs: Int
        let seconds: Int
        let until: Timestamp
    }

    /// By the leg that is routed, of tenants that have some.
    private let live = Mutex<[TenantID: [String: Grace]]>([:])

    /// The decision about a leg whose standing is not known. One after the other, so that no two take the same place; whoever
    /// asks twice takes one.
    func decide(_ leg: LegRequest, _ entry: VoicePlan.Entry, trunksDown: Set<TrunkID>) -> Decision {
        live.withLock { live in
            let callID = leg.callID.lowercased()
            var own = (live[entry.plan.tenantID] ?? [:]).filter { $0.value.until > leg.now }
            var standing = Standing.unknown
            standing.trunksDown = trunksDown
            for (call, grace) in own where call != callID {
                standing.graces.legs += grace.legs
                standing.graces.milliseconds += Int64(grace.legs * grace.seconds) * 1000
            }
            let decision = authorise(leg, entry, standing)
            if let route = decision.route, !route.meteredLegs.isEmpty, let seconds = route.hangupAfterSeconds {
                let life = LeaseTimes.ringing + .seconds(seconds) + LeaseTimes.margin
                own[callID] = Grace(
                    legs: route.meteredLegs.count, seconds: seconds, until: leg.now.advanced(by: life))
            }
            live[entry.plan.tenantID] = own.isEmpty ? nil : own
            return decision
        }
    }
}
