import Kernel
import Postgres

/// The programs that an organisation holds a contract in; Billing knows them.
package typealias ProgramsOf = @Sendable (borrowing Transaction<ScopeNode>, OrganisationID) throws -> Set<Program>

/// The use cases of instances.
package struct InstanceService: Sendable {
    let programs: ProgramsOf
    let ordered: OrderedLicencesOf

    package init(programs: @escaping ProgramsOf, ordered: @escaping OrderedLicencesOf) {
        self.programs = programs
        self.ordered = ordered
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(_ id: InstanceID, _ tx: borrowing Transaction<ScopeNode>) throws -> Instance {
        guard let instance = try InstanceStore.find(id, tx) else { throw Problem.notFound("instance") }
        return instance
    }

    /// In the order of creation.
    package func list(
        _ filter: InstanceFilter, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Instance> {
        let rows = try InstanceStore.list(filter, after: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.id)" }
    }

    /// Registers an instance of `organisationID` (by default the actor's own), owned by `ownerID` (by default the same).
    package func create(
        at host: InstanceHost, for organisationID: OrganisationID?, ownedBy ownerID: OrganisationID?,
        _ changes: InstanceChanges, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Instance {
        let organisation = try organisation(actor.organisation(organisationID), tx)
        let owner = try ownerID.map { try self.organisation($0, tx) } ?? organisation
        let party = Topology.Party(organisation, programs: try programs(tx, organisation.id))
        try Topology.checkInstance(of: party, at: host, ownedBy: owner)
        guard let name = changes.displayName else { throw Problem.invalid("display_name", "is required") }
        let blank = Instance(
            id: actor.ids.new(), organisationID: organisation.id, ownerID: owner.id, host: host,
            profile: InstanceProfile(displayName: name), state: .active, licence: nil, revision: 1,
            createdAt: actor.now,
            updatedAt: actor.now)
        var instance = try changes.applied(to: blank)
        instance.licence = try licence(of: instance, tx)
        try InstanceStore.insert(instance, tx)
        let facts = ["host": host.rawValue, "owner_id": "\(owner.id)"]
        try tx.audit(
            "instance.create", target: instance.id, organisation: organisation.id,
            detail: .difference([:], instance.auditFields, facts: facts), by: actor)
        return instance
    }

    /// Changes what is given. Host and owner never change: they decide what the tenants on it are billed under.
    package func update(
        _ id: InstanceID, _ changes: InstanceChanges, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Instance {
        guard let current = try InstanceStore.findForUpdate(id, tx) else { throw Problem.notFound("instance") }
        try expecting.check(current.revision)
        var changed = try changes.applied(to: current)
        if changed.licence != current.licence || (changed.state == .active && current.state != .active) {
            changed.licence = try licence(of: changed, tx)
        }
        guard changed != current else { return current }
        let updated = try InstanceStore.update(changed, at: actor.now, tx)
        try tx.audit(
            "instance.update", target: id, organisation: current.organisationID,
            detail: .difference(current.auditFields, changed.auditFields), by: actor)
        return updated
    }

    private func organisation(
        _ id: OrganisationID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Organisation {
        guard let organisation = try OrganisationStore.find(id, tx) else { throw Problem.notFound("organisation") }
        return organisation
    }
}
