import FoundationEssentials
import Kernel
import Postgres
import Telephony

/// A leg that the event socket saw, as it is kept.
struct Sighting: Sendable, Hashable {
    let leg: LiveLeg
    let nodeID: VoiceNodeID
    let coreID: UUID?
    /// Its end was not seen.
    let isLost: Bool

    init(_ leg: LiveLeg, on node: VoiceNodeID, coreID: UUID?, isLost: Bool = false) {
        self.leg = leg
        nodeID = node
        self.coreID = coreID
        self.isLost = isLost
    }
}

/// How many of a month's calls are recorded: the proof that none was forgotten, or the names of those that were.
package struct Completeness: Sendable, Hashable {
    /// What was expected and what came of it.
    package struct Tally: Sendable, Hashable, Codable {
        /// Seen on a node or recorded.
        package let expected: Int
        package let recorded: Int
        package let estimated: Int
        package let missing: Int
    }

    package let tenantID: TenantID
    package let calls: Tally
    package let legs: Tally

    package var isComplete: Bool { legs.missing == 0 && legs.estimated == 0 }

    /// For example `48,211 of 48,211 calls, 0 estimated`.
    package var sentence: String {
        "\(Self.grouped(calls.recorded)) of \(Self.grouped(calls.expected)) calls, \(Self.grouped(calls.estimated)) "
            + "estimated" + (calls.missing > 0 ? ", \(Self.grouped(calls.missing)) missing" : "")
    }

    private static func grouped(_ number: Int) -> String {
        var text = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}

/// A leg that was seen and never recorded.
package struct MissingLeg: Sendable, Hashable {
    package let id: CallLegID
    package let tenantID: TenantID?
    package let nodeID: VoiceNodeID
    package let startedAt: Timestamp
    package let answeredAt: Timestamp?
    /// The last sign of life when its end was not seen.
    package let endedAt: Timestamp?
    package let isLost: Bool
}

/// The sessions of one run of a node, by their numbers: what neither a record nor the event socket speaks of.
package struct NodeRun: Sendable, Hashable {
    package let nodeID: VoiceNodeID
    package let coreID: UUID
    /// The highest number seen.
    package let highest: Int64
    /// How many different numbers are known. The rest were refused before they were calls, or nobody saw them.
    package let known: Int64
    package let firstAt: Timestamp
    package let lastAt: Timestamp
}
