import Foundation
import Kernel
import Telephony
import Testing
import VoiceRecordings

@testable import Voice

/// What a real FreeSWITCH sent, byte for byte, over a socket into the service.
@Suite(.enabled(if: Recordings.arePresent, "the recordings are not beside the package"))
struct SwitchReplayTests {
    @Test func everyRequestIsAnsweredWith200() async throws {
        try await SwitchWorld.with { world in
            let plan = world.plan
            let node = world.node.context
            try await world.serve { client in
                var found = 0
                for name in Recordings.requestNames where !name.hasPrefix("variant-xmlcurl-auth-") {
                    let answer = try await client.send(try Recordings.bytes(name))
                    #expect(answer.status == 200, "\(name)")
                    #expect(answer.body.hasPrefix("<?xml") && answer.body.contains("freeswitch/xml"), "\(name)")
                    if case .directory(let request)? = try Recordings.parsed(name) {
                        let expected = DirectoryAnswer.answer(request, plan: plan, node: node)
                        #expect(answer.body == expected.text, "\(name)")
                        found += expected.notFound == nil ? 1 : 0
                    }
                }
                #expect(found >= 20)
            }
            let uuids = Set(world.asked.all.map(\.callID))
            #expect(uuids.count >= 20)
            #expect(world.asked.all.allSatisfy { $0.node == world.node.id })
        }
    }

    @Test func attacksAreNotFound() async throws {
        try await SwitchWorld.with { world in
            try await world.serve { client in
                for name in [
                    "directory-sip_auth-REGISTER-cross-domain-1", "directory-sip_auth-REGISTER-cross-domain-2",
                    "directory-sip_auth-INVITE-from-t1-realm-t2", "directory-sip_auth-REGISTER-uppercase-domain",
                ] {
                    let answer = try await client.send(try Recordings.bytes(name))
                    #expect(answer.status == 200 && answer.body == SwitchDocument.notFound, "\(name)")
                }
            }
            func noted(_ tenant: UInt8) -> Set<String> {
                Set(
                    world.refused.list(of: RecordedPlans.id(tenant)).map { login in
                        "\(login.attempt.method) \(login.attempt.reason.rawValue) \(login.attempt.user)"
                    })
            }
            #expect(noted(1) == ["register spelling 1001"])
            #expect(noted(2) == ["register other_domain 1001", "call other_domain 1001"])
        }
    }

    @Test func whoHasNoCredentialsIsChallengedForBothSchemes() async throws {
        try await SwitchWorld.with { world in
            try await world.serve { client in
                for name in ["variant-xmlcurl-auth-any-1", "variant-xmlcurl-auth-digest-1"] {
                    let answer = try await client.send(try Recordings.bytes(name))
                    #expect(answer.status == 401, "\(name)")
                    let challenges = answer.values("www-authenticate")
                    #expect(
                        challenges.count == 2 && challenges[0].hasPrefix("Digest") && challenges[1].hasPrefix("Basic"))
                }
                #expect(try await client.send(try Recordings.bytes("variant-xmlcurl-auth-any-2")).status == 200)
                // a nonce of another server: once more, please
                let stale = try await client.send(try Recordings.bytes("variant-xmlcurl-auth-digest-2"))
                #expect(stale.status == 401 && stale.values("www-authenticate")[0].contains("stale=true"))
                let form = String(decoding: try Recordings.form("variant-xmlcurl-auth-digest-2"), as: UTF8.self)
                let nonce = try #require(
                    stale.values("www-authenticate")[0].firstMatch(of: /nonce="([^"]+)"/)?.output.1)
                for (secret, status) in [("xml-secret", 200), ("cdr-secret", 401), ("", 401)] {
                    let answer = try await client.post(
                        "/fs/xml/directory?a=b", form,
                        authorization: digest(secret, String(nonce), "POST", "/fs/xml/directory?a=b"))
                    #expect(answer.status == status, "\(secret)")
                }
                let moved = try await client.post(
                    "/fs/xml/directory", form, authorization: digest("xml-secret", String(nonce), "POST", "/other"))
                #expect(moved.status == 401)
            }
        }
    }

    @Test func whatWasNotReadYetIsNotMissing() async throws {
        try await SwitchWorld.with { world in
            let header = "Basic \(Data("fs1:xml-secret".utf8).base64EncodedString())"
            try await world.serve(knowing: NodeDirectory(work: world.work)) { client in
                let answer = try await client.post("/fs/xml", "section=other", authorization: header)
                #expect(answer.status == 503)
            }
            try await world.serve(hasPlans: false) { client in
                let answer = try await client.post("/fs/xml", "section=other", authorization: header)
                #expect(answer.status == 503)
            }
        }
    }

    @Test func basicNeedsThePasswordOfThisPurpose() async throws {
        try await SwitchWorld.with { world in
            try await world.serve { client in
                for (user, status) in [
                    ("fs1:xml-secret", 200), ("fs1:cdr-secret", 401), ("fs1:", 401), ("fs2:xml-secret", 401),
                    ("FS1:xml-secret", 401), ("fs1:xml-secret ", 401),
                ] {
                    let header = "Basic \(Data(user.utf8).base64EncodedString())"
                    let answer = try await client.post("/fs/xml", "section=other", authorization: header)
                    #expect(answer.status == status, "\(user)")
                }
                #expect(try await client.post("/fs/xml", "", authorization: "Bearer x").status == 401)
                #expect(try await client.post("/fs/xml", "", authorization: "Basic %%%").status == 401)
            }
        }
    }

    @Test func aBodyThatWaitsForLeaveIsRead() async throws {
        try await SwitchWorld.with { world in
            try await world.serve { client in
                let bytes = try Recordings.bytes("dialplan-pstn-out")
                let end = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)))
                let head = bytes[..<end.lowerBound] + Array("\r\nExpect: 100-continue\r\n\r\n".utf8)
                let (answer, interim) = try await client.send([Array(head), Array(bytes[end.upperBound...])])
                #expect(interim.hasPrefix("HTTP/1.1 100"))
                #expect(answer.status == 200 && answer.body.contains("VOICE_COULD_NOT_ASK"))
            }
        }
    }

    @Test func aFormThatNobodyUnderstandsIsNotFoundAndALongOneRefused() async throws {
        try await SwitchWorld.with { world in
            try await world.serve { client in
                let basic = "Basic \(Data("fs1:xml-secret".utf8).base64EncodedString())"
                for form in ["", "=&=&", "section=", "a=b", "section=directory", "section=dialplan", "%%%"] {
                    let answer = try await client.post("/fs/xml/directory", form, authorization: basic)
                    #expect(answer.status == 200 && answer.body == SwitchDocument.notFound, "\(form)")
                }
                let long = String(repeating: "a=1&", count: 100_000)
                #expect(try await client.post("/fs/xml", long, authorization: basic).status == 413)
            }
        }
    }

    private func digest(_ secret: String, _ nonce: String, _ method: String, _ uri: String) -> String {
        let a1 = NodeCredential(name: "fs1", password: secret).digest
        let response = NodeCredential.md5("\(a1):\(nonce):00000001:c:auth:\(NodeCredential.md5("\(method):\(uri)"))")
        return #"""
            Digest username="fs1", realm="fs", nonce="\#(nonce)", uri="\#(uri)", cnonce="c", nc=00000001, qop=auth, \#
            response="\#(response)", algorithm=MD5
            """#
    }
}
