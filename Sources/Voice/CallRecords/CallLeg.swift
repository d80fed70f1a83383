import FoundationEssentials
import Kernel
import Postgres
import Telephony

package enum CallKind: IdentifierKind { package static let prefix = "call" }
package enum CallLegKind: IdentifierKind { package static let prefix = "leg" }

/// A call: its legs on one node.
package typealias CallID = ID<CallKind>
/// A leg by the uuid that its node gave it.
package typealias CallLegID = ID<CallLegKind>

/// A leg of a call as it is kept.
package struct CallLeg: Sendable, Hashable {
    package let identity: Identity
    package let metering: CallMetering
    package let callClass: String
    package let times: Times
    package let outcome: Outcome
    package let parties: Parties
    package let origin: Origin
    package let state: State

    /// Which leg it is, and whose.
    package struct Identity: Sendable, Hashable {
        package let id: CallLegID
        package let callID: CallID
        package let tenantID: TenantID
        package let organisationID: OrganisationID
        package let side: CallRecord.Leg.Side
        /// The leg for which this one was made.
        package let originatingLeg: CallLegID?
    }

    /// When it ran, by the node's clock.
    package struct Times: Sendable, Hashable {
        package let started: Timestamp
        package let answered: Timestamp?
        package let ended: Timestamp
        package let answeredMicroseconds: Int64
        /// What is metered: answered time in whole milliseconds.
        package let milliseconds: Int64
    }

    /// How it ended.
    package struct Outcome: Sendable, Hashable {
        package let cause: String
        package let causeCode: Int?
        package let sipStatus: Int?
        package let disposition: String
        package let peerCause: String
        /// The named reason when we refused the leg.
        package let refusal: String
        package let qualityHundredths: Int?
    }

    /// Personal; empty once its retention is over.
    package struct Parties: Sendable, Hashable {
        package let caller: String
        package let dialled: String
        package let destination: String
        package let sipUser: String
        package let networkAddress: String
    }

    /// Where it ran and under which configuration.
    package struct Origin: Sendable, Hashable {
        package let nodeID: VoiceNodeID
        package let gateway: String
        package let sipCallID: String
        package let revision: String
        package let leaseID: LeaseID?
        package let transfers: [String]
    }

    /// How it came here.
    package struct State: Sendable, Hashable {
        /// Counted up to the last sign of life of a lost node.
        package let isEstimated: Bool
        /// Came after its month was finalised.
        package let isLate: Bool
        package let receivedAt: Timestamp
        package let erasedAt: Timestamp?
    }
}

extension CallRecord.Leg.Side: SQLEncodable, SQLDecodable {}
extension CallMetering.Direction: SQLEncodable, SQLDecodable {}

extension CallMetering {
    /// As the database names it, beside the direction.
    var name: String {
        switch self {
        case .metered: "metered"
        case .unmetered: "unmetered"
        case .none: "none"
        }
    }

    init?(name: String, direction: Direction?) {
        switch (name, direction) {
        case ("metered", let direction?): self = .metered(direction)
        case ("unmetered", let direction?): self = .unmetered(direction)
        case ("none", _): self = .none
        default: return nil
        }
    }
}

/// Which legs are wanted. All conditions must hold.
package struct CallFilter: Sendable {
    /// Of the start; inclusive.
    package var from: Timestamp?
    /// Exclusive.
    package var until: Timestamp?
    package var direction: CallMetering.Direction?
    package var callID: CallID?
    /// The name of the phone that called.
    package var sipUser: String?
    package var isAnswered: Bool?
    /// Whether we refused it, with a named reason.
    package var isRefused: Bool?
    /// Also legs for which another leg speaks; else one line per leg that means something for the bill.
    package var includesAll = false

    package init() {}
}

/// A node as it delivers records.
package struct RecordSource: Sendable, Hashable {
    package let nodeID: VoiceNodeID
    /// Who sees and manages it, and what it could not book; `nil` for the platform alone.
    package let organisationID: OrganisationID?
    /// The instance whose tenants it serves; `nil` for all.
    package let instanceID: InstanceID?

    package init(nodeID: VoiceNodeID, organisationID: OrganisationID?, instanceID: InstanceID?) {
        self.nodeID = nodeID
        self.organisationID = organisationID
        self.instanceID = instanceID
    }

    /// A node speaks for the tenants of its own instance only.
    func mayReport(for owner: RecordOwner) -> Bool { instanceID.map { $0 == owner.instanceID } ?? true }
}

/// What became of a delivered record.
package enum RecordAcceptance: Sendable, Hashable {
    case stored(TenantID, late: Bool)
    /// It was there already.
    case duplicate
    /// A call over a carrier to a number that no tenant has, which nobody answered: there is nothing to book.
    case dismissed
    /// Kept for a person to look at.
    case quarantined(String)

    /// What the node is told. All of them mean success to it: it must not come again.
    package var status: Int {
        if case .quarantined = self { 202 } else { 200 }
    }
}

/// The release of what a live leg had set aside, when its record came.
package struct LeaseSettlement: Sendable, Hashable {
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let nodeID: VoiceNodeID
    package let legID: CallLegID
    /// As the leg carried it.
    package let leaseID: LeaseID?
    /// What was really used; zero for a leg that is not metered.
    package let milliseconds: Int64
    /// Whether an estimate was booked, whose record may still come.
    package let isEstimate: Bool
    package let answeredAt: Timestamp?
    package let endedAt: Timestamp
}

/// Takes back a lease in the transaction that stores the record.
package typealias SettleLease = @Sendable (borrowing Transaction<ScopeNode>, LeaseSettlement) throws -> Void
