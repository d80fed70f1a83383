import Kernel

/// Decides about one leg: emergency before everything, then whether the tenant may call at all, where the leg goes and
/// whether that is allowed, then limits, then minutes. The only place where this is decided, for every kind of leg.
package func authorise(_ leg: LegRequest, _ entry: VoicePlan.Entry, _ standing: Standing) -> Decision {
    var inquiry = Inquiry(leg, entry.plan, standing)
    do throws(Refusal) {
        let route = try inquiry.route()
        return Decision(.route(route), trace: inquiry.trace)
    } catch {
        return Decision(.refuse(error), trace: inquiry.trace)
    }
}

/// One decision in the making: what is asked, what is known, and the steps so far.
struct Inquiry {
    let leg: LegRequest
    let plan: TenantPlan
    let standing: Standing
    private(set) var trace: [TraceStep] = []
    /// Forwards followed so far.
    private var forwards = 0

    init(_ leg: LegRequest, _ plan: TenantPlan, _ standing: Standing) {
        self.leg = leg
        self.plan = plan
        self.standing = standing
    }

    mutating func pass(_ step: TraceStep.Step, _ sentence: String, at place: TraceStep.Place? = nil) {
        trace.append(TraceStep(step, .passed, sentence, at: place))
    }

    mutating func doubt(_ step: TraceStep.Step, _ sentence: String, at place: TraceStep.Place? = nil) {
        trace.append(TraceStep(step, .unknown, sentence, at: place))
    }

    /// Notes the refusal as the last step; the caller throws what it returns.
    mutating func refusal(_ step: TraceStep.Step, _ reason: RefusalReason, _ sentence: String) -> Refusal {
        trace.append(TraceStep(step, .refused, sentence, at: reason.text.place))
        return Refusal(reason, sentence)
    }

    mutating func route() throws(Refusal) -> CallRoute {
        if case .trunk(let trunk) = leg.origin { return try inbound(over: trunk) }
        let country = payingUser.flatMap { user in site(of: user)?.country } ?? plan.identity.country
        let dialled =
            NumberReader(country)?.read(leg.dialled) ?? .unreadable("The tenant's country has no dialling plan.")
        if case .emergency(let digits) = dialled { return try emergency(digits) }
        try checkCaller()
        if comesOverTrunk { try checkState() }
        return try go(to: dialled, payer: payer)
    }

    /// A carrier's call that nobody has taken yet and that an earlier pass sent on: what it uses is metered in this one.
    private var comesOverTrunk: Bool { leg.stage == .ringingOverTrunk }

    /// Whose minutes an outgoing leg uses.
    private var payer: CallRoute.Payer {
        switch leg.origin {
        case .user(let user), .forward(let user): .user(user)
        case .refer(let user): user.map(CallRoute.Payer.user) ?? .tenant
        case .number(let number): .number(number)
        case .agent(let number): number.map(CallRoute.Payer.number) ?? .tenant
        case .trunk: .tenant
        }
    }

    private var payingUser: SIPUser? {
        if case .user(let id) = payer { user(id) } else { nil }
    }

    /// Internal calls go on while the tenant is barred, so this does not look at that.
    private mutating func checkCaller() throws(Refusal) {
        switch payer {
        case .user(let id):
            guard let user = user(id) else {
                throw refusal(.caller, .callerUnknown, "The tenant has no such user.")
            }
            guard user.isEnabled else {
                throw refusal(.caller, .callerDisabled, "User \(user.name) is switched off.")
            }
            pass(.caller, "User \(user.name) calls and pays.", at: .users)
        case .number(let id):
            guard let number = number(id) else {
                throw refusal(.caller, .callerUnknown, "The tenant has no such number.")
            }
            pass(.caller, "The number \(number.e164) pays.", at: .numbers)
        case .tenant:
            pass(.caller, "Nobody in particular calls: the tenant's own permissions hold, and it pays.", at: .tenant)
        }
    }

