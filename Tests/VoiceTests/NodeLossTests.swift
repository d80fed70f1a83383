import Foundation
import Kernel
import Postgres
import Telephony
import TestSupport
import Testing

@testable import Voice

/// A node goes and takes calls with it: their channels are free, their minutes are estimated, and the record wins.
@Suite struct NodeLossTests {
    /// An answered call over a carrier, as the socket tells of its second leg.
    private struct Carried {
        let a = UUID()
        let b = UUID()
        var lease: LeaseID?

        func event(_ world: LeaseWorld, core: UUID, answered: Int64 = 2, at second: Int64) -> [UInt8] {
            func micros(_ second: Int64) -> String { "\(LeaseWorld.start.advanced(by: .seconds(second)).microseconds)" }
            return WatchedNodes.event([
                "Event-Name": "CHANNEL_ANSWER", "Core-UUID": core.uuidString, "Unique-ID": b.uuidString,
                "Event-Date-Timestamp": micros(second), "Call-Direction": "outbound",
                "Caller-Channel-Created-Time": micros(0), "Caller-Channel-Answered-Time": micros(answered),
                "variable_tenant_id": "\(world.owner.tenantID)", "variable_sip_gateway_name": "trunk",
                "variable_call_class": "outbound", "variable_x_call_id": a.uuidString.lowercased(),
                "variable_x_lease_id": lease.map { "\($0)" } ?? "",
                "variable_originating_leg_uuid": a.uuidString.lowercased(),
            ])
        }

        /// As `show channels as json` prints it.
        var row: String {
            """
            {"uuid":"\(b.uuidString.lowercased())","direction":"outbound","created_epoch":"1795259674",\
            "callstate":"ACTIVE"}
            """
        }

        func record(_ world: LeaseWorld, milliseconds: Int64) -> [UInt8] {
            var record = MadeRecord(tenant: world.owner.tenantID)
            record.id = b
            record.started = LeaseWorld.start
            record.answered = LeaseWorld.start.advanced(by: .seconds(2))
            record.milliseconds = milliseconds
            record.variables = [
                "x_call_id": a.uuidString.lowercased(), "call_class": "outbound",
                "originating_leg_uuid": a.uuidString.lowercased(), "x_lease_id": lease.map { "\($0)" } ?? "",
            ]
            return record.body
        }
    }

    private func completeness(_ world: LeaseWorld) -> CompletenessService {
        CompletenessService(
            work: world.work, links: LeaseWorld.links(world.plans), settle: world.leases.settling(world.work.time),
            lose: world.leases.losing)
    }

    private func call(_ world: LeaseWorld) async throws -> Carried {
        var call = Carried()
        call.lease = try #require(try await world.decide(call.a.uuidString).route?.grant?.lease)
        return call
    }

    private func states(_ world: LeaseWorld) async throws -> [String] {
        try await world.work.read(in: .platform) { tx in
            try tx.all("select state from app.usage_lease order by began_at, lease_id", as: String.self)
        }
    }

    private func advance(_ world: LeaseWorld, to second: Int64) {
        world.clock.set(LeaseWorld.start.advanced(by: .seconds(second)))
    }

