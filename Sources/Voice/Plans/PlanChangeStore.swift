import Kernel
import Postgres

/// The version of each tenant's voice.
enum PlanChangeStore {
    static let channel = "voice_plan"

    /// One more, and a hint to those who listen. The last statement of a change: it is what others wait for.
    static func bump(
        _ tenant: TenantID, of organisation: OrganisationID, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        _ = try tx.pipeline([
            """
            insert into app.voice_plan_change as c (tenant_id, organisation_id, version, changed_at)
            values (\(tenant), \(organisation), 1, \(now))
            on conflict (tenant_id) do update set version = c.version + 1, changed_at = excluded.changed_at
            """,
            "select pg_notify('voice_plan', \(tenant.uuid.uuidString))",
        ])
    }
}
