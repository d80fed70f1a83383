import FoundationEssentials
import Kernel

/// A leg that is up now.
package struct LiveLeg: Sendable, Hashable {
    package let id: UUID
    package let side: CallRecord.Leg.Side
    package let started: Timestamp
    package internal(set) var answered: Timestamp?
    /// When it was hung up; it is kept until its record was posted.
    package internal(set) var ended: Timestamp?
    package internal(set) var peer: UUID?
    package internal(set) var originatingLeg: UUID?
    package internal(set) var sessionNumber: Int64?
    package internal(set) var caller: String
    package internal(set) var destination: String
    /// `nil` for a leg to a phone or an agent.
    package internal(set) var carrier: CallRecord.Carrier?
    /// What our answers put on it so far; after a reconnect empty until the leg was asked for.
    package internal(set) var marks: CallRecord.Marks
}

extension LiveLeg {
    /// What it means for the bill, as far as is known by now.
    package var metering: CallMetering {
        CallMetering(carrier: carrier, callClass: marks.callClass, isMadeByAnother: originatingLeg != nil)
    }
}

/// A phone that a node can reach.
package struct LiveRegistration: Sendable, Hashable {
    /// The address under which it is stored: what is called.
    package struct Address: Sendable, Hashable {
        package let user: String
        package let domain: String
    }

    package let address: Address
    package let contact: String
    package let networkAddress: String
    package let networkPort: Int?
    package let userAgent: String
    package let expires: Timestamp?
}

