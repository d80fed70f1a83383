import Kernel

/// What a node has to be told when plans change, because it does not ask by itself: it keeps answers about users for a
/// while, registrations until they expire, and gateways and address lists until it is told to look again.
package struct NodeNews: Sendable, Hashable {
    /// A user of a domain.
    private struct Address: Hashable, Comparable {
        let name: String
        let domain: String

        static func < (left: Self, right: Self) -> Bool { (left.domain, left.name) < (right.domain, right.name) }
    }

    /// Whose answer changed.
    private var staleUsers: Set<Address> = []
    /// Who may not be reached any more.
    private var leavers: Set<Address> = []
    /// By name. A gateway that only looks different is taken out, too: asking again adds what is new and changes nothing.
    package private(set) var oldGateways: Set<String> = []
    private var hasNewGateways = false
    private var hasNewAddresses = false

    /// Nothing to tell.
    package init() {}

    /// What one tenant's change means for a node that serves the tenant before, after, or both: the plan of a time in which
    /// it does not serve the tenant is `nil`.
    package init(before: TenantPlan?, after: TenantPlan?) {
        let present = after.map { plan in
            Dictionary(plan.directory.users.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        }
        for user in before?.directory.users ?? [] {
            guard let domain = before?.domain else { continue }
            let address = Address(name: user.name, domain: domain)
            let next = after?.domain == domain ? present?[user.id] : nil
            if next?.answer != user.answer { staleUsers.insert(address) }
            if user.isEnabled, next?.name != user.name || next?.isEnabled != true { leavers.insert(address) }
        }
        let (old, new) = (GatewayList.gateways(of: before), GatewayList.gateways(of: after))
        oldGateways = Set(old.filter { new[$0.key] != $0.value }.keys)
        hasNewGateways = new.contains { old[$0.key] != $0.value }
        hasNewAddresses = Self.addresses(before) != Self.addresses(after)
    }

    /// What a node has to be told that could not be told for a while, or never was: everything is asked for again, and what
    /// the node shows and no plan knows any more is taken out.
    /// - Parameter changed: gateways that changed while it could not be told.
    package init(catchingUp view: NodeView, _ plan: VoicePlan, instance: InstanceID?, changed: Set<String>) {
        func serves(_ entry: VoicePlan.Entry) -> Bool {
            instance == nil || entry.plan.identity.instanceID == instance
        }
        for name in view.gateways.keys where TrunkID(name) != nil {
            let plan = plan.entry(gateway: name).flatMap { serves($0.entry) ? $0.entry.plan : nil }
            if changed.contains(name) || GatewayList.gateways(of: plan)[name] == nil { oldGateways.insert(name) }
        }
        for address in view.registrations.keys {
            let entry = plan.entry(domain: address.domain).flatMap { serves($0) ? $0 : nil }
            if entry?.plan.directory.users.contains(where: { $0.name == address.user && $0.isEnabled }) != true {
                leavers.insert(Address(name: address.user, domain: address.domain))
            }
        }
        hasNewGateways = true
        hasNewAddresses = true
    }

    /// A node answers for users of its only domain by itself for a while, and of several domains never: when a second one
    /// comes, what it keeps of the first is forgotten.
    package static func forgettingUsers(of plan: TenantPlan) -> NodeNews {
        var news = NodeNews()
        news.staleUsers = Set(plan.directory.users.map { Address(name: $0.name, domain: plan.domain) })
        return news
    }

    /// Both, whatever their order: a gateway that changed twice is taken out once and asked for once.
    package mutating func add(_ other: NodeNews) {
        staleUsers.formUnion(other.staleUsers)
        leavers.formUnion(other.leavers)
        oldGateways.formUnion(other.oldGateways)
        hasNewGateways = hasNewGateways || other.hasNewGateways
        hasNewAddresses = hasNewAddresses || other.hasNewAddresses
    }

    /// What is told first.
    package var atOnce: [EventSocketCommand] {
        staleUsers.sorted().compactMap { .flushDirectory(user: $0.name, domain: $0.domain) }
            + leavers.sorted().compactMap {
                .flushRegistration(profile: .internal, user: $0.name, domain: $0.domain)
            }
            + (hasNewAddresses ? [.reloadAccessLists] : [])
            + oldGateways.sorted().compactMap { .killGateway($0) }
    }

    /// What is told last, once the gateways are gone: a gateway that is still going is not added again.
    package var afterPause: [EventSocketCommand] { hasNewGateways ? [.rescan] : [] }

    /// Whether there has to be time between the two.
    package var needsPause: Bool { hasNewGateways && !oldGateways.isEmpty }

    /// How long a gateway takes to go.
    package static let pause = Duration.seconds(2)

    private static func addresses(_ plan: TenantPlan?) -> Set<String> {
        Set((plan?.routing.trunks ?? []).filter(\.use.isEnabled).flatMap(\.allowedAddresses))
    }
}

extension SIPUser {
    /// What a node is told about the user.
    fileprivate var answer: [String] { [name, displayName, "\(isEnabled)"] + digests }
}
