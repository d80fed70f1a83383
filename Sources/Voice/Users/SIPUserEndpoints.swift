import Kernel
import Telephony
import Tenancy
import Web

/// A new secret for a user.
struct RotateSIPSecret: Decodable, Sendable {
    let path: VoiceItemPath<SIPUserKind>
    let fields: Fields

    /// What may be said about it.
    struct Fields: Codable, Sendable {
        /// Made by us when it is left out.
        let secret: String?
        /// In 7 days when it is left out.
        let oldExpiresAt: Timestamp?
        let validateOnly: Bool?
    }

    init(from decoder: any Decoder) throws {
        path = try VoiceItemPath(from: decoder)
        fields = try Fields(from: decoder)
    }
}

func sipUserEndpoints(_ users: SIPUserService, _ work: UnitOfWork) -> [Endpoint] {
    let routes = VoiceRoutes<SIPUserKind, SIPUserResource, SIPUserFields>(
        path: "users", words: ("SIP user", "SIP users"),
        reasons: ["EXTENSION_TAKEN", "SECRET_NEEDS_REENTRY", "SECRETS_UNAVAILABLE"],
        list: { tenant, page, tx in try users.list(of: tenant, page, tx).map(SIPUserResource.init) },
        get: { path, tx in SIPUserResource(try users.get(path.id, of: path.tenantID, tx)) },
        create: { tenant, fields, tx, actor in SIPUserResource(try users.create(fields, of: tenant, tx, actor)) },
        update: { path, fields, expected, tx, actor in
            SIPUserResource(
                try users.update(path.id, fields, of: path.tenantID, expecting: expected, tx, actor))
        },
        delete: { path, expected, tx, actor in
            try users.delete(path.id, of: path.tenantID, expecting: expected, tx, actor)
        },
        storing: SIPUserResource.withoutSecret)
    return routes.endpoints(work) + [
        Endpoint(
            .post, PathTemplate(routes.item + ":rotate"), "Give a SIP user a new secret", tag: "Voice",
            requires: .permission(.voiceWrite)
        ) { (call: Call<RotateSIPSecret>) in
            let (path, fields) = (call.input.path, call.input.fields)
            return try await work.perform(
                call, validateOnly: fields.validateOnly, storing: SIPUserResource.withoutSecret
            ) { tx, actor in
                let rotation = SIPSecretRotation(
                    secret: fields.secret, oldExpiresAt: fields.oldExpiresAt, expecting: .header(call.ifMatch))
                return SIPUserResource(try users.rotate(rotation, of: path.id, path.tenantID, tx, actor))
            }
        }
        .comparingState().described("The old secret goes on working until 'old_expires_at', by default for 7 days.")
        .failing("ROTATION_RUNNING", "SECRETS_UNAVAILABLE", "VOICE_OFF"),

        Endpoint(
            .post, PathTemplate(routes.item + ":retire"), "End the old secret of a SIP user", tag: "Voice",
            requires: .permission(.voiceWrite)
        ) { (call: Call<VoiceItemStep<SIPUserKind>>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                SIPUserResource(
                    try users.retire(
                        input.path.id, of: input.path.tenantID, expecting: .header(call.ifMatch), tx, actor))
            }
        }
        .comparingState().failing("VOICE_OFF"),
    ]
}
