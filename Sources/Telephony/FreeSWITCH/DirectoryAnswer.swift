import Kernel

/// What a node gets to know about users and gateways. Every check that FreeSWITCH does not make is made here, because a
/// user that it gets is a user that it lets in.
package enum DirectoryAnswer {
    /// The domain that was asked for with what the question needs of it, or why there is none.
    package static func answer(_ request: DirectoryRequest, plan: VoicePlan, node: NodeContext) -> SwitchAnswer {
        if case .gateways(let profile) = request.question { return gateways(request, profile, plan, node) }
        guard let entry = plan.entry(domain: request.domain), node.serves(entry) else {
            let canonical = request.domain.lowercased()
            let isOtherSpelling = canonical != request.domain && plan.entry(domain: canonical).map(node.serves) == true
            return .notFound(isOtherSpelling ? .spelling : .unknownDomain)
        }
        let isAlone = plan.domainCount(of: node.instanceID) == 1
        switch request.question {
        case .authentication(let login): return authenticate(login, entry, isAlone)
        case .call(let name), .user(let name): return user(named: name, entry, isAlone)
        case .group(let name): return group(named: name, entry, isAlone)
        case .networkList: return domain(entry, users: [SwitchElement("users")])
        case .domain: return domain(entry, users: [])
        case .gateways, .other: return .notFound(.notManaged)
        }
    }

    // MARK: Users

    private static func authenticate(
        _ login: PhoneAuthentication, _ entry: VoicePlan.Entry, _ isAlone: Bool
    ) -> SwitchAnswer {
        if let reason = objection(to: login, domain: entry.plan.domain) { return .notFound(reason) }
        switch find(login.username, entry) {
        case .failure(let refusal): return .notFound(refusal.reason)
        case .success(let user):
            let known = login.proof.flatMap { proof in
                user.digests.first { PhoneDigest.matches($0, proof, method: login.method) }
            }
            guard let digest = known ?? user.digests.first else { return .notFound(.noCredential) }
            return answer([element(user, digest: digest, entry, isAlone)], entry)
        }
    }

    /// What speaks against a login before any secret is looked at (README 2.2 of the recordings: FreeSWITCH stores a
    /// registration under the host of To, but looks the user up under the realm, which the client chooses).
    private static func objection(to login: PhoneAuthentication, domain: String) -> SwitchAnswer.NotFound? {
        guard login.realm == domain else { return .otherDomain }
        let addresses = login.addresses
        if login.method == "REGISTER" {
            guard addresses.toHost == domain else { return .otherDomain }
            // Whitelisted requests leave it out; the profile of the bundle makes the same check.
            guard addresses.toUser == nil || addresses.toUser == login.username else { return .otherUser }
        } else if let host = addresses.fromHost {
            // RFC 3323: a caller who hides has this host; the call runs in the domain of the credentials.
            guard host == domain || host == "anonymous.invalid" else { return .otherDomain }
        }
        return nil
    }

    private static func user(named name: String, _ entry: VoicePlan.Entry, _ isAlone: Bool) -> SwitchAnswer {
        switch find(name, entry) {
        case .failure(let refusal): return .notFound(refusal.reason)
        case .success(let user):
            guard let digest = user.digests.first else { return .notFound(.noCredential) }
            return answer([element(user, digest: digest, entry, isAlone)], entry)
        }
    }

    private static func group(named name: String, _ entry: VoicePlan.Entry, _ isAlone: Bool) -> SwitchAnswer {
        let directory = entry.plan.directory
        guard let group = directory.groups.first(where: { $0.name == name }) else { return .notFound(.unknownUser) }
        let users = directory.users.filter { group.members.contains($0.id) && $0.isEnabled }
        return answer(
            users.compactMap { user in user.digests.first.map { element(user, digest: $0, entry, isAlone) } }, entry)
    }

    private struct Refused: Error { let reason: SwitchAnswer.NotFound }

    private static func find(_ name: String, _ entry: VoicePlan.Entry) -> Result<SIPUser, Refused> {
        guard let user = entry.plan.directory.users.first(where: { $0.name == name }) else {
            return .failure(Refused(reason: .unknownUser))
        }
        guard user.isEnabled else { return .failure(Refused(reason: .disabledUser)) }
        return user.digests.isEmpty ? .failure(Refused(reason: .noCredential)) : .success(user)
    }

    private static func element(
        _ user: SIPUser, digest: String, _ entry: VoicePlan.Entry, _ isAlone: Bool
    ) -> SwitchElement {
        let variables: [SwitchElement] = [
            .variable("user_context", .word(entry.plan.context)),
            .variable("tenant_id", SwitchValue(entry.plan.tenantID)),
            .variable("accountcode", SwitchValue(entry.plan.tenantID)),
            .variable("x_user_id", SwitchValue(user.id)),
            .variable("x_cfg_rev", .word(entry.revision)),
            .variable("effective_caller_id_number", .word(user.name)),
            .variable("effective_caller_id_name", .freeText(user.displayName.isEmpty ? user.name : user.displayName)),
        ]
        let parts = [
            SwitchElement(
                "params", [:],
                [.param("a1-hash", .word(digest)), .param("allow-empty-password", "false")]),
            SwitchElement("variables", [:], variables),
        ]
        guard let cache = cacheMilliseconds(user, isAlone) else {
            return SwitchElement("user", ["id": .word(user.name)], parts)
        }
        return SwitchElement("user", ["id": .word(user.name), "cacheable": SwitchValue(cache)], parts)
    }

    /// How long the node may answer for the user by itself, which also bridges an outage. A node asks nothing for a
    /// user in its cache, so the check of the registered domain would not be made: only a node that serves a single domain,
    /// so that no credentials of another exist for it, gets it. And none while two secrets are valid: the cache would know only
    /// one.
    private static func cacheMilliseconds(_ user: SIPUser, _ isAlone: Bool) -> Int? {
        isAlone && user.digests.count == 1 ? 60_000 : nil
    }

    private static func answer(_ users: [SwitchElement], _ entry: VoicePlan.Entry) -> SwitchAnswer {
        domain(
            entry,
            users: [
                SwitchElement(
                    "params", [:],
                    [
                        .param("dial-string", dialString)
                    ]),
                SwitchElement(
                    "groups", [:],
                    [SwitchElement("group", ["name": "default"], [SwitchElement("users", [:], users)])]),
            ])
    }

    /// Every phone that is registered for the user. The domain stays in what the phone sees, also behind a NAT.
    private static let dialString: SwitchValue = """
        {^^:sip_invite_domain=${dialed_domain}:presence_id=${dialed_user}@${dialed_domain}}\
        ${sofia_contact(*/${dialed_user}@${dialed_domain})}
        """

    private static func domain(_ entry: VoicePlan.Entry, users: [SwitchElement]) -> SwitchAnswer {
        SwitchAnswer(
            SwitchDocument(.directory, [SwitchElement("domain", ["name": .word(entry.plan.domain)], users)]))
    }

    // MARK: Gateways

    private static func gateways(
        _ request: DirectoryRequest, _ profile: String?, _ plan: VoicePlan, _ node: NodeContext
    ) -> SwitchAnswer {
        let entries =
            request.domain.isEmpty
            ? plan.entries.filter { node.serves($0) && !$0.plan.routing.trunks.isEmpty }
            : [plan.entry(domain: request.domain)].compactMap(\.self).filter(node.serves)
        guard request.domain.isEmpty || !entries.isEmpty else { return .notFound(.unknownDomain) }
        let carries = profile == nil || profile == SofiaConfiguration.trunkProfile
        let domains = entries.map { entry in
            SwitchElement(
                "domain", ["name": .word(entry.plan.domain)],
                carries ? GatewayList.groups(of: entry) : [])
        }
        return SwitchAnswer(SwitchDocument(.directory, domains))
    }
}
