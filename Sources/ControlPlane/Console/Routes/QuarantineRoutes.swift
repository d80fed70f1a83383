import Kernel
import Postgres
import Telephony
import Tenancy
import Voice
import Web

/// Records that could not be booked: looking at them, trying again, discarding.
struct QuarantineRoutes: Sendable {
    let services: ConsoleServices

    /// More of a body is no help on a page.
    private static let shownBytes = 64 * 1024

    private var records: CallRecordService { services.telephony.calls.records }

    var all: [PageRoute] {
        let running = Requirement.permission(.voiceNode)
        let item = "/voice/quarantine/{quarantine_id}"
        return [
            PageRoute(.get, "/voice/quarantine", requires: running, use: list),
            PageRoute(.get, PathTemplate(item), requires: running, use: show),
            PageRoute(.get, PathTemplate("\(item)/body"), requires: running, use: open),
            PageRoute(.get, PathTemplate("\(item)/file"), requires: running, use: file),
            PageRoute(.post, PathTemplate("\(item)/replay"), requires: running, use: replay).recovering(back),
            PageRoute(.post, PathTemplate("\(item)/discard"), requires: running, use: discard).recovering(back),
        ]
    }

    struct ListInput: Codable, Sendable {
        /// A state of records, or `all`.
        let state: String?
        let cursor: String?
    }

    @Sendable private func list(_ call: PageCall<ListInput>) async throws -> PageReply {
        let asked = call.input.state ?? "open"
        let request = PageRequest(limit: nil, cursor: call.input.cursor)
        let (rows, next) = try await services.work.read(call) { tx in
            let found = try records.quarantine.list(QuarantinedRecord.State(rawValue: asked), request, tx)
            var names = NameBook(services)
            let rows = try found.items.map { record in
                QuarantinePage.Row(
                    id: "\(record.id)", received: CallWords.second(record.receivedAt),
                    node: try names.node(record.source.nodeID, tx), reason: Self.reason(record.reason),
                    detail: record.detail, state: Self.words(record.state), times: record.times)
            }
            return (rows, found.nextCursor)
        }
        let values = ["state": QuarantinedRecord.State(rawValue: asked)?.rawValue ?? "all"]
        return .page(
            QuarantinePage(
                filter: FormState(values: values),
                rows: rows, nextPath: NextPage.path("/voice/quarantine", values, cursor: next)
            ).page)
    }

    /// `broken_json` as `Broken JSON`.
    private static func reason(_ name: String) -> String {
        DisplayText.words(name).replacing("json", with: "JSON").replacing("xml", with: "XML")
    }

    private static func words(_ state: QuarantinedRecord.State) -> (word: String, tone: Tone) {
        switch state {
        case .open: ("Waiting", .warn)
        case .replayed: ("Booked later", .ok)
        case .discarded: ("Discarded", .neutral)
        }
    }

    struct Input: Codable, Sendable {
        let quarantineID: QuarantineID
    }

    @Sendable private func show(_ call: PageCall<Input>) async throws -> PageReply {
        let id = call.input.quarantineID
        let (record, node) = try await services.work.read(call) { tx in
            var names = NameBook(services)
            let record = try records.quarantine.get(id, tx)
            return (record, try names.node(record.source.nodeID, tx))
        }
        return .page(page(record, of: node, body: nil))
    }

    /// Opening a body is on record, so this page writes.
    @Sendable private func open(_ call: PageCall<Input>) async throws -> PageReply {
        let id = call.input.quarantineID
        let (record, node, body) = try await services.work.perform(call) { tx, actor in
            var names = NameBook(services)
            let record = try records.quarantine.get(id, tx)
            return (record, try names.node(record.source.nodeID, tx), try records.quarantine.body(id, tx, actor))
        }
        return .page(page(record, of: node, body: body))
    }

    @Sendable private func file(_ call: PageCall<Input>) async throws -> PageReply {
        let id = call.input.quarantineID
        let body = try await services.work.perform(call) { tx, actor in
            try records.quarantine.body(id, tx, actor)
        }
        return .raw(.download(body, named: "\(id).cdr"))
    }

    private func page(_ record: QuarantinedRecord, of node: String, body: [UInt8]?) -> ConsolePage {
        let leg = record.legID.map { $0.uuid.uuidString.lowercased() }
        return QuarantinedRecordPage(
            id: "\(record.id)", received: CallWords.second(record.receivedAt),
            reason: Self.reason(record.reason), detail: record.detail, state: Self.words(record.state),
            isOpen: record.state == .open,
            facts: [
                Fact("Why", "\(Self.reason(record.reason))\(HTML.sub(record.detail))"),
                Fact("Node", text: node), Fact("Leg", code: leg ?? "could not be read"),
                Fact("Delivered", text: DisplayText.count(record.times, "time")),
                Fact("Size", text: DisplayText.count(record.bytes, "byte")),
                Fact("Decided", text: record.resolvedAt.map(CallWords.second) ?? "not yet"),
            ], body: body.map { Self.text($0.prefix(Self.shownBytes)) }, isCut: (body?.count ?? 0) > Self.shownBytes
        ).page
    }

    /// A node may send anything: what is no text, or would steer a terminal or a reader, becomes visible.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        var kept = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            let isText =
                switch scalar.properties.generalCategory {
                case .control: scalar == "\n" || scalar == "\t"
                case .format, .surrogate, .privateUse, .unassigned: false
                default: true
                }
            kept.append(isText ? scalar : "�")
        }
        return String(kept)
    }

    // MARK: Deciding

    @Sendable private func replay(_ call: PageCall<Input>) async throws -> PageReply {
        let id = call.input.quarantineID
        let flash =
            switch try await records.quarantine.replay(id, as: call.principal, using: records) {
            case .stored: Flash(.ok, "The record is booked.")
            case .duplicate: Flash(.info, "The leg was booked before; nothing is counted twice.")
            case .dismissed: Flash(.info, "Nobody has the number and nobody answered: there is nothing to book.")
            case .quarantined(let reason):
                Flash(.warn, "It still cannot be booked: \(Self.reason(reason)).")
            }
        return .redirect(to: "/voice/quarantine/\(id)", flash: flash)
    }

    @Sendable private func discard(_ call: PageCall<Input>) async throws -> PageReply {
        let id = call.input.quarantineID
        _ = try await records.quarantine.discard(id, as: call.principal)
        return .redirect(to: "/voice/quarantine", flash: Flash(.ok, "The record is discarded."))
    }

    @Sendable private func back(_ call: PageCall<Submission>) async throws -> PageReply {
        .redirect(
            to: "/voice/quarantine/\(call.input.values["quarantine_id"] ?? "")",
            flash: Flash(.bad, call.input.problem.detail))
    }
}
