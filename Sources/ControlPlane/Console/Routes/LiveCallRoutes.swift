import Kernel
import Postgres
import Telephony
import Tenancy
import Voice
import Web

/// What goes on at a tenant now, and the few things that can be done about a call.
struct LiveCallRoutes: Sendable {
    let services: ConsoleServices

    private var live: LiveCallService { services.telephony.calls.live }

    var all: [PageRoute] {
        let path = "/tenants/{tenant_id}/voice/live"
        let controlling = Requirement.permission(.voiceControl)
        return [
            PageRoute(.get, PathTemplate(path), requires: .permission(.voiceRead), use: show),
            PageRoute(.post, PathTemplate("\(path)/{leg_id}/end"), requires: controlling) { call in
                try await control(call, .end, "The call is ended.")
            }
            .recovering(back),
            PageRoute(.post, PathTemplate("\(path)/{leg_id}/warn"), requires: controlling) { call in
                try await control(call, .warn, "The leg hears beeps.")
            }
            .recovering(back),
            PageRoute(.post, PathTemplate("\(path)/{leg_id}/transfer"), requires: controlling) { call in
                try await control(call, .transfer(to: call.input.destination ?? ""), "The leg is transferred.")
            }
            .recovering(back),
        ]
    }

    @Sendable private func show(_ call: PageCall<VoiceTenantInput>) async throws -> PageReply {
        let (id, now) = (call.input.tenantID, call.now)
        let mayControl = call.principal.holds(.voiceControl)
        let page = try await services.work.read(call) { tx in
            let choices = try VoiceChoices(services, id, tx)
            let domain = try services.voice.domains.get(id, tx).value.name
            let placement = try services.tenancy.tenants.get(id, tx).placement
            let settings = try services.voice.settings.get(id, tx).value
            let nodes = services.telephony.calls.nodes
            return LiveCallsPage(
                card: services.liveCalls(choices, placement, settings, mayControl: mayControl, at: now),
                phones: nodes.registrations(in: domain, at: placement.instanceID).map(LiveCallsPage.Phone.init),
                refused: services.telephony.calls.refusedLogins.list(of: id).map(LiveCallsPage.RefusedLogin.init),
                trunks: choices.trunks.map { view in
                    let states = nodes.gateway("\(view.stored.value.id)").sorted { $0.key < $1.key }
                    return LiveCallsPage.Trunk(
                        name: view.stored.value.displayName, states: states.map { GatewayWords.state($0.value) })
                }
            ).page
        }
        return .page(page)
    }

    struct LegInput: Codable, Sendable {
        let tenantID: TenantID
        let legID: CallLegID
        let destination: String?
    }

    private func control(
        _ call: PageCall<LegInput>, _ action: LiveAction, _ done: String
    ) async throws -> PageReply {
        let input = call.input
        _ = try await live.control(
            input.legID, of: input.tenantID, action, as: call.principal, requestID: call.requestID)
        return .redirect(to: "/tenants/\(input.tenantID)/voice/live", flash: Flash(.ok, done))
    }

    @Sendable private func back(_ call: PageCall<Submission>) async throws -> PageReply {
        .redirect(
            to: "/tenants/\(call.input.values["tenant_id"] ?? "")/voice/live",
            flash: Flash(.bad, call.input.problem.detail))
    }
}

extension ConsoleServices {
    /// What goes on at a tenant now.
    func liveCalls(
        _ choices: VoiceChoices, _ placement: TenantPlacement, _ settings: VoiceSettings, mayControl: Bool,
        at now: Timestamp
    ) -> LiveCallsCard {
        let calls = telephony.calls
        let list = calls.live.list(choices.tenantID, at: placement)
        let trunks = Dictionary(
            choices.trunks.map { ("\($0.stored.value.id)", $0.stored.value.displayName) },
            uniquingKeysWith: { first, _ in first })
        return LiveCallsCard(
            place: choices.place, time: CallWords.second(now),
            calls: LiveCallTable(
                rows: list.calls.map {
                    LiveCallTable.Row($0, trunks: trunks, tenant: nil, mayControl: mayControl, at: now)
                }),
            lines: (list.calls.count { $0.gateway != nil }, settings.limits.concurrentCalls),
            nodes: (calls.nodes.serving(placement.instanceID).count, list.unreachableNodes.count))
    }
}

extension LiveCallTable.Row {
    /// - Parameter trunks: names by gateway.
    init(
        _ call: LiveCallResource, trunks: [String: String], tenant: (name: String, path: String)?, mayControl: Bool,
        at now: Timestamp
    ) {
        let path = call.tenantID.map { "/tenants/\($0)/voice/live/\(call.legID)" }
        let from = PhoneWords.spaced(CallLeg.masked(call.caller))
        let isWithheld = from.isEmpty && call.side == .inbound && call.gateway != nil
        self.init(
            legID: "\(call.legID)", since: CallWords.elapsed(since: call.answeredAt ?? call.startedAt, at: now),
            from: isWithheld ? CallWords.withheld : from,
            to: PhoneWords.spaced(CallLeg.masked(call.destination)), side: CallWords.side(call.side),
            over: call.gateway.map { trunks[$0] ?? "a trunk" } ?? "inside", tenant: tenant,
            isAnswered: call.answeredAt != nil, isCurrent: call.isCurrent,
            actionPath: mayControl && call.isCurrent ? path : nil)
    }
}

extension LiveCallsPage.Phone {
    fileprivate init(_ registration: LiveRegistration) {
        self.init(
            user: registration.address.user, networkAddress: registration.networkAddress,
            userAgent: registration.userAgent,
            until: registration.expires.map(DisplayText.minute) ?? DisplayText.nothing)
    }
}

extension LiveCallsPage.RefusedLogin {
    fileprivate init(_ login: RefusedLogin) {
        let attempt = login.attempt
        let what =
            switch attempt.method {
            case .register: "Sign-in"
            case .call: "Call"
            case .other: "Other"
            }
        let reason =
            switch attempt.reason {
            case .wrongSecret: "Wrong secret"
            case .unknownUser: "No such user"
            case .disabledUser: "User is switched off"
            case .noCredential: "User has no secret"
            case .otherDomain: "Credentials of another domain"
            case .otherUser: "Credentials of another user"
            case .spelling: "Domain written with capitals"
            }
        self.init(
            user: attempt.user, from: attempt.networkAddress, what: what, reason: reason, count: login.count,
            lastAt: DisplayText.minute(login.lastAt))
    }
}

/// States of gateways as FreeSWITCH names them, in words.
enum GatewayWords {
    static func state(_ name: String) -> (word: String, tone: Tone) {
        switch name {
        case "REGED": ("Registered", .ok)
        case "NOREG": ("By address", .ok)
        case "UP": ("Answers", .ok)
        case "TRYING", "REGISTER", "UNREGED", "ADDED": ("Registering", .info)
        case "FAILED", "FAIL_WAIT", "EXPIRED", "TIMEOUT": ("Not registered", .bad)
        case "DOWN": ("Down", .bad)
        case "UNREGISTER": ("Signing off", .neutral)
        default: (DisplayText.words(name.lowercased()), .neutral)
        }
    }
}
