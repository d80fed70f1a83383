import FoundationEssentials
import Telephony

/// What people on the line hear before their call ends: beeps when no more time can be granted, and falling tones shortly
/// before the end; each of them once.
struct Whispers {
    private var warned: Set<UUID> = []
    private var told: Set<UUID> = []

    /// From when on a call is told that it ends.
    static let lastSeconds = 12

    /// What is played for a metered leg that goes on for so long.
    mutating func commands(_ leg: UUID, secondsLeft: Int, _ view: NodeView) -> [EventSocketCommand] {
        let ear = Self.ear(of: leg, view)
        if secondsLeft <= Self.lastSeconds { return told.insert(leg).inserted ? [.broadcast(ear, .ending)] : [] }
        return warned.insert(leg).inserted ? [.broadcast(ear, .warning)] : []
    }

    /// Forgets legs that are gone.
    mutating func keep(only live: Set<UUID>) {
        warned.formIntersection(live)
        told.formIntersection(live)
    }

    /// Metered is the leg to the carrier, and whose minutes end is on the other side of it.
    private static func ear(of leg: UUID, _ view: NodeView) -> UUID {
        guard view.legs[leg]?.carrier != nil, let peer = view.legs[leg]?.peer, let other = view.legs[peer],
            other.ended == nil, other.carrier == nil
        else { return leg }
        return peer
    }
}
