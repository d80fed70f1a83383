import Kernel

/// What a destination is, from the prefix table.
package enum DestinationKind: String, Sendable, Hashable, Codable, CaseIterable {
    case landline, mobile, tollFree = "toll_free", sharedCost = "shared_cost", premium, satellite, personal, special
}

/// How often a destination is abused.
package enum DestinationRisk: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    case low, elevated, high

    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .low: 0
        case .elevated: 1
        case .high: 2
        }
    }
}

/// Allows or denies destinations for the tenant, a site or a user. The most specific scope decides, then the longest
/// prefix, then denial.
package struct DialPermission: Sendable, Hashable, Codable {
    /// Whose calls it decides about.
    package enum Scope: Sendable, Hashable, Codable {
        case tenant
        case site(SiteID)
        case user(SIPUserID)
    }

    /// What it speaks of; a destination has to match every given part.
    package struct Destinations: Sendable, Hashable, Codable {
        /// ISO 3166-1 alpha-2.
        package var country: CountryCode?
        package var kind: DestinationKind?
        /// Digits of E.164 without `+`.
        package var prefix: String?

        package init(country: CountryCode? = nil, kind: DestinationKind? = nil, prefix: String? = nil) {
            self.country = country
            self.kind = kind
            self.prefix = prefix
        }
    }

    package let scope: Scope
    package let destinations: Destinations
    package let isAllowed: Bool
    /// From then on it counts as if it were not there; `nil` for ever.
    package let expiresAt: Timestamp?

    package init(scope: Scope, destinations: Destinations, isAllowed: Bool, expiresAt: Timestamp? = nil) {
        self.scope = scope
        self.destinations = destinations
        self.isAllowed = isAllowed
        self.expiresAt = expiresAt
    }
}

/// Destinations that a sign of fraud closed for the whole tenant; stronger than every permission.
package struct DestinationBlock: Sendable, Hashable, Codable {
    package let destinations: DialPermission.Destinations
    package let until: Timestamp
    /// Opened again by a person until then, before it closes once more.
    package let openUntil: Timestamp?
    /// The sign.
    package let sentence: String

    package init(
        destinations: DialPermission.Destinations, until: Timestamp, openUntil: Timestamp? = nil, sentence: String
    ) {
        self.destinations = destinations
        self.until = until
        self.openUntil = openUntil
        self.sentence = sentence
    }
}

/// What bounds a tenant's calls beside its allotment.
package struct VoiceLimits: Sendable, Hashable, Codable {
    /// Calls over trunks at the same time, both directions.
    package var concurrentCalls = 5
    /// Outbound calls at the same time per kind of destination.
    package var concurrentByKind: [String: Int] = [:]
    /// New outbound calls within one second.
    package var callsPerSecond = 2
    /// One call is ended after this time.
    package var longestCallSeconds = 4 * 3600
    /// The dearest destination that may be called, in millionths of a euro per minute; `nil` for any.
    package var dearestMicrosPerMinute: Int64?
    /// What outbound calls may cost the tenant in one day (Europe/Vienna), in cents; `nil` for no bound.
    package var dailySpendCents: Int64? = 2_000
    /// The most that can be lost right now: running grants beyond what is included, in cents; `nil` for no bound.
    package var exposureCents: Int64? = 2_500
    /// Calls to one number one after the other within an hour.
    package var sequentialCalls = 20

    package init() {}
}

/// The minutes of a tenant's month and what happens at their end.
package struct Allotment: Sendable, Hashable, Codable {
    /// What happens when the minutes are used up.
    package enum AtEnd: String, Sendable, Hashable, Codable, CaseIterable {
        /// Calls go on and are charged.
        case overage
        /// New calls are refused, running ones hear beeps, then falling tones, and end.
        case block
    }

    /// Answered milliseconds that cost nothing more in a month; `nil` when the contract counts none.
    package var includedMilliseconds: Int64?
    /// The tenant's own bound for the month where it is lower than what it could use; `nil` for none.
    package var capMilliseconds: Int64?
    package var atEnd = AtEnd.overage
    /// Millionths of a euro per 60,000 ms beyond what is included; zero when overage is free.
    package var overageMicrosPerMinute: Int64 = 0
    /// `true` where the tenant shares minutes with others of its organisation; `nil` where it does not.
    package var isPooled: Bool?
    /// How long a running call may go on while the control plane is away, beyond its slice.
    package var outageSeconds = 600

    package init() {}
}
