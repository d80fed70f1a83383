import Kernel

/// What one tenant used in a period of one meter, over all key sources.
package struct TenantUsage: Sendable, Equatable {
    package let tenantID: TenantID
    package let meter: UsageMeter
    /// Turns, or milliseconds; arrived before the month was finalised.
    package let onTime: Int64
    /// The same unit; arrived afterwards, to be billed as an adjustment.
    package let late: Int64

    package init(tenantID: TenantID, meter: UsageMeter, onTime: Int64, late: Int64) {
        self.tenantID = tenantID
        self.meter = meter
        self.onTime = onTime
        self.late = late
    }

    package var total: Int64 { onTime + late }
}
