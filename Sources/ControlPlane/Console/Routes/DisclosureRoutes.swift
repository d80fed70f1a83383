import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import Web

/// The form in which a partner discloses its end-customers' revenue.
struct DisclosureRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(
                .get, "/contracts/{contract_id}/disclosures/new", requires: .permission(.disclosureWrite),
                use: blankForm
            ),
            PageRoute(
                .post, "/contracts/{contract_id}/disclosures", requires: .permission(.disclosureWrite), use: disclose
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
        let month = BillingMonth.present(at: call.now).previous
        return try await form(call, of: call.input.contractID, FormState(values: ["month": "\(month)"]))
    }

    struct NewInput: Codable, Sendable {
        let contractID: ContractID
        let month: BillingMonth
        let amount: Money
        let disclosedBy: String?
        let note: String?
    }

    @Sendable private func disclose(_ call: PageCall<NewInput>) async throws -> PageReply {
        let input = call.input
        let new = NewDisclosure(
            contractID: input.contractID, month: input.month, amount: input.amount,
            disclosedBy: input.disclosedBy ?? "", note: input.note ?? "")
        let disclosure = try await services.work.perform(call) { tx, actor in
            try DisclosureService.disclose(new, tx, actor)
        }
        let what = "\(disclosure.basis.rawValue.uppercased()) \(disclosure.amount.display)"
        return .redirect(
            to: "/contracts/\(input.contractID)",
            flash: Flash(.ok, "\(what) is disclosed for \(disclosure.month.display)."))
    }

    private func form<Input>(
        _ call: PageCall<Input>, of id: ContractID, _ state: FormState, status: Int = 200
    ) async throws -> PageReply {
        let present = BillingMonth.present(at: call.now)
        let page = try await services.work.read(call) { tx in
            let record = try ContractService.get(id, tx)
            guard let basis = record.version(in: present)?.terms.disclosureBasis else {
                throw Problem.refused("NO_DISCLOSURE_DUTY", "This contract rests on no disclosed revenue.")
            }
            let earlier = try DisclosureService.list(of: id, page: PageRequest(limit: nil, cursor: nil), tx).items
            var names = NameBook(services)
            let months = (0...12).map { present.advanced(by: -$0) }.filter { record.contract.runs(in: $0) }
            return DisclosureFormPage(
                contractID: "\(id)", contract: record.contract.number,
                organisation: try names.organisation(record.contract.organisationID, tx),
                measure: basis == .arr ? .arr : .mrr, state: state,
                months: months.map { Field.Choice("\($0)", $0.display) },
                rows: earlier.map { disclosure in
                    DisclosureFormPage.Row(
                        month: disclosure.month.display, amount: disclosure.amount,
                        disclosedBy: disclosure.disclosedBy, disclosedAt: DisplayText.minute(disclosure.disclosedAt),
                        isInForce: earlier.latest(for: disclosure.month)?.id == disclosure.id)
                }
            ).page
        }
        return .page(page, status: status)
    }
}
