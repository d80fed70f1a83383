import Kernel
import Postgres
import Telephony

/// Receipts and the chains that they hang in.
enum ReceiptStore {
    /// Where the next receipts of these months stand. Holds the chains until the transaction ends, taken in one order.
    static func lock(
        _ chains: Set<ReceiptChain>, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [ReceiptChain: Receipt.Place] {
        let chains = chains.sorted { ($0.tenantID, $0.date) < ($1.tenantID, $1.date) }
        var places = try locked(chains, tx)
        let fresh = chains.filter { places[$0] == nil }
        guard !fresh.isEmpty else { return places }
        try tx.execute(
            """
            insert into app.receipt_chain (tenant_id, month, organisation_id, sequence, used_ms, hash)
            select t, m, o, 0, 0, \(Receipt.firstPrevious) from unnest(\(fresh.map(\.tenantID))::uuid[],
                \(fresh.map(\.date))::date[], \(fresh.map(\.organisationID))::uuid[]) as g (t, m, o)
            on conflict (tenant_id, month) do nothing
            """)
        places.merge(try locked(fresh, tx)) { first, _ in first }
        return places
    }

    private static func locked(
        _ chains: [ReceiptChain], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [ReceiptChain: Receipt.Place] {
        guard !chains.isEmpty else { return [:] }
        let rows = try tx.rows(
            """
            select g.n, c.sequence, c.used_ms, c.hash from unnest(\(chains.map(\.tenantID))::uuid[],
                \(chains.map(\.date))::date[]) with ordinality as g (tenant, month, n)
            join app.receipt_chain c on c.tenant_id = g.tenant and c.month = g.month order by g.n for update of c
            """)
        var places: [ReceiptChain: Receipt.Place] = [:]
        for row in rows {
            let (number, sequence, used, hash) = try row.decode(as: (Int, Int64, Int64, String).self)
            places[chains[number - 1]] = Receipt.Place(sequence: sequence + 1, usedBefore: used, previousHash: hash)
        }
        return places
    }

    /// A receipt on its way into its chain.
    struct Entry {
        let receipt: Receipt
        let chain: ReceiptChain
        let leg: CallLegID

        fileprivate func row(_ now: Timestamp) -> SQL {
            """
            (\(chain.tenantID), \(chain.date)::date, \(receipt.place.sequence), \(chain.organisationID), \(leg),
                \(receipt.basis.rawValue), \(receipt.subject.milliseconds), \(receipt.includedPart),
                \(receipt.overagePart), \(String(decoding: receipt.json.canonicalBytes, as: UTF8.self)),
                \(receipt.hash), \(now))
            """
        }
    }

    static func append(_ entries: [Entry], at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>) {
        for group in RowGroups.of(entries) {
            tx.postpone(
                """
                insert into app.call_receipt (tenant_id, month, sequence, organisation_id, leg_id, basis, milliseconds,
                    included_ms, overage_ms, document, hash, created_at)
                values \(.joined(group.map { $0.row(now) }))
                """)
        }
    }

    /// Notes the last receipts of chains that are locked: the place is the one after it.
    static func advance(
        _ places: [ReceiptChain: Receipt.Place], _ tx: borrowing Transaction<ScopeNode>
    ) {
        guard !places.isEmpty else { return }
        let (chains, next) = (Array(places.keys), Array(places.values))
        tx.postpone(
            """
            update app.receipt_chain c set sequence = g.sequence, used_ms = g.used, hash = g.hash
            from unnest(\(chains.map(\.tenantID))::uuid[], \(chains.map(\.date))::date[],
                \(next.map { $0.sequence - 1 })::bigint[], \(next.map(\.usedBefore))::bigint[],
                \(next.map(\.previousHash))::text[]) as g (tenant, month, sequence, used, hash)
            where c.tenant_id = g.tenant and c.month = g.month
            """)
    }

    /// Adds to what days cost. A day belongs to the chain of its month, so the locks of the chains are those of the days.
    static func add(_ spent: [SpendDay: Int64], _ tx: borrowing Transaction<ScopeNode>) {
        guard !spent.isEmpty else { return }
        let days = Array(spent.keys)
        tx.postpone(
            """
            insert into app.voice_spend as s (tenant_id, day, organisation_id, outbound_micros)
            select t, (d at time zone 'Europe/Vienna')::date, o, m from unnest(\(days.map(\.chain.tenantID))::uuid[],
                \(days.map(\.start))::timestamptz[], \(days.map(\.chain.organisationID))::uuid[],
                \(days.map { spent[$0] ?? 0 })::bigint[]) as g (t, d, o, m) order by 1, 2
            on conflict (tenant_id, day) do update set outbound_micros = s.outbound_micros + excluded.outbound_micros
            """)
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

/// The receipts of a tenant's month.
struct ReceiptChain: Sendable, Hashable {
    let tenantID: TenantID
    let organisationID: OrganisationID
    let month: CallMonth

    /// As the database names the month.
    var date: String { "\(month)-01" }
}

/// A day of a chain's month, by its first instant.
struct SpendDay: Sendable, Hashable {
    let chain: ReceiptChain
    let start: Timestamp
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
