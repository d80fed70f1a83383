import Kernel
import Telephony

/// Calls as comma-separated values (RFC 4180, UTF-8): a heading, then one line a leg.
struct CallTable {
    private(set) var bytes: [UInt8] = []

    /// Named as in the API.
    static let columns = [
        "leg_id", "call_id", "tenant_id", "started_at", "answered_at", "ended_at", "direction", "is_metered",
        "milliseconds",
        "caller",
        "dialled", "destination", "sip_user", "cause", "sip_status", "refusal", "gateway", "is_estimated", "is_late",
    ]

    init() { add(Self.columns) }

    mutating func add(_ leg: CallLeg) {
        let isMetered = if case .metered = leg.metering { true } else { false }
        add([
            "\(leg.identity.id)", "\(leg.identity.callID)", "\(leg.identity.tenantID)", "\(leg.times.started)",
            leg.times.answered.map { "\($0)" } ?? "", "\(leg.times.ended)", leg.metering.direction?.rawValue ?? "",
            "\(isMetered)", "\(leg.times.milliseconds)", Self.inert(leg.parties.caller),
            Self.inert(leg.parties.dialled),
            Self.inert(leg.parties.destination), Self.inert(leg.parties.sipUser), Self.inert(leg.outcome.cause),
            leg.outcome.sipStatus.map { "\($0)" } ?? "", leg.outcome.refusal, Self.inert(leg.origin.gateway),
            "\(leg.state.isEstimated)", "\(leg.state.isLate)",
        ])
    }

    private mutating func add(_ fields: [String]) {
        bytes += fields.map(Self.quoted).joined(separator: ",").utf8
        bytes += "\r\n".utf8
    }

    /// A caller chooses what stands for its number. A spreadsheet takes text that begins like a formula for one, so that
    /// gets an apostrophe; numbers stay as they are.
    private static func inert(_ text: String) -> String {
        guard let first = text.unicodeScalars.first, "=+-@\t\r\n".unicodeScalars.contains(first) else { return text }
        let isNumber = first == "+" && text.dropFirst().allSatisfy { ("0"..."9").contains($0) || $0 == "•" }
        return isNumber ? text : "'\(text)"
    }

    private static func quoted(_ field: String) -> String {
        let isPlain = !field.unicodeScalars.contains { "\",\r\n".unicodeScalars.contains($0) }
        return isPlain ? field : "\"\(field.replacing("\"", with: "\"\""))\""
    }
}
