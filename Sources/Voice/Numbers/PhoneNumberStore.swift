import FoundationEssentials
import Kernel
import Postgres
import Telephony
import Tenancy

enum PhoneNumberStore {
    private static let selection: SQL = """
        select \(StoredColumns.of("n")), n.phone_number_id, n.e164, n.display_name, n.trunk_id, n.concurrent_limit,
            n.state, n.state_since, n.aging_until,
            coalesce((select jsonb_agg(jsonb_build_object('schedule', r.schedule_id, 'target', r.target,
                    'agent', r.agent, 'user', r.sip_user_id, 'group', r.call_group_id, 'external', r.external)
                    order by r.position)
                from app.number_route r
                where r.tenant_id = n.tenant_id and r.phone_number_id = n.phone_number_id), '[]') as routes
        from app.phone_number n
        """

    static func find(
        _ id: PhoneNumberID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<NumberRecord>? {
        try tx.first("\(selection) where n.tenant_id = \(tenant) and n.phone_number_id = \(id)")
    }

    static func list(
        of tenant: TenantID, after cursor: PhoneNumberID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Stored<NumberRecord>] {
        try tx.all(
            """
            \(selection) where n.tenant_id = \(tenant)
                \(StoredColumns.page("n.phone_number_id", after: cursor, limit: limit))
            """)
    }

    /// The numbers in service of these tenants, in the order of their digits.
    static func inService(
        of tenants: [TenantID], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Stored<NumberRecord>] {
        try tx.all(
            """
            \(selection) where n.tenant_id = any(\(tenants)::uuid[]) and n.state in ('available', 'assigned')
            order by n.tenant_id, n.e164 collate "C"
            """)
    }

    /// `false` when the number is in use, by whomever.
    static func take(
        _ number: PhoneNumber, for tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Bool {
        try !tx.rows(
            """
            insert into app.active_number as a (e164, tenant_id, organisation_id, phone_number_id)
            values (\(number.e164), \(tenant.id), \(tenant.organisationID), \(number.id))
            on conflict do nothing returning e164
            """
        ).isEmpty || isOwn(number, tenant, tx)
    }

    /// Whether the active row is this very number's, because it was resting.
    private static func isOwn(
        _ number: PhoneNumber, _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Bool {
        try tx.value(
            """
            select exists (select from app.active_number where e164 = \(number.e164)
                and tenant_id = \(tenant.id) and phone_number_id = \(number.id))
            """, as: Bool.self)
    }

    static func giveBack(
        _ id: PhoneNumberID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute("delete from app.active_number where tenant_id = \(tenant) and phone_number_id = \(id)")
    }

    static func insert(
        _ record: NumberRecord, of tenant: VoiceTenant, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let number = record.number
        try tx.execute(
            """
            insert into app.phone_number (tenant_id, phone_number_id, organisation_id, e164, display_name, trunk_id, \
            concurrent_limit, state, state_since, created_at, updated_at)
            values (\(tenant.id), \(number.id), \(tenant.organisationID), \(number.e164), \(number.displayName), \
            \(number.trunkID), \(number.concurrentLimit), \(record.state.rawValue), \(now), \(now), \(now))
            """)
        try insertRoutes(of: number, tenant.id, tenant.organisationID, tx)
    }

    static func update(
        _ record: NumberRecord, of tenant: TenantID, _ organisation: OrganisationID, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let number = record.number
        try tx.execute(
            """
            update app.phone_number set display_name = \(number.displayName), trunk_id = \(number.trunkID), \
            concurrent_limit = \(number.concurrentLimit), state = \(record.state.rawValue), \
            state_since = \(record.stateSince), aging_until = \(record.agingUntil), revision = revision + 1, \
            updated_at = \(now)
            where tenant_id = \(tenant) and phone_number_id = \(number.id)
            """)
        try tx.execute("delete from app.number_route where tenant_id = \(tenant) and phone_number_id = \(number.id)")
        try insertRoutes(of: number, tenant, organisation, tx)
    }

    private static func insertRoutes(
        of number: PhoneNumber, _ tenant: TenantID, _ organisation: OrganisationID,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        for (position, entry) in number.routes.enumerated() {
            let fields = RouteFields(entry)
            try tx.execute(
                """
                insert into app.number_route (tenant_id, phone_number_id, position, organisation_id, schedule_id, \
                target, agent, sip_user_id, call_group_id, external)
                values (\(tenant), \(number.id), \(position), \(organisation), \(fields.scheduleID), \
                \(fields.to.rawValue), \(fields.agent), \(fields.sipUserID), \(fields.callGroupID), \(fields.number))
                """)
        }
    }

    /// Users that call with the number, and sites that call back at it.
    static func countUses(
        of id: PhoneNumberID, _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> (users: Int, sites: Int) {
        try tx.one(
            """
            select (select count(*) from app.sip_user where tenant_id = \(tenant) and caller_number_id = \(id)),
                (select count(*) from app.site where tenant_id = \(tenant) and callback_number_id = \(id))
            """, as: (Int, Int).self)
    }

    // MARK: History

    static func append(
        _ record: Stored<NumberRecord>, reason: String, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        try tx.execute(
            """
            insert into app.phone_number_event (tenant_id, phone_number_id, revision, organisation_id, state, \
            occurred_at, principal_id, principal_name, reason)
            values (\(record.tenantID), \(record.value.number.id), \(record.revision), \(record.organisationID), \
            \(record.value.state.rawValue), \(actor.now), \(actor.principal.id), \(actor.principal.displayName), \
            \(reason))
            """)
    }

    /// Oldest first.
    static func history(
        of id: PhoneNumberID, _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [NumberEvent] {
        try tx.all(
            """
            select occurred_at, state, principal_id, principal_name, reason, organisation_id
            from app.phone_number_event
            where tenant_id = \(tenant) and phone_number_id = \(id) order by revision
            """)
    }

    /// Numbers whose rest is over, over all tenants.
    static func rested(
        at now: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [(TenantID, PhoneNumberID)] {
        try tx.all(
            """
            select tenant_id, phone_number_id from app.phone_number where aging_until <= \(now)
            order by tenant_id, phone_number_id limit \(limit)
            """, as: (TenantID, PhoneNumberID).self)
    }
}

extension NumberRecord: RowDecodable {
    package init(row: Row) throws {
        let routes = try row.value("routes", as: JSONText.self).decoded(as: [RouteRow].self)
        self.init(
            number: PhoneNumber(
                id: try row.value("phone_number_id"), e164: try row.value("e164"),
                displayName: try row.value("display_name"), trunkID: try row.value("trunk_id"),
                routes: try routes.map { try $0.entry }, concurrentLimit: try row.value("concurrent_limit")),
            state: try row.value("state"), stateSince: try row.value("state_since"),
            agingUntil: try row.value("aging_until"))
    }
}

/// A route as the database aggregates it.
private struct RouteRow: Decodable {
    let schedule: UUID?
    let target: RouteFields.Target
    let agent: String?
    let user: UUID?
    let group: UUID?
    let external: E164?

    var entry: RouteEntry {
        get throws(DatabaseError) {
            let target: RouteTarget? =
                switch self.target {
                case .agent: agent.map(RouteTarget.agent)
                case .user: user.map { .user(SIPUserID($0)) }
                case .group: group.map { .group(CallGroupID($0)) }
                case .external: external.map(RouteTarget.external)
                case .reject: .reject
                }
            guard let target else { throw .decoding("a route has no target") }
            return RouteEntry(scheduleID: schedule.map { ScheduleID($0) }, target: target)
        }
    }
}

extension NumberState: SQLEncodable, SQLDecodable {}

extension NumberEvent: RowDecodable {
    package init(row: Row) throws {
        (occurredAt, state, principalID, principalName, reason, organisationID) = try row.decode(
            as: (Timestamp, NumberState, PrincipalID, String, String, OrganisationID).self)
    }
}
