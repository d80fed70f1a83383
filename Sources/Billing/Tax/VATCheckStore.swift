import Kernel
import Postgres

/// SQL of checks of VAT IDs. They are only added.
enum VATCheckStore {
    static func insert(_ check: VATCheck, in tx: borrowing Transaction<ScopeNode>) throws(DatabaseError) {
        try tx.execute(
            """
            INSERT INTO app.vat_check (vat_check_id, organisation_id, vat_id, method, answer, checked_at)
            VALUES (\(check.id), \(check.organisationID), \(check.vatID), 'format', \(check.answer), \(check.checkedAt))
            """)
    }
}
