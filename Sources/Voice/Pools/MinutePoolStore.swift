import Kernel
import Postgres
import Telephony
import Tenancy

/// The minutes that all tenants of an organisation share in each month.
package struct MinutePool: Sendable, Equatable {
    package let milliseconds: Int64
    /// 1 at first, one more with every change.
    package let revision: Int64
    package let updatedAt: Timestamp
}

/// What an organisation's tenants took of a month.
package struct PoolUse: Sendable, Equatable {
    /// Booked.
    package let usedMilliseconds: Int64
    /// Granted to calls whose record has not come.
    package let reservedMilliseconds: Int64
}

enum MinutePoolStore {
    static func find(
        _ organisation: OrganisationID, forChange: Bool = false, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> MinutePool? {
        let lock: SQL = forChange ? "for update" : ""
        return try tx.first(
            """
            select milliseconds, revision, updated_at from app.minute_pool where organisation_id = \(organisation) \(lock)
            """)
    }

    static func use(
        of organisation: OrganisationID, in month: CallMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> PoolUse {
        let date = SQLMonth(month)
        let sums = try tx.first(
            """
            select coalesce((select sum(used_ms) from app.receipt_chain
                where organisation_id = \(organisation) and month = \(date)::date), 0)::bigint,
                coalesce((select sum(\(LeaseStore.counting)) from app.usage_lease
                where organisation_id = \(organisation) and month = \(date)::date and state <> 'settled'), 0)::bigint
            """, as: (Int64, Int64).self)
        return PoolUse(usedMilliseconds: sums?.0 ?? 0, reservedMilliseconds: sums?.1 ?? 0)
    }

    /// Says whether there was none.
    static func insert(
        _ milliseconds: Int64, of organisation: OrganisationID, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Bool {
        try !tx.rows(
            """
            insert into app.minute_pool (organisation_id, milliseconds, updated_at)
            values (\(organisation), \(milliseconds), \(now)) on conflict do nothing returning 1
            """
        ).isEmpty
    }

    static func update(
        _ milliseconds: Int64, of organisation: OrganisationID, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.minute_pool set milliseconds = \(milliseconds), revision = revision + 1, updated_at = \(now)
            where organisation_id = \(organisation)
            """)
    }

    static func delete(_ organisation: OrganisationID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.minute_pool where organisation_id = \(organisation)")
    }
}

extension MinutePool: RowDecodable {
    package init(row: Row) throws {
        self.init(
            milliseconds: try row.value("milliseconds"), revision: try row.value("revision"),
            updatedAt: try row.value("updated_at"))
    }
}
