import Kernel
import Telephony
import Tenancy
import Web

extension PhoneNumberKind: VoiceItemKind { package static var pathKey: String { "phone_number_id" } }

/// A number with its life.
package struct NumberRecord: Sendable, Equatable {
    package let number: PhoneNumber
    package let state: NumberState
    package let stateSince: Timestamp
    /// When it is released by itself, while it is aging.
    package let agingUntil: Timestamp?
}

/// One step of a number's routing.
package struct RouteFields: Codable, Sendable, Equatable {
    /// Where a call goes.
    package enum Target: String, Codable, Sendable, CaseIterable { case agent, user, group, external, reject }

    package var to: Target
    /// When it applies; always when left out.
    package var scheduleID: ScheduleID?
    /// For `agent`: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    package var agent: String?
    package var sipUserID: SIPUserID?
    package var callGroupID: CallGroupID?
    /// For `external`: a number that is called out, paid by this tenant.
    package var number: E164?

    package init(to: Target) { self.to = to }

    init(_ entry: RouteEntry) {
        scheduleID = entry.scheduleID
        switch entry.target {
        case .agent(let name): (to, agent) = (.agent, name)
        case .user(let id): (to, sipUserID) = (.user, id)
        case .group(let id): (to, callGroupID) = (.group, id)
        case .external(let other): (to, number) = (.external, other)
        case .reject: to = .reject
        }
    }

    /// `nil` after noting what is wrong: exactly the field of the target has to be given.
    func checked(_ field: String, _ checks: inout FieldChecks) -> RouteEntry? {
        let given: [(Target, Bool)] = [
            (.agent, agent != nil), (.user, sipUserID != nil), (.group, callGroupID != nil), (.external, number != nil),
        ]
        for (target, isGiven) in given where isGiven != (target == to) {
            checks.refuse(
                field,
                "goes to '\(to.rawValue)' and needs \(to.field.map { "'\($0)'" } ?? "no target") and nothing else")
            return nil
        }
        guard let target else {
            checks.refuse("\(field).agent", "must have 1 to 64 of the characters A-Z a-z 0-9 . _ -")
            return nil
        }
        return RouteEntry(scheduleID: scheduleID, target: target)
    }

    private var target: RouteTarget? {
        switch to {
        case .agent: agent.flatMap { Self.isAgent($0) ? .agent($0) : nil }
        case .user: sipUserID.map(RouteTarget.user)
        case .group: callGroupID.map(RouteTarget.group)
        case .external: number.map(RouteTarget.external)
        case .reject: .reject
        }
    }

    private static func isAgent(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
                    || [0x2D, 0x2E, 0x5F].contains(byte)
            }
    }
}

extension RouteFields.Target {
    fileprivate var field: String? {
        switch self {
        case .agent: "agent"
        case .user: "sip_user_id"
        case .group: "call_group_id"
        case .external: "number"
        case .reject: nil
        }
    }
}

/// What is sent to enter a number or to replace its settings.
package struct PhoneNumberFields: Codable, Sendable {
    /// Needed to enter it; it never changes.
    package var e164: E164?
    package var displayName: String
    /// The only trunk over which it may come in; any of the tenant's when left out.
    package var trunkID: TrunkID?
    /// Most calls to it at the same time.
    package var concurrentLimit: Int?
    /// Tried in order; the first whose schedule is open takes the call. Empty or left out: the number is not assigned.
    package var routes: [RouteFields]?

    package init(e164: E164?, displayName: String) {
        self.e164 = e164
        self.displayName = displayName
    }

    static let mostRoutes = 20

    func checked(id: PhoneNumberID, e164: E164) throws(Problem) -> PhoneNumber {
        var checks = FieldChecks()
        var displayName = ""
        checks.set(&displayName, self.displayName, "display_name", 1...Limits.textCharacters)
        if let given = self.e164, given != e164 { checks.refuse("e164", "never changes; enter the other number anew") }
        if let concurrentLimit, !(1...10_000).contains(concurrentLimit) {
            checks.refuse("concurrent_limit", "must lie between 1 and 10000")
        }
        let routes = self.routes ?? []
        if routes.count > Self.mostRoutes { checks.refuse("routes", "must be at most \(Self.mostRoutes)") }
        var entries: [RouteEntry] = []
        for (index, route) in routes.enumerated() {
            if let entry = route.checked("routes[\(index)]", &checks) { entries.append(entry) }
            if case .external(e164)? = entries.last?.target {
                checks.refuse("routes[\(index)].number", "is the number itself: the call would never end")
            }
        }
        try checks.throwIfAny()
        return PhoneNumber(
            id: id, e164: e164, displayName: displayName, trunkID: trunkID, routes: entries,
            concurrentLimit: concurrentLimit)
    }
}

/// A number as the API shows it.
package struct PhoneNumberResource: Codable, Sendable, Revisioned {
    package let phoneNumberID: PhoneNumberID
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let e164: E164
    package let displayName: String
    package let trunkID: TrunkID?
    package let concurrentLimit: Int?
    package let routes: [RouteFields]
    package let state: NumberState
    package let stateSince: Timestamp
    package let agingUntil: Timestamp?
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(_ stored: Stored<NumberRecord>) {
        let (record, number) = (stored.value, stored.value.number)
        phoneNumberID = number.id
        tenantID = stored.tenantID
        organisationID = stored.organisationID
        e164 = number.e164
        displayName = number.displayName
        trunkID = number.trunkID
        concurrentLimit = number.concurrentLimit
        routes = number.routes.map(RouteFields.init)
        state = record.state
        stateSince = record.stateSince
        agingUntil = record.agingUntil
        revision = stored.revision
        createdAt = stored.createdAt
        updatedAt = stored.updatedAt
    }
}

/// One entry of a number's history.
package struct NumberEvent: Codable, Sendable, Equatable {
    package let occurredAt: Timestamp
    package let state: NumberState
    package let principalID: PrincipalID
    package let principalName: String
    package let reason: String
    /// Whose history it is: answers of a list name their tenant like every other.
    package let organisationID: OrganisationID
}
