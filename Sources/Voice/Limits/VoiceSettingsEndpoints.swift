import Kernel
import Tenancy
import Web

func voiceSettingsEndpoints(_ settings: VoiceSettingsService, _ work: UnitOfWork) -> [Endpoint] {
    let path: PathTemplate = "/v1/voice/tenants/{tenant_id}/settings"
    return [
        Endpoint(
            .get, path, "Get limits and allotment", tag: "Voice", requires: .permission(.voiceRead)
        ) { (call: Call<VoicePath>) in
            try await work.read(call) { tx in
                VoiceSettingsResource(try settings.get(call.input.tenantID, tx))
            }
        }
        .failing("VOICE_OFF"),

        Endpoint(
            .put, path, "Change limits and allotment", tag: "Voice", requires: .permission(.voiceWrite)
        ) { (call: Call<NewVoiceItem<VoiceSettingsFields>>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                VoiceSettingsResource(
                    try settings.update(input.tenantID, input.fields, expecting: .header(call.ifMatch), tx, actor))
            }
        }
        .comparingState()
        .described(
            "Replaces all of them: a field that is left out gets its default. A bound that nobody wants has to be named in "
                + "'unbounded'. A tenant's own key can only tighten what is there."
        )
        .failing("VOICE_OFF", "PARTNER_DECIDES"),
    ]
}
