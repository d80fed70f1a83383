import Kernel
import Postgres
import Telephony
import Tenancy
import Web

/// A question to the one function that decides about legs.
package struct ExplainCall: Codable, Sendable {
    /// Who would make the leg.
    package enum Origin: String, Codable, Sendable, CaseIterable {
        case user, trunk, forward, transfer, agent
    }

    let tenantID: TenantID
    /// What would be dialled; for `trunk` one of the tenant's numbers.
    let dialled: String
    /// `user` when left out.
    let origin: Origin?
    /// The name of the calling, forwarding or transferring user.
    let user: String?
    /// The number of the agent that calls, in E.164.
    let number: String?
    /// The trunk of an inbound call.
    let trunkID: TrunkID?
    /// Now when left out; schedules and permissions look at it.
    let at: Timestamp?

    /// - Parameter caller: which one it is of its kind: the user's name, the agent's number in E.164, the trunk's id.
    package init(_ tenantID: TenantID, _ dialled: String, by origin: Origin, caller: String?) throws(Problem) {
        self.tenantID = tenantID
        self.dialled = dialled
        self.origin = origin
        at = nil
        switch origin {
        case .user, .forward, .transfer: (user, number, trunkID) = (caller, nil, nil)
        case .agent: (user, number, trunkID) = (nil, caller, nil)
        case .trunk:
            (user, number) = (nil, nil)
            guard let caller else {
                trunkID = nil
                return
            }
            guard let id = TrunkID(caller) else { throw .invalid("trunk_id", "is no trunk") }
            trunkID = id
        }
    }
}

/// The answer, with every step that led to it.
package struct ExplanationResource: Codable, Sendable {
    /// Whether the leg would be.
    package enum Outcome: String, Codable, Sendable, CaseIterable {
        case route, refuse
    }

    /// Why not, what the caller would get, and what to do about it.
    package struct Refused: Codable, Sendable {
        package let reason: RefusalReason
        package let sentence: String
        package let wayOut: String
        package let sipStatus: Int
        /// ITU-T Q.850.
        package let cause: Int
        package let causeName: String
    }

    /// Where it would go, for how long, at what price.
    package struct Routed: Codable, Sendable {
        package let callClass: CallRoute.CallClass
        package let trunks: [Attempt]
        /// Names of users that are rung, or of the agent; empty over trunks.
        package let rings: [String]
        package let callerNumber: E164?
        package let destination: Called?
        /// Per 60,000 ms beyond the included minutes; null when nothing is metered.
        package let price: String?
        package let currency: String
        package let sliceSeconds: Int?
        package let hangupAfterSeconds: Int?
        package let warnings: [CallRoute.Warning]
    }

    /// One trunk, in the order in which they are tried.
    package struct Attempt: Codable, Sendable {
        package let trunkID: TrunkID
        package let displayName: String
        package let number: String
    }

    /// The number outside, as the destination table sees it.
    package struct Called: Codable, Sendable {
        package let number: E164
        package let country: CountryCode?
        package let kind: DestinationKind
        package let risk: DestinationRisk
        package let prefix: String
    }

    package let outcome: Outcome
    package let refusal: Refused?
    package let route: Routed?
    package let trace: [TraceStep]
    /// The plan that was asked.
    package let revision: String

    init(_ decision: Decision, _ entry: VoicePlan.Entry) {
        trace = decision.trace
        revision = entry.revision
        switch decision.outcome {
        case .refuse(let why):
            outcome = .refuse
            route = nil
            refusal = Refused(
                reason: why.reason, sentence: why.sentence, wayOut: why.reason.text.wayOut,
                sipStatus: why.reason.answer.status, cause: why.reason.answer.cause,
                causeName: why.reason.answer.causeName)
        case .route(let found):
            outcome = .route
            refusal = nil
            route = Routed(found, entry.plan)
        }
    }
}

