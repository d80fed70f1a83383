import Kernel
import Telephony
import Tenancy
import Web

/// A change to be tried on past calls: at least one part of it.
struct TryChange: Codable, Sendable {
    let tenantID: TenantID
    /// All limits and the end of the minutes, as `PUT …/settings` takes them: a field that is left out gets its default.
    let settings: VoiceSettingsFields?
    /// A permission as `POST …/permissions` takes it.
    let permission: DialPermissionFields?
    /// The permission that it replaces, or that is taken away where none is given.
    let replaces: DialPermissionID?
    /// Another contract's minutes and price.
    let plan: TriedPlan?

    func checked(_ ids: IDSource, now: Timestamp) throws(Problem) -> TriedChange {
        guard settings != nil || permission != nil || replaces != nil || plan?.isEmpty == false else {
            throw .invalid("settings", "or 'permission', 'replaces' or 'plan' is required: nothing would change")
        }
        var change = TriedChange()
        change.settings = try settings?.checked()
        change.permission = try permission?.checked(id: ids.new(), now: now).permission
        change.replaced = replaces
        try plan?.enter(&change)
        return change
    }
}

/// Minutes and a price to be tried in place of the contract's, named as `GET …/allotment` names them. What is left out
/// stays as it is.
package struct TriedPlan: Codable, Sendable {
    /// Answered time that costs nothing more in a month.
    package let includedMs: Int64?
    /// In euro per 60,000 ms beyond, for example `0.08`.
    package let overagePrice: String?

    package init(includedMs: Int64?, overagePrice: String?) {
        self.includedMs = includedMs
        self.overagePrice = overagePrice
    }

    var isEmpty: Bool { includedMs == nil && overagePrice == nil }

    /// Field errors are named `plan.included_ms` and `plan.overage_price`.
    package func enter(_ change: inout TriedChange) throws(Problem) {
        var checks = FieldChecks()
        if let includedMs, !(0...Self.most).contains(includedMs) {
            checks.refuse("plan.included_ms", "must lie between 0 and \(Self.most)")
        }
        change.includedMilliseconds = includedMs
        if let overagePrice {
            change.overageMicrosPerMinute = EuroText.parse(overagePrice, decimals: 6)
            if change.overageMicrosPerMinute == nil {
                checks.refuse("plan.overage_price", "must be an amount in euro like 0.08, with at most 6 decimals")
            }
        }
        try checks.throwIfAny()
    }

    /// Ten million minutes, like a tenant's own bound.
    private static let most: Int64 = 600_000_000_000
}

/// What a change would have done to past calls. Amounts are in euro, net.
package struct WhatIfResource: Codable, Sendable {
    /// How many calls a reason would have refused.
    package struct Reason: Codable, Sendable {
        package let reason: RefusalReason
        package let calls: Int
        package let sentence: String
    }

    /// Answered time and what of it costs beyond the included minutes, by month.
    package struct Total: Codable, Sendable {
        package let milliseconds: Int64
        package let overageAmount: String
    }

    /// One call of those that would have been otherwise.
    package struct Example: Codable, Sendable {
        /// What would have been otherwise.
        package enum Change: String, Codable, Sendable, CaseIterable {
            case refused, allowed, cut
        }

        package let change: Change
        package let legID: String
        package let startedAt: Timestamp
        /// Without its last digits.
        package let number: String
        package let country: CountryCode?
        package let kind: DestinationKind?
        package let milliseconds: Int64
        /// What would have been left of a call that is cut.
        package let keptMilliseconds: Int64?
        package let reason: RefusalReason?
        package let sentence: String?
    }

    package let tenantID: TenantID
    package let from: Timestamp
    package let until: Timestamp
    /// Whether all calls of the span were looked at; else the newest 20,000.
    package let isComplete: Bool
    /// Calls that took place.
    package let calls: Int
    package let newlyRefused: Int
    package let newlyRefusedBy: [Reason]
    /// Calls that are refused now and would not be. Nobody knows how long they would have been.
    package let newlyAllowed: Int
    /// Calls that would have ended early.
    package let cut: Int
    package let before: Total
    package let after: Total
    package let savedAmount: String
    package let addedAmount: String
    package let currency: String
    /// At most 20: ten that are refused, five that are allowed, five that end early.
    package let examples: [Example]

    package init(_ tenant: TenantID, _ result: TriedResult) {
        let found = result.whatIf
        tenantID = tenant
        from = result.from
        until = result.until
        isComplete = result.isComplete
        calls = found.calls
        newlyRefused = found.refused.values.reduce(0, +)
        newlyRefusedBy = found.refused.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }.map {
            Reason(reason: $0.key, calls: $0.value, sentence: $0.key.text.sentence)
        }
        newlyAllowed = found.allowed
        cut = found.cut
        before = Total(found.before)
        after = Total(found.after)
        savedAmount = EuroAmount(micros: found.savedMicros).text
        addedAmount = EuroAmount(micros: found.extraMicros).text
        currency = "EUR"
        examples = found.examples.map(Example.init)
    }
}

extension WhatIfResource.Total {
    fileprivate init(_ total: WhatIf.Total) {
        milliseconds = total.milliseconds
        overageAmount = EuroAmount(micros: total.costMicros).text
    }
}

extension WhatIfResource.Example {
    fileprivate init(_ example: WhatIf.Example) {
        let call = example.call
        legID = call.id
        startedAt = call.startedAt
        number = CallLeg.masked(call.dialled)
        country = call.destination?.country
        kind = call.destination?.kind
        milliseconds = call.milliseconds
        switch example.change {
        case .refused(let refusal):
            (change, keptMilliseconds) = (.refused, nil)
            (reason, sentence) = (refusal.reason, refusal.reason.text.sentence)
        case .allowed: (change, keptMilliseconds, reason, sentence) = (.allowed, nil, nil, nil)
        case .cut(let kept): (change, keptMilliseconds, reason, sentence) = (.cut, kept, nil, nil)
        }
    }
}

func whatIfEndpoint(_ service: WhatIfService, _ work: UnitOfWork) -> Endpoint {
    Endpoint(
        .post, "/v1/voice/tenants/{tenant_id}:what_if", "Try a change on the last 30 days", tag: "Voice",
        requires: .permission(.voiceRead)
    ) { (call: Call<TryChange>) in
        let change = try call.input.checked(work.ids, now: work.time.now)
        let result = try await service.replay(change, of: call.input.tenantID, in: call.principal.scope)
        return WhatIfResource(call.input.tenantID, result)
    }
    .withoutIdempotencyKey()
    .timeLimit(seconds: 60)
    .described(
        "Every recorded call of the last 30 days is put to the one function that decides about legs, under the present plan "
            + "and under the changed one. Nothing is stored. What was live at the same moment is taken from the records; "
            + "the bound of what is at risk right now and the state of trunks are not replayed. `plan` puts another contract's "
            + "minutes and price into the place of the present ones."
    )
    .failing("VOICE_OFF")
}
