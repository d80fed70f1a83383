import Kernel
import Postgres
import Telephony

/// Reads what months have used.
enum MinuteWarningStore {
    /// What each tenant of the scope used, the most first.
    static func used(
        in month: CallMonth, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [(TenantID, Int64)] {
        try tx.all(
            """
            select tenant_id, used_ms from app.receipt_chain where month = \(SQLMonth(month))::date and used_ms > 0
            order by used_ms desc, tenant_id limit \(limit)
            """, as: (TenantID, Int64).self)
    }
}
