import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import Web

/// Pages of contracts.
struct ContractRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(.get, "/contracts", requires: .permission(.contractRead), use: list),
            PageRoute(.get, "/contracts/{contract_id}", requires: .permission(.contractRead), use: show),
            PageRoute(.post, "/contracts/{contract_id}/notice", requires: .permission(.contractWrite), use: giveNotice)
                .recovering { call in
                    .redirect(
                        to: "/contracts/\(call.input.values["contract_id"] ?? "")",
                        flash: Flash(.bad, call.input.problem.detail))
                },
        ]
    }

    struct ListInput: Codable, Sendable {
        let cursor: String?
    }

    @Sendable private func list(_ call: PageCall<ListInput>) async throws -> PageReply {
        let request = PageRequest(limit: nil, cursor: call.input.cursor)
        let today = CalendarDate.today(at: call.now)
        let page = try await services.work.read(call) { tx in
            let found = try ContractService.list(ContractFilter(), page: request, tx)
            var names = NameBook(services)
            var rows: [ContractListPage.Row] = []
            for record in found.items {
                let organisation = try names.organisation(record.contract.organisationID, tx)
                rows.append(ContractListPage.Row(record, organisation: organisation, today: today))
            }
            return ContractListPage(
                rows: rows, nextPath: NextPage.path("/contracts", [:], cursor: found.nextCursor),
                mayCreate: call.principal.holds(.contractWrite)
            ).page
        }
        return .page(page)
    }

    struct PathInput: Codable, Sendable {
        let contractID: ContractID
    }

    @Sendable private func show(_ call: PageCall<PathInput>) async throws -> PageReply {
        let (id, principal) = (call.input.contractID, call.principal)
        let month = BillingMonth.present(at: call.now)
        let running =
            try await principal.holds(.billingPreview) ? self.running(id, month, in: principal.scope) : nil
        let page = try await services.work.read(call) { tx in
            let record = try ContractService.get(id, tx)
            var names = NameBook(services)
            var filter = InvoiceFilter()
            filter.contractID = id
            filter.state = .finalised
            let invoices =
                try principal.holds(.invoiceRead)
                ? InvoiceService.list(filter, page: PageRequest(limit: nil, cursor: nil), tx).items : []
            let agreement = try? ContractService.masterAgreement(of: record.contract.organisationID, tx)
            let around = ContractSurroundings(
                organisation: try names.organisation(record.contract.organisationID, tx), running: running,
                agreement: agreement, documents: try documents(of: id, &names, tx), invoices: invoices,
                history: try AuditRoutes(services: services).history(of: "\(id)", for: principal, tx))
            return ContractPage(record, around, viewer: principal, today: .today(at: call.now)).page
        }
        return .page(page)
    }

    /// What is signed and what is still missing.
    private func documents(
        of id: ContractID, _ names: inout NameBook, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [ContractPage.Document] {
        let (documents, required) = try DocumentService.documents(of: id, tx)
        let missing = required.filter { !$0.isMet(by: documents) }
        func party(_ id: OrganisationID?) throws -> String { try id.map { try names.organisation($0, tx) } ?? "" }
        return try missing.map {
            ContractPage.Document(kind: $0.kind.title, party: try party($0.endCustomerID), reference: nil, signed: "")
        }
            + documents.map {
                ContractPage.Document(
                    kind: $0.kind.title, party: try party($0.endCustomerID), reference: $0.reference,
                    signed: $0.signedOn.display)
            }
    }

    /// What the month comes to now; `nil` where it cannot be computed or there is none.
    private func running(
        _ id: ContractID, _ month: BillingMonth, in scope: ScopeNode
    ) async throws -> ContractPage.Running? {
        let preview = try await services.closing.preview(month, contract: id, in: scope).first
        let lines = preview?.draft?.lines ?? preview?.record?.lines
        return lines.map { lines in
            ContractPage.Running(
                month: month.display, net: lines.reduce(Money.zero) { $0 + $1.net },
                lines: lines.map { .init(description: $0.description, net: $0.net, explanation: $0.explanation) },
                notices: preview?.notices ?? [])
        }
    }

    struct NoticeInput: Codable, Sendable {
        let contractID: ContractID
        let revision: Int64?
    }

    @Sendable private func giveNotice(_ call: PageCall<NoticeInput>) async throws -> PageReply {
        let (id, today) = (call.input.contractID, CalendarDate.today(at: call.now))
        let expected = ExpectedRevision(form: call.input.revision)
        let record = try await services.work.perform(call) { tx, actor in
            try ContractService.giveNotice(id, on: today, check: { try expected.check($0.revision) }, tx, actor)
        }
        let last = record.contract.endsOn.map { $0.adding(days: -1).display } ?? ""
        return .redirect(
            to: "/contracts/\(id)", flash: Flash(.ok, "Notice is given: \(record.contract.number) ends on \(last)."))
    }
}

