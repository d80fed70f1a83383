import Kernel

/// What happens with a leg, and the way to it.
package struct Decision: Sendable, Hashable {
    /// Where the leg goes, or why it goes nowhere.
    package enum Outcome: Sendable, Hashable {
        case route(CallRoute)
        case refuse(Refusal)
    }

    package let outcome: Outcome
    /// Every step in its order, the deciding one last; what the dry run prints.
    package let trace: [TraceStep]

    package init(_ outcome: Outcome, trace: [TraceStep]) {
        self.outcome = outcome
        self.trace = trace
    }

    package var route: CallRoute? {
        if case .route(let route) = outcome { route } else { nil }
    }

    package var refusal: Refusal? {
        if case .refuse(let refusal) = outcome { refusal } else { nil }
    }

    /// The same with the lease that its grant was stored under.
    package func holding(_ lease: LeaseID) -> Decision {
        guard let route, let grant = route.grant else { return self }
        let time = CallRoute.Time(
            meteredLegs: route.meteredLegs,
            grant: CallRoute.Grant(sliceSeconds: grant.sliceSeconds, lease: lease),
            hangupAfterSeconds: route.hangupAfterSeconds)
        return Decision(
            .route(
                CallRoute(
                    route.callClass, to: route.target, payer: route.payer, time: time, callerNumber: route.callerNumber,
                    destination: route.destination, warnings: route.warnings)), trace: trace)
    }
}

/// Where a leg goes, who pays and how long it may last.
package struct CallRoute: Sendable, Hashable {
    /// Exported as `call_class`.
    package enum CallClass: String, Sendable, Hashable, Codable, CaseIterable {
        case emergency, `internal`, inbound, outbound
    }

    /// Whose minutes, and whose permissions.
    package enum Payer: Sendable, Hashable, Codable {
        case user(SIPUserID)
        case number(PhoneNumberID)
        case tenant
    }

    /// One attempt over a trunk.
    package struct TrunkAttempt: Sendable, Hashable {
        /// `nil` for the node's own carrier for emergency calls.
        package let trunk: TrunkID?
        /// The user part for the carrier, in the trunk's format: digits, or `+` and digits.
        package let number: String

        package init(trunk: TrunkID?, number: String) {
            self.trunk = trunk
            self.number = number
        }
    }

    /// What is dialled on the other side.
    package enum Target: Sendable, Hashable {
        /// One after the other until one takes the call.
        case trunks([TrunkAttempt])
        /// `users` are enabled. `group` is set when they are a group's members, whose own forwards are not followed.
        case users([SIPUserID], group: CallGroupID?, strategy: CallGroup.Strategy, ringSeconds: Int)
        case agent(String)
        /// A tone, then the end: the number's route says so.
        case reject
    }

    /// A leg whose answered time is metered, as a side of this routing pass.
    package enum MeteredLeg: String, Sendable, Hashable, Codable, CaseIterable {
        /// The leg that is being routed: it came in over a trunk.
        case a
        /// The leg that the target makes: it goes out over a trunk.
        case b
    }

    /// Answered time set aside for each metered leg.
    package struct Grant: Sendable, Hashable {
        /// Answered seconds until the grant has to be renewed.
        package let sliceSeconds: Int
        /// Set once the grant is stored; exported as `x_lease_id`.
        package let lease: LeaseID?

        package init(sliceSeconds: Int, lease: LeaseID? = nil) {
            self.sliceSeconds = sliceSeconds
            self.lease = lease
        }
    }

    package let callClass: CallClass
    package let target: Target
    package let payer: Payer
    /// Empty for internal and emergency calls. Both for an inbound call that leaves again over a trunk.
    package let meteredLegs: [MeteredLeg]
    /// `nil` when nothing is metered, and when it could not be stored (a grace).
    package let grant: Grant?
    /// Answered seconds after which the switch ends the call by itself (`ALLOTTED_TIMEOUT`), on both legs: the slice, the
    /// tenant's outage bound on top where it has one, never more than its longest call. `nil` for emergency calls.
    package let hangupAfterSeconds: Int?
    /// The number shown to the carrier; `nil` when the tenant has none, and inside.
    package let callerNumber: E164?
    /// Of an outbound leg.
    package let destination: Destination?
    /// What somebody should mend, although the call goes out.
    package let warnings: [Warning]

    package init(
        _ callClass: CallClass, to target: Target, payer: Payer, time: Time = Time(), callerNumber: E164? = nil,
        destination: Destination? = nil, warnings: [Warning] = []
    ) {
        self.callClass = callClass
        self.target = target
        self.payer = payer
        meteredLegs = time.meteredLegs
        grant = time.grant
        hangupAfterSeconds = time.hangupAfterSeconds
        self.callerNumber = callerNumber
        self.destination = destination
        self.warnings = warnings
    }

    /// What an emergency call lacked.
    package enum Warning: String, Sendable, Hashable, Codable, CaseIterable {
        case noSite = "no_site"
        case addressNotConfirmed = "address_not_confirmed"
        case noEmergencyTrunk = "no_emergency_trunk"
        case noCallbackNumber = "no_callback_number"
    }

    /// What is metered and for how long.
    package struct Time: Sendable, Hashable {
        package var meteredLegs: [MeteredLeg] = []
        package var grant: Grant?
        package var hangupAfterSeconds: Int?

        package init(meteredLegs: [MeteredLeg] = [], grant: Grant? = nil, hangupAfterSeconds: Int? = nil) {
            self.meteredLegs = meteredLegs
            self.grant = grant
            self.hangupAfterSeconds = hangupAfterSeconds
        }
    }
}

/// Why a leg does not come to be.
package struct Refusal: Error, Sendable, Hashable {
    package let reason: RefusalReason
    /// This occurrence, for people: what stood against it, with the figures.
    package let sentence: String

    package init(_ reason: RefusalReason, _ sentence: String) {
        self.reason = reason
        self.sentence = sentence
    }
}

/// One step of the way to a decision.
package struct TraceStep: Sendable, Hashable, Codable {
    /// What was asked, in the order of the questions.
    package enum Step: String, Sendable, Hashable, Codable, CaseIterable {
        case emergency, number, state, caller, destination, permission, price, limits, allotment, trunk, target
    }

    /// How it was answered.
    package enum Result: String, Sendable, Hashable, Codable, CaseIterable {
        case passed, refused
        /// Could not be asked; the sentence says what follows.
        case unknown
    }

    /// Where a person changes what the step looked at; the console makes a link of it.
    package enum Place: String, Sendable, Hashable, Codable, CaseIterable {
        case tenant, users, groups, sites, numbers, trunks, permissions, limits, allotment, nodes, fraud
    }

    package let step: Step
    package let result: Result
    package let sentence: String
    package let place: Place?

    package init(_ step: Step, _ result: Result, _ sentence: String, at place: Place? = nil) {
        self.step = step
        self.result = result
        self.sentence = sentence
        self.place = place
    }
}
