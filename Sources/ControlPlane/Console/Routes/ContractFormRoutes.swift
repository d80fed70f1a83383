import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import Web

/// The forms that make a contract and add order forms to it.
struct ContractFormRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(.get, "/contracts/new", requires: .permission(.contractWrite), use: blankForm),
            PageRoute(.post, "/contracts", requires: .permission(.contractWrite), use: create)
                .recovering { call in
                    let program = Program(rawValue: call.input.values["program"] ?? "") ?? .solution
                    return try await form(call, program, ContractFields.state(call.input), status: call.input.status)
                },
            PageRoute(
                .get, "/contracts/{contract_id}/order-forms/new", requires: .permission(.contractWrite),
                use: blankOrderForm),
            PageRoute(
                .post, "/contracts/{contract_id}/order-forms", requires: .permission(.contractWrite), use: addOrderForm
            )
            .recovering { call in
                let id: ContractID = try call.input.id("contract_id")
                let submission = call.input
                return try await orderForm(call, of: id, status: submission.status) { contract in
                    ContractFields.orderFormState(submission, of: contract)
                }
            },
        ]
    }

    struct BlankInput: Codable, Sendable {
        let program: Program?
        let organisationID: OrganisationID?
    }

    @Sendable private func blankForm(_ call: PageCall<BlankInput>) async throws -> PageReply {
        let next = BillingMonth.present(at: call.now).next.firstDay
        return try await form(
            call, call.input.program ?? .solution,
            FormState(values: [
                "organisation_id": call.input.organisationID?.description ?? "", "starts_on": "\(next)",
                "service_level": "", "tier": "certified", "payment": "prepaid", "term_years": "1",
            ]))
    }

    @Sendable private func create(_ call: PageCall<ContractFields>) async throws -> PageReply {
        let fields = call.input
        var new = NewContract(
            organisationID: fields.organisationID, startsOn: fields.startsOn, terms: try fields.terms(),
            priceBookVersion: fields.priceBookVersion)
        new.exclusiveTerritory = false
        let (contract, today) = (new, CalendarDate.today(at: call.now))
        let record = try await services.work.perform(call) { tx, actor in
            if let reference = fields.masterAgreement {
                _ = try ContractService.signMasterAgreement(
                    of: fields.organisationID, reference: reference, on: min(today, fields.startsOn), tx, actor)
            }
            return try ContractService.create(contract, tx, actor)
        }
        return .redirect(
            to: "/contracts/\(record.contract.id)", flash: Flash(.ok, "\(record.contract.number) is in force."))
    }

    private func form<Input>(
        _ call: PageCall<Input>, _ program: Program, _ state: FormState, status: Int = 200
    ) async throws -> PageReply {
        let page = try await services.work.read(call) { tx in
            ContractFormPage(
                program: ContractFormPage.Program(rawValue: program.rawValue) ?? .solution,
                organisations: try Choices(services).organisations(of: [.partner], tx),
                priceBooks: try PriceBookService.list(tx).map { Field.Choice($0.book.version, $0.book.version) }
                    .reversed(),
                state: state
            ).page
        }
        return .page(page, status: status)
    }

    // MARK: Order forms

    struct PathInput: Codable, Sendable {
        let contractID: ContractID
    }

    @Sendable private func blankOrderForm(_ call: PageCall<PathInput>) async throws -> PageReply {
        let month = BillingMonth.present(at: call.now)
        return try await orderForm(call, of: call.input.contractID) { contract in
            FormState(values: ["from": "\(month)", "rhythm": "once", "revision": "\(contract.revision)"])
        }
    }

    struct OrderFormInput: Codable, Sendable {
        let contractID: ContractID
        let reference: String?
        let description: String?
        let amount: Rate
        let rhythm: Recurrence
        let from: BillingMonth
        let until: BillingMonth?
        let revision: Int64?

        var line: OrderFormLine {
            OrderFormLine(
                reference: reference ?? "", title: description ?? "", price: amount, every: rhythm, from: from,
                until: until)
        }
    }

    @Sendable private func addOrderForm(_ call: PageCall<OrderFormInput>) async throws -> PageReply {
        let input = call.input
        let expected = ExpectedRevision(form: input.revision)
        let record = try await services.work.perform(call) { tx, actor in
            let record = try ContractService.get(input.contractID, tx)
            guard let last = record.versions.last else { throw Problem.notFound("contract") }
            return try ContractService.addVersion(
                to: input.contractID, terms: last.terms.adding(input.line),
                effective: max(input.from, last.effectiveMonth), check: { try expected.check($0.revision) }, tx, actor)
        }
        return .redirect(
            to: "/contracts/\(input.contractID)",
            flash: Flash(.ok, "The order form is part of \(record.contract.number) from \(input.from.display) on."))
    }

    private func orderForm<Input>(
        _ call: PageCall<Input>, of id: ContractID, status: Int = 200,
        _ state: @escaping @Sendable (Contract) -> FormState
    ) async throws -> PageReply {
        let page = try await services.work.read(call) { tx in
            let contract = try ContractService.get(id, tx).contract
            var names = NameBook(services)
            return OrderFormPage(
                contractID: "\(id)", contract: contract.number,
                organisation: try names.organisation(contract.organisationID, tx), state: state(contract)
            ).page
        }
        return .page(page, status: status)
    }
}
