/// The Enterprise alternative for a licensee that resells (domain 2.1): a share of end-customer MRR in place of the
/// per-tenant fee, with the annual licence as the minimum guarantee.
package struct RevenueShareAgreement: Hashable, Sendable {
    package let percent: Percent
    /// The licence, billed in advance each contract year; the shares first recoup it.
    package let guarantee: Money

    package init(percent: Percent, resells: Bool, book: PriceBook.Enterprise) throws(Refusal) {
        guard resells else {
            throw Refusal(
                field: "resells", reason: "internal_use",
                message:
                    "the revenue share is only for a licensee that resells; internal use keeps the price per tenant")
        }
        guard (book.sharePercentMinimum...book.sharePercentMaximum).contains(percent) else {
            throw Refusal(
                field: "percent", reason: "out_of_range",
                message: "percent must lie between \(book.sharePercentMinimum) and \(book.sharePercentMaximum)")
        }
        self.percent = percent
        guarantee = book.annualLicence
    }

    /// The months of one contract year, in order; at most twelve.
    package func year(_ mrrByMonth: [Money]) throws(Refusal) -> [GuaranteeMonth] {
        guard mrrByMonth.count <= Decided.monthsPerYear else {
            throw Refusal(
                field: "mrr_by_month", reason: "too_many",
                message: "a contract year has twelve months; start a new year")
        }
        var left = guarantee
        var months: [GuaranteeMonth] = []
        for (index, mrr) in mrrByMonth.enumerated() {
            do {
                let month = try GuaranteeMonth(mrr: mrr, percent: percent, guaranteeLeft: left)
                left = month.guaranteeLeftAfter
                months.append(month)
            } catch {
                throw error.about("mrr_by_month[\(index)]")
            }
        }
        return months
    }
}

/// One month: the share, rounded once, recoups what is left of the guarantee; only the excess is billed.
package struct GuaranteeMonth: Hashable, Sendable {
    package let mrr: Money
    package let percent: Percent
    package let guaranteeLeft: Money
    package let share: Money

    package init(mrr: Money, percent: Percent, guaranteeLeft: Money) throws(Refusal) {
        try Inputs.check(amount: mrr, "mrr")
        try Inputs.check(amount: guaranteeLeft, "guarantee_left")
        self.mrr = mrr
        self.percent = percent
        self.guaranteeLeft = guaranteeLeft
        share = try percent.of(mrr)
    }

    package var recouped: Money { min(share, guaranteeLeft) }
    package var billed: Money { share - recouped }
    package var guaranteeLeftAfter: Money { guaranteeLeft - recouped }

    /// The billed excess; a line of zero while the guarantee is being recouped.
    package func line() throws(Refusal) -> RatedLine {
        try RatedLine(
            .revenueShareBeyondGuarantee, quantity: 1, unitPrice: UnitPrice(Rate(billed)), basis: .share(self))
    }

    package var explanation: Explanation {
        let state =
            billed > .zero
            ? "\(billed.display) are beyond the guarantee and billed"
            : "all of it is recouped against the guarantee, \(guaranteeLeftAfter.display) of which remain"
        return Explanation(
            rule: "enterprise.revenue_share",
            inputs: [
                "mrr": mrr.description, "percent": percent.description, "share": share.description,
                "guarantee_left": guaranteeLeft.description,
            ],
            candidates: [
                Explanation.Candidate(name: "recouped", amount: recouped),
                Explanation.Candidate(name: "billed", amount: billed),
            ],
            sentence: "\(percent) % of \(mrr.display) are \(share.display); \(state).")
    }
}
