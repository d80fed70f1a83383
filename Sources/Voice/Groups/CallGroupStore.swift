import Kernel
import Postgres
import Telephony

enum CallGroupStore {
    private static let selection: SQL = """
        select \(StoredColumns.of("g")), g.call_group_id, g.name, g.display_name, g.strategy, g.ring_seconds,
            array(select m.sip_user_id from app.call_group_member m
                where m.tenant_id = g.tenant_id and m.call_group_id = g.call_group_id order by m.position) as members
        from app.call_group g
        """

    static func find(
        _ id: CallGroupID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<CallGroup>? {
        try tx.first("\(selection) where g.tenant_id = \(tenant) and g.call_group_id = \(id)")
    }

    static func list(
        of tenant: TenantID, after cursor: CallGroupID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Stored<CallGroup>] {
        try tx.all(
            """
            \(selection) where g.tenant_id = \(tenant)
                \(StoredColumns.page("g.call_group_id", after: cursor, limit: limit))
            """)
    }

    static func all(
        of tenants: [TenantID], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Stored<CallGroup>] {
        try tx.all("\(selection) where g.tenant_id = any(\(tenants)::uuid[]) order by g.tenant_id, g.call_group_id")
    }

    static func insert(
        _ group: CallGroup, of tenant: VoiceTenant, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            insert into app.call_group (tenant_id, call_group_id, organisation_id, name, display_name, strategy, \
            ring_seconds, created_at, updated_at)
            values (\(tenant.id), \(group.id), \(tenant.organisationID), \(group.name), \(group.displayName), \
            \(group.strategy.rawValue), \(group.ringSeconds), \(now), \(now))
            """)
        try insertMembers(of: group, tenant, tx)
    }

    static func update(
        _ group: CallGroup, of tenant: VoiceTenant, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.call_group set name = \(group.name), display_name = \(group.displayName), \
            strategy = \(group.strategy.rawValue), ring_seconds = \(group.ringSeconds), revision = revision + 1, \
            updated_at = \(now)
            where tenant_id = \(tenant.id) and call_group_id = \(group.id)
            """)
        try tx.execute(
            "delete from app.call_group_member where tenant_id = \(tenant.id) and call_group_id = \(group.id)")
        try insertMembers(of: group, tenant, tx)
    }

    static func delete(_ id: CallGroupID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.call_group where tenant_id = \(tenant) and call_group_id = \(id)")
    }

    private static func insertMembers(
        of group: CallGroup, _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            insert into app.call_group_member (tenant_id, call_group_id, position, organisation_id, sip_user_id)
            select \(tenant.id), \(group.id), m.position - 1, \(tenant.organisationID), m.id
            from unnest(\(group.members)::uuid[]) with ordinality as m (id, position)
            """)
    }
}

extension CallGroup: RowDecodable {
    package init(row: Row) throws {
        self.init(
            id: try row.value("call_group_id"), name: try row.value("name"),
            displayName: try row.value("display_name"), strategy: try row.value("strategy"),
            members: try row.value("members"), ringSeconds: try row.value("ring_seconds"))
    }
}

extension CallGroup.Strategy: SQLEncodable, SQLDecodable {}
