import Kernel
import Telephony
import Tenancy
import Web

/// A quarantined record as the API shows it.
package struct QuarantinedRecordResource: Codable, Sendable {
    package let quarantineID: QuarantineID
    package let nodeID: VoiceNodeID
    package let organisationID: OrganisationID?
    /// For example `broken_json` or `unknown_tenant`.
    package let reason: String
    package let detail: String
    package let legID: CallLegID?
    package let state: QuarantinedRecord.State
    package let receivedAt: Timestamp
    /// How often the node delivered the same bytes.
    package let times: Int64
    package let bytes: Int64
    package let resolvedAt: Timestamp?

    package init(_ record: QuarantinedRecord) {
        quarantineID = record.id
        nodeID = record.source.nodeID
        organisationID = record.source.organisationID
        reason = record.reason
        detail = record.detail
        legID = record.legID
        state = record.state
        receivedAt = record.receivedAt
        times = record.times
        bytes = record.bytes
        resolvedAt = record.resolvedAt
    }
}

/// What came of trying a record again.
package struct ReplayResource: Codable, Sendable {
    package let quarantineID: QuarantineID
    /// `stored`, `duplicate`, `dismissed` or `quarantined`.
    package let result: String
    /// Why it still cannot be booked.
    package let reason: String?

    init(_ id: QuarantineID, _ acceptance: RecordAcceptance) {
        quarantineID = id
        switch acceptance {
        case .stored: (result, reason) = ("stored", nil)
        case .duplicate: (result, reason) = ("duplicate", nil)
        case .dismissed: (result, reason) = ("dismissed", nil)
        case .quarantined(let why): (result, reason) = ("quarantined", why)
        }
    }
}

struct ListQuarantine: Codable, Sendable {
    let state: QuarantinedRecord.State?
    let limit: PageLimit?
    let cursor: String?
}

struct QuarantinePath: Codable, Sendable {
    let quarantineID: QuarantineID
}

extension QuarantineService {
    /// Inspecting, replaying and discarding, for those who run nodes.
    package func endpoints(_ records: CallRecordService, _ work: UnitOfWork) -> [Endpoint] {
        let tag = "Call record quarantine"
        let item = "/v1/voice/quarantine/{quarantine_id}" as PathTemplate
        return [
            Endpoint(
                .get, "/v1/voice/quarantine", "List records that could not be booked", tag: tag,
                requires: .permission(.voiceNode)
            ) { (call: Call<ListQuarantine>) in
                let input = call.input
                let page = PageRequest(limit: input.limit?.count, cursor: input.cursor)
                return try await work.read(call) { tx in
                    try list(input.state, page, tx).map { QuarantinedRecordResource($0) }
                }
            },
            Endpoint(
                .get, item, "Get a quarantined record", tag: tag, requires: .permission(.voiceNode)
            ) { (call: Call<QuarantinePath>) in
                let id = call.input.quarantineID
                return try await work.read(call) { tx in QuarantinedRecordResource(try get(id, tx)) }
            },
            Endpoint(
                .get, "/v1/voice/quarantine/{quarantine_id}/body", "Get a quarantined record as it came", tag: tag,
                requires: .permission(.voiceNode)
            ) { (call: Call<QuarantinePath>) in
                let id = call.input.quarantineID
                let actor = Actor(
                    principal: call.principal, now: call.now, requestID: call.requestID, ids: work.ids)
                let bytes = try await work.database.transaction(for: call.principal.scope) { tx in
                    try body(id, tx, actor)
                }
                return RawReply(bytes, mediaType: "application/octet-stream")
            }
            .described("The audit log says who looked."),
            Endpoint(
                .post, "/v1/voice/quarantine/{quarantine_id}:replay", "Try a quarantined record again", tag: tag,
                requires: .permission(.voiceNode)
            ) { (call: Call<QuarantinePath>) in
                let id = call.input.quarantineID
                return ReplayResource(id, try await replay(id, as: call.principal, using: records))
            }
            .withoutIdempotencyKey()
            .failing("QUARANTINE_NOT_OPEN"),
            Endpoint(
                .post, "/v1/voice/quarantine/{quarantine_id}:discard", "Decide that a quarantined record is nothing",
                tag: tag, requires: .permission(.voiceNode)
            ) { (call: Call<QuarantinePath>) in
                QuarantinedRecordResource(try await discard(call.input.quarantineID, as: call.principal))
            }
            .withoutIdempotencyKey()
            .failing("QUARANTINE_NOT_OPEN"),
        ]
    }
}
