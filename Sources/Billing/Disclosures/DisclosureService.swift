import Kernel
import Postgres
import Rating
import Tenancy

/// What a person discloses.
package struct NewDisclosure: Sendable {
    package var contractID: ContractID
    package var month: BillingMonth
    package var amount: Money
    package var disclosedBy: String
    package var note: String

    package init(contractID: ContractID, month: BillingMonth, amount: Money, disclosedBy: String, note: String = "") {
        self.contractID = contractID
        self.month = month
        self.amount = amount
        self.disclosedBy = disclosedBy
        self.note = note
    }
}

/// Disclosures of end-customer revenue: by the partner for its own contract, or by the platform on its behalf.
package enum DisclosureService {
    /// Keeps what was disclosed; the latest of a month is in force.
    package static func disclose(
        _ new: NewDisclosure, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Disclosure {
        let record = try ContractService.get(new.contractID, tx)
        try check(new, today: ViennaTime.date(at: actor.now.microseconds), contract: record.contract)
        guard let basis = record.version(in: new.month)?.terms.disclosureBasis else {
            throw Problem.refused(
                "NO_DISCLOSURE_DUTY", "The contract's terms of \(new.month) rest on no disclosed revenue.",
                field: "month")
        }
        try checkFinal(new, tx)
        let disclosure = Disclosure(
            id: actor.ids.new(), organisationID: record.contract.organisationID, contractID: new.contractID,
            month: new.month, basis: basis, amount: new.amount, disclosedBy: new.disclosedBy, note: new.note,
            disclosedAt: actor.now)
        try DisclosureStore.insert(disclosure, by: actor.principal.id, in: tx)
        try tx.audit(
            "disclosure.create", target: disclosure.id, organisation: disclosure.organisationID,
            detail: [
                "contract": new.contractID.description, "month": new.month.description, "basis": basis.rawValue,
                "amount": new.amount.description, "disclosed_by": new.disclosedBy,
            ], by: actor)
        return disclosure
    }

    package static func list(
        of contract: ContractID, page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Disclosure> {
        guard try ContractStore.contract(contract, in: tx) != nil else { throw Problem.notFound("contract") }
        return try DisclosureStore.list(of: contract, page: page, in: tx)
    }

    /// What a final month was billed on is lowered by the platform only; a figure that is still missing may follow.
    private static func checkFinal(_ new: NewDisclosure, _ tx: borrowing Transaction<ScopeNode>) throws {
        guard tx.scope != .platform,
            let inForce = try DisclosureStore.all(of: new.contractID, in: tx).latest(for: new.month),
            new.amount < inForce.amount,
            let invoice = try MonthCloseStore.existing(new.contractID, new.month, tx), invoice.state != .draft
        else { return }
        throw Problem.conflict(
            "DISCLOSURE_FINAL",
            "\(new.month) is final, and \(inForce.amount.display) were disclosed for it. Ask the platform to lower it.")
    }

    private static func check(
        _ new: NewDisclosure, today: CalendarDate?, contract: Contract
    ) throws(Problem) {
        var errors: [Problem.FieldError] = []
        if new.amount.isNegative || new.amount > Decided.inputLimit {
            errors.append(.init(field: "amount", message: "lies between 0.00 and \(Decided.inputLimit)"))
        }
        if !(1...Limits.textCharacters).contains(new.disclosedBy.count) {
            errors.append(
                .init(
                    field: "disclosed_by",
                    message: "is the name of the person who discloses, 1 to \(Limits.textCharacters) characters"))
        }
        if new.note.count > 1000 { errors.append(.init(field: "note", message: "has at most 1000 characters")) }
        if !contract.runs(in: new.month) {
            errors.append(.init(field: "month", message: "the contract does not run in \(new.month)"))
        }
        if let today, new.month > today.billingMonth {
            errors.append(.init(field: "month", message: "has not begun yet"))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
    }
}
