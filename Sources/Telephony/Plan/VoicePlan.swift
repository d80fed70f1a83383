import Kernel

/// What a node is answered from: the plans of all tenants that it serves, with the few lookups that requests need. A
/// change makes a new value; requests that run keep the old one.
package struct VoicePlan: Sendable {
    /// One tenant's plan with the name of its content.
    package struct Entry: Sendable {
        /// The first 32 hexadecimal characters of the SHA-256 of the plan's canonical JSON without its secrets: every call
        /// carries it, so nothing secret may be guessed from it.
        package let revision: String
        package let plan: TenantPlan

        package init(revision: String, plan: TenantPlan) {
            self.revision = revision
            self.plan = plan
        }
    }

    private var byDomain: [String: Entry] = [:]
    private var domainOfTenant: [TenantID: String] = [:]
    private var domainsOfInstance: [InstanceID: Set<String>] = [:]
    private var domainOfNumber: [E164: String] = [:]
    private var trunks: [String: (domain: String, trunk: TrunkID)] = [:]

    package init(_ entries: [Entry] = []) {
        for entry in entries { set(entry) }
    }

    /// Takes over one tenant's plan in place of an older one.
    package mutating func set(_ entry: Entry) {
        remove(entry.plan.tenantID)
        let plan = entry.plan
        byDomain[plan.domain] = entry
        domainOfTenant[plan.tenantID] = plan.domain
        if let instance = plan.identity.instanceID { domainsOfInstance[instance, default: []].insert(plan.domain) }
        for number in plan.routing.numbers { domainOfNumber[number.e164] = plan.domain }
        for trunk in plan.routing.trunks { trunks[trunk.gatewayName] = (plan.domain, trunk.id) }
    }

    /// Forgets a tenant.
    package mutating func remove(_ tenant: TenantID) {
        guard let domain = domainOfTenant.removeValue(forKey: tenant), let old = byDomain.removeValue(forKey: domain)
        else { return }
        if let instance = old.plan.identity.instanceID { domainsOfInstance[instance]?.remove(domain) }
        for number in old.plan.routing.numbers where domainOfNumber[number.e164] == domain {
            domainOfNumber[number.e164] = nil
        }
        for trunk in old.plan.routing.trunks { trunks[trunk.gatewayName] = nil }
    }

    /// The plan of a domain that is written exactly as it is stored; another spelling is another domain.
    package func entry(domain: String) -> Entry? { byDomain[domain] }

    package func entry(tenant: TenantID) -> Entry? { domainOfTenant[tenant].flatMap { byDomain[$0] } }

    /// The tenant that a number belongs to.
    package func entry(number: E164) -> Entry? { domainOfNumber[number].flatMap { byDomain[$0] } }

    /// The tenant and the trunk of a gateway's name.
    package func entry(gateway: String) -> (entry: Entry, trunk: TrunkID)? {
        guard let found = trunks[gateway], let entry = byDomain[found.domain] else { return nil }
        return (entry, found.trunk)
    }

    /// How many domains a node of the instance serves; `nil` stands for a node that serves all.
    package func domainCount(of instance: InstanceID?) -> Int {
        instance.map { domainsOfInstance[$0]?.count ?? 0 } ?? byDomain.count
    }

    /// The plan of an instance with one domain.
    package func onlyEntry(of instance: InstanceID) -> Entry? {
        guard let domains = domainsOfInstance[instance], domains.count == 1 else { return nil }
        return domains.first.flatMap { byDomain[$0] }
    }

    /// Every plan, in the order of the domains.
    package var entries: [Entry] { byDomain.keys.sorted().compactMap { byDomain[$0] } }
}
