import Kernel
import Postgres
import Telephony
import Tenancy
import Voice
import Web

/// The dry run: the decision that a node would get, with every step.
struct DryRunRoutes: Sendable {
    let services: ConsoleServices

    /// A form that only asks is a GET: a question has an address that can be sent to somebody.
    var all: [PageRoute] {
        [
            PageRoute(.get, "/tenants/{tenant_id}/voice/explain", requires: .permission(.voiceRead), use: ask)
                .recovering(again)
        ]
    }

    struct Input: Codable, Sendable {
        let tenantID: TenantID
        let origin: ExplainCall.Origin?
        let dialled: String?
        let user: String?
        /// The agent's, in E.164.
        let number: String?
        let trunkID: String?

        var values: [String: String] {
            [
                "origin": origin?.rawValue ?? "user", "dialled": dialled ?? "", "user": user ?? "",
                "number": number ?? "", "trunk_id": trunkID ?? "",
            ]
        }

        /// `nil` for the empty form.
        func question() throws(Problem) -> ExplainCall? {
            guard let origin else { return nil }
            guard let dialled = dialled.map(PhoneWords.typed) else { throw .invalid("dialled", "say what is dialled") }
            let caller: String? =
                switch origin {
                case .user, .forward, .transfer: user
                case .agent: number
                case .trunk: trunkID
                }
            return try ExplainCall(tenantID, dialled, by: origin, caller: caller)
        }
    }

    @Sendable private func ask(_ call: PageCall<Input>) async throws -> PageReply {
        let (input, sees) = (call.input, DryRunWords(call.principal))
        let question = try input.question()
        let live = services.telephony.calls.nodes
        var answer: ExplanationResource?
        if let question {
            answer = try await services.telephony.leases.explain(
                question, for: call.principal.scope, at: call.now, trunksDown: { live.trunksDown(of: $0) })
        }
        let told = answer
        let page = try await services.work.read(call) { tx in
            try answered(input.tenantID, FormState(values: input.values), told, sees, at: call.now, tx)
        }
        return .page(page)
    }

    /// The form as it was sent, with what is wrong.
    @Sendable private func again(_ call: PageCall<Submission>) async throws -> PageReply {
        let (submission, sees) = (call.input, DryRunWords(call.principal))
        guard let id = TenantID(submission.values["tenant_id"] ?? "") else { throw submission.problem }
        let page = try await services.work.read(call) { tx in
            try answered(id, FormState(submission), nil, sees, at: call.now, tx)
        }
        return .page(page, status: submission.status)
    }

    private func answered(
        _ id: TenantID, _ state: FormState, _ answer: ExplanationResource?, _ words: DryRunWords, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> ConsolePage {
        let choices = try VoiceChoices(services, id, tx)
        let offered = DryRunPage.Choices(
            users: choices.users.map { Field.Choice($0.name, "\($0.name), \($0.displayName)") },
            numbers: choices.numbers.filter(\.state.isInService).map { record in
                Field.Choice(
                    "\(record.number.e164)",
                    "\(PhoneWords.spaced("\(record.number.e164)")), \(record.number.displayName)")
            },
            trunks: choices.trunkChoices)
        let told = answer.map { words.answer($0, in: choices.place) }
        return DryRunPage(
            place: choices.place, form: state, choices: offered, answer: told, time: CallWords.second(now)
        ).page
    }
}

/// A decision in words, for somebody who may or may not change what it rests on.
struct DryRunWords: Sendable {
    private let mayEdit: Bool
    private let runsNodes: Bool

    init(_ viewer: Principal) { (mayEdit, runsNodes) = (viewer.holds(.voiceWrite), viewer.holds(.voiceNode)) }

    func answer(_ explanation: ExplanationResource, in place: VoicePlace) -> DryRunPage.Answer {
        DryRunPage.Answer(
            isAllowed: explanation.outcome == .route,
            headline: explanation.refusal?.sentence ?? explanation.route.map { Self.headline($0.callClass) } ?? "",
            text: explanation.refusal?.wayOut ?? "",
            facts: (explanation.refusal.map(facts) ?? explanation.route.map(facts) ?? [])
                + [
                    Fact(
                        "Configuration",
                        #"<a href="\#(place.path)/revisions/\#(explanation.revision)"><code>\#(explanation.revision.prefix(12))</code></a>"#
                    )
                ],
            steps: explanation.trace.map { step in
                DryRunPage.Step(
                    name: DisplayText.words(step.step.rawValue), word: Self.word(step.result).0,
                    tone: Self.word(step.result).1, sentence: step.sentence,
                    fix: step.place.flatMap { fix($0, step.result, place) })
            })
    }

