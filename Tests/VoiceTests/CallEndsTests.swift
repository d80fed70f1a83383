import Foundation
import Kernel
import Telephony
import Testing

@testable import Voice

/// A node with the timers of its legs: it keeps one list for each leg, `sched_del` empties it, and the first timer that
/// runs out ends the call.
struct LegTimers {
    private var ends: [UUID: [Int64]] = [:]

    mutating func set(_ leg: UUID, at second: Int64) { ends[leg, default: []].append(second) }

    /// When the call ends of itself; `nil` for never.
    func first(of legs: UUID...) -> Int64? { legs.flatMap { ends[$0] ?? [] }.min() }

    /// What the event socket is told at a second; returns the legs that are killed.
    mutating func obey(_ commands: [EventSocketCommand], at second: Int64) -> [UUID] {
        var killed: [UUID] = []
        for command in commands {
            let words = command.line.split(separator: " ").map(String.init)
            guard let leg = words.lazy.compactMap({ UUID(uuidString: $0) }).first else { continue }
            switch words[1] {
            case "sched_del": ends[leg] = []
            case "sched_hangup": set(leg, at: second + (Int64(words[2].dropFirst()) ?? 0))
            case "uuid_kill": killed.append(leg)
            default: break
            }
        }
        return killed
    }
}

struct CallEndsTests {
    private let now = LeaseWorld.start

    /// A phone calls out: the carrier's leg has the lease.
    private struct Outbound {
        let phone = UUID()
        let carrier = UUID()
        var view = NodeView()

        mutating func answer(_ leg: UUID, lease: LeaseID? = nil) throws {
            var fields = [
                "Event-Name": "CHANNEL_ANSWER", "Unique-ID": leg.uuidString,
                "Call-Direction": leg == phone ? "inbound" : "outbound",
                "Caller-Channel-Answered-Time": "1795260002000000",
            ]
            if leg == carrier { fields["variable_originating_leg_uuid"] = phone.uuidString }
            if let lease { fields["variable_x_lease_id"] = "\(lease)" }
            try apply(fields)
        }

        mutating func apply(_ fields: [String: String]) throws {
            let json = JSON.object(fields.map { JSON.Member($0.key, .string($0.value)) })
            _ = view.apply(try SwitchEvent(json: json.canonicalBytes))
        }
    }

    private func lines(_ commands: [EventSocketCommand]) -> [String] { commands.map(\.line) }

    private func moved(_ seconds: Int, _ legs: UUID...) -> [String] {
        legs.flatMap { lines(EventSocketCommand.reschedule($0, seconds: seconds, .allottedTimeout)) }
    }

    @Test func theLegWithoutALeaseFollows() throws {
        var call = Outbound()
        try call.answer(call.carrier, lease: LeaseWorld.id(1))
        try call.answer(call.phone)
        var ends = CallEnds()
        let extended = ends.commands(
            for: [LegRenewal(leg: call.carrier, action: .extend(seconds: 660))], in: call.view, at: now)
        #expect(lines(extended) == moved(660, call.carrier, call.phone))
        let last = ends.commands(
            for: [LegRenewal(leg: call.carrier, action: .announceEnd(seconds: 9))], in: call.view, at: now)
        #expect(lines(last).suffix(4) == moved(9, call.carrier, call.phone)[...])
    }

    /// An inbound call that leaves again over a trunk: each leg is renewed for itself.
    @Test func aLegWithALeaseOfItsOwnIsLeftAlone() throws {
        var call = Outbound()
        try call.answer(call.carrier, lease: LeaseWorld.id(1))
        try call.answer(call.phone, lease: LeaseWorld.id(1))
        var ends = CallEnds()
        let commands = ends.commands(
            for: [LegRenewal(leg: call.carrier, action: .extend(seconds: 60))], in: call.view, at: now)
        #expect(lines(commands) == moved(60, call.carrier))
    }

    /// A carrier's call was transferred to an emergency number: its minutes are counted, and it goes on without them.
    @Test func nothingEndsAnEmergencyCall() throws {
        var call = Outbound()
        try call.answer(call.phone, lease: LeaseWorld.id(1))
        try call.answer(call.carrier)
        try call.apply([
            "Event-Name": "CHANNEL_BRIDGE", "Unique-ID": call.carrier.uuidString, "Call-Direction": "outbound",
            "variable_call_class": "emergency", "Bridge-A-Unique-ID": call.phone.uuidString,
            "Bridge-B-Unique-ID": call.carrier.uuidString,
        ])
        var ends = CallEnds()
        for action in [LegRenewal.Action.announceEnd(seconds: 9), .extend(seconds: 60)] {
            let commands = ends.commands(
                for: [LegRenewal(leg: call.phone, action: action)], in: call.view, at: now)
            #expect(commands == [.cancelEnd(call.phone)])
        }
    }

    /// The renewal came between the two answers.
    @Test func whoComesLateGetsWhatIsLeft() throws {
        var call = Outbound()
        try call.answer(call.carrier, lease: LeaseWorld.id(1))
        var ends = CallEnds()
        let first = ends.commands(
            for: [LegRenewal(leg: call.carrier, action: .extend(seconds: 60))], in: call.view, at: now)
        #expect(lines(first) == moved(60, call.carrier))
        try call.answer(call.phone)
        let later = now.advanced(by: .seconds(5))
        #expect(lines(ends.commands(for: [], in: call.view, at: later)) == moved(55, call.phone))
        #expect(ends.commands(for: [], in: call.view, at: later).isEmpty)
    }

    /// After a transfer somebody else talks, and the one who left is no part of it.
    @Test func theOneWhoTalksNowFollows() throws {
        var call = Outbound()
        try call.answer(call.carrier, lease: LeaseWorld.id(1))
        try call.answer(call.phone)
        let other = UUID()
        try call.apply([
            "Event-Name": "CHANNEL_ANSWER", "Unique-ID": other.uuidString, "Call-Direction": "outbound",
            "Caller-Channel-Answered-Time": "1795260003000000",
        ])
        try call.apply([
            "Event-Name": "CHANNEL_BRIDGE", "Unique-ID": other.uuidString, "Call-Direction": "outbound",
            "Bridge-A-Unique-ID": other.uuidString, "Bridge-B-Unique-ID": call.carrier.uuidString,
        ])
        var ends = CallEnds()
        let commands = ends.commands(
            for: [LegRenewal(leg: call.carrier, action: .extend(seconds: 60))], in: call.view, at: now)
        #expect(lines(commands) == moved(60, call.carrier, other))
    }
}
