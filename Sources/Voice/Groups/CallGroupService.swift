import Kernel
import Postgres
import Telephony
import Tenancy

/// The groups of a tenant.
package struct CallGroupService: Sendable {
    package func list(
        of id: TenantID, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Stored<CallGroup>> {
        _ = try VoiceTenant.get(id, tx)
        let rows = try CallGroupStore.list(of: id, after: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.value.id)" }
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(
        _ id: CallGroupID, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<CallGroup> {
        _ = try VoiceTenant.get(tenantID, tx)
        guard let group = try CallGroupStore.find(id, of: tenantID, tx) else { throw Problem.notFound("group") }
        return group
    }

    package func create(
        _ fields: CallGroupFields, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<CallGroup> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let group = try fields.checked(id: actor.ids.new())
        try take(group.name, for: group.id, tenant, tx)
        do { try CallGroupStore.insert(group, of: tenant, at: actor.now, tx) } catch {
            throw VoiceConstraints.onWrite(error)
        }
        try tx.recordVoiceChange("create_group", group.id, of: tenant, .difference([:], group.auditFields), by: actor)
        return try get(group.id, of: tenantID, tx)
    }

    /// Replaces the settings and the members.
    package func update(
        _ id: CallGroupID, _ fields: CallGroupFields, of tenantID: TenantID, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<CallGroup> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let before = try get(id, of: tenantID, tx)
        try expecting.check(before.revision)
        let group = try fields.checked(id: id)
        if group.name != before.value.name {
            try take(group.name, for: id, tenant, tx)
            try ExtensionStore.giveBack(before.value.name, of: tenantID, tx)
        }
        do { try CallGroupStore.update(group, of: tenant, at: actor.now, tx) } catch {
            throw VoiceConstraints.onWrite(error)
        }
        try tx.recordVoiceChange(
            "update_group", id, of: tenant, .difference(before.value.auditFields, group.auditFields), by: actor)
        return try get(id, of: tenantID, tx)
    }

    package func delete(
        _ id: CallGroupID, of tenantID: TenantID, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let group = try get(id, of: tenantID, tx)
        try expecting.check(group.revision)
        do { try CallGroupStore.delete(id, of: tenantID, tx) } catch { throw VoiceConstraints.onDelete(error) }
        try ExtensionStore.giveBack(group.value.name, of: tenantID, tx)
        try tx.recordVoiceChange(
            "delete_group", id, of: tenant, .difference(group.value.auditFields, [:]), by: actor)
    }

    private func take(
        _ name: String, for id: CallGroupID, _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try EmergencyNames.check(name, of: tenant, tx)
        guard try ExtensionStore.take(name, for: id, of: tenant, tx) else { throw Problem.extensionTaken(name) }
    }
}

extension CallGroup {
    var auditFields: [String: String] {
        [
            "name": name, "display_name": displayName, "strategy": strategy.rawValue, "ring_seconds": "\(ringSeconds)",
            "members": members.map(\.description).joined(separator: ", "),
        ]
    }
}
