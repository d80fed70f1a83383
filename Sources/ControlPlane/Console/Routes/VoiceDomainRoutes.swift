import Kernel
import Telephony
import Tenancy
import Voice
import Web

/// Voice of a tenant as a whole: on, changed, off.
struct VoiceDomainRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        let writing = Requirement.permission(.voiceWrite)
        return [
            PageRoute(.get, "/tenants/{tenant_id}/voice/domain", requires: writing, use: form),
            PageRoute(.post, "/tenants/{tenant_id}/voice/domain", requires: writing, use: switchOn).recovering(again),
            PageRoute(.post, "/tenants/{tenant_id}/voice/domain/edit", requires: writing, use: change)
                .recovering(again),
            PageRoute(.post, "/tenants/{tenant_id}/voice/off", requires: writing, use: switchOff)
                .recovering { call in
                    .redirect(
                        to: "/tenants/\(call.input.values["tenant_id"] ?? "")/voice",
                        flash: Flash(.bad, call.input.problem.detail))
                },
        ]
    }

    @Sendable private func form(_ call: PageCall<VoiceTenantInput>) async throws -> PageReply {
        let id = call.input.tenantID
        let page = try await services.work.read(call) { tx in
            let place = try services.voicePlace(id, tx)
            guard let domain = try services.voiceDomain(id, tx) else {
                return Self.page(place, FormState(values: ["country": "AT"]), isOn: false)
            }
            let values = [
                "domain": domain.value.name, "country": domain.value.country.code, "revision": "\(domain.revision)",
            ]
            return Self.page(place, FormState(values: values), isOn: true)
        }
        return .page(page)
    }

    @Sendable private func again(_ call: PageCall<Submission>) async throws -> PageReply {
        let submission = call.input
        guard let id = TenantID(submission.values["tenant_id"] ?? "") else { throw submission.problem }
        let page = try await services.work.read(call) { tx in
            let place = try services.voicePlace(id, tx)
            guard let domain = try services.voiceDomain(id, tx) else {
                return Self.page(place, FormState(submission), isOn: false)
            }
            return Self.page(place, FormState(submission, presentRevision: domain.revision), isOn: true)
        }
        return .page(page, status: submission.status)
    }

    struct DomainInput: Codable, Sendable {
        let tenantID: TenantID
        let revision: Int64?
        let domain: String?
        let country: CountryCode

        var fields: SIPDomainFields { SIPDomainFields(domain: domain ?? "", country: country) }
    }

    @Sendable private func switchOn(_ call: PageCall<DomainInput>) async throws -> PageReply {
        let input = call.input
        let domain = try await services.work.perform(call) { tx, actor in
            try services.voice.domains.create(input.tenantID, input.fields, tx, actor)
        }
        return .redirect(
            to: "/tenants/\(input.tenantID)/voice", flash: Flash(.ok, "Voice is on: \(domain.value.name)."))
    }

    @Sendable private func change(_ call: PageCall<DomainInput>) async throws -> PageReply {
        let input = call.input
        let domain = try await services.work.perform(call) { tx, actor in
            try services.voice.domains.update(
                input.tenantID, input.fields, expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        return .redirect(
            to: "/tenants/\(input.tenantID)/voice", flash: Flash(.ok, "The domain is \(domain.value.name)."))
    }

    struct OffInput: Codable, Sendable {
        let tenantID: TenantID
        let revision: Int64?
    }

    @Sendable private func switchOff(_ call: PageCall<OffInput>) async throws -> PageReply {
        let input = call.input
        try await services.work.perform(call) { tx, actor in
            try services.voice.domains.delete(
                input.tenantID, expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        return .redirect(to: "/tenants/\(input.tenantID)/voice", flash: Flash(.ok, "Voice is off."))
    }

    static func page(_ place: VoicePlace, _ state: FormState, isOn: Bool) -> ConsolePage {
        let note =
            isOn
            ? "Phones have to be set to a new domain; their secrets stay."
            : "The voice add-on is charged from the first month on, where the contract has one."
        let form = Form(
            action: isOn ? "\(place.path)/domain/edit" : "\(place.path)/domain",
            submit: isOn ? "Save changes" : "Switch voice on", cancel: place.path, note: note,
            sections: [
                Form.Section(
                    "SIP domain", "What stands behind the @ of every phone of this tenant.",
                    [
                        Field("domain", "Domain", hint: "For example acme.voice.example; unique over all tenants."),
                        Field(
                            "country", "Country", .select(CountryChoices.everywhere),
                            hint: "How national numbers are read, and what is home."),
                    ], note: .hiddenField("revision", state.value("revision")))
            ])
        return place.page(isOn ? "SIP domain" : "Switch voice on", body: form.html(state))
    }
}
