import Kernel

/// Whose call a leg is, and as what it is authorised.
package struct CallOrigin: Sendable {
    package let entry: VoicePlan.Entry
    package let leg: LegRequest

    /// What a search for the origin comes to.
    package enum Outcome: Sendable {
        case known(CallOrigin)
        case unknown(SwitchAnswer.NotFound)
    }

    /// Tells it from what FreeSWITCH checked (digest, access list, gateway) and from variables that only we set. What a
    /// client says about itself (From, `X-…` headers, asserted identities, the host in the request URI) decides
    /// nothing.
    package static func find(
        _ request: DialplanRequest, plan: VoicePlan, node: NodeContext, now: Timestamp
    ) -> Outcome {
        Search(request: request, plan: plan, node: node).result(at: now)
    }

    /// Where a call goes on that a user's phone did not take; dialled by the node in a pass of its own.
    static func forwardDestination(of user: SIPUserID) -> String { "forward.\(user)" }
}

/// One look for a leg's tenant and origin.
private struct Search {
    let request: DialplanRequest
    let plan: VoicePlan
    let node: NodeContext

    func result(at now: Timestamp) -> CallOrigin.Outcome {
        guard request.context != SofiaConfiguration.emergencyContext else { return .unknown(.notManaged) }
        return switch party() {
        case .refused(let reason): .unknown(reason)
        case .found(let entry, let origin, let dialled):
            node.serves(entry)
                ? .known(CallOrigin(entry: entry, leg: leg(origin, dialled, at: now))) : .unknown(.unknownTenant)
        }
    }

    private func leg(_ origin: LegRequest.Origin, _ dialled: String, at now: Timestamp) -> LegRequest {
        var leg = LegRequest(
            callID: request.leg.uuid, origin: origin, dialled: dialled, now: now, node: node.id)
        leg.stage = request.leg.isAnswered ? .answered : isCarriersCall ? .ringingOverTrunk : .ringing
        leg.hasEmergencyCarrier = node.settings.emergencyProxy != nil
        return leg
    }

    /// As `CallRecord.Carrier` reads it from the leg's record.
    private var isCarriersCall: Bool {
        request.leg.isInbound && request.identity.authRealm == nil
            && (request.identity.gateway != nil || request.identity.accessList == AccessLists.carriers)
    }

    private enum Party {
        case found(VoicePlan.Entry, LegRequest.Origin, dialled: String)
        case refused(SwitchAnswer.NotFound)
    }

    private func party() -> Party {
        if request.past.isTransferred, let entry = tenantOfTransfer() { return transferred(entry) }
        if request.identity.authRealm != nil { return signedIn() }
        if !request.leg.isInbound { return made() }
        if request.identity.accessList == AccessLists.agents { return agent() }
        return carrier()
    }

    // MARK: Phones

    /// A phone that proved who it is, for this call.
    private func signedIn() -> Party {
        guard let entry = authenticatedEntry() else { return .refused(.unknownTenant) }
        guard let user = authenticatedUser(entry) else { return .refused(.unknownUser) }
        return .found(entry, .user(user.id), dialled: request.destination)
    }

    /// The tenant of the credentials; a variable that names another one is a contradiction that nothing may come of.
    private func authenticatedEntry() -> VoicePlan.Entry? {
        guard let realm = request.identity.authRealm, let entry = plan.entry(domain: realm) else { return nil }
        guard let tenant = request.identity.tenant else { return entry }
        return tenant == entry.plan.tenantID ? entry : nil
    }

    private func authenticatedUser(_ entry: VoicePlan.Entry) -> SIPUser? {
        guard request.identity.authRealm == entry.plan.domain else { return nil }
        return user(request.identity.authUsername, entry)
    }

    /// A leg that the node made: a phone that the control plane rang first, and which now calls.
    private func made() -> Party {
        guard let entry = tenantOfTransfer() else { return .refused(.unknownTenant) }
        return .found(entry, rungUser(entry).map { .user($0.id) } ?? .refer(by: nil), dialled: request.destination)
    }

    // MARK: Transfers

