import Kernel
import Postgres
import Rating
import Telephony
import Tenancy
import Voice
import Web

/// The calls of a tenant: the list, one call with its receipts, a leg's record as it came.
struct CallRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        let calls = "/tenants/{tenant_id}/voice/calls"
        return [
            PageRoute(.get, PathTemplate(calls), requires: .permission(.voiceRead), use: list).recovering(unfiltered),
            PageRoute(.get, PathTemplate("\(calls)/export"), requires: .permission(.voiceRead), use: export)
                .recovering(unfiltered).timeLimit(seconds: 60),
            PageRoute(.get, PathTemplate("\(calls)/{call_id}"), requires: .permission(.voiceRead), use: show),
            PageRoute(
                .get, "/tenants/{tenant_id}/voice/legs/{leg_id}/record", requires: .permission(.voiceNode), use: record),
        ]
    }

    // MARK: The list

    enum Result: String, Codable, CaseIterable, Sendable { case answered, unanswered, refused }

    struct ListInput: Codable, Sendable {
        let tenantID: TenantID
        let direction: CallMetering.Direction?
        let from: CalendarDate?
        /// The last day that is shown.
        let until: CalendarDate?
        let user: String?
        let result: Result?
        let cursor: String?

        var filter: CallFilter {
            var filter = CallFilter()
            filter.from = from.map { Timestamp(microseconds: ViennaTime.instant($0)) }
            filter.until = until.map { Timestamp(microseconds: ViennaTime.instant($0.adding(days: 1))) }
            filter.direction = direction
            filter.sipUser = user
            switch result {
            case .answered: filter.isAnswered = true
            case .unanswered: filter.isAnswered = false
            case .refused: filter.isRefused = true
            case nil: break
            }
            return filter
        }

        var values: [String: String] {
            [
                "direction": direction?.rawValue ?? "", "from": from.map { "\($0)" } ?? "",
                "until": until.map { "\($0)" } ?? "", "user": user ?? "", "result": result?.rawValue ?? "",
            ]
        }
    }

    @Sendable private func list(_ call: PageCall<ListInput>) async throws -> PageReply {
        let input = call.input
        let request = PageRequest(limit: nil, cursor: input.cursor)
        return .page(
            try await page(input.tenantID, input.filter, request, FormState(values: input.values), call))
    }

    /// All pages of the list in one file.
    @Sendable private func export(_ call: PageCall<ListInput>) async throws -> PageReply {
        let input = call.input
        return .raw(
            try await services.telephony.calls.records.export(
                input.tenantID, input.filter, in: call.principal.scope))
    }

    /// A filter that cannot be read shows everything, and what is wrong with it.
    @Sendable private func unfiltered(_ call: PageCall<Submission>) async throws -> PageReply {
        let submission = call.input
        guard let id = TenantID(submission.values["tenant_id"] ?? "") else { throw submission.problem }
        let values = submission.values.filter { $0.key != "tenant_id" && $0.key != "cursor" }
        return .page(
            try await page(
                id, CallFilter(), PageRequest(limit: nil, cursor: nil),
                FormState(values: values, problem: submission.problem), call),
            status: submission.status)
    }

    private func page<Input>(
        _ id: TenantID, _ filter: CallFilter, _ request: PageRequest, _ state: FormState, _ call: PageCall<Input>
    ) async throws -> ConsolePage {
        try await services.work.read(call) { tx in
            let place = try services.voicePlace(id, tx)
            let found = try services.telephony.calls.records.list(id, filter, request, tx)
            let proof = try services.telephony.calls.completeness.report(.present(at: call.now), tenant: id, tx).first
            return CallListPage(
                place: place, rows: found.items.map(CallListPage.Row.init), filter: state, proof: proof?.sentence,
                nextPath: NextPage.path(place.path(of: .calls), state.values, cursor: found.nextCursor),
                exportPath: FilteredPath.path("\(place.path(of: .calls))/export", state.values)
            ).page
        }
    }

    // MARK: One call

    struct CallInput: Codable, Sendable {
        let tenantID: TenantID
        let callID: CallID
    }

    /// Opening a call is on record, so this page writes.
    @Sendable private func show(_ call: PageCall<CallInput>) async throws -> PageReply {
        let (input, runsNodes) = (call.input, call.principal.holds(.voiceNode))
        let page = try await services.work.perform(call) { tx, actor in
            let place = try services.voicePlace(input.tenantID, tx)
            let calls = services.telephony.calls
            let legs = try calls.records.open(input.callID, of: input.tenantID, tx, actor)
            let receipts = try legs.flatMap { leg in
                try calls.receipts.receipts(of: leg.identity.id, input.tenantID, tx)
            }
            let trunks = try services.trunkNames(input.tenantID, tx)
            var (names, nodes): (NameBook, [VoiceNodeID: String]) = (NameBook(services), [:])
            for leg in legs { nodes[leg.origin.nodeID] = try names.node(leg.origin.nodeID, tx) }
            return CallSheet(
                place: place, legs: legs, receipts: receipts, trunks: trunks, nodes: nodes, runsNodes: runsNodes
            ).page
        }
        return .page(page)
    }

    struct LegInput: Codable, Sendable {
        let tenantID: TenantID
        let legID: CallLegID
    }

    @Sendable private func record(_ call: PageCall<LegInput>) async throws -> PageReply {
        let input = call.input
        let bytes = try await services.work.perform(call) { tx, actor in
            try services.telephony.calls.records.body(of: input.legID, of: input.tenantID, tx, actor)
        }
        return .raw(.download(bytes, named: "\(input.legID).cdr"))
    }
}

extension CallListPage.Row {
    init(_ leg: CallLeg) {
        let isMetered = if case .metered = leg.metering { true } else { false }
        self.init(
            callID: "\(leg.identity.callID)", time: CallWords.second(leg.times.started),
            direction: CallWords.direction(of: leg), from: CallWords.caller(leg), to: CallWords.called(leg),
            answered: CallWords.duration(leg.times.milliseconds),
            minutes: isMetered ? CallWords.minutes(leg.times.milliseconds) : nil, result: CallWords.result(leg))
    }
}

extension RawReply {
    /// Bytes that a node sent: kept on disk by the browser, never shown as a page of ours.
    static func download(_ bytes: [UInt8], named name: String) -> RawReply {
        var reply = RawReply(bytes, mediaType: "application/octet-stream")
        reply.headers = [Header("content-disposition", #"attachment; filename="\#(name)""#)]
        return reply
    }
}

extension ConsoleServices {
    /// The names of a tenant's trunks by the gateways that nodes know; empty without voice.
    func trunkNames(_ id: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> [String: String] {
        guard try voiceDomain(id, tx) != nil else { return [:] }
        let trunks = try VoiceChoices.all { try voice.trunks.list(of: id, $0, tx) }.map(\.stored.value)
        return Dictionary(trunks.map { ("\($0.id)", $0.displayName) }, uniquingKeysWith: { first, _ in first })
    }
}
