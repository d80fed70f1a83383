import Foundation
import Kernel
import Testing

@testable import Telephony

@Suite struct NodeNewsTests {
    private func lines(_ commands: [EventSocketCommand]) -> [String] { commands.map(\.line) }

    private func news(
        _ before: PlanFixture?, _ after: PlanFixture?
    ) -> (first: [String], last: [String], pauses: Bool) {
        let news = NodeNews(before: before?.plan, after: after?.plan)
        return (lines(news.atOnce), lines(news.afterPause), news.needsPause)
    }

    private func trunk(
        _ byte: UInt8, proxy: String = "carrier.example", addresses: [String] = [], priority: Int = 1,
        isEnabled: Bool = true
    ) -> Trunk {
        var use = Trunk.Use()
        use.priority = priority
        use.isEnabled = isEnabled
        return Trunk(
            id: PlanFixture.id(byte), displayName: "Trunk", proxy: proxy, identification: .address,
            allowedAddresses: addresses, use: use)
    }

    private func fixture(_ change: (inout PlanFixture) -> Void = { _ in }) throws -> PlanFixture {
        var fixture = try PlanFixture()
        fixture.trunks = [trunk(1)]
        fixture.users = [1, 2].map { PlanFixture.user($0, "100\($0)") }
        change(&fixture)
        return fixture
    }

    private let gateway = "\(PlanFixture.id(1) as TrunkID)"

    @Test func whatNodesAskForAtEachCallIsNotTold() throws {
        let silent = try fixture()
        let changed = try fixture { plan in
            plan.policy.limits.concurrentCalls = 99
            plan.barred = .tenantInactive
            plan.numbers = []
            plan.groups = []
            plan.trunks = [trunk(1, priority: 7)]
            plan.users[1] = PlanFixture.user(2, "1002", site: PlanFixture.site)
        }
        let told = news(silent, changed)
        #expect(told.first.isEmpty && told.last.isEmpty && !told.pauses)
        #expect(NodeNews(before: silent.plan, after: changed.plan) == NodeNews())
    }

    @Test func usersWhoseAnswerChangedAreForgotten() throws {
        func told(_ user: SIPUser?) throws -> [String] {
            try news(fixture(), fixture { $0.users = [PlanFixture.user(1, "1001"), user].compactMap(\.self) }).first
        }
        let flush = "api xml_flush_cache id 1002 a.example"
        let kick = "api sofia profile internal flush_inbound_reg 1002@a.example"
        let rotated = SIPUser(
            id: PlanFixture.id(2), name: "1002", digests: ["new"], displayName: "1002", callerNumber: nil, siteID: nil)
        #expect(try told(rotated) == [flush])
        #expect(try told(PlanFixture.user(2, "1002", isEnabled: false)) == [flush, kick])
        #expect(try told(PlanFixture.user(2, "1003")) == [flush, kick])
        #expect(try told(nil) == [flush, kick])
        // a new user was never asked for
        #expect(try news(fixture { $0.users = [] }, fixture()).first.isEmpty)
    }

    /// `rescan` adds what is new and changes nothing that is there.
    @Test func gatewaysAreTakenOutBeforeTheyAreAskedForAgain() throws {
        let kill = "api sofia profile external killgw \(gateway)"
        let rescan = "bgapi sofia profile external rescan"
        let changed = try news(fixture(), fixture { $0.trunks = [trunk(1, proxy: "other.example")] })
        #expect(changed.first == [kill] && changed.last == [rescan] && changed.pauses)
        for gone in [try fixture { $0.trunks = [] }, try fixture { $0.trunks = [trunk(1, isEnabled: false)] }] {
            let told = try news(fixture(), gone)
            #expect(told.first == [kill] && told.last.isEmpty && !told.pauses)
        }
        let added = try news(fixture(), fixture { $0.trunks.append(trunk(2)) })
        #expect(added.first.isEmpty && added.last == [rescan] && !added.pauses)
    }

    @Test func addressListsAreReadAgain() throws {
        let told = try news(fixture(), fixture { $0.trunks = [trunk(1, addresses: ["192.0.2.0/24"])] })
        #expect(told.first == ["bgapi reloadacl"] && told.last.isEmpty)
        #expect(try news(nil, fixture()).last == ["bgapi sofia profile external rescan"])
    }

