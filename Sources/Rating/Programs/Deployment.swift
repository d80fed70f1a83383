/// A Deployment Partner's order (domain 2.3).
package struct DeploymentOrder: Hashable, Sendable {
    package let compact: Int64
    package let standard: Int64
    package let premium: Int64
    package let tier: PartnerTier
    package let termYears: Int64
    package let payment: PaymentTerms

    package init(
        compact: Int64, standard: Int64, premium: Int64, tier: PartnerTier, termYears: Int64, payment: PaymentTerms
    ) {
        self.compact = compact
        self.standard = standard
        self.premium = premium
        self.tier = tier
        self.termYears = termYears
        self.payment = payment
    }

    package func count(of size: InstanceSize) -> Int64 {
        switch size {
        case .compact: compact
        case .standard: standard
        case .premium: premium
        }
    }

    package var instances: Int64 { compact + standard + premium }

    func check() throws(Refusal) {
        for size in InstanceSize.allCases { try Inputs.check(count: count(of: size), "instances.\(size.rawValue)") }
        try Inputs.check(termYears, 1...Decided.contractYearLimit, "term_years")
    }
}

/// Which bundle an order gets: the largest that its instances reach, if tier, payment and term allow it.
package struct BundleChoice: Hashable, Sendable {
    package let instances: Int64
    /// The bundle that applies to all instances; `nil` is list price.
    package let applied: PriceBook.Bundle?
    /// A better bundle by its number of instances, and what keeps the order from it.
    package let missed: PriceBook.Bundle?
    package let missing: [Explanation.Change]
    /// The bundle that more instances would reach.
    package let next: PriceBook.Bundle?

    package var discount: Percent { applied?.discount ?? .zero }

    init(_ order: DeploymentOrder, book: PriceBook.Deployment) {
        instances = order.instances
        let reached = book.bundles.filter { $0.instances <= order.instances }
        let eligible = book.tier(order.tier).bundles && book.bundlePayments.contains(order.payment)
        applied = eligible ? reached.last { $0.termYears <= order.termYears } : nil
        next = book.bundles.first { $0.instances > order.instances }
        missed = reached.last.flatMap { [applied] best in best == applied ? nil : best }
        var missing: [Explanation.Change] = []
        if let missed {
            let name = BundleChoice.name(missed)
            if !book.tier(order.tier).bundles {
                missing.append(
                    Explanation.Change(candidate: name, input: "tier", from: PartnerTier.certified.rawValue))
            }
            if !book.bundlePayments.contains(order.payment) {
                let payments = book.bundlePayments.map(\.rawValue).sorted().joined(separator: " or ")
                missing.append(Explanation.Change(candidate: name, input: "payment", from: payments))
            }
            if missed.termYears > order.termYears {
                missing.append(
                    Explanation.Change(candidate: name, input: "term_years", from: String(missed.termYears)))
            }
        }
        self.missing = missing
    }

    static func name(_ bundle: PriceBook.Bundle) -> String { "bundle_\(bundle.instances)" }

    func explanation(of line: RatedLine) -> Explanation {
        var changes = missing
        if let next {
            changes.append(
                Explanation.Change(
                    candidate: BundleChoice.name(next), input: "instances", from: String(next.instances)))
        }
        return Explanation(
            rule: "deployment.licence",
            inputs: [
                "instances": String(instances), "quantity": String(line.quantity),
                "unit_price": line.unitPrice.description, "discount_percent": discount.description,
            ],
            winners: applied.map { [BundleChoice.name($0)] } ?? ["list_price"], changes: changes, sentence: sentence)
    }

    private var sentence: String {
        var text =
            applied.map {
                "With \(Wording.counted(instances, "instance", "instances")) the bundle of \($0.instances) applies: "
                    + "\($0.discount) % off every list price"
            } ?? "List price: no bundle applies to \(Wording.counted(instances, "instance", "instances"))"
        if let missed {
            let needs = missing.map { change in
                change.input == "term_years"
                    ? "a term of \(change.from) years" : "the \(change.input) \(change.from.replacing("_", with: " "))"
            }
            text += "; the bundle of \(missed.instances) (\(missed.discount) %) needs \(Wording.list(needs))"
        }
        if let next { text += "; \(next.discount) % from \(next.instances) instances" }
        return text + "."
    }
}

/// One contract year of an order: licences by size, the tier's yearly fee and, in the first year, its onboarding.
package struct DeploymentYear: Hashable, Sendable {
    package let bundle: BundleChoice
    package let lines: [RatedLine]
    package let licences: Money
    package let tierYear: Money
    package let onboardingOnce: Money
    package let total: Money

    package init(_ order: DeploymentOrder, contractYear: Int64, book: PriceBook.Deployment) throws(Refusal) {
        try order.check()
        try Inputs.check(contractYear, 1...Decided.contractYearLimit, "contract_year")
        let bundle = BundleChoice(order, book: book)
        var lines: [RatedLine] = []
        for size in InstanceSize.allCases where order.count(of: size) > 0 {
            lines.append(
                try RatedLine(
                    .deploymentLicence(size), quantity: order.count(of: size),
                    unitPrice: UnitPrice(book.size(size).year),
                    discount: bundle.discount, basis: .licence(bundle)))
        }
        licences = try Money.sum(lines.lazy.map(\.net))
        let tier = book.tier(order.tier)
        tierYear = tier.year
        onboardingOnce = contractYear == 1 ? tier.once : .zero
        if tierYear > .zero {
            lines.append(
                try RatedLine(
                    .tierYear(order.tier), quantity: 1, unitPrice: UnitPrice(Rate(tierYear)),
                    basis: .flat(
                        rule: "deployment.tier_year", sentence: "The yearly fee of the tier \(order.tier.rawValue).")))
        }
        if onboardingOnce > .zero {
            lines.append(
                try RatedLine(
                    .tierOnboarding(order.tier), quantity: 1, unitPrice: UnitPrice(Rate(onboardingOnce)),
                    basis: .flat(
                        rule: "deployment.tier_onboarding",
                        sentence: "The tier \(order.tier.rawValue) once, with the first contract year.")))
        }
        total = try Money.sum(lines.lazy.map(\.net))
        self.bundle = bundle
        self.lines = lines
    }
}
