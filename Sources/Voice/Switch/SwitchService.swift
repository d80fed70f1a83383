import Kernel
import Logging
import Telephony
import Web

/// Answers what nodes ask with `mod_xml_curl`. Nothing here waits for the database but the decision about a leg, which
/// is handed in and has its own bounds.
package struct SwitchService: Sendable {
    /// The decision about a leg, with whatever it reserves.
    package typealias Decide = @Sendable (CallOrigin) async -> Decision

    private let gate: NodeGate
    private let plan: @Sendable () -> VoicePlan?
    private let decide: Decide
    private let refused: RefusedLogins
    private let logger: Logger
    private let answers: Counter
    private let emergencyWarnings: Counter

    package init(
        gate: NodeGate, plan: @escaping @Sendable () -> VoicePlan?, decide: @escaping Decide,
        refused: RefusedLogins, logger: Logger, metrics: Metrics
    ) {
        self.gate = gate
        self.plan = plan
        self.decide = decide
        self.refused = refused
        self.logger = logger
        answers = metrics.counter(
            "controlplane_voice_switch_answers_total", "Answers to FreeSWITCH nodes.", labels: ["section", "outcome"])
        emergencyWarnings = metrics.counter(
            "controlplane_voice_emergency_warnings_total",
            "Emergency calls that went out without a confirmed address, a trunk of their own or a number to call back.",
            labels: ["missing"])
    }

    /// The longest form that is read; FreeSWITCH posts 6–9 kB for a leg.
    static let bodyLimit = 256 * 1024

    /// The addresses that a node calls: one for everything, and one for each section for those who prefer it.
    package var routes: [ProtocolRoute] {
        ["/fs/xml", "/fs/xml/{section}"].flatMap { path in
            [Method.get, .post].map { method in
                ProtocolRoute(method, PathTemplate(path), bodyLimit: Self.bodyLimit) { call in
                    try await answer(call)
                }
            }
        }
    }

    func answer(_ call: ProtocolCall) async throws -> RawReply {
        let known: KnownNode
        switch gate.admit(call, for: .configuration) {
        case .refused(let reply): return reply
        case .admitted(let node): known = node
        }
        guard let plan = plan() else { return NodeGate.notReady("The plans") }
        let form = FormFields(call.method == "POST" ? try await call.body() : call.query)
        gate.noteSeen(known.node.id, core: form?[.coreUUID])
        let request = form.flatMap { SwitchRequest($0) }
        let answer = await answer(request, plan, known.node.context, at: call.now)
        note(answer, request, known, call)
        noteRefusal(answer, request, plan, known.node.context, at: call.now)
        return RawReply(Array(answer.text.utf8), mediaType: "text/xml; charset=utf-8")
    }

    private func answer(
        _ request: SwitchRequest?, _ plan: VoicePlan, _ node: NodeContext, at now: Timestamp
    ) async -> SwitchAnswer {
        switch request {
        case nil: return .notFound(.unreadable)
        case .other: return .notFound(.notManaged)
        case .directory(let request): return DirectoryAnswer.answer(request, plan: plan, node: node)
        case .configuration(let request): return ConfigurationAnswer.answer(request, plan: plan, node: node)
        case .dialplan(let request):
            switch CallOrigin.find(request, plan: plan, node: node, now: now) {
            case .unknown(let reason): return .notFound(reason)
            case .known(let origin):
                let decision = await decide(origin)
                warn(of: decision, origin.entry.plan.tenantID, node)
                return DialplanAnswer.answer(decision, to: request, entry: origin.entry, node: node)
            }
        }
    }

    /// An emergency call always goes out; what would have helped the rescuers and is missing is somebody's task at once.
    private func warn(of decision: Decision, _ tenant: TenantID, _ node: NodeContext) {
        guard let warnings = decision.route?.warnings, !warnings.isEmpty else { return }
        for warning in warnings { emergencyWarnings.add(1, warning.rawValue) }
        logger.error(
            "an emergency call went out without what rescuers need",
            metadata: [
                "tenant": "\(tenant)", "missing": "\(warnings.map(\.rawValue).joined(separator: ", "))",
            ])
    }

    /// For the people of the tenant whose domain it was.
    private func noteRefusal(
        _ answer: SwitchAnswer, _ request: SwitchRequest?, _ plan: VoicePlan, _ node: NodeContext, at now: Timestamp
    ) {
        guard let reason = answer.notFound, case .directory(let directory)? = request,
            case .authentication(let login) = directory.question,
            let entry = plan.entry(domain: directory.domain.lowercased()), node.serves(entry)
        else { return }
        refused.note(login, reason, by: node.id, .init(entry.plan.tenantID, at: now))
    }

    /// Counts every answer, and tells of those that say that somebody tries something or that data is wrong.
    private func note(_ answer: SwitchAnswer, _ request: SwitchRequest?, _ known: KnownNode, _ call: ProtocolCall) {
        let section =
            switch request {
            case .directory: "directory"
            case .dialplan: "dialplan"
            case .configuration: "configuration"
            case .other, nil: "other"
            }
        answers.add(1, section, answer.notFound?.rawValue ?? "answered")
        guard let reason = answer.notFound,
            [.otherDomain, .otherUser, .sourceNotAllowed, .unsafeValue].contains(reason)
        else { return }
        var details: Logger.Metadata = [
            "node": "\(known.node.name)", "reason": "\(reason.rawValue)", "request_id": "\(call.requestID)",
        ]
        if case .directory(let directory)? = request, case .authentication(let login) = directory.question {
            details["method"] = "\(login.method)"
            details["realm"] = "\(login.realm.prefix(100))"
            details["source"] = "\(login.sourceAddress ?? "")"
        }
        logger.notice("a node was refused an answer", metadata: details)
    }
}
