import Kernel
import Postgres
import Telephony
import Tenancy

enum ScheduleStore {
    private static let selection: SQL = """
        select \(StoredColumns.of("s")), s.schedule_id, s.display_name, s.time_zone, s.hours, s.closed_on
        from app.schedule s
        """

    static func find(
        _ id: ScheduleID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<Schedule>? {
        try tx.first("\(selection) where s.tenant_id = \(tenant) and s.schedule_id = \(id)")
    }

    static func list(
        of tenant: TenantID, after cursor: ScheduleID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Stored<Schedule>] {
        try tx.all(
            """
            \(selection) where s.tenant_id = \(tenant) \(StoredColumns.page("s.schedule_id", after: cursor, limit: limit))
            """)
    }

    static func all(of tenants: [TenantID], _ tx: borrowing Transaction<ScopeNode>) throws -> [Stored<Schedule>] {
        try tx.all("\(selection) where s.tenant_id = any(\(tenants)::uuid[]) order by s.tenant_id, s.schedule_id")
    }

    static func insert(
        _ schedule: Schedule, of tenant: VoiceTenant, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            insert into app.schedule (tenant_id, schedule_id, organisation_id, display_name, time_zone, hours, \
            closed_on, created_at, updated_at)
            values (\(tenant.id), \(schedule.id), \(tenant.organisationID), \(schedule.displayName), \
            \(schedule.timeZone), \(try JSONText(schedule.hours)), \(schedule.closedOn), \(now), \(now))
            """)
    }

    static func update(
        _ schedule: Schedule, of tenant: TenantID, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.schedule set display_name = \(schedule.displayName), time_zone = \(schedule.timeZone), \
            hours = \(try JSONText(schedule.hours)), closed_on = \(schedule.closedOn), revision = revision + 1, \
            updated_at = \(now)
            where tenant_id = \(tenant) and schedule_id = \(schedule.id)
            """)
    }

    static func delete(_ id: ScheduleID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.schedule where tenant_id = \(tenant) and schedule_id = \(id)")
    }
}

extension Schedule: RowDecodable {
    package init(row: Row) throws {
        self.init(
            id: try row.value("schedule_id"), displayName: try row.value("display_name"),
            timeZone: try row.value("time_zone"), hours: try row.value("hours", as: JSONText.self).decoded(),
            closedOn: try row.value("closed_on"))
    }
}
