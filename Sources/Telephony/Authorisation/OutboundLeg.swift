import Kernel

extension Inquiry {
    /// Over a trunk to a number outside.
    mutating func outbound(
        _ number: E164, payer: CallRoute.Payer, comesOverTrunk: Bool
    ) throws(Refusal) -> CallRoute {
        if !comesOverTrunk { try checkState() }
        guard let destination = DestinationTable.standard.destination(of: number) else {
            throw refusal(.destination, .destinationUnknown, "No country and no service has numbers like \(number).")
        }
        pass(.destination, "\(number) is \(destination.words).")
        try checkBlocks(destination)
        try checkPermission(destination, payer: payer)
        try checkPrice()
        let attempts = try trunkAttempts(for: number)
        let time = try time(metering: comesOverTrunk ? [.a, .b] : [.b], destination: destination)
        return CallRoute(
            comesOverTrunk ? .inbound : .outbound, to: .trunks(attempts), payer: payer, time: time,
            callerNumber: callerNumber(for: payer), destination: destination)
    }

    private mutating func checkPrice() throws(Refusal) {
        guard let dearest = plan.limits.dearestMicrosPerMinute else { return }
        let price = plan.allotment.overageMicrosPerMinute
        guard price <= dearest else {
            throw refusal(
                .price, .destinationTooDear,
                "A minute costs \(euros(price)), and the dearest that may be called is \(euros(dearest)).")
        }
        pass(.price, "A minute beyond the included ones costs \(euros(price)).", at: .limits)
    }

    private mutating func trunkAttempts(for number: E164) throws(Refusal) -> [CallRoute.TrunkAttempt] {
        let fitting = plan.routing.trunks.filter { trunk in
            trunk.use.isEnabled
                && (trunk.use.prefixes.isEmpty || trunk.use.prefixes.contains { number.digits.hasPrefix($0) })
        }
        guard !fitting.isEmpty else {
            throw refusal(.trunk, .noTrunk, "No trunk is switched on that takes \(number).")
        }
        let usable = fitting.filter { !standing.trunksDown.contains($0.id) }
        guard !usable.isEmpty else {
            throw refusal(.trunk, .trunksDown, "Every trunk that takes \(number) is down.")
        }
        let ordered = TrunkOrder.ordered(usable, for: leg.callID)
        pass(.trunk, "Over " + ordered.map { "“\($0.displayName)”" }.joined(separator: ", then ") + ".", at: .trunks)
        return ordered.map { trunk in
            let text = trunk.format == .e164 ? number.digits : number.description
            return CallRoute.TrunkAttempt(trunk: trunk.id, number: text)
        }
    }

    /// The number that the called party sees: only ever one of the tenant's own.
    func callerNumber(for payer: CallRoute.Payer) -> E164? {
        let own: PhoneNumberID? =
            switch payer {
            case .user(let id): user(id)?.callerNumber
            case .number(let id): id
            case .tenant: nil
            }
        return (own.flatMap(number) ?? plan.routing.numbers.first)?.e164
    }

    // MARK: - Emergency

    /// Never refused for any rule of ours, never metered, never ended: over the trunks that are meant for it, and when
    /// there is none or all are down, over every other, and at last over the node's own carrier.
    mutating func emergency(_ digits: String) throws(Refusal) -> CallRoute {
        let caller: SIPUser? =
            switch leg.origin {
            case .user(let id), .forward(let id): user(id)
            case .refer(let id): id.flatMap(user)
            case .trunk, .number, .agent: nil
            }
        let site = caller.flatMap(site)
        var warnings: [CallRoute.Warning] = []
        pass(.emergency, "\(digits) is an emergency number: no rule stops the call, and it is not metered.")
        if let site, let verified = site.verifiedAt {
            pass(.emergency, "The address “\(site.displayName)” was confirmed at \(verified).", at: .sites)
        } else {
            warnings.append(site == nil ? .noSite : .addressNotConfirmed)
            let name = site.map { "The address “\($0.displayName)” was never confirmed." }
            doubt(.emergency, name ?? "The caller has no site, so nobody knows an address.", at: .sites)
        }
        let enabled = plan.routing.trunks.filter(\.use.isEnabled)
        if !enabled.contains(where: \.use.carriesEmergency) {
            warnings.append(.noEmergencyTrunk)
            doubt(.emergency, "No trunk is meant for emergency calls: every trunk is tried.", at: .trunks)
        }
        // what is reported down is tried last, because the report can be wrong
        let ordered = [false, true].flatMap { isDown in
            [true, false].flatMap { isMeant in
                TrunkOrder.ordered(
                    enabled.filter {
                        standing.trunksDown.contains($0.id) == isDown && $0.use.carriesEmergency == isMeant
                    }, for: leg.callID)
            }
        }
        var attempts = ordered.map { CallRoute.TrunkAttempt(trunk: $0.id, number: digits) }
        if leg.hasEmergencyCarrier {
            pass(.trunk, "At last over the node's own carrier for emergency calls.", at: .nodes)
            attempts.append(CallRoute.TrunkAttempt(trunk: nil, number: digits))
        }
        guard !attempts.isEmpty else {
            throw refusal(
                .trunk, .noEmergencyTrunk,
                "The tenant has no trunk that is switched on; only a node with a carrier of its own takes the call.")
        }
        let callback = (site?.callbackNumber ?? caller?.callerNumber).flatMap(number)?.e164
        let shown = callback ?? plan.routing.numbers.first?.e164
        if shown == nil { warnings.append(.noCallbackNumber) }
        return CallRoute(
            .emergency, to: .trunks(attempts), payer: .tenant, callerNumber: shown, warnings: warnings)
    }

}

extension Destination {
    /// For sentences: `Austria, mobile, low risk`.
    package var words: String {
        let place = country.map { Country.with($0)?.name ?? $0.code } ?? "no country's"
        return "\(place), \(kind.rawValue.replacing("_", with: " ")), \(risk.rawValue) risk"
    }
}

/// The order in which trunks are tried.
enum TrunkOrder {
    /// By priority; among equals one is drawn by its weight, the others follow. The draw is a function of the call, so
    /// that asking twice gives the same answer.
    static func ordered(_ trunks: [Trunk], for callID: String) -> [Trunk] {
        var remaining = trunks.sorted { ($0.use.priority, $0.gatewayName) < ($1.use.priority, $1.gatewayName) }
        var ordered: [Trunk] = []
        var draw = hash(callID)
        while let priority = remaining.first?.use.priority {
            let equals = remaining.prefix { $0.use.priority == priority }
            let total = equals.reduce(UInt64(0)) { $0 + UInt64(max(1, $1.use.weight)) }
            var rest = draw % total
            draw = hash(String(draw))
            var chosen = equals.startIndex
            while rest >= UInt64(max(1, equals[chosen].use.weight)) {
                rest -= UInt64(max(1, equals[chosen].use.weight))
                chosen += 1
            }
            ordered.append(remaining.remove(at: chosen))
        }
        return ordered
    }

    /// FNV-1a.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
