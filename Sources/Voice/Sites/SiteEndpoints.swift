import Kernel
import Telephony
import Tenancy
import Web

func siteEndpoints(_ sites: SiteService, _ work: UnitOfWork) -> [Endpoint] {
    let routes = VoiceRoutes<SiteKind, SiteResource, SiteFields>(
        path: "sites", words: ("site", "sites"),
        list: { tenant, page, tx in try sites.list(of: tenant, page, tx).map(SiteResource.init) },
        get: { path, tx in SiteResource(try sites.get(path.id, of: path.tenantID, tx)) },
        create: { tenant, fields, tx, actor in SiteResource(try sites.create(fields, of: tenant, tx, actor)) },
        update: { path, fields, expected, tx, actor in
            SiteResource(try sites.update(path.id, fields, of: path.tenantID, expecting: expected, tx, actor))
        },
        delete: { path, expected, tx, actor in
            try sites.delete(path.id, of: path.tenantID, expecting: expected, tx, actor)
        })
    return routes.endpoints(work) + [
        Endpoint(
            .post, PathTemplate(routes.item + ":verify"), "Verify the address of a site", tag: "Voice",
            requires: .permission(.voiceWrite)
        ) { (call: Call<VoiceItemStep<SiteKind>>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                SiteResource(
                    try sites.verify(
                        input.path.id, of: input.path.tenantID, expecting: .header(call.ifMatch), tx, actor))
            }
        }
        .comparingState().failing("VOICE_OFF")
    ]
}
