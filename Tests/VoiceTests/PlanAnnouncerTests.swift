import Foundation
import Kernel
import Postgres
import Tenancy
import TestSupport
import Testing

@testable import Telephony
@testable import Voice

/// What nodes hear when somebody changes a tenant's voice.
@Suite struct PlanAnnouncerTests {
    private static let rescan = "bgapi sofia profile external rescan"
    private static let reload = "bgapi reloadacl"

    @Test(.timeLimit(.minutes(5))) func nodesAreToldWhatTheyDoNotAskFor() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let user = try await world.user("1001", of: world.alpha).stored.value.id
            let trunk = try await world.trunk("Carrier", of: world.alpha).stored.value.id
            let nodes = LiveNodes()
            var pace = PlanAnnouncer.Pace()
            pace.gathering = .milliseconds(10)
            pace.gatewayPause = .milliseconds(50)
            let announcer = PlanAnnouncer(
                plans: world.model.plans, nodes: nodes, time: world.clock.source, pace: pace)
            try await SwitchPeer.with { mine in
                try await SwitchPeer.with { other in
                    for peer in [mine, other] { peer.answer("show channels as json", #"{"row_count": 0}"#) }
                    let endpoints = [
                        WatchedNodes.endpoint(mine, world.work.ids.new(), serving: world.platform.id),
                        WatchedNodes.endpoint(other, world.work.ids.new(), serving: world.work.ids.new()),
                    ]
                    var hooks = NodeHooks(nodes: { endpoints })
                    hooks.catchUp = { announcer.catchUp($0, $1, since: $2) }
                    let services: [@Sendable () async throws -> Void] = [
                        { try await announcer.run() }, { try await world.model.plans.run() },
                    ]
                    try await WatchedNodes.with(nodes, hooks, world.work, beside: services) {
                        try await WatchedNodes.eventually("both nodes look again after a start") {
                            mine.heard.contains(Self.rescan) && mine.heard.contains(Self.reload)
                                && nodes.all.filter(\.isConnected).count == 2
                        }
                        try await changes(world, user, trunk, mine)
                        #expect(!other.heard.contains { $0.contains("alpha") || $0.contains("\(trunk)") })
                    }
                }
            }
        }
    }

    private func changes(
        _ world: VoiceWorld, _ user: SIPUserID, _ trunk: TrunkID, _ peer: SwitchPeer
    ) async throws {
        let tenant = world.alpha.tenant.id
        #expect(!peer.heard.contains { $0.contains("xml_flush_cache") })
        try await world.switchOn(world.beta, domain: "beta.voice.test")
        try await WatchedNodes.eventually("a node with a second domain forgets the users of the first") {
            peer.heard.contains("api xml_flush_cache id 1001 alpha.voice.test")
        }
        #expect(!peer.heard.contains { $0.contains("flush_inbound_reg") }, "they stay registered")
        _ = try await world.change(world.alpha) { tx, actor in
            try world.model.users.delete(user, of: tenant, expecting: .anything, tx, actor)
        }
        try await WatchedNodes.eventually("the phone is forgotten") {
            peer.heard.contains("api xml_flush_cache id 1001 alpha.voice.test")
                && peer.heard.contains("api sofia profile internal flush_inbound_reg 1001@alpha.voice.test")
        }
        let reloads = peer.heard.filter { $0 == Self.reload }.count
        _ = try await world.change(world.alpha) { tx, actor in
            var fields = TrunkFields(displayName: "Carrier", proxy: "other.carrier.test")
            fields.allowedAddresses = ["192.0.2.0/24"]
            return try world.model.trunks.update(trunk, fields, of: tenant, expecting: .anything, tx, actor)
        }
        let kill = "api sofia profile external killgw \(trunk)"
        try await WatchedNodes.eventually("the gateway is made anew, and its addresses are let in") {
            let heard = peer.heard
            guard let killed = heard.firstIndex(of: kill) else { return false }
            return heard[killed...].contains(Self.rescan) && heard.filter { $0 == Self.reload }.count > reloads
        }
        let rescans = peer.heard.filter { $0 == Self.rescan }.count
        _ = try await world.change(world.alpha) { tx, actor in
            try world.model.trunks.delete(trunk, of: tenant, expecting: .anything, tx, actor)
        }
        try await WatchedNodes.eventually("the gateway goes") { peer.heard.filter { $0 == kill }.count == 2 }
        #expect(peer.heard.filter { $0 == Self.rescan }.count == rescans)
    }

