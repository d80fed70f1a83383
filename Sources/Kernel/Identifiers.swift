/// The identifiers that more than one module speaks of.

package enum OrganisationKind: IdentifierKind { package static let prefix = "org" }
package enum InstanceKind: IdentifierKind { package static let prefix = "inst" }
package enum TenantKind: IdentifierKind { package static let prefix = "tenant" }
package enum PrincipalKind: IdentifierKind { package static let prefix = "prin" }
package enum APIKeyKind: IdentifierKind { package static let prefix = "key" }
package enum BindingKind: IdentifierKind { package static let prefix = "bind" }
package enum AuditEventKind: IdentifierKind { package static let prefix = "audit" }

package typealias OrganisationID = ID<OrganisationKind>
package typealias InstanceID = ID<InstanceKind>
package typealias TenantID = ID<TenantKind>
package typealias PrincipalID = ID<PrincipalKind>
package typealias APIKeyID = ID<APIKeyKind>
package typealias BindingID = ID<BindingKind>
package typealias AuditEventID = ID<AuditEventKind>
