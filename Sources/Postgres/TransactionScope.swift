import Kernel

/// Whose rows a transaction can see. The scope is part of the transaction's type, so a store function that needs a
/// tenant cannot be called without one.
package protocol TransactionScope: Sendable {
    var node: ScopeNode { get }
}

/// Every row: named jobs of the vendor, on the `system` role. No setting is made; the policies of that role say so.
package struct PlatformScope: TransactionScope {
    package init() {}

    package var node: ScopeNode { .platform }
}

/// The rows of one organisation and of what it manages.
package struct OrganisationScope: TransactionScope {
    package let organisationID: OrganisationID

    package init(_ organisationID: OrganisationID) { self.organisationID = organisationID }

    package var node: ScopeNode { .organisation(organisationID) }
}

/// The rows of one tenant.
package struct TenantScope: TransactionScope {
    package let tenantID: TenantID
    package let organisationID: OrganisationID

    package init(_ tenantID: TenantID, of organisationID: OrganisationID) {
        self.tenantID = tenantID
        self.organisationID = organisationID
    }

    package var node: ScopeNode { .tenant(tenantID, of: organisationID) }
}

/// A scope that is known only at run time, for example a principal's.
extension ScopeNode: TransactionScope {
    package var node: ScopeNode { self }
}

extension ScopeNode {
    /// The statement that tells row-level security who asks: functions that do `SET LOCAL`, the one form that also
    /// reaches the workers of a sharded database.
    var contextStatement: Statement? {
        switch self {
        case .platform: nil
        case .organisation(let id): ("SELECT app.with_organisation(\(id))" as SQL).rendered()
        case .tenant(let id, _): ("SELECT app.with_tenant(\(id))" as SQL).rendered()
        }
    }
}

package typealias PlatformTransaction = Transaction<PlatformScope>
package typealias OrganisationTransaction = Transaction<OrganisationScope>
package typealias TenantTransaction = Transaction<TenantScope>