extension ExplanationResource.Routed {
    fileprivate init(_ route: CallRoute, _ plan: TenantPlan) {
        callClass = route.callClass
        var (attempts, names): ([ExplanationResource.Attempt], [String]) = ([], [])
        switch route.target {
        case .trunks(let list):
            // no node asks here, so none is a node's own
            attempts = list.compactMap { attempt in
                guard let trunk = plan.routing.trunks.first(where: { $0.id == attempt.trunk }) else { return nil }
                return ExplanationResource.Attempt(
                    trunkID: trunk.id, displayName: trunk.displayName, number: attempt.number)
            }
        case .users(let ids, _, _, _):
            names = ids.compactMap { id in plan.directory.users.first { $0.id == id }?.name }
        case .agent(let name): names = [name]
        case .reject: break
        }
        trunks = attempts
        rings = names
        callerNumber = route.callerNumber
        destination = route.destination.map {
            ExplanationResource.Called(
                number: $0.number, country: $0.country, kind: $0.kind, risk: $0.risk, prefix: $0.prefix)
        }
        price =
            route.meteredLegs.isEmpty
            ? nil : EuroAmount(micros: plan.allotment.overageMicrosPerMinute).text
        currency = "EUR"
        sliceSeconds = route.grant?.sliceSeconds
        hangupAfterSeconds = route.hangupAfterSeconds
        warnings = route.warnings
    }
}

extension ExplainCall {
    /// The leg as a node would ask about it.
    func leg(in plan: TenantPlan, now: Timestamp) throws -> LegRequest {
        let origin: LegRequest.Origin =
            switch self.origin ?? .user {
            case .user: .user(try calling(plan))
            case .forward: .forward(by: try calling(plan))
            case .transfer: .refer(by: user == nil ? nil : try calling(plan))
            case .trunk: .trunk(trunkID)
            case .agent: .agent(number: try ownNumber(plan))
            }
        return LegRequest(callID: "dry-run", origin: origin, dialled: dialled, now: at ?? now)
    }

    private func calling(_ plan: TenantPlan) throws -> SIPUserID {
        guard let user else { throw Problem.invalid("user", "name the user who would call") }
        guard let found = plan.directory.users.first(where: { $0.name == user }) else {
            throw Problem.invalid("user", "is no user of this tenant")
        }
        return found.id
    }

    private func ownNumber(_ plan: TenantPlan) throws -> PhoneNumberID? {
        guard let number else { return nil }
        guard let found = plan.routing.numbers.first(where: { "\($0.e164)" == number }) else {
            throw Problem.invalid("number", "is no active number of this tenant")
        }
        return found.id
    }
}

extension LeaseService {
    /// The decision that a node would get at `now`, with every step. Nothing is stored and nothing is granted. 404 for a
    /// tenant without voice and for one that the scope may not see. The decision depends on the pool, which a tenant's own
    /// people do not see: it is made as for a node, and no figure of the pool is part of it.
    package func explain(
        _ question: ExplainCall, for scope: ScopeNode, at now: Timestamp, trunksDown: TrunksDown
    ) async throws -> ExplanationResource {
        let entry = try entry(question.tenantID)
        let looking = TransactionOptions(isReadOnly: true)
        try await database.transaction(for: scope, options: looking) { tx in
            try checkVisible(question.tenantID, tx)
        }
        let (leg, down) = (try question.leg(in: entry.plan, now: now), trunksDown(entry.plan))
        let decision = try await database.transaction(for: ScopeNode.platform, options: looking) { tx in
            try explain(leg, entry, trunksDown: down, tx)
        }
        return ExplanationResource(decision, entry)
    }
}

func explainEndpoint(
    _ leases: LeaseService, _ work: UnitOfWork, _ trunksDown: @escaping LeaseService.TrunksDown
) -> Endpoint {
    Endpoint(
        .post, "/v1/voice/tenants/{tenant_id}:explain", "Try a call without making it", tag: "Voice",
        requires: .permission(.voiceRead)
    ) { (call: Call<ExplainCall>) in
        try await leases.explain(
            call.input, for: call.principal.scope, at: work.time.now, trunksDown: trunksDown)
    }
    .withoutIdempotencyKey()
    .described(
        "Who may call what now, over which trunk, at what price, and why: the decision that a node would get, with every "
            + "step. Nothing is stored and nothing is granted."
    )
}