    private static func headline(_ kind: CallRoute.CallClass) -> String {
        switch kind {
        case .emergency: "Emergency call: never refused, never metered."
        case .internal: "Inside the tenant: nothing is metered."
        case .inbound: "The call comes in."
        case .outbound: "The call goes out."
        }
    }

    private static func word(_ result: TraceStep.Result) -> (String, Tone) {
        switch result {
        case .passed: ("Passed", .ok)
        case .refused: ("Refused", .bad)
        case .unknown: ("Look here", .warn)
        }
    }

    private func facts(_ refused: ExplanationResource.Refused) -> [Fact] {
        [
            Fact("Reason", code: refused.reason.rawValue),
            Fact("The caller gets", text: "SIP \(refused.sipStatus), cause \(refused.cause)"),
            Fact("In the record", text: CallWords.cause(refused.causeName)),
        ]
    }

    private func facts(_ route: ExplanationResource.Routed) -> [Fact] {
        var facts: [Fact] = []
        if !route.trunks.isEmpty {
            let names = route.trunks.map { "\($0.displayName), which is told \($0.number)" }
            facts.append(Fact(names.count > 1 ? "Over, in this order" : "Over", text: names.joined(separator: "; ")))
        }
        if !route.rings.isEmpty { facts.append(Fact("Rings", text: route.rings.joined(separator: ", "))) }
        if let number = route.callerNumber {
            facts.append(Fact("The called side sees", text: PhoneWords.spaced("\(number)")))
        }
        if let called = route.destination {
            let country = called.country.map { Telephony.Country.with($0)?.name ?? $0.code } ?? "no country"
            let kind = DisplayText.words(called.kind.rawValue).lowercased()
            facts.append(Fact("Destination", text: "\(country), \(kind), by prefix \(called.prefix)"))
            facts.append(Fact("Risk", text: DisplayText.words(called.risk.rawValue)))
        }
        let price = route.price.map { "EUR \(DisplayText.decimal($0)) per minute beyond the included ones" }
        facts.append(Fact("Price", text: price ?? "nothing: not metered"))
        if let seconds = route.sliceSeconds { facts.append(Fact("Granted at a time", text: "\(seconds) s")) }
        if let seconds = route.hangupAfterSeconds {
            facts.append(Fact("Ends, unless renewed, after", text: CallWords.duration(Int64(seconds) * 1000)))
        }
        for warning in route.warnings { facts.append(Fact("Mend", text: Self.words(warning))) }
        return facts
    }

    private static func words(_ warning: CallRoute.Warning) -> String {
        switch warning {
        case .noSite: "the caller has no site, so nobody knows an address"
        case .addressNotConfirmed: "the site’s address is not verified"
        case .noEmergencyTrunk: "no trunk is meant for emergency calls"
        case .noCallbackNumber: "nobody can call back: there is no number"
        }
    }

    /// The page on which it is changed; only for those who may.
    private func fix(_ step: TraceStep.Place, _ result: TraceStep.Result, _ place: VoicePlace) -> (
        label: String, path: String
    )? {
        switch step {
        case .permissions where mayEdit && result == .refused: ("Add permission", "\(place.path)/permissions/new")
        case .tenant: ("Tenant", "/tenants/\(place.id)")
        case .users, .groups, .sites, .numbers, .trunks, .permissions:
            (DisplayText.words(step.rawValue), "\(place.path)#\(step.rawValue)")
        case .limits: ("Limits", mayEdit ? "\(place.path)/settings" : "\(place.path)#limits")
        case .allotment: ("Minutes", mayEdit ? "\(place.path)/settings" : place.path)
        case .fraud: ("Signs of fraud", "\(place.path)/fraud_signs")
        case .nodes: runsNodes ? ("Nodes", "/voice/nodes") : nil
        }
    }
}
