import Kernel
import Postgres
import Telephony
import Tenancy

/// What a tenant's plan depends on beside the contract, in numbers that change with it.
struct PlanMark: Sendable, Hashable, RowDecodable {
    let tenantID: TenantID
    let placement: PlanPlacement
    /// Of the tenant's voice.
    let version: Int64
    /// Of the tenant itself.
    let revision: Int64
    let state: TenantState.Name
    let isEnabled: Bool

    init(row: Row) throws {
        let (tenant, organisation, instance, version, revision, state, isEnabled) = try row.decode(
            as: (TenantID, OrganisationID, InstanceID, Int64, Int64, TenantState.Name, Bool).self)
        tenantID = tenant
        placement = PlanPlacement(organisationID: organisation, instanceID: instance)
        self.version = version
        self.revision = revision
        self.state = state
        self.isEnabled = isEnabled
    }
}

/// Tenants of one organisation on one instance have one contract and one size, so they have one set of terms.
struct PlanPlacement: Sendable, Hashable {
    let organisationID: OrganisationID
    let instanceID: InstanceID
}

/// Everything that plans are compiled from, by tenant.
struct PlanRows: Sendable {
    var domains: [TenantID: Stored<SIPDomain>] = [:]
    var users: [TenantID: [SIPUser]] = [:]
    var groups: [TenantID: [CallGroup]] = [:]
    var sites: [TenantID: [Site]] = [:]
    var trunks: [TenantID: [SealedTrunk]] = [:]
    var numbers: [TenantID: [PhoneNumber]] = [:]
    var schedules: [TenantID: [Schedule]] = [:]
    var permissions: [TenantID: [DialPermission]] = [:]
    var settings: [TenantID: VoiceSettings] = [:]
    var blocks: [TenantID: [DestinationBlock]] = [:]
}

enum PlanStore {
    /// Every tenant with voice, of one instance or of all.
    static func marks(
        instance: InstanceID?, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [PlanMark] {
        let condition: SQL = instance.map { "where t.instance_id = \($0)" } ?? ""
        return try tx.all(
            """
            select d.tenant_id, d.organisation_id, t.instance_id, c.version, t.revision, t.state, t.voice_enabled
            from app.sip_domain d join app.voice_plan_change c on c.tenant_id = d.tenant_id
                join app.tenant t on t.tenant_id = d.tenant_id
            \(condition) order by d.tenant_id
            """)
    }

    static func rows(of tenants: [TenantID], _ tx: borrowing Transaction<ScopeNode>) throws -> PlanRows {
        var rows = PlanRows()
        for domain in try SIPDomainStore.all(of: tenants, tx) { rows.domains[domain.tenantID] = domain }
        for user in try SIPUserStore.all(of: tenants, tx) { rows.users[user.tenantID, default: []].append(user.value) }
        for group in try CallGroupStore.all(of: tenants, tx) {
            rows.groups[group.tenantID, default: []].append(group.value)
        }
        for site in try SiteStore.all(of: tenants, tx) { rows.sites[site.tenantID, default: []].append(site.value) }
        for trunk in try TrunkStore.all(of: tenants, tx) {
            rows.trunks[trunk.stored.tenantID, default: []].append(trunk)
        }
        for number in try PhoneNumberStore.inService(of: tenants, tx) {
            rows.numbers[number.tenantID, default: []].append(number.value.number)
        }
        for schedule in try ScheduleStore.all(of: tenants, tx) {
            rows.schedules[schedule.tenantID, default: []].append(schedule.value)
        }
        for rule in try DialPermissionStore.all(of: tenants, tx) {
            rows.permissions[rule.tenantID, default: []].append(rule.value.permission)
        }
        for settings in try VoiceSettingsStore.all(of: tenants, tx) {
            rows.settings[settings.tenantID] = settings.value
        }
        for sign in try FraudStore.blocks(of: tenants, tx) {
            guard let block = sign.value.closing else { continue }
            rows.blocks[sign.tenantID, default: []].append(block)
        }
        return rows
    }
}
