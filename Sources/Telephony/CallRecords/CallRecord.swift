import FoundationEssentials
import Kernel

/// What a node says about one leg after its end: one channel, not one call. Read from mod_json_cdr or mod_xml_cdr by
/// `CallRecordReader`; every text in it is what the node sent, so a name or a number may be anything.
package struct CallRecord: Sendable, Hashable {
    package let leg: Leg
    package let times: Times
    /// From answer to end in microseconds, `billusec`; zero when nobody answered. Never `billsec`, which is a
    /// difference of truncated seconds.
    package let answeredMicroseconds: Int64
    package let outcome: Outcome
    package let parties: Parties
    /// `nil` for a leg to a phone, an agent or an announcement.
    package let carrier: Carrier?
    package let marks: Marks
    /// How the leg was moved, the first first: `epoch:uuid:bl_xfer:dest/context/dialplan`.
    package let transfers: [String]
    /// Mean opinion score of the received audio in hundredths, 100 to 500; `nil` without audio.
    package let qualityHundredths: Int?

    /// Answered time in whole milliseconds, to the nearest: the quantity that is metered. (`billmsec` is the difference of
    /// two cut-off milliseconds and may be one off.)
    package var answeredMilliseconds: Int64 { (answeredMicroseconds + 500) / 1_000 }

    /// Which leg it is and what it hangs together with.
    package struct Leg: Sendable, Hashable {
        /// Who called: what FreeSWITCH calls the direction of a channel.
        package enum Side: String, Sendable, Hashable, Codable, CaseIterable {
            /// Somebody called the node: the a-leg.
            case inbound
            /// The node called somebody: a b-leg.
            case outbound
        }

        /// `variables.uuid`: the key of idempotency, unique over all nodes.
        package let id: UUID
        package let side: Side
        /// Of the run of the node; another one after each start.
        package let coreID: UUID?
        package let switchName: String
        /// Counts the sessions of a run of the node from 1. Not every session has a record: a refused login has none.
        package let sessionNumber: Int64?
        /// The leg for which this one was made.
        package let originatingLeg: UUID?
        package let bridgedTo: UUID?
        package let sipCallID: String
    }

    /// By the node's clock, in microseconds.
    package struct Times: Sendable, Hashable {
        package let started: Timestamp
        package let answered: Timestamp?
        package let ended: Timestamp
        /// When the far end rang.
        package let ringing: Timestamp?
        /// When the far end sent audio without answering.
        package let earlyMedia: Timestamp?
    }

    /// How it ended. Success is `times.answered`, never the cause: the a-leg of an unanswered internal call says
    /// `NORMAL_CLEARING`.
    package struct Outcome: Sendable, Hashable {
        /// For example `NORMAL_CLEARING` or `ALLOTTED_TIMEOUT`.
        package let cause: String
        /// Q.850.
        package let causeCode: Int?
        package let sipStatus: Int?
        /// Who ended it and how: `send_bye`, `recv_bye`, `send_cancel`, `recv_cancel`, `send_refuse`, `recv_refuse`.
        package let disposition: String
        /// The cause on the leg that was bridged to this one.
        package let peerCause: String?
    }

    /// Only `authUser` and `authRealm` are proven; a phone chooses all the rest.
    package struct Parties: Sendable, Hashable {
        package let authUser: String?
        package let authRealm: String?
        package let callerNumber: String
        /// What was dialled first; transfers do not change it.
        package let dialled: String
        /// Where it ended up.
        package let destination: String
        package let directoryDomain: String?
        package let dialledDomain: String?
        package let networkAddress: String
    }

    /// The carrier's side of a call: the leg that is paid for.
    package enum Carrier: Sendable, Hashable {
        /// Out over this gateway.
        case out(gateway: String)
        /// In over a registered gateway, or from an address on the carriers' list.
        case `in`(gateway: String?)

        /// The address list of carriers; agents of the platform have another.
        private static let addressList = "carriers"

        /// Fact 8 of the recordings: `sip_gateway_name` on the leg out, `sip_gateway` or the address list on the leg in. A
        /// phone that proved who it is is no carrier.
        init?(_ side: Leg.Side, _ variable: (String) -> String?) {
            switch side {
            case .outbound:
                guard let gateway = variable("sip_gateway_name") else { return nil }
                self = .out(gateway: gateway)
            case .inbound:
                let gateway = variable("sip_gateway")
                let isListed = variable("sip_acl_authed_by") == Self.addressList
                guard variable("sip_auth_username") == nil, gateway != nil || isListed || variable("x_trunk_id") != nil
                else { return nil }
                self = .in(gateway: gateway)
            }
        }

        package var gateway: String? {
            switch self {
            case .out(let gateway): gateway
            case .in(let gateway): gateway
            }
        }
    }

    /// Variables that our answers put on the leg.
    package struct Marks: Sendable, Hashable {
        package let tenant: String?
        package let callID: String?
        package let revision: String?
        package let callClass: String?
        package let leaseID: LeaseID?
        package let originUser: String?
        package let trunkID: TrunkID?
        package let refusal: String?

        /// From the variables of a leg, by their names.
        init(_ variable: (String) -> String?) {
            tenant = variable("tenant_id")
            callID = variable("x_call_id")
            revision = variable("x_cfg_rev")
            callClass = variable("call_class")
            leaseID = variable("x_lease_id").flatMap { LeaseID($0) }
            originUser = variable("x_origin_user")
            trunkID = variable("x_trunk_id").flatMap { TrunkID($0) }
            refusal = variable("x_refusal")
        }

        /// The inverse: the mark of that name as the node wrote it.
        subscript(name: String) -> String? {
            switch name {
            case "tenant_id": tenant
            case "x_call_id": callID
            case "x_cfg_rev": revision
            case "call_class": callClass
            case "x_lease_id": leaseID?.description
            case "x_origin_user": originUser
            case "x_trunk_id": trunkID?.description
            case "x_refusal": refusal
            default: nil
            }
        }

        /// The tenant when the mark is one of our ids.
        package var tenantID: TenantID? { tenant.flatMap { TenantID($0) } }
    }
}

/// A body that is no call record. Such a body is kept for a person to look at, never thrown away: it may be money.
package struct MalformedRecord: Error, Sendable, Hashable {
    /// What is wrong, for lists and figures.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        case empty, unknownEncoding = "unknown_encoding", brokenJSON = "broken_json", brokenXML = "broken_xml"
        case noVariables = "no_variables", badLegID = "bad_leg_id", badDirection = "bad_direction"
        case badTimes = "bad_times"
    }

    package let reason: Reason
    /// For an operator; never quotes the body.
    package let detail: String

    package init(_ reason: Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }
}
