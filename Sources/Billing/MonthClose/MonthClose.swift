import Kernel
import Rating

/// A month of a contract that no final invoice covers yet: it is closed before any later one.
package struct OpenMonth: Sendable, Hashable {
    package let contractNumber: String
    package let month: BillingMonth

    package init(contractNumber: String, month: BillingMonth) {
        self.contractNumber = contractNumber
        self.month = month
    }

    /// For people.
    package var sentence: String { "\(contractNumber) still has \(month.words) open: close it first" }
    /// For programs, with the sentence.
    package var reason: String { "EARLIER_MONTH_OPEN: \(sentence)" }
}

/// What a close did for one contract.
package enum CloseOutcome: Sendable, Hashable {
    case finalised(InvoiceID, InvoiceNumber, estimated: Bool)
    /// Final since an earlier close; `nil` when nothing was due.
    case alreadyFinal(InvoiceNumber?)
    /// Closed without an invoice: every line comes to nothing.
    case nothingDue
    /// A draft that misses an input, and until when it waits.
    case waits(String)
    /// Left as it is, because months become final in their order.
    case blocked(by: OpenMonth)
    /// Could not be computed; the reason. The other contracts are not affected.
    case parked(String)
    /// The contract is over, and nothing is left to adjust.
    case over

    /// Stable, for programs.
    package var name: String {
        switch self {
        case .finalised: "finalised"
        case .alreadyFinal: "already_final"
        case .nothingDue: "nothing_due"
        case .waits: "waits"
        case .blocked: "earlier_month_open"
        case .parked: "parked"
        case .over: "over"
        }
    }
}

/// One contract of a close.
package struct ClosedContract: Sendable, Hashable {
    package let contract: Contract
    package let buyer: String
    package let outcome: CloseOutcome
    /// Net and gross of the invoice or draft; `nil` where there is none.
    package let total: VATTotal?
}

/// What a close did.
package struct CloseReport: Sendable {
    package let month: BillingMonth
    /// Before the month became final by the terms, because whoever closed it said so.
    package let isEarly: Bool
    /// In the order of contracts.
    package let contracts: [ClosedContract]

    package var parked: [ClosedContract] {
        contracts.filter { if case .parked = $0.outcome { true } else { false } }
    }

    /// What has to be closed first, for the contracts that were left out, each named once.
    package var openBefore: [OpenMonth] {
        var found: [OpenMonth] = []
        for case .blocked(let open) in contracts.map(\.outcome) where !found.contains(open) { found.append(open) }
        return found
    }
}

/// What a month would be billed as for one contract, computed like a close but without writing.
package struct ContractPreview: Sendable {
    /// Whether the month is open, waits, is final, or cannot be computed.
    package enum State: Sendable {
        /// Would be final with the next close.
        case open(InvoiceDraft)
        case waits(InvoiceDraft, until: Timestamp)
        /// A month that is over, but an earlier one has to be closed first.
        case blocked(InvoiceDraft, by: OpenMonth)
        /// Is final: the invoice as it is.
        case final(InvoiceRecord)
        case parked(String)
    }

    package let contract: Contract
    package let buyer: String
    package let state: State
}

/// When a month may be closed.
package enum CloseRules {
    /// From when a month is final (domain 2.5): the 3rd of the next one, 06:00 in Vienna. Until then usage is on time.
    package static func finalisation(of month: BillingMonth) -> Timestamp {
        Timestamp(microseconds: Finalisation.standard.moment(for: month))
    }

    /// Whether the month is not final by the terms yet.
    package static func isEarly(_ month: BillingMonth, now: Timestamp) -> Bool { now < finalisation(of: month) }

    /// Only a month that is over: the running one still collects usage. And only from its finalisation on, unless the
    /// caller says that it is to be earlier.
    package static func check(_ month: BillingMonth, now: Timestamp, allowsEarly: Bool) throws(Problem) {
        guard month.endTime <= now else {
            throw .conflict(
                "MONTH_NOT_OVER",
                "\(month) ends at \(month.endTime) (midnight in Vienna). Preview it now, close it afterwards.")
        }
        guard allowsEarly || !isEarly(month, now: now) else {
            var problem = Problem.conflict(
                "FINALISATION_EARLY",
                "\(month) becomes final on the 3rd of the next month at 06:00 in Vienna; until then its usage is on time. "
                    + "Wait until \(finalisation(of: month)), or say that it is to be earlier: 'early' (--early).")
            problem.errors = [Problem.FieldError(field: "early", message: problem.detail)]
            throw problem
        }
    }

    /// Only a month that has begun.
    package static func checkPreview(_ month: BillingMonth, now: Timestamp) throws(Problem) {
        guard month.startTime <= now else {
            throw .invalid("month", "has not begun yet; preview the running month or an earlier one")
        }
    }

    /// Until when an invoice waits for its disclosure; afterwards it is billed on an estimate (domain 2.2).
    package static func disclosureDeadline(for month: BillingMonth) -> Timestamp {
        Timestamp(microseconds: Finalisation.withoutDisclosure.moment(for: month))
    }

    static func waits(_ draft: InvoiceDraft, month: BillingMonth, now: Timestamp) -> Timestamp? {
        let deadline = disclosureDeadline(for: month)
        return draft.missing != nil && now < deadline ? deadline : nil
    }
}
