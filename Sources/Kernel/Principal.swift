/// A node of the scope tree: platform over organisation over tenant. A binding grants a role at one node and below it.
package enum ScopeNode: Hashable, Sendable {
    /// The vendor's own view: every organisation.
    case platform
    /// One organisation with the tenants and end-customers that it manages.
    case organisation(OrganisationID)
    /// One tenant, and the organisation that manages it.
    case tenant(TenantID, of: OrganisationID)

    /// The organisation that this node lies in; `nil` for the platform.
    package var organisationID: OrganisationID? {
        switch self {
        case .platform: nil
        case .organisation(let id), .tenant(_, let id): id
        }
    }

    /// The tenant that this node is limited to, if any.
    package var tenantID: TenantID? {
        if case .tenant(let id, _) = self { id } else { nil }
    }
}

/// A right of the form `resource.verb`. Modules add their own as static members in an extension.
package struct Permission: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package init(_ rawValue: String) { self.rawValue = rawValue }

    package var description: String { rawValue }
}

/// Who acts: an API key or a signed-in person, with what it may do and where.
package struct Principal: Sendable, Hashable {
    /// What kind of principal this is; people and instances come beside keys without changing the rest.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case apiKey = "api_key"
        case operatorSession = "session"
        case system
    }

    package let id: PrincipalID
    package let kind: Kind
    /// A name for the audit log and the page header, for example the API key's name.
    package let displayName: String
    package let scope: ScopeNode
    package let permissions: Set<Permission>

    package init(
        id: PrincipalID, kind: Kind, displayName: String, scope: ScopeNode, permissions: Set<Permission>
    ) {
        self.id = id
        self.kind = kind
        self.displayName = displayName
        self.scope = scope
        self.permissions = permissions
    }

    /// Whether it may do this, wherever its scope reaches.
    package func holds(_ permission: Permission) -> Bool { permissions.contains(permission) }
}
