import Kernel
import Postgres
import Telephony
import Tenancy

enum FraudStore {
    private static let selection: SQL = """
        select \(StoredColumns.of("f")), f.fraud_sign_id, f.day, f.kind, f.country, f.prefix, f.observed, f.threshold,
            f.sentence, f.block_until, f.open_until, f.block_ended_at, f.opened_at, f.opened_by, f.open_reason
        from app.fraud_sign f
        """

    static func find(
        _ id: FraudSignID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<RecordedSign>? {
        try tx.first("\(selection) where f.tenant_id = \(tenant) and f.fraud_sign_id = \(id)")
    }

    /// Newest first.
    static func list(
        of tenant: TenantID, before cursor: FraudSignID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Stored<RecordedSign>] {
        let condition: SQL = cursor.map { "and f.fraud_sign_id < \($0)" } ?? ""
        return try tx.all(
            """
            \(selection) where f.tenant_id = \(tenant) \(condition) order by f.fraud_sign_id desc limit \(limit)
            """)
    }

    /// What is closed, for plans.
    static func blocks(
        of tenants: [TenantID], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Stored<RecordedSign>] {
        try tx.all(
            """
            \(selection) where f.tenant_id = any(\(tenants)::uuid[]) and f.block_until is not null
                and f.block_ended_at is null order by f.tenant_id, f.fraud_sign_id
            """)
    }

    // MARK: Watching

    /// Tenants with voice after `cursor` of whose recent calls a record came since a moment.
    static func active(
        since moment: Timestamp, now: Timestamp, after cursor: TenantID?, limit: Int,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [TenantID] {
        let condition: SQL = cursor.map { "and d.tenant_id > \($0)" } ?? ""
        return try tx.all(
            """
            select d.tenant_id from app.sip_domain d where exists (
                select 1 from app.call_leg l where l.tenant_id = d.tenant_id
                    and l.started_at > \(now.advanced(by: .seconds(-6 * 3600))) and l.received_at >= \(moment))
                \(condition) order by d.tenant_id limit \(limit)
            """, as: (TenantID).self)
    }

    /// Notes a sign, or how much further it went; `nil` when it was noted like this before.
    static func note(
        _ sign: FraudSign, of tenant: VoiceTenant, as id: FraudSignID, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> FraudSignID? {
        try tx.first(
            """
            insert into app.fraud_sign as f (tenant_id, fraud_sign_id, organisation_id, day, kind, place, country, \
            prefix, observed, threshold, sentence, created_at, updated_at)
            values (\(tenant.id), \(id), \(tenant.organisationID), (\(now)::timestamptz at time zone 'Europe/Vienna')::date, \(sign.kind), \
            \(sign.place), \(sign.destinations?.country?.code), \(sign.destinations?.prefix), \(sign.observed), \
            \(sign.threshold), \(sign.sentence), \(now), \(now))
            on conflict (tenant_id, day, kind, place) do update set observed = excluded.observed, \
            threshold = excluded.threshold, sentence = excluded.sentence, \
            country = coalesce(f.country, case when f.prefix is null then excluded.country end), \
            prefix = coalesce(f.prefix, case when f.country is null then excluded.prefix end), \
            revision = f.revision + 1, updated_at = excluded.updated_at
            where excluded.observed > f.observed
            returning fraud_sign_id
            """, as: (FraudSignID).self)
    }

    /// Closes what the sign speaks of. Says whether it was not closed before.
    static func block(
        _ id: FraudSignID, of tenant: TenantID, until: Timestamp, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Bool {
        try !tx.rows(
            """
            update app.fraud_sign set block_until = \(until), revision = revision + 1, updated_at = \(now)
            where tenant_id = \(tenant) and fraud_sign_id = \(id) and block_until is null
                and (country is not null or prefix is not null) returning 1
            """
        ).isEmpty
    }

    static func open(
        _ id: FraudSignID, of tenant: TenantID, _ opening: RecordedSign.Opening, until: Timestamp?,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let ended = until == nil ? opening.at : nil
        try tx.execute(
            """
            update app.fraud_sign set open_until = \(until), block_ended_at = \(ended), opened_at = \(opening.at), \
            opened_by = \(opening.by), open_reason = \(opening.reason), revision = revision + 1, \
            updated_at = \(opening.at)
            where tenant_id = \(tenant) and fraud_sign_id = \(id)
            """)
    }

    /// Ends blocks whose time is over, at most `limit`; says whose.
    static func end(
        at now: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [(FraudSignID, TenantID)] {
        try tx.all(
            """
            update app.fraud_sign f set block_ended_at = \(now), revision = revision + 1, updated_at = \(now) from (
                select tenant_id, fraud_sign_id from app.fraud_sign where block_until <= \(now)
                    and block_ended_at is null order by block_until limit \(limit) for update skip locked) d
            where f.tenant_id = d.tenant_id and f.fraud_sign_id = d.fraud_sign_id
            returning f.fraud_sign_id, f.tenant_id
            """, as: (FraudSignID, TenantID).self)
    }
}

extension RecordedSign: RowDecodable {
    package init(row: Row) throws {
        let country = try row.value("country", as: String?.self)
        let prefix = try row.value("prefix", as: String?.self)
        var closing: DialPermission.Destinations?
        if country != nil || prefix != nil {
            closing = .init(
                country: try country.map { text throws(DatabaseError) in try CountryCode(column: text) },
                prefix: prefix)
        }
        let until = try row.value("block_until", as: Timestamp?.self)
        let openUntil = try row.value("open_until", as: Timestamp?.self)
        let endedAt = try row.value("block_ended_at", as: Timestamp?.self)
        let opened = try row.value("opened_at", as: Timestamp?.self)
        let (by, reason) = (try row.value("opened_by", as: String.self), try row.value("open_reason", as: String.self))
        self.init(
            id: try row.value("fraud_sign_id"), day: try row.value("day"),
            sign: FraudSign(
                kind: try row.value("kind"), observed: try row.value("observed"),
                threshold: try row.value("threshold"), sentence: try row.value("sentence"), destinations: closing),
            block: until.map { Block(until: $0, openUntil: openUntil, endedAt: endedAt) },
            opening: opened.map { Opening(at: $0, by: by, reason: reason) })
    }
}
