import Kernel
import Tenancy
import Web

extension UsageService {
    /// `POST /v1/usage/events`.
    package func endpoints() -> [Endpoint] {
        [
            Endpoint(
                .post, "/v1/usage/events", "Report usage", tag: "Usage", requires: .permission(.usageWrite), use: report
            )
            .rawBody(
                "application/json", "application/cloudevents-batch+json", "application/x-ndjson",
                limit: Limits.usageBatchBytes, inflatedBytes: Limits.usageBatchBytes
            )
            .answering("application/json")
            .withoutIdempotencyKey()
            .failing("INVALID_BATCH", "INVALID_JSON", "TOO_MANY_EVENTS")
            .described(Self.description)
        ]
    }

    private static let description = """
        A batch of at most 10,000 events in the form of CloudEvents: a JSON array, or one event per line. Each has `id`, \
        `source`, `type` (`turn` or `voice`), `time`, `tenant` and `data`: `key_source` for a turn; `milliseconds`, \
        `direction` and `call_id` for voice. The answer comes after the commit and says of every event whether it is \
        accepted, a duplicate, in conflict with an earlier one, or rejected and why; good events are stored beside bad \
        ones. An event is known for ever by tenant, source and id, so a batch may be repeated at any time.
        """

    @Sendable private func report(_ call: Call<NoInput>) async throws -> RawReply {
        let items = try UsageBatch.items(of: call.body, mediaType: call.mediaType)
        let receipt = try await ingest(items, as: call.principal.scope)
        return RawReply(json: UsageReceiptText.bytes(receipt, items))
    }
}

/// The answer to a batch, written straight into bytes: it has one object per event.
package enum UsageReceiptText {
    /// JSON: the four counts, and one result per event in the order of the batch.
    package static func bytes(_ receipt: UsageReceipt, _ items: [UsageItem]) -> [UInt8] {
        let counts = receipt.counts
        var bytes: [UInt8] = []
        bytes.reserveCapacity(200 + items.count * 90)
        bytes +=
            """
            {"accepted":\(counts.accepted),"duplicate":\(counts.duplicate),"conflict":\(counts.conflict),\
            "rejected":\(counts.rejected),"results":[
            """.utf8
        for (index, outcome) in receipt.outcomes.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += #"{"index":"#.utf8
            bytes += String(index).utf8
            if let id = items[index].id { write(id, as: #","id":"#, to: &bytes) }
            write(outcome, to: &bytes)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes += "]}".utf8
        return bytes
    }

    private static func write(_ outcome: UsageOutcome, to bytes: inout [UInt8]) {
        switch outcome {
        case .accepted: bytes += #","status":"accepted""#.utf8
        case .duplicate: bytes += #","status":"duplicate""#.utf8
        case .conflict:
            bytes += #","status":"conflict","reason":"PAYLOAD_DIFFERS","detail":""#.utf8
            bytes += #"An event with this tenant, source and id was stored with another type, time or data."#.utf8
            bytes += #" Give a new event a new id.""#.utf8
        case .rejected(let rejection):
            bytes += #","status":"rejected""#.utf8
            write(rejection.reason, as: #","reason":"#, to: &bytes)
            if let field = rejection.field { write(field, as: #","field":"#, to: &bytes) }
            write(rejection.detail, as: #","detail":"#, to: &bytes)
        }
    }

    private static func write(_ text: String, as member: StaticString, to bytes: inout [UInt8]) {
        member.withUTF8Buffer { bytes += $0 }
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        if isPlain {
            bytes.append(UInt8(ascii: "\""))
            bytes += text.utf8
            bytes.append(UInt8(ascii: "\""))
        } else {
            bytes += JSON.string(text).bytes
        }
    }
}
