import Kernel
import Web

/// An API key as the API shows it.
package struct APIKeyResource: Codable, Sendable, Revisioned {
    package let apiKeyID: APIKeyID
    package let organisationID: OrganisationID?
    package let tenantID: TenantID?
    /// The public part, as it stands in the key itself.
    package let keyID: String
    package let displayName: String
    package let role: Role.Name
    package let lastFour: String
    package let createdAt: Timestamp
    package let expiresAt: Timestamp?
    package let revokedAt: Timestamp?
    /// Exact to a few minutes.
    package let lastUsedAt: Timestamp?
    package let revision: Int64
    /// The key itself: only in the answer that creates or rotates it, and only the first time.
    package var secret: String?

    package init(_ key: APIKey, secret: APIKeyToken? = nil) {
        apiKeyID = key.id
        organisationID = key.scope.organisationID
        tenantID = key.scope.tenantID
        keyID = key.keyID
        displayName = key.displayName
        role = key.role
        lastFour = key.lastFour
        createdAt = key.life.createdAt
        expiresAt = key.life.expiresAt
        revokedAt = key.life.revokedAt
        lastUsedAt = key.life.lastUsedAt
        revision = key.revision
        self.secret = secret?.text
    }

    /// What is stored for a repeated request: a secret at rest would be one too many.
    @Sendable static func withoutSecret(_ key: APIKeyResource) -> APIKeyResource {
        var key = key
        key.secret = nil
        return key
    }
}

/// Who is asking, and what that may do: an API key's look at itself.
package struct PrincipalResource: Codable, Sendable {
    package let principalID: PrincipalID
    package let kind: Principal.Kind
    package let displayName: String
    package let level: ScopeLevel
    package let organisationID: OrganisationID?
    package let tenantID: TenantID?
    package let permissions: [String]

    package init(_ principal: Principal) {
        principalID = principal.id
        kind = principal.kind
        displayName = principal.displayName
        level = principal.scope.level
        organisationID = principal.scope.organisationID
        tenantID = principal.scope.tenantID
        permissions = principal.permissions.map(\.rawValue).sorted()
    }
}

struct APIKeyPath: Codable, Sendable {
    let apiKeyID: APIKeyID
}

struct ListAPIKeys: Codable, Sendable {
    let organisationID: OrganisationID?
    let tenantID: TenantID?
    let includeRevoked: Bool?
    let limit: PageLimit?
    let cursor: String?

    var filter: APIKeyFilter {
        var filter = APIKeyFilter()
        filter.organisationID = organisationID
        filter.tenantID = tenantID
        filter.includesRevoked = includeRevoked ?? false
        return filter
    }
}

struct CreateAPIKey: Codable, Sendable {
    let role: Role.Name
    let displayName: String
    let organisationID: OrganisationID?
    let tenantID: TenantID?
    let expiresAt: Timestamp?

    var key: NewAPIKey {
        NewAPIKey(
            role: role, displayName: displayName, organisationID: organisationID, tenantID: tenantID,
            expiresAt: expiresAt)
    }
}

func apiKeyEndpoints(
    _ keys: APIKeyService, _ authenticator: Authenticator, _ work: UnitOfWork
) -> [Endpoint] {
    let tag = "API keys"
    return [
        Endpoint(
            .get, "/v1/principal", "Who am I", tag: tag, requires: .signedIn
        ) { (call: Call<NoInput>) in PrincipalResource(call.principal) },

        Endpoint(
            .post, "/v1/api_keys", "Create an API key; the answer shows its secret once", tag: tag,
            requires: .permission(.apiKeyWrite)
        ) { (call: Call<CreateAPIKey>) in
            try await work.perform(call, storing: APIKeyResource.withoutSecret) { tx, actor in
                let issued = try keys.create(call.input.key, tx, actor)
                return APIKeyResource(issued.key, secret: issued.token)
            }
        }
        .status(201).failing("KEY_NEEDS_EXPIRY", "ROLE_SCOPE", "ROLE_EXCEEDS_CREATOR", "TENANT_STATE"),

        Endpoint(
            .get, "/v1/api_keys", "List API keys", tag: tag, requires: .permission(.apiKeyRead)
        ) { (call: Call<ListAPIKeys>) in
            let page = PageRequest(limit: call.input.limit?.count, cursor: call.input.cursor)
            return try await work.read(call) { tx in
                try keys.list(call.input.filter, page, tx).map { APIKeyResource($0) }
            }
        },

        Endpoint(
            .get, "/v1/api_keys/{api_key_id}", "Get an API key", tag: tag, requires: .permission(.apiKeyRead)
        ) { (call: Call<APIKeyPath>) in
            try await work.read(call) { tx in
                APIKeyResource(try keys.get(call.input.apiKeyID, tx))
            }
        },

        Endpoint(
            .post, "/v1/api_keys/{api_key_id}:revoke", "Revoke an API key", tag: tag,
            requires: .permission(.apiKeyWrite)
        ) { (call: Call<APIKeyPath>) in
            let reply = try await work.perform(call) { tx, actor in
                APIKeyResource(try keys.revoke(call.input.apiKeyID, expecting: .header(call.ifMatch), tx, actor))
            }
            authenticator.forgetAnswers()
            return reply
        }
        .comparingState(),

        Endpoint(
            .post, "/v1/api_keys/{api_key_id}:rotate", "Give an API key a new secret; the answer shows it once",
            tag: tag, requires: .permission(.apiKeyWrite)
        ) { (call: Call<APIKeyPath>) in
            let reply = try await work.perform(call, storing: APIKeyResource.withoutSecret) { tx, actor in
                let issued = try keys.rotate(call.input.apiKeyID, expecting: .header(call.ifMatch), tx, actor)
                return APIKeyResource(issued.key, secret: issued.token)
            }
            authenticator.forgetAnswers()
            return reply
        }
        .comparingState().failing("KEY_ENDED", "ROLE_EXCEEDS_CREATOR"),
    ]
}
