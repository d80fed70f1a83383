import Kernel
import Postgres
import Telephony
import Tenancy

/// A plan that nodes were answered from.
package struct PlanRevision: Sendable, Equatable, RowDecodable {
    package let organisationID: OrganisationID
    /// The name that calls carry.
    package let revision: String
    /// What was in force before.
    package let previous: String?
    package let createdAt: Timestamp
    /// When it last came into force.
    package let activatedAt: Timestamp

    package init(row: Row) throws {
        organisationID = try row.value("organisation_id")
        revision = try row.value("revision")
        previous = try row.value("previous")
        createdAt = try row.value("created_at")
        activatedAt = try row.value("activated_at")
    }
}

enum PlanRevisionStore {
    private static let columns: SQL = "organisation_id, revision, previous, created_at, activated_at"

    /// Notes which plans are in force from now on, without their secrets; one that is in force already stays as it is.
    static func activate(
        _ entries: [VoicePlan.Entry], at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let rows = try tx.all(
            """
            select distinct on (tenant_id) tenant_id, revision, activated_at from app.config_revision
            where tenant_id = any(\(entries.map(\.plan.tenantID))::uuid[]) order by tenant_id, activated_at desc
            """, as: (TenantID, String, Timestamp).self)
        let latest = Dictionary(rows.map { ($0.0, (revision: $0.1, activatedAt: $0.2)) }) { first, _ in first }
        for entry in entries.sorted(by: { $0.plan.tenantID < $1.plan.tenantID }) {
            let last = latest[entry.plan.tenantID]
            guard last?.revision != entry.revision else { continue }
            // Later than the last one, also when the clock is not.
            let activation = max(now, last?.activatedAt.advanced(by: .microseconds(1)) ?? now)
            let document = JSONText(try entry.plan.withoutSecrets.document().canonicalBytes)
            try tx.execute(
                """
                insert into app.config_revision (tenant_id, revision, organisation_id, previous, document, created_at, \
                activated_at)
                values (\(entry.plan.tenantID), \(entry.revision), \(entry.plan.identity.organisationID), \
                \(last?.revision), \(document), \(activation), \(activation))
                on conflict (tenant_id, revision) do update set activated_at = excluded.activated_at
                """)
        }
    }

    /// Newest first, from the one after `cursor` on.
    static func list(
        of tenant: TenantID, after cursor: String?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [PlanRevision] {
        let condition: SQL =
            cursor.map {
                """
                and activated_at < (select activated_at from app.config_revision
                    where tenant_id = \(tenant) and revision = \($0))
                """
            } ?? ""
        return try tx.all(
            """
            select \(columns) from app.config_revision where tenant_id = \(tenant) \(condition)
            order by activated_at desc limit \(limit)
            """)
    }

    /// Deletes what was replaced before a moment; the plan that was in force then stays. Says how many.
    static func deleteReplaced(
        before moment: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Int {
        try tx.rows(
            """
            delete from app.config_revision where (tenant_id, revision) in (select tenant_id, revision
                from app.config_revision earlier where exists (select from app.config_revision later
                    where later.tenant_id = earlier.tenant_id and later.activated_at > earlier.activated_at
                        and later.activated_at < \(moment))
                limit \(limit)) returning 1
            """
        ).count
    }

    static func find(
        _ revision: String, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> PlanRevision? {
        try tx.first(
            "select \(columns) from app.config_revision where tenant_id = \(tenant) and revision = \(revision)")
    }

    /// The plan without its secrets.
    static func document(
        _ revision: String, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> JSON? {
        let text = try tx.first(
            "select document from app.config_revision where tenant_id = \(tenant) and revision = \(revision)",
            as: (JSONText).self)
        return try text.map { try JSON(parsing: $0.bytes) }
    }
}
