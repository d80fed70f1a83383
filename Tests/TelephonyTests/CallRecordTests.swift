import Foundation
import Kernel
import Testing

@testable import Telephony

/// Every recorded call record, in every encoding.
@Suite(.enabled(if: RecordedFiles.arePresent, "the recordings are not beside the package"))
struct RecordedCallRecordTests {
    static let records = RecordedFiles.names("cdr").filter { $0.hasSuffix(".json") || $0.hasSuffix(".xml") }
    static let requests = RecordedFiles.names("requests").filter { $0.hasPrefix("cdr-") && $0.hasSuffix(".txt") }

    @Test func everyFileIsReadAndAgreesWithTheIndex() throws {
        #expect(Self.records.count > 180)
        let index = try Index()
        var checked = 0
        for name in Self.records {
            let record = try CallRecordReader.read(RecordedFiles.bytes("cdr/\(name)"))
            guard let row = index.row(of: name) else { continue }
            #expect(record.outcome.cause == row["hangup_cause"], "\(name)")
            #expect(record.outcome.disposition == row["sip_hangup_disposition"], "\(name)")
            // billmsec is a difference of two cut-off milliseconds, so it may be one off.
            let difference = record.answeredMilliseconds - (row["billmsec"].flatMap { Int64($0) } ?? -9)
            #expect((-1...1).contains(difference), "\(name)")
            #expect(record.carrier?.gateway ?? "" == row["sip_gateway_name"], "\(name)")
            #expect(record.marks.callClass ?? "" == row["call_class"], "\(name)")
            #expect(record.leg.side == (row["leg"]?.hasPrefix("a") == true ? .inbound : .outbound), "\(name)")
            checked += 1
        }
        #expect(checked > 180)
    }

    /// JSON and XML tell the same facts, however they were encoded.
    @Test func xmlAndJSONOfALegAgree() throws {
        var pairs = 0
        for name in Self.records where name.hasSuffix(".xml") && !name.hasPrefix("err-log-dir") {
            let twin = name.dropLast(4) + ".json"
            guard Self.records.contains(String(twin)) else { continue }
            let xml = try CallRecordReader.read(RecordedFiles.bytes("cdr/\(name)"))
            let json = try CallRecordReader.read(RecordedFiles.bytes("cdr/\(twin)"))
            #expect(xml.leg == json.leg, "\(name)")
            #expect(xml.times == json.times, "\(name)")
            #expect(xml.answeredMicroseconds == json.answeredMicroseconds, "\(name)")
            #expect(xml.outcome == json.outcome, "\(name)")
            #expect(xml.marks == json.marks, "\(name)")
            #expect(xml.carrier == json.carrier, "\(name)")
            #expect(xml.parties == json.parties, "\(name)")
            #expect(xml.transfers == json.transfers, "\(name)")
            pairs += 1
        }
        #expect(pairs > 70)
    }

    @Test func everyPostedBodyIsRead() throws {
        #expect(Self.requests.count == 19)
        for name in Self.requests {
            let body = try RecordedFiles.body("requests/\(name)")
            if name == "cdr-json-auth-digest-1.txt" {
                #expect(body.isEmpty)
                continue
            }
            let record = try CallRecordReader.read(body)
            let head = try RecordedFiles.text("requests/\(name)").prefix(200)
            #expect(head.lowercased().contains(record.leg.id.uuidString.lowercased()), "\(name)")
            #expect(record.times.answered != nil, "\(name)")
            #expect(record.parties.authRealm == "t1.voice.test", "\(name)")
        }
    }

    @Test func lengthsAreMicrosecondsNeverBillsec() throws {
        for name in Self.records {
            let record = try CallRecordReader.read(RecordedFiles.bytes("cdr/\(name)"))
            guard let answered = record.times.answered else {
                #expect(record.answeredMicroseconds == 0)
                continue
            }
            #expect(record.answeredMicroseconds == record.times.ended.microseconds - answered.microseconds)
        }
        let short = try CallRecordReader.read(RecordedFiles.bytes("cdr/utf8-display-name.a.json"))
        #expect(short.answeredMilliseconds == 520)
    }

    @Test func theErrorFolderIsTheBodyItself() throws {
        let json = "cdr/err-log-dir.6455e1a4-8e95-453d-b1a3-11e2c952c865.cdr.json"
        let posted = try CallRecordReader.read(RecordedFiles.bytes("cdr/cdr-json-500-always.a.json"))
        #expect(try CallRecordReader.read(RecordedFiles.bytes(json)) == posted)
        let xml = "cdr/err-log-dir.a_55424c94-6b75-44b3-84ba-580efd35806f.cdr.xml"
        let record = try CallRecordReader.read(RecordedFiles.bytes(xml))
        #expect(record.leg.id == UUID(uuidString: "55424c94-6b75-44b3-84ba-580efd35806f"))
    }

