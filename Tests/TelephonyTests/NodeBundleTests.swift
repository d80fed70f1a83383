import Foundation
import Kernel
import Testing
import VoiceRecordings

@testable import Telephony

@Suite struct NodeBundleTests {
    private func bundle(
        _ change: (inout NodeSettings) -> Void = { _ in }, secret: String = "Secret1", urls: [String]? = nil
    ) -> NodeBundle {
        var settings = NodeSettings()
        change(&settings)
        return NodeBundle(
            switchname: "fs1.voice.test", settings: settings,
            endpoints: NodeBundle.Endpoints(controlPlanes: urls ?? ["https://a.test", "https://b.test:8443"]),
            credentials: NodeBundle.Credentials(
                username: "fs1", configurationSecret: secret, recordsSecret: "Secret2", eventSocketPassword: "Secret3"))
    }

    private func file(_ path: String, _ bundle: NodeBundle) throws -> NodeBundle.File {
        try #require(try bundle.files().first { $0.path == path })
    }

    @Test func itIsCompleteAndHasNothingOfTheVanillaConfiguration() throws {
        let files = try bundle().files()
        #expect(
            Set(files.map(\.path)).isSuperset(of: [
                "freeswitch.xml", "secrets.xml", "self-check.sh", "dialplan/emergency.xml",
                "autoload_configs/sofia.conf.xml", "autoload_configs/acl.conf.xml", "autoload_configs/switch.conf.xml",
                "autoload_configs/modules.conf.xml", "autoload_configs/xml_curl.conf.xml",
                "autoload_configs/json_cdr.conf.xml", "autoload_configs/event_socket.conf.xml",
            ]))
        for file in files where file.path.hasSuffix(".xml") {
            #expect(
                !file.text.contains("<user ") && !file.text.contains("ClueCon")
                    && !file.text.contains("default_password"))
        }
    }

    @Test func secretsAreInOneFileOnly() throws {
        for file in try bundle().files() {
            #expect((file.kind == .secret) == (file.path == "secrets.xml"))
            #expect(file.text.contains("Secret") == (file.kind == .secret), "\(file.path)")
        }
        #expect(throws: SwitchDocument.UnsafeValue.self) { try bundle(secret: "a\" b").files() }
        #expect(throws: SwitchDocument.UnsafeValue.self) { try bundle(urls: ["https://a.test/$(id)"]).files() }
    }

    @Test func twoControlPlanesAreAskedWithinBounds() throws {
        let requests = try file("autoload_configs/xml_curl.conf.xml", bundle()).text
        #expect(requests.contains(#"value="https://a.test/fs/xml" bindings="directory|dialplan|configuration""#))
        #expect(requests.contains("https://b.test:8443/fs/xml"))
        #expect(requests.components(separatedBy: #"name="timeout" value="2""#).count == 3)
        #expect(requests.contains(#"name="enable-cacert-check" value="true""#))
        let records = try file("autoload_configs/json_cdr.conf.xml", bundle()).text
        for setting in [
            "https://a.test/fs/cdr/json", "https://b.test:8443/fs/cdr/json", #"name="retries" value="3""#,
            #"name="encode-values" value="false""#, "err-log-dir", #"name="log-http-and-disk" value="true""#,
        ] { #expect(records.contains(setting), "\(setting)") }
    }

    @Test func aSingleControlPlaneIsAskedTwice() throws {
        let requests = try file("autoload_configs/xml_curl.conf.xml", bundle(urls: ["https://a.test"])).text
        #expect(requests.components(separatedBy: #""https://a.test/fs/xml""#).count == 3)
        #expect(requests.contains(#"<binding name="control-plane-2">"#))
        let records = try file("autoload_configs/json_cdr.conf.xml", bundle(urls: ["https://a.test"])).text
        #expect(records.components(separatedBy: "https://a.test/fs/cdr/json").count == 2, "it is tried four times")
    }

    @Test func behindARouterANodeSaysWhereItIsSeen() throws {
        let path = "autoload_configs/sofia.conf.xml"
        #expect(try !file(path, bundle()).text.contains(#"name="ext-"#))
        let sofia = try file(
            path,
            bundle {
                $0.sipAddress = "10.0.0.5"
                $0.externalAddress = "198.51.100.7"
                $0.emergencyProxy = "192.0.2.9"
            }
        ).text
        for setting in [
            #"name="sip-ip" value="10.0.0.5""#, #"name="rtp-ip" value="10.0.0.5""#,
            #"name="ext-sip-ip" value="198.51.100.7""#, #"name="ext-rtp-ip" value="198.51.100.7""#,
        ] { #expect(sofia.components(separatedBy: setting).count == 4, "\(setting) in every profile") }
    }

    /// Fact 1.2: an answer of more than 1 MiB is refused unless the binding says otherwise.
    @Test func theGatewaysOfAThousandTenantsAreOneAnswerThatIsTaken() throws {
        func id<Kind>(_ kind: UInt8, _ number: Int) -> ID<Kind> {
            ID(UUID(bytes: [kind, UInt8(number >> 8), UInt8(number & 255)] + [UInt8](repeating: 7, count: 13)))
        }
        let entries = (0..<1000).map { number in
            var routing = TenantPlan.Routing()
            routing.trunks = [
                Trunk(
                    id: id(1, number), displayName: "Carrier", proxy: "sip-\(number).carrier.example:5060",
                    identification: .registration(
                        username: "customer-\(number)", secret: "a-secret-of-\(number)", realm: "carrier.example"),
                    allowedAddresses: [], use: Trunk.Use())
            ]
            let identity = TenantPlan.Identity(
                tenantID: id(2, number), organisationID: id(3, number), domain: "tenant-\(number).voice.example",
                country: .austria)
            return VoicePlan.Entry(revision: "r", plan: TenantPlan(identity, routing: routing))
        }
        let form = """
            hostname=fs1&section=directory&tag_name=&key_name=&key_value=&purpose=gateways&profile=external
            """
        guard case .directory(let request)? = FormFields(Array(form.utf8)).flatMap({ SwitchRequest($0) }) else {
            throw Recordings.Unexpected(name: "gateways")
        }
        let node = NodeContext(id: RecordedPlans.id(0xA0))
        let answer = DirectoryAnswer.answer(request, plan: VoicePlan(entries), node: node).text
        #expect(answer.components(separatedBy: "<gateway name=").count == 1001)
        #expect(answer.utf8.count > 1024 * 1024 && answer.utf8.count < NodeBundle.longestAnswer / 4)
        let requests = try file("autoload_configs/xml_curl.conf.xml", bundle()).text
        let setting = #"name="response-max-bytes" value="\#(NodeBundle.longestAnswer)""#
        #expect(requests.components(separatedBy: setting).count == 3)
    }

    @Test func emergencyCallsWorkWithoutAControlPlane() throws {
        #expect(try !file("dialplan/emergency.xml", bundle()).text.contains("bridge"))
        let bundle = helping
        let dialplan = try file("dialplan/emergency.xml", bundle).text
        #expect(dialplan.contains(#"expression="^(112|133)$""#) && dialplan.contains("sofia/gateway/emergency/$1"))
        #expect(dialplan.contains(#"<context name="public"/>"#))
        #expect(try file("autoload_configs/sofia.conf.xml", bundle).text.contains(#"<gateway name="emergency">"#))
        #expect(try file("autoload_configs/acl.conf.xml", bundle).text.contains("192.0.2.9/32"))
    }

    private var helping: NodeBundle {
        bundle {
            $0.emergencyProxy = "192.0.2.9:5060"
            $0.emergencyNumbers = ["112", "133", "1;rm"]
        }
    }

    /// Fact 5: without the control plane a login is refused before any dialplan is read, so that a phone needs a way on
    /// which nobody asks it who it is, and which leads to the emergency numbers alone.
    @Test func aPhoneThatNobodyCanCheckCallsForHelp() throws {
        let path = "autoload_configs/sofia.conf.xml"
        #expect(try !file(path, bundle()).text.contains("emergency"))
        let text = try file(path, helping).text
        let profile = try #require(text.components(separatedBy: #"<profile name="emergency">"#).dropFirst().first)
        for setting in [
            #"name="auth-calls" value="false""#, #"name="accept-blind-auth" value="true""#,
            #"name="disable-register" value="true""#, #"name="disable-transfer" value="true""#,
            #"name="context" value="emergency""#, #"name="sip-port" value="5070""#, #"name="tls" value="false""#,
        ] { #expect(profile.contains(setting), "\(setting)") }
        #expect(!profile.contains("acl") && !profile.contains("gateway") && !profile.contains("domain"))

        let dialplan = try file("dialplan/emergency.xml", helping).text
        let contexts = dialplan.components(separatedBy: "<context ").dropFirst()
        #expect(
            contexts.map { $0.prefix { $0 != ">" && $0 != "/" } } == [
                #"name="public""#, #"name="emergency""#, #"name="global""#,
            ])
        #expect(contexts.allSatisfy { $0.components(separatedBy: "<condition ").count <= 2 })
        #expect(contexts.filter { $0.contains("sofia/gateway/emergency/$1") }.count == 2)

        let check = try file("self-check.sh", helping).text
        #expect(check.contains("for profile in internal external emergency; do"))
        #expect(check.contains("emergency='5070'"))
        #expect(try file("self-check.sh", bundle()).text.contains("emergency=''"))
    }

    @Test(.enabled(if: Recordings.arePresent)) func theControlPlaneAnswersNothingOnThatWay() throws {
        // even for a carrier that is let in, and for a number that somebody has
        let form = String(decoding: try Recordings.form("dialplan-inbound-did"), as: UTF8.self)
        func find(_ form: String) throws -> CallOrigin.Outcome {
            guard case .dialplan(let request)? = FormFields(Array(form.utf8)).flatMap({ SwitchRequest($0) }) else {
                throw Recordings.Unexpected(name: "dialplan-inbound-did")
            }
            return CallOrigin.find(
                request, plan: RecordedPlans.both, node: RecordedPlans.node, now: Timestamp(microseconds: 0))
        }
        guard case .known = try find(form) else { throw Recordings.Unexpected(name: "unknown in public") }
        let onEmergency = form.replacing("Hunt-Context=public", with: "Hunt-Context=emergency")
        guard case .unknown(.notManaged) = try find(onEmergency) else {
            throw Recordings.Unexpected(name: "known in emergency")
        }
    }

    @Test func theEventSocketIsClosedToAllButTheControlPlane() throws {
        let socket = try file("autoload_configs/event_socket.conf.xml", bundle()).text
        #expect(socket.contains(#"name="listen-ip" value="127.0.0.1""#) && socket.contains(#"value="control""#))
        let lists = try file("autoload_configs/acl.conf.xml", bundle { $0.controlSources = ["192.0.2.0/28"] }).text
        #expect(lists.contains(#"<list name="control" default="deny">"#) && lists.contains("192.0.2.0/28"))
        #expect(lists.contains(#"<list name="carriers" default="deny"/>"#))
    }

    @Test func noProgramCanBeStarted() throws {
        let core = try file("autoload_configs/switch.conf.xml", bundle()).text
        #expect(core.contains("<interface-allowlist>") && core.contains("mod_commands.uuid_kill"))
        for name in ["system", "spawn", "\"mod_commands\"", "\"mod_dptools\"", "bgsystem", "lua"] {
            #expect(!core.contains(name), "\(name)")
        }
    }

    /// What is not on the list does not exist on a node from 1.11 on: then a command of ours would be an unknown word.
    @Test func whatTheControlPlaneSaysIsOnTheList() throws {
        let leg = UUID()
        let commands: [EventSocketCommand?] =
            [
                .channels, .registrations, .sofiaStatus, .status, .dump(leg), .kill(leg, .allottedTimeout),
                .broadcast(leg, .warning), .transfer(leg, to: "1001", context: "tenant-x"), .rescan,
                .reloadAccessLists, .killGateway("trunk"), .flushDirectory(user: "1001", domain: "a.test"),
                .flushRegistration(profile: .internal, user: "1001", domain: "a.test"),
            ] + EventSocketCommand.reschedule(leg, seconds: 60, .allottedTimeout)
        for command in commands {
            let words = try #require(command).line.split(separator: " ")
            let allowed = words[1] == "sofia" ? "mod_sofia" : "mod_commands.\(words[1])"
            #expect(NodeBundle.interfaces.contains { "\($0)" == allowed }, "\(words[1])")
        }
    }

    @Test func encryptionNeedsACertificate() throws {
        let plain = try file("autoload_configs/sofia.conf.xml", bundle()).text
        #expect(plain.components(separatedBy: #"name="tls" value="false""#).count == 3 && !plain.contains("tls-"))
        let secure = bundle { $0.certificateDirectory = "/etc/freeswitch/tls" }
        let sofia = try file("autoload_configs/sofia.conf.xml", secure).text
        for setting in [
            #"name="tls" value="true""#, #"name="tls-sip-port" value="5061""#, #"name="tls-sip-port" value="5081""#,
            #"name="tls-cert-dir" value="/etc/freeswitch/tls""#, #"name="tls-verify-policy" value="out""#,
        ] { #expect(sofia.contains(setting), "\(setting)") }
        #expect(try file("self-check.sh", secure).text.contains("certificates='/etc/freeswitch/tls'"))
        let bad = bundle { $0.certificateDirectory = "/etc/'; reboot" }
        #expect(throws: SwitchDocument.UnsafeValue.self) { try bad.files() }
    }

    /// Fact 11 of the recordings: what waits in a queue at shutdown is gone, so records are written before they are sent,
    /// by the call itself, and no second module posts them.
    @Test func noRecordWaitsInMemory() throws {
        let files = try bundle().files()
        #expect(files.allSatisfy { !$0.text.contains("queue-capacity") && !$0.text.contains("mod_xml_cdr") })
        let records = try file("autoload_configs/json_cdr.conf.xml", bundle()).text
        #expect(records.contains(#"name="log-b-leg" value="true""#))
        #expect(records.components(separatedBy: #"name="timeout" value="10""#).count == 2)
    }

    /// Fact 1: what FreeSWITCH itself can check about a login.
    @Test func profilesLetNobodyInWithoutProof() throws {
        let sofia = try file("autoload_configs/sofia.conf.xml", bundle()).text
        for setting in [
            "inbound-reg-force-matching-username", "auth-calls-acl-only", #"name="disable-register" value="true""#,
            #"name="accept-blind-reg" value="false""#, #"name="accept-blind-auth" value="false""#,
        ] { #expect(sofia.contains(setting), "\(setting)") }
        #expect(sofia.components(separatedBy: #"name="auth-calls" value="true""#).count == 3)
    }

    @Test(arguments: [false, true]) func theSelfCheckIsAScript(isSecure: Bool) throws {
        let check = try file("self-check.sh", bundle { $0.certificateDirectory = isSecure ? "/etc/tls" : nil })
        #expect(check.kind == .script && check.text.contains("$here"))
        #expect(check.text.contains("https://a.test https://b.test:8443"))
        #expect(!check.text.contains(/@[A-Z]+@/))
        let path = FileManager.default.temporaryDirectory.appending(path: "self-check-\(UUID().uuidString).sh")
        try Data(check.text.utf8).write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-n", path.path]
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
    }

    @Test func accessListsHoldCarriersOnly() throws {
        var routing = RecordedPlans.first.plan.routing
        routing.trunks = ["192.0.2.0/24", "0.0.0.0/0", "nonsense", "192.0.2.0/24"].enumerated().map { index, address in
            Trunk(
                id: RecordedPlans.id(UInt8(index)), displayName: "", proxy: "a", identification: .address,
                allowedAddresses: [address], use: Trunk.Use())
        }
        let plan = VoicePlan([
            VoicePlan.Entry(revision: "r", plan: TenantPlan(RecordedPlans.first.plan.identity, routing: routing))
        ])
        let form = "section=configuration&tag_name=configuration&key_name=name&key_value="
        func answer(_ name: String, _ node: NodeContext = RecordedPlans.node) throws -> SwitchAnswer {
            guard
                case .configuration(let request)? = FormFields(Array((form + name).utf8)).flatMap({ SwitchRequest($0) })
            else { throw Recordings.Unexpected(name: name) }
            return ConfigurationAnswer.answer(request, plan: plan, node: node)
        }
        let lists = try answer("acl.conf").text
        #expect(lists.components(separatedBy: "192.0.2.0/24").count == 2 && !lists.contains("0.0.0.0/0"))
        #expect(try answer("sofia.conf").notFound == .notManaged)

        // what a tenant writes makes no agent a carrier
        var settings = NodeSettings()
        settings.agentSources = ["192.0.2.9/32", "198.51.100.0/24"]
        let guarded = try answer("acl.conf", NodeContext(id: RecordedPlans.node.id, settings: settings)).text
        #expect(!guarded.contains("192.0.2.0/24"), "no address has two names")
        #expect(guarded.contains("192.0.2.9/32") && guarded.contains("198.51.100.0/24"))
    }
}
