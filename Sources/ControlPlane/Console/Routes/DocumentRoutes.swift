import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import Web

/// The form that records a signed document of a contract.
struct DocumentRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(
                .get, "/contracts/{contract_id}/documents/new", requires: .permission(.contractWrite), use: blankForm),
            PageRoute(
                .post, "/contracts/{contract_id}/documents", requires: .permission(.contractWrite), use: record
            )
            .recovering { call in
                let id: ContractID = try call.input.id("contract_id")
                return try await form(call, of: id, FormState(call.input), status: call.input.status)
            },
        ]
    }

    struct PathInput: Codable, Sendable {
        let contractID: ContractID
    }

    @Sendable private func blankForm(_ call: PageCall<PathInput>) async throws -> PageReply {
        try await form(
            call, of: call.input.contractID, FormState(values: ["signed_on": "\(CalendarDate.today(at: call.now))"]))
    }

    struct NewInput: Codable, Sendable {
        let contractID: ContractID
        let endCustomerID: OrganisationID?
        let reference: String?
        let signedOn: CalendarDate
    }

    @Sendable private func record(_ call: PageCall<NewInput>) async throws -> PageReply {
        let input = call.input
        let document = try await services.work.perform(call) { tx, actor in
            let contract = try ContractService.get(input.contractID, tx).contract
            return try DocumentService.record(
                NewDocument(
                    contractID: input.contractID, kind: .required(by: contract.program),
                    endCustomerID: input.endCustomerID, reference: input.reference ?? "", signedOn: input.signedOn), tx,
                actor)
        }
        return .redirect(
            to: "/contracts/\(input.contractID)",
            flash: Flash(.ok, "\(document.kind.title) \(document.reference) is recorded."))
    }

    private func form<Input>(
        _ call: PageCall<Input>, of id: ContractID, _ state: FormState, status: Int = 200
    ) async throws -> PageReply {
        let page = try await services.work.read(call) { tx in
            let contract = try ContractService.get(id, tx).contract
            let kind = ContractDocument.Kind.required(by: contract.program)
            var names = NameBook(services)
            return DocumentFormPage(
                contractID: "\(id)", contract: contract.number,
                organisation: try names.organisation(contract.organisationID, tx), kind: kind.title,
                endCustomers: kind == .dpa ? nil : try endCustomers(of: contract.organisationID, tx), state: state
            ).page
        }
        return .page(page, status: status)
    }

    private func endCustomers(
        of organisation: OrganisationID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Field.Choice] {
        var filter = OrganisationFilter()
        filter.managedBy = organisation
        return try services.tenancy.organisations.list(
            filter, PageRequest(limit: Limits.pageMaximum, cursor: nil), tx
        ).items.map { Field.Choice("\($0.id)", $0.profile.displayName) }.sorted { $0.label < $1.label }
    }
}
