import Kernel
import Testing
import VoiceRecordings

@testable import Telephony

@Suite(.enabled(if: Recordings.arePresent, "the recordings are not beside the package"))
struct RecordedDirectoryTests {
    private func answer(_ name: String, plan: VoicePlan = RecordedPlans.both) throws -> SwitchAnswer {
        DirectoryAnswer.answer(try Recordings.directory(name), plan: plan, node: RecordedPlans.node)
    }

    @Test(arguments: [
        "directory-sip_auth-REGISTER", "directory-sip_auth-REGISTER-wrong-password", "directory-sip_auth-INVITE",
        "directory-sip_auth-INVITE-wrong-password", "directory-sip_auth-REGISTER-user-without-params",
        "directory-user_call-from-api-originate",
        "directory-api-user_exists", "variant-xmlcurl-GET-directory", "variant-xmlcurl-auth-any-1",
        "variant-xmlcurl-auth-digest-2", "variant-xmlcurl-enable-post-var-directory",
    ])
    func aUserComesWithACredential(_ name: String) throws {
        let text = try answer(name).text
        let digest = RecordedPlans.digest("1001", "t1.voice.test", "pw-t1-1001")
        #expect(text.contains(#"<domain name="t1.voice.test">"#))
        #expect(text.contains(#"<param name="a1-hash" value="\#(digest)"/>"#))
        #expect(text.contains(#"<param name="allow-empty-password" value="false"/>"#))
        #expect(text.contains(#"<variable name="tenant_id" value="\#(RecordedPlans.first.plan.tenantID)"/>"#))
        #expect(text.contains(#"<variable name="user_context" value="\#(RecordedPlans.first.plan.context)"/>"#))
        #expect(!text.contains("1002") && !text.contains("t2.voice.test"))
    }

    @Test(arguments: [
        ("directory-sip_auth-REGISTER-cross-domain-1", SwitchAnswer.NotFound.otherDomain),
        ("directory-sip_auth-REGISTER-cross-domain-2", .otherDomain),
        ("directory-sip_auth-REGISTER-cross-domain-refused", .otherDomain),
        ("directory-sip_auth-INVITE-from-t1-realm-t2", .otherDomain),
        ("directory-sip_auth-REGISTER-uppercase-domain", .spelling),
        ("directory-sip_auth-REGISTER-unknown-user", .unknownUser),
        ("directory-sip_auth-REGISTER-unknown-domain", .unknownDomain),
        ("directory-user_call-unknown", .unknownUser), ("directory-api-user_exists-unknown", .unknownUser),
    ])
    func refused(_ name: String, reason: SwitchAnswer.NotFound) throws {
        #expect(try answer(name).notFound == reason)
    }

    @Test func theDigestOfTheRecordingIsTheOneOfTheSecret() throws {
        guard case .authentication(let login) = try Recordings.directory("directory-sip_auth-REGISTER").question,
            let proof = login.proof
        else {
            Issue.record("no login")
            return
        }
        let right = RecordedPlans.digest("1001", "t1.voice.test", "pw-t1-1001")
        #expect(PhoneDigest.matches(right, proof, method: login.method))
        #expect(!PhoneDigest.matches(PhoneDigest.md5("1001:t1.voice.test:other"), proof, method: login.method))
    }

    @Test func duringARotationThePhoneGetsTheDigestItKnows() throws {
        let old = RecordedPlans.digest("1001", "t1.voice.test", "pw-t1-1001")
        let new = PhoneDigest.md5("1001:t1.voice.test:new")
        let plan = VoicePlan([changed { $0.with(digests: [new, old]) }])
        let known = try answer("directory-sip_auth-REGISTER", plan: plan).text
        #expect(known.contains(old) && !known.contains(new))
        let unknown = try answer("directory-sip_auth-REGISTER-wrong-password", plan: plan).text
        #expect(unknown.contains(new) && !unknown.contains(old))
        #expect(!known.contains("cacheable"))
    }

    @Test func onlyANodeWithOneDomainMayRemember() throws {
        let alone = try answer("directory-sip_auth-REGISTER", plan: VoicePlan([RecordedPlans.first]))
        #expect(alone.text.contains("cacheable"))
        #expect(try !answer("directory-sip_auth-REGISTER").text.contains("cacheable"))
        // what other instances have is not this node's
        let first: InstanceID = RecordedPlans.id(0x61)
        let node = NodeContext(id: RecordedPlans.id(0xA0), instanceID: first)
        let question = try Recordings.directory("directory-sip_auth-REGISTER")
        var plan = RecordedPlans.both
        #expect(DirectoryAnswer.answer(question, plan: plan, node: node).text.contains("cacheable"))
        plan.set(RecordedPlans.tenant(2, trunk: RecordedPlans.trunkB, instance: first))
        let several = DirectoryAnswer.answer(question, plan: plan, node: node).text
        #expect(several.contains("a1-hash") && !several.contains("cacheable"))
    }

