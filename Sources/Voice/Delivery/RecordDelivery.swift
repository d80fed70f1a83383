import Kernel
import Logging
import Telephony
import Web

/// Where nodes deliver records. The protocol is mod_json_cdr's: any 2xx means "never again", anything else "later".
package struct RecordDelivery: Sendable {
    private let gate: NodeGate
    private let records: CallRecordService
    private let delivered: Counter
    private let logger: Logger

    package init(gate: NodeGate, records: CallRecordService, metrics: Metrics, logger: Logger) {
        self.gate = gate
        self.records = records
        self.logger = logger
        delivered = metrics.counter(
            "voice_call_records_total", "Call records that nodes delivered, by what became of them.", labels: ["result"]
        )
    }

    /// Both addresses take every encoding: the first bytes of the body decide.
    package var routes: [ProtocolRoute] {
        ["/fs/cdr/json", "/fs/cdr/xml"].map { path in
            ProtocolRoute(.post, path, bodyLimit: CallRecordReader.largestBody) { call in try await take(call) }
        }
    }

    /// Credentials come first: the first request of a digest exchange has no body.
    private func take(_ call: ProtocolCall) async throws -> RawReply {
        switch gate.admit(call, for: .records) {
        case .refused(let reply): return reply
        case .admitted(let known):
            let source = RecordSource(
                nodeID: known.node.id, organisationID: known.node.organisationID, instanceID: known.node.instanceID)
            let acceptance = try await records.accept(try await call.body(), from: source)
            return answer(acceptance, source)
        }
    }

    private func answer(_ acceptance: RecordAcceptance, _ source: RecordSource) -> RawReply {
        let word: String
        switch acceptance {
        case .stored: word = "stored"
        case .duplicate: word = "duplicate"
        case .dismissed: word = "dismissed"
        case .quarantined(let reason):
            word = "quarantined"
            logger.error(
                "a call record could not be booked", metadata: ["node": "\(source.nodeID)", "reason": "\(reason)"])
        }
        delivered.add(1, word)
        var reply = RawReply(Array("\(word)\n".utf8), mediaType: "text/plain; charset=utf-8")
        reply.status = acceptance.status
        return reply
    }
}
