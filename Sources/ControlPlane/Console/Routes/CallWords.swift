import Kernel
import Telephony
import Voice
import Web

/// Calls as people say them.
enum CallWords {
    /// `2:14`, `1:02:09`; "–" when nobody answered.
    static func duration(_ milliseconds: Int64) -> String {
        guard milliseconds > 0 else { return DisplayText.nothing }
        let seconds = milliseconds / 1000
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        let tail = twoDigits(seconds % 60)
        return hours > 0 ? "\(hours):\(twoDigits(minutes)):\(tail)" : "\(minutes):\(tail)"
    }

    /// Since `begin`, for a call that goes on: `0:06`.
    static func elapsed(since begin: Timestamp, at now: Timestamp) -> String {
        duration(max(1000, (now.microseconds - begin.microseconds) / 1000))
    }

    /// Minutes to the thousandth, `2.237`, cut off; the exact milliseconds are in the receipt.
    static func minutes(_ milliseconds: Int64) -> String {
        let thousandths = (milliseconds.magnitude * 1000 / 60_000)
        let decimals = "\(1000 + thousandths % 1000)".dropFirst()
        return "\(milliseconds < 0 ? "−" : "")\(DisplayText.count(thousandths / 1000)).\(decimals)"
    }

    /// `134,220 ms (2.237 min)`
    static func exactly(_ milliseconds: Int64) -> String {
        "\(DisplayText.count(milliseconds)) ms (\(minutes(milliseconds)) min)"
    }

    /// The second in Europe/Vienna: `18 Nov 2026, 14:06:12`. Offsets are whole minutes.
    static func second(_ time: Timestamp) -> String {
        let second = (time.microseconds / 1_000_000 % 60 + 60) % 60
        return "\(DisplayText.minute(time)):\(twoDigits(second))"
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    static func direction(_ direction: CallMetering.Direction?) -> String {
        switch direction {
        case .inbound: "Incoming"
        case .outbound: "Outgoing"
        case .internal: "Inside"
        case .emergency: "Emergency"
        case nil: "Part of another leg"
        }
    }

    /// A refused leg went nowhere: it is only known where it came from.
    static func direction(of leg: CallLeg) -> String {
        let isRefused = !leg.outcome.refusal.isEmpty && leg.metering.direction == .internal
        return isRefused ? "From a phone" : direction(leg.metering.direction)
    }

    /// In place of a number that the caller does not show.
    static let withheld = "withheld"

    /// Whose side of the call a leg is.
    static func side(_ side: CallRecord.Leg.Side) -> String {
        switch side {
        case .inbound: "Caller’s leg"
        case .outbound: "Called leg"
        }
    }

    /// FreeSWITCH's name of how a leg ended, in words.
    static func cause(_ name: String) -> String {
        causes[name] ?? DisplayText.words(name.lowercased())
    }

    private static let causes = [
        "NORMAL_CLEARING": "Hung up", "ORIGINATOR_CANCEL": "Caller gave up", "USER_BUSY": "Busy",
        "NO_ANSWER": "No answer", "NO_USER_RESPONSE": "No answer", "PROGRESS_TIMEOUT": "No answer",
        "CALL_REJECTED": "Declined", "UNALLOCATED_NUMBER": "No such number",
        "INVALID_NUMBER_FORMAT": "Not a number", "NUMBER_CHANGED": "The number has changed",
        "ALLOTTED_TIMEOUT": "Granted time was over", "OUTGOING_CALL_BARRED": "Barred",
        "MEDIA_TIMEOUT": "No sound any more", "USER_NOT_REGISTERED": "Phone not registered",
        "SUBSCRIBER_ABSENT": "Not reachable", "NETWORK_OUT_OF_ORDER": "Trunk out of order",
        "DESTINATION_OUT_OF_ORDER": "Destination out of order", "GATEWAY_DOWN": "Trunk not registered",
        "RECOVERY_ON_TIMER_EXPIRE": "Other side did not respond", "LOSE_RACE": "Another phone answered",
        "PICKED_OFF": "Another phone answered", "BLIND_TRANSFER": "Transferred", "ATTENDED_TRANSFER": "Transferred",
        "NORMAL_CIRCUIT_CONGESTION": "No line free", "SWITCH_CONGESTION": "Switch overloaded",
        "EXCHANGE_ROUTING_ERROR": "Routing loop", "NORMAL_TEMPORARY_FAILURE": "Temporary failure",
        "MANAGER_REQUEST": "Ended by an operator", "SYSTEM_SHUTDOWN": "The node was stopped",
        "NORMAL_UNSPECIFIED": "Ended without a reason",
    ]

    /// What became of a leg: a word, its colour, and more where there is more to say.
    static func result(_ leg: CallLeg) -> (word: String, tone: Tone, note: String?) {
        if !leg.outcome.refusal.isEmpty { return ("Refused", .bad, refusal(leg.outcome.refusal)) }
        let note = leg.state.isLate ? "came after the month was final" : nil
        if leg.state.isEstimated { return ("Estimated", .warn, "the node was lost") }
        if leg.times.answered != nil {
            return leg.metering.direction == .emergency ? ("Emergency", .warn, note) : ("Answered", .ok, note)
        }
        return (cause(leg.outcome.cause), .neutral, leg.metering.direction == .emergency ? "emergency" : note)
    }

    /// The sentence of a named reason; the name itself when it is none of ours.
    static func refusal(_ name: String) -> String { RefusalReason(rawValue: name)?.text.sentence ?? name }
}
