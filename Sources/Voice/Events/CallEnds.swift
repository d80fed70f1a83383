import FoundationEssentials
import Kernel
import Telephony

/// Moves the ends of calls at their node. A node keeps a timer for each leg and the first that runs out ends the call, so
/// the leg that is renewed takes along the one that talks with it, unless that one has a lease of its own.
struct CallEnds {
    private var whispers = Whispers()
    /// Renewed legs that nobody talked with at that moment, and when they end.
    private var alone: [UUID: Timestamp] = [:]

    /// Forgets legs that are gone.
    mutating func keep(only live: Set<UUID>) {
        whispers.keep(only: live)
        alone = alone.filter { live.contains($0.key) }
    }

    /// What the node is told.
    mutating func commands(
        for renewals: [LegRenewal], in view: NodeView, at now: Timestamp
    ) -> [EventSocketCommand] {
        var commands = late(view, at: now)
        for renewal in renewals {
            // somebody was transferred to one, and the minutes of the way there are counted on
            if view.isEmergency(renewal.leg) {
                commands.append(.cancelEnd(renewal.leg))
                continue
            }
            switch renewal.action {
            case .extend(let seconds): commands += move(renewal.leg, seconds, view, at: now)
            case .announceEnd(let seconds):
                commands +=
                    whispers.commands(renewal.leg, secondsLeft: seconds, view)
                    + move(renewal.leg, seconds, view, at: now)
            case .end(let cause): commands.append(.kill(renewal.leg, cause))
            }
        }
        return commands
    }

    private mutating func move(
        _ leg: UUID, _ seconds: Int, _ view: NodeView, at now: Timestamp
    ) -> [EventSocketCommand] {
        let partner = view.partner(of: leg)
        alone[leg] = partner == nil ? now.advanced(by: .seconds(seconds)) : nil
        return EventSocketCommand.reschedule(leg, seconds: seconds, .allottedTimeout) + Self.follow(partner, seconds)
    }

    /// The node tells of a call's two answers one after the other: whoever came behind a renewal gets its end now.
    private mutating func late(_ view: NodeView, at now: Timestamp) -> [EventSocketCommand] {
        alone.sorted { $0.value < $1.value }.flatMap { leg, end -> [EventSocketCommand] in
            guard let partner = view.partner(of: leg) else { return [] }
            alone[leg] = nil
            return Self.follow(partner, Int((end.microseconds - now.microseconds) / 1_000_000))
        }
    }

    private static func follow(_ partner: LiveLeg?, _ seconds: Int) -> [EventSocketCommand] {
        guard let partner, partner.marks.leaseID == nil else { return [] }
        return EventSocketCommand.reschedule(partner.id, seconds: seconds, .allottedTimeout)
    }
}
