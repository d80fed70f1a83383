import Kernel
import Postgres

/// The use cases of organisations. Each runs inside a transaction of the actor's scope: what that does not show does not
/// exist.
package struct OrganisationService: Sendable {
    let checkVATID: @Sendable (String, CountryCode) -> VATIDCheck

    package init(checkVATID: @escaping @Sendable (String, CountryCode) -> VATIDCheck) {
        self.checkVATID = checkVATID
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(_ id: OrganisationID, _ tx: borrowing Transaction<ScopeNode>) throws -> Organisation {
        guard let organisation = try OrganisationStore.find(id, tx) else { throw Problem.notFound("organisation") }
        return organisation
    }

    /// In the order of creation.
    package func list(
        _ filter: OrganisationFilter, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Organisation> {
        let rows = try OrganisationStore.list(filter, after: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.id)" }
    }

    /// The platform creates partners and end-customers; a partner creates end-customers that it manages.
    package func create(
        _ kind: Organisation.Kind.Name, managedBy: OrganisationID?, _ changes: OrganisationChanges,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Organisation {
        let organisation = Organisation(
            id: actor.ids.new(), kind: try self.kind(kind, managedBy: managedBy, tx, actor),
            profile: try newProfile(changes), revision: 1, createdAt: actor.now, updatedAt: actor.now)
        try OrganisationStore.insert(organisation, tx)
        var fields = organisation.profile.auditFields
        fields["kind"] = kind.rawValue
        fields["managed_by"] = organisation.kind.manager?.description
        try tx.audit(
            "organisation.create", target: organisation.id, organisation: organisation.auditOwner,
            detail: .difference([:], fields), by: actor)
        return organisation
    }

    /// Changes what is given. A partner keeps its own contact details; the legal facts that its contract and its taxes
    /// rest on are the vendor's to change.
    package func update(
        _ id: OrganisationID, _ changes: OrganisationChanges, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Organisation {
        guard let current = try OrganisationStore.findForUpdate(id, tx) else { throw Problem.notFound("organisation") }
        try expecting.check(current.revision)
        let profile = try changes.applied(to: current.profile, checkVATID: checkVATID)
        if case .organisation(id) = actor.scope, profile.legalFacts != current.profile.legalFacts {
            throw Problem.refused(
                "ORGANISATION_LEGAL_FACTS",
                "Legal name, country, VAT ID and sector of your own organisation are part of its contract. "
                    + "Ask the vendor to change them.")
        }
        guard profile != current.profile else { return current }
        let updated = try OrganisationStore.update(id, to: profile, at: actor.now, tx)
        try tx.audit(
            "organisation.update", target: id, organisation: current.auditOwner,
            detail: .difference(current.profile.auditFields, profile.auditFields), by: actor)
        return updated
    }

    private func newProfile(_ changes: OrganisationChanges) throws -> OrganisationProfile {
        guard let name = changes.displayName, let country = changes.country else {
            let missing = [("display_name", changes.displayName == nil), ("country", changes.country == nil)]
            throw Problem.invalid(missing.filter(\.1).map { .init(field: $0.0, message: "is required") })
        }
        var changes = changes
        changes.legalName = changes.legalName ?? name
        let blank = OrganisationProfile(displayName: name, legalName: name, country: country)
        return try changes.applied(to: blank, checkVATID: checkVATID)
    }

    private func kind(
        _ kind: Organisation.Kind.Name, managedBy: OrganisationID?, _ tx: borrowing Transaction<ScopeNode>,
        _ actor: Actor
    ) throws -> Organisation.Kind {
        if case .organisation(let own) = actor.scope {
            guard kind == .endCustomer else {
                throw Problem.refused(
                    "ORGANISATION_KIND", "A partner creates end-customers only.", field: "kind")
            }
            guard managedBy == nil || managedBy == own else { throw Problem.notFound("organisation") }
            return .endCustomer(of: own)
        }
        guard actor.scope == .platform else { throw Problem.forbidden(.organisationWrite) }
        switch kind {
        case .vendor:
            throw Problem.refused(
                "ORGANISATION_ONE_VENDOR", "There is one vendor, and it exists already.", field: "kind")
        case .partner:
            guard managedBy == nil else {
                throw Problem.refused(
                    "ORGANISATION_KIND", "Only an end-customer is managed by somebody else.", field: "managed_by")
            }
            return .partner
        case .endCustomer:
            if let managedBy, try get(managedBy, tx).kind.name == .endCustomer {
                throw Problem.refused(
                    "ORGANISATION_KIND", "An end-customer cannot manage others.", field: "managed_by")
            }
            return .endCustomer(of: managedBy)
        }
    }
}

extension Organisation {
    /// In whose audit log a change to this organisation belongs: an end-customer's in its partner's.
    var auditOwner: OrganisationID { kind.manager ?? id }
}
