import Kernel
import Testing
import VoiceRecordings

@testable import Telephony

/// Every request that a real FreeSWITCH sent is understood as what caused it.
@Suite(.enabled(if: Recordings.arePresent, "the recordings are not beside the package"))
struct RecordedRequestTests {
    @Test func allAreThere() { #expect(Recordings.requestNames.count >= 97) }

    @Test(arguments: Recordings.requestNames)
    func isUnderstood(_ name: String) throws {
        let request = try Recordings.parsed(name)
        // the first request of a digest exchange has no body: it is answered 401 before anybody reads it
        if name == "variant-xmlcurl-auth-digest-1" {
            #expect(request == nil)
            return
        }
        let found = try #require(request, "\(name)")
        switch found {
        case .directory:
            #expect(name.contains("directory") || name.hasPrefix("variant-xmlcurl-auth") || name.hasPrefix("xmlcurl"))
        case .dialplan(let dialplan):
            #expect(name.contains("dialplan") || name == "variant-xmlcurl-dynamic-url")
            #expect(dialplan.leg.uuid.count == 36)
        case .configuration(let configuration):
            #expect(name.contains("configuration"))
            #expect(name.contains(configuration.name))
        case .other: Issue.record("\(name) is none of ours")
        }
    }

    @Test(arguments: [
        ("directory-sip_auth-REGISTER", "REGISTER"), ("directory-sip_auth-INVITE", "INVITE"),
        ("variant-xmlcurl-GET-directory", "REGISTER"), ("variant-xmlcurl-auth-digest-2", "REGISTER"),
        ("variant-xmlcurl-enable-post-var-directory", "REGISTER"),
    ])
    func logins(_ name: String, method: String) throws {
        let request = try Recordings.directory(name)
        guard case .authentication(let login) = request.question else {
            Issue.record("\(request.question)")
            return
        }
        #expect(login.method == method && login.username == "1001" && login.realm == request.domain)
        #expect((login.proof == nil) == name.contains("post-var"))
    }

    @Test(arguments: [
        ("directory-user_call", DirectoryRequest.Question.call(user: "1002")),
        ("directory-user_call-unknown", .call(user: "1009")),
        ("directory-user_call-from-api-originate", .call(user: "1001")),
        ("directory-purpose-gateways", .gateways(profile: "external")),
        ("directory-purpose-gateways-profile-internal", .gateways(profile: "internal")),
        ("directory-purpose-gateways-all", .gateways(profile: "external")),
        ("directory-purpose-network-list", .networkList),
        ("directory-group_call", .group(name: "default")),
        ("directory-api-user_exists", .user(name: "1001")),
        ("directory-api-user_data-param", .user(name: "1001")),
        ("directory-api-domain_exists", .domain), ("directory-api-list_users", .domain),
    ])
    func questions(_ name: String, question: DirectoryRequest.Question) throws {
        let request = try Recordings.directory(name)
        #expect(request.question == question)
        #expect(request.domain == (name.hasSuffix("-all") ? "" : "t1.voice.test"))
    }

    @Test func reloadsAndProfilesOfAConfiguration() throws {
        guard case .configuration(let request)? = try Recordings.parsed("configuration-sofia.conf-rescan") else {
            Issue.record("not a configuration request")
            return
        }
        #expect(request.name == "sofia.conf" && request.profile == "external" && request.isReload)
    }

    @Test(arguments: [
        ("dialplan-internal-call", "1002", "tenant-t1"), ("dialplan-pstn-out", "15551230001", "tenant-t1"),
        ("dialplan-inbound-did", "+155500011001", "public"),
        ("dialplan-inbound-registered-gateway", "+155500021001", "public"),
        ("dialplan-transfer-refer", "7001", "tenant-t1"), ("variant-xmlcurl-GET-dialplan", "7001", "tenant-t1"),
        ("variant-xmlcurl-enable-post-var-dialplan", "7001", "tenant-t1"),
        ("dialplan-latin1-display-name", "7001", "tenant-t1"),
    ])
    func legs(_ name: String, destination: String, context: String) throws {
        let request = try Recordings.dialplan(name)
        #expect(request.destination == destination && request.context == context)
    }

    @Test func aTransferIsToldFromACall() throws {
        let call = try Recordings.dialplan("dialplan-internal-call")
        #expect(call.leg.isInbound && !call.leg.isAnswered && !call.past.isTransferred)
        let refer = try Recordings.dialplan("dialplan-transfer-refer")
        #expect(!refer.leg.isInbound && refer.leg.isAnswered && refer.past.isReferred)
        #expect(refer.identity.authRealm == nil && refer.identity.dialledUser == "1002")
        let limit = try Recordings.dialplan("dialplan-limit-exceeded-transfer")
        #expect(limit.past.isTransferred && !limit.past.isReferred)
    }

    @Test func headersOfAPhoneAreNoFields() throws {
        let name = "directory-sip_auth-REGISTER-x-headers"
        let text = String(decoding: try Recordings.form(name), as: UTF8.self)
        #expect(text.contains("X-Section=evil") && text.contains("X-Tenant-Id=t2"))
        let form = try #require(FormFields(Array("\(text)&section=dialplan&key_value=t2.voice.test".utf8)))
        #expect(form.header.section == "directory" && form.header.keyValue == "t1.voice.test")
    }
}

/// Forms that FreeSWITCH would not send.
@Suite struct FormFieldsTests {
    private func fields(_ text: String) -> FormFields? { FormFields(Array(text.utf8)) }

    @Test func theFirstOfTwoEqualFieldsCounts() throws {
        let form = try #require(
            fields("hostname=a&section=directory&tag_name=domain&key_name=name&key_value=d&user=1&user=2"))
        #expect(form[.user] == "1")
    }

    @Test func aSectionBehindTheFirstFiveIsNone() {
        #expect(fields("a=1&b=2&c=3&d=4&e=5&section=directory") == nil)
        #expect(fields("") == nil)
    }

    @Test func brokenEscapesAndBytesDoNotStopIt() throws {
        let form = try #require(fields("section=directory&user=%4&domain=J%FCrgen%&ip=a+b&action"))
        #expect(form[.user] == "%4" && form[.domain] == "J\u{FFFD}rgen%" && form[.ip] == "a+b" && form[.action] == nil)
    }

    @Test func aFormWithoutEndIsRefused() {
        #expect(fields("section=directory" + String(repeating: "&a=1", count: 3000)) == nil)
    }
}
