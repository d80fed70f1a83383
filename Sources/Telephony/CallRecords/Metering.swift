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

extension CallMetering {
    /// The leg that pays is the carrier's: after a blind transfer the first leg ends while that one goes on. A call that
    /// comes in over a carrier and leaves over another has two of them, and both are used. A call without a carrier is
    /// told once, by the leg that nobody else made.
    package init(carrier: CallRecord.Carrier?, callClass: String?, isMadeByAnother: Bool) {
        let direction = callClass.flatMap(Direction.init(rawValue:))
        switch (carrier, direction) {
        case (.some, .emergency): self = .unmetered(.emergency)
        case (.out, _): self = .metered(.outbound)
        case (.in, _): self = .metered(.inbound)
        case (nil, .internal), (nil, nil): self = isMadeByAnother ? .none : .unmetered(.internal)
        case (nil, _): self = .none
        }
    }
}

extension CallRecord {
    package var metering: CallMetering {
        CallMetering(
            carrier: carrier, callClass: marks.callClass, isMadeByAnother: leg.originatingLeg != nil)
    }
}
