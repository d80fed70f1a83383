import Foundation
import Kernel
import Logging
import NIOPosix
import Postgres
import Synchronization
import Telephony
import Tenancy
import TestSupport
import Testing

@testable import Voice

/// The event-socket client against a peer that plays what a real node sent.
@Suite(.enabled(if: RecordedFiles.arePresent, "the recordings are not beside the package"))
struct NodeFollowerTests {
    static let first = UUID(uuidString: "2f2a540c-bc79-414e-a966-b76e19d5be97") ?? UUID()
    static let second = UUID(uuidString: "25618d42-fb3e-458e-9d63-a23f274679b4") ?? UUID()

    static func event(_ name: String) throws -> [UInt8] { try RecordedFiles.bytes("esl/\(name).txt") }

    /// A service that watches one peer.
    private func watching(
        _ world: CallWorld, _ peer: SwitchPeer, password: String = SwitchPeer.password,
        renew: @escaping @Sendable (VoiceNodeID, [LiveLeg]) async throws -> [LegRenewal] = { _, _ in [] },
        _ body: (LiveNodes, VoiceNodeID) async throws -> Void
    ) async throws {
        let endpoint = NodeEndpoint(
            id: world.node.nodeID, organisationID: nil, displayName: "fs1", host: "127.0.0.1", port: peer.port,
            password: PlainSecret(password))
        let nodes = LiveNodes()
        var pace = NodeFollower.Pace()
        pace.tick = .milliseconds(50)
        pace.firstRetry = .milliseconds(50)
        pace.longestRetry = .milliseconds(200)
        let service = EventService(
            nodes: nodes, hooks: NodeHooks(nodes: { [endpoint] }, renew: renew), work: world.work,
            group: MultiThreadedEventLoopGroup.singleton, logger: TestLog.quiet, pace: pace,
            rosterPace: .milliseconds(100))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await service.run() }
            try await body(nodes, endpoint.id)
            tasks.cancelAll()
        }
    }

    /// Waits for something to become true; the test's own time limit ends it otherwise.
    private func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
        for _ in 0..<400 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(25))
        }
        Issue.record("never happened: \(what)")
    }

    @Test(.timeLimit(.minutes(5))) func aCallIsFollowedFromItsBeginningToItsEnd() async throws {
        try await CallWorld.with { world in
            try await SwitchPeer.with { peer in
                peer.answer("show channels as json", #"{"row_count": 0}"#)
                peer.answer("show registrations as json", #"{"row_count": 0}"#)
                try await watching(world, peer) { nodes, id in
                    try await eventually("connected") { nodes[id]?.isConnected == true }
                    for name in [
                        "plain.CHANNEL_CREATE.internal.a", "plain.CHANNEL_CREATE.internal.b",
                        "plain.CHANNEL_ANSWER.internal.b", "plain.CHANNEL_ANSWER.internal.a",
                        "plain.CUSTOM.sofia-register", "plain.CUSTOM.sofia-gateway_state.REGED",
                    ] {
                        peer.send(try Self.event(name))
                    }
                    try await eventually("two legs") { nodes.calls().filter { $0.leg.answered != nil }.count == 2 }
                    try await eventually("its gateway") { nodes.gateway("t2-carrier-b") == [id: "REGED"] }
                    #expect(nodes.registrations(in: "t1.voice.test").map(\.address.user) == ["1001"])
                    #expect(try await nodes.ask(id, .kill(Self.first, .normalClearing)).hasPrefix("+OK"))
                    for leg in ["a", "b"] {
                        peer.send(try Self.event("plain.CHANNEL_HANGUP_COMPLETE.internal.\(leg)"))
                        peer.send(try Self.event("plain.CHANNEL_DESTROY.internal.\(leg)"))
                    }
                    try await eventually("no leg") { nodes.calls().isEmpty }
                    try await eventually("both are noted") {
                        try await world.count("select count(*) from app.leg_sighting where ended_at is not null") == 2
                    }
                }
            }
            #expect(try await world.count("select count(*) from app.leg_sighting where lost") == 0)
        }
    }

    /// Nothing is replayed after a reconnect: the list of the node is the truth, and unknown legs are asked for.
    @Test(.timeLimit(.minutes(5))) func aReconnectAsksWhatIsThere() async throws {
        try await CallWorld.with { world in
            try await SwitchPeer.with { peer in
                peer.answer("show channels as json", #"{"row_count": 0}"#)
                try await watching(world, peer) { nodes, id in
                    try await eventually("connected") { nodes[id]?.isConnected == true }
                    peer.send(try Self.event("plain.CHANNEL_CREATE.internal.a"))
                    try await eventually("one leg") { nodes.calls().count == 1 }
                    try await eventually("it is noted") {
                        try await world.count("select count(*) from app.leg_sighting") == 1
                    }
                    let other = UUID()
                    let tenant = world.first.tenantID
                    peer.answer(
                        "show channels as json",
                        """
                        {"row_count":1,"rows":[{"uuid":"\(other.uuidString.lowercased())","direction":"outbound",\
                        "created_epoch":"1795259674","cid_num":"1001","dest":"+43720123456","callstate":"ACTIVE"}]}
                        """)
                    peer.answer(
                        "uuid_dump \(other.uuidString.lowercased()) json",
                        """
                        {"Event-Name":"CHANNEL_DATA","Unique-ID":"\(other.uuidString)","Call-Direction":"outbound",\
                        "Caller-Channel-Answered-Time":"1795259675000000","variable_tenant_id":"\(tenant)",\
                        "variable_sip_gateway_name":"trunk_x","variable_call_class":"outbound"}
                        """)
                    peer.hangUp()
                    try await eventually("the other leg") { nodes.calls(of: tenant).map(\.leg.id) == [other] }
                    #expect(nodes.calls().first?.leg.metering == .metered(.outbound))
                    try await eventually("the first one's end was not seen") {
                        try await world.count("select count(*) from app.leg_sighting where lost") == 1
                    }
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func leasesAreRenewedAndAHijackIsUndone() async throws {
        try await CallWorld.with { world in
            try await SwitchPeer.with { peer in
                peer.answer("show channels as json", #"{"row_count": 0}"#)
                let renew: @Sendable (VoiceNodeID, [LiveLeg]) async throws -> [LegRenewal] = { _, legs in
                    legs.map { leg in
                        LegRenewal(
                            leg: leg.id,
                            action: leg.id == Self.first ? .extend(seconds: 60) : .end(.allottedTimeout))
                    }
                }
                try await watching(world, peer, renew: renew) { nodes, id in
                    try await eventually("connected") { nodes[id]?.isConnected == true }
                    for name in [
                        "plain.CHANNEL_CREATE.internal.a", "plain.CHANNEL_ANSWER.internal.a",
                        "plain.CHANNEL_ANSWER.internal.b", "plain.CUSTOM.sofia-register.cross-domain",
                    ] {
                        peer.send(try Self.event(name))
                    }
                    let a = Self.first.uuidString.lowercased()
                    let b = Self.second.uuidString.lowercased()
                    try await eventually("renewed, ended, flushed") {
                        let heard = peer.heard
                        return heard.contains("api sched_hangup +60 \(a) ALLOTTED_TIMEOUT")
                            && heard.contains("api sched_del \(a)")
                            && heard.contains("api uuid_kill \(b) ALLOTTED_TIMEOUT")
                            && heard.contains("api sofia profile internal flush_inbound_reg 1001@t1.voice.test")
                    }
                }
            }
        }
    }

    /// Only the leg to the carrier has a lease; the phone's own timer would end the call at the first grant.
    @Test(.timeLimit(.minutes(5))) func aRenewalMovesTheTimersOfBothLegs() async throws {
        let phone = "5606b867-9880-4e16-b009-343b288cab3e"
        let carrier = "24f61e10-a6e9-42e5-9f6e-a04875b0f0af"
        let carrierID = try #require(UUID(uuidString: carrier))
        try await CallWorld.with { world in
            try await SwitchPeer.with { peer in
                peer.answer("show channels as json", #"{"row_count": 0}"#)
                let renew: @Sendable (VoiceNodeID, [LiveLeg]) async throws -> [LegRenewal] = { _, legs in
                    legs.filter { $0.id == carrierID }.map { LegRenewal(leg: $0.id, action: .extend(seconds: 60)) }
                }
                try await watching(world, peer, renew: renew) { nodes, id in
                    try await eventually("connected") { nodes[id]?.isConnected == true }
                    peer.send(try Self.event("plain.CHANNEL_ANSWER.pstn-out.b"))
                    peer.send(try Self.event("plain.CHANNEL_ANSWER.pstn-out.a"))
                    try await eventually("both timers move") {
                        let heard = peer.heard
                        return [phone, carrier].allSatisfy { leg in
                            heard.contains("api sched_del \(leg)")
                                && heard.contains("api sched_hangup +60 \(leg) ALLOTTED_TIMEOUT")
                        }
                    }
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func aWrongPasswordLeavesTheNodeAway() async throws {
        try await CallWorld.with { world in
            try await SwitchPeer.with { peer in
                try await watching(world, peer, password: "wrong") { nodes, id in
                    try await eventually("refused") { nodes[id]?.trouble.isEmpty == false && peer.heard.count > 1 }
                    #expect(nodes[id]?.isConnected == false)
                    await #expect(throws: NodeUnreachable.self) { try await nodes.ask(id, .status) }
                }
            }
        }
    }
}

/// The proof that no call is missing, and what happens when one is.
struct CompletenessTests {
    private func leg(
        _ id: UUID, _ tenant: TenantID, ended: Int64?, node: VoiceNodeID, isLost: Bool = false,
        session: Int = 7, run: UUID = UUID()
    ) throws -> Sighting {
        var view = NodeView()
        func apply(_ name: String, _ more: [String: String]) throws {
            var fields = [
                "Event-Name": name, "Unique-ID": id.uuidString, "Call-Direction": "outbound",
                "Caller-Channel-Created-Time": "1795260000000000", "Caller-Channel-Answered-Time": "1795260002000000",
                "variable_tenant_id": "\(tenant)", "variable_sip_gateway_name": "trunk_x",
                "variable_session_id": "\(session)",
            ]
            fields.merge(more) { _, new in new }
            let json = JSON.object(fields.map { JSON.Member($0.key, .string($0.value)) })
            _ = view.apply(try SwitchEvent(json: json.canonicalBytes))
        }
        try apply("CHANNEL_ANSWER", [:])
        if let ended { try apply("CHANNEL_HANGUP", ["Caller-Channel-Hangup-Time": "\(ended)000000"]) }
        let leg = try #require(view.legs[id])
        return Sighting(leg, on: node, coreID: run, isLost: isLost)
    }

    private func report(_ world: CallWorld) async throws -> Completeness? {
        let month = try #require(CallMonth("2026-11"))
        return try await world.work.read(in: world.first.scope) { tx in
            try world.completeness.report(month, tenant: world.first.tenantID, tx).first
        }
    }

    @Test func whatWasSeenAndNotRecordedIsAGap() async throws {
        try await CallWorld.with { world in
            let tenant = world.first.tenantID
            let recorded = MadeRecord(tenant: tenant)
            try await world.accept(recorded.body)
            let missing = UUID()
            let batch = [
                try leg(recorded.id, tenant, ended: 1_795_260_005, node: world.node.nodeID),
                try leg(missing, tenant, ended: 1_795_260_005, node: world.node.nodeID),
                try leg(UUID(), tenant, ended: nil, node: world.node.nodeID),
            ]
            try await world.work.perform(job: "sightings") { tx, _ in
                try SightingStore.store(batch, tx)
                try SightingStore.store(batch, tx)
            }
            #expect(try await report(world)?.sentence == "1 of 2 calls, 0 estimated, 1 missing")
            let month = try #require(CallMonth("2026-11"))
            let gaps = try await world.work.read(in: world.first.scope) { tx in
                try world.completeness.missing(month, tenant: tenant, tx)
            }
            #expect(gaps.map(\.id.uuid) == [missing])
            #expect(try await world.completeness.missingNow().count == 1)
            var late = MadeRecord(tenant: tenant)
            late.id = missing
            try await world.accept(late.body)
            #expect(try await report(world)?.sentence == "2 of 2 calls, 0 estimated")
            #expect(try await world.completeness.runs(month).first?.highest == 7)
        }
    }

    /// Numbers of sessions that no leg has, for each run of a node by itself.
    @Test func sessionsThatNobodySpeaksOfAreCounted() async throws {
        try await CallWorld.with { world in
            let (tenant, node, run) = (world.first.tenantID, world.node.nodeID, UUID())
            #expect(try await world.completeness.unseenSessions() == 0)
            var batch = [try leg(UUID(), tenant, ended: nil, node: node, session: 90)]
            for session in [3, 4, 7, 8] {
                batch.append(try leg(UUID(), tenant, ended: 1_795_260_005, node: node, session: session, run: run))
            }
            let seen = batch
            try await world.work.perform(job: "sightings") { tx, _ in try SightingStore.store(seen, tx) }
            #expect(try await world.completeness.unseenSessions() == 2)
            world.clock.advance(seconds: 7_200)
            #expect(try await world.completeness.unseenSessions() == 0)
        }
    }

    /// A node is lost with a metered call: the call is counted to its last sign of life; should its record come after
    /// all, the estimate is taken back, and the receipts, the usage and the leg agree again.
    @Test func anEstimateIsReversedByTheRecord() async throws {
        try await CallWorld.with { world in
            let tenant = world.first.tenantID
            var record = MadeRecord(tenant: tenant)
            record.milliseconds = 9_500
            let seen = try leg(record.id, tenant, ended: 1_795_260_010, node: world.node.nodeID, isLost: true)
            try await world.work.perform(job: "sightings") { tx, _ in try SightingStore.store([seen], tx) }
            #expect(try await world.completeness.estimateLost() == 1)
            #expect(try await world.completeness.estimateLost() == 0)
            #expect(try await report(world)?.sentence == "0 of 1 calls, 1 estimated")
            #expect(try await world.number("select sum(quantity)::bigint from app.usage_event") == 8_000)
            #expect(try await world.accept(record.body) == .stored(tenant, late: false))
            #expect(try await world.accept(record.body) == .duplicate)
            #expect(try await report(world)?.sentence == "1 of 1 calls, 0 estimated")
            #expect(try await world.number("select sum(quantity)::bigint from app.usage_event") == 9_500)
            #expect(try await world.number("select sum(milliseconds)::bigint from app.call_receipt") == 9_500)
            let month = try #require(CallMonth("2026-11"))
            let check = try await world.receipts.verify(tenant, month, in: world.first.scope)
            #expect(check.isSound && check.verification.receipts == 3)
            #expect(try await world.completeness.estimateLost() == 0)
        }
    }
}
