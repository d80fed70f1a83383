import Kernel
import Rating
import Tenancy
import Web

/// One signed document on the wire.
package struct DocumentResource: Codable, Sendable {
    package let documentID: DocumentID
    package let contractID: ContractID
    package let organisationID: OrganisationID
    package let kind: ContractDocument.Kind
    package let endCustomerID: OrganisationID?
    package let reference: String
    package let signedOn: CalendarDate
    package let createdAt: Timestamp

    package init(_ document: ContractDocument) {
        documentID = document.id
        contractID = document.contractID
        organisationID = document.organisationID
        kind = document.kind
        endCustomerID = document.endCustomerID
        reference = document.reference
        signedOn = document.signedOn
        createdAt = document.createdAt
    }
}

/// A contract's documents with what it needs.
package struct DocumentsResource: Codable, Sendable {
    /// One thing that the program requires.
    package struct Requirement: Codable, Sendable {
        package let kind: ContractDocument.Kind
        package let endCustomerID: OrganisationID?
        package let met: Bool
    }

    package let contractID: ContractID
    package let required: [Requirement]
    package let documents: [DocumentResource]
}

/// The API of the documents of contracts.
package struct DocumentEndpoints: Sendable {
    private let work: UnitOfWork

    package init(_ work: UnitOfWork) { self.work = work }

    package var all: [Endpoint] {
        [
            Endpoint(
                .post, "/v1/contracts/{contract_id}/documents", "Record a signed document of a contract",
                tag: "Contracts", requires: .permission(.contractWrite), use: record
            )
            .status(201).failing("DOCUMENT_KIND", "DOCUMENT_PARTY")
            .described(
                "A 'dpa' for Solution and Enterprise; for Deployment a 'back_to_back_dpa' with each end-customer. Without it no "
                    + "production tenant of the contract goes live."),
            Endpoint(
                .get, "/v1/contracts/{contract_id}/documents", "List a contract's documents and what it requires",
                tag: "Contracts", requires: .permission(.contractRead), use: list),
        ]
    }

    struct RecordInput: Codable, Sendable {
        let contractID: ContractID
        let kind: ContractDocument.Kind
        let endCustomerID: OrganisationID?
        let reference: String
        let signedOn: CalendarDate
        let validateOnly: Bool?
    }

    @Sendable private func record(_ call: Call<RecordInput>) async throws -> Reply<DocumentResource> {
        let input = call.input
        let new = NewDocument(
            contractID: input.contractID, kind: input.kind, endCustomerID: input.endCustomerID,
            reference: input.reference, signedOn: input.signedOn)
        return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
            DocumentResource(try DocumentService.record(new, tx, actor))
        }
    }

    struct ListInput: Codable, Sendable {
        let contractID: ContractID
    }

    @Sendable private func list(_ call: Call<ListInput>) async throws -> DocumentsResource {
        let id = call.input.contractID
        return try await work.read(call) { tx in
            let (documents, required) = try DocumentService.documents(of: id, tx)
            return DocumentsResource(
                contractID: id,
                required: required.map {
                    .init(kind: $0.kind, endCustomerID: $0.endCustomerID, met: $0.isMet(by: documents))
                }, documents: documents.map(DocumentResource.init))
        }
    }
}
