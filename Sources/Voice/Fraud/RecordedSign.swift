import Kernel
import Postgres
import Telephony
import Tenancy

/// Names a sign of fraud.
package enum FraudSignKind: VoiceItemKind {
    package static let prefix = "fraud"
    package static var pathKey: String { "fraud_sign_id" }
}
package typealias FraudSignID = ID<FraudSignKind>

/// What a sign of fraud does beside being noted.
package enum FraudResponse: String, Sendable, Codable, CaseIterable, SQLEncodable, SQLDecodable {
    case record
    /// It closes the destination, until somebody opens it or its time is over.
    case block
}

/// A sign that was seen on one day, and what it closed.
package struct RecordedSign: Sendable, Equatable {
    package let id: FraudSignID
    /// `2026-11-18`, in Europe/Vienna.
    package let day: String
    package let sign: FraudSign
    package let block: Block?
    package let opening: Opening?

    /// What it closed.
    package struct Block: Sendable, Equatable {
        package let until: Timestamp
        /// Open until then, and closed again after that.
        package let openUntil: Timestamp?
        /// When it was opened for good, or ran out.
        package let endedAt: Timestamp?
    }

    /// Who opened it last, and why.
    package struct Opening: Sendable, Equatable {
        package let at: Timestamp
        package let by: String
        package let reason: String
    }

    /// Where a sign stands at an instant.
    package enum State: String, Sendable, Codable, CaseIterable {
        /// It closed nothing.
        case recorded
        case blocked
        /// Opened for a while.
        case open
        /// Opened for good, or its time is over.
        case ended
    }

    /// What plans are told of it.
    var closing: DestinationBlock? {
        guard let block, block.endedAt == nil, let destinations = sign.destinations else { return nil }
        return DestinationBlock(
            destinations: destinations, until: block.until, openUntil: block.openUntil, sentence: sign.sentence)
    }

    /// Where it stands at an instant.
    package func state(at now: Timestamp) -> State {
        guard let block else { return .recorded }
        if block.endedAt != nil || block.until <= now { return .ended }
        return block.openUntil.map { now < $0 } == true ? .open : .blocked
    }
}

extension FraudSign.Kind: SQLEncodable, SQLDecodable {}

extension FraudSign {
    /// Which signs of one day are the same: a new destination is a sign of its own each, all others are about the tenant.
    var place: String {
        guard kind == .newDestination else { return "" }
        return destinations?.country?.code ?? destinations?.prefix ?? ""
    }
}

/// What is sent to open a destination again.
package struct OpenDestinationFields: Codable, Sendable {
    /// Why, for the audit log.
    package var reason: String
    /// Closed again from then on, while the block lasts; for good when left out.
    package var until: Timestamp?

    package init(reason: String, until: Timestamp? = nil) {
        self.reason = reason
        self.until = until
    }

    func checked(now: Timestamp) throws(Problem) -> (reason: String, until: Timestamp?) {
        var checks = FieldChecks()
        var text = ""
        checks.set(&text, reason, "reason", 1...Limits.textCharacters)
        if let until, until <= now { checks.refuse("until", "must lie in the future") }
        try checks.throwIfAny()
        return (text, until)
    }
}
