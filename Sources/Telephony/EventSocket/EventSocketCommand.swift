import FoundationEssentials
import Kernel

/// A command to a node. Every argument is a typed value or a checked word, so that nothing that somebody typed can end
/// the line, start another command or expand a variable.
package struct EventSocketCommand: Sendable, Hashable {
    /// The line without its line feeds.
    package let line: String
    /// Whether the answer comes as `api/response`; else as `command/reply`.
    package let isAPI: Bool

    /// As it goes over the wire.
    package var bytes: [UInt8] { Array(line.utf8) + [10, 10] }

    private init(_ line: String, isAPI: Bool = false) {
        self.line = line
        self.isAPI = isAPI
    }

    private static func api(_ line: String) -> EventSocketCommand { EventSocketCommand("api \(line)", isAPI: true) }

    /// Runs aside; the answer carries the job's id, and the result comes as `BACKGROUND_JOB`.
    private static func background(_ line: String) -> EventSocketCommand { EventSocketCommand("bgapi \(line)") }

    // MARK: The connection

    /// Answers `auth/request`; `nil` for a password that is empty or has control characters.
    package static func authenticate(password: String) -> EventSocketCommand? {
        guard !password.isEmpty, password.utf8.allSatisfy({ $0 > 0x1F && $0 != 0x7F }) else { return nil }
        return EventSocketCommand("auth \(password)")
    }

    /// The events that the live view needs.
    package static let subscribe = EventSocketCommand(
        "event json CHANNEL_CREATE CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_ANSWER CHANNEL_BRIDGE"
            + " CHANNEL_UNBRIDGE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_DESTROY HEARTBEAT SHUTDOWN CUSTOM"
            + " sofia::register sofia::unregister sofia::expire sofia::register_failure sofia::gateway_state"
            + " sofia::gateway_add sofia::gateway_delete")

    package static let exit = EventSocketCommand("exit")

    // MARK: Questions

    package static let channels = api("show channels as json")
    package static let registrations = api("show registrations as json")
    package static let sofiaStatus = api("sofia status")
    package static let status = api("status")

    /// All variables of a channel, as the JSON form of an event.
    package static func dump(_ leg: UUID) -> EventSocketCommand { api("uuid_dump \(text(leg)) json") }

    // MARK: Calls

    /// Ends a leg. With `ALLOTTED_TIMEOUT` its record says why.
    package static func kill(_ leg: UUID, _ cause: HangupCause) -> EventSocketCommand {
        api("uuid_kill \(text(leg)) \(cause.rawValue)")
    }

    /// Cancels what was scheduled for a leg: nothing ends it.
    package static func cancelEnd(_ leg: UUID) -> EventSocketCommand { api("sched_del \(text(leg))") }

    /// Moves the end of a leg: cancels what was scheduled and schedules the end anew, in that order.
    package static func reschedule(_ leg: UUID, seconds: Int, _ cause: HangupCause) -> [EventSocketCommand] {
        [
            cancelEnd(leg),
            api("sched_hangup +\(max(1, seconds)) \(text(leg)) \(cause.rawValue)"),
        ]
    }

    /// Plays a tone or a file of ours to one leg; the call goes on.
    package static func broadcast(_ leg: UUID, _ sound: Sound) -> EventSocketCommand {
        api("uuid_broadcast \(text(leg)) \(sound.rawValue) aleg")
    }

    /// Sends a leg through the dialplan again. `nil` for a destination that is no extension or number, or for a context
    /// that is no word.
    package static func transfer(_ leg: UUID, to destination: String, context: String) -> EventSocketCommand? {
        guard isWord(destination, extra: "+"), isWord(context) else { return nil }
        return api("uuid_transfer \(text(leg)) \(destination) XML \(context)")
    }

    // MARK: Registrations and configuration

    /// Forgets a phone's registration at once. `nil` for a user or domain that is no word.
    package static func flushRegistration(profile: Profile, user: String, domain: String) -> EventSocketCommand? {
        guard isWord(user), isWord(domain) else { return nil }
        return api("sofia profile \(profile.rawValue) flush_inbound_reg \(user)@\(domain)")
    }

    /// Forgets the cached answer about a user.
    package static func flushDirectory(user: String, domain: String) -> EventSocketCommand? {
        guard isWord(user), isWord(domain) else { return nil }
        return api("xml_flush_cache id \(user) \(domain)")
    }

    /// Takes a gateway out of service; wait about two seconds before `rescan`.
    package static func killGateway(_ name: String) -> EventSocketCommand? {
        guard isWord(name) else { return nil }
        return api("sofia profile \(Profile.external.rawValue) killgw \(name)")
    }

    /// Asks for the gateways again; only new ones are added.
    package static let rescan = background("sofia profile \(Profile.external.rawValue) rescan")
    /// Asks for the address lists again.
    package static let reloadAccessLists = background("reloadacl")

    // MARK: Words

    /// Why a leg is ended: what its record says.
    package enum HangupCause: String, Sendable, Hashable, Codable, CaseIterable {
        /// Spelt with two t: FreeSWITCH does not know the other spelling.
        case allottedTimeout = "ALLOTTED_TIMEOUT"
        case normalClearing = "NORMAL_CLEARING"
        case callRejected = "CALL_REJECTED"
        case outgoingCallBarred = "OUTGOING_CALL_BARRED"
    }

    /// Tones that need no file on the node.
    package enum Sound: String, Sendable, Hashable, Codable, CaseIterable {
        /// Two short beeps: a minute is left.
        case warning = "tone_stream://%(200,100,880);%(200,0,880)"
        /// Three falling tones before the end.
        case ending = "tone_stream://%(250,50,880);%(250,50,660);%(400,0,440)"
    }

    /// The SIP profiles of the node bundle.
    package enum Profile: String, Sendable, Hashable, Codable, CaseIterable {
        case `internal`, external
    }

    /// 1–128 of letters, digits, `.`, `_`, `-` and the given ones.
    static func isWord(_ text: String, extra: String = "") -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: extra.utf8.contains(byte)
                }
            }
    }

    /// FreeSWITCH writes its ids in lower case and compares them as text.
    private static func text(_ leg: UUID) -> String { leg.uuidString.lowercased() }
}
