import Kernel
import Rating
import Tenancy
import Web

/// What one contract would be billed for a month.
package struct PreviewResource: Codable, Sendable {
    /// How the month of a contract stands.
    package enum State: String, Codable, Sendable, CaseIterable { case open, waits, final, parked }

    package let contractID: ContractID
    package let organisationID: OrganisationID
    package let organisation: String
    package let contractNumber: String
    package let program: Program
    package let state: State
    /// Why it waits or is parked.
    package let reason: String?
    /// Of a month that is final.
    package let invoiceID: InvoiceID?
    package let invoiceNumber: String?
    package let estimated: Bool
    package let total: TotalResource?
    package let notices: [String]
    package let lines: [LineResource]

    package init(_ preview: ContractPreview) {
        let contract = preview.contract
        contractID = contract.id
        organisationID = contract.organisationID
        organisation = preview.buyer
        contractNumber = contract.number
        program = contract.program
        let record = preview.record
        let draft = preview.draft
        state = preview.stateName
        reason = preview.reason
        invoiceID = record?.invoice.id
        invoiceNumber = record?.invoice.issue?.number.description
        estimated = record?.invoice.estimated ?? (draft?.missing != nil)
        total = record.map { TotalResource($0.invoice.amounts) } ?? draft.map { TotalResource($0) }
        notices = preview.notices
        lines = (record?.lines ?? draft?.lines ?? []).map(LineResource.init)
    }
}

extension ContractPreview {
    package var draft: InvoiceDraft? {
        switch state {
        case .open(let draft), .waits(let draft, _), .blocked(let draft, _): draft
        case .final, .parked: nil
        }
    }

    package var record: InvoiceRecord? { if case .final(let record) = state { record } else { nil } }

    package var notices: [String] { record?.invoice.basis.notices ?? draft?.notices ?? [] }

    package var reason: String? {
        switch state {
        case .waits(let draft, let until):
            "waits for the \(draft.missing?.rawValue.uppercased() ?? "") disclosure until \(until)"
        case .blocked(_, let open): open.reason
        case .parked(let reason): reason
        case .open, .final: nil
        }
    }

    fileprivate var stateName: PreviewResource.State {
        switch state {
        case .open: .open
        case .waits, .blocked: .waits
        case .final: .final
        case .parked: .parked
        }
    }
}

/// The result of a close.
package struct CloseResource: Codable, Sendable {
    /// What the close did for one contract.
    package struct Contract: Codable, Sendable {
        package let contractID: ContractID
        package let organisationID: OrganisationID
        package let contractNumber: String
        package let program: Program
        /// finalised, already_final, nothing_due, waits, earlier_month_open, parked, over
        package let outcome: String
        package let reason: String?
        package let invoiceID: InvoiceID?
        package let invoiceNumber: String?
        package let net: Money?
        package let gross: Money?
    }

    package let month: BillingMonth
    /// Closed before the month became final by the terms.
    package let early: Bool
    /// How many contracts had each outcome.
    package let counts: [String: Int]
    package let contracts: [Contract]

    package init(_ report: CloseReport) {
        month = report.month
        early = report.isEarly
        counts = report.contracts.reduce(into: [:]) { $0[$1.outcome.name, default: 0] += 1 }
        contracts = report.contracts.map { closed in
            Contract(
                contractID: closed.contract.id, organisationID: closed.contract.organisationID,
                contractNumber: closed.contract.number, program: closed.contract.program, outcome: closed.outcome.name,
                reason: closed.outcome.reason, invoiceID: closed.outcome.invoiceID,
                invoiceNumber: closed.outcome.number?.description, net: closed.total?.net, gross: closed.total?.gross)
        }
    }
}

extension CloseOutcome {
    package var reason: String? {
        switch self {
        case .waits(let reason), .parked(let reason): reason
        case .blocked(let open): open.reason
        case .finalised, .alreadyFinal, .nothingDue, .over: nil
        }
    }

    package var number: InvoiceNumber? {
        switch self {
        case .finalised(_, let number, _): number
        case .alreadyFinal(let number): number
        case .nothingDue, .waits, .blocked, .parked, .over: nil
        }
    }

    package var invoiceID: InvoiceID? { if case .finalised(let id, _, _) = self { id } else { nil } }
}

/// The API of previews and closes.
package struct MonthCloseEndpoints: Sendable {
    private let service: MonthCloseService

    package init(_ work: UnitOfWork) { service = MonthCloseService(work) }

    package var all: [Endpoint] {
        [
            Endpoint(
                .get, "/v1/billing/preview", "Preview a month's charges without writing anything", tag: "Billing",
                requires: .permission(.billingPreview), use: preview
            )
            .described("Any month that has begun, also the running one. A month that is final shows its invoice.")
            .timeLimit(seconds: MonthCloseEndpoints.seconds),
            Endpoint(
                .post, "/v1/billing/months/{month}:close", "Make a month's invoices final", tag: "Billing",
                requires: .permission(.billingClose), use: close
            )
            .described(
                "From the 3rd of the next month, 06:00 in Vienna; earlier only with 'early': true, which the audit log "
                    + "keeps. Every contract in a transaction of its own; safe to repeat and to run twice at once. What waits for a "
                    + "disclosure stays a draft; what cannot be computed is parked with its reason. Months of a contract "
                    + "become final in their order: one that still has an earlier month open is left out with outcome "
                    + "'earlier_month_open', and the reason names the month."
            )
            .failing("MONTH_NOT_OVER", "FINALISATION_EARLY", "VENDOR_MISSING").withoutIdempotencyKey()
            .timeLimit(seconds: MonthCloseEndpoints.seconds),
        ]
    }

    private static let seconds = 300

    struct PreviewInput: Codable, Sendable {
        let month: BillingMonth
        let organisationID: OrganisationID?
        let contractID: ContractID?
        let program: Program?
    }

    /// The previews of a month.
    struct PreviewAnswer: Codable, Sendable {
        let month: BillingMonth
        let contracts: [PreviewResource]
    }

    @Sendable private func preview(_ call: Call<PreviewInput>) async throws -> PreviewAnswer {
        let input = call.input
        let previews = try await service.preview(
            input.month, of: ContractFilter(organisationID: input.organisationID, program: input.program),
            contract: input.contractID, in: call.principal.scope)
        return PreviewAnswer(month: input.month, contracts: previews.map(PreviewResource.init))
    }

    struct CloseInput: Codable, Sendable {
        let month: BillingMonth
        /// Close before the month is final by the terms.
        let early: Bool?
    }

    @Sendable private func close(_ call: Call<CloseInput>) async throws -> CloseResource {
        CloseResource(
            try await service.close(
                call.input.month, early: call.input.early ?? false, as: call.principal, requestID: call.requestID))
    }
}
