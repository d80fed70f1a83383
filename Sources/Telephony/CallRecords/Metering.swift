/// What a leg means for the bill.
package enum CallMetering: Sendable, Hashable {
    /// A carrier's leg: its answered milliseconds are used up.
    case metered(Direction)
    /// Recorded, never billed: internal and emergency calls.
    case unmetered(Direction)
    /// Another leg of the same call speaks for it.
    case none

    /// As the usage event names it.
    package enum Direction: String, Sendable, Hashable, Codable, CaseIterable {
        case inbound, outbound, `internal`, emergency
    }

    package var direction: Direction? {
        switch self {
        case .metered(let direction), .unmetered(let direction): direction
        case .none: nil
        }
    }
}

extension CallRecord {
    /// The leg that pays is the carrier's: after a blind transfer the first leg ends while that one goes on. A call that
    /// comes in over a carrier and leaves over another has two of them, and both are used. A call without a carrier is
    /// told once, by the leg that nobody else made.
    package var metering: CallMetering {
        if let carrier {
            if marks.callClass == CallMetering.Direction.emergency.rawValue { return .unmetered(.emergency) }
            return switch carrier {
            case .out: .metered(.outbound)
            case .in: .metered(.inbound)
            }
        }
        guard leg.originatingLeg == nil else { return .none }
        switch marks.callClass.flatMap(CallMetering.Direction.init(rawValue:)) {
        case .inbound, .outbound, .emergency: return .none
        case .internal, nil: return .unmetered(.internal)
        }
    }
}
