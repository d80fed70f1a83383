import Kernel
import Postgres
import Telephony
import Tenancy

/// The use cases of nodes.
package struct NodeService: Sendable {
    let box: SecretBox

    package init(box: SecretBox) { self.box = box }

    /// In the order of creation.
    package func list(
        _ filter: NodeFilter, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<VoiceNode> {
        let rows = try NodeStore.list(filter, after: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.id)" }
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(_ id: VoiceNodeID, _ tx: borrowing Transaction<ScopeNode>) throws -> VoiceNode {
        guard let node = try NodeStore.find(id, tx) else { throw Problem.notFound("voice node") }
        return node
    }

    package func get(named name: String, _ tx: borrowing Transaction<ScopeNode>) throws -> VoiceNode {
        guard let node = try NodeStore.find(named: name, tx) else { throw Problem.notFound("voice node") }
        return node
    }

    /// Registers a node of an instance that the actor manages. `switchname` is the name by default.
    package func create(
        named name: String, at instanceID: InstanceID, _ changes: NodeChanges,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> IssuedNode {
        guard NodeNames.isName(name) else {
            throw Problem.invalid("name", "must have 1 to 32 lower-case letters, digits and dashes")
        }
        guard let instance = try InstanceStore.find(instanceID, tx), manages(instance, actor) else {
            throw Problem.notFound("instance")
        }
        guard instance.state == .active else {
            throw Problem.conflict("INSTANCE_RETIRED", "A retired instance gets no new nodes.")
        }
        let blank = VoiceNode(
            id: actor.ids.new(), organisationID: instance.organisationID, instanceID: instance.id, name: name,
            switchname: name, eventSocket: nil, settings: NodeSettings(), state: .active,
            sighting: VoiceNode.Sighting(lastSeenAt: nil, coreUUID: nil),
            life: VoiceNode.Life(revision: 1, createdAt: actor.now, updatedAt: actor.now))
        let node = try changes.applied(to: blank)
        let secrets = NodeSecrets.generate()
        let credentials = NodeCredentials(configuration: [], records: []).adding(secrets, named: name)
        try unique { try NodeStore.insert(node, credentials, tx) }
        try audit("create", node, .difference([:], node.auditFields, facts: ["name": name]), tx, actor)
        return IssuedNode(node: node, secrets: secrets)
    }

    /// Changes what is given. The name stays: credentials are made of it.
    package func update(
        _ id: VoiceNodeID, _ changes: NodeChanges, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> VoiceNode {
        let current = try locked(id, expecting, tx)
        let changed = try changes.applied(to: current)
        guard changed != current else { return current }
        let updated = try unique { try NodeStore.update(changed, at: actor.now, tx) }
        try audit("update", updated, .difference(current.auditFields, changed.auditFields), tx, actor)
        return updated
    }

    /// New passwords. The ones before work on until the next rotation, so that a node can be changed over while it
    /// runs.
    package func rotate(
        _ id: VoiceNodeID, expecting: ExpectedRevision, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> IssuedNode {
        let node = try locked(id, expecting, tx)
        guard node.state == .active, let credentials = try NodeStore.credentials(of: id, tx) else {
            throw Problem.conflict("NODE_RETIRED", "A retired node gets no new passwords.")
        }
        let secrets = NodeSecrets.generate()
        try NodeStore.replace(credentials.adding(secrets, named: node.name), of: id, at: actor.now, tx)
        try audit("rotate", node, ["name": node.name], tx, actor)
        return IssuedNode(node: try get(id, tx), secrets: secrets)
    }

    /// Everything that a bundle of files needs: new passwords, and one for the event socket, which is sealed because the
    /// control plane signs in with it. `socket` is where the event socket will be, unless the node says it already.
    package func issueBundle(
        named name: String, socket: VoiceNode.EventSocket, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> IssuedBundle {
        let issued = try rotate(get(named: name, tx).id, expecting: .anything, tx, actor)
        let password = NodeCredential.randomText()
        let sealed = try box.seal(PlainSecret(password), Self.context(issued.node), tx, actor)
        try NodeStore.setEventSocket(
            issued.node.eventSocket ?? socket, sealed, of: issued.node.id, at: actor.now, tx)
        return IssuedBundle(
            node: try get(issued.node.id, tx), secrets: issued.secrets, eventSocketPassword: password)
    }

    /// The active nodes with an event socket, and the password to it; `nil` where it has to be issued anew.
    package func eventSockets(
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [(node: VoiceNode, password: PlainSecret?)] {
        try NodeStore.withEventSocket(tx).map { row in
            (row.node, try box.open(row.secret, Self.context(row.node), tx).secret)
        }
    }

    private static func context(_ node: VoiceNode) -> SecretContext {
        SecretContext(
            .organisation(node.organisationID), table: "voice_node", column: "event_secret", row: "\(node.id)")
    }

    /// Ends the passwords of before the last rotation at once.
    package func forgetEarlier(
        _ id: VoiceNodeID, expecting: ExpectedRevision, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> VoiceNode {
        let node = try locked(id, expecting, tx)
        guard var credentials = try NodeStore.credentials(of: id, tx) else { throw Problem.notFound("voice node") }
        credentials.configuration = Array(credentials.configuration.prefix(1))
        credentials.records = Array(credentials.records.prefix(1))
        try NodeStore.replace(credentials, of: id, at: actor.now, tx)
        try audit("forget_earlier", node, ["name": node.name], tx, actor)
        return try get(id, tx)
    }

    /// Ends a node; repeating it changes nothing.
    package func retire(
        _ id: VoiceNodeID, expecting: ExpectedRevision, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> VoiceNode {
        var changes = NodeChanges()
        changes.state = .retired
        return try update(id, changes, expecting: expecting, tx, actor)
    }

    private func locked(
        _ id: VoiceNodeID, _ expecting: ExpectedRevision, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> VoiceNode {
        guard let node = try NodeStore.findForUpdate(id, tx) else { throw Problem.notFound("voice node") }
        try expecting.check(node.life.revision)
        return node
    }

    /// The shared platform's instances are visible to every partner, but only the platform runs their nodes.
    private func manages(_ instance: Instance, _ actor: Actor) -> Bool {
        actor.scope == .platform || (instance.host != .vendor && actor.scope.organisationID == instance.organisationID)
    }

    private func unique<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as DatabaseError {
            if error.isConstraint("voice_node_name") {
                throw Problem.conflict("NODE_NAME_TAKEN", "Another node has this name.")
            }
            if error.isConstraint("voice_node_switchname") {
                throw Problem.conflict("NODE_SWITCHNAME_TAKEN", "Another node calls itself like this.")
            }
            throw error
        }
    }

    private func audit(
        _ verb: String, _ node: VoiceNode, _ detail: AuditDetail, _ tx: borrowing Transaction<ScopeNode>,
        _ actor: Actor
    ) throws {
        try tx.audit(
            "voice_node.\(verb)", target: node.id, organisation: node.organisationID, detail: detail, by: actor)
    }
}
