import Kernel
import Telephony
import Tenancy
import Testing

@testable import Voice

@Suite struct NodeServiceTests {
    @Test func earlierPasswordsWorkUntilTheyAreForgotten() async throws {
        try await SwitchWorld.with { world in
            let issued = try await world.work.perform(as: world.operators) { tx, actor in
                try world.nodes.rotate(world.node.id, expecting: .anything, tx, actor)
            }
            try await world.directory.refresh()
            func accepts(_ password: String) -> Bool {
                let hash = NodeCredential.hash(of: password)
                return world.directory.node(named: "fs1")?.credentials[.configuration].contains { $0.hash == hash }
                    == true
            }
            #expect(accepts("xml-secret") && accepts(issued.secrets.configuration))
            #expect(!accepts(issued.secrets.records) && issued.secrets.configuration.count == 32)
            _ = try await world.work.perform(as: world.operators) { tx, actor in
                try world.nodes.forgetEarlier(
                    world.node.id, expecting: .revision(issued.node.life.revision), tx, actor)
            }
            try await world.directory.refresh()
            #expect(!accepts("xml-secret") && accepts(issued.secrets.configuration))
        }
    }

    @Test func aRetiredNodeGetsNoNewPasswords() async throws {
        try await SwitchWorld.with { world in
            let retired = try await world.work.perform(as: world.operators) { tx, actor in
                try world.nodes.retire(world.node.id, expecting: .anything, tx, actor)
            }
            #expect(retired.state == .retired)
            await #expect(throws: Problem.self) {
                _ = try await world.work.perform(as: world.operators) { tx, actor in
                    try world.nodes.rotate(world.node.id, expecting: .anything, tx, actor)
                }
            }
        }
    }

    @Test func namesAreUniqueOverAllInstances() async throws {
        try await SwitchWorld.with { world in
            for (name, switchname, reason) in [
                ("fs1", "other", "NODE_NAME_TAKEN"), ("fs2", "fs1", "NODE_SWITCHNAME_TAKEN"),
            ] {
                do {
                    _ = try await world.work.perform(as: world.operators) { tx, actor in
                        var changes = NodeChanges()
                        changes.switchname = switchname
                        return try world.nodes.create(named: name, at: world.instance.id, changes, tx, actor)
                    }
                    Issue.record("\(name) was taken twice")
                } catch let problem as Problem {
                    #expect(problem.reason == reason)
                }
            }
        }
    }

    @Test(arguments: ["", "FS1", "a b", "-a", "a-", "fs1\n", String(repeating: "a", count: 33)])
    func namesAreNotWhateverSomebodyTypes(_ name: String) { #expect(!NodeNames.isName(name)) }

    private func isRefused(_ settings: NodeSettings) -> Bool {
        var fields = FieldChecks()
        NodeNames.check(settings, &fields)
        do {
            try fields.throwIfAny()
            return false
        } catch { return true }
    }

    @Test(arguments: [
        ("198.51.100.7", true), ("2001:db8::7", true), ("198.51.100.0/24", false), ("node.example", false), ("", false),
    ])
    func seenFromOutsideIsAnAddress(text: String, isFine: Bool) {
        var settings = NodeSettings()
        settings.externalAddress = text
        #expect(isRefused(settings) != isFine)
    }

    @Test(arguments: [(5080, true, true), (5070, false, true), (5070, true, false), (5060, false, false)])
    func portsDoNotCollide(trunkPort: Int, hasEmergencyProxy: Bool, isFine: Bool) {
        var settings = NodeSettings()
        settings.trunkPort = trunkPort
        settings.emergencyProxy = hasEmergencyProxy ? "192.0.2.9" : nil
        #expect(isRefused(settings) != isFine)
    }

    @Test func anotherOrganisationSeesNoNode() async throws {
        try await SwitchWorld.with { world in
            let stranger = try await world.work.perform(job: "stranger") { tx, actor in
                var changes = OrganisationChanges()
                changes.displayName = "Stranger"
                changes.country = .austria
                let rules = TenancyRules(
                    checkVATID: { text, _ in .checked(normalised: text, isValid: true) }, programs: { _, _ in [] })
                return try TenancyServices(work: world.work, rules: rules).organisations.create(
                    .partner, managedBy: nil, changes, tx, actor
                ).id
            }
            let page = try await world.work.read(in: .organisation(stranger)) { tx in
                try world.nodes.list(NodeFilter(), PageRequest(limit: nil, cursor: nil), tx)
            }
            #expect(page.items.isEmpty)
            let own = try await world.work.read(in: world.operators.scope) { tx in
                try world.nodes.list(NodeFilter(), PageRequest(limit: nil, cursor: nil), tx)
            }
            #expect(own.items.map(\.id) == [world.node.id])
        }
    }

    @Test func aBundleHasPasswordsOfItsOwnAndTheEventSocketOpensForTheControlPlane() async throws {
        try await SwitchWorld.with { world in
            let socket = VoiceNode.EventSocket(host: "10.0.0.7", port: 8021)
            let issued = try await world.work.perform(job: "bundle") { tx, actor in
                try world.nodes.issueBundle(named: "fs1", socket: socket, tx, actor)
            }
            #expect(issued.node.eventSocket == socket && issued.credentials.username == "fs1")
            let texts = [
                issued.secrets.configuration, issued.secrets.records, issued.eventSocketPassword,
            ]
            #expect(Set(texts).count == 3 && texts.allSatisfy { $0.count == 32 })
            let sockets = try await world.work.read(in: .platform) { tx in
                try world.nodes.eventSockets(tx).map { [$0.node.name, $0.password?.text ?? ""] }
            }
            #expect(sockets == [["fs1", issued.eventSocketPassword]])
            let again = try await world.work.perform(job: "bundle") { tx, actor in
                let other = VoiceNode.EventSocket(host: "127.0.0.1", port: 1)
                return try world.nodes.issueBundle(named: "fs1", socket: other, tx, actor)
            }
            #expect(again.node.eventSocket == socket && again.eventSocketPassword != issued.eventSocketPassword)
        }
    }

    @Test func whoAskedIsWrittenDown() async throws {
        try await SwitchWorld.with { world in
            let directory = NodeDirectory(work: world.work)
            directory.noteSeen(world.node.id, core: "1c1029b9-9315-43f7-9818-4d3c117df07a")
            try await directory.refresh()
            let node = try await world.work.read(in: .platform) { tx in try world.nodes.get(world.node.id, tx) }
            #expect(node.sighting.lastSeenAt == SwitchWorld.now)
            #expect(node.sighting.coreUUID == "1c1029b9-9315-43f7-9818-4d3c117df07a")
            #expect(node.life.revision == world.node.life.revision)
        }
    }
}

