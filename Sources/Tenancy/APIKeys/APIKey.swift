import Kernel

/// An API key without its secret, which nobody but its owner has.
package struct APIKey: Sendable, Equatable {
    package let id: APIKeyID
    package let principalID: PrincipalID
    package let scope: ScopeNode
    /// The public part of the key.
    package let keyID: String
    package let displayName: String
    package let role: Role.Name
    package let lastFour: String
    package let life: APIKeyLife
    package let revision: Int64
}

/// The times of a key.
package struct APIKeyLife: Sendable, Equatable {
    package let createdAt: Timestamp
    package let createdBy: PrincipalID
    package let expiresAt: Timestamp?
    package let revokedAt: Timestamp?
    /// Exact to a few minutes.
    package let lastUsedAt: Timestamp?

    /// Whether a key opens anything.
    package enum State: String, Sendable, Codable, CaseIterable { case active, expired, revoked }

    /// Revoked counts more than expired.
    package func state(at now: Timestamp) -> State {
        if revokedAt != nil { return .revoked }
        return expiresAt.map { $0 <= now } == true ? .expired : .active
    }
}

/// A key with its secret: the only moment at which anybody sees it.
package struct IssuedAPIKey: Sendable {
    package let key: APIKey
    package let token: APIKeyToken
}

/// A key to be created.
package struct NewAPIKey: Sendable {
    package var role: Role.Name
    package var displayName: String
    /// By default the actor's own scope.
    package var organisationID: OrganisationID?
    package var tenantID: TenantID?
    /// Required for keys of the platform.
    package var expiresAt: Timestamp?

    package init(
        role: Role.Name, displayName: String, organisationID: OrganisationID? = nil, tenantID: TenantID? = nil,
        expiresAt: Timestamp? = nil
    ) {
        self.role = role
        self.displayName = displayName
        self.organisationID = organisationID
        self.tenantID = tenantID
        self.expiresAt = expiresAt
    }
}

/// Which keys are wanted.
package struct APIKeyFilter: Sendable {
    package var organisationID: OrganisationID?
    package var tenantID: TenantID?
    /// Revoked keys too.
    package var includesRevoked = false

    package init() {}
}

extension Role {
    /// Nobody gives away more than they have: a role may be granted at `node` by an actor whose own permissions contain
    /// the role's.
    package func checkGrant(at node: ScopeNode, by principal: Principal) throws(Problem) {
        guard levels.contains(node.level) else {
            throw .refused(
                "ROLE_SCOPE", "The role \(name.rawValue) cannot be bound at the level '\(node.level.rawValue)'.",
                field: "role")
        }
        let missing = permissions.subtracting(principal.permissions)
        guard missing.isEmpty else {
            let names = missing.map(\.rawValue).sorted().joined(separator: ", ")
            throw Problem(
                status: 403, reason: "ROLE_EXCEEDS_CREATOR", title: "You cannot give more than you have",
                detail: "The role \(name.rawValue) contains permissions that you do not hold: \(names).")
        }
    }
}