    /// To a name inside or a number outside, for legs that somebody inside makes.
    mutating func go(to dialled: DialledNumber, payer: CallRoute.Payer) throws(Refusal) -> CallRoute {
        switch dialled {
        case .emergency(let digits): return try emergency(digits)
        case .unreadable(let why): throw refusal(.number, .numberUnreadable, "“\(leg.dialled.prefix(64))”: \(why)")
        case .name(let name):
            return try inside(name, payer: payer)
        case .external(let number):
            if let own = plan.routing.numbers.first(where: { $0.e164 == number }) {
                pass(.number, "\(number) is a number of the tenant itself: the call stays inside.", at: .numbers)
                return try follow(own, payer: payer, comesOverTrunk: comesOverTrunk)
            }
            // a name inside can look like a number outside, for example 720100
            if inside(named: leg.dialled) != nil { return try inside(leg.dialled, payer: payer) }
            pass(.number, "“\(leg.dialled.prefix(64))” is \(number).")
            return try outbound(number, payer: payer, comesOverTrunk: comesOverTrunk)
        }
    }

    private mutating func inside(_ name: String, payer: CallRoute.Payer) throws(Refusal) -> CallRoute {
        switch inside(named: name) {
        case .user(let user): return try ring(user, payer: payer, comesOverTrunk: comesOverTrunk)
        case .group(let group): return try ring(group, payer: payer, comesOverTrunk: comesOverTrunk)
        case nil:
            throw refusal(.number, .extensionUnknown, "There is no user and no group “\(name.prefix(64))”.")
        }
    }

    enum Inside {
        case user(SIPUser)
        case group(CallGroup)
    }

    private func inside(named name: String) -> Inside? {
        if let user = plan.directory.users.first(where: { $0.name == name }) { return .user(user) }
        return plan.directory.groups.first { $0.name == name }.map(Inside.group)
    }

    // MARK: - Targets

    /// Follows a number's own route, whoever called it.
    mutating func follow(
        _ number: PhoneNumber, payer: CallRoute.Payer, comesOverTrunk: Bool
    ) throws(Refusal) -> CallRoute {
        let open = number.routes.first { entry in
            guard let id = entry.scheduleID else { return true }
            return plan.routing.schedules.first { $0.id == id }?.isOpen(at: leg.now) ?? false
        }
        guard let target = open?.target else {
            throw refusal(.target, .closed, "No route of \(number.e164) is open at this time.")
        }
        switch target {
        case .agent(let name):
            pass(.target, "\(number.e164) leads to the agent \(name).", at: .numbers)
            return try answer(.agent(name), payer: payer, comesOverTrunk: comesOverTrunk)
        case .user(let id):
            guard let user = user(id) else {
                throw refusal(.target, .targetUnavailable, "\(number.e164) leads to a user that is gone.")
            }
            return try ring(user, payer: payer, comesOverTrunk: comesOverTrunk)
        case .group(let id):
            guard let group = plan.directory.groups.first(where: { $0.id == id }) else {
                throw refusal(.target, .targetUnavailable, "\(number.e164) leads to a group that is gone.")
            }
            return try ring(group, payer: payer, comesOverTrunk: comesOverTrunk)
        case .external(let outside):
            pass(.target, "\(number.e164) leads out to \(outside), which the number pays.", at: .numbers)
            if let own = plan.routing.numbers.first(where: { $0.e164 == outside }) {
                try countForward()
                return try follow(own, payer: .number(number.id), comesOverTrunk: comesOverTrunk)
            }
            return try outbound(outside, payer: .number(number.id), comesOverTrunk: comesOverTrunk)
        case .reject:
            pass(.target, "\(number.e164) is set to reject calls.", at: .numbers)
            return CallRoute(
                comesOverTrunk ? .inbound : .internal, to: .reject, payer: payer,
                time: CallRoute.Time(hangupAfterSeconds: plan.limits.longestCallSeconds))
        }
    }

