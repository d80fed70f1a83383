import Billing
import Kernel
import Rating
import Web

/// The form of a new contract, and how its fields become the terms of one program.
struct ContractFields: Codable, Sendable {
    let program: Program
    let organisationID: OrganisationID
    let startsOn: CalendarDate
    let priceBookVersion: String?
    let masterAgreement: String?
    // Enterprise
    let serviceLevel: ServiceLevelName?
    let callIncrement: CallIncrement?
    let resells: Bool
    let revenueSharePercent: Percent?
    // Solution
    let wholesaleCommittedTurns: Int64?
    let wholesaleTurnPrice: Rate?
    let wholesaleConditions: Bool
    // Deployment
    let tier: PartnerTier?
    let compact: Int64?
    let standard: Int64?
    let premium: Int64?
    let termYears: Int64?
    let payment: PaymentTerms?
    // Order form
    let orderFormReference: String?
    let orderFormDescription: String?
    let orderFormAmount: Rate?
    let orderFormRhythm: Recurrence?

    func terms() throws(Problem) -> ContractTerms {
        let terms: ContractTerms =
            switch program {
            case .enterprise: .enterprise(enterprise)
            case .solution: .solution(try solution())
            case .deployment: .deployment(deployment)
            }
        return try line().map(terms.adding) ?? terms
    }

    private var enterprise: EnterpriseTerms {
        var terms = EnterpriseTerms()
        terms.sla = serviceLevel
        terms.voice = callIncrement.map { VoiceTerms(increment: $0) }
        terms.revenueShare = revenueSharePercent.map { ShareTerms(percent: $0, resells: resells) }
        return terms
    }

    private func solution() throws(Problem) -> SolutionTerms {
        var terms = SolutionTerms()
        switch (wholesaleCommittedTurns, wholesaleTurnPrice) {
        case (nil, nil): break
        case (let turns?, let price?):
            terms.volumeAgreement = VolumeTerms(
                committedTurns: turns, price: price, confirmed: wholesaleConditions)
        case (nil, _): throw .invalid("wholesale_committed_turns", "belongs to a price of its own")
        case (_, nil): throw .invalid("wholesale_turn_price", "belongs to a commitment")
        }
        return terms
    }

    private var deployment: DeploymentTerms {
        let counts = [InstanceSize.compact: compact ?? 0, .standard: standard ?? 0, .premium: premium ?? 0]
        let order = InstanceOrder(
            reference: "1", counts, termYears: termYears ?? 1, payment: payment ?? .prepaid)
        return DeploymentTerms(tier: tier ?? .authorized, orders: order.instances == 0 ? nil : [order])
    }

    private func line() throws(Problem) -> OrderFormLine? {
        guard let reference = orderFormReference else { return nil }
        guard let amount = orderFormAmount else { throw .invalid("order_form_amount", "is required") }
        return OrderFormLine(
            reference: reference, title: orderFormDescription ?? "", price: amount, every: orderFormRhythm ?? .once,
            from: startsOn.billingMonth)
    }
}

extension ContractFields {
    /// The form again: the rules blame parts of the terms, the form has names of its own.
    static func state(_ submission: Submission) -> FormState {
        state(submission) { field in
            if let known = names[field] { return known }
            if field.contains(".lines[") { return "order_form_" + (lineNames[last(field)] ?? last(field)) }
            return field.contains(".orders[") ? last(field) : field
        }
    }

    static func orderFormState(_ submission: Submission, of contract: Contract) -> FormState {
        state(submission, presentRevision: contract.revision) { field in
            if field == "effective_month" { return "from" }
            return field.contains(".lines[") ? lineNames[last(field)] ?? last(field) : field
        }
    }

    /// The form of another order of instances.
    static func orderState(_ submission: Submission, of contract: Contract) -> FormState {
        state(submission, presentRevision: contract.revision) { field in
            if field == "effective_month" { return "starts_on" }
            return field.contains(".orders[") ? last(field) : field
        }
    }

    private static func state(
        _ submission: Submission, presentRevision: Int64? = nil, _ name: (String) -> String
    ) -> FormState {
        var problem = submission.problem
        problem.errors = problem.errors.map { Problem.FieldError(field: name($0.field), message: $0.message) }
        let renamed = Submission(values: submission.values, problem: problem)
        return presentRevision.map { FormState(renamed, presentRevision: $0) } ?? FormState(renamed)
    }

    private static let names = [
        "enterprise.sla": "service_level", "enterprise.revenue_share.percent": "revenue_share_percent",
        "enterprise.revenue_share.resells": "resells", "solution.volume_agreement": "wholesale_conditions",
        "solution.volume_agreement.committed_turns": "wholesale_committed_turns",
        "solution.volume_agreement.price": "wholesale_turn_price",
    ]
    private static let lineNames = ["title": "description", "price": "amount"]

    private static func last(_ field: String) -> String {
        field.split(separator: ".").last.map(String.init) ?? field
    }
}
