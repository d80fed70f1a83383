import Kernel

/// The way of a leg as a dialplan. Everything that a bill or a record needs travels on both legs, and the time that was
/// granted ends the call at the node itself, whatever becomes of the control plane.
package struct DialplanAnswer {
    private let request: DialplanRequest
    private let entry: VoicePlan.Entry
    private let node: NodeContext

    /// The context that the leg asked for, with the one extension that says what was decided.
    package static func answer(
        _ decision: Decision, to request: DialplanRequest, entry: VoicePlan.Entry, node: NodeContext
    ) -> SwitchAnswer {
        let answer = DialplanAnswer(request: request, entry: entry, node: node)
        switch decision.outcome {
        case .route(let route): return answer.document(answer.identity(route) + answer.way(route))
        case .refuse(let refusal): return answer.document(answer.refused(refusal.reason))
        }
    }

    // MARK: What every leg carries

    /// `export` puts a variable on both legs. A user's directory sets its own on the leg to the phone; the exported
    /// ones win, so that a call is billed to whom it belongs.
    private func identity(_ route: CallRoute) -> [SwitchElement] {
        var actions: [SwitchElement] =
            forgotten(route) + [
                .action("export", "tenant_id=\(entry.plan.tenantID)"),
                .action("export", "x_call_id=\(word: callID)"),
                .action("export", "x_cfg_rev=\(word: entry.revision)"),
                .action("export", classOfCall(route)),
            ]
        switch route.payer {
        case .user(let id): actions.append(.action("export", "x_origin_user=\(id)"))
        case .number(let id): actions.append(.action("export", "x_payer_number=\(id)"))
        case .tenant: break
        }
        if let lease = route.grant?.lease {
            // Each leg names its own lease: after a forward the first leg still uses the one of an earlier pass.
            if route.meteredLegs.contains(.a) { actions.append(.action("set", "x_lease_id=\(lease)")) }
            if route.meteredLegs.contains(.b) { actions.append(.action("export", "nolocal:x_lease_id=\(lease)")) }
        }
        actions.append(.action("set", "hangup_after_bridge=true"))
        // FreeSWITCH calls whatever address an answer 302 names, without a word to anybody: a way round every permission
        if route.callClass != .emergency {
            actions.append(.action("export", "nolocal:outbound_redirect_fatal=true"))
        }
        return actions + timers(route)
    }

    /// What an earlier pass meant for its legs must not reach those of this one: its lease, its end, what an agent is told. An
    /// end that is set already is no emergency call's.
    private func forgotten(_ route: CallRoute) -> [SwitchElement] {
        guard request.past.callID != nil else { return [] }
        let actions = Self.ofOnePass.map { SwitchElement.action("unset", $0) }
        return route.callClass == .emergency && request.leg.isAnswered
            ? actions + [.action("sched_cancel", "")] : actions
    }

    private static let ofOnePass: [ApplicationArgument] = [
        "execute_on_answer", "nolocal:execute_on_answer", "media_timeout", "nolocal:call_class", "nolocal:x_lease_id",
        "nolocal:sip_h_X-Tenant-Id", "nolocal:sip_h_X-Call-Id", "nolocal:outbound_redirect_fatal",
    ]

    /// The last writing wins in a leg's record: an emergency call is free, and what the leg that makes it did before is not.
    private func classOfCall(_ route: CallRoute) -> ApplicationArgument {
        route.callClass == .emergency && (request.leg.isAnswered || request.past.callID != nil)
            ? "nolocal:call_class=emergency" : "call_class=\(word: route.callClass.rawValue)"
    }

    private var callID: String { request.past.callID ?? request.leg.uuid }

    /// Counted from the answer, on both legs, so that no transfer shakes it off. Dead sound ends a call as well;
    /// nothing ends an emergency call but its parties.
    private func timers(_ route: CallRoute) -> [SwitchElement] {
        guard route.callClass != .emergency else { return [] }
        var actions: [SwitchElement] = [
            .action("export", "media_timeout=\(node.settings.silenceSeconds * 1000)")
        ]
        guard let seconds = route.hangupAfterSeconds else { return actions }
        if !request.leg.isAnswered {
            actions.append(.action("set", "execute_on_answer=sched_hangup +\(seconds) ALLOTTED_TIMEOUT"))
        } else if route.meteredLegs.contains(.a) {
            actions.append(.action("sched_hangup", "+\(seconds) ALLOTTED_TIMEOUT"))
        }
        actions.append(
            .action("export", "nolocal:execute_on_answer=sched_hangup +\(seconds) ALLOTTED_TIMEOUT"))
        return actions
    }

    // MARK: Where it goes

    private func way(_ route: CallRoute) -> [SwitchElement] {
        switch route.target {
        case .trunks(let attempts): outside(attempts, route)
        case .users(let users, let group, let strategy, let seconds):
            inside(users, isGroup: group != nil, strategy: strategy, ringSeconds: seconds)
        case .agent(let name): agent(name)
        case .reject:
            [
                .action("pre_answer", ""),
                .action("playback", "tone_stream://%(330,15,950);%(330,15,1400);%(330,1000,1800);loops=2"),
                .action("hangup", "CALL_REJECTED"),
            ]
        }
    }

    /// Causes after which another carrier may do what one could not; a busy or a refusing callee is not asked twice.
    private static let failover: ApplicationArgument = """
        continue_on_fail=GATEWAY_DOWN,INVALID_GATEWAY,NETWORK_OUT_OF_ORDER,NORMAL_TEMPORARY_FAILURE,\
        NORMAL_CIRCUIT_CONGESTION,SWITCH_CONGESTION,RECOVERY_ON_TIMER_EXPIRE,REQUESTED_CHAN_UNAVAIL,\
        SERVICE_UNAVAILABLE,DESTINATION_OUT_OF_ORDER,PROGRESS_TIMEOUT
        """

    /// How long a carrier may say nothing of ringing or sound while another one is left: longer than calls abroad take to
    /// ring, and less than half of the 32 s of a SIP timer. Ends with `PROGRESS_TIMEOUT`.
    private static let progressSeconds = 12

    private func outside(_ attempts: [CallRoute.TrunkAttempt], _ route: CallRoute) -> [SwitchElement] {
        var actions: [SwitchElement] = []
        if let number = route.callerNumber {
            actions.append(.action("set", "effective_caller_id_number=\(number)"))
            actions.append(.action("set", "effective_caller_id_name=\(number)"))
        }
        for (index, attempt) in attempts.enumerated() {
            if index == attempts.count - 1 {
                actions.append(.action("set", "continue_on_fail=false"))
            } else if index == 0 {
                actions.append(
                    .action("set", route.callClass == .emergency ? "continue_on_fail=true" : Self.failover))
            }
            let gateway = attempt.trunk.map { "\($0)" } ?? SofiaConfiguration.emergencyGatewayName
            let way: ApplicationArgument = "sofia/gateway/\(word: gateway)/\(word: attempt.number)"
            let isLast = index == attempts.count - 1
            let bound: ApplicationArgument = isLast ? "" : "[leg_progress_timeout=\(Self.progressSeconds)]"
            actions.append(.action("bridge", .joined([bound, way], by: "")))
        }
        return actions
    }

    private func inside(
        _ ids: [SIPUserID], isGroup: Bool, strategy: CallGroup.Strategy, ringSeconds: Int
    ) -> [SwitchElement] {
        let users = ids.compactMap { id in entry.plan.directory.users.first { $0.id == id } }
        guard !users.isEmpty else { return hangup(.targetUnavailable) }
        let legs = users.map { user -> ApplicationArgument in
            "user/\(word: user.name)@\(word: entry.plan.domain)"
        }
        var actions: [SwitchElement] = [.action("set", "call_timeout=\(ringSeconds)")]
        let bridge = SwitchElement.action("bridge", .joined(legs, by: strategy == .simultaneous ? "," : "|"))
        guard !isGroup, let user = users.first, users.count == 1, let causes = forwardCauses(user) else {
            return actions + [.action("set", "continue_on_fail=false"), bridge]
        }
        actions.append(.action("set", causes))
        actions.append(bridge)
        actions.append(.action("set", "x_forward_of=\(user.id)"))
        actions.append(
            .action("transfer", "\(word: CallOrigin.forwardDestination(of: user.id)) XML \(word: request.context)"))
        return actions
    }

    /// After which ends of a ring the call goes on to the user's forward.
    private func forwardCauses(_ user: SIPUser) -> ApplicationArgument? {
        switch user.forward?.condition {
        case nil, .always: nil
        case .unreachable: .joined(["continue_on_fail=USER_NOT_REGISTERED", Self.unreachable], by: ",")
        case .noAnswer: .joined(["continue_on_fail=NO_ANSWER,USER_NOT_REGISTERED", Self.unreachable], by: ",")
        }
    }

    private static let unreachable: ApplicationArgument = """
        SUBSCRIBER_ABSENT,NO_USER_RESPONSE,RECOVERY_ON_TIMER_EXPIRE,NORMAL_TEMPORARY_FAILURE,DESTINATION_OUT_OF_ORDER
        """

    private func agent(_ name: String) -> [SwitchElement] {
        guard let endpoint = node.settings.agentEndpoint else { return hangup(.targetUnavailable) }
        return [
            .action("export", "nolocal:sip_h_X-Tenant-Id=\(entry.plan.tenantID)"),
            .action("export", "nolocal:sip_h_X-Call-Id=\(word: callID)"),
            .action("set", "continue_on_fail=false"),
            .action("bridge", "sofia/external/\(word: name)@\(word: endpoint)"),
        ]
    }

    // MARK: Refusals

    private func refused(_ reason: RefusalReason) -> [SwitchElement] {
        [
            .action("set", "tenant_id=\(entry.plan.tenantID)"),
            .action("set", "x_call_id=\(word: callID)"),
            .action("set", "x_cfg_rev=\(word: entry.revision)"),
        ] + hangup(reason)
    }

    /// A caller who waits gets a status with the reason's name; a leg that talks already is hung up with the cause.
    private func hangup(_ reason: RefusalReason) -> [SwitchElement] {
        let named = SwitchElement.action("set", "x_refusal=\(word: reason.rawValue)")
        guard request.leg.isInbound, !request.leg.isAnswered else {
            return [named, .action("hangup", "\(word: reason.answer.causeName)")]
        }
        return [named, .action("respond", "\(reason.answer.status) \(word: reason.rawValue)")]
    }

    /// The condition without a field is always true: what was dialled never becomes part of an expression.
    private func document(_ actions: [SwitchElement]) -> SwitchAnswer {
        SwitchAnswer(
            SwitchDocument(
                .dialplan,
                [
                    SwitchElement(
                        "context", ["name": .word(request.context)],
                        [SwitchElement("extension", ["name": "leg"], [SwitchElement("condition", [:], actions)])])
                ]))
    }
}
