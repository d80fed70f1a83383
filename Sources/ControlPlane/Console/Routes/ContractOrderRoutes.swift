import Billing
import Kernel
import Rating
import Tenancy
import Web

/// The form that adds another order of instances to a deployment contract.
struct ContractOrderRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(
                .get, "/contracts/{contract_id}/orders/new", requires: .permission(.contractWrite), use: blankForm),
            PageRoute(.post, "/contracts/{contract_id}/orders", requires: .permission(.contractWrite), use: add)
                .recovering { call in
                    let submission = call.input
                    guard let id = ContractID(submission.values["contract_id"] ?? "") else { throw submission.problem }
                    return try await form(call, of: id, status: submission.status) { contract in
                        ContractFields.orderState(submission, of: contract)
                    }
                },
        ]
    }

    struct PathInput: Codable, Sendable {
        let contractID: ContractID
    }

    @Sendable private func blankForm(_ call: PageCall<PathInput>) async throws -> PageReply {
        let next = BillingMonth.present(at: call.now).next.firstDay
        return try await form(call, of: call.input.contractID) { contract in
            FormState(values: [
                "starts_on": "\(max(next, contract.startsOn))", "term_years": "1", "payment": "prepaid",
                "revision": "\(contract.revision)",
            ])
        }
    }

    struct OrderInput: Codable, Sendable {
        let contractID: ContractID
        let reference: String?
        let startsOn: CalendarDate
        let compact: Int64?
        let standard: Int64?
        let premium: Int64?
        let termYears: Int64
        let payment: PaymentTerms
        let revision: Int64?

        var order: InstanceOrder {
            InstanceOrder(
                reference: reference ?? "", [.compact: compact ?? 0, .standard: standard ?? 0, .premium: premium ?? 0],
                termYears: termYears, payment: payment, startsOn: startsOn)
        }
    }

    @Sendable private func add(_ call: PageCall<OrderInput>) async throws -> PageReply {
        let input = call.input
        let expected = ExpectedRevision(form: input.revision)
        let record = try await services.work.perform(call) { tx, actor in
            guard let last = try ContractService.get(input.contractID, tx).versions.last,
                case .deployment(var terms) = last.terms
            else { throw Problem.notFound("deployment contract") }
            terms.orders = (terms.orders ?? []) + [input.order]
            return try ContractService.addVersion(
                to: input.contractID, terms: .deployment(terms),
                effective: max(input.startsOn.billingMonth, last.effectiveMonth),
                check: { try expected.check($0.revision) }, tx, actor)
        }
        return .redirect(
            to: "/contracts/\(input.contractID)",
            flash: Flash(
                .ok,
                "\(DisplayText.count(input.order.instances, "instance")) from \(input.startsOn.display) on: part of "
                    + "\(record.contract.number)."))
    }

    private func form<Input>(
        _ call: PageCall<Input>, of id: ContractID, status: Int = 200,
        _ state: @escaping @Sendable (Contract) -> FormState
    ) async throws -> PageReply {
        let page = try await services.work.read(call) { tx in
            let contract = try ContractService.get(id, tx).contract
            guard contract.program == .deployment else { throw Problem.notFound("deployment contract") }
            var names = NameBook(services)
            return ContractOrderPage(
                contractID: "\(id)", contract: contract.number,
                organisation: try names.organisation(contract.organisationID, tx), state: state(contract)
            ).page
        }
        return .page(page, status: status)
    }
}
