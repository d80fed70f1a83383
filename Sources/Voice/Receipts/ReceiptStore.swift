import Kernel
import Postgres
import Telephony

/// Receipts and the chains that they hang in.
enum ReceiptStore {
    /// Where a month stands.
    struct Standing: Sendable {
        var place: Receipt.Place
        /// Of the tenant, which decides with its contract whether it is billed.
        let tenantRevision: Int64
        /// Whether the month had receipts before.
        let isBegun: Bool
    }

    /// Where the next receipts of these months stand. Holds the chains until the transaction ends, taken in one order.
    static func lock(
        _ chains: Set<ReceiptChain>, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [ReceiptChain: Standing] {
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

    /// The last receipt and the tenant are read by statements after the lock, which see what was committed before it.
    private static func locked(
        _ chains: [ReceiptChain], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [ReceiptChain: Standing] {
        guard !chains.isEmpty else { return [:] }
        let given: SQL = """
            unnest(\(chains.map(\.tenantID))::uuid[], \(chains.map(\.date))::date[])
                with ordinality as g (tenant, month, n)
            """
        let results = try tx.pipeline([
            """
            select g.n, c.sequence, c.used_ms, c.hash from \(given)
            join app.receipt_chain c on c.tenant_id = g.tenant and c.month = g.month order by g.n for update of c
            """,
            """
            select g.n, t.revision, (r.document::jsonb ->> 'billed_after_ms')::bigint from \(given)
            join app.tenant t on t.tenant_id = g.tenant
            left join app.receipt_chain c on c.tenant_id = g.tenant and c.month = g.month
            left join app.call_receipt r on r.tenant_id = c.tenant_id and r.month = c.month and r.sequence = c.sequence
            """,
        ])
        var more: [Int: (revision: Int64, billed: Int64?)] = [:]
        for row in results[1] {
            let (number, revision, billed) = try row.decode(as: (Int, Int64, Int64?).self)
            more[number] = (revision, billed)
        }
        var places: [ReceiptChain: Standing] = [:]
        for row in results[0] {
            let (number, sequence, used, hash) = try row.decode(as: (Int, Int64, Int64, String).self)
            guard let known = more[number] else { continue }
            places[chains[number - 1]] = Standing(
                place: Receipt.Place(
                    sequence: sequence + 1, usedBefore: used, billedBefore: known.billed, previousHash: hash),
                tenantRevision: known.revision, isBegun: sequence > 0)
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
        _ chains: [ReceiptChain: Standing], _ tx: borrowing Transaction<ScopeNode>
    ) {
        guard !chains.isEmpty else { return }
        let (keys, next) = (Array(chains.keys), chains.values.map(\.place))
        tx.postpone(
            """
            update app.receipt_chain c set sequence = g.sequence, used_ms = g.used, hash = g.hash
            from unnest(\(keys.map(\.tenantID))::uuid[], \(keys.map(\.date))::date[],
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

    /// What was written when these legs were estimated, by leg and in the order of months.
    static func estimates(
        of legs: [CallLeg.Identity], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [CallLegID: [Receipt]] {
        guard !legs.isEmpty else { return [:] }
        var estimates: [CallLegID: [Receipt]] = [:]
        let rows = try tx.all(
            """
            select r.leg_id, r.document from app.call_receipt r
            join unnest(\(legs.map(\.tenantID))::uuid[], \(legs.map(\.id))::uuid[]) as g (tenant_id, leg_id)
                on g.tenant_id = r.tenant_id and g.leg_id = r.leg_id
            where r.basis = 'estimate' order by r.leg_id, r.month
            """, as: (CallLegID, String).self)
        for (leg, document) in rows {
            guard let receipt = Receipt(try JSON(parsing: document)) else {
                throw DatabaseError.decoding("a stored receipt cannot be read")
            }
            estimates[leg, default: []].append(receipt)
        }
        return estimates
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

    /// Who has receipts in a month.
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

    private init() { (receipts, milliseconds, hash) = (0, 0, Receipt.firstPrevious) }

    /// Of a month without receipts.
    package static let empty = ReceiptTotal()
}