    @Test func aTenantThatIsGoneLeavesNothing() throws {
        let told = try news(fixture { $0.trunks = [trunk(1, addresses: ["192.0.2.0/24"])] }, nil)
        #expect(
            told.first == [
                "api xml_flush_cache id 1001 a.example", "api xml_flush_cache id 1002 a.example",
                "api sofia profile internal flush_inbound_reg 1001@a.example",
                "api sofia profile internal flush_inbound_reg 1002@a.example", "bgapi reloadacl",
                "api sofia profile external killgw \(gateway)",
            ])
        #expect(told.last.isEmpty)
    }

    @Test func changesThatComeTogetherAreToldOnce() throws {
        var news = NodeNews(before: try fixture().plan, after: try fixture { $0.trunks = [] }.plan)
        news.add(NodeNews(before: try fixture { $0.trunks = [] }.plan, after: try fixture().plan))
        #expect(lines(news.atOnce) == ["api sofia profile external killgw \(gateway)"])
        #expect(lines(news.afterPause) == ["bgapi sofia profile external rescan"] && news.needsPause)
        #expect(
            lines(NodeNews.forgettingUsers(of: try fixture().plan).atOnce) == [
                "api xml_flush_cache id 1001 a.example", "api xml_flush_cache id 1002 a.example",
            ])
    }

    @Test func aNodeThatWasAwayIsBroughtUpToDate() throws {
        var view = NodeView()
        func add(_ name: String) throws {
            let event = #"{"Event-Name":"CUSTOM","Event-Subclass":"sofia::gateway_add","Gateway":"\#(name)"}"#
            _ = view.apply(try SwitchEvent(json: Array(event.utf8)))
        }
        func register(_ user: String, _ domain: String) throws {
            let event = """
                {"Event-Name":"CUSTOM","Event-Subclass":"sofia::register","from-user":"\(user)","from-host":"\(domain)",\
                "realm":"\(domain)"}
                """
            _ = view.apply(try SwitchEvent(json: Array(event.utf8)))
        }
        let (unknown, changed) = (PlanFixture.id(7) as TrunkID, PlanFixture.id(2) as TrunkID)
        for name in [gateway, "\(unknown)", "\(changed)", "emergency"] { try add(name) }
        for (user, domain) in [("1001", "a.example"), ("1009", "a.example"), ("1001", "gone.example")] {
            try register(user, domain)
        }
        let plan = VoicePlan([try fixture { $0.trunks.append(trunk(2)) }.entry])
        let news = NodeNews(catchingUp: view, plan, instance: nil, changed: ["\(changed)"])
        #expect(
            lines(news.atOnce) == [
                "api sofia profile internal flush_inbound_reg 1009@a.example",
                "api sofia profile internal flush_inbound_reg 1001@gone.example", "bgapi reloadacl",
                "api sofia profile external killgw \(changed)", "api sofia profile external killgw \(unknown)",
            ])
        #expect(lines(news.afterPause) == ["bgapi sofia profile external rescan"])
        // of another instance nothing is the node's
        let other = NodeNews(catchingUp: view, plan, instance: PlanFixture.id(77), changed: [])
        #expect(other.oldGateways == [gateway, "\(unknown)", "\(changed)"])
    }

    @Test func aGatewayThatTriesAgainIsStillDown() throws {
        var view = NodeView()
        func state(_ text: String) throws -> String? {
            let event = """
                {"Event-Name":"CUSTOM","Event-Subclass":"sofia::gateway_state","Gateway":"g","State":"\(text)"}
                """
            _ = view.apply(try SwitchEvent(json: Array(event.utf8)))
            return view.gateways["g"]
        }
        #expect(try state("TRYING") == "TRYING" && !NodeView.isDown("TRYING"))
        #expect(try state("FAIL_WAIT") == "FAIL_WAIT" && NodeView.isDown("FAIL_WAIT"))
        #expect(try state("UNREGED") == "FAIL_WAIT" && state("TRYING") == "FAIL_WAIT")
        #expect(try state("REGED") == "REGED" && !NodeView.isDown("REGED") && !NodeView.isDown("NOREG"))
    }
}
