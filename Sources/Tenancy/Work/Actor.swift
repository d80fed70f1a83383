import FoundationEssentials
import Kernel

/// Who does something, when, and in which request: what a use case needs to know to leave a trace.
package struct Actor: Sendable {
    package let principal: Principal
    /// The time of the whole use case; every row that it writes carries the same one.
    package let now: Timestamp
    /// Empty for named jobs.
    package let requestID: String
    package let ids: IDSource

    package init(principal: Principal, now: Timestamp, requestID: String, ids: IDSource) {
        self.principal = principal
        self.now = now
        self.requestID = requestID
        self.ids = ids
    }

    package var scope: ScopeNode { principal.scope }

    /// The organisation that a new object belongs to: the one asked for, else the actor's own. Another organisation than
    /// the actor's own looks like a missing one. The platform has to say which.
    package func organisation(_ requested: OrganisationID?, field: String = "organisation_id") throws(Problem)
        -> OrganisationID
    {
        switch scope {
        case .platform:
            guard let requested else { throw .invalid(field, "is required: the organisation that this belongs to") }
            return requested
        case .organisation(let own):
            guard requested == nil || requested == own else { throw .notFound("organisation") }
            return own
        case .tenant:
            throw .notFound("organisation")
        }
    }
}

extension Principal {
    /// The principal of named jobs; it has a row, so that the audit log can be read back.
    package static let systemID = PrincipalID(
        UUID(bytes: [0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1]))

    /// A named job, acting for the whole platform: `Principal.system("purge tenants")`.
    package static func system(_ job: String) -> Principal {
        Principal(id: systemID, kind: .system, displayName: job, scope: .platform, permissions: Permission.all)
    }
}