    @Test func aUserWithoutCredentialOrSwitchedOffDoesNotExist() throws {
        let bare = VoicePlan([changed { $0.with(digests: []) }])
        #expect(try answer("directory-sip_auth-REGISTER", plan: bare).notFound == .noCredential)
        #expect(try answer("directory-api-user_exists", plan: bare).notFound == .noCredential)
        let off = VoicePlan([changed { $0.with(isEnabled: false) }])
        #expect(try answer("directory-sip_auth-REGISTER", plan: off).notFound == .disabledUser)
    }

    @Test func groupsAndDomains() throws {
        let group = try answer("directory-group_call").text
        #expect(group.contains(#"id="1001""#) && group.contains(#"id="1002""#))
        let domain = try answer("directory-api-domain_exists").text
        #expect(domain.contains(#"<domain name="t1.voice.test"/>"#))
        #expect(try answer("directory-purpose-network-list").text.contains(#"<domain name="t1.voice.test">"#))
    }

    @Test func gatewaysAreThoseOfTheTrunks() throws {
        let first = try answer("directory-purpose-gateways").text
        #expect(first.contains(#"<gateway name="\#(RecordedPlans.trunkA.id)">"#) && !first.contains("t2.voice"))
        #expect(!first.contains("direction="))
        // a trunk known by address is asked whether it is there, one that registers shows it by that
        let second = try answer("directory-purpose-gateways-all").text.split(separator: "\n")
        #expect(second.count { $0.contains(#"name="ping" value="30""#) } == 1)
        for line in [#"name="ping-min" value="0""#, #"name="ping-monitoring" value="true""#] {
            #expect(first.contains(line))
        }
        // a profile looks for gateways in domain/groups/group/users/user only
        let places = ["<groups>", "<group ", "<users>", "<user ", "<gateways>", "<gateway "].compactMap {
            first.firstRange(of: $0)?.lowerBound
        }
        #expect(places.count == 6 && places == places.sorted())
        let all = try answer("directory-purpose-gateways-all").text
        #expect(all.contains(#"value="trunk &amp; &lt;pw&gt;""#) && all.contains("auto_to_user"))
        #expect(all.contains("t1.voice.test") && all.contains("t2.voice.test"))
        let phones = try answer("directory-purpose-gateways-profile-internal").text
        #expect(phones.contains("t1.voice.test") && !phones.contains("gateway"))
    }

    @Test func aBrokenTrunkTakesNoOtherAway() throws {
        var routing = RecordedPlans.first.plan.routing
        routing.trunks.append(
            Trunk(
                id: RecordedPlans.id(0x59), displayName: "", proxy: "x\"><X-PRE-PROCESS", identification: .address,
                allowedAddresses: [], use: Trunk.Use()))
        let plan = VoicePlan([
            VoicePlan.Entry(revision: "r", plan: TenantPlan(RecordedPlans.first.plan.identity, routing: routing))
        ])
        let text = try answer("directory-purpose-gateways", plan: plan).text
        #expect(text.contains("\(RecordedPlans.trunkA.id)") && !text.uppercased().contains("X-PRE"))
    }

    @Test func aNodeOfAnotherInstanceLearnsNothing() throws {
        let node = NodeContext(id: RecordedPlans.id(0xA1), instanceID: RecordedPlans.id(0x62))
        for name in Recordings.requestNames where name.hasPrefix("directory-") {
            let request = try Recordings.directory(name)
            let text = DirectoryAnswer.answer(request, plan: RecordedPlans.both, node: node).text
            #expect(!text.contains("t1.voice.test"), "\(name)")
        }
    }

    private func changed(_ change: (SIPUser) -> SIPUser) -> VoicePlan.Entry {
        var directory = RecordedPlans.first.plan.directory
        directory.users[0] = change(directory.users[0])
        return VoicePlan.Entry(
            revision: "r", plan: TenantPlan(RecordedPlans.first.plan.identity, directory: directory))
    }
}

extension SIPUser {
    func with(
        digests: [String]? = nil, displayName: String? = nil, isEnabled: Bool? = nil, forward: Forward? = nil
    ) -> SIPUser {
        SIPUser(
            id: id, name: name, digests: digests ?? self.digests, displayName: displayName ?? self.displayName,
            callerNumber: callerNumber, siteID: siteID, isEnabled: isEnabled ?? self.isEnabled,
            forward: forward ?? self.forward)
    }
}
