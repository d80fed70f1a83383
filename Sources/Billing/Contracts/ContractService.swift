import Kernel
import Postgres
import Rating
import Tenancy

/// What a new contract is made of.
package struct NewContract: Sendable {
    package var organisationID: OrganisationID
    package var startsOn: CalendarDate
    /// The newest published one when absent.
    package var priceBookVersion: String?
    package var terms: ContractTerms
    package var exclusiveTerritory = false
    package var preferredPartnership = false

    package init(
        organisationID: OrganisationID, startsOn: CalendarDate, terms: ContractTerms, priceBookVersion: String? = nil
    ) {
        self.organisationID = organisationID
        self.startsOn = startsOn
        self.terms = terms
        self.priceBookVersion = priceBookVersion
    }
}

/// A contract with its versions, newest last.
package struct ContractRecord: Sendable {
    package let contract: Contract
    package let versions: [ContractVersion]

    /// The terms of a month, or the first ones for a contract that begins later.
    package func version(in month: BillingMonth) -> ContractVersion? { versions.inForce(in: month) ?? versions.first }
}

/// Contracts: made by the platform, read by their organisation.
package enum ContractService {
    package static let numberSeries = "C"

    // MARK: Master agreement

    /// Records the one master agreement; 409 when there is one.
    package static func signMasterAgreement(
        of organisation: OrganisationID, reference: String, on day: CalendarDate,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> MasterAgreement {
        guard (1...60).contains(reference.count) else {
            throw Problem.invalid("reference", "a reference has 1 to 60 characters")
        }
        guard try ContractStore.party(organisation, in: tx) != nil else { throw Problem.notFound("organisation") }
        guard try ContractStore.masterAgreement(of: organisation, in: tx) == nil else {
            throw Problem.conflict(
                "MASTER_AGREEMENT_EXISTS", "There is one master agreement per organisation, and it is signed already.")
        }
        let agreement = MasterAgreement(
            organisationID: organisation, reference: reference, signedOn: day, createdAt: actor.now)
        do {
            try ContractStore.insert(agreement, in: tx)
        } catch {
            guard error.isConstraint("master_agreement_pkey") else { throw error }
            throw Problem.conflict(
                "MASTER_AGREEMENT_EXISTS", "There is one master agreement per organisation, and it is signed already.")
        }
        try tx.audit(
            "master_agreement.sign", target: organisation, organisation: organisation,
            detail: ["reference": reference, "signed_on": day.description], by: actor)
        return agreement
    }

    /// The master agreement of an organisation; 404 without one.
    package static func masterAgreement(
        of organisation: OrganisationID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> MasterAgreement {
        guard let agreement = try ContractStore.masterAgreement(of: organisation, in: tx) else {
            throw Problem.notFound("master agreement")
        }
        return agreement
    }

    // MARK: Contracts

    /// Enrols an organisation in a program, when every rule of the program allows it.
    package static func create(
        _ new: NewContract, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> ContractRecord {
        try TermsRules.checkClauses(
            exclusiveTerritory: new.exclusiveTerritory, preferredPartnership: new.preferredPartnership)
        let party = try party(new.organisationID, tx)
        let published = try PriceBookStore.published(new.priceBookVersion, tx)
        try checkTerms(new.terms, party: party, startsOn: new.startsOn, book: published.book)
        let contract = Contract(
            id: actor.ids.new(), organisationID: new.organisationID, program: new.terms.program,
            number: try number(tx, actor), startsOn: new.startsOn, endsOn: nil, noticeGivenOn: nil, revision: 1,
            createdAt: actor.now, updatedAt: actor.now)
        do {
            try ContractStore.insert(contract, in: tx)
        } catch {
            guard error.isConstraint("contract_one_per_program") else { throw error }
            throw Problem.conflict(
                "CONTRACT_OVERLAPS",
                "The organisation has a contract in the \(contract.program) program in this time. Add an order form to it."
            )
        }
        let version = try makeVersion(
            1, of: contract, effective: new.startsOn.billingMonth, book: published.book.version, terms: new.terms,
            now: actor.now)
        try ContractStore.insert(version, by: actor.principal.id, in: tx)
        try tx.audit(
            "contract.create", target: contract.id, organisation: contract.organisationID,
            detail: [
                "number": contract.number, "program": contract.program.rawValue,
                "starts_on": contract.startsOn.description, "price_book": published.book.version,
            ], by: actor)
        return ContractRecord(contract: contract, versions: [version])
    }

    /// A contract that the scope shows; 404 for every other.
    package static func get(
        _ id: ContractID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> ContractRecord {
        guard let contract = try ContractStore.contract(id, in: tx) else { throw Problem.notFound("contract") }
        return ContractRecord(contract: contract, versions: try ContractStore.versions(of: id, in: tx))
    }

    package static func list(
        _ filter: ContractFilter, page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<ContractRecord> {
        let contracts = try ContractStore.list(filter, page: page, in: tx)
        let versions = try ContractStore.versions(ofAll: contracts.items.map(\.id), in: tx)
        return contracts.map { ContractRecord(contract: $0, versions: versions[$0.id] ?? []) }
    }

    /// An addendum or order form: new terms from a month on, which no final invoice covers yet.
    /// - Parameter check: compares the state that the caller knows with the present one.
    package static func addVersion(
        to id: ContractID, terms: ContractTerms, effective month: BillingMonth,
        check: (Contract) throws -> Void = { _ in }, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> ContractRecord {
        let contract = try locked(id, tx)
        try check(contract)
        let versions = try ContractStore.versions(of: id, in: tx)
        guard let last = versions.last else { throw Problem.notFound("contract") }
        guard terms.program == contract.program else {
            throw Problem.invalid(
                terms.program.rawValue, "this contract is in the \(contract.program) program; send its terms")
        }
        guard month >= last.effectiveMonth else {
            throw Problem.invalid(
                "effective_month", "is before the terms in force, which began in \(last.effectiveMonth)")
        }
        if let final = try ContractStore.lastFinalMonth(of: id, in: tx), month <= final {
            throw Problem.conflict(
                "MONTH_FINALISED", "\(final) is final for this contract. New terms begin in \(final.next) or later.")
        }
        let published = try PriceBookStore.published(last.priceBookVersion, tx)
        try checkTerms(
            terms, party: try party(contract.organisationID, tx), startsOn: contract.startsOn, book: published.book)
        try checkNew(terms, since: last.terms, contract: contract, effective: month)
        if terms.callPrice(published.book) != last.terms.callPrice(published.book) {
            try checkCalls(of: contract, since: month, tx)
        }
        let version = try makeVersion(
            last.version + 1, of: contract, effective: month, book: last.priceBookVersion, terms: terms, now: actor.now)
        try ContractStore.insert(version, by: actor.principal.id, in: tx)
        try ContractStore.touch(id, at: actor.now, in: tx)
        try tx.audit(
            "contract.add_version", target: id, organisation: contract.organisationID,
            detail: ["version": String(version.version), "effective_month": month.description], by: actor)
        return try get(id, tx)
    }

    /// Notice to the end of the term; too late, it takes effect one term later (domain 3). No month that is final may
    /// lie behind the end.
    package static func giveNotice(
        _ id: ContractID, on day: CalendarDate, check: (Contract) throws -> Void = { _ in },
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> ContractRecord {
        let contract = try locked(id, tx)
        try check(contract)
        guard contract.noticeGivenOn == nil else {
            throw Problem.conflict("NOTICE_GIVEN", "Notice was given already; the contract ends by it.")
        }
        guard let today = ViennaTime.date(at: actor.now.microseconds), day <= today else {
            throw Problem.invalid("given_on", "is in the future; notice counts from the day on which it arrived")
        }
        guard day >= contract.startsOn else {
            throw Problem.invalid("given_on", "is before the contract's first day, \(contract.startsOn)")
        }
        let terms = try ContractStore.versions(of: id, in: tx).last?.terms
        let term = ContractTerm(start: contract.startsOn, years: terms?.termYears ?? 1)
        let end = term.end(noticeOn: day).adding(days: 1)
        if let final = try ContractStore.lastFinalMonth(of: id, in: tx), end <= final.lastDay {
            throw Problem.conflict(
                "MONTH_FINALISED",
                "\(final) is final for this contract, and the notice would end it before \(final.next.firstDay).")
        }
        try ContractStore.setEnd(of: contract, on: end, noticeOn: day, at: actor.now, in: tx)
        try tx.audit(
            "contract.give_notice", target: id, organisation: contract.organisationID,
            detail: ["given_on": day.description, "ends_on": end.description], by: actor)
        return try get(id, tx)
    }

    /// The programs that an organisation holds today or has signed for: where its tenants may live.
    package static func programs(
        _ tx: borrowing Transaction<ScopeNode>, _ organisation: OrganisationID
    ) throws -> Set<Program> {
        Set(try ContractStore.programs(of: organisation, in: tx))
    }

    /// How many instances of which size an organisation's Deployment contract has ordered, by its newest terms.
    package static func orderedLicences(
        _ tx: borrowing Transaction<ScopeNode>, _ organisation: OrganisationID
    ) throws -> [InstanceLicence: Int] {
        guard let contract = try ContractStore.present(of: organisation, in: .deployment, tx),
            case .deployment(let terms)? = try ContractStore.versions(of: contract.id, in: tx).last?.terms
        else { return [:] }
        var ordered: [InstanceLicence: Int] = [:]
        for order in terms.orders ?? [] {
            for (size, count) in [(.compact, order.compact), (.standard, order.standard), (.premium, order.premium)]
                as [(InstanceLicence.Size, Int64?)]
            {
                guard let count, count > 0 else { continue }
                ordered[InstanceLicence(order: order.reference, size: size)] = Int(clamping: count)
            }
        }
        return ordered
    }
}

// MARK: - Checks

extension ContractService {
    private static func locked(_ id: ContractID, _ tx: borrowing Transaction<ScopeNode>) throws -> Contract {
        guard let contract = try ContractStore.contract(id, lock: true, in: tx) else {
            throw Problem.notFound("contract")
        }
        return contract
    }

    private static func party(
        _ id: OrganisationID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> ContractParty {
        guard let party = try ContractStore.party(id, in: tx) else { throw Problem.notFound("organisation") }
        guard party.kind == "partner" else {
            throw Problem.refused(
                "CONTRACT_PARTY", "Contracts are held by partners; this organisation is not one.",
                field: "organisation_id")
        }
        guard try ContractStore.masterAgreement(of: id, in: tx) != nil else {
            throw Problem.refused(
                "MASTER_AGREEMENT_MISSING",
                "A contract is an addendum to the organisation's master agreement. Record that first.",
                field: "organisation_id")
        }
        return party
    }

    private static func checkTerms(
        _ terms: ContractTerms, party: ContractParty, startsOn: CalendarDate, book: PriceBook
    ) throws(Problem) {
        guard startsOn >= ContractLimits.earliestStart, startsOn < ContractLimits.latestStart else {
            throw .invalid(
                "starts_on", "lies between \(ContractLimits.earliestStart) and \(ContractLimits.latestStart)")
        }
        try TermsRules(
            book: book, startsOn: startsOn, publicSector: party.publicSector,
            criticalInfrastructure: party.criticalInfrastructure
        ).check(terms)
    }

    /// What is new begins when the new terms do, or it would never be billed.
    private static func checkNew(
        _ terms: ContractTerms, since old: ContractTerms, contract: Contract, effective month: BillingMonth
    ) throws(Problem) {
        let lines = Set(old.lines.map(\.reference))
        for (index, line) in terms.lines.enumerated() where !lines.contains(line.reference) {
            guard line.from >= month else {
                throw .invalid(
                    "\(terms.program.rawValue).lines[\(index)].from", "a new line begins in \(month) or later")
            }
        }
        guard case .deployment(let new) = terms, case .deployment(let before) = old else { return }
        let orders = Set((before.orders ?? []).map(\.reference))
        for (index, order) in (new.orders ?? []).enumerated() where !orders.contains(order.reference) {
            guard (order.startsOn ?? contract.startsOn).billingMonth >= month else {
                throw .invalid(
                    "deployment.orders[\(index)].starts_on", "a new order begins in \(month) or later: say on which day"
                )
            }
        }
    }

    /// A call has its price receipt as soon as it is over: in a month that has calls their price stands.
    private static func checkCalls(
        of contract: Contract, since month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try MonthCloseStore.holdUsage(of: contract, tx)
        let since = contract.period(in: month).lowerBound
        guard let metered = try BillingInputStore.lastMonthOfCalls(of: contract, since: since, tx) else { return }
        throw Problem.conflict(
            "CALLS_PRICED",
            "Calls of \(metered) are metered and have their price. Another price or increment begins in "
                + "\(metered.next) or later.")
    }

    private static func makeVersion(
        _ number: Int64, of contract: Contract, effective month: BillingMonth, book: String, terms: ContractTerms,
        now: Timestamp
    ) throws -> ContractVersion {
        let digest = try ContractVersion.digest(
            of: contract, version: number, effective: month, book: book, terms: terms)
        return ContractVersion(
            contractID: contract.id, version: number, organisationID: contract.organisationID, effectiveMonth: month,
            priceBookVersion: book, terms: terms, sha256: digest, createdAt: now)
    }

    /// `C-2026-0001`.
    private static func number(_ tx: borrowing Transaction<ScopeNode>, _ actor: Actor) throws -> String {
        let year = ViennaTime.date(at: actor.now.microseconds)?.year ?? 0
        let number = try NumberStore.next(series: numberSeries, year: year, in: tx)
        let digits = String(number)
        return "\(numberSeries)-\(year)-\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)"
    }
}

/// Dates that a contract may carry: far enough for any migration, near enough for month arithmetic.
package enum ContractLimits {
    package static let earliestStart = BillingMonth.january(2015).firstDay
    package static let latestStart = BillingMonth.january(2100).firstDay
}

extension BillingMonth {
    /// For constants within the calendar's range.
    fileprivate static func january(_ year: Int) -> BillingMonth {
        BillingMonth(year: year, month: 1) ?? PriceBook.v2_1.validFrom.billingMonth
    }
}

extension ContractTerms {
    /// What a call costs beyond the included minutes, and how it is rounded; `nil` when no call costs anything.
    fileprivate func callPrice(_ book: PriceBook) -> VoiceTerms? {
        guard case .enterprise(let terms) = self else { return nil }
        return VoiceTerms(
            minutePrice: terms.voice?.minutePrice ?? book.enterprise.voice.minute, increment: terms.voice?.increment)
    }
}
