import Kernel
import Telephony
import Tenancy
import Web

/// A step in a number's life.
struct TakeNumberStep: Decodable, Sendable {
    let path: VoiceItemPath<PhoneNumberKind>
    let fields: Fields

    /// What may be said about it.
    struct Fields: Codable, Sendable {
        let reason: String?
        /// Ends the number without its rest of 90 days.
        let immediately: Bool?
        let validateOnly: Bool?
    }

    init(from decoder: any Decoder) throws {
        path = try VoiceItemPath(from: decoder)
        fields = try Fields(from: decoder)
    }
}

func phoneNumberEndpoints(_ numbers: PhoneNumberService, _ work: UnitOfWork) -> [Endpoint] {
    let routes = VoiceRoutes<PhoneNumberKind, PhoneNumberResource, PhoneNumberFields>(
        path: "numbers", words: ("phone number", "phone numbers"),
        reasons: ["NUMBER_TAKEN", "NUMBER_STATE", "PARTNER_DECIDES"],
        list: { tenant, page, tx in try numbers.list(of: tenant, page, tx).map(PhoneNumberResource.init) },
        get: { path, tx in PhoneNumberResource(try numbers.get(path.id, of: path.tenantID, tx)) },
        create: { tenant, fields, tx, actor in
            PhoneNumberResource(try numbers.create(fields, of: tenant, tx, actor))
        },
        update: { path, fields, expected, tx, actor in
            PhoneNumberResource(
                try numbers.update(path.id, fields, of: path.tenantID, expecting: expected, tx, actor))
        })
    return routes.endpoints(work) + [
        Endpoint(
            .get, PathTemplate(routes.item + "/history"), "List the history of a phone number", tag: "Voice",
            requires: .permission(.voiceRead)
        ) { (call: Call<VoiceItemPath<PhoneNumberKind>>) in
            try await work.read(call) { tx in
                Page(items: try numbers.history(of: call.input.id, call.input.tenantID, tx), nextCursor: nil)
            }
        },
        numberStep("port_out", "Port a phone number out", { _ in .portOut }, routes.item, numbers, work)
            .described("The number left for another carrier. Another tenant of this service may enter it now."),
        numberStep(
            "release", "Release a phone number", { .release(immediately: $0.immediately ?? false) }, routes.item,
            numbers, work
        )
        .described(
            "It rests for \(NumberState.agingDays) days before anybody may enter it again, unless 'immediately' is true."
        ),
        numberStep("reclaim", "Reclaim a phone number", { _ in .reclaim }, routes.item, numbers, work)
            .described(
                "Takes a number back that was ported out or is resting. Only the organisation that manages the tenant and "
                    + "the platform can."
            )
            .failing("NUMBER_TAKEN", "PARTNER_DECIDES"),
    ]
}

private func numberStep(
    _ verb: String, _ summary: String,
    _ step: @escaping @Sendable (TakeNumberStep.Fields) -> NumberStep, _ item: String,
    _ numbers: PhoneNumberService, _ work: UnitOfWork
) -> Endpoint {
    Endpoint(
        .post, PathTemplate("\(item):\(verb)"), summary, tag: "Voice", requires: .permission(.voiceWrite)
    ) { (call: Call<TakeNumberStep>) in
        let (path, fields) = (call.input.path, call.input.fields)
        return try await work.perform(call, validateOnly: fields.validateOnly) { tx, actor in
            let cause = NumberStepCause(reason: fields.reason ?? "", expecting: .header(call.ifMatch))
            return PhoneNumberResource(
                try numbers.take(step(fields), path.id, of: path.tenantID, because: cause, tx, actor))
        }
    }
    .comparingState().failing("NUMBER_STATE", "VOICE_IN_USE", "VOICE_OFF")
}
