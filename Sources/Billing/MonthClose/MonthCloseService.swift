import Kernel
import Postgres
import Rating
import Tenancy

/// Previews and closes months. Both compute with `InvoiceComputation` from the same inputs; only a close writes.
package struct MonthCloseService: Sendable {
    /// Contracts that are closed at the same time: the number range lets one commit after the other anyway.
    private static let parallel = 4

    private let work: UnitOfWork

    package init(_ work: UnitOfWork) { self.work = work }

    // MARK: Preview

    /// What the month comes to now, for every contract that the scope shows.
    package func preview(
        _ month: BillingMonth, of filter: ContractFilter = ContractFilter(), contract: ContractID? = nil,
        in scope: ScopeNode
    ) async throws -> [ContractPreview] {
        let now = work.time.now
        try CloseRules.checkPreview(month, now: now)
        let (contracts, books) = try await work.read(in: scope) { tx in
            (
                try MonthCloseStore.contracts(in: month, of: filter, contract: contract, tx),
                try MonthCloseService.books(tx)
            )
        }
        var previews: [ContractPreview] = []
        for (contract, buyer) in contracts {
            let state = try await work.read(in: scope) { tx -> ContractPreview.State? in
                if let existing = try MonthCloseStore.existing(contract.id, month, tx), existing.state != .draft,
                    let record = try InvoiceStore.record(existing.id, in: tx)
                {
                    return .final(record)
                }
                do {
                    let (_, draft) = try MonthCloseService.compute(contract, month: month, books: books, tx)
                    guard contract.runs(in: month) || !draft.lines.isEmpty else { return nil }
                    if month.endTime <= now, let open = try MonthCloseStore.oldestOpen(before: month, of: contract, tx)
                    {
                        return .blocked(draft, by: open)
                    }
                    return CloseRules.waits(draft, month: month, now: now).map { .waits(draft, until: $0) }
                        ?? .open(draft)
                } catch let defect as BillingDefect {
                    return .parked(defect.description)
                }
            }
            if let state { previews.append(ContractPreview(contract: contract, buyer: buyer, state: state)) }
        }
        return previews
    }

    // MARK: Close

    /// Makes final whatever has its inputs, each contract in a transaction of its own. Run it again at any time, also
    /// beside another run: what is final stays as it is, what was missing or parked is tried anew.
    /// - Parameter early: also before the month is final by the terms; has no meaning afterwards.
    package func close(
        _ month: BillingMonth, early: Bool = false, as principal: Principal, requestID: String = ""
    ) async throws -> CloseReport {
        let now = work.time.now
        try CloseRules.check(month, now: now, allowsEarly: early)
        let (contracts, shared) = try await work.read(in: principal.scope) { tx in
            guard let seller = try BillingInputStore.seller(tx) else {
                throw Problem.conflict("VENDOR_MISSING", "There is no vendor organisation, so nobody can sell.")
            }
            return (
                try MonthCloseStore.contracts(in: month, of: ContractFilter(), tx),
                Shared(seller: seller, books: try MonthCloseService.books(tx))
            )
        }
        let closed = try await withThrowingTaskGroup(of: (Int, ClosedContract).self) { group in
            var results: [Int: ClosedContract] = [:]
            for (index, (contract, buyer)) in contracts.enumerated() {
                if index >= MonthCloseService.parallel, let (done, result) = try await group.next() {
                    results[done] = result
                }
                group.addTask {
                    let (outcome, total) = try await close(
                        contract.id, month: month, shared: shared, as: principal, requestID: requestID)
                    return (
                        index, ClosedContract(contract: contract, buyer: buyer, outcome: outcome, total: total)
                    )
                }
            }
            for try await (done, result) in group { results[done] = result }
            return contracts.indices.compactMap { results[$0] }
        }
        return CloseReport(month: month, isEarly: CloseRules.isEarly(month, now: now), contracts: closed)
    }

    private struct Shared: Sendable {
        let seller: BilledParty
        let books: [String: PublishedPriceBook]
    }

    private func close(
        _ id: ContractID, month: BillingMonth, shared: Shared, as principal: Principal, requestID: String
    ) async throws -> (CloseOutcome, VATTotal?) {
        do {
            return try await work.perform(as: principal, requestID: requestID) { tx, actor in
                do {
                    return try MonthCloseService.close(id, month: month, shared: shared, tx, actor)
                } catch {
                    MonthCloseService.log(error, of: id, month: month, tx, actor)
                    throw error
                }
            }
        } catch let error as DatabaseError where error.isAboutTheDatabase {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return (.parked(MonthCloseService.reason(error)), nil)
        }
    }

    private static func close(
        _ id: ContractID, month: BillingMonth, shared: Shared, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> (CloseOutcome, VATTotal?) {
        guard let contract = try ContractStore.contract(id, lock: true, in: tx) else {
            throw Problem.notFound("contract")
        }
        let existing = try MonthCloseStore.existing(id, month, tx)
        if let existing, existing.state != .draft { return (.alreadyFinal(existing.number), existing.total) }
        if let open = try MonthCloseStore.oldestOpen(before: month, of: contract, tx) {
            return (.blocked(by: open), nil)
        }
        try MonthCloseStore.holdUsage(of: contract, tx)
        let (subject, draft) = try compute(contract, month: month, books: shared.books, tx)
        guard contract.runs(in: month) || !draft.lines.isEmpty else { return (.over, nil) }
        let closing = ClosingMonth(
            contract: contract, version: try subject.terms(in: month).0, month: month,
            parties: Invoice.Parties(seller: shared.seller, buyer: subject.buyer), now: actor.now)
        let waits = CloseRules.waits(draft, month: month, now: actor.now).map {
            "the \(draft.missing?.rawValue.uppercased() ?? "") disclosure of \(month), until \($0)"
        }
        let invoice = existing?.id ?? actor.ids.new()
        try MonthCloseStore.replaceDraft(draft, id: invoice, closing: closing, waitsFor: waits ?? "", tx)
        if let waits {
            if existing?.hashes != draft.hashes {
                try tx.audit(
                    "invoice.draft", target: invoice, organisation: contract.organisationID,
                    detail: [
                        "contract": contract.number, "month": month.description, "waits_for": waits,
                        "gross": draft.total.gross.description,
                    ], by: actor)
            }
            return (.waits(waits), draft.total)
        }
        return (try finish(invoice, draft, closing, tx, actor), draft.total)
    }

    private static func finish(
        _ invoice: InvoiceID, _ draft: InvoiceDraft, _ closing: ClosingMonth, _ tx: borrowing Transaction<ScopeNode>,
        _ actor: Actor
    ) throws -> CloseOutcome {
        var detail: AuditDetail = ["contract": closing.contract.number, "month": closing.month.description]
        if CloseRules.isEarly(closing.month, now: closing.now) { detail.facts["early"] = "true" }
        let outcome: CloseOutcome
        // What arrives for the month from now on is late.
        try UsageMonthStore.advanceCutoff(
            closing.contract.organisationID, program: closing.contract.program, to: closing.month.endTime, tx)
        if draft.isNothingDue {
            try MonthCloseStore.closeWithoutInvoice(invoice, tx)
            outcome = .nothingDue
        } else {
            guard let today = ViennaTime.date(at: closing.now.microseconds) else {
                throw Problem.conflict("CLOCK", "The clock of this machine is far off.")
            }
            let number = try MonthCloseStore.finalise(
                invoice, closing: closing, year: today.year, due: today.adding(days: PaymentTime.days), tx)
            detail.facts["number"] = number.description
            detail.facts["gross"] = draft.total.gross.description
            outcome = .finalised(invoice, number, estimated: draft.missing != nil)
        }
        if let check = VATCheck(closing.parties.buyer, id: actor.ids.new(), now: closing.now) {
            try VATCheckStore.insert(check, in: tx)
        }
        try tx.audit(
            draft.isNothingDue ? "invoice.close_without_amount" : "invoice.finalise", target: invoice,
            organisation: closing.contract.organisationID, detail: detail, by: actor)
        return outcome
    }

    /// Why a contract is parked, for whoever looks into it; what stops the whole run is reported by its caller.
    private static func log(
        _ error: any Error, of id: ContractID, month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>,
        _ actor: Actor
    ) {
        if let error = error as? DatabaseError, error.isAboutTheDatabase { return }
        tx.logger.error(
            "a contract's month cannot be closed",
            metadata: [
                "contract": "\(id)", "month": "\(month)", "request_id": "\(actor.requestID)", "error": "\(error)",
            ])
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let defect as BillingDefect: defect.description
        case let convertible as any ProblemConvertible: convertible.problem.detail
        case let problem as Problem: problem.detail
        default: "This contract cannot be computed. The log of the service says why."
        }
    }
}

