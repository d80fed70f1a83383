import Kernel
import Postgres

/// The use cases of API keys.
package struct APIKeyService: Sendable {
    package init() {}

    /// Newest first.
    package func list(
        _ filter: APIKeyFilter, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<APIKey> {
        let rows = try APIKeyStore.list(filter, before: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.id)" }
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(_ id: APIKeyID, _ tx: borrowing Transaction<ScopeNode>) throws -> APIKey {
        guard let key = try APIKeyStore.find(id, tx) else { throw Problem.notFound("API key") }
        return key
    }

    /// Makes a key with one role at one scope node. It never holds more than its creator, and never lies outside the
    /// creator's scope.
    package func create(
        _ new: NewAPIKey, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> IssuedAPIKey {
        var name = ""
        var fields = FieldChecks()
        fields.set(&name, new.displayName, "display_name", 1...Limits.textCharacters)
        if let expiry = new.expiresAt, expiry <= actor.now { fields.refuse("expires_at", "must lie in the future") }
        try fields.throwIfAny()
        let scope = try scope(of: new, tx, actor)
        if scope == .platform, new.expiresAt == nil {
            throw Problem.refused(
                "KEY_NEEDS_EXPIRY", "A key of the platform sees everything, so it must end some day.",
                field: "expires_at")
        }
        guard let role = Role.named(new.role) else { throw Problem.invalid("role", "is not known") }
        try role.checkGrant(at: scope, by: actor.principal)

        let token = APIKeyToken.generate(for: scope.level)
        let key = APIKey(
            id: actor.ids.new(), principalID: actor.ids.new(), scope: scope, keyID: token.keyID, displayName: name,
            role: new.role, lastFour: token.lastFour,
            life: APIKeyLife(
                createdAt: actor.now, createdBy: actor.principal.id, expiresAt: new.expiresAt, revokedAt: nil,
                lastUsedAt: nil),
            revision: 1)
        let issued = IssuedAPIKey(key: key, token: token)
        try PrincipalStore.insert(key.principalID, .apiKey, named: name, at: scope, tx, actor)
        try PrincipalStore.bind(
            key.principalID, new.role, at: scope, until: new.expiresAt, tx, actor)
        try APIKeyStore.insert(issued, tx)
        try audit("create", key, tx, actor)
        return issued
    }

    /// Ends a key at once; repeating it changes nothing.
    package func revoke(
        _ id: APIKeyID, expecting: ExpectedRevision = .anything, _ tx: borrowing Transaction<ScopeNode>,
        _ actor: Actor
    ) throws -> APIKey {
        guard let key = try APIKeyStore.findForUpdate(id, tx) else { throw Problem.notFound("API key") }
        try expecting.check(key.revision)
        guard key.life.revokedAt == nil else { return key }
        try APIKeyStore.revoke(id, at: actor.now, tx)
        try audit("revoke", key, tx, actor)
        return try get(id, tx)
    }

    /// A new secret for the same key, so that its name, role and history stay; the old secret ends at once. The rule of
    /// creation holds again: nobody gets at a key that can do more than they can.
    package func rotate(
        _ id: APIKeyID, expecting: ExpectedRevision = .anything, _ tx: borrowing Transaction<ScopeNode>,
        _ actor: Actor
    ) throws -> IssuedAPIKey {
        guard let key = try APIKeyStore.findForUpdate(id, tx) else { throw Problem.notFound("API key") }
        try expecting.check(key.revision)
        guard key.life.state(at: actor.now) == .active else {
            throw Problem.conflict("KEY_ENDED", "This key is revoked or expired. Create a new one.")
        }
        try Role.named(key.role)?.checkGrant(at: key.scope, by: actor.principal)
        let token = APIKeyToken.generate(for: key.scope.level, keyID: key.keyID)
        try APIKeyStore.replaceSecret(of: id, with: token, tx)
        try audit("rotate", key, tx, actor)
        return IssuedAPIKey(key: try get(id, tx), token: token)
    }

    /// Where the key will live; nothing outside the actor's scope exists.
    private func scope(
        of new: NewAPIKey, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> ScopeNode {
        if let tenantID = new.tenantID {
            guard let tenant = try TenantStore.find(tenantID, tx),
                new.organisationID == nil || new.organisationID == tenant.placement.organisationID
            else { throw Problem.notFound("tenant") }
            guard ![.archived, .purged].contains(tenant.state.name) else {
                throw Problem.conflict("TENANT_STATE", "An archived tenant gets no new keys.")
            }
            return .tenant(tenantID, of: tenant.placement.organisationID)
        }
        guard let requested = new.organisationID else { return actor.scope }
        let id = try actor.organisation(requested)
        guard try OrganisationStore.find(id, tx) != nil else { throw Problem.notFound("organisation") }
        return .organisation(id)
    }

    private func audit(
        _ verb: String, _ key: APIKey, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        try tx.audit(
            "api_key.\(verb)", target: key.id, organisation: key.scope.organisationID, tenant: key.scope.tenantID,
            detail: ["key_id": key.keyID, "name": key.displayName, "role": key.role.rawValue], by: actor)
    }
}
