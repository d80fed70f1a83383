import Kernel

/// One leg that wants to exist: the question that `authorise` answers.
package struct LegRequest: Sendable, Hashable {
    /// Who wants the leg; what a client only claims about itself (From, display name) is never part of it.
    package enum Origin: Sendable, Hashable {
        /// A phone of the tenant, by its digest.
        case user(SIPUserID)
        /// A carrier; `dialled` is the number that it wants, over this trunk where the node knows which.
        case trunk(TrunkID?)
        /// A user's phone did not take a call, which goes on to where the user wants it; the user pays.
        case forward(by: SIPUserID)
        /// A number's own route leads outside; the number pays.
        case number(PhoneNumberID)
        /// A transfer (REFER). The user who transferred pays; `nil` when nobody can be told, then the tenant does, with
        /// the tenant's permissions alone.
        case refer(by: SIPUserID?)
        /// An agent of the platform calls or transfers, for this number.
        case agent(number: PhoneNumberID?)
    }

    /// How far the leg has come.
    package enum Stage: Sendable, Hashable, CaseIterable {
        /// Nobody has answered it.
        case ringing
        /// The same, of a call that came in over a trunk: whatever pass it is answered in meters its own time, too.
        case ringingOverTrunk
        /// It talks, and what earlier passes were granted goes on until its records.
        case answered
    }

    /// The uuid of the leg that is being routed (`Unique-ID`), which is also the first half of a lease's key.
    package let callID: String
    package let origin: Origin
    /// As it was dialled: an extension, a national number, E.164, a group, an emergency number.
    package let dialled: String
    package let now: Timestamp
    /// The node that asks; `nil` in a dry run.
    package let node: VoiceNodeID?
    package var stage = Stage.ringing
    /// Whether the node has a carrier of its own for emergency calls.
    package var hasEmergencyCarrier = false

    package init(callID: String, origin: Origin, dialled: String, now: Timestamp, node: VoiceNodeID? = nil) {
        self.callID = callID
        self.origin = origin
        self.dialled = dialled
        self.now = now
        self.node = node
    }
}

/// What is true of the tenant at this moment. What could not be asked is `nil`, which never means none: then emergency
/// and internal calls go on, calls of low risk get a grace where no bound could be passed by it, all others are refused.
package struct Standing: Sendable, Hashable {
    /// Counted from live leases, never from counters.
    package struct Counts: Sendable, Hashable {
        /// Calls over trunks, both directions.
        package var calls = 0
        package var callsByKind: [DestinationKind: Int] = [:]
        package var inboundByNumber: [PhoneNumberID: Int] = [:]
        /// Outbound calls begun within the last second.
        package var callsWithinSecond = 0
        /// Outbound calls begun within the last hour, by the number called; only the number that is asked about counts.
        package var callsWithinHour: [E164: Int] = [:]

        package init() {}
    }

    /// The month's bucket and the money.
    package struct Usage: Sendable, Hashable {
        /// Settled answered time of the month.
        package var usedMilliseconds: Int64 = 0
        /// Granted to live legs and not settled.
        package var reservedMilliseconds: Int64 = 0
        /// What outbound calls beyond the included minutes cost today (Europe/Vienna), in millionths of a euro.
        package var spentTodayMicros: Int64 = 0
        /// What the partner's pool still has; `nil` where there is no pool.
        package var poolLeftMilliseconds: Int64?

        package init() {}
    }

    /// Legs that were let go on while nobody could be asked, and that may still last. No lease speaks for them.
    package struct Graces: Sendable, Hashable {
        package var legs = 0
        /// What all of them together may last.
        package var milliseconds: Int64 = 0

        package init() {}
    }

    package var counts: Counts?
    package var usage: Usage?
    package var graces = Graces()
    /// Trunks that a node reported as not usable; a trunk about which nothing is known counts as usable.
    package var trunksDown: Set<TrunkID> = []
    /// When the tenant first had voice; young tenants get shorter slices. `nil` when not known.
    package var voiceSince: Timestamp?

    package init(counts: Counts? = Counts(), usage: Usage? = Usage()) {
        self.counts = counts
        self.usage = usage
    }

    /// Nothing could be asked: the database is away, or there is none beside this node.
    package static let unknown = Standing(counts: nil, usage: nil)
}
