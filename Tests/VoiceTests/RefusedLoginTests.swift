import Foundation
import Kernel
import Tenancy
import Testing

@testable import Telephony
@testable import Voice

/// Phones that were not let in, for the people of the tenant.
struct RefusedLoginTests {
    private let tenant: TenantID = LeaseWorld.id(1)
    private let node: VoiceNodeID = LeaseWorld.id(2)

    private func failure(
        _ user: String = "1001", from address: String = "192.0.2.7", method: String = "REGISTER"
    ) -> NodeView.RefusedLogin {
        .init(method: method, user: user, domain: "t1.voice.test", networkAddress: address)
    }

    private func login(_ user: String, method: String = "REGISTER") throws -> PhoneAuthentication {
        let form = """
            hostname=n&section=directory&tag_name=domain&key_name=name&key_value=t1.voice.test&action=sip_auth&\
            user=\(user)&domain=t1.voice.test&ip=192.0.2.7&sip_auth_method=\(method)&sip_auth_username=\(user)&\
            sip_auth_realm=t1.voice.test
            """
        guard case .directory(let request)? = FormFields(Array(form.utf8)).flatMap({ SwitchRequest($0) }),
            case .authentication(let login) = request.question
        else { throw Problem.notFound("login") }
        return login
    }

    private func at(_ second: Int64) -> RefusedLogins.Found {
        .init(tenant, at: LeaseWorld.start.advanced(by: .seconds(second)))
    }

    @Test func equalOnesAreCountedAndTheNewestComesFirst() {
        let refused = RefusedLogins()
        refused.note(failure(), by: node, at(0))
        refused.note(failure("1002"), by: node, at(30))
        refused.note(failure(), by: node, at(60))
        let list = refused.list(of: tenant)
        #expect(list.map(\.attempt.user) == ["1001", "1002"] && list.map(\.count) == [2, 1])
        #expect(list[0].firstAt == LeaseWorld.start && list[0].lastAt.since(list[0].firstAt) == .seconds(60))
        #expect(list.allSatisfy { $0.attempt.reason == .wrongSecret && $0.attempt.method == .register })
        #expect(refused.list(of: LeaseWorld.id(9)).isEmpty)
    }

    /// A user that we do not give to the node is refused there, too: the reason that we know stays.
    @Test func oneLoginIsOneLine() throws {
        let refused = RefusedLogins()
        refused.note(try login("7777"), .unknownUser, by: node, at(0))
        refused.note(failure("7777"), by: node, at(1))
        refused.note(try login("1001", method: "INVITE"), .otherDomain, by: node, at(2))
        refused.note(failure("1002", method: "INVITE"), by: node, at(3))
        #expect(refused.list(of: tenant).map(\.attempt.reason) == [.otherDomain, .unknownUser])
        refused.note(failure("1002", method: "INVITE"), by: node, at(60))
        let last = try #require(refused.list(of: tenant).first?.attempt)
        #expect(last.reason == .wrongSecret && last.method == .call && last.user.isEmpty, "it names the callee only")
        // what is no phone's fault is no refused login
        refused.note(try login("1001"), .unsafeValue, by: node, at(61))
        #expect(refused.list(of: tenant).count == 3)
    }

    @Test func whoeverGuessesDrivesOutTheOldest() {
        let refused = RefusedLogins()
        for number in 0..<200 { refused.note(failure("\(number)"), by: node, at(Int64(number))) }
        #expect(refused.list(of: tenant).count == RefusedLogins.kept)
        #expect(refused.list(of: tenant).first?.attempt.user == "199")
    }

    @Test(.enabled(if: RecordedFiles.arePresent), .timeLimit(.minutes(5)))
    func aNodeTellsOfThem() async throws {
        try await CallWorld.with { world in
            try await SwitchPeer.with { peer in
                peer.answer("show channels as json", #"{"row_count": 0}"#)
                let refused = RefusedLogins()
                let endpoint = WatchedNodes.endpoint(peer, world.node.nodeID)
                var hooks = NodeHooks(nodes: { [endpoint] })
                hooks.refused = { node, login, now in refused.note(login, by: node.id, .init(tenant, at: now)) }
                let nodes = LiveNodes()
                try await WatchedNodes.with(nodes, hooks, world.work) {
                    try await WatchedNodes.eventually("connected") { nodes[endpoint.id]?.isConnected == true }
                    for method in ["REGISTER", "INVITE"] {
                        let name = "plain.CUSTOM.sofia-register_failure.\(method)"
                        peer.send(try RecordedFiles.bytes("esl/\(name).txt"))
                    }
                    try await WatchedNodes.eventually("both") { refused.list(of: tenant).count == 2 }
                }
                #expect(refused.list(of: tenant).map(\.attempt.user) == ["", "1001"])
                #expect(refused.list(of: tenant).allSatisfy { $0.attempt.networkAddress == "127.0.0.1" })
            }
        }
    }
}
