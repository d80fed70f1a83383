import Kernel
import Tenancy
import Web

struct ListSIPDomains: Codable, Sendable {
    let limit: PageLimit?
    let cursor: String?
}

/// A deletion of what a tenant has one of.
struct EndVoice: Codable, Sendable {
    let tenantID: TenantID
    let validateOnly: Bool?
}

func sipDomainEndpoints(_ domains: SIPDomainService, _ work: UnitOfWork) -> [Endpoint] {
    let tag = "Voice"
    let path: PathTemplate = "/v1/voice/tenants/{tenant_id}/domain"
    return [
        Endpoint(
            .get, "/v1/voice/domains", "List SIP domains", tag: tag, requires: .permission(.voiceRead)
        ) { (call: Call<ListSIPDomains>) in
            let page = PageRequest(limit: call.input.limit?.count, cursor: call.input.cursor)
            return try await work.read(call) { tx in try domains.list(page, tx).map(SIPDomainResource.init) }
        },

        Endpoint(
            .post, path, "Switch voice on for a tenant", tag: tag, requires: .permission(.voiceWrite)
        ) { (call: Call<NewVoiceItem<SIPDomainFields>>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                SIPDomainResource(try domains.create(input.tenantID, input.fields, tx, actor))
            }
        }
        .status(201)
        .described(
            "Gives the tenant its SIP domain. Keys of the organisation and of the platform also set 'voice_enabled', from "
                + "which the voice add-on is charged; a tenant's own key needs it to be set."
        )
        .failing("VOICE_ON", "DOMAIN_TAKEN", "VOICE_PROGRAM", "VOICE_NOT_ENABLED", "TENANT_STATE", "PARTNER_DECIDES"),

        Endpoint(
            .get, path, "Get a tenant's SIP domain", tag: tag, requires: .permission(.voiceRead)
        ) { (call: Call<VoicePath>) in
            try await work.read(call) { tx in
                SIPDomainResource(try domains.get(call.input.tenantID, tx))
            }
        }
        .failing("VOICE_OFF"),

        Endpoint(
            .put, path, "Change a tenant's SIP domain", tag: tag, requires: .permission(.voiceWrite)
        ) { (call: Call<NewVoiceItem<SIPDomainFields>>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                SIPDomainResource(
                    try domains.update(input.tenantID, input.fields, expecting: .header(call.ifMatch), tx, actor))
            }
        }
        .comparingState().described("Phones have to be set to the new domain; their secrets stay.")
        .failing("DOMAIN_TAKEN", "SECRET_NEEDS_REENTRY", "VOICE_OFF", "PARTNER_DECIDES"),

        Endpoint(
            .delete, path, "Switch voice off for a tenant", tag: tag, requires: .permission(.voiceWrite)
        ) { (call: Call<EndVoice>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                try domains.delete(input.tenantID, expecting: .header(call.ifMatch), tx, actor)
                return NoContent()
            }
        }
        .comparingState().failing("VOICE_IN_USE", "VOICE_OFF", "PARTNER_DECIDES"),
    ]
}