    private func tenantOfTransfer() -> VoicePlan.Entry? {
        if request.identity.authRealm != nil { return authenticatedEntry() }
        if let tenant = request.identity.tenant { return plan.entry(tenant: tenant) }
        if let tenant = TenantID(request.context.dropFirst("tenant-".count)) { return plan.entry(tenant: tenant) }
        return request.identity.dialledDomain.flatMap { plan.entry(domain: $0) }
    }

    private func transferred(_ entry: VoicePlan.Entry) -> Party {
        if let user = request.past.forwardOf, request.destination == CallOrigin.forwardDestination(of: user),
            let forward = entry.plan.directory.users.first(where: { $0.id == user })?.forward
        {
            return .found(entry, .forward(by: user), dialled: forward.destination)
        }
        let origin: LegRequest.Origin
        if request.past.isReferred {
            origin = .refer(by: referrer(entry))
        } else if let user = authenticatedUser(entry) ?? rungUser(entry) {
            origin = .user(user.id)
        } else {
            origin = .refer(by: nil)
        }
        return .found(entry, origin, dialled: request.destination)
    }

    /// The sender of a REFER writes whom it names, so it counts only for somebody who takes part in the call.
    private func referrer(_ entry: VoicePlan.Entry) -> SIPUserID? {
        guard let address = request.past.referredBy.flatMap(SIPAddress.init), address.host == entry.plan.domain,
            let named = user(address.user, entry)
        else { return nil }
        let parties = [authenticatedUser(entry)?.id, rungUser(entry)?.id, request.past.originUser]
        return parties.contains(named.id) ? named.id : nil
    }

    private func rungUser(_ entry: VoicePlan.Entry) -> SIPUser? {
        request.identity.dialledDomain == entry.plan.domain ? user(request.identity.dialledUser, entry) : nil
    }

    private func user(_ name: String?, _ entry: VoicePlan.Entry) -> SIPUser? {
        entry.plan.directory.users.first { $0.name == name }
    }

    // MARK: Carriers and agents

    private func carrier() -> Party {
        if let gateway = request.identity.gateway, let found = plan.entry(gateway: gateway) {
            // Whoever passes the access list can name a gateway in a request URI: its own list decides.
            guard let trunk = found.entry.plan.routing.trunks.first(where: { $0.id == found.trunk }), allows(trunk)
            else { return .refused(.sourceNotAllowed) }
            return .found(found.entry, .trunk(trunk.id), dialled: request.destination)
        }
        guard let number = dialledNumber, let entry = plan.entry(number: number) else {
            return .refused(.unknownNumber)
        }
        let routing = entry.plan.routing
        let bound = routing.numbers.first { $0.e164 == number }?.trunkID
        let candidates = routing.trunks.filter(\.use.isEnabled).filter(allows)
        guard let trunk = candidates.first(where: { $0.id == bound }) ?? candidates.first else {
            return .refused(.sourceNotAllowed)
        }
        return .found(entry, .trunk(trunk.id), dialled: number.description)
    }

    private func allows(_ trunk: Trunk) -> Bool {
        guard let address = request.identity.networkAddress else { return false }
        return trunk.allowedAddresses.contains { AddressBlock($0)?.contains(address) == true }
    }

    /// Carriers write a number with `+`, with `00` or without anything.
    private var dialledNumber: E164? {
        let text = request.destination
        return E164(text) ?? (text.hasPrefix("00") ? E164(digits: text.dropFirst(2)) : E164(digits: text))
    }

    private func agent() -> Party {
        guard let tenant = request.agent.tenant, let entry = plan.entry(tenant: tenant) else {
            return .refused(.unknownTenant)
        }
        return .found(entry, .agent(number: request.agent.number), dialled: request.destination)
    }
}

/// `user@host` of a header such as `Referred-By: <sip:1001@t1.example>`.
struct SIPAddress: Sendable, Hashable {
    let user: String
    let host: String

    /// `nil` for anything but a SIP address with a user.
    init?(_ header: String) {
        guard let scheme = header.firstRange(of: "sip:") else { return nil }
        let address = header[scheme.upperBound...].prefix { !">;?".contains($0) }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        user = String(parts[0])
        host = String(parts[1].prefix { $0 != ":" })
    }
}
