import Kernel
import Postgres
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
}
