import Kernel
import Postgres
import Telephony
import Tenancy

/// The opening hours of a tenant.
package struct ScheduleService: Sendable {
    package func list(
        of id: TenantID, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Stored<Schedule>> {
        _ = try VoiceTenant.get(id, tx)
        let rows = try ScheduleStore.list(of: id, after: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.value.id)" }
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(
        _ id: ScheduleID, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<Schedule> {
        _ = try VoiceTenant.get(tenantID, tx)
        guard let schedule = try ScheduleStore.find(id, of: tenantID, tx) else { throw Problem.notFound("schedule") }
        return schedule
    }

    package func create(
        _ fields: ScheduleFields, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<Schedule> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let schedule = try fields.checked(id: actor.ids.new())
        try ScheduleStore.insert(schedule, of: tenant, at: actor.now, tx)
        try tx.recordVoiceChange(
            "create_schedule", schedule.id, of: tenant, .difference([:], schedule.auditFields), by: actor)
        return try get(schedule.id, of: tenantID, tx)
    }

    package func update(
        _ id: ScheduleID, _ fields: ScheduleFields, of tenantID: TenantID, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<Schedule> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let before = try get(id, of: tenantID, tx)
        try expecting.check(before.revision)
        let schedule = try fields.checked(id: id)
        try ScheduleStore.update(schedule, of: tenantID, at: actor.now, tx)
        try tx.recordVoiceChange(
            "update_schedule", id, of: tenant, .difference(before.value.auditFields, schedule.auditFields), by: actor)
        return try get(id, of: tenantID, tx)
    }

    package func delete(
        _ id: ScheduleID, of tenantID: TenantID, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let schedule = try get(id, of: tenantID, tx)
        try expecting.check(schedule.revision)
        do { try ScheduleStore.delete(id, of: tenantID, tx) } catch { throw VoiceConstraints.onDelete(error) }
        try tx.recordVoiceChange(
            "delete_schedule", id, of: tenant, .difference(schedule.value.auditFields, [:]), by: actor)
    }
}

extension Schedule {
    var auditFields: [String: String] {
        [
            "display_name": displayName, "time_zone": timeZone, "closed_on": closedOn.joined(separator: ", "),
            "hours": hours.map(OpeningHours.init).map { "\($0.weekday) \($0.from)–\($0.to)" }.joined(separator: ", "),
        ]
    }
}
