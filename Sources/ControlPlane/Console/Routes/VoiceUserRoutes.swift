import Kernel
import Postgres
import Telephony
import Tenancy
import Voice
import Web

/// Pages of a tenant's phones.
struct VoiceUserRoutes: Sendable {
    let services: ConsoleServices

    struct UserForm: Codable, Sendable {
        let name: String?
        let displayName: String?
        let callerNumberID: PhoneNumberID?
        let siteID: SiteID?
        let enabled: Bool
        let forwardCondition: SIPUser.Forward.Condition?
        let forwardDestination: String?
        let secret: String?

        var fields: SIPUserFields {
            var fields = SIPUserFields(name: name ?? "", displayName: displayName ?? "")
            fields.callerNumberID = callerNumberID
            fields.siteID = siteID
            fields.enabled = enabled
            fields.forward = forwardCondition.map {
                ForwardFields(condition: $0, destination: forwardDestination ?? "")
            }
            fields.secret = secret
            return fields
        }
    }

    private var users: VoiceItemRoutes<SIPUserKind, UserForm> {
        let service = services.voice.users
        return VoiceItemRoutes(
            services: services, kind: ("users", "user"), blank: ["enabled": "true"],
            sections: { choices, _, isNew in Self.sections(choices, isNew: isNew) },
            get: { id, choices, tx in
                let view = try service.get(id, of: choices.tenantID, tx)
                return .init(item: Self.item(view, choices), values: view.stored.value.formValues)
            },
            create: { form, choices, tx, actor in
                let view = try service.create(form.fields, of: choices.tenantID, tx, actor)
                return .init(
                    id: view.stored.value.id, name: view.stored.value.displayName,
                    secret: Self.secretPage(of: view, choices))
            },
            update: { id, form, expected, choices, tx, actor in
                let view = try service.update(
                    id, form.fields, of: choices.tenantID, expecting: expected, tx, actor)
                return .init(id: id, name: view.stored.value.displayName)
            },
            delete: { id, tenant, expected, tx, actor in
                try service.delete(id, of: tenant, expecting: expected, tx, actor)
            },
            rename: { field, _ in field == "forward.destination" ? "forward_destination" : nil })
    }

    var all: [PageRoute] {
        let users = users
        let service = services.voice.users
        return users.all + [
            PageRoute(
                .post, "/tenants/{tenant_id}/voice/users/{sip_user_id}/rotate", requires: .permission(.voiceWrite),
                use: rotate
            )
            .recovering(users.toItem),
            users.step(
                "retire", "has one secret", returningTo: { place, id in "\(place.path)/users/\(id)" },
                { id, input, tx, actor in
                    _ = try service.retire(
                        id, of: input.tenantID, expecting: ExpectedRevision(form: input.revision), tx, actor)
                }),
        ]
    }

    /// Answers with the secret itself: it cannot be read again, so there is nothing to redirect to.
    @Sendable private func rotate(_ call: PageCall<VoiceItemInput<SIPUserKind>>) async throws -> PageReply {
        let input = call.input
        let page = try await services.work.perform(call) { tx, actor in
            let rotation = SIPSecretRotation(
                oldExpiresAt: input.days.map { actor.now.advanced(by: .seconds(min(max($0, 0), 90) * 86_400)) },
                expecting: ExpectedRevision(form: input.revision))
            let view = try services.voice.users.rotate(rotation, of: input.id, input.tenantID, tx, actor)
            return Self.secretPage(of: view, try VoiceChoices(services, input.tenantID, tx))
        }
        guard let page else { throw Problem.notFound("user") }
        return .page(page.page)
    }

    /// `nil` when the person chose the secret and so knows it.
    private static func secretPage(of view: SIPUserView, _ choices: VoiceChoices) -> VoiceSecretPage? {
        view.issuedSecret.map { secret in
            VoiceSecretPage(
                place: choices.place, userID: "\(view.stored.value.id)", userName: view.stored.value.name,
                address: "\(view.stored.value.name)@\(view.domain)", domain: view.domain, secret: secret.text,
                oldUntil: view.credentials.compactMap(\.expiresAt).first.map { DisplayText.minute($0) })
        }
    }

    private static func sections(_ choices: VoiceChoices, isNew: Bool) -> [Form.Section] {
        let none = Field.Choice("", "–")
        let conditions: [Field.Choice] = [
            none, .init("always", "Always"), .init("no_answer", "When nobody answers"),
            .init("unreachable", "When the phone is not reachable"),
        ]
        let secret = Form.Section(
            "Secret", "What the phone logs in with. Stored sealed; shown once.",
            [
                Field(
                    "secret", "Secret", .input(type: "password"),
                    hint: "Empty: a strong one is made and shown on the next page.", isRequired: false)
            ])
        return [
            Form.Section(
                "User", "A phone or softphone that registers.",
                [
                    Field("name", "User name", hint: "Also its extension, for example 1001."),
                    Field("display_name", "Name"),
                    Field("enabled", "Enabled", .check, hint: "Off: it cannot register and makes no calls."),
                ]),
            Form.Section(
                "Calls", "What others see, and where it is for emergency calls.",
                [
                    Field(
                        "caller_number_id", "Calls with", .select([none] + choices.numberChoices), isRequired: false),
                    Field("site_id", "Site", .select([none] + choices.siteChoices), isRequired: false),
                ]),
            Form.Section(
                "Forward", "Calls that go on are decided and paid like calls of this user.",
                [
                    Field("forward_condition", "When", .select(conditions), isRequired: false),
                    Field(
                        "forward_destination", "To", hint: "An extension, a national number or +43….",
                        isRequired: false),
                ]),
        ] + (isNew ? [secret] : [])
    }

    private static func item(_ view: SIPUserView, _ choices: VoiceChoices) -> VoiceItemPage.Item {
        let user = view.stored.value
        let isRotating = view.credentials.count > 1
        let loss = view.credentials.contains(where: \.needsReentry)
        let days = Field(
            "days", "The old secret works for",
            .select([.init("7", "7 days"), .init("1", "1 day"), .init("30", "30 days"), .init("90", "90 days")]))
        let step: VoiceStepCard.Step =
            isRotating
            ? .init(
                path: "retire", verb: "End the old secret",
                effect: "Phones that still use it are refused from now on.", style: .danger)
            : .init(
                path: "rotate", verb: "New secret",
                effect: "Shown once. The old one goes on working for some days, so that no phone is cut off.",
                fields: days.html(FormState(values: ["days": "7"])))
        let facts = view.credentials.map { credential in
            Fact(
                "Secret of \(DisplayText.day(credential.createdAt))",
                text: credential.expiresAt.map { "works until \(DisplayText.minute($0))" } ?? "in force")
        }
        return VoiceItemPage.Item(
            id: "\(user.id)", name: user.displayName, revision: view.stored.revision,
            notices: loss
                ? [
                    "The stored secret cannot be read any more. Calls work; give the user a new one before its name changes."
                ]
                : [],
            beside: VoiceStepCard(
                title: "Secret", facts: [Fact("Address", code: "\(user.name)@\(view.domain)")] + facts,
                path: "\(choices.place.path)/users/\(user.id)", revision: view.stored.revision, steps: [step]
            ).html)
    }
}

extension SIPUser {
    fileprivate var formValues: [String: String] {
        [
            "name": name, "display_name": displayName, "caller_number_id": callerNumber?.description ?? "",
            "site_id": siteID?.description ?? "", "enabled": "\(isEnabled)",
            "forward_condition": forward?.condition.rawValue ?? "", "forward_destination": forward?.destination ?? "",
        ]
    }
}
