import Kernel
import Testing
import VoiceRecordings

@testable import Telephony

/// Whose call the recorded legs are, and as what.
@Suite(.enabled(if: Recordings.arePresent, "the recordings are not beside the package"))
struct RecordedOriginTests {
    private func find(_ name: String, plan: VoicePlan = RecordedPlans.both) throws -> CallOrigin.Outcome {
        CallOrigin.find(
            try Recordings.dialplan(name), plan: plan, node: RecordedPlans.node, now: Timestamp(microseconds: 0))
    }

    @Test(arguments: [
        ("dialplan-internal-call", UInt8(1), LegRequest.Origin.user(RecordedPlans.user(1, 1001)), "1002"),
        ("dialplan-pstn-out", 1, .user(RecordedPlans.user(1, 1001)), "15551230001"),
        ("dialplan-inbound-did", 1, .trunk(RecordedPlans.trunkA.id), "+155500011001"),
        ("dialplan-inbound-registered-gateway", 2, .trunk(RecordedPlans.trunkB.id), "+155500021001"),
        ("dialplan-transfer-refer", 1, .refer(by: nil), "7001"),
        ("dialplan-transfer-esl", 1, .user(RecordedPlans.user(1, 1001)), "7001"),
        ("dialplan-originate-api", 1, .user(RecordedPlans.user(1, 1001)), "7001"),
        // the host in the request URI decides nothing, nor does From, nor do headers
        ("dialplan-cross-tenant-ruri", 1, .user(RecordedPlans.user(1, 1001)), "1002"),
        ("dialplan-from-t1-realm-t2", 2, .user(RecordedPlans.user(2, 1001)), "7003"),
        ("dialplan-x-headers", 1, .user(RecordedPlans.user(1, 1001)), "7001"),
        ("dialplan-latin1-display-name", 1, .user(RecordedPlans.user(1, 1001)), "7001"),
        ("variant-xmlcurl-enable-post-var-dialplan", 1, .user(RecordedPlans.user(1, 1001)), "7001"),
    ])
    func origins(_ name: String, tenant: UInt8, origin: LegRequest.Origin, dialled: String) throws {
        guard case .known(let found) = try find(name) else {
            Issue.record("\(name) is nobody's")
            return
        }
        #expect(found.entry.plan.tenantID == RecordedPlans.id(tenant))
        #expect(found.leg.origin == origin && found.leg.dialled == dialled)
    }

    @Test(arguments: [
        ("dialplan-pstn-out", LegRequest.Stage.ringing), ("dialplan-inbound-did", .ringingOverTrunk),
        ("dialplan-inbound-registered-gateway", .ringingOverTrunk), ("dialplan-transfer-refer", .answered),
        ("dialplan-transfer-esl", .answered), ("dialplan-limit-exceeded-transfer", .ringing),
    ])
    func stages(_ name: String, stage: LegRequest.Stage) throws {
        guard case .known(let found) = try find(name) else {
            Issue.record("\(name) is nobody's")
            return
        }
        #expect(found.leg.stage == stage)
    }

    @Test func aNumberOfNobodyAndAnAddressOnNoList() throws {
        guard case .unknown(.unknownNumber) = try find("dialplan-inbound-unknown-did") else {
            Issue.record("somebody's")
            return
        }
        var routing = RecordedPlans.first.plan.routing
        let closed = routing.trunks[0]
        routing.trunks = [
            Trunk(
                id: closed.id, displayName: "", proxy: closed.proxy, identification: .address, allowedAddresses: [],
                use: closed.use)
        ]
        let plan = VoicePlan([
            VoicePlan.Entry(revision: "r", plan: TenantPlan(RecordedPlans.first.plan.identity, routing: routing))
        ])
        guard case .unknown(.sourceNotAllowed) = try find("dialplan-inbound-did", plan: plan) else {
            Issue.record("an empty list lets nobody in")
            return
        }
    }

