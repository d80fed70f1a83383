import Kernel

/// What is counted.
package enum UsageMeter: String, Sendable, Codable, CaseIterable {
    /// One complete user request and the agent's response; the quantity is 1.
    case turn
    /// Answered time of inbound and outbound calls, in milliseconds.
    case voice
    /// Internal and emergency calls: recorded, never billed (domain 2.5). In milliseconds, too.
    case voiceUnmetered = "voice_unmetered"
}

/// Who pays the model behind a turn; never the vendor.
package enum KeySource: String, Sendable, Codable, CaseIterable {
    case partner
    case endCustomer = "end_customer"
    case selfHosted = "self_hosted"
}

/// Which way a call went.
package enum CallDirection: String, Sendable, Codable, CaseIterable {
    case inbound, outbound, `internal`, emergency

    var meter: UsageMeter {
        switch self {
        case .inbound, .outbound: .voice
        case .internal, .emergency: .voiceUnmetered
        }
    }
}

/// One metered event, checked as far as that is possible without the database.
package struct UsageEvent: Sendable, Equatable {
    package let tenantID: TenantID
    /// Who counted it; with `id` it names the event for ever.
    package let source: String
    package let id: String
    package let meter: UsageMeter
    /// `nil` for voice.
    package let keySource: KeySource?
    /// 1 for a turn, milliseconds for voice; below zero only where the platform corrects its own estimate.
    package let quantity: Int64
    /// Decides the billing month; the time of arrival never does.
    package let occurredAt: Timestamp
    /// SHA-256 over the canonical type, time and data, 32 bytes: a repetition has the same, a contradiction another.
    package let payloadHash: [UInt8]
    /// JSON of the attributes that have no column of their own; `nil` when there are none.
    package let extra: [UInt8]?
}

/// Why an event is not metered: a stable reason for programs, the field and the way out for people.
package struct UsageRejection: Error, Sendable, Equatable {
    package let reason: String
    /// The attribute, such as `time` or `data.milliseconds`; `nil` when the whole event is meant.
    package let field: String?
    package let detail: String

    package init(_ reason: String, _ field: String?, _ detail: String) {
        self.reason = reason
        self.field = field
        self.detail = detail
    }

    /// Unknown and somebody else's tenants answer alike.
    static let unknownTenant = UsageRejection(
        "UNKNOWN_TENANT", "tenant", "There is no such tenant, or this key may not report for it. Check the id.")
    static let purgedTenant = UsageRejection(
        "TENANT_PURGED", "tenant", "The tenant was purged; nothing is metered for it any more.")
    static let futureTime = UsageRejection(
        "FUTURE_TIME", "time",
        "The time is more than \(UsageLimits.futureSeconds / 60) minutes ahead. Check the clock of the sender.")
    static let ownSource = UsageRejection(
        "RESERVED_SOURCE", "source",
        "Sources that begin with '\(UsageLimits.ownSources)' are metered by the platform itself. Name your own.")
    /// The only rejection that keeps the event.
    static let monthFinalised = UsageRejection(
        "MONTH_FINALISED", "time", "kept as a late event; becomes an adjustment on the next invoice")
}

/// Bounds of one event; those of a batch are in Kernel's `Limits`.
package enum UsageLimits {
    /// Sources that begin so are what this service meters itself: an event of somebody else there would keep the real one
    /// out.
    package static let ownSources = "controlplane/"
    /// Bytes of `id` and of `source`.
    package static let keyBytes = 200
    /// Bytes of the attributes in `data` as canonical JSON.
    package static let extraBytes = 8 * 1024
    /// How far ahead of our clock an event may lie.
    package static let futureSeconds: Int64 = 300
    /// One call: 31 days. A longer one is a mistake of the sender, and the sums stay far from 64 bits.
    package static let callMilliseconds: Int64 = 31 * 86_400_000
    /// Nothing was metered before; also where an organisation's cutoff stands at first.
    package static let earliest = Timestamp(seconds: 946_684_800)
}

/// One element of a batch: an event, or what is wrong with it.
package struct UsageItem: Sendable {
    /// The id as sent, as far as it could be read.
    package let id: String?
    package let content: Result<UsageEvent, UsageRejection>

    /// The same event as somebody outside may send it.
    var fromOutside: UsageItem {
        guard case .success(let event) = content, event.source.hasPrefix(UsageLimits.ownSources) else { return self }
        return UsageItem(id: id, content: .failure(.ownSource))
    }
}

/// What became of one event.
package enum UsageOutcome: Sendable, Equatable {
    case accepted
    /// The same event was there already: nothing changed.
    case duplicate
    /// An event with the same tenant, source and id but another payload was there already: nothing changed.
    case conflict
    case rejected(UsageRejection)
}

/// What became of a batch, after the commit.
package struct UsageReceipt: Sendable {
    package var outcomes: [UsageOutcome]

    package var counts: UsageCounts {
        var counts = UsageCounts()
        for outcome in outcomes { counts.add(outcome) }
        return counts
    }
}

/// How many events were answered how.
package struct UsageCounts: Sendable, Equatable, Codable {
    package var accepted: Int64 = 0
    package var duplicate: Int64 = 0
    package var conflict: Int64 = 0
    package var rejected: Int64 = 0

    package init() {}

    /// Counts one more answer.
    package mutating func add(_ outcome: UsageOutcome) {
        switch outcome {
        case .accepted: accepted += 1
        case .duplicate: duplicate += 1
        case .conflict: conflict += 1
        case .rejected: rejected += 1
        }
    }

    package static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.accepted += right.accepted
        sum.duplicate += right.duplicate
        sum.conflict += right.conflict
        sum.rejected += right.rejected
        return sum
    }

    package var total: Int64 { accepted + duplicate + conflict + rejected }
}
