import Kernel
import Postgres
import Telephony
import Tenancy

/// Rows to plans.
struct PlanCompiler: Sendable {
    let trunks: TrunkService

    /// The plans of some tenants, with their secrets; a tenant whose voice ended meanwhile is left out.
    func entries(
        of marks: [PlanMark], terms: [PlanPlacement: VoiceLinks.Terms], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [VoicePlan.Entry] {
        let rows = try PlanStore.rows(of: marks.map(\.tenantID), tx)
        var entries: [VoicePlan.Entry] = []
        for mark in marks {
            guard let terms = terms[mark.placement], let plan = try plan(mark, rows, terms, tx) else { continue }
            entries.append(try plan.entry())
        }
        return entries
    }

    private func plan(
        _ mark: PlanMark, _ rows: PlanRows, _ terms: VoiceLinks.Terms, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> TenantPlan? {
        let id = mark.tenantID
        guard let domain = rows.domains[id] else { return nil }
        let identity = TenantPlan.Identity(
            tenantID: id, organisationID: mark.placement.organisationID, domain: domain.value.name,
            country: domain.value.country, instanceID: mark.placement.instanceID)
        // Its phones cannot sign in, its trunks register nowhere and its numbers do not ring. A tenant that is only
        // suspended keeps them for emergency calls.
        guard !mark.isEnded else { return TenantPlan(identity, barred: .tenantInactive) }
        var directory = TenantPlan.Directory()
        directory.users = rows.users[id] ?? []
        directory.groups = rows.groups[id] ?? []
        directory.sites = rows.sites[id] ?? []
        var routing = TenantPlan.Routing()
        let owner = SecretOwner.tenant(id, of: mark.placement.organisationID)
        for trunk in rows.trunks[id] ?? [] { routing.trunks.append(try trunks.opened(trunk, owner, tx)) }
        routing.numbers = rows.numbers[id] ?? []
        routing.schedules = rows.schedules[id] ?? []
        let settings = rows.settings[id] ?? VoiceSettings()
        var policy = TenantPlan.Policy()
        policy.permissions = rows.permissions[id] ?? []
        policy.limits = settings.limits
        policy.blocks = rows.blocks[id] ?? []
        policy.allotment = settings.allotment(terms)
        return TenantPlan(
            identity, barred: mark.bar(terms), directory: directory, routing: routing, policy: policy)
    }
}

extension PlanMark {
    fileprivate var isEnded: Bool { state == .archived || state == .purged }

    /// Why the tenant makes no calls: what is nearest to it first.
    fileprivate func bar(_ terms: VoiceLinks.Terms) -> TenantPlan.Bar? {
        if !isEnabled { return .voiceOff }
        if state != .active { return .tenantInactive }
        return terms.bar
    }
}
