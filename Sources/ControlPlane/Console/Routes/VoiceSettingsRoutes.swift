import Kernel
import Postgres
import Telephony
import Tenancy
import Voice
import Web

/// The form of limits and allotment, and the choice of what happens at the end of the minutes.
struct VoiceSettingsRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        let writing = Requirement.permission(.voiceWrite)
        return [
            PageRoute(.get, "/tenants/{tenant_id}/voice/settings", requires: writing, use: form),
            PageRoute(.post, "/tenants/{tenant_id}/voice/settings", requires: writing, use: save).recovering(again),
            PageRoute(.post, "/tenants/{tenant_id}/voice/settings/try", requires: writing, use: tryOut)
                .recovering(again).timeLimit(seconds: 60),
            PageRoute(.post, "/tenants/{tenant_id}/voice/at-end", requires: writing, use: saveEnd)
                .recovering { call in
                    .redirect(
                        to: "/tenants/\(call.input.values["tenant_id"] ?? "")/voice",
                        flash: Flash(.bad, call.input.problem.detail))
                },
        ]
    }

    struct SettingsForm: Decodable, Sendable {
        struct Plain: Codable {
            let tenantID: TenantID
            let revision: Int64?
            let concurrentCalls: Int?
            let callsPerSecond: Int?
            let longestCallSeconds: Int?
            let sequentialCalls: Int?
            let dearestPerMinute: String?
            let dailySpend: String?
            let exposure: String?
            let capMinutes: Int64?
            let atEnd: Allotment.AtEnd
            let outageSeconds: Int?
            let onFraudSign: FraudResponse?
            let fraudBlockHours: Int?
            /// Only to try: the contract decides what counts.
            let planMinutes: Int64?
            let planPrice: String?
        }

        let plain: Plain
        let byKind: [String: Int]

        init(from decoder: any Decoder) throws {
            plain = try Plain(from: decoder)
            let fields = try decoder.container(keyedBy: FormKey.self)
            var counts: [String: Int] = [:]
            for kind in DestinationKind.allCases.map(\.rawValue) {
                counts[kind] = try fields.decodeIfPresent(Int.self, forKey: FormKey("calls_\(kind)"))
            }
            byKind = counts
        }

        /// The entries as they were sent.
        var values: [String: String] {
            var values = [
                "revision": plain.revision.map { "\($0)" } ?? "", "dearest_per_minute": plain.dearestPerMinute ?? "",
                "daily_spend": plain.dailySpend ?? "", "exposure": plain.exposure ?? "",
                "cap_minutes": plain.capMinutes.map { "\($0)" } ?? "", "at_end": plain.atEnd.rawValue,
                "on_fraud_sign": plain.onFraudSign?.rawValue ?? "", "plan_price": plain.planPrice ?? "",
                "plan_minutes": plain.planMinutes.map { "\($0)" } ?? "",
            ]
            let counts = [
                "concurrent_calls": plain.concurrentCalls, "calls_per_second": plain.callsPerSecond,
                "longest_call_seconds": plain.longestCallSeconds, "sequential_calls": plain.sequentialCalls,
                "outage_seconds": plain.outageSeconds, "fraud_block_hours": plain.fraudBlockHours,
            ]
            for (name, count) in counts { values[name] = count.map { "\($0)" } ?? "" }
            for (kind, count) in byKind { values["calls_\(kind)"] = "\(count)" }
            return values
        }

        var plan: TriedPlan {
            TriedPlan(
                includedMs: plain.planMinutes.map { minutes in
                    let (milliseconds, overflow) = minutes.multipliedReportingOverflow(by: 60_000)
                    return overflow ? .max : milliseconds
                }, overagePrice: plain.planPrice)
        }

        /// A form says everything: an amount that was left empty is no bound.
        var fields: VoiceSettingsFields {
            var fields = VoiceSettingsFields()
            fields.concurrentCalls = plain.concurrentCalls
            fields.concurrentByKind = byKind
            fields.callsPerSecond = plain.callsPerSecond
            fields.longestCallSeconds = plain.longestCallSeconds
            fields.sequentialCalls = plain.sequentialCalls
            fields.dearestPerMinute = plain.dearestPerMinute
            fields.dailySpend = plain.dailySpend
            fields.exposure = plain.exposure
            fields.unbounded =
                (plain.dailySpend == nil ? [.dailySpend] : []) + (plain.exposure == nil ? [.exposure] : [])
            fields.capMinutes = plain.capMinutes
            fields.atEnd = plain.atEnd
            fields.outageSeconds = plain.outageSeconds
            fields.onFraudSign = plain.onFraudSign
            fields.fraudBlockHours = plain.fraudBlockHours
            return fields
        }
    }

    @Sendable private func form(_ call: PageCall<VoiceTenantInput>) async throws -> PageReply {
        let (id, isTenants) = (call.input.tenantID, call.principal.isOfTenant)
        let page = try await services.work.read(call) { tx in
            let settings = VoiceSettingsResource(try services.voice.settings.get(id, tx))
            return Self.page(
                try services.voicePlace(id, tx), FormState(values: settings.formValues), isTenants: isTenants)
        }
        return .page(page)
    }

    @Sendable private func again(_ call: PageCall<Submission>) async throws -> PageReply {
        let submission = call.input
        guard let id = TenantID(submission.values["tenant_id"] ?? "") else { throw submission.problem }
        let isTenants = call.principal.isOfTenant
        let page = try await services.work.read(call) { tx in
            let revision = try services.voice.settings.get(id, tx).revision
            return Self.page(
                try services.voicePlace(id, tx), Self.renamed(FormState(submission, presentRevision: revision)),
                isTenants: isTenants)
        }
        return .page(page, status: submission.status)
    }

    /// `concurrent_by_kind.mobile` is the form's `calls_mobile`, `plan.included_ms` its `plan_minutes`.
    private static func renamed(_ state: FormState) -> FormState {
        FormState(
            values: state.values,
            errors: state.errors.map { error in
                let field = error.field.replacing("concurrent_by_kind.", with: "calls_")
                    .replacing("plan.included_ms", with: "plan_minutes")
                    .replacing("plan.overage_price", with: "plan_price")
                return Problem.FieldError(field: field, message: error.message)
            })
    }

    @Sendable private func save(_ call: PageCall<SettingsForm>) async throws -> PageReply {
        let (plain, fields) = (call.input.plain, call.input.fields)
        _ = try await services.work.perform(call) { tx, actor in
            try services.voice.settings.update(
                plain.tenantID, fields, expecting: ExpectedRevision(form: plain.revision), tx, actor)
        }
        return .redirect(to: "/tenants/\(plain.tenantID)/voice", flash: Flash(.ok, "The limits are saved."))
    }

    /// The form with its entries, and above it what they would have done to the last calls.
    @Sendable private func tryOut(_ call: PageCall<SettingsForm>) async throws -> PageReply {
        let (id, input, isTenants) = (call.input.plain.tenantID, call.input, call.principal.isOfTenant)
        var change = TriedChange()
        change.settings = try input.fields.checked()
        try input.plan.enter(&change)
        let result = try await services.voice.whatIf.replay(change, of: id, in: call.principal.scope)
        let card = VoiceTrialCard(WhatIfResource(id, result)).html
        let page = try await services.work.read(call) { tx in
            Self.page(
                try services.voicePlace(id, tx), FormState(values: input.values), above: card, isTenants: isTenants)
        }
        return .page(page)
    }

    struct EndInput: Codable, Sendable {
        let tenantID: TenantID
        let revision: Int64?
        let atEnd: Allotment.AtEnd?
    }

    @Sendable private func saveEnd(_ call: PageCall<EndInput>) async throws -> PageReply {
        let input = call.input
        _ = try await services.work.perform(call) { tx, actor in
            let present = VoiceSettingsResource(try services.voice.settings.get(input.tenantID, tx))
            var fields = VoiceSettingsFields(present)
            guard let atEnd = input.atEnd else { throw Problem.invalid("at_end", "is required") }
            fields.atEnd = atEnd
            return try services.voice.settings.update(
                input.tenantID, fields, expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        let words = input.atEnd == .block ? "New calls stop" : "Calls go on"
        return .redirect(
            to: "/tenants/\(input.tenantID)/voice",
            flash: Flash(.ok, "\(words) when the included minutes are used up."))
    }

    // MARK: The page

    /// - Parameter isTenants: whether the viewer is one of the tenant's own people.
    static func page(
        _ place: VoicePlace, _ state: FormState, above: HTML = "", isTenants: Bool = false
    ) -> ConsolePage {
        let own = "You can tighten these limits; whoever manages this tenant can loosen them. "
        var form = Form(
            action: "\(place.path)/settings", submit: "Save changes", cancel: place.path,
            note: "\(isTenants ? own : "")Counts from the next call on. Emergency calls are never limited.",
            sections: sections(state))
        form.trial = .pastCalls(action: "\(place.path)/settings/try")
        return place.page("Limits and minutes", body: "\(above)\(form.html(state))")
    }

    private static func sections(_ state: FormState) -> [Form.Section] {
        let kinds = DestinationKind.allCases.map { kind in
            Field(
                "calls_\(kind.rawValue)", DisplayText.words(kind.rawValue), .number(unit: "calls"), isRequired: false)
        }
        return [
            Form.Section(
                "Calls", "How many, how fast, how long.",
                [
                    Field("concurrent_calls", "At the same time", .number(unit: "calls")),
                    Field("calls_per_second", "New calls out in a second", .number(unit: "calls")),
                    Field(
                        "longest_call_seconds", "Longest call", .number(unit: "seconds"), hint: "14400 are four hours."),
                    Field("sequential_calls", "To one number in an hour", .number(unit: "calls")),
                ]),
            Form.Section(
                "By kind of destination", "Calls out at the same time. Empty: only the bound above.", kinds),
            Form.Section(
                "Money", "What ends a fraud early. Empty: no bound.",
                [
                    Field(
                        "daily_spend", "Spent on calls out in a day", .amount,
                        hint: "From then on calls out are refused until midnight.", isRequired: false),
                    Field(
                        "exposure", "At risk at any moment", .amount,
                        hint: "What all live calls together may cost before we look again.", isRequired: false),
                    Field(
                        "dearest_per_minute", "Dearest minute", .amount,
                        hint: "Destinations that cost more are refused.", isRequired: false),
                ]),
            Form.Section(
                "Signs of fraud", "When calls out change suddenly against the days before.",
                [
                    Field(
                        "on_fraud_sign", "A sign",
                        .radios([
                            .init("record", "Is noted", "and nothing is closed"),
                            .init(
                                "block", "Closes the destination",
                                "the country with the most of it, never the tenant’s own, until its time is over or somebody opens it"
                            ),
                        ])),
                    Field("fraud_block_hours", "Stays closed for", .number(unit: "hours")),
                ]),
            Form.Section(
                "Minutes", "Beside what the contract includes.",
                [
                    Field(
                        "cap_minutes", "Own bound of a month", .number(unit: "min"),
                        hint: "At its end calls stop. Empty: none.", isRequired: false),
                    Field(
                        "outage_seconds", "While we cannot be asked", .number(unit: "seconds"),
                        hint: "How long running calls may go on."),
                    Field("at_end", "When the included minutes are used up", .radios(AtEndChoices.all())),
                ], note: .hiddenField("revision", state.value("revision"))),
            Form.Section(
                "Only to try", "What another contract would have cost. Saving leaves the contract as it is.",
                [
                    Field("plan_minutes", "Included minutes of a month", .number(unit: "min"), isRequired: false),
                    Field("plan_price", "For a minute beyond", .amount, isRequired: false),
                ]),
        ]
    }
}

/// What may happen at the end of the minutes.
enum AtEndChoices {
    static func all(price: String = "calls are charged by the contract’s price") -> [Field.Choice] {
        [
            .init("overage", "Go on", price),
            .init(
                "block", "Stop new calls",
                "running calls hear beeps, then falling tones, and end; emergency calls always work"),
        ]
    }
}

extension ConsoleServices {
    /// 404 for a tenant that the viewer may not see.
    func voicePlace(_ id: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> VoicePlace {
        VoicePlace(id: "\(id)", name: try tenancy.tenants.get(id, tx).settings.displayName)
    }
}

extension VoiceSettingsFields {
    /// Everything as it is.
    fileprivate init(_ settings: VoiceSettingsResource) {
        self.init()
        concurrentCalls = settings.concurrentCalls
        concurrentByKind = settings.concurrentByKind
        callsPerSecond = settings.callsPerSecond
        longestCallSeconds = settings.longestCallSeconds
        sequentialCalls = settings.sequentialCalls
        dearestPerMinute = settings.dearestPerMinute
        dailySpend = settings.dailySpend
        exposure = settings.exposure
        unbounded = settings.unbounded
        capMinutes = settings.capMinutes
        outageSeconds = settings.outageSeconds
        onFraudSign = settings.onFraudSign
        fraudBlockHours = settings.fraudBlockHours
        atEnd = settings.atEnd
    }
}

extension VoiceSettingsResource {
    fileprivate var formValues: [String: String] {
        var values = [
            "revision": "\(revision)", "concurrent_calls": "\(concurrentCalls)",
            "calls_per_second": "\(callsPerSecond)", "longest_call_seconds": "\(longestCallSeconds)",
            "sequential_calls": "\(sequentialCalls)", "dearest_per_minute": dearestPerMinute ?? "",
            "daily_spend": dailySpend ?? "", "exposure": exposure ?? "",
            "cap_minutes": capMinutes.map { "\($0)" } ?? "", "outage_seconds": "\(outageSeconds)",
            "at_end": atEnd.rawValue, "on_fraud_sign": onFraudSign.rawValue, "fraud_block_hours": "\(fraudBlockHours)",
        ]
        for (kind, count) in concurrentByKind { values["calls_\(kind)"] = "\(count)" }
        return values
    }
}