@Suite struct NodeProofTests {
    @Test func headersAreReadAsTheyAreMeant() throws {
        #expect(NodeProof("Basic ZnMxOnhtbC1zZWNyZXQ=") == .basic(username: "fs1", password: "xml-secret"))
        #expect(NodeProof("basic YTpiOmM=") == .basic(username: "a", password: "b:c"))
        guard
            case .digest(let proof)? = NodeProof(
                #"Digest username="f\"s", realm="fs", nonce="n", uri="/a?b=c,d", response="AB", qop=auth, nc=1, cnonce="x""#
            )
        else {
            Issue.record("not read")
            return
        }
        #expect(proof.username == "f\"s" && proof.uri == "/a?b=c,d" && proof.response == "ab")
        #expect(proof.quality == DigestProof.Quality(clientNonce: "x", count: "1"))
    }

    @Test(arguments: [
        "", "Basic", "Basic ====", "Bearer x", "Digest", "Digest username=a", "Basic \u{0}",
        "Digest realm=\"a\", realm=\"b\"",
        #"Digest username="a", realm="fs", nonce="n", uri="/", response="r", qop=auth-int, nc=1, cnonce=x"#,
        #"Digest username="a", realm="fs", nonce="n", uri="/", response="r", algorithm=SHA-256"#,
    ])
    func othersAreNone(_ header: String) { #expect(NodeProof(header) == nil) }

    @Test func noncesEndAndAreOurs() {
        let mint = NonceMint()
        let now = Timestamp(seconds: 1_000_000)
        let nonce = mint.nonce(at: now)
        #expect(mint.isFresh(nonce, at: now.advanced(by: .seconds(299))))
        #expect(!mint.isFresh(nonce, at: now.advanced(by: .seconds(301))))
        #expect(!mint.isFresh(nonce, at: now.advanced(by: .seconds(-1))))
        #expect(!NonceMint().isFresh(nonce, at: now))
        #expect(!mint.isFresh("n1", at: now) && !mint.isFresh("", at: now) && !mint.isFresh(nonce + "0", at: now))
    }
}
