import Kernel
import Rating
import Tenancy
import Web

/// One disclosure on the wire.
package struct DisclosureResource: Codable, Sendable {
    package let disclosureID: DisclosureID
    package let contractID: ContractID
    package let month: BillingMonth
    package let basis: DisclosureBasis
    package let amount: Money
    package let currency: String
    package let disclosedBy: String
    package let note: String
    package let disclosedAt: Timestamp

    package init(_ disclosure: Disclosure) {
        disclosureID = disclosure.id
        contractID = disclosure.contractID
        month = disclosure.month
        basis = disclosure.basis
        amount = disclosure.amount
        currency = Currency.code
        disclosedBy = disclosure.disclosedBy
        note = disclosure.note
        disclosedAt = disclosure.disclosedAt
    }
}

/// The API of disclosures.
package struct DisclosureEndpoints: Sendable {
    private let work: UnitOfWork

    package init(_ work: UnitOfWork) { self.work = work }

    package var all: [Endpoint] {
        [
            Endpoint(
                .post, "/v1/contracts/{contract_id}/disclosures", "Disclose a month's end-customer revenue",
                tag: "Disclosures", requires: .permission(.disclosureWrite), use: disclose
            )
            .status(201).failing("NO_DISCLOSURE_DUTY", "DISCLOSURE_FINAL")
            .described(
                "ARR for the Solution share, MRR for the Enterprise revenue-share alternative. The latest of a month is in "
                    + "force; one that comes after the month's invoice is trued up on the next one. What a final month "
                    + "was billed on is lowered by the platform only."
            ),
            Endpoint(
                .get, "/v1/contracts/{contract_id}/disclosures", "List a contract's disclosures, newest first",
                tag: "Disclosures", requires: .permission(.disclosureRead), use: list),
        ]
    }

    struct DiscloseInput: Codable, Sendable {
        let contractID: ContractID
        let month: BillingMonth
        let amount: Money
        let disclosedBy: String
        let note: String?
        let validateOnly: Bool?
    }

    @Sendable private func disclose(_ call: Call<DiscloseInput>) async throws -> Reply<DisclosureResource> {
        let input = call.input
        let new = NewDisclosure(
            contractID: input.contractID, month: input.month, amount: input.amount, disclosedBy: input.disclosedBy,
            note: input.note ?? "")
        return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
            DisclosureResource(try DisclosureService.disclose(new, tx, actor))
        }
    }

    struct ListInput: Codable, Sendable {
        let contractID: ContractID
        let limit: PageLimit?
        let cursor: String?
    }

    @Sendable private func list(_ call: Call<ListInput>) async throws -> Page<DisclosureResource> {
        let page = PageRequest(limit: call.input.limit?.count, cursor: call.input.cursor)
        return try await work.read(call) { tx in
            try DisclosureService.list(of: call.input.contractID, page: page, tx).map(DisclosureResource.init)
        }
    }
}