    @Test func everyRecordedLegIsToldAndAnswered() throws {
        for name in Recordings.requestNames where name.contains("dialplan") {
            let request = try Recordings.dialplan(name)
            guard case .known(let found) = try find(name) else { continue }
            let answer = DialplanAnswer.answer(
                Decision(.refuse(Refusal(.couldNotAsk, "")), trace: []), to: request, entry: found.entry,
                node: RecordedPlans.node)
            #expect(answer.text.contains("<context name=\"\(request.context)\">"), "\(name)")
            #expect(answer.text.contains("x_refusal=VOICE_COULD_NOT_ASK"), "\(name)")
        }
    }
}

/// A leg's way as the node reads it.
@Suite(.enabled(if: Recordings.arePresent, "the recordings are not beside the package"))
struct DialplanAnswerTests {
    private let entry = RecordedPlans.first
    private let lease: LeaseID = RecordedPlans.id(0x77)

    private func actions(
        _ outcome: Decision.Outcome, _ name: String, entry: VoicePlan.Entry? = nil,
        node: NodeContext = RecordedPlans.node
    ) throws -> [String] {
        let answer = DialplanAnswer.answer(
            Decision(outcome, trace: []), to: try Recordings.dialplan(name), entry: entry ?? self.entry, node: node)
        return answer.text.split(separator: "\n").filter { $0.contains("<action") }.map {
            $0.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }.joined(separator: " ")
        }
    }

    private func outbound(
        _ callClass: CallRoute.CallClass = .outbound, trunks: [TrunkID], lease: LeaseID? = nil
    ) throws -> Decision.Outcome {
        let time = CallRoute.Time(
            meteredLegs: callClass == .emergency ? [] : [.b],
            grant: callClass == .emergency ? nil : CallRoute.Grant(sliceSeconds: 60, lease: lease),
            hangupAfterSeconds: callClass == .emergency ? nil : 660)
        return .route(
            CallRoute(
                callClass,
                to: .trunks(trunks.map { CallRoute.TrunkAttempt(trunk: $0, number: "+4312345678") }),
                payer: .user(RecordedPlans.user(1, 1001)), time: time, callerNumber: E164("+43720000001")))
    }

    @Test func anOutboundCallCarriesEverythingAndEndsByItself() throws {
        let actions = try actions(
            outbound(trunks: [RecordedPlans.trunkA.id], lease: lease), "dialplan-pstn-out")
        #expect(
            actions == [
                "export tenant_id=\(entry.plan.tenantID)",
                "export x_call_id=\(try Recordings.dialplan("dialplan-pstn-out").leg.uuid)",
                "export x_cfg_rev=\(entry.revision)",
                "export call_class=outbound",
                "export x_origin_user=\(RecordedPlans.user(1, 1001))",
                "export nolocal:x_lease_id=\(lease)",
                "set hangup_after_bridge=true",
                "export nolocal:outbound_redirect_fatal=true",
                "export media_timeout=120000",
                "set execute_on_answer=sched_hangup +660 ALLOTTED_TIMEOUT",
                "export nolocal:execute_on_answer=sched_hangup +660 ALLOTTED_TIMEOUT",
                "set effective_caller_id_number=+43720000001",
                "set effective_caller_id_name=+43720000001",
                "set continue_on_fail=false",
                "bridge sofia/gateway/\(RecordedPlans.trunkA.id)/+4312345678",
            ])
    }

    @Test func anotherTrunkIsTriedForFaultsAndForEmergenciesAlways() throws {
        let trunks = [RecordedPlans.trunkA.id, RecordedPlans.trunkB.id]
        let normal = try actions(outbound(trunks: trunks), "dialplan-pstn-out")
        #expect(
            normal.filter { $0.hasPrefix("bridge") } == [
                "bridge [leg_progress_timeout=12]sofia/gateway/\(trunks[0])/+4312345678",
                "bridge sofia/gateway/\(trunks[1])/+4312345678",
            ], "a silent carrier is given up while another is left")
        #expect(normal.contains { $0.hasPrefix("set continue_on_fail=") && $0.hasSuffix(",PROGRESS_TIMEOUT") })
        #expect(normal.contains { $0.hasPrefix("set continue_on_fail=GATEWAY_DOWN,") && !$0.contains("USER_BUSY") })
        let emergency = try actions(outbound(.emergency, trunks: trunks), "dialplan-pstn-out")
        #expect(emergency.contains("set continue_on_fail=true") && emergency.contains("export call_class=emergency"))
        #expect(!emergency.contains { $0.contains("sched_hangup") || $0.contains("media_timeout") })
    }

    @Test func theNodesOwnCarrierIsAGatewayOfItsFiles() throws {
        let attempts = [RecordedPlans.trunkA.id, nil].map { CallRoute.TrunkAttempt(trunk: $0, number: "112") }
        let actions = try actions(
            .route(CallRoute(.emergency, to: .trunks(attempts), payer: .tenant)), "dialplan-pstn-out")
        #expect(
            actions.suffix(4) == [
                "set continue_on_fail=true",
                "bridge [leg_progress_timeout=12]sofia/gateway/\(RecordedPlans.trunkA.id)/112",
                "set continue_on_fail=false", "bridge sofia/gateway/emergency/112",
            ])
    }

    @Test func whatALegUsedBeforeAnEmergencyCallIsNotFree() throws {
        let actions = try actions(
            outbound(.emergency, trunks: [RecordedPlans.trunkA.id]), "dialplan-transfer-refer")
        #expect(actions.contains("export nolocal:call_class=emergency"))
        #expect(!actions.contains("export call_class=emergency"))
    }

    /// A leg keeps what an earlier pass exported: the lease of a call that is over, its end, and what agents are told.
    @Test func whatAnEarlierPassMeantForItsLegsIsForgotten() throws {
        let form = """
            hostname=n&section=dialplan&tag_name=&key_name=&key_value=&Unique-ID=u&Hunt-Context=public&\
            Hunt-Destination-Number=112&Hunt-Transfer-Source=1&Answer-State=answered&variable_x_call_id=u&\
            variable_tenant_id=\(entry.plan.tenantID)
            """
        guard case .dialplan(let request)? = FormFields(Array(form.utf8)).flatMap({ SwitchRequest($0) }) else {
            Issue.record("not read")
            return
        }
        func text(_ outcome: Decision.Outcome) -> String {
            DialplanAnswer.answer(
                Decision(outcome, trace: []), to: request, entry: entry, node: RecordedPlans.node
            ).text
        }
        let inside = text(
            .route(CallRoute(.internal, to: .agent("desk"), payer: .tenant, time: .init(hangupAfterSeconds: 9))))
        for name in ["x_lease_id", "execute_on_answer", "call_class", "sip_h_X-Tenant-Id"] {
            #expect(inside.contains(#"application="unset" data="nolocal:\#(name)""#), "\(name)")
        }
        #expect(inside.contains("nolocal:outbound_redirect_fatal=true") && !inside.contains("sched_cancel"))
        // nothing ends an emergency call but its parties, also when it is not the first thing that a leg does
        let emergency = text(try outbound(.emergency, trunks: [RecordedPlans.trunkA.id]))
        #expect(emergency.contains("sched_cancel") && emergency.contains(#"data="media_timeout""#))
        #expect(!emergency.contains("sched_hangup") && !emergency.contains("outbound_redirect_fatal=true"))
    }

    @Test func aTransferredLegTalksAlready() throws {
        let actions = try actions(outbound(trunks: [RecordedPlans.trunkA.id], lease: lease), "dialplan-transfer-refer")
        #expect(!actions.contains { $0.hasPrefix("set execute_on_answer") })
        #expect(actions.contains("export nolocal:execute_on_answer=sched_hangup +660 ALLOTTED_TIMEOUT"))
    }

    @Test func phonesRingTogetherOrInTurn() throws {
        let users = entry.plan.directory.users.map(\.id)
        func ring(_ strategy: CallGroup.Strategy) throws -> [String] {
            try actions(
                .route(
                    CallRoute(
                        .internal,
                        to: .users(users, group: RecordedPlans.id(0x31), strategy: strategy, ringSeconds: 20),
                        payer: .tenant)), "dialplan-internal-call")
        }
        #expect(try ring(.simultaneous).last == "bridge user/1001@t1.voice.test,user/1002@t1.voice.test")
        #expect(try ring(.sequential).last == "bridge user/1001@t1.voice.test|user/1002@t1.voice.test")
        #expect(try ring(.sequential).contains("set call_timeout=20"))
    }

    @Test func aForwardGoesThroughAPassOfItsOwn() throws {
        var directory = entry.plan.directory
        directory.users[1] = directory.users[1].with(
            forward: SIPUser.Forward(condition: .noAnswer, destination: "+436641234567"))
        let changed = VoicePlan.Entry(revision: "r", plan: TenantPlan(entry.plan.identity, directory: directory))
        let user = directory.users[1].id
        let actions = try actions(
            .route(
                CallRoute(
                    .internal, to: .users([user], group: nil, strategy: .simultaneous, ringSeconds: 30),
                    payer: .tenant)), "dialplan-internal-call", entry: changed)
        #expect(actions.suffix(2) == ["set x_forward_of=\(user)", "transfer forward.\(user) XML tenant-t1"])
        #expect(!actions.contains { $0.contains("664") })

        // the pass that follows
        let form = """
            hostname=n&section=dialplan&tag_name=&key_name=&key_value=&Unique-ID=u&Hunt-Context=tenant-t1&\
            Hunt-Destination-Number=forward.\(user)&Hunt-Transfer-Source=1&variable_x_forward_of=\(user)&\
            variable_sip_auth_realm=t1.voice.test&variable_sip_auth_username=1001
            """
        guard case .dialplan(let request)? = FormFields(Array(form.utf8)).flatMap({ SwitchRequest($0) }),
            case .known(let found) = CallOrigin.find(
                request, plan: VoicePlan([changed]), node: RecordedPlans.node, now: Timestamp(microseconds: 0))
        else {
            Issue.record("the second pass is not understood")
            return
        }
        #expect(found.leg.origin == .forward(by: user) && found.leg.dialled == "+436641234567")
    }

    @Test func agentsGetTheTenantAndNoneIsARefusal() throws {
        let route = Decision.Outcome.route(CallRoute(.inbound, to: .agent("front.desk"), payer: .tenant))
        var settings = NodeSettings()
        settings.agentEndpoint = "10.0.0.5:5070"
        let node = NodeContext(id: RecordedPlans.id(0xA0), settings: settings)
        let actions = try actions(route, "dialplan-inbound-did", node: node)
        #expect(actions.last == "bridge sofia/external/front.desk@10.0.0.5:5070")
        #expect(actions.contains("export nolocal:sip_h_X-Tenant-Id=\(entry.plan.tenantID)"))
        #expect(try self.actions(route, "dialplan-inbound-did").last == "respond 480 VOICE_TARGET_UNAVAILABLE")
    }

    @Test(arguments: RefusalReason.allCases)
    func aRefusalHasItsNameEverywhere(_ reason: RefusalReason) throws {
        let refusal = Decision.Outcome.refuse(Refusal(reason, "…"))
        let waiting = try actions(refusal, "dialplan-pstn-out")
        #expect(waiting.last == "respond \(reason.answer.status) \(reason.rawValue)")
        #expect(waiting.contains("set x_refusal=\(reason.rawValue)"))
        let talking = try actions(refusal, "dialplan-transfer-refer")
        #expect(talking.last == "hangup \(reason.answer.causeName)")
    }
}