// MARK: - Inputs

extension MonthCloseService {
    static func books(_ tx: borrowing Transaction<ScopeNode>) throws -> [String: PublishedPriceBook] {
        Dictionary(uniqueKeysWithValues: try PriceBookStore.all(tx).map { ($0.book.version, $0) })
    }

    /// Reads what the month rests on and computes it.
    private static func compute(
        _ contract: Contract, month: BillingMonth, books: [String: PublishedPriceBook],
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> (BillingSubject, InvoiceDraft) {
        let inputs = try BillingInputStore.load(contract, month: month, tx)
        var subject = BillingSubject(
            contract: contract, versions: inputs.versions, books: books, buyer: inputs.buyer, tenants: inputs.tenants,
            disclosures: inputs.disclosures)
        subject.instances = inputs.instances
        let usage = try charged(inputs.usage, of: subject, in: month, tx)
        let prior = try changed(inputs, of: subject).map { month, causes in
            let usage = try BillingInputStore.usage(of: contract, in: month, tx)
            return PriorMonth(
                month: month, usage: try charged(usage, of: subject, in: month, tx),
                billed: try BillingInputStore.billed(contract.id, for: month, tx), causes: causes)
        }
        let before = try monthsBefore(month, of: contract).map {
            (month: $0, usage: try BillingInputStore.usage(of: contract, in: $0, tx))
        }
        return (
            subject, try InvoiceComputation.compute(subject, month: month, usage: usage, prior: prior, before: before)
        )
    }

    /// The months whose load counts for the notice of a sustained one, which Solution has not.
    private static func monthsBefore(_ month: BillingMonth, of contract: Contract) -> [BillingMonth] {
        guard contract.program != .solution else { return [] }
        return (1..<Decided.monthsInARow).reversed().map { month.advanced(by: -$0) }.filter { contract.runs(in: $0) }
    }

    /// Final months for which usage or a disclosure came after their invoice. With a recouped guarantee a disclosure
    /// also moves the later months of the contract year.
    private static func changed(
        _ inputs: BillingInputStore.Inputs, of subject: BillingSubject
    ) throws -> [(BillingMonth, [PriorMonth.Cause])] {
        var changed: [(BillingMonth, [PriorMonth.Cause])] = []
        var disclosedSince: BillingMonth?
        for closed in inputs.closed.sorted(by: { $0.month < $1.month }) {
            var causes: [PriorMonth.Cause] = inputs.lateMonths.contains(closed.month) ? [.lateUsage] : []
            let basis = try subject.terms(in: closed.month).0.terms.disclosureBasis
            if basis != nil, subject.disclosures.latest(for: closed.month)?.id != closed.disclosureID {
                disclosedSince = disclosedSince ?? closed.month
                causes.append(.disclosure)
            } else if basis == .mrr, let since = disclosedSince, subject.isSameYear(since, closed.month) {
                causes.append(.disclosure)
            }
            if !causes.isEmpty { changed.append((closed.month, causes)) }
        }
        return changed
    }
}

extension BillingSubject {
    fileprivate func isSameYear(_ one: BillingMonth, _ other: BillingMonth) -> Bool {
        (term.month(billing: one) - 1) / Decided.monthsPerYear
            == (term.month(billing: other) - 1) / Decided.monthsPerYear
    }
}

extension DatabaseError {
    /// Nothing that a contract can be blamed for: the whole run stops and can be repeated.
    fileprivate var isAboutTheDatabase: Bool {
        switch self {
        case .connectionLost, .poolExhausted, .unavailable, .cancelled, .serialization, .lockTimeout: true
        default: false
        }
    }
}