    @Test(.timeLimit(.minutes(5))) func aNodeComesBackWithoutOneOfItsCalls() async throws {
        try await LeaseWorld.with { world in
            let (gone, stays) = (try await call(world), try await call(world))
            let (nodes, completeness) = (LiveNodes(), completeness(world))
            try await SwitchPeer.with { peer in
                peer.answer("show channels as json", #"{"row_count": 0}"#)
                let endpoint = WatchedNodes.endpoint(peer, world.node.nodeID)
                var hooks = NodeHooks(nodes: { [endpoint] })
                hooks.lose = world.leases.losing
                try await WatchedNodes.with(nodes, hooks, world.work) {
                    try await WatchedNodes.eventually("connected") { nodes[endpoint.id]?.isConnected == true }
                    #expect(try await states(world) == ["ringing", "ringing"], "what just began is not lost")
                    let core = UUID()
                    for call in [gone, stays] { peer.send(call.event(world, core: core, at: 20)) }
                    try await WatchedNodes.eventually("both are noted") {
                        try await world.value("select count(*) from app.leg_sighting") == 2
                    }
                    advance(world, to: 30)
                    peer.answer("show channels as json", #"{"row_count":1,"rows":[\#(stays.row)]}"#)
                    peer.hangUp()
                    try await WatchedNodes.eventually("one is lost") {
                        try await states(world) == ["expired", "ringing"]
                    }
                }
            }
            #expect(try await world.counts().calls == 1)
            #expect(try await world.usage().reservedMilliseconds == 120_000, "what it may have used counts on")
            advance(world, to: 700)
            #expect(try await completeness.estimateLost() == 1)
            // answered at 2 s, last heard of at 20 s
            #expect(try await world.value("select sum(quantity)::bigint from app.usage_event") == 18_000)
            #expect(try await states(world) == ["estimated", "ringing"])
            _ = try await world.records.accept(gone.record(world, milliseconds: 25_000), from: world.node)
            #expect(try await world.value("select sum(quantity)::bigint from app.usage_event") == 25_000)
            #expect(try await world.value("select sum(milliseconds)::bigint from app.call_receipt") == 25_000)
            #expect(try await states(world) == ["settled", "ringing"])
        }
    }

    @Test(.timeLimit(.minutes(5))) func aRestartedNodeHasNoneOfItsCalls() async throws {
        try await LeaseWorld.with { world in
            let (first, second) = (try await call(world), try await call(world))
            // the second rings: no event of it was heard
            let nodes = LiveNodes()
            try await SwitchPeer.with { peer in
                peer.answer("show channels as json", #"{"row_count": 0}"#)
                let endpoint = WatchedNodes.endpoint(peer, world.node.nodeID)
                var hooks = NodeHooks(nodes: { [endpoint] })
                hooks.lose = world.leases.losing
                try await WatchedNodes.with(nodes, hooks, world.work) {
                    try await WatchedNodes.eventually("connected") { nodes[endpoint.id]?.isConnected == true }
                    peer.send(first.event(world, core: UUID(), at: 20))
                    try await WatchedNodes.eventually("it is noted") {
                        try await world.value("select count(*) from app.leg_sighting") == 1
                    }
                    advance(world, to: 30)
                    peer.hangUp()
                    try await WatchedNodes.eventually("both are lost") {
                        try await states(world) == ["expired", "expired"]
                    }
                    #expect(second.lease != nil && nodes.calls().isEmpty)
                }
            }
            #expect(try await world.value("select count(*) from app.leg_sighting where lost") == 1)
        }
    }

    @Test func aNodeThatStaysAwayLosesItsCalls() async throws {
        try await LeaseWorld.with { world in
            let call = try await call(world)
            let completeness = completeness(world)
            let node = world.node.nodeID
            var view = NodeView()
            let frame = call.event(world, core: UUID(), at: 20)
            let text = String(decoding: frame, as: UTF8.self)
            let json = try #require(text.range(of: "\n\n")).upperBound
            _ = view.apply(try SwitchEvent(json: Array(text[json...].utf8)))
            let live = try #require(view.legs[call.b])
            func note() async throws {
                try await world.work.perform(job: "note") { tx, actor in
                    try SightingStore.heard(node, coreID: nil, nil, isConnected: true, at: actor.now, tx)
                    try SightingStore.store([Sighting(live, on: node, coreID: nil)], tx)
                }
            }
            advance(world, to: 30)
            try await note()
            advance(world, to: 900)
            #expect(try await completeness.loseAway() == 0, "it may come back")
            advance(world, to: 931)
            #expect(try await completeness.loseAway() == 1)
            #expect(try await completeness.loseAway() == 0)
            #expect(try await states(world) == ["expired"])
            #expect(try await world.counts().calls == 0)
            let ended = "select extract(epoch from ended_at)::bigint from app.leg_sighting where lost" as SQL
            #expect(
                try await world.value(ended) == LeaseWorld.start.advanced(by: .seconds(30)).microseconds / 1_000_000)
            // it was only the connection: the leg lives, and nothing is missing
            try await note()
            #expect(
                try await world.value("select count(*) from app.leg_sighting where lost or ended_at is not null") == 0)
            #expect(try await completeness.estimateLost() == 0)
            // and away again: booked up to the last sign of life, which is the moment it was last heard of
            advance(world, to: 2_000)
            #expect(try await completeness.loseAway() == 1)
            #expect(try await completeness.estimateLost() == 1)
            #expect(try await world.value("select sum(quantity)::bigint from app.usage_event") == 929_000)
            #expect(try await world.value("select count(*) from app.call_leg where estimated") == 1)
        }
    }
}

/// What people hear before their call ends.
@Suite(.enabled(if: RecordedFiles.arePresent, "the recordings are not beside the package"))
struct WhisperTests {
    private let a = UUID(uuidString: "5606b867-9880-4e16-b009-343b288cab3e") ?? UUID()
    private let b = UUID(uuidString: "24f61e10-a6e9-42e5-9f6e-a04875b0f0af") ?? UUID()

