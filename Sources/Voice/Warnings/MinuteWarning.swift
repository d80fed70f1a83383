import Kernel
import Postgres
import Telephony

/// A tenant whose minutes of the running month come to their end.
package struct MinuteWarning: Sendable, Hashable {
    package let tenantID: TenantID
    package let warning: AllotmentWarning
    /// For a minute beyond the included ones.
    package let overageMicrosPerMinute: Int64

    package init(tenantID: TenantID, warning: AllotmentWarning, overageMicrosPerMinute: Int64) {
        self.tenantID = tenantID
        self.warning = warning
        self.overageMicrosPerMinute = overageMicrosPerMinute
    }

    /// The most urgent tenants of the scope, from what their receipts say and the plans in memory.
    package static func all(
        in plans: VoicePlan, at now: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [MinuteWarning] {
        guard let month = CallMonth(containing: now.microseconds) else { return [] }
        let found = try MinuteWarningStore.used(in: month, limit: mostTenants, tx).compactMap { tenant, used in
            plans.entry(tenant: tenant).flatMap { MinuteWarning(tenant, used: used, of: $0.plan.allotment) }
        }
        return Array(found.sorted { $1.urgency < $0.urgency }.prefix(limit))
    }

    private init?(_ tenant: TenantID, used: Int64, of allotment: Allotment) {
        guard let warning = AllotmentWarning(used: used, of: allotment) else { return nil }
        self.init(
            tenantID: tenant, warning: warning, overageMicrosPerMinute: allotment.overageMicrosPerMinute)
    }

    /// Whose calls are refused, then whose calls will be, then the rest.
    private var urgency: (Int, Int64) {
        let isUsedUp = warning.level == .usedUp
        return (warning.endsCalls ? isUsedUp ? 3 : 2 : isUsedUp ? 1 : 0, warning.percent)
    }

    /// Of more tenants with calls those count that used the most.
    private static let mostTenants = 10_000
}
