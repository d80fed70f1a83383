import Foundation
import Kernel
import Telephony

/// What a real FreeSWITCH sends, with the names of the world in place of the recorded ones.
struct SwitchForms: Sendable {
    private let registration: FormTemplate
    private let dialplan: FormTemplate
    private let carrierLeg: FormTemplate
    private let world: VoiceWorld

    /// `nil` when the recordings are not beside the package.
    init?(_ world: VoiceWorld) {
        guard let registration = Self.body("requests/directory-sip_auth-REGISTER.txt"),
            let dialplan = Self.body("requests/dialplan-pstn-out.txt"),
            let record = Self.text("cdr/pstn-out-caller-hangup.b.json")
        else { return nil }
        self.world = world
        self.registration = FormTemplate(registration, ["t1.voice.test", "1001"])
        self.dialplan = FormTemplate(
            dialplan,
            [
                "t1.voice.test", "=1001&", "15551230001", "variable_tenant_id=t1&", "tenant-t1",
                "5606b867-9880-4e16-b009-343b288cab3e",
            ])
        carrierLeg = FormTemplate(
            record,
            [
                "13c0d6c4-a32b-44fa-9a4c-def2d9493f77", Self.member("originating_leg_uuid", record),
                #""tenant_id":"t1""#, "t1-carrier-a", Self.member("start_uepoch", record),
                Self.member("answer_uepoch", record), Self.member("end_uepoch", record),
                Self.member("billusec", record), #""variables":{"#,
            ])
    }

    /// A phone that registers.
    func register(_ tenant: Int, user: Int) -> [UInt8] {
        registration.filled([world.domain(tenant), "\(1000 + user)"])
    }

    /// A phone that calls an extension or a number.
    func call(_ tenant: Int, user: Int, _ dialled: String) -> [UInt8] {
        let id = world.tenants[tenant]
        return dialplan.filled([
            world.domain(tenant), "=\(1000 + user)&", dialled, "variable_tenant_id=\(id)&", "tenant-\(id)",
            UUID().uuidString.lowercased(),
        ])
    }

    /// The record of a new leg to a carrier that was answered for `seconds` and ended just now.
    func record(_ tenant: Int, seconds: Int64, at now: Timestamp) -> [UInt8] {
        let answered = now.microseconds - seconds * 1_000_000
        let first = UUID().uuidString.lowercased()
        return carrierLeg.filled([
            UUID().uuidString.lowercased(), #""originating_leg_uuid":"\#(first)""#,
            #""tenant_id":"\#(world.tenants[tenant])""#, "\(TrunkID(world.tenants[tenant].uuid))",
            #""start_uepoch":"\#(answered - 4_000_000)""#, #""answer_uepoch":"\#(answered)""#,
            #""end_uepoch":"\#(now.microseconds)""#, #""billusec":"\#(seconds * 1_000_000)""#,
            // what the answer of the dialplan put on the call
            #""variables":{"x_call_id":"\#(first)","#,
        ])
    }

    private static func text(_ path: String) -> String? {
        try? String(contentsOfFile: "../shared/fixtures/freeswitch/\(path)", encoding: .utf8)
    }

    private static func body(_ path: String) -> String? {
        text(path).flatMap { text in text.range(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } }
    }

    /// A member of a record as it is written.
    private static func member(_ name: String, _ record: String) -> String {
        guard let start = record.range(of: "\"\(name)\":\""),
            let end = record.range(of: "\"", range: start.upperBound..<record.endIndex)
        else { return name }
        return String(record[start.lowerBound..<end.upperBound])
    }
}

/// A text in which marks are exchanged thousands of times.
struct FormTemplate: Sendable {
    private struct Piece {
        let bytes: [UInt8]
        /// The mark that follows.
        let mark: Int?
    }

    private let pieces: [Piece]

    init(_ text: String, _ marks: [String]) {
        var pieces: [Piece] = []
        var rest = text[...]
        while true {
            let found = marks.indices.compactMap { index in rest.range(of: marks[index]).map { (index, $0) } }
                .min { $0.1.lowerBound < $1.1.lowerBound }
            guard let (mark, range) = found else { break }
            pieces.append(Piece(bytes: Array(rest[..<range.lowerBound].utf8), mark: mark))
            rest = rest[range.upperBound...]
        }
        self.pieces = pieces + [Piece(bytes: Array(rest.utf8), mark: nil)]
    }

    func filled(_ values: [String]) -> [UInt8] {
        pieces.reduce(into: []) { bytes, piece in
            bytes += piece.bytes
            if let mark = piece.mark { bytes += values[mark].utf8 }
        }
    }
}
