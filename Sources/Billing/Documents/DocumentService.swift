import Kernel
import Postgres
import Rating
import Tenancy

/// The documents of contracts: recorded by the platform, read by their organisation.
package enum DocumentService {
    /// Keeps a signed document of the kind that the contract's program requires.
    package static func record(
        _ new: NewDocument, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> ContractDocument {
        guard let contract = try ContractStore.contract(new.contractID, in: tx) else {
            throw Problem.notFound("contract")
        }
        let required = ContractDocument.Kind.required(by: contract.program)
        guard new.kind == required else {
            throw Problem.refused(
                "DOCUMENT_KIND",
                "The \(contract.program.rawValue) program requires a \(required.words): '\(required.rawValue)'.",
                field: "kind")
        }
        try checkParty(new, of: contract, tx)
        var reference = ""
        var fields = FieldChecks()
        fields.set(&reference, new.reference, "reference", 1...60)
        if let today = ViennaTime.date(at: actor.now.microseconds), new.signedOn > today {
            fields.refuse("signed_on", "lies in the future; record a document once it is signed")
        }
        try fields.throwIfAny()
        let document = ContractDocument(
            id: actor.ids.new(), organisationID: contract.organisationID, contractID: contract.id, kind: new.kind,
            endCustomerID: new.endCustomerID, reference: reference, signedOn: new.signedOn, createdAt: actor.now)
        try DocumentStore.insert(document, by: actor.principal.id, tx)
        var detail: AuditDetail = [
            "kind": document.kind.rawValue, "reference": reference, "signed_on": document.signedOn.description,
        ]
        detail.facts["end_customer"] = document.endCustomerID?.description
        try tx.audit(
            "contract.record_document", target: contract.id, organisation: contract.organisationID, detail: detail,
            by: actor)
        return document
    }

    /// A contract's documents and what it needs to go live. 404 when the scope does not show it.
    package static func documents(
        of id: ContractID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> (documents: [ContractDocument], required: [RequiredDocument]) {
        guard let contract = try ContractStore.contract(id, in: tx) else { throw Problem.notFound("contract") }
        let kind = ContractDocument.Kind.required(by: contract.program)
        let parties: [OrganisationID?] =
            kind == .dpa ? [nil] : try DocumentStore.deployedAt(contract.organisationID, tx)
        return (
            try DocumentStore.all(of: id, tx), parties.map { RequiredDocument(kind: kind, endCustomerID: $0) }
        )
    }

    /// No contract goes live without the documents that its program requires (domain 3): why a production tenant may not
    /// yet be activated, if so.
    package static func goLiveRefusal(
        _ tx: borrowing Transaction<ScopeNode>, _ placement: LivePlacement
    ) throws -> Problem? {
        let kind = ContractDocument.Kind.required(by: placement.program)
        let required = RequiredDocument(kind: kind, endCustomerID: kind == .dpa ? nil : placement.endCustomerID)
        guard try !DocumentStore.isMet(required, of: placement.organisationID, in: placement.program, tx) else {
            return nil
        }
        return .conflict(
            "DOCUMENT_MISSING",
            "Nothing goes live under the \(placement.program.rawValue) contract without its \(kind.words) "
                + "('\(kind.rawValue)'). Record the signed document with the contract first; a sandbox needs none.")
    }

    /// A back-to-back agreement is with an end-customer of the partner, every other one with the partner itself.
    private static func checkParty(
        _ new: NewDocument, of contract: Contract, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        guard new.kind == .backToBackDPA else {
            guard new.endCustomerID == nil else {
                throw Problem.refused(
                    "DOCUMENT_PARTY", "This document is signed with the partner itself: leave the end-customer out.",
                    field: "end_customer_id")
            }
            return
        }
        let customer = try new.endCustomerID.flatMap { try OrganisationStore.find($0, tx) }
        guard let customer, customer.kind == .endCustomer(of: contract.organisationID) else {
            throw Problem.refused(
                "DOCUMENT_PARTY", "Say with which end-customer of this partner the document is signed.",
                field: "end_customer_id")
        }
    }
}
