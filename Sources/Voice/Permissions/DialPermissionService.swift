import Kernel
import Postgres
import Telephony
import Tenancy

/// What a tenant, its sites and its users may call beyond the defaults.
package struct DialPermissionService: Sendable {
    package func list(
        of id: TenantID, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Stored<DialRule>> {
        _ = try VoiceTenant.get(id, tx)
        let rows = try DialPermissionStore.list(of: id, after: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.value.id)" }
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(
        _ id: DialPermissionID, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<DialRule> {
        _ = try VoiceTenant.get(tenantID, tx)
        guard let rule = try DialPermissionStore.find(id, of: tenantID, tx) else {
            throw Problem.notFound("permission")
        }
        return rule
    }

    package func create(
        _ fields: DialPermissionFields, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<DialRule> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let rule = try fields.checked(id: actor.ids.new(), now: actor.now)
        try check(rule, by: actor)
        do { try DialPermissionStore.insert(rule, of: tenant, at: actor.now, tx) } catch {
            throw VoiceConstraints.onWrite(error)
        }
        try tx.recordVoiceChange(
            "create_permission", rule.id, of: tenant, .difference([:], rule.auditFields), by: actor)
        return try get(rule.id, of: tenantID, tx)
    }

    package func update(
        _ id: DialPermissionID, _ fields: DialPermissionFields, of tenantID: TenantID, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<DialRule> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let before = try get(id, of: tenantID, tx)
        try expecting.check(before.revision)
        let rule = try fields.checked(id: id, now: actor.now)
        if rule != before.value {
            try checkLifted(before.value, by: actor)
            try check(rule, by: actor)
        }
        do { try DialPermissionStore.update(rule, of: tenantID, at: actor.now, tx) } catch {
            throw VoiceConstraints.onWrite(error)
        }
        try tx.recordVoiceChange(
            "update_permission", id, of: tenant, .difference(before.value.auditFields, rule.auditFields), by: actor)
        return try get(id, of: tenantID, tx)
    }

    package func delete(
        _ id: DialPermissionID, of tenantID: TenantID, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let rule = try get(id, of: tenantID, tx)
        try expecting.check(rule.revision)
        try checkLifted(rule.value, by: actor)
        try DialPermissionStore.delete(id, of: tenantID, tx)
        try tx.recordVoiceChange(
            "delete_permission", id, of: tenant, .difference(rule.value.auditFields, [:]), by: actor)
    }

    /// Whoever pays opens what is dear.
    private func check(_ rule: DialRule, by actor: Actor) throws(Problem) {
        guard actor.isOfTenant, rule.permission.isAllowed, rule.permission.concernsHighRisk else { return }
        let given = rule.permission.destinations
        throw .partnerDecides(
            "A tenant's own key cannot allow destinations of high risk, such as premium numbers and satellites.",
            field: given.kind != nil ? "kind" : given.prefix != nil ? "prefix" : "country")
    }

    /// What closes high risk for the whole tenant is perhaps the partner's, and stays.
    private func checkLifted(_ rule: DialRule, by actor: Actor) throws(Problem) {
        guard actor.isOfTenant, !rule.permission.isAllowed, rule.permission.scope == .tenant,
            rule.permission.concernsHighRisk
        else { return }
        throw .partnerDecides("This closes destinations of high risk for the whole tenant.")
    }
}

extension DialRule {
    var auditFields: [String: String] {
        [
            "allowed": "\(permission.isAllowed)", "site_id": permission.scope.siteID?.description ?? "",
            "sip_user_id": permission.scope.userID?.description ?? "",
            "country": permission.destinations.country?.code ?? "",
            "kind": permission.destinations.kind?.rawValue ?? "", "prefix": permission.destinations.prefix ?? "",
            "reason": reason, "expires_at": permission.expiresAt?.description ?? "",
        ]
    }
}