    @Test(.timeLimit(.minutes(5))) func thePayingSideIsToldAndTheCallEnds() async throws {
        try await LeaseWorld.with { world in
            try await SwitchPeer.with { peer in
                peer.answer("show channels as json", #"{"row_count": 0}"#)
                let endpoint = WatchedNodes.endpoint(peer, world.node.nodeID)
                let (nodes, b) = (LiveNodes(), b)
                let hooks = NodeHooks(
                    nodes: { [endpoint] },
                    renew: { _, legs in
                        guard legs.contains(where: { $0.id == b }) else { return [] }
                        let isLate = peer.heard.contains { $0.contains("sched_hangup +40 ") }
                        return [LegRenewal(leg: b, action: .announceEnd(seconds: isLate ? 9 : 40))]
                    })
                try await WatchedNodes.with(nodes, hooks, world.work) {
                    try await WatchedNodes.eventually("connected") { nodes[endpoint.id]?.isConnected == true }
                    for leg in ["a", "b"] {
                        peer.send(try RecordedFiles.bytes("esl/plain.CHANNEL_ANSWER.pstn-out.\(leg).txt"))
                    }
                    let hangup = "api sched_hangup +9 \(b.uuidString.lowercased()) ALLOTTED_TIMEOUT"
                    try await WatchedNodes.eventually("it ends politely") {
                        peer.heard.filter { $0 == hangup }.count > 2
                    }
                    let ear = a.uuidString.lowercased()
                    let sounds: [EventSocketCommand.Sound] = [.warning, .ending]
                    #expect(
                        peer.heard.filter { $0.contains("uuid_broadcast") }
                            == sounds.map { "api uuid_broadcast \(ear) \($0.rawValue) aleg" })
                }
            }
        }
    }

    /// At the end of the minutes of a tenant that blocks, the leases themselves say so.
    @Test func theEndOfTheMinutesIsAnnounced() async throws {
        try await LeaseWorld.with { world in
            let call = UUID()
            let lease = try #require(try await world.decide(call.uuidString).route?.grant?.lease)
            var view = NodeView()
            func micros(_ second: Int64) -> String { "\(LeaseWorld.start.advanced(by: .seconds(second)).microseconds)" }
            let event = """
                {"Event-Name":"CHANNEL_ANSWER","Unique-ID":"\(b.uuidString)","Call-Direction":"outbound",\
                "Caller-Channel-Created-Time":"\(micros(0))","Caller-Channel-Answered-Time":"\(micros(0))",\
                "variable_x_lease_id":"\(lease)","variable_sip_gateway_name":"trunk"}
                """
            _ = view.apply(try SwitchEvent(json: Array(event.utf8)))
            let leg = try #require(view.legs[b])
            let renew = world.leases.renewing(world.work.time)
            var actions: [LegRenewal.Action] = []
            for second: Int64 in [5, 60, 120, 180, 240, 290] {
                world.clock.set(LeaseWorld.start.advanced(by: .seconds(second)))
                actions += try await renew(world.node.nodeID, [leg]).map(\.action)
            }
            #expect(actions.first == .extend(seconds: 60))
            #expect(actions.suffix(1) == [.announceEnd(seconds: 10)])
            var whispers = Whispers()
            #expect(whispers.commands(b, secondsLeft: 10, view) == [.broadcast(b, .ending)])
            #expect(whispers.commands(b, secondsLeft: 5, view) == [])
        }
    }
}
