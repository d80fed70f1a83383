import Kernel
import Postgres
import Rating
import Tenancy

/// Invoices as their parties may read them.
package enum InvoiceService {
    /// An invoice that the scope shows; 404 for every other.
    package static func get(_ id: InvoiceID, _ tx: borrowing Transaction<ScopeNode>) throws -> InvoiceRecord {
        guard let record = try InvoiceStore.record(id, in: tx) else { throw Problem.notFound("invoice") }
        return record
    }

    /// Newest first, without lines.
    package static func list(
        _ filter: InvoiceFilter, page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<InvoiceRecord> {
        try InvoiceStore.list(filter, page: page, in: tx)
    }

    /// Net sums of final invoices by program and month, from a month on.
    package static func revenue(
        since month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [ProgramRevenue] {
        try InvoiceStore.revenue(since: month, in: tx)
    }

    /// The earliest month before `month` that is not final for some contract.
    package static func oldestOpenMonth(
        before month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> BillingMonth? {
        try InvoiceStore.oldestOpenMonth(before: month, in: tx)
    }
}
