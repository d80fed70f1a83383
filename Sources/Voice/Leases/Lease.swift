import FoundationEssentials
import Kernel
import Postgres
import Telephony

extension CallRoute.MeteredLeg: SQLEncodable, SQLDecodable {}
extension DestinationRisk: SQLEncodable, SQLDecodable {}

/// What a lease counts.
package enum LeaseDirection: String, Sendable, Hashable, Codable, CaseIterable, SQLEncodable, SQLDecodable {
    case inbound, outbound
}

/// Where a lease stands. What may have been used counts until a record says better.
package enum LeaseState: String, Sendable, Hashable, Codable, CaseIterable, SQLEncodable, SQLDecodable {
    /// Granted; nobody has answered as far as was heard.
    case ringing
    case running
    /// Not renewed in time: takes no channel any more and counts in full.
    case expired
    /// Booked up to its last sign of life, in place of a record that may still come; the rest counts on.
    case estimated
    case settled
}

/// A granted leg of a live call in one month.
package struct Lease: Sendable, Hashable {
    /// Which row it is.
    package struct Key: Sendable, Hashable {
        package let tenantID: TenantID
        package let leaseID: LeaseID
        package let leg: CallRoute.MeteredLeg
        package let month: CallMonth
    }

    /// What is called.
    package struct Subject: Sendable, Hashable {
        package let direction: LeaseDirection
        package let kind: DestinationKind?
        package let risk: DestinationRisk
        /// Digits of E.164; empty for inbound legs.
        package let destination: String
        package let phoneNumberID: PhoneNumberID?
    }

    package let key: Key
    package let organisationID: OrganisationID
    package let callID: String
    package let nodeID: VoiceNodeID?
    package let subject: Subject
    package let revision: String
    package var state: LeaseState
    /// Answered time granted in the month.
    package var grantedMilliseconds: Int64
    /// Answered time in the month that the node last told of.
    package var spentMilliseconds: Int64
    package var times: Times

    /// When things happened to it.
    package struct Times: Sendable, Hashable {
        package let beganAt: Timestamp
        package var answeredAt: Timestamp?
        package var seenAt: Timestamp
        package var expiresAt: Timestamp
    }

    /// Which side of the routing pass a leg is.
    package static func side(of legID: String, in callID: String) -> CallRoute.MeteredLeg { legID == callID ? .a : .b }

    /// Granted and not used as far as is known.
    package var leftMilliseconds: Int64 { max(0, grantedMilliseconds - spentMilliseconds) }
}

/// A live, answered leg as its node tells of it, for one batch of renewals.
package struct LeaseSign: Sendable, Hashable {
    /// `x_lease_id` of the channel.
    package let leaseID: LeaseID
    /// The leg's own uuid.
    package let legID: String
    package let answeredAt: Timestamp

    package init(leaseID: LeaseID, legID: String, answeredAt: Timestamp) {
        self.leaseID = leaseID
        self.legID = legID.lowercased()
        self.answeredAt = answeredAt
    }
}

/// What a node does with a leg after a look at its lease.
package struct LeaseRenewal: Sendable, Hashable {
    /// What the switch is told.
    package enum Outcome: Sendable, Hashable {
        /// Set the hang-up anew: that many seconds from now.
        case extended(hangupAfterSeconds: Int)
        /// Nothing more can be granted: tell the people on the line, and end in that many seconds.
        case ending(afterSeconds: Int, reason: RefusalReason)
        /// More than half of the slice is left.
        case unchanged
        /// There is no such lease, or its record is booked already: leave the call as it is.
        case unknown
    }

    package let legID: String
    package let outcome: Outcome
}

/// The end of a leg, as a record or an estimate tells of it.
package struct LegEnd: Sendable, Hashable {
    package let tenantID: TenantID
    /// The leg's own uuid.
    package let legID: String
    /// `x_lease_id`, where the leg carried it: metered legs do.
    package let leaseID: LeaseID?
    package let isAnswered: Bool
    /// Set when this is an estimate, with the answered time that it books.
    package let estimatedMilliseconds: Int64?

    package init(
        tenantID: TenantID, legID: String, leaseID: LeaseID?, isAnswered: Bool, estimatedMilliseconds: Int64? = nil
    ) {
        self.tenantID = tenantID
        self.legID = legID.lowercased()
        self.leaseID = leaseID
        self.isAnswered = isAnswered
        self.estimatedMilliseconds = estimatedMilliseconds
    }
}

enum LeaseTimes {
    /// How long a phone may ring before a grant that nobody answered expires.
    static let ringing = Duration.seconds(180)
    /// How much later than the switch's own hang-up a lease expires: whole-second timers, clocks, the way of an event.
    static let margin = Duration.seconds(15)
    /// After which an expired or estimated lease is given up: whatever record is still missing then is no reason to keep
    /// minutes from others.
    static let doubt = Duration.seconds(86_400)
    /// How long a settled lease is kept, for the limits that look back an hour.
    static let kept = Duration.seconds(2 * 3600)
}
