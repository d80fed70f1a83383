import Kernel
import Postgres

/// Reading the audit log. Writing it is `Transaction.audit`, and nothing changes or deletes it.
package struct AuditService: Sendable {
    package init() {}

    /// Newest first; what the scope may not see is not there.
    package func list(
        _ filter: AuditFilter, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<AuditEvent> {
        let rows = try AuditStore.list(filter, before: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.auditEventID)" }
    }
}