extension Contract {
    /// In force, ending, over or to come.
    func state(on today: CalendarDate) -> (text: String, tone: Tone) {
        if let endsOn, endsOn <= today { return ("Ended", .neutral) }
        if let endsOn { return ("Ends \(endsOn.adding(days: -1).display)", .warn) }
        return startsOn > today ? ("Upcoming", .info) : ("Active", .ok)
    }
}

extension ContractListPage.Row {
    fileprivate init(_ record: ContractRecord, organisation: String, today: CalendarDate) {
        let contract = record.contract
        let terms = record.version(in: today.billingMonth)?.terms
        let clock = terms.map { ContractClock(contract, terms: $0, today: today) }
        let state = contract.state(on: today)
        self.init(
            id: "\(contract.id)", number: contract.number, organisation: organisation, program: contract.program.words,
            terms: terms?.summary ?? "", starts: contract.startsOn.display, age: clock?.age ?? DisplayText.nothing,
            noticeUntil: contract.noticeGivenOn == nil ? clock?.noticeDeadline.display ?? DisplayText.nothing : "given",
            state: state.text, tone: state.tone)
    }
}

extension ContractClock {
    /// "month 5, year 1"
    var age: String { contractMonth < 1 ? "not begun" : "month \(contractMonth), year \(contractYear)" }
}

/// What a contract's page shows beside the contract.
private struct ContractSurroundings {
    let organisation: String
    let running: ContractPage.Running?
    let agreement: MasterAgreement?
    let documents: [ContractPage.Document]
    let invoices: [InvoiceRecord]
    let history: [TimelineEntry]
}

extension ContractPage {
    fileprivate init(
        _ record: ContractRecord, _ around: ContractSurroundings, viewer: Principal, today: CalendarDate
    ) {
        let contract = record.contract
        let version = record.version(in: today.billingMonth)
        let terms = version?.terms
        let clock = terms.map { ContractClock(contract, terms: $0, today: today) }
        let isOpen = contract.endsOn.map { $0 > today } ?? true
        self.init(
            id: "\(contract.id)", number: contract.number, organisation: around.organisation,
            program: contract.program.words, running: around.running,
            termFacts: [
                Fact("Started", text: contract.startsOn.display), Fact("Now", text: clock?.age),
                Fact("Term ends", text: clock?.termEndsOn.display),
                Fact("Notice until", text: contract.noticeGivenOn == nil ? clock?.noticeDeadline.display : "given"),
                Fact("Price book", text: version?.priceBookVersion),
                Fact("Master agreement", text: around.agreement?.reference),
                Fact("Version of terms", text: version.map { "\($0.version)" }),
            ],
            terms: terms?.facts ?? [], documents: around.documents,
            orderForms: (terms?.lines ?? []).map(OrderFormLine.init),
            invoices: around.invoices.map {
                Invoice(
                    id: "\($0.invoice.id)", number: $0.invoice.issue?.number.description ?? "Draft",
                    month: $0.invoice.month.display, net: $0.invoice.amounts.net)
            },
            history: around.history, state: contract.state(on: today),
            rights: Rights(
                mayDisclose: isOpen && viewer.holds(.disclosureWrite) && terms?.disclosureBasis != nil,
                mayChange: isOpen && viewer.holds(.contractWrite),
                mayGiveNotice: isOpen && contract.noticeGivenOn == nil && viewer.holds(.contractWrite),
                mayOrder: isOpen && contract.program == .deployment && viewer.holds(.contractWrite),
                revision: contract.revision))
    }
}

extension ContractDocument.Kind {
    /// In lists and forms.
    var title: String {
        switch self {
        case .dpa: "Data processing agreement"
        case .backToBackDPA: "Back-to-back agreement"
        }
    }
}

extension ContractPage.OrderFormLine {
    fileprivate init(_ line: Billing.OrderFormLine) {
        let amount = try? UnitPrice(line.price).net(line.quantity ?? 1)
        self.init(
            reference: line.reference, description: line.title, amount: amount ?? .zero, rhythm: line.every.rawValue,
            from: line.from.display, until: line.until?.display)
    }
}
