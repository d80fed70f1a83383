import Kernel
import Postgres
import Telephony
import Tenancy

enum VoicePurgeStore {
    /// Purged tenants of whose voice or keys something is left.
    static func due(
        limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [(id: TenantID, organisationID: OrganisationID)] {
        try tx.all(
            """
            select t.tenant_id, t.organisation_id from app.tenant t
            where t.state = 'purged' and (
                exists (select from app.sip_domain d where d.tenant_id = t.tenant_id)
                or exists (select from app.data_key k
                    where k.organisation_id = t.organisation_id and k.tenant_id = t.tenant_id))
            order by t.tenant_id limit \(limit) for update of t skip locked
            """, as: (TenantID, OrganisationID).self
        ).map { ($0.0, $0.1) }
    }

    /// Phones with everything that names them, places and opening hours; then nothing but its trunks holds a number.
    static func deletePhones(of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.number_route where tenant_id = \(tenant)")
        try tx.execute("delete from app.dial_permission where tenant_id = \(tenant)")
        try tx.execute("delete from app.call_group where tenant_id = \(tenant)")
        try tx.execute("delete from app.sip_user where tenant_id = \(tenant)")
        try tx.execute("delete from app.sip_extension where tenant_id = \(tenant)")
        try tx.execute("delete from app.site where tenant_id = \(tenant)")
        try tx.execute("delete from app.schedule where tenant_id = \(tenant)")
    }

    /// Says how many there were.
    static func deleteTrunks(of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        try tx.execute(
            "update app.phone_number set trunk_id = null where tenant_id = \(tenant) and trunk_id is not null")
        try tx.execute("delete from app.trunk_address where tenant_id = \(tenant)")
        return try tx.rows("delete from app.trunk where tenant_id = \(tenant) returning trunk_id").count
    }
}
