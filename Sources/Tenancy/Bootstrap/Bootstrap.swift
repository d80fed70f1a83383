import FoundationEssentials
import Kernel
import Postgres

extension Principal {
    /// Whoever signs in with a one-time password, until people have accounts of their own.
    package static let consoleOperatorID = PrincipalID(
        UUID(bytes: [0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 2]))
}

/// What a fresh database needs before anybody can do anything.
package enum Bootstrap {
    /// The vendor's organisation, the principal of named jobs and the operator of the console. Creates what is missing and
    /// leaves the rest as it is; safe to run at every start and by several processes at once.
    package static func ensureVendor(
        _ profile: OrganisationProfile, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Organisation {
        let vendor = try ensureOrganisation(profile, tx, actor)
        try PrincipalStore.insert(Principal.systemID, .system, named: "System", at: .platform, tx, actor)
        try PrincipalStore.insert(
            Principal.consoleOperatorID, .operatorSession, named: "Console operator", at: .platform, tx, actor)
        if try !PrincipalStore.isBound(Principal.consoleOperatorID, .platformOperator, tx) {
            try PrincipalStore.bind(
                Principal.consoleOperatorID, .platformOperator, at: .platform, until: nil, tx, actor)
        }
        return vendor
    }

    private static func ensureOrganisation(
        _ profile: OrganisationProfile, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Organisation {
        if let vendor = try OrganisationStore.vendor(tx) { return vendor }
        let vendor = Organisation(
            id: actor.ids.new(), kind: .vendor, profile: profile, revision: 1, createdAt: actor.now,
            updatedAt: actor.now)
        guard try OrganisationStore.insertIfFirst(vendor, tx) else {
            // Another process was faster; its row is committed by now.
            guard let winner = try OrganisationStore.vendor(tx) else { throw Problem.notFound("vendor") }
            return winner
        }
        try tx.audit(
            "organisation.create", target: vendor.id, organisation: vendor.id,
            detail: .difference([:], profile.auditFields), by: actor)
        return vendor
    }
}
