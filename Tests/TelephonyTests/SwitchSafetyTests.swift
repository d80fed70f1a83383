import Foundation
import Kernel
import Testing
import VoiceRecordings

@testable import Telephony

/// Whatever people type, a node gets a document and no instruction.
@Suite struct SwitchSafetyTests {
    private static let nasty = [
        "<X-PRE-PROCESS cmd=\"exec\" data=\"id\"/>", "x-pre-process", "X-pRe-PROcess", "$${domain}", "${system(id)}",
        "a<?xml b", "<?", "line\nfeed", "tab\tand\0nul", "Jürgen „Chef“ O'Brien, GmbH", "]]>", "&amp;\"'<>", "%s%n",
        "$$", "{a=b}x", "[leg_timeout=1]", "|,:_:", "\u{202E}evil", "$$${x}",
    ]

    /// Random texts out of pieces that mean something to FreeSWITCH.
    private func texts(_ count: Int) -> [String] {
        var state: UInt64 = 42
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let pieces = Self.nasty + ["$", "{", "}", "<", "?", "-", "x", "pre", "process", "1", " ", "é", "\u{7F}"]
        return (0..<count).map { _ in
            (0...next() % 8).map { _ in pieces[Int(next() % UInt64(pieces.count))] }.joined()
        }
    }

    private func expectHarmless(_ text: String, _ cause: String) {
        for line in text.split(separator: "\n").dropFirst() {
            #expect(!line.contains("<?") && !line.contains("$${"), "\(cause.debugDescription)")
            #expect(line.lowercased().firstRange(of: "x-pre-process") == nil, "\(cause.debugDescription)")
            #expect(
                line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "\(cause.debugDescription)")
            #expect(line.split(separator: "<").count <= 2, "one element a line")
        }
    }

    @Test func noTextOfAUserOrATrunkIsAnInstruction() throws {
        for text in texts(1000) {
            var directory = TenantPlan.Directory()
            directory.users = [
                SIPUser(
                    id: RecordedPlans.user(1, 1001), name: "1001", digests: ["0123456789abcdef"], displayName: text,
                    callerNumber: nil, siteID: nil)
            ]
            var routing = TenantPlan.Routing()
            routing.trunks = [
                Trunk(
                    id: RecordedPlans.trunkB.id, displayName: text, proxy: text,
                    identification: .registration(username: text, secret: text, realm: text),
                    allowedAddresses: [text], use: Trunk.Use()), RecordedPlans.trunkA,
            ]
            let plan = VoicePlan([
                VoicePlan.Entry(
                    revision: "r",
                    plan: TenantPlan(RecordedPlans.first.plan.identity, directory: directory, routing: routing))
            ])
            for form in [
                "section=directory&tag_name=domain&key_name=name&key_value=t1.voice.test&user=1001",
                "section=directory&tag_name=&key_name=&key_value=&purpose=gateways&profile=external",
            ] {
                guard case .directory(let request)? = FormFields(Array(form.utf8)).flatMap({ SwitchRequest($0) }) else {
                    Issue.record("\(form)")
                    return
                }
                let answer = DirectoryAnswer.answer(request, plan: plan, node: RecordedPlans.node)
                #expect(answer.notFound == nil, "\(text.debugDescription)")
                expectHarmless(answer.text, text)
                #expect(!answer.text.contains("${system"))
            }
        }
    }

    @Test func argumentsTakeWordsAlone() {
        for text in texts(1000) {
            let argument: ApplicationArgument = "transfer \(word: text) XML"
            let isWord =
                !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._+@:-".contains($0)) }
            #expect((argument.text != nil) == isWord, "\(text.debugDescription)")
        }
        #expect(ApplicationArgument.joined(["a", "\(word: "b|c")"], by: "|").text == nil)
        let reference: ApplicationArgument = "effective_caller_id_name=\(ApplicationArgument.Variable.callerNumber)"
        #expect(reference.text == "effective_caller_id_name=${caller_id_number}")
    }

    @Test func aRequestsOwnNamesAreNotRepeated() {
        for text in texts(300) {
            let escaped = text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let form =
                "section=dialplan&Unique-ID=\(escaped)&Hunt-Context=\(escaped)&Hunt-Destination-Number=\(escaped)"
            guard case .dialplan(let request)? = FormFields(Array(form.utf8)).flatMap({ SwitchRequest($0) }) else {
                continue
            }
            let answer = DialplanAnswer.answer(
                Decision(.refuse(Refusal(.numberUnreadable, text)), trace: []), to: request, entry: RecordedPlans.first,
                node: RecordedPlans.node)
            expectHarmless(answer.text, text)
        }
    }

    @Test func valuesThatCannotBeWrittenStopTheDocument() {
        for value in [
            SwitchValue.exact("a$${b}"), .exact("a\nb"), .word("a b"), .word(""), .globals("$${x}"), "X-PRE-PROCESS",
        ] {
            #expect(throws: SwitchDocument.UnsafeValue.self) {
                try SwitchDocument(.directory, [SwitchElement("domain", ["name": value])]).text()
            }
        }
        #expect(throws: SwitchDocument.UnsafeValue.self) {
            try SwitchDocument(.directory, [SwitchElement("X-PRE-PROCESS")]).text()
        }
    }

    @Test func namesOfPeopleStayReadable() {
        #expect(FreeText.harmless("Jürgen O'Brien-Müller (Büro)") == "Jürgen O’Brien-Müller (Büro)")
        #expect(FreeText.harmless("a, b{c}=d") == "a b c d")
        #expect(FreeText.harmless(String(repeating: "x", count: 200)).count == 80)
    }

    @Test func theDeclarationHasALineOfItsOwn() throws {
        let text = try SwitchDocument(.directory, [SwitchElement("domain", ["name": "a"])]).text()
        #expect(
            text == """
                <?xml version="1.0" encoding="UTF-8" standalone="no"?>
                <document type="freeswitch/xml">
                  <section name="directory">
                    <domain name="a"/>
                  </section>
                </document>

                """)
    }
}