    @Test func repeatedDeliveriesAreTheSameRecord() throws {
        for name in Self.records where name.contains(".try") {
            let first = name.replacing(/\.try\d/, with: "")
            #expect(
                try CallRecordReader.read(RecordedFiles.bytes("cdr/\(name)"))
                    == CallRecordReader.read(RecordedFiles.bytes("cdr/\(first)")), "\(name)")
        }
    }

    @Test func namesThatAreNoUTF8AreReadAsLatin1() throws {
        let bytes = try RecordedFiles.bytes("cdr/latin1-display-name.a.json")
        #expect(String(validating: bytes, as: UTF8.self) == nil)
        let record = try CallRecordReader.read(bytes)
        #expect(record.answeredMilliseconds == 520)
        #expect(record.parties.authUser == "1001")
    }

    /// Fact 8: the carrier's leg is paid for, also after a transfer ended the first one.
    @Test func theLegOfTheCarrierIsMetered() throws {
        func metering(_ name: String) throws -> CallMetering {
            try CallRecordReader.read(RecordedFiles.bytes("cdr/\(name).json")).metering
        }
        #expect(try metering("pstn-out-caller-hangup.b") == .metered(.outbound))
        #expect(try metering("pstn-out-caller-hangup.a") == .none)
        #expect(try metering("inbound-did.a") == .metered(.inbound))
        #expect(try metering("inbound-did.b") == .none)
        #expect(try metering("call-intra-tenant.a") == .unmetered(.internal))
        #expect(try metering("call-intra-tenant.b") == .none)
        #expect(try metering("gateway-failover.b1") == .metered(.outbound))
        #expect(try metering("esl-originate-bgapi.b") == .unmetered(.internal))
    }

    @Test func legsNameWhatTheyBelongTo() throws {
        let first = try CallRecordReader.read(RecordedFiles.bytes("cdr/blind-transfer-refer.a.json"))
        let second = try CallRecordReader.read(RecordedFiles.bytes("cdr/blind-transfer-refer.b.json"))
        #expect(second.leg.originatingLeg == first.leg.id)
        #expect(second.leg.bridgedTo == first.leg.id)
        #expect(first.leg.originatingLeg == nil)
        #expect(second.parties.dialled == "1002")
        #expect(second.parties.destination == "7001")
        #expect(second.transfers.count == 1)
        #expect(second.leg.sessionNumber != nil)
    }

    /// The table of the recordings.
    private struct Index {
        private var rows: [String: [String: String]] = [:]

        init() throws {
            let lines = try RecordedFiles.text("cdr/INDEX.md").split(separator: "\n").filter { $0.hasPrefix("|") }
            let names = Self.cells(lines[0])
            for line in lines.dropFirst(2) {
                let row = Dictionary(zip(names, Self.cells(line)), uniquingKeysWith: { first, _ in first })
                rows["\(row["scenario"] ?? "").\(row["leg"] ?? "")"] = row
            }
        }

        private static func cells(_ line: Substring) -> [String] {
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }

        func row(of file: String) -> [String: String]? {
            let parts = file.split(separator: ".")
            return parts.count >= 3 ? rows["\(parts[0]).\(parts[1])"] : nil
        }
    }
}

