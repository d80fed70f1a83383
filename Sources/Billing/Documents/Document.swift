import Kernel
import Rating

/// A signed agreement on data processing: what a contract needs beside the master agreement before it goes live
/// (domain 3). Never changed; a later one is recorded beside it.
package struct ContractDocument: Sendable, Hashable {
    /// What is signed, and with whom.
    package enum Kind: String, Codable, Sendable, Hashable, CaseIterable {
        /// Under Art. 28 GDPR between vendor and partner: the standard one of Solution, mostly formal for Enterprise.
        case dpa
        /// Between a Deployment Partner and one end-customer, because the vendor has no access to its data.
        case backToBackDPA = "back_to_back_dpa"
    }

    package let id: DocumentID
    package let organisationID: OrganisationID
    package let contractID: ContractID
    package let kind: Kind
    /// Whom a back-to-back agreement is with; `nil` for every other kind.
    package let endCustomerID: OrganisationID?
    package let reference: String
    package let signedOn: CalendarDate
    package let createdAt: Timestamp
}

/// A document as it is recorded.
package struct NewDocument: Sendable {
    package var contractID: ContractID
    package var kind: ContractDocument.Kind
    package var endCustomerID: OrganisationID?
    package var reference: String
    package var signedOn: CalendarDate

    package init(
        contractID: ContractID, kind: ContractDocument.Kind, endCustomerID: OrganisationID? = nil, reference: String,
        signedOn: CalendarDate
    ) {
        self.contractID = contractID
        self.kind = kind
        self.endCustomerID = endCustomerID
        self.reference = reference
        self.signedOn = signedOn
    }
}

/// What a contract needs before production tenants go live under it.
package struct RequiredDocument: Sendable, Hashable {
    package let kind: ContractDocument.Kind
    /// A Deployment Partner needs one for each end-customer.
    package let endCustomerID: OrganisationID?

    package func isMet(by documents: [ContractDocument]) -> Bool {
        documents.contains { $0.kind == kind && $0.endCustomerID == endCustomerID }
    }
}

extension ContractDocument.Kind {
    /// The kind that a program requires.
    package static func required(by program: Program) -> ContractDocument.Kind {
        switch program {
        case .enterprise, .solution: .dpa
        case .deployment: .backToBackDPA
        }
    }

    /// For a sentence.
    package var words: String {
        switch self {
        case .dpa: "data processing agreement (Art. 28 GDPR)"
        case .backToBackDPA: "back-to-back data processing agreement with the end-customer"
        }
    }
}