    @Test(.timeLimit(.minutes(5))) func aNodeThatWasAwayHearsWhatChangedMeanwhile() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let trunk = try await world.trunk("Carrier", of: world.alpha).stored.value.id
            let (plans, nodes, since) = (world.model.plans, LiveNodes(), world.clock.now)
            let announcer = PlanAnnouncer(plans: plans, nodes: nodes, time: world.clock.source)
            let endpoint = NodeEndpoint(
                id: world.work.ids.new(), organisationID: nil, instanceID: world.platform.id, displayName: "fs1",
                host: "127.0.0.1", port: 1, password: PlainSecret("x"))
            var view = NodeView()
            view.resync(gateways: ["\(trunk)": "NOREG"])
            #expect(announcer.catchUp(endpoint, view, since: since) == nil, "nothing is known before the first reading")
            try await plans.refresh()
            #expect(announcer.catchUp(endpoint, view, since: since)?.oldGateways == [])
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await announcer.run() }
                world.clock.advance(seconds: 30)
                _ = try await world.change(world.alpha) { tx, actor in
                    try world.model.trunks.update(
                        trunk, TrunkFields(displayName: "Carrier", proxy: "other.carrier.test"),
                        of: world.alpha.tenant.id, expecting: .anything, tx, actor)
                }
                try await plans.refresh()
                try await WatchedNodes.eventually("the change is remembered") {
                    announcer.catchUp(endpoint, view, since: since)?.oldGateways == ["\(trunk)"]
                }
                let later = world.clock.now.advanced(by: .seconds(1))
                #expect(announcer.catchUp(endpoint, view, since: later)?.oldGateways == [])
                tasks.cancelAll()
            }
        }
    }
}

/// Which trunks are left out because nodes say that they are down.
@Suite struct TrunksDownTests {
    private let instance: InstanceID = LeaseWorld.id(40)

    private var plan: TenantPlan {
        var routing = TenantPlan.Routing()
        routing.trunks = [1, 2].map { byte in
            Trunk(
                id: LeaseWorld.id(byte), displayName: "", proxy: "carrier.example", identification: .address,
                allowedAddresses: [], use: Trunk.Use())
        }
        return TenantPlan(
            TenantPlan.Identity(
                tenantID: LeaseWorld.id(9), organisationID: LeaseWorld.id(8), domain: "a.example", country: .austria,
                instanceID: instance), routing: routing)
    }

    private func endpoint(_ byte: UInt8, serving instance: InstanceID?) -> NodeEndpoint {
        NodeEndpoint(
            id: LeaseWorld.id(byte), organisationID: nil, instanceID: instance, displayName: "\(byte)", host: "",
            port: 1,
            password: PlainSecret("x"))
    }

    @Test func aTrunkIsDownWhenEveryNodeThatKnowsItSaysSo() {
        let (nodes, plan, now) = (LiveNodes(), plan, LeaseWorld.start)
        let (first, second) = (endpoint(51, serving: instance), endpoint(52, serving: instance))
        let foreign = endpoint(53, serving: LeaseWorld.id(41))
        let names = plan.routing.trunks.map(\.gatewayName)
        func say(_ node: NodeEndpoint, _ states: [String: String]) {
            nodes.change(node) { $0.resync(gateways: states) }
        }
        for node in [first, second, foreign] { nodes.expect(node, at: now) }
        say(first, [names[0]: "FAIL_WAIT"])
        #expect(nodes.trunksDown(of: plan).isEmpty, "nobody is connected: nothing is known")
        for node in [first, second, foreign] { nodes.connected(node, NodeLink(), at: now) }
        #expect(nodes.trunksDown(of: plan) == [plan.routing.trunks[0].id])
        say(second, [names[0]: "REGED", names[1]: "TRYING"])
        say(foreign, [names[1]: "DOWN"])
        #expect(nodes.trunksDown(of: plan).isEmpty)
        say(second, [names[0]: "FAILED", names[1]: "NOREG"])
        #expect(nodes.trunksDown(of: plan) == [plan.routing.trunks[0].id])
        nodes.disconnected(first, "gone", at: now)
        nodes.disconnected(second, "gone", at: now)
        #expect(nodes.trunksDown(of: plan).isEmpty)
    }

    @Test func theTrunkShowsHowNodesSeeIt() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let trunk = try await world.trunk("Carrier", of: world.alpha)
            let nodes = LiveNodes()
            let (first, second) = (endpoint(51, serving: nil), endpoint(52, serving: nil))
            for node in [first, second, endpoint(53, serving: nil)] { nodes.expect(node, at: LeaseWorld.start) }
            nodes.connected(second, NodeLink(), at: LeaseWorld.start)
            let name = "\(trunk.stored.value.id)"
            nodes.change(first) { $0.resync(gateways: [name: "NOREG"]) }
            nodes.change(second) { $0.resync(gateways: [name: "FAIL_WAIT", "other": "REGED"]) }
            #expect(
                TrunkResource(trunk, on: nodes.all).nodes == [
                    .init(nodeID: first.id, state: "NOREG", isDown: false, isCurrent: false),
                    .init(nodeID: second.id, state: "FAIL_WAIT", isDown: true, isCurrent: true),
                ])
        }
    }

    @Test func callsGoOverWhatIsUp() async throws {
        try await LeaseWorld.with { world in
            let entry = try world.entry
            let leg = LegRequest(
                callID: "call-1", origin: .user(LeaseWorld.user), dialled: "06601234567", now: world.clock.now)
            let origin = CallOrigin(entry: entry, leg: leg)
            let refused = await world.leases.deciding { plan in Set(plan.routing.trunks.map(\.id)) }(origin)
            #expect(refused.refusal?.reason == .trunksDown)
            #expect(await world.leases.deciding()(origin).route != nil)
        }
    }
}