/// What a node's own words say about it: the legs, the registrations, the gateways. Pure: events go in, changes come out.
package struct NodeView: Sendable {
    package internal(set) var coreID: UUID?
    package internal(set) var legs: [UUID: LiveLeg] = [:]
    package internal(set) var registrations: [LiveRegistration.Address: LiveRegistration] = [:]
    /// `NOREG`, `REGED`, `FAIL_WAIT`… by the gateway's name; `UP` and `DOWN` for one that does not register and has ever
    /// answered OPTIONS.
    package internal(set) var gateways: [String: String] = [:]
    package internal(set) var heartbeat: Heartbeat?
    /// When the node last said anything, by its own clock.
    package internal(set) var heardAt: Timestamp?

    /// What a node says of itself every 20 seconds.
    package struct Heartbeat: Sendable, Hashable {
        package let at: Timestamp
        package let sessions: Int
        package let sessionsSinceStart: Int64
        package let version: String
    }

    /// What somebody may have to do something about.
    package enum Change: Sendable, Hashable {
        case appeared(LiveLeg)
        /// A tenant, a lease or a class became known, or the leg was answered.
        case updated(LiveLeg)
        case ended(LiveLeg)
        /// Nobody saw the end of these legs; `ended` is the last sign of life before. After a crash they have no record.
        case lost([LiveLeg])
        /// A phone is registered under a domain that did not check its password.
        case hijacked(LiveRegistration, realm: String)
        /// A phone had the wrong secret, or a user that we did not give to the node.
        case refused(RefusedLogin)
        case heartbeat(Heartbeat)
        case shuttingDown
    }

    /// A login that the node refused, by the address of the request: of a call that is the one who is called.
    package struct RefusedLogin: Sendable, Hashable {
        /// `REGISTER` or `INVITE`.
        package let method: String
        package let user: String
        package let domain: String
        package let networkAddress: String
    }

    package init() {}

    /// Who talks with a leg: the one that it is joined with, else the one that made it; `nil` while that one is not answered.
    package func partner(of id: UUID) -> LiveLeg? {
        guard let leg = legs[id] else { return nil }
        return [leg.peer, leg.originatingLeg].lazy.compactMap { $0 }.compactMap { legs[$0] }
            .first { $0.answered != nil && $0.ended == nil }
    }

    /// Whether a leg has to do with an emergency call, which nothing ends but its parties.
    package func isEmergency(_ id: UUID) -> Bool {
        let (call, peer) = (CallRoute.CallClass.emergency.rawValue, legs[id]?.peer)
        return legs[id]?.marks.callClass == call || peer.flatMap { legs[$0] }?.marks.callClass == call
    }

    /// Takes over one event.
    package mutating func apply(_ event: SwitchEvent) -> [Change] {
        var changes = noticeCore(event.coreID)
        heardAt = event.date ?? heardAt
        switch event.name {
        case "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE", "CHANNEL_DESTROY": changes += end(event)
        case _ where event.name.hasPrefix("CHANNEL_"): changes += update(event)
        case "HEARTBEAT": changes += beat(event)
        case "SHUTDOWN": changes.append(.shuttingDown)
        case "CUSTOM": changes += custom(event)
        default: break
        }
        return changes
    }

    /// After a (re)connect: what the node says now is true, and what it does not name ended meanwhile. Returns also the
    /// legs that have to be asked for their variables.
    package mutating func resync(
        channels: [SwitchTables.Channel], at now: Timestamp
    ) -> (changes: [Change], unknown: [UUID]) {
        let present = Set(channels.map(\.id))
        var changes = lose { !present.contains($0) }
        var unknown: [UUID] = []
        for channel in channels where legs[channel.id] == nil {
            let leg = LiveLeg(
                id: channel.id, side: channel.side, started: channel.created ?? now, caller: channel.caller,
                destination: channel.destination, marks: CallRecord.Marks { _ in nil })
            legs[channel.id] = leg
            unknown.append(channel.id)
            changes.append(.appeared(leg))
        }
        return (changes, unknown)
    }

    package mutating func resync(registrations rows: [SwitchTables.Registration]) {
        var kept: [LiveRegistration.Address: LiveRegistration] = [:]
        for row in rows {
            let address = LiveRegistration.Address(user: row.user, domain: row.realm)
            kept[address] = LiveRegistration(
                address: address, contact: row.contact, networkAddress: row.networkAddress,
                networkPort: row.networkPort, userAgent: registrations[address]?.userAgent ?? "",
                expires: row.expires)
        }
        registrations = kept
    }

    /// The table does not say what came of OPTIONS: that stays until the next answer.
    package mutating func resync(gateways states: [String: String]) {
        let known = gateways
        gateways = states
        for (name, state) in known where Self.reached.contains(state) && states[name] == "NOREG" {
            gateways[name] = state
        }
    }

    /// Another run of the node: what it carried is gone.
    package mutating func noticeCore(_ core: UUID?) -> [Change] {
        guard let core, core != coreID else { return [] }
        defer { coreID = core }
        guard coreID != nil else { return [] }
        gateways = [:]
        return lose { _ in true }
    }

    private mutating func lose(_ isGone: (UUID) -> Bool) -> [Change] {
        let gone = legs.values.filter { isGone($0.id) }.sorted { $0.started < $1.started }
        for leg in gone { legs[leg.id] = nil }
        let lost = gone.filter { $0.ended == nil }.map { leg in
            var leg = leg
            leg.ended = max(leg.started, heardAt ?? leg.started)
            return leg
        }
        return lost.isEmpty ? [] : [.lost(lost)]
    }

    // MARK: Legs

    private mutating func update(_ event: SwitchEvent) -> [Change] {
        guard let id = event.uuid("Unique-ID"),
            let side = event["Call-Direction"].flatMap({ CallRecord.Leg.Side(rawValue: $0) })
        else { return [] }
        let old = legs[id]
        var leg =
            old
            ?? LiveLeg(
                id: id, side: side,
                started: event.time("Caller-Channel-Created-Time") ?? event.date ?? Timestamp(microseconds: 0),
                caller: "", destination: "", marks: CallRecord.Marks { _ in nil })
        leg.answered = event.time("Caller-Channel-Answered-Time") ?? leg.answered
        leg.peer = event.name == "CHANNEL_UNBRIDGE" ? nil : event.uuid("Other-Leg-Unique-ID") ?? leg.peer
        leg.originatingLeg = event.uuid("variable_originating_leg_uuid") ?? leg.originatingLeg
        leg.sessionNumber = event.variable("session_id").flatMap { Int64($0) } ?? leg.sessionNumber
        leg.caller = event["Caller-Caller-ID-Number"] ?? leg.caller
        leg.destination = event["Caller-Destination-Number"] ?? leg.destination
        leg.carrier = CallRecord.Carrier(leg.side) { event.variable($0) } ?? leg.carrier
        let known = leg.marks
        leg.marks = CallRecord.Marks { event.variable($0) ?? known[$0] }
        legs[id] = leg
        join(event)
        if old == nil { return [.appeared(leg)] }
        return old == leg ? [] : [.updated(leg)]
    }

    /// Only one of the two tells of it.
    private mutating func join(_ event: SwitchEvent) {
        guard event.name == "CHANNEL_BRIDGE", let a = event.uuid("Bridge-A-Unique-ID"),
            let b = event.uuid("Bridge-B-Unique-ID")
        else { return }
        legs[a]?.peer = b
        legs[b]?.peer = a
    }

    private mutating func end(_ event: SwitchEvent) -> [Change] {
        guard let id = event.uuid("Unique-ID") else { return [] }
        if event.name == "CHANNEL_HANGUP_COMPLETE", legs[id]?.ended == nil { _ = update(event) }
        let ended = event.time("Caller-Channel-Hangup-Time") ?? event.date ?? Timestamp(microseconds: 0)
        let changes = end(id, at: ended)
        if event.name == "CHANNEL_DESTROY" { legs[id] = nil }
        return changes
    }

    private mutating func end(_ id: UUID, at time: Timestamp) -> [Change] {
        guard var leg = legs[id], leg.ended == nil else { return [] }
        leg.ended = time
        legs[id] = leg
        return [.ended(leg)]
    }

    // MARK: Node

    private mutating func beat(_ event: SwitchEvent) -> [Change] {
        let beat = Heartbeat(
            at: event.date ?? Timestamp(microseconds: 0), sessions: event["Session-Count"].flatMap { Int($0) } ?? 0,
            sessionsSinceStart: event["Session-Since-Startup"].flatMap { Int64($0) } ?? 0,
            version: event["FreeSWITCH-Version"] ?? "")
        heartbeat = beat
        return [.heartbeat(beat)]
    }

    private mutating func custom(_ event: SwitchEvent) -> [Change] {
        switch event.subclass {
        case "sofia::register": return register(event)
        case "sofia::register_failure": return refused(event)
        case "sofia::unregister": forget(event["from-user"], event["from-host"])
        case "sofia::expire": forget(event["user"], event["host"])
        case "sofia::gateway_state":
            if let name = event["Gateway"], let state = event["State"] {
                note(answered(event, name) ?? state, of: name)
            }
        case "sofia::gateway_add":
            if let name = event["Gateway"], gateways[name] == nil { gateways[name] = "ADDED" }
        case "sofia::gateway_delete":
            if let name = event["Gateway"] { gateways[name] = nil }
        default: break
        }
        return []
    }

    /// What came of OPTIONS to a gateway that does not register, in the words of FreeSWITCH: up by any answer but those that
    /// it makes itself when none comes. One that never answered is not down: some carriers ignore the question.
    private func answered(_ event: SwitchEvent, _ gateway: String) -> String? {
        guard event["State"] == "NOREG", let status = event["Status"].flatMap({ Int($0) }) else { return nil }
        if (200..<600).contains(status), status != 408, status != 503 { return "UP" }
        return gateways[gateway].map(Self.reached.contains) == true ? "DOWN" : nil
    }

    private static let reached: Set<String> = ["UP", "DOWN"]

    /// A gateway that failed and tries again stays what it was until that ends: calls over it fail all the while.
    private mutating func note(_ state: String, of gateway: String) {
        let isTrying = ["UNREGED", "TRYING", "REGISTER"].contains(state)
        if isTrying, gateways[gateway].map(Self.isDown) == true { return }
        gateways[gateway] = state
    }

    /// Whether a gateway in this state takes no calls. One that was never heard of, or that does not register, is not down.
    package static func isDown(_ state: String) -> Bool {
        ["FAILED", "FAIL_WAIT", "TIMEOUT", "EXPIRED", "DOWN"].contains(state)
    }

    /// The stored address is `from-user`@`from-host`; the password was checked in `realm`. Differing, somebody registered
    /// himself as somebody else (fact 1 of the recordings).
    private mutating func register(_ event: SwitchEvent) -> [Change] {
        guard let user = event["from-user"], let domain = event["from-host"] else { return [] }
        let address = LiveRegistration.Address(user: user, domain: domain)
        let lifetime = event["expires"].flatMap { Int64($0) }.map { min(max($0, 0), Self.longestRegistration) }
        let registration = LiveRegistration(
            address: address, contact: event["contact"] ?? "", networkAddress: event["network-ip"] ?? "",
            networkPort: event["network-port"].flatMap { Int($0) }, userAgent: event["user-agent"] ?? "",
            expires: event.date.flatMap { date in lifetime.map { date.advanced(by: .seconds($0)) } })
        registrations[address] = registration
        guard let realm = event["realm"], realm != domain else { return [] }
        return [.hijacked(registration, realm: realm)]
    }

    /// Seconds; a phone may say anything.
    private static let longestRegistration: Int64 = 31 * 86_400

    private func refused(_ event: SwitchEvent) -> [Change] {
        guard let domain = event["to-host"], let method = event["registration-type"] else { return [] }
        return [
            .refused(
                RefusedLogin(
                    method: method, user: event["to-user"] ?? "", domain: domain,
                    networkAddress: event["network-ip"] ?? ""))
        ]
    }

    private mutating func forget(_ user: String?, _ domain: String?) {
        guard let user, let domain else { return }
        registrations[LiveRegistration.Address(user: user, domain: domain)] = nil
    }
}