/// What nodes do to JSON and to forms, made by hand.
struct CallRecordEncodingTests {
    static func json(_ variables: String, rest: String = "") -> [UInt8] {
        Array(#"{"core-uuid":"x"\#(rest),"variables":{\#(variables)}}"#.utf8)
    }

    static let plain =
        #""uuid":"0f9b0f3e-1111-4222-8333-444455556666","direction":"outbound","start_stamp":"2026-11-21 11:00:00","#
        + #""start_uepoch":"1795259806098922","answer_uepoch":"1795259806798919","end_uepoch":"1795259808338913","#
        + #""billusec":"1539994","hangup_cause":"NORMAL_CLEARING","caller_id":"A+B 100%25""#

    @Test func bareNumbersThatAreNoneAreRead() throws {
        for word in ["nan", "-nan", "inf", "-inf", "NaN", "-nan(ind)", "Infinity"] {
            let record = try CallRecordReader.read(
                Self.json(Self.plain, rest: #","callStats":{"mos":\#(word),"x":[1,\#(word)]}"#))
            #expect(record.answeredMilliseconds == 1540)
        }
    }

    @Test func everyWrappingGivesTheSameRecord() throws {
        let body = Self.json(Self.plain)
        let record = try CallRecordReader.read(body)
        let percent = body.flatMap { byte -> [UInt8] in
            (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7A)
                ? [byte] : Array("%".utf8) + Array((byte < 16 ? "0" : "").utf8) + Array(String(byte, radix: 16).utf8)
        }
        let base64 = Array(Data(body).base64EncodedString().utf8)
        let name = Array("cdr=".utf8)
        for wrapped in [
            name + body, name + percent, percent, name + base64, base64, body + [10], name + base64 + [13, 10],
            [0xEF, 0xBB, 0xBF] + body, name + base64.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 },
        ] {
            #expect(try CallRecordReader.read(wrapped) == record)
        }
    }

    @Test func encodedValuesAreDecodedAndPlainOnesAreNot() throws {
        func caller(_ text: String) throws -> String {
            let fields = try RecordFields(json: LenientJSON.parse(Self.json(text)))
            return fields["caller_id"] ?? ""
        }
        #expect(try caller(Self.plain) == "A+B 100%25")
        let encoded = #""uuid":"0f9b0f3e","start_stamp":"2026-11-21%2011%3A00%3A00","caller_id":"A%2BB%20100%25""#
        #expect(try caller(encoded) == "A+B 100%")
    }

    @Test func theFirstOfTwoNamesWinsAndForeignFieldsDoNothing() throws {
        let record = try CallRecordReader.read(
            Self.json(
                Self.plain
                    + #","uuid":"11111111-1111-4111-8111-111111111111","sip_h_X-Tenant-Id":"t2","a\u0000b":"\ud800""#))
        #expect(record.leg.id == UUID(uuidString: "0f9b0f3e-1111-4222-8333-444455556666"))
        #expect(record.marks.tenant == nil)
    }

    @Test(arguments: [
        ("", MalformedRecord.Reason.empty), ("  \n", .empty), ("cdr=", .unknownEncoding), ("hello?", .unknownEncoding),
        ("{", .brokenJSON), (#"{"variables":{"uuid":"x"}"#, .brokenJSON), ("{}", .noVariables),
        ("[]", .unknownEncoding),
        (#"{"variables":{"uuid":"1"}}"#, .badLegID), ("<cdr>", .brokenXML), ("<cdr><variables/></cdr>", .noVariables),
        ("<html></html>", .brokenXML), ("<!DOCTYPE x><cdr/>", .brokenXML), ("cdr=%7B", .brokenJSON),
        (#"{"variables":{"uuid":"0f9b0f3e-1111-4222-8333-444455556666"}}"#, .badDirection),
        (#"{"variables":{"uuid":"0f9b0f3e-1111-4222-8333-444455556666","direction":"inbound"}}"#, .badTimes),
    ])
    func whatIsNoRecordSaysWhy(body: String, reason: MalformedRecord.Reason) {
        #expect { try CallRecordReader.read(Array(body.utf8)) } throws: { error in
            (error as? MalformedRecord)?.reason == reason
        }
    }

    @Test(arguments: ["9223372036854775807", "2000001", "-1"])
    func noLengthIsLongerThanTheTimes(length: String) {
        let body = #"""
            {"variables":{"uuid":"0f9b0f3e-1111-4222-8333-444455556666","direction":"outbound",
            "start_uepoch":"1795000000000000","answer_uepoch":"1795000001000000","end_uepoch":"1795000002000000",
            "billusec":"\#(length)"}}
            """#
        #expect { try CallRecordReader.read(Array(body.utf8)) } throws: { error in
            (error as? MalformedRecord)?.reason == .badTimes
        }
    }

    /// A hostile or cut body never traps and never takes long.
    @Test func anyDamageIsAnErrorOrARecord() throws {
        var generator = RecordedNoise(state: 7)
        let sources = [
            Self.json(Self.plain),
            Array("<?xml version=\"1.0\"?>\n<cdr a=\"&lt;\"><variables><uuid>x%20</uuid></variables></cdr>".utf8),
        ]
        for _ in 0..<4_000 {
            var body = sources.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let index = Int.random(in: 0..<body.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: body[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: body.removeSubrange(index...)
                default: body.insert(contentsOf: body[..<index], at: index)
                }
                if body.isEmpty { body = [0] }
            }
            _ = try? CallRecordReader.read(body)
        }
        let deep = Array((String(repeating: #"{"a":"#, count: 100_000)).utf8)
        #expect(throws: MalformedRecord.self) { try CallRecordReader.read(deep) }
        let deepXML = Array(String(repeating: "<a>", count: 100_000).utf8)
        #expect(throws: MalformedRecord.self) { try CallRecordReader.read(deepXML) }
    }

    @Test func emergencyIsNeverMetered() throws {
        let gateway = #","sip_gateway_name":"trunk_1","call_class":"emergency""#
        #expect(try CallRecordReader.read(Self.json(Self.plain + gateway)).metering == .unmetered(.emergency))
    }
}

/// SplitMix64: the same numbers in every run.
struct RecordedNoise: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