    private mutating func ring(
        _ user: SIPUser, payer: CallRoute.Payer, comesOverTrunk: Bool
    ) throws(Refusal) -> CallRoute {
        guard user.isEnabled else {
            throw refusal(.target, .targetUnavailable, "User \(user.name) is switched off.")
        }
        guard let forward = user.forward, forward.condition == .always else {
            pass(.target, "User \(user.name) is rung.", at: .users)
            return try answer(
                .users([user.id], group: nil, strategy: .simultaneous, ringSeconds: Self.ringSeconds), payer: payer,
                comesOverTrunk: comesOverTrunk)
        }
        try countForward()
        pass(.target, "User \(user.name) forwards every call to “\(forward.destination)” and pays for it.", at: .users)
        let country = site(of: user)?.country ?? plan.identity.country
        let reading = NumberReader(country)?.read(forward.destination) ?? .name(forward.destination)
        guard case .external(let number) = reading else {
            return try forwardInside(forward.destination, by: user, comesOverTrunk: comesOverTrunk)
        }
        if let own = plan.routing.numbers.first(where: { $0.e164 == number }) {
            return try follow(own, payer: .user(user.id), comesOverTrunk: comesOverTrunk)
        }
        return try outbound(number, payer: .user(user.id), comesOverTrunk: comesOverTrunk)
    }

    private mutating func countForward() throws(Refusal) {
        forwards += 1
        guard forwards <= Self.mostForwards else {
            throw refusal(.target, .forwardLoop, "More than \(Self.mostForwards) forwards follow each other.")
        }
    }

    private mutating func forwardInside(
        _ name: String, by user: SIPUser, comesOverTrunk: Bool
    ) throws(Refusal) -> CallRoute {
        switch inside(named: name) {
        case .user(let next): return try ring(next, payer: .user(user.id), comesOverTrunk: comesOverTrunk)
        case .group(let group): return try ring(group, payer: .user(user.id), comesOverTrunk: comesOverTrunk)
        case nil:
            throw refusal(
                .target, .targetUnavailable,
                "User \(user.name) forwards to “\(name)”, which is neither inside nor a number.")
        }
    }

    private mutating func ring(
        _ group: CallGroup, payer: CallRoute.Payer, comesOverTrunk: Bool
    ) throws(Refusal) -> CallRoute {
        let members = group.members.filter { user($0)?.isEnabled == true }
        guard !members.isEmpty else {
            throw refusal(.target, .targetUnavailable, "Nobody in the group \(group.name) is switched on.")
        }
        pass(.target, "The group \(group.name) is rung: \(members.count) of its members.", at: .groups)
        return try answer(
            .users(members, group: group.id, strategy: group.strategy, ringSeconds: group.ringSeconds), payer: payer,
            comesOverTrunk: comesOverTrunk)
    }

    /// Somebody inside takes the call: metered only where it came in over a trunk.
    private mutating func answer(
        _ target: CallRoute.Target, payer: CallRoute.Payer, comesOverTrunk: Bool
    ) throws(Refusal) -> CallRoute {
        guard comesOverTrunk else {
            pass(.state, "Internal calls are never metered and go on whatever the tenant's state.", at: .tenant)
            return CallRoute(
                .internal, to: target, payer: payer,
                time: CallRoute.Time(hangupAfterSeconds: plan.limits.longestCallSeconds))
        }
        return CallRoute(.inbound, to: target, payer: payer, time: try time(metering: [.a], destination: nil))
    }

    // MARK: - Look-ups

    func user(_ id: SIPUserID) -> SIPUser? { plan.directory.users.first { $0.id == id } }
    func number(_ id: PhoneNumberID) -> PhoneNumber? { plan.routing.numbers.first { $0.id == id } }
    func site(of user: SIPUser) -> Site? { user.siteID.flatMap { id in plan.directory.sites.first { $0.id == id } } }

    /// How long a phone rings when nothing else is set.
    static let ringSeconds = 30
    /// Forwards that follow one another; more is a loop or a mistake.
    static let mostForwards = 4
}
