import Kernel
import Postgres
import Telephony
import Tenancy

/// The ways of a tenant to carriers and exchanges.
package struct TrunkService: Sendable {
    let box: SecretBox
    let nodes: NodeDirectory

    package func list(
        of id: TenantID, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<TrunkView> {
        let tenant = try VoiceTenant.get(id, tx)
        let rows = try TrunkStore.list(of: id, after: page.cursorID(), limit: page.limit + 1, tx)
        let found = Page(rows: rows, limit: page.limit) { "\($0.stored.value.id)" }
        let agents = try agentSources(tenant, tx)
        var views: [TrunkView] = []
        for trunk in found.items { views.append(try view(trunk, tenant, agents, tx)) }
        return Page(items: views, nextCursor: found.nextCursor)
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(
        _ id: TrunkID, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> TrunkView {
        let tenant = try VoiceTenant.get(tenantID, tx)
        return try view(found(id, tenant, tx), tenant, agentSources(tenant, tx), tx)
    }

    package func create(
        _ fields: TrunkFields, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> TrunkView {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let trunk = try fields.checked(id: actor.ids.new(), needsSecret: true, agents: agentSources(tenant, tx))
        try check(trunk, before: nil, by: actor)
        let secret = try sealed(fields.registration?.secret, of: trunk.id, tenant, tx, actor)
        try TrunkStore.insert(trunk, secret, of: tenant, at: actor.now, tx)
        try reserve(trunk, tenant, tx)
        try tx.recordVoiceChange("create_trunk", trunk.id, of: tenant, .difference([:], trunk.auditFields), by: actor)
        return try get(trunk.id, of: tenantID, tx)
    }

    /// Replaces the settings; a secret that is left out stays.
    package func update(
        _ id: TrunkID, _ fields: TrunkFields, of tenantID: TenantID, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> TrunkView {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let before = try found(id, tenant, tx)
        try expecting.check(before.stored.revision)
        let trunk = try fields.checked(
            id: id, needsSecret: before.secret == nil, agents: agentSources(tenant, tx))
        try check(trunk, before: before.stored.value, by: actor)
        var secret = try sealed(fields.registration?.secret, of: id, tenant, tx, actor)
        let isNewSecret = secret != nil
        if trunk.registration != nil { secret = secret ?? before.secret }
        try TrunkStore.update(trunk, secret, of: tenantID, at: actor.now, tx)
        try reserve(trunk, tenant, tx)
        let detail = AuditDetail.difference(
            before.stored.value.auditFields, trunk.auditFields, facts: isNewSecret ? ["secret": "replaced"] : [:])
        try tx.recordVoiceChange("update_trunk", id, of: tenant, detail, by: actor)
        return try get(id, of: tenantID, tx)
    }

    package func delete(
        _ id: TrunkID, of tenantID: TenantID, expecting: ExpectedRevision, _ tx: borrowing Transaction<ScopeNode>,
        _ actor: Actor
    ) throws {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let trunk = try found(id, tenant, tx).stored
        try expecting.check(trunk.revision)
        do { try TrunkStore.delete(id, of: tenantID, tx) } catch { throw VoiceConstraints.onDelete(error) }
        try TrunkStore.giveBack(id, of: tenantID, tx)
        try tx.recordVoiceChange("delete_trunk", id, of: tenant, .difference(trunk.value.auditFields, [:]), by: actor)
    }

    /// The trunk as a node needs it. One whose secret cannot be read is switched off rather than left out, so that calls
    /// over it are refused by name.
    func opened(
        _ trunk: SealedTrunk, _ owner: SecretOwner, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Trunk {
        let settings = trunk.stored.value
        var use = settings.use
        var identification = Trunk.Identification.address
        if let registration = settings.registration {
            var secret: PlainSecret?
            if let sealed = trunk.secret { secret = try box.open(sealed, Self.context(settings.id, owner), tx).secret }
            if secret == nil { use.isEnabled = false }
            identification = .registration(
                username: registration.username, secret: secret?.text ?? "", realm: registration.realm)
        }
        return Trunk(
            id: settings.id, displayName: settings.displayName, proxy: settings.proxy, identification: identification,
            fingerprint: trunk.secret?.fingerprint, allowedAddresses: settings.allowedAddresses, use: use,
            format: settings.format, transport: settings.transport)
    }

    // MARK: Parts

    /// The nodes are in the network of whoever runs them: a tenant's own key does not send their messages about in it, and
    /// lets nobody in from there.
    private func check(_ trunk: TrunkSettings, before: TrunkSettings?, by actor: Actor) throws(Problem) {
        if trunk.proxy != before?.proxy, ProxyAddress(trunk.proxy)?.isLocal == true {
            try actor.requireManager("The host is private, loopback or link-local.", field: "proxy")
        }
        for (index, text) in trunk.allowedAddresses.enumerated()
        where before?.allowedAddresses.contains(text) != true && (try? NetworkRange(text))?.isLocal == true {
            try actor.requireManager(
                "The network is private, loopback or link-local.", field: "allowed_addresses[\(index)]")
        }
    }

    private func reserve(
        _ trunk: TrunkSettings, _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        do { try TrunkStore.reserve(trunk, of: tenant, tx) } catch let error as DatabaseError {
            guard error.isConstraint("trunk_address_once") else { throw error }
            throw Problem.conflict(
                "TRUNK_ADDRESS_TAKEN",
                "One of the allowed addresses belongs to another trunk at the same port and transport, so a call from "
                    + "there could not be told apart. Name narrower networks, another port, or let the trunk register.")
        }
    }

    private func sealed(
        _ text: String?, of id: TrunkID, _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>,
        _ actor: Actor
    ) throws -> SealedSecret? {
        guard let text else { return nil }
        return try box.seal(PlainSecret(text), Self.context(id, tenant.secretOwner), tx, actor)
    }

    private static func context(_ id: TrunkID, _ owner: SecretOwner) -> SecretContext {
        SecretContext(owner, table: "trunk", column: "secret", row: "\(id)")
    }

    private func found(
        _ id: TrunkID, _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> SealedTrunk {
        guard let trunk = try TrunkStore.find(id, of: tenant.id, tx) else { throw Problem.notFound("trunk") }
        return trunk
    }

    private func agentSources(
        _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [AddressBlock] {
        try TenantStore.find(tenant.id, tx).map { nodes.agentSources(of: $0.placement.instanceID) } ?? []
    }

    private func view(
        _ trunk: SealedTrunk, _ tenant: VoiceTenant, _ agents: [AddressBlock],
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> TrunkView {
        var loss: SecretLoss?
        if let secret = trunk.secret,
            case .needsReentry(let reason) = try box.open(
                secret, Self.context(trunk.stored.value.id, tenant.secretOwner), tx)
        {
            loss = reason
        }
        return TrunkView(
            stored: trunk.stored, secretLoss: loss,
            ofAgents: trunk.stored.value.allowedAddresses.filter { text in
                AddressBlock(text).map { agents.contains(where: $0.overlaps) } ?? false
            })
    }
}

extension TrunkFields {
    static let mostAddresses = 64
    static let mostPrefixes = 200

    /// - Parameter needsSecret: whether a registration has none yet.
    func checked(id: TrunkID, needsSecret: Bool, agents: [AddressBlock]) throws(Problem) -> TrunkSettings {
        var checks = FieldChecks()
        var displayName = ""
        checks.set(&displayName, self.displayName, "display_name", 1...Limits.textCharacters)
        let proxy = ProxyAddress(self.proxy.trimmed)
        if proxy == nil { checks.refuse("proxy", "must be a host or host:port, for example sip.carrier.example:5060") }
        let addresses = checkedAddresses(agents, &checks)
        let registration = checkedRegistration(proxy, needsSecret, &checks)
        let use = checkedUse(&checks)
        try checks.throwIfAny()
        return TrunkSettings(
            id: id, displayName: displayName, proxy: proxy?.description ?? "", transport: transport ?? .udp,
            registration: registration, allowedAddresses: addresses.map(\.description), use: use,
            format: numberFormat ?? .e164Plus)
    }

    private func checkedAddresses(_ agents: [AddressBlock], _ checks: inout FieldChecks) -> [NetworkRange] {
        var networks: [NetworkRange] = []
        for (index, text) in (allowedAddresses ?? []).enumerated() {
            do throws(NetworkRange.Mistake) {
                let network = try NetworkRange(text.trimmed)
                if networks.contains(where: network.overlaps) {
                    checks.refuse("allowed_addresses[\(index)]", "is part of another network of the list")
                }
                if AddressBlock(network.description).map({ agents.contains(where: $0.overlaps) }) == true {
                    checks.refuse(
                        "allowed_addresses[\(index)]",
                        "has addresses from which agents call, so nobody from there is taken for a carrier; name "
                            + "networks without them")
                }
                networks.append(network)
            } catch {
                checks.refuse("allowed_addresses[\(index)]", error.message)
            }
        }
        if networks.count > Self.mostAddresses {
            checks.refuse("allowed_addresses", "must be at most \(Self.mostAddresses)")
        }
        return networks
    }

    private func checkedRegistration(
        _ proxy: ProxyAddress?, _ needsSecret: Bool, _ checks: inout FieldChecks
    ) -> TrunkSettings.Registration? {
        guard let registration else { return nil }
        if !Self.isPlain(registration.username, 1...64) {
            checks.refuse(
                "registration.username", "must have 1 to 64 printable ASCII characters without blanks or quotes")
        }
        let realm = registration.realm?.trimmed ?? proxy?.host ?? ""
        if !Self.isPlain(realm, 1...253) {
            checks.refuse(
                "registration.realm", "must have 1 to 253 printable ASCII characters without blanks or quotes")
        }
        switch registration.secret {
        case let secret? where !Self.isPlain(secret, 1...128):
            checks.refuse(
                "registration.secret", "must have 1 to 128 printable ASCII characters without blanks or quotes")
        case nil where needsSecret:
            checks.refuse("registration.secret", "is required: what the carrier gave you")
        default: break
        }
        return TrunkSettings.Registration(username: registration.username, realm: realm)
    }

    private func checkedUse(_ checks: inout FieldChecks) -> Trunk.Use {
        var use = Trunk.Use()
        use.isEnabled = enabled ?? true
        use.carriesEmergency = carriesEmergency ?? false
        use.priority = priority ?? 1
        use.weight = weight ?? 1
        use.prefixes = prefixes ?? []
        if !(1...1000).contains(use.priority) { checks.refuse("priority", "must lie between 1 and 1000") }
        if !(1...1000).contains(use.weight) { checks.refuse("weight", "must lie between 1 and 1000") }
        if use.prefixes.count > Self.mostPrefixes { checks.refuse("prefixes", "must be at most \(Self.mostPrefixes)") }
        for (index, prefix) in use.prefixes.enumerated() where !DialPrefix.isValid(prefix) {
            checks.refuse("prefixes[\(index)]", "must be the first digits of E.164 without '+', for example 43")
        }
        return use
    }

    /// Nothing that a configuration file or a header could take for its own syntax.
    private static func isPlain(_ text: String, _ length: ClosedRange<Int>) -> Bool {
        length.contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !Array("\"'\\<>`".utf8).contains($0) }
    }
}

/// The first digits of E.164 numbers, without `+`.
enum DialPrefix {
    static func isValid(_ text: String) -> Bool {
        (1...15).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: "0")
            && text.utf8.allSatisfy { (48...57).contains($0) }
    }
}

extension TrunkSettings {
    /// What the audit log compares; never a secret.
    var auditFields: [String: String] {
        [
            "display_name": displayName, "proxy": proxy, "transport": transport.rawValue,
            "username": registration?.username ?? "", "realm": registration?.realm ?? "",
            "allowed_addresses": allowedAddresses.joined(separator: ", "), "enabled": "\(use.isEnabled)",
            "carries_emergency": "\(use.carriesEmergency)", "priority": "\(use.priority)", "weight": "\(use.weight)",
            "prefixes": use.prefixes.joined(separator: ", "), "number_format": format.rawValue,
        ]
    }
}
