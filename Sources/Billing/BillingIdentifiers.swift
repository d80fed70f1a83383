import Kernel

package enum ContractKind: IdentifierKind { package static let prefix = "contract" }
package enum DisclosureKind: IdentifierKind { package static let prefix = "disc" }
package enum DocumentKind: IdentifierKind { package static let prefix = "doc" }
package enum InvoiceKind: IdentifierKind { package static let prefix = "inv" }
package enum VATCheckKind: IdentifierKind { package static let prefix = "vatcheck" }

package typealias ContractID = ID<ContractKind>
package typealias DisclosureID = ID<DisclosureKind>
package typealias DocumentID = ID<DocumentKind>
package typealias InvoiceID = ID<InvoiceKind>
package typealias VATCheckID = ID<VATCheckKind>

/// The one currency of the price book (domain, first paragraph).
package enum Currency {
    package static let code = "EUR"
}
