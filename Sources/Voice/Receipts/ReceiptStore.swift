import Kernel
import Postgres
import Telephony

/// Receipts and the chains that they hang in.
enum ReceiptStore {
    /// Where the next receipt of a month stands. Holds the chain until the transaction ends.
    static func lockChain(
        _ tenant: TenantID, _ organisation: OrganisationID, _ month: CallMonth,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Receipt.Place {
        let (sequence, used, hash) = try tx.one(
            """
            insert into app.receipt_chain as chain (tenant_id, month, organisation_id, sequence, used_ms, hash)
            values (\(tenant), \("\(month)-01"), \(organisation), 0, 0, \(Receipt.firstPrevious))
            on conflict (tenant_id, month) do update set sequence = chain.sequence
            returning sequence, used_ms, hash
            """, as: (Int64, Int64, String).self)
        return Receipt.Place(sequence: sequence + 1, usedBefore: used, previousHash: hash)
    }

    static func append(
        _ receipt: Receipt, _ organisation: OrganisationID, of leg: CallLegID, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let subject = receipt.subject
        let month = "\(subject.month)-01"
        _ = try tx.pipeline([
            """
            insert into app.call_receipt (tenant_id, month, sequence, organisation_id, leg_id, basis, milliseconds,
                included_ms, overage_ms, document, hash, created_at)
            values (\(subject.tenant), \(month), \(receipt.place.sequence), \(organisation), \(leg),
                \(receipt.basis.rawValue), \(subject.milliseconds), \(receipt.includedPart), \(receipt.overagePart),
                \(String(decoding: receipt.json.canonicalBytes, as: UTF8.self)), \(receipt.hash), \(now))
            """,
            """
            update app.receipt_chain set sequence = \(receipt.place.sequence), used_ms = \(receipt.usedAfter),
                hash = \(receipt.hash)
            where tenant_id = \(subject.tenant) and month = \(month)
            """,
        ])
    }

    /// The documents of a month in their order, after `sequence`.
    static func documents(
        _ tenant: TenantID, _ month: CallMonth, after sequence: Int64, limit: Int,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [String] {
        try tx.all(
            """
            select document from app.call_receipt where tenant_id = \(tenant) and month = \("\(month)-01")
                and sequence > \(sequence) order by sequence limit \(limit)
            """, as: (String).self)
    }

    /// The receipts of one leg, in the order in which they were written.
    static func documents(
        of leg: CallLegID, _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [String] {
        try tx.all(
            """
            select document from app.call_receipt where tenant_id = \(tenant) and leg_id = \(leg)
            order by month, sequence
            """, as: (String).self)
    }

    /// What the chain of a month says it has come to; `nil` without receipts.
    static func total(
        _ tenant: TenantID, _ month: CallMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> ReceiptTotal? {
        try tx.first(
            """
            select sequence, used_ms, hash from app.receipt_chain
            where tenant_id = \(tenant) and month = \("\(month)-01")
            """)
    }

    /// The metered milliseconds of the legs whose answer lies in a span: what the receipts of it must add up to, but for
    /// legs that cross its ends.
    static func tenants(of month: CallMonth, _ tx: borrowing Transaction<ScopeNode>) throws -> [TenantID] {
        try tx.all(
            "select tenant_id from app.receipt_chain where month = \("\(month)-01") order by tenant_id",
            as: (TenantID).self)
    }
}

/// Where a chain stands.
package struct ReceiptTotal: Sendable, Hashable, RowDecodable {
    package let receipts: Int64
    package let milliseconds: Int64
    package let hash: String

    package init(row: Row) throws {
        receipts = try row.value("sequence")
        milliseconds = try row.value("used_ms")
        hash = try row.value("hash")
    }
}
