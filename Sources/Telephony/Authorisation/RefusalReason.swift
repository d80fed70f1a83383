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
    case destinationBlocked = "VOICE_DESTINATION_BLOCKED"
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

        fileprivate init(_ sentence: String, _ wayOut: String, _ place: TraceStep.Place) {
            self.sentence = sentence
            self.wayOut = wayOut
            self.place = place
        }
    }

    /// What the caller gets.
    package var answer: Answer {
        switch self {
        case .voiceOff, .tenantInactive, .programWithoutTelephony, .callerDisabled, .destinationDenied,
            .destinationNotAllowed, .destinationBlocked, .destinationTooDear, .limitSequential, .limitDailySpend,
            .allotmentUsed, .poolUsed:
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

    /// The catalogue's entry.
    package var text: Text {
        switch self {
        case .voiceOff: Text("Voice is not switched on for the tenant.", "Switch voice on for the tenant.", .tenant)
        case .tenantInactive: Text("The tenant is not active.", "Resume the tenant.", .tenant)
        case .programWithoutTelephony:
            Text("The program has no telephony.", "Agree a program or an order form with telephony.", .tenant)
        case .callerUnknown:
            Text("The caller is nobody of this tenant.", "Create the user, or mend its domain.", .users)
        case .callerDisabled: Text("The calling user is switched off.", "Switch the user on.", .users)
        case .numberUnreadable:
            Text(
                "The dialled text is no number.", "Dial + and the country code, or the area code with its prefix.",
                .numbers)
        case .extensionUnknown: Text("No user or group has this name.", "Create it, or dial another.", .users)
        case .numberUnknown: Text("The number is not this tenant's.", "Assign the number to the tenant.", .numbers)
        case .wrongTrunk:
            Text(
                "The call came over a trunk that may not carry it.", "Name the right trunk in the number, or none.",
                .trunks)
        case .closed:
            Text("No route of the number is open now.", "Add a route without a schedule as the last one.", .numbers)
        case .targetUnavailable:
            Text("Whom the route names cannot be rung.", "Switch the user on, or change the route.", .numbers)
        case .forwardLoop: Text("Forwards lead in a circle.", "End the chain of forwards.", .users)
        case .destinationUnknown: Text("No such numbers exist.", "Dial the number in full.", .permissions)
        case .destinationDenied:
            Text("A permission denies the destination.", "Change or remove the denial.", .permissions)
        case .destinationNotAllowed:
            Text(
                "Nothing allows the destination.", "Add a permission for it, with an end where it is for a while.",
                .permissions)
        case .destinationBlocked:
            Text(
                "A sign of fraud closed the destination.", "Look at the sign, then open the destination again.", .fraud)
        case .destinationTooDear: Text("The destination costs more than allowed.", "Raise the dearest price.", .limits)
        case .limitConcurrent: Text("Too many calls at the same time.", "Wait, or raise the limit.", .limits)
        case .limitKind: Text("Too many calls to numbers of this kind.", "Wait, or raise the limit.", .limits)
        case .limitNumber:
            Text("Too many calls to this number at the same time.", "Wait, or raise the limit.", .numbers)
        case .limitCallsPerSecond:
            Text("Too many new calls within a second.", "Wait a second, or raise the limit.", .limits)
        case .limitSequential:
            Text("The same number was called too often.", "Wait an hour, or raise the limit.", .limits)
        case .limitDailySpend:
            Text("Today's money is spent.", "Raise the daily bound, or wait until midnight.", .limits)
        case .limitExposure:
            Text("Live calls could cost more than the bound.", "End calls, or raise the bound.", .limits)
        case .allotmentUsed:
            Text(
                "The month's minutes are used up.", "Allow overage, raise the bound, or wait for the month.", .allotment
            )
        case .poolUsed: Text("The partner's pool is used up.", "Ask the partner to raise its pool.", .allotment)
        case .noTrunk: Text("No trunk takes the number.", "Switch on a trunk for these numbers.", .trunks)
        case .trunksDown: Text("Every trunk for the number is down.", "Look at the trunks and their carriers.", .trunks)
        case .noEmergencyTrunk:
            Text(
                "There is no trunk at all.", "Add a trunk for emergency calls, or give the node an emergency proxy.",
                .trunks)
        case .couldNotAsk: Text("Limits and minutes could not be asked.", "Try again; look at the service.", .nodes)
        }
    }
}
