/// Every reason for which a leg is refused. Part of the interface: they stand in call records (`x_refusal`), in the API
/// and in the console, and never change their meaning.
package enum RefusalReason: String, Sendable, Hashable, Codable, CaseIterable {
    case voiceOff = "VOICE_NOT_ENABLED"
    case tenantInactive = "VOICE_TENANT_INACTIVE"
    case programWithoutTelephony = "VOICE_PROGRAM_WITHOUT_TELEPHONY"
    case callerUnknown = "VOICE_CALLER_UNKNOWN"
    case callerDisabled = "VOICE_CALLER_DISABLED"
    case numberUnreadable = "VOICE_NUMBER_UNREADABLE"
    case extensionUnknown = "VOICE_EXTENSION_UNKNOWN"
    case numberUnknown = "VOICE_NUMBER_UNKNOWN"
    case wrongTrunk = "VOICE_WRONG_TRUNK"
    case closed = "VOICE_CLOSED"
    case targetUnavailable = "VOICE_TARGET_UNAVAILABLE"
    case forwardLoop = "VOICE_FORWARD_LOOP"
    case destinationUnknown = "VOICE_DESTINATION_UNKNOWN"
    case destinationDenied = "VOICE_DESTINATION_DENIED"
    case destinationNotAllowed = "VOICE_DESTINATION_NOT_ALLOWED"
    case destinationTooDear = "VOICE_DESTINATION_TOO_DEAR"
    case limitConcurrent = "VOICE_LIMIT_CONCURRENT"
    case limitKind = "VOICE_LIMIT_KIND"
    case limitNumber = "VOICE_LIMIT_NUMBER"
    case limitCallsPerSecond = "VOICE_LIMIT_CALLS_PER_SECOND"
    case limitSequential = "VOICE_LIMIT_SEQUENTIAL"
    case limitDailySpend = "VOICE_LIMIT_DAILY_SPEND"
    case limitExposure = "VOICE_LIMIT_EXPOSURE"
    case allotmentUsed = "VOICE_ALLOTMENT_USED"
    case poolUsed = "VOICE_POOL_USED"
    case noTrunk = "VOICE_NO_TRUNK"
    case trunksDown = "VOICE_TRUNKS_DOWN"
    case noEmergencyTrunk = "VOICE_NO_EMERGENCY_TRUNK"
    case couldNotAsk = "VOICE_COULD_NOT_ASK"

    /// How it reaches the caller: `respond` with this status and phrase where a dialplan refuses, the cause where a leg
    /// is hung up.
    package struct Answer: Sendable, Hashable {
        /// 4xx–6xx.
        package let status: Int
        /// ITU-T Q.850.
        package let cause: Int
        /// FreeSWITCH's name of the cause.
        package let causeName: String
    }

    /// What is shown to a person who looks the reason up.
    package struct Text: Sendable, Hashable {
        package let sentence: String
        package let wayOut: String
        package let place: TraceStep.Place
    }

    package var answer: Answer {
        switch self {
        case .voiceOff, .tenantInactive, .programWithoutTelephony, .callerDisabled, .destinationDenied,
            .destinationNotAllowed, .destinationTooDear, .limitSequential, .limitDailySpend, .allotmentUsed, .poolUsed:
            Answer(status: 403, cause: 52, causeName: "OUTGOING_CALL_BARRED")
        case .callerUnknown, .wrongTrunk: Answer(status: 403, cause: 21, causeName: "CALL_REJECTED")
        case .numberUnreadable: Answer(status: 484, cause: 28, causeName: "INVALID_NUMBER_FORMAT")
        case .extensionUnknown, .numberUnknown, .destinationUnknown:
            Answer(status: 404, cause: 1, causeName: "UNALLOCATED_NUMBER")
        case .closed, .targetUnavailable: Answer(status: 480, cause: 20, causeName: "SUBSCRIBER_ABSENT")
        case .forwardLoop: Answer(status: 482, cause: 25, causeName: "EXCHANGE_ROUTING_ERROR")
        case .limitNumber: Answer(status: 486, cause: 17, causeName: "USER_BUSY")
        case .limitConcurrent, .limitKind, .limitExposure:
            Answer(status: 503, cause: 34, causeName: "NORMAL_CIRCUIT_CONGESTION")
        case .limitCallsPerSecond: Answer(status: 503, cause: 42, causeName: "SWITCH_CONGESTION")
        case .noTrunk, .trunksDown, .noEmergencyTrunk:
            Answer(status: 503, cause: 38, causeName: "NETWORK_OUT_OF_ORDER")
        case .couldNotAsk: Answer(status: 503, cause: 41, causeName: "NORMAL_TEMPORARY_FAILURE")
        }
    }
}
