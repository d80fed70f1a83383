import Kernel

extension Inquiry {
    /// A carrier's call to one of the tenant's numbers.
    mutating func inbound(over trunk: TrunkID?) throws(Refusal) -> CallRoute {
        let dialled = NumberReader(plan.identity.country)?.readInbound(leg.dialled)
        guard let e164 = dialled, let number = plan.routing.numbers.first(where: { $0.e164 == e164 }) else {
            throw refusal(.number, .numberUnknown, "“\(leg.dialled.prefix(64))” is no number of this tenant.")
        }
        pass(.number, "\(e164) is the tenant's number “\(number.displayName)”.", at: .numbers)
        try checkState()
        try checkTrunk(trunk, of: number)
        try checkNumberLimit(number)
        return try follow(number, payer: .number(number.id), comesOverTrunk: true)
    }

    /// A tenant that may not call at all.
    mutating func checkState() throws(Refusal) {
        switch plan.barred {
        case nil: pass(.state, "The tenant is active and its program has telephony.", at: .tenant)
        case .voiceOff: throw refusal(.state, .voiceOff, "Voice is not switched on for this tenant.")
        case .tenantInactive: throw refusal(.state, .tenantInactive, "The tenant is not active.")
        case .programWithoutTelephony:
            throw refusal(.state, .programWithoutTelephony, "The contract's program does not include telephony.")
        }
    }

    private mutating func checkTrunk(_ id: TrunkID?, of number: PhoneNumber) throws(Refusal) {
        if let id {
            guard let trunk = plan.routing.trunks.first(where: { $0.id == id }), trunk.use.isEnabled else {
                throw refusal(
                    .trunk, .wrongTrunk, "The call came over a trunk that is not the tenant's or is switched off.")
            }
            guard number.trunkID == nil || number.trunkID == id else {
                throw refusal(.trunk, .wrongTrunk, "\(number.e164) may come in over another trunk only.")
            }
            pass(.trunk, "It came over the trunk “\(trunk.displayName)”.", at: .trunks)
        } else {
            guard number.trunkID == nil else {
                throw refusal(
                    .trunk, .wrongTrunk, "\(number.e164) is bound to a trunk, and the call came over an unknown one.")
            }
            pass(.trunk, "It came from an address that the node's list allows.", at: .trunks)
        }
    }

    private mutating func checkNumberLimit(_ number: PhoneNumber) throws(Refusal) {
        guard let limit = number.concurrentLimit, let counts = standing.counts else { return }
        let live = counts.inboundByNumber[number.id] ?? 0
        guard live < limit else {
            throw refusal(.limits, .limitNumber, "\(number.e164) has \(live) of \(limit) calls at the same time.")
        }
        pass(.limits, "\(number.e164) has \(live) of \(limit) calls at the same time.", at: .numbers)
    }
}