@Suite struct AddressBlockTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.8", false), ("192.0.2.0/31", "192.0.2.1", true),
        ("2001:db8::/32", "2001:db8:1::5", true),
        ("2001:db8::/32", "2001:db9::1", false), ("::1", "::1", true), ("0.0.0.0/0", "::1", false),
        ("::ffff:192.0.2.1", "::ffff:c000:201", true), ("10.0.0.0/8", "10.0.0.1 ", false),
    ])
    func contains(_ block: String, address: String, isInside: Bool) throws {
        #expect(try #require(AddressBlock(block)).contains(address) == isInside)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.1.2.0/24", true), ("10.1.2.3", "10.1.2.0/24", true), ("10.1.3.0/24", "10.1.2.0/24", false),
        ("0.0.0.0/0", "192.0.2.7", true), ("0.0.0.0/0", "::/0", false), ("2001:db8::/32", "2001:db8:1::/48", true),
        ("2001:db8::/48", "2001:db8:1::/48", false),
    ])
    func overlaps(_ one: String, other: String, areBoth: Bool) throws {
        let (one, other) = (try #require(AddressBlock(one)), try #require(AddressBlock(other)))
        #expect(one.overlaps(other) == areBoth && other.overlaps(one) == areBoth)
    }

    @Test(arguments: [
        "", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "10.0.0.256", "010.0.0.1", "a.b.c.d", "::1/129", "1:2:3:4:5:6:7:8:9",
        ":::", "1::2::3", "10.0.0.0/8/8", "10.0.0.0/+8", "fe80::1%eth0", "2001:db8::1/32", "1.2.3.4::",
    ])
    func isNone(_ text: String) { #expect(AddressBlock(text) == nil) }
}
