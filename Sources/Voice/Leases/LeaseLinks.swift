import FoundationEssentials
import Kernel
import Postgres
import Telephony

extension LegEnd {
    /// What the booking of a record or an estimate tells.
    package init(_ settlement: LeaseSettlement) {
        self.init(
            tenantID: settlement.tenantID, legID: settlement.legID.uuid.uuidString, leaseID: settlement.leaseID,
            isAnswered: settlement.answeredAt != nil,
            estimatedMilliseconds: settlement.isEstimate ? settlement.milliseconds : nil)
    }
}

extension LeaseService {
    /// Hand this to `CallServices`: a lease is settled in the transaction that books its leg.
    package func settling(_ time: TimeSource) -> SettleLease {
        { tx, settlement in try settle(LegEnd(settlement), at: time.now, tx) }
    }

    /// Hand this to `CallServices` and `NodeHooks`: calls that a node lost take no channel any more.
    package var losing: LoseLeases { { tx, loss in try lose(loss, tx) } }

    /// Hand this to `NodeHooks`: the leases of a node's answered legs, renewed in one transaction. Legs without a lease,
    /// such as internal ones, are left alone.
    package func renewing(_ time: TimeSource) -> @Sendable (VoiceNodeID, [LiveLeg]) async throws -> [LegRenewal] {
        { _, legs in
            let signs = legs.compactMap { leg -> LeaseSign? in
                guard let lease = leg.marks.leaseID, let answered = leg.answered else { return nil }
                return LeaseSign(leaseID: lease, legID: leg.id.uuidString, answeredAt: answered)
            }
            return try await renew(signs, at: time.now).compactMap(LegRenewal.init)
        }
    }
}

extension LegRenewal {
    /// `nil` where nothing is told.
    init?(_ renewal: LeaseRenewal) {
        guard let leg = UUID(uuidString: renewal.legID) else { return nil }
        switch renewal.outcome {
        case .extended(let seconds): self.init(leg: leg, action: .extend(seconds: seconds))
        case .ending(let seconds, _): self.init(leg: leg, action: .announceEnd(seconds: seconds))
        case .unchanged, .unknown: return nil
        }
    }
}
