import Kernel
import Postgres
import Telephony
import Tenancy

/// The places of a tenant.
package struct SiteService: Sendable {
    package func list(
        of id: TenantID, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Stored<Site>> {
        _ = try VoiceTenant.get(id, tx)
        let rows = try SiteStore.list(of: id, after: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.value.id)" }
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(
        _ id: SiteID, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<Site> {
        _ = try VoiceTenant.get(tenantID, tx)
        guard let site = try SiteStore.find(id, of: tenantID, tx) else { throw Problem.notFound("site") }
        return site
    }

    package func create(
        _ fields: SiteFields, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<Site> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let site = try fields.checked(id: actor.ids.new())
        try EmergencyNames.check(site.country, of: tenant, tx)
        do { try SiteStore.insert(site, of: tenant, at: actor.now, tx) } catch { throw VoiceConstraints.onWrite(error) }
        try tx.recordVoiceChange("create_site", site.id, of: tenant, .difference([:], site.auditFields), by: actor)
        return try get(site.id, of: tenantID, tx)
    }

    /// Replaces the settings. Another address is not verified.
    package func update(
        _ id: SiteID, _ fields: SiteFields, of tenantID: TenantID, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<Site> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let before = try get(id, of: tenantID, tx)
        try expecting.check(before.revision)
        let asked = try fields.checked(id: id)
        if asked.country != before.value.country { try EmergencyNames.check(asked.country, of: tenant, tx) }
        let isSamePlace = asked.address == before.value.address && asked.country == before.value.country
        let site = try fields.checked(id: id, verifiedAt: isSamePlace ? before.value.verifiedAt : nil)
        do { try SiteStore.update(site, of: tenantID, at: actor.now, tx) } catch {
            throw VoiceConstraints.onWrite(error)
        }
        try tx.recordVoiceChange(
            "update_site", id, of: tenant, .difference(before.value.auditFields, site.auditFields), by: actor)
        return try get(id, of: tenantID, tx)
    }

    /// Says that somebody made sure of the address; the audit log keeps who.
    package func verify(
        _ id: SiteID, of tenantID: TenantID, expecting: ExpectedRevision, _ tx: borrowing Transaction<ScopeNode>,
        _ actor: Actor
    ) throws -> Stored<Site> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let site = try get(id, of: tenantID, tx)
        try expecting.check(site.revision)
        try SiteStore.verify(id, of: tenantID, by: actor.principal.displayName, at: actor.now, tx)
        try tx.recordVoiceChange("verify_site", id, of: tenant, ["address": site.value.address], by: actor)
        return try get(id, of: tenantID, tx)
    }

    package func delete(
        _ id: SiteID, of tenantID: TenantID, expecting: ExpectedRevision, _ tx: borrowing Transaction<ScopeNode>,
        _ actor: Actor
    ) throws {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let site = try get(id, of: tenantID, tx)
        try expecting.check(site.revision)
        do { try SiteStore.delete(id, of: tenantID, tx) } catch { throw VoiceConstraints.onDelete(error) }
        try tx.recordVoiceChange("delete_site", id, of: tenant, .difference(site.value.auditFields, [:]), by: actor)
    }
}

extension Site {
    var auditFields: [String: String] {
        [
            "display_name": displayName, "address": address, "country": country.code,
            "verified_at": verifiedAt?.description ?? "", "callback_number_id": callbackNumber?.description ?? "",
        ]
    }
}
