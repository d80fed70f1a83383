import FoundationEssentials
import Kernel

/// Reads what mod_json_cdr and mod_xml_cdr post, and what they leave in their error folder, in every encoding that they
/// can be set to. Fields that are not known are ignored.
package enum CallRecordReader {
    /// The longest body that is looked at. Records of real calls have 5 to 30 kB.
    package static let largestBody = 1 << 20

    /// The record of one leg.
    package static func read(_ body: [UInt8]) throws(MalformedRecord) -> CallRecord {
        guard body.count <= largestBody else {
            throw MalformedRecord(.unknownEncoding, "The body has more than \(largestBody) bytes.")
        }
        switch try RecordEnvelope.open(body) {
        case .json(let bytes): return try record(try RecordFields(json: LenientJSON.parse(bytes)))
        case .xml(let bytes): return try record(try RecordFields(xml: LenientXML.parse(bytes)))
        }
    }

    private static func record(_ fields: RecordFields) throws(MalformedRecord) -> CallRecord {
        let leg = try leg(fields)
        let times = try times(fields)
        return CallRecord(
            leg: leg, times: times.times, answeredMicroseconds: times.answeredMicroseconds,
            outcome: CallRecord.Outcome(
                cause: fields["hangup_cause"] ?? "NONE", causeCode: fields.number("hangup_cause_q850"),
                sipStatus: fields.number("sip_invite_failure_status") ?? fields.number("sip_term_status"),
                disposition: fields["sip_hangup_disposition"] ?? "",
                peerCause: fields["last_bridge_hangup_cause"]),
            parties: parties(fields), carrier: CallRecord.Carrier(leg.side) { fields[$0] },
            marks: CallRecord.Marks { fields[$0] },
            transfers: RecordArray.elements(fields["transfer_history"] ?? ""),
            qualityHundredths: fields["rtp_audio_in_mos"].flatMap(hundredths))
    }

    private static func leg(_ fields: RecordFields) throws(MalformedRecord) -> CallRecord.Leg {
        guard let id = fields.uuid("uuid") else {
            throw MalformedRecord(.badLegID, "variables.uuid is missing or no UUID.")
        }
        guard let side = side(fields) else {
            throw MalformedRecord(.badDirection, "The direction is neither inbound nor outbound.")
        }
        return CallRecord.Leg(
            id: id, side: side, coreID: fields.coreID.flatMap { UUID(uuidString: $0) }, switchName: fields.switchName,
            sessionNumber: fields["session_id"].flatMap { Int64($0) },
            originatingLeg: fields.uuid("originating_leg_uuid") ?? fields.uuid("originator"),
            bridgedTo: fields.uuid("bridge_uuid"), sipCallID: fields["sip_call_id"] ?? "")
    }

    private static func side(_ fields: RecordFields) -> CallRecord.Leg.Side? {
        (fields["direction"] ?? fields.direction).flatMap { CallRecord.Leg.Side(rawValue: $0) }
    }

    private static func times(
        _ fields: RecordFields
    ) throws(MalformedRecord) -> (times: CallRecord.Times, answeredMicroseconds: Int64) {
        guard let started = fields.time("start"), let ended = fields.time("end"), started <= ended else {
            throw MalformedRecord(.badTimes, "The start or the end is missing, or the end is before the start.")
        }
        let answered = fields.time("answer")
        let times = CallRecord.Times(
            started: started, answered: answered, ended: ended, ringing: fields.time("progress"),
            earlyMedia: fields.time("progress_media"))
        guard let answered else { return (times, 0) }
        let length = fields["billusec"].flatMap { Int64($0) } ?? ended.microseconds - answered.microseconds
        guard length >= 0, answered <= ended else {
            throw MalformedRecord(.badTimes, "The answered time is negative.")
        }
        // The same clock counts both, so more than a second of difference is a lie or a defect.
        guard length <= ended.microseconds - answered.microseconds + 1_000_000 else {
            throw MalformedRecord(.badTimes, "The answered time is longer than from the answer to the end.")
        }
        return (times, length)
    }

    private static func parties(_ fields: RecordFields) -> CallRecord.Parties {
        let newest = fields.profiles.first
        let oldest = fields.profiles.last
        return CallRecord.Parties(
            authUser: fields["sip_auth_username"], authRealm: fields["sip_auth_realm"],
            callerNumber: oldest?["caller_id_number"]?.text ?? fields["sip_from_user"] ?? "",
            dialled: oldest?["destination_number"]?.text ?? fields["sip_req_user"] ?? fields["sip_to_user"] ?? "",
            destination: newest?["destination_number"]?.text ?? fields["sip_to_user"] ?? "",
            directoryDomain: fields["domain_name"], dialledDomain: fields["dialed_domain"],
            networkAddress: fields["sip_network_ip"] ?? "")
    }

    /// `4.50` becomes 450 without a floating point in between; `nan` becomes nothing.
    private static func hundredths(_ text: String) -> Int? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = Int(parts[0]), (0...5).contains(whole) else { return nil }
        let fraction = parts.count > 1 ? parts[1].prefix(2) : ""
        guard let hundredths = Int(fraction.padding(toTwo: "0")), hundredths >= 0 else { return nil }
        return whole * 100 + hundredths
    }
}

extension Substring {
    fileprivate func padding(toTwo character: Character) -> String {
        String(self) + String(repeating: character, count: Swift.max(0, 2 - count))
    }
}

/// FreeSWITCH's way to put several values into one variable: `ARRAY::one|:two`.
enum RecordArray {
    static func elements(_ text: String) -> [String] {
        guard !text.isEmpty else { return [] }
        guard text.hasPrefix("ARRAY::") else { return [text] }
        return text.dropFirst("ARRAY::".count).split(separator: "|:").map(String.init)
    }
}
