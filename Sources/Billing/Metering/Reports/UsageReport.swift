import Kernel
import Postgres
import Rating

extension KeySource: SQLEncodable, SQLDecodable {}

/// The length of one period of a report; days and months are those of Vienna.
package enum UsageInterval: String, Sendable, Codable, CaseIterable {
    case hour, day, month

    /// The longest span that one report covers, in days.
    var longestDays: Int64 {
        switch self {
        case .hour: 62
        case .day: 800
        case .month: 36_600
        }
    }
}

/// What a row of a report stands for.
package enum UsageGrouping: String, Sendable, Codable, CaseIterable { case tenant, organisation }

/// What a report is about: hours from `from` up to `to`, narrowed by what is set.
package struct UsageFilter: Sendable, Equatable {
    package var from: Timestamp
    package var to: Timestamp
    package var interval = UsageInterval.day
    package var grouping = UsageGrouping.tenant
    package var organisationID: OrganisationID?
    package var tenantID: TenantID?
    package var meter: UsageMeter?
    package var keySource: KeySource?

    package init(from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
    }

    /// A calendar month in Vienna.
    package init(month: BillingMonth) {
        self.init(from: Timestamp(microseconds: month.start), to: Timestamp(microseconds: month.end))
    }

    /// Refuses an empty span, and one with more periods than a reader could use.
    package func check() throws(Problem) {
        guard from < to else { throw .invalid("to", "must be later than 'from'") }
        guard to.microseconds - from.microseconds <= interval.longestDays * 86_400 * 1_000_000 else {
            throw .invalid("to", "a report by \(interval.rawValue) covers at most \(interval.longestDays) days")
        }
    }
}

/// The sum of one period, tenant or organisation, meter and key source.
package struct UsageRow: Sendable, Equatable, Codable {
    /// The period's first instant.
    package let start: Timestamp
    package let organisationID: OrganisationID
    /// Absent when grouped by organisation.
    package let tenantID: TenantID?
    package let meter: UsageMeter
    /// Absent for voice.
    package let keySource: KeySource?
    /// Turns, or milliseconds.
    package let quantity: Int64
    package let events: Int64
    /// The part of `quantity` that arrived after its month was finalised.
    package let lateQuantity: Int64
}

/// One point of a chart: the sum of a period over all tenants of the filter.
package struct UsagePoint: Sendable, Equatable {
    package let start: Timestamp
    package let meter: UsageMeter
    package let keySource: KeySource?
    package let quantity: Int64
    package let events: Int64
}

/// What was used where tenants of one host run.
package struct HostUsage: Sendable, Equatable {
    /// As `Program.host`.
    package let host: String
    package let turns: Int64
    /// Production tenants with at least one turn.
    package let activeTenants: Int64
}

/// Where the next page of a report begins: after this key.
struct UsageCursor: Equatable {
    var start: Timestamp
    var organisationID: OrganisationID
    var tenantID: TenantID?
    var meter: UsageMeter
    var keySource: KeySource?

    init(_ row: UsageRow) {
        start = row.start
        organisationID = row.organisationID
        tenantID = row.tenantID
        meter = row.meter
        keySource = row.keySource
    }

    init(_ text: String) throws(Problem) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 5, let microseconds = Int64(parts[0]), let organisation = OrganisationID(parts[1]),
            parts[2].isEmpty || TenantID(parts[2]) != nil, let meter = UsageMeter(rawValue: String(parts[3])),
            parts[4].isEmpty || KeySource(rawValue: String(parts[4])) != nil
        else { throw .invalid("cursor", "is not one that we gave; start without a cursor") }
        start = Timestamp(microseconds: microseconds)
        organisationID = organisation
        tenantID = TenantID(parts[2])
        self.meter = meter
        keySource = KeySource(rawValue: String(parts[4]))
    }

    var text: String {
        [
            String(start.microseconds), organisationID.description, tenantID?.description ?? "", meter.rawValue,
            keySource?.rawValue ?? "",
        ].joined(separator: ".")
    }
}
