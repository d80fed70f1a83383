import FoundationEssentials
import Kernel
import Telephony
import Tenancy
import Web

/// A leg as the API shows it.
package struct CallLegResource: Codable, Sendable {
    package let legID: CallLegID
    package let callID: CallID
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    /// As the node and its logs write it.
    package let uuid: String
    package let side: CallRecord.Leg.Side
    /// Absent when another leg of the call speaks for it.
    package let direction: CallMetering.Direction?
    package let isMetered: Bool
    package let startedAt: Timestamp
    package let answeredAt: Timestamp?
    package let endedAt: Timestamp
    /// Answered time.
    package let milliseconds: Int64
    package let caller: String
    package let dialled: String
    package let destination: String
    package let sipUser: String?
    package let outcome: Outcome
    package let origin: Origin
    package let isEstimated: Bool
    package let isLate: Bool

    /// How it ended.
    package struct Outcome: Codable, Sendable {
        package let cause: String
        package let causeCode: Int?
        package let sipStatus: Int?
        package let disposition: String
        /// The named reason when the leg was refused.
        package let refusal: String?
        /// Mean opinion score of the received audio times 100.
        package let qualityHundredths: Int?
    }

    /// Where it ran.
    package struct Origin: Codable, Sendable {
        package let nodeID: VoiceNodeID
        package let gateway: String?
        package let sipCallID: String
        /// The configuration under which it ran.
        package let revision: String?
        package let transfers: [String]
    }

    package init(_ leg: CallLeg) {
        func optional(_ text: String) -> String? { text.isEmpty ? nil : text }
        legID = leg.identity.id
        callID = leg.identity.callID
        tenantID = leg.identity.tenantID
        organisationID = leg.identity.organisationID
        uuid = leg.identity.id.uuid.uuidString.lowercased()
        side = leg.identity.side
        direction = leg.metering.direction
        isMetered = if case .metered = leg.metering { true } else { false }
        startedAt = leg.times.started
        answeredAt = leg.times.answered
        endedAt = leg.times.ended
        milliseconds = leg.times.milliseconds
        caller = leg.parties.caller
        dialled = leg.parties.dialled
        destination = leg.parties.destination
        sipUser = optional(leg.parties.sipUser)
        outcome = Outcome(
            cause: leg.outcome.cause, causeCode: leg.outcome.causeCode, sipStatus: leg.outcome.sipStatus,
            disposition: leg.outcome.disposition, refusal: optional(leg.outcome.refusal),
            qualityHundredths: leg.outcome.qualityHundredths)
        origin = Origin(
            nodeID: leg.origin.nodeID, gateway: optional(leg.origin.gateway), sipCallID: leg.origin.sipCallID,
            revision: optional(leg.origin.revision), transfers: leg.origin.transfers)
        isEstimated = leg.state.isEstimated
        isLate = leg.state.isLate
    }
}

/// A call with all of its legs and what they cost.
package struct CallResource: Codable, Sendable {
    package let callID: CallID
    package let legs: [CallLegResource]
    package let receipts: [ReceiptResource]
}

/// Which calls are meant, in a list and in a file.
struct CallConditions: Codable, Sendable {
    /// Of the start; inclusive.
    let from: Timestamp?
    /// Exclusive.
    let until: Timestamp?
    let direction: CallMetering.Direction?
    let sipUser: String?
    let answered: Bool?
    /// Only calls that were refused, or only those that were not.
    let refused: Bool?
    /// Also legs for which another leg of the call speaks.
    let all: Bool?

    var filter: CallFilter {
        var filter = CallFilter()
        filter.from = from
        filter.until = until
        filter.direction = direction
        filter.sipUser = sipUser
        filter.isAnswered = answered
        filter.isRefused = refused
        filter.includesAll = all ?? false
        return filter
    }
}

/// A page of a tenant's calls.
struct ListCalls: Decodable, Sendable {
    let conditions: CallConditions
    let listing: VoiceListing

    init(from decoder: any Decoder) throws {
        conditions = try CallConditions(from: decoder)
        listing = try VoiceListing(from: decoder)
    }
}

struct CallPath: Codable, Sendable {
    let tenantID: TenantID
    let callID: CallID
}

struct CallLegPath: Codable, Sendable {
    let tenantID: TenantID
    let legID: CallLegID
}

extension CallRecordService {
    /// Calls for people. What nodes deliver comes in elsewhere.
    package func endpoints(_ receipts: ReceiptService) -> [Endpoint] {
        let tag = "Calls"
        return [
            Endpoint(
                .get, "/v1/voice/tenants/{tenant_id}/calls", "List calls", tag: tag, requires: .permission(.voiceRead)
            ) { (call: Call<ListCalls>) in
                let (listing, filter) = (call.input.listing, call.input.conditions.filter)
                return try await work.read(call) { tx in
                    try list(listing.tenantID, filter, listing.page, tx).map { CallLegResource($0) }
                }
            }
            .described("Newest first, numbers without their last digits; opening a call shows them."),
            exportEndpoint(),
            Endpoint(
                .get, "/v1/voice/tenants/{tenant_id}/calls/{call_id}", "Open a call", tag: tag,
                requires: .permission(.voiceRead)
            ) { (call: Call<CallPath>) in
                let input = call.input
                return try await work.perform(call) { tx, actor in
                    let legs = try open(input.callID, of: input.tenantID, tx, actor)
                    let papers = try legs.flatMap { leg in
                        try receipts.receipts(of: leg.identity.id, input.tenantID, tx).map { receipt in
                            ReceiptResource(receipt, of: leg.identity.organisationID)
                        }
                    }
                    return CallResource(
                        callID: input.callID, legs: legs.map { CallLegResource($0) }, receipts: papers)
                }
            }
            .described("All legs with their numbers in full, and their price receipts. The audit log says who looked."),
            Endpoint(
                .get, "/v1/voice/tenants/{tenant_id}/call_legs/{leg_id}/record", "Get the record of a leg as it came",
                tag: tag, requires: .permission(.voiceNode)
            ) { (call: Call<CallLegPath>) in
                let input = call.input
                let actor = Actor(
                    principal: call.principal, now: call.now, requestID: call.requestID, ids: work.ids)
                let bytes = try await work.database.transaction(for: call.principal.scope) { tx in
                    try body(of: input.legID, of: input.tenantID, tx, actor)
                }
                return RawReply(bytes, mediaType: "application/octet-stream")
            }
            .described("The body that the node delivered, while it is kept. The audit log says who looked."),
        ]
    }
}
