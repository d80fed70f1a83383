import Kernel
import Rating

/// What the price book and the domain refuse in a contract, each with the name of its rule.
package struct TermsRules: Sendable {
    package let book: PriceBook
    package let startsOn: CalendarDate
    package let publicSector: Bool
    package let criticalInfrastructure: Bool

    package init(book: PriceBook, startsOn: CalendarDate, publicSector: Bool, criticalInfrastructure: Bool) {
        self.book = book
        self.startsOn = startsOn
        self.publicSector = publicSector
        self.criticalInfrastructure = criticalInfrastructure
    }

    /// No exclusive territory and no preferred partnership, ever (domain 9).
    package static func checkClauses(exclusiveTerritory: Bool, preferredPartnership: Bool) throws(Problem) {
        guard !exclusiveTerritory, !preferredPartnership else {
            throw .refused(
                "EXCLUSIVITY_REFUSED",
                "No agreement grants an exclusive territory or a preferred partnership. Leave the clause out.",
                field: exclusiveTerritory ? "exclusive_territory" : "preferred_partnership")
        }
    }

    package func check(_ terms: ContractTerms) throws(Problem) {
        switch terms {
        case .enterprise(let terms): try check(terms)
        case .solution(let terms): try check(terms)
        case .deployment(let terms): try check(terms)
        }
        try check(lines: terms.lines, of: terms.program)
    }

    private func check(_ terms: EnterpriseTerms) throws(Problem) {
        for sector in sectors {
            do {
                try EnterpriseMonth.checkServiceLevel(terms.sla, sector: sector, book: book.enterprise)
            } catch {
                throw .refused(
                    "SLA_PREMIUM_MANDATORY",
                    "A \(sector.words) customer takes the Premium SLA: set 'sla' to 'premium'.", field: "enterprise.sla"
                )
            }
        }
        guard let share = terms.revenueShare else { return }
        do {
            _ = try RevenueShareAgreement(percent: share.percent, resells: share.resells, book: book.enterprise)
        } catch {
            throw .refused(
                error.field == "resells" ? "REVENUE_SHARE_RESALE_ONLY" : "REVENUE_SHARE_PERCENT",
                error.message.sentence, field: "enterprise.revenue_share.\(error.field)")
        }
    }

    private func check(_ terms: SolutionTerms) throws(Problem) {
        guard let agreement = terms.volumeAgreement else { return }
        let field = "solution.volume_agreement"
        guard agreement.partnerCommits, agreement.partnerOperates, agreement.partnerHasModelAccess else {
            throw .refused(
                "WHOLESALE_CONDITIONS",
                "A volume agreement needs commitment, operations and model access on the partner's side: confirm "
                    + "'partner_commits', 'partner_operates' and 'partner_has_model_access', or leave it out.",
                field: field)
        }
        do {
            _ = try WholesaleAgreement(
                committedTurns: agreement.committedTurns, price: agreement.price, book: book.solution)
        } catch {
            let committed = error.field == "committed"
            throw .refused(
                committed ? "WHOLESALE_COMMITMENT" : "WHOLESALE_PRICE", error.message.sentence,
                field: field + (committed ? ".committed_turns" : ".price"))
        }
    }

    private func check(_ terms: DeploymentTerms) throws(Problem) {
        var seen: Set<String> = []
        for (index, order) in (terms.orders ?? []).enumerated() {
            let field = "deployment.orders[\(index)]"
            try TermsRules.check(reference: order.reference, among: &seen, field: field)
            guard order.order(tier: terms.tier).instances > 0 else {
                throw .invalid(field, "order at least one instance: 'compact', 'standard' or 'premium'")
            }
            if let day = order.startsOn, day < startsOn {
                throw .invalid(field + ".starts_on", "an order does not start before its contract, \(startsOn)")
            }
            do {
                let year = try DeploymentYear(order.order(tier: terms.tier), contractYear: 1, book: book.deployment)
                try check(order, gets: year.bundle, field: field)
            } catch let refusal as Refusal {
                throw .invalid("\(field).\(refusal.field.replacing("instances.", with: ""))", refusal.message)
            } catch let problem as Problem {
                throw problem
            } catch {
                throw .invalid(field, "this order cannot be priced")
            }
        }
    }

    /// A bundle needs tier, term and payment (domain 2.3): what an order form promises, the order must get.
    private func check(_ order: InstanceOrder, gets choice: BundleChoice, field: String) throws(Problem) {
        guard let claimed = order.bundle else { return }
        guard let bundle = book.deployment.bundles.first(where: { $0.instances == claimed }) else {
            let known = book.deployment.bundles.map { String($0.instances) }.joined(separator: ", ")
            throw .invalid(field + ".bundle", "the price book has the bundles \(known)")
        }
        guard choice.applied == bundle else {
            let needs = choice.missing.map { "\($0.input) \($0.from)" }.joined(separator: ", ")
            throw .refused(
                "BUNDLE_NOT_ELIGIBLE",
                choice.applied.map { "This order gets the bundle of \($0.instances), not of \(claimed)." }
                    ?? "The bundle of \(claimed) is not reached: "
                    + (needs.isEmpty ? "it takes \(claimed) instances in one order." : "it needs \(needs)."),
                field: field + ".bundle")
        }
    }

    private func check(lines: [OrderFormLine], of program: Program) throws(Problem) {
        var seen: Set<String> = []
        for (index, line) in lines.enumerated() {
            let field = "\(program.rawValue).lines[\(index)]"
            try TermsRules.check(reference: line.reference, among: &seen, field: field)
            guard (1...Limits.textCharacters).contains(line.title.count) else {
                throw .invalid(field + ".title", "a title has 1 to \(Limits.textCharacters) characters")
            }
            guard line.from >= startsOn.billingMonth else {
                throw .invalid(field + ".from", "a line does not start before its contract, \(startsOn.billingMonth)")
            }
            if let until = line.until, until < line.from || line.every == .once {
                throw .invalid(field + ".until", "'until' is a month not before 'from', and not for 'once'")
            }
            do {
                _ = try line.item().line()
            } catch {
                throw .invalid("\(field).\(error.field)", error.message)
            }
        }
    }

    /// References name charges on invoices, so they are short, plain and used once.
    private static func check(
        reference: String, among seen: inout Set<String>, field: String
    ) throws(Problem) {
        let plain = reference.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        guard plain, (1...40).contains(reference.utf8.count) else {
            throw .invalid(field + ".reference", "a reference has 1 to 40 letters, digits and hyphens")
        }
        guard seen.insert(reference).inserted else {
            throw .invalid(field + ".reference", "'\(reference)' is used twice; a reference names one charge")
        }
    }

    private var sectors: [Sector] {
        (publicSector ? [.publicSector] : []) + (criticalInfrastructure ? [.criticalInfrastructure] : [])
    }

    /// The sector that decides the service level.
    package var sector: Sector { sectors.first ?? .privateSector }
}

extension OrderFormLine {
    package func item() throws(Refusal) -> OrderFormItem {
        try OrderFormItem(reference: reference, title: title, quantity: quantity ?? 1, price: price)
    }
}

extension Sector {
    fileprivate var words: String {
        switch self {
        case .privateSector: "private"
        case .publicSector: "public-sector"
        case .criticalInfrastructure: "critical-infrastructure"
        }
    }
}

extension String {
    /// With a capital letter and a full stop.
    fileprivate var sentence: String { prefix(1).uppercased() + dropFirst() + (hasSuffix(".") ? "" : ".") }
}
