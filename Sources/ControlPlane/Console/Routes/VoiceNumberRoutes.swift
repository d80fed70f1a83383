import Kernel
import Postgres
import Telephony
import Tenancy
import Voice
import Web

/// Pages of a tenant's numbers and of their life.
struct VoiceNumberRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        numbers.all + [
            PageRoute(
                .get, "/tenants/{tenant_id}/voice/numbers/{phone_number_id}/history",
                requires: .permission(.voiceRead), use: history),
            step("port-out", "is ported out") { _ in .portOut },
            step("release", "is released") { .release(immediately: $0.immediately) },
            step("reclaim", "is back") { _ in .reclaim },
        ]
    }

    private var numbers: VoiceItemRoutes<PhoneNumberKind, NumberForm> {
        let service = services.voice.numbers
        return VoiceItemRoutes(
            services: services, kind: ("numbers", "number"), blank: [:],
            sections: { choices, state, isNew in Self.sections(choices, state, isNew: isNew) },
            get: { id, choices, tx in
                let stored = try service.get(id, of: choices.tenantID, tx)
                let mayReclaim = tx.scope.tenantID == nil
                return .init(
                    item: Self.item(stored, choices, mayReclaim: mayReclaim),
                    values: NumberForm.values(of: stored.value.number))
            },
            create: { form, choices, tx, actor in
                let number = try service.create(form.fields(), of: choices.tenantID, tx, actor).value.number
                return .init(id: number.id, name: "\(number.e164)")
            },
            update: { id, form, expected, choices, tx, actor in
                let number = try service.update(
                    id, form.fields(), of: choices.tenantID, expecting: expected, tx, actor
                ).value.number
                return .init(id: id, name: "\(number.e164)")
            },
            rename: NumberForm.field)
    }

    private func step(
        _ verb: String, _ done: String, _ step: @escaping @Sendable (VoiceItemInput<PhoneNumberKind>) -> NumberStep
    ) -> PageRoute {
        let service = services.voice.numbers
        return numbers.step(
            verb, done, returningTo: { place, id in "\(place.path)/numbers/\(id)" },
            { id, input, tx, actor in
                let cause = NumberStepCause(
                    reason: input.reason, expecting: ExpectedRevision(form: input.revision))
                _ = try service.take(step(input), id, of: input.tenantID, because: cause, tx, actor)
            })
    }

    @Sendable private func history(_ call: PageCall<VoiceItemInput<PhoneNumberKind>>) async throws -> PageReply {
        let input = call.input
        let page = try await services.work.read(call) { tx in
            let choices = try VoiceChoices(services, input.tenantID, tx)
            let number = try services.voice.numbers.get(input.id, of: input.tenantID, tx).value.number
            let events = try services.voice.numbers.history(of: input.id, input.tenantID, tx)
            return NumberHistoryPage(
                place: choices.place, number: PhoneWords.spaced("\(number.e164)"),
                entries: events.reversed().map { event in
                    TimelineEntry(
                        event.state.label, time: "\(DisplayText.minute(event.occurredAt)) · \(event.principalName)",
                        text: event.reason, tone: event.state.tone)
                }
            ).page
        }
        return .page(page)
    }

    private static func sections(_ choices: VoiceChoices, _ state: FormState, isNew: Bool) -> [Form.Section] {
        let number =
            isNew
            ? [Field("e164", "Number", hint: "With + and the country, for example +43 720 123456. It never changes.")]
            : []
        return [
            Form.Section(
                "Number", "At which the tenant is called, and with which it calls.",
                number + [
                    Field("display_name", "Name", hint: "For example “main line”."),
                    Field(
                        "trunk_id", "Comes in over", .select([.init("", "Any trunk")] + choices.trunkChoices),
                        isRequired: false),
                    Field(
                        "concurrent_limit", "At the same time", .number(unit: "calls"),
                        hint: "Empty: only the tenant’s limit.", isRequired: false),
                ])
        ] + NumberForm.sections(choices, state)
    }

    private static func item(
        _ stored: Stored<NumberRecord>, _ choices: VoiceChoices, mayReclaim: Bool
    ) -> VoiceItemPage.Item {
        let record = stored.value
        let path = "\(choices.place.path)/numbers/\(record.number.id)"
        let immediately = Field(
            "immediately", "End it at once", .check,
            hint: "Off: it rests for \(NumberState.agingDays) days, so that nobody gets the old one’s calls.")
        var steps: [VoiceStepCard.Step] = []
        if record.state.isInService {
            steps.append(
                .init(
                    path: "port-out", verb: "Port out", effect: "It left for another carrier, and loses its routes.",
                    asksForReason: true))
        }
        if record.state != .released {
            steps.append(
                .init(
                    path: "release", verb: "Release", effect: "It is given back, and loses its routes.",
                    style: .danger, asksForReason: true, fields: immediately.html(.blank)))
        }
        if mayReclaim, record.state == .portedOut || record.state == .aging {
            steps.append(
                .init(
                    path: "reclaim", verb: "Reclaim", effect: "It comes back to this tenant, without routes.",
                    asksForReason: true))
        }
        let facts: [Fact] = [
            Fact("State", .pill(record.state.label, record.state.tone)),
            Fact("Since", text: DisplayText.minute(record.stateSince)),
            Fact("Free again", text: record.agingUntil.map { DisplayText.day($0) }),
            Fact("History", .link("All steps", "\(path)/history")),
        ]
        return VoiceItemPage.Item(
            id: "\(record.number.id)", name: "\(record.number.e164)", revision: stored.revision, isDeletable: false,
            beside: VoiceStepCard(
                title: "Life of the number", facts: facts, path: path, revision: stored.revision, steps: steps
            ).html)
    }
}

extension NumberState {
    var label: String {
        switch self {
        case .available: "Not routed"
        case .assigned: "Active"
        case .portedOut: "Ported out"
        case .aging: "Resting"
        case .released: "Released"
        }
    }

    var tone: Tone {
        switch self {
        case .available: .warn
        case .assigned: .ok
        case .portedOut, .released: .neutral
        case .aging: .info
        }
    }
}
