import Kernel
import Telephony
import Tenancy
import Web

/// Names a dial permission.
package enum DialPermissionKind: VoiceItemKind {
    package static let prefix = "dialperm"
    package static var pathKey: String { "dial_permission_id" }
}
package typealias DialPermissionID = ID<DialPermissionKind>

/// A permission with what people say about it.
package struct DialRule: Sendable, Equatable {
    package let id: DialPermissionID
    package let permission: DialPermission
    package let reason: String
}

/// What is sent to create a permission or to replace it.
package struct DialPermissionFields: Codable, Sendable {
    /// Whether the destinations are allowed or denied.
    package var allowed: Bool
    /// For one site; not together with a user. Neither: the whole tenant.
    package var siteID: SiteID?
    package var sipUserID: SIPUserID?
    /// A destination has to match every given part.
    package var country: CountryCode?
    package var kind: DestinationKind?
    /// The first digits of E.164, without `+`.
    package var prefix: String?
    /// Why, for whoever looks at it later.
    package var reason: String?
    /// From then on it does not count.
    package var expiresAt: Timestamp?

    package init(allowed: Bool) { self.allowed = allowed }

    /// Field errors for what cannot be a permission. Whether its site or user is there is not looked at.
    package func checked(id: DialPermissionID, now: Timestamp) throws(Problem) -> DialRule {
        var checks = FieldChecks()
        var reason = ""
        checks.set(&reason, self.reason, "reason", 0...Limits.textCharacters)
        if siteID != nil, sipUserID != nil { checks.refuse("site_id", "must not be given together with 'sip_user_id'") }
        if let prefix, !DialPrefix.isValid(prefix) {
            checks.refuse("prefix", "must be the first digits of E.164 without '+', for example 4390")
        }
        if allowed, country == nil, kind == nil, prefix == nil {
            checks.refuse(
                "country", "or 'kind' or 'prefix' is required: everything at once cannot be allowed, only denied")
        }
        if let expiresAt, expiresAt <= now { checks.refuse("expires_at", "must lie in the future") }
        try checks.throwIfAny()
        let scope: DialPermission.Scope =
            if let siteID { .site(siteID) } else if let sipUserID { .user(sipUserID) } else { .tenant }
        return DialRule(
            id: id,
            permission: DialPermission(
                scope: scope, destinations: .init(country: country, kind: kind, prefix: prefix), isAllowed: allowed,
                expiresAt: expiresAt),
            reason: reason)
    }
}

/// A permission as the API shows it.
package struct DialPermissionResource: Codable, Sendable, Revisioned {
    package let dialPermissionID: DialPermissionID
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let allowed: Bool
    package let siteID: SiteID?
    package let sipUserID: SIPUserID?
    package let country: CountryCode?
    package let kind: DestinationKind?
    package let prefix: String?
    package let reason: String
    package let expiresAt: Timestamp?
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(_ stored: Stored<DialRule>) {
        let permission = stored.value.permission
        dialPermissionID = stored.value.id
        tenantID = stored.tenantID
        organisationID = stored.organisationID
        allowed = permission.isAllowed
        siteID = permission.scope.siteID
        sipUserID = permission.scope.userID
        country = permission.destinations.country
        kind = permission.destinations.kind
        prefix = permission.destinations.prefix
        reason = stored.value.reason
        expiresAt = permission.expiresAt
        revision = stored.revision
        createdAt = stored.createdAt
        updatedAt = stored.updatedAt
    }
}

extension DialPermission.Scope {
    var siteID: SiteID? {
        if case .site(let id) = self { id } else { nil }
    }

    var userID: SIPUserID? {
        if case .user(let id) = self { id } else { nil }
    }
}
