import Kernel
import Postgres
import Telephony
import Tenancy

/// The phones of a tenant, and their secrets.
package struct SIPUserService: Sendable {
    let box: SecretBox

    // MARK: Reading

    package func list(
        of id: TenantID, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<SIPUserView> {
        let tenant = try VoiceTenant.get(id, tx)
        let rows = try SIPUserStore.list(of: id, after: page.cursorID(), limit: page.limit + 1, tx)
        let found = Page(rows: rows, limit: page.limit) { "\($0.value.id)" }
        let states = try states(of: found.items.map(\.value.id), tenant, tx)
        return found.map { stored in
            SIPUserView(stored: stored, domain: tenant.domain, credentials: states[stored.value.id] ?? [])
        }
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(
        _ id: SIPUserID, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> SIPUserView {
        let tenant = try VoiceTenant.get(tenantID, tx)
        return try view(found(id, tenant, tx), tenant, tx)
    }

    // MARK: Changing

    /// A user with the given secret, or with one of ours, which the answer shows once.
    package func create(
        _ fields: SIPUserFields, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> SIPUserView {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let user = try checked(fields, id: actor.ids.new())
        let secret = try fields.secret.map { text throws(Problem) in try SIPSecret.chosen(text, name: user.name) }
        try take(user.name, for: user.id, tenant, tx)
        do { try SIPUserStore.insert(user, of: tenant, at: actor.now, tx) } catch {
            throw VoiceConstraints.onWrite(error)
        }
        let used = secret ?? SIPSecret.generated()
        try put(used, into: 1, of: user, tenant, tx, actor)
        let stored = try found(user.id, tenant, tx)
        try tx.recordVoiceChange(
            "create_user", user.id, of: tenant, .difference([:], stored.value.auditFields), by: actor)
        var view = try view(stored, tenant, tx)
        view.issuedSecret = secret == nil ? used : nil
        return view
    }

    /// Replaces the settings. Another name makes new digests, so every secret of the user has to be readable.
    package func update(
        _ id: SIPUserID, _ fields: SIPUserFields, of tenantID: TenantID, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> SIPUserView {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let before = try found(id, tenant, tx)
        try expecting.check(before.revision)
        guard fields.secret == nil else {
            throw Problem.invalid("secret", "is not changed here; send it to …/users/\(id):rotate")
        }
        let user = try checked(fields, id: id)
        if user.name != before.value.name {
            try take(user.name, for: id, tenant, tx)
            try ExtensionStore.giveBack(before.value.name, of: tenantID, tx)
            try renewDigests(of: id, name: user.name, domain: tenant.domain, tenant, tx)
        }
        do { try SIPUserStore.update(user, of: tenantID, at: actor.now, tx) } catch {
            throw VoiceConstraints.onWrite(error)
        }
        let after = try found(id, tenant, tx)
        try tx.recordVoiceChange(
            "update_user", id, of: tenant, .difference(before.value.auditFields, after.value.auditFields), by: actor)
        return try view(after, tenant, tx)
    }

    package func delete(
        _ id: SIPUserID, of tenantID: TenantID, expecting: ExpectedRevision, _ tx: borrowing Transaction<ScopeNode>,
        _ actor: Actor
    ) throws {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let user = try found(id, tenant, tx)
        try expecting.check(user.revision)
        do { try SIPUserStore.delete(id, of: tenantID, tx) } catch { throw VoiceConstraints.onDelete(error) }
        try ExtensionStore.giveBack(user.value.name, of: tenantID, tx)
        try tx.recordVoiceChange(
            "delete_user", id, of: tenant, .difference(user.value.auditFields, [:]), by: actor)
    }

    /// A new secret beside the old one, which goes on working until `oldExpiresAt` so that no phone is cut off.
    package func rotate(
        _ rotation: SIPSecretRotation, of id: SIPUserID, _ tenantID: TenantID,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> SIPUserView {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let before = try found(id, tenant, tx)
        try rotation.expecting.check(before.revision)
        let user = before.value
        let end = try oldEnd(rotation.oldExpiresAt, actor.now)
        let present = try SIPCredentialStore.list(of: [id], tenantID, tx)
        guard present.count < 2 else {
            throw Problem.conflict(
                "ROTATION_RUNNING",
                "The last rotation still runs: two secrets are valid. End the old one first: …/users/\(id):retire.")
        }
        let secret = try rotation.secret.map { text throws(Problem) in try SIPSecret.chosen(text, name: user.name) }
        let used = secret ?? SIPSecret.generated()
        try SIPCredentialStore.expire(id, tenantID, at: end, tx)
        try put(used, into: present.first?.slot == 1 ? 2 : 1, of: user, tenant, tx, actor)
        try SIPUserStore.update(user, of: tenantID, at: actor.now, tx)
        try tx.recordVoiceChange(
            "rotate_secret", id, of: tenant, ["name": user.name, "old_expires_at": "\(end)"], by: actor)
        var view = try view(found(id, tenant, tx), tenant, tx)
        view.issuedSecret = secret == nil ? used : nil
        return view
    }

    /// Ends the old secret of a rotation now; without one nothing changes.
    package func retire(
        _ id: SIPUserID, of tenantID: TenantID, expecting: ExpectedRevision, _ tx: borrowing Transaction<ScopeNode>,
        _ actor: Actor
    ) throws -> SIPUserView {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let user = try found(id, tenant, tx)
        try expecting.check(user.revision)
        guard user.value.digests.count > 1 else { return try view(user, tenant, tx) }
        try SIPCredentialStore.deleteOld(id, tenantID, tx)
        try SIPUserStore.update(user.value, of: tenantID, at: actor.now, tx)
        try tx.recordVoiceChange("retire_secret", id, of: tenant, ["name": user.value.name], by: actor)
        return try view(found(id, tenant, tx), tenant, tx)
    }

    /// Ends old secrets whose time is over, at most `limit`, over all tenants. A named job: call again while it is `limit`.
    package func retireExpired(
        limit: Int = 200, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Int {
        let ended = try SIPCredentialStore.deleteExpired(at: actor.now, limit: limit, tx)
        for (tenant, organisation, user) in ended {
            try tx.audit(
                "voice.retire_secret", target: user, organisation: organisation, tenant: tenant, by: actor)
        }
        for (tenant, organisation, _) in ended.sorted(by: { $0.0 < $1.0 }) {
            try PlanChangeStore.bump(tenant, of: organisation, at: actor.now, tx)
        }
        return ended.count
    }

    /// New digests of every secret of the tenant, for a new domain. 409 `SECRET_NEEDS_REENTRY` names the first user whose
    /// secret cannot be read.
    func renewDigests(
        of tenant: VoiceTenant, domain: String, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        for (id, name) in try SIPCredentialStore.users(of: tenant.id, tx) {
            try renewDigests(of: id, name: name, domain: domain, tenant, tx)
        }
    }

    // MARK: Parts

    private func renewDigests(
        of id: SIPUserID, name: String, domain: String, _ tenant: VoiceTenant,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        for credential in try SIPCredentialStore.list(of: [id], tenant.id, tx) {
            guard let secret = try box.open(credential.secret, context(id, credential.slot, tenant), tx).secret else {
                throw Problem.conflict(
                    "SECRET_NEEDS_REENTRY",
                    "The secret of '\(name)' cannot be read any more. Give the user a new one first: …/users/\(id):rotate."
                )
            }
            try SIPCredentialStore.set(
                digest: SIPSecret.digest(name: name, domain: domain, secret), slot: credential.slot, of: id, tenant.id,
                tx)
        }
    }

    private func put(
        _ secret: PlainSecret, into slot: Int, of user: SIPUser, _ tenant: VoiceTenant,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        let sealed = try box.seal(secret, context(user.id, slot, tenant), tx, actor)
        let digest = SIPSecret.digest(name: user.name, domain: tenant.domain, secret)
        try SIPCredentialStore.insert(
            SIPCredentialStore.New(secret: sealed, digest: digest, slot: slot), of: user.id, tenant, at: actor.now, tx)
    }

    private func context(_ id: SIPUserID, _ slot: Int, _ tenant: VoiceTenant) -> SecretContext {
        SecretContext(tenant.secretOwner, table: "sip_credential", column: "secret", row: "\(id)/\(slot)")
    }

    private func found(
        _ id: SIPUserID, _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<SIPUser> {
        guard let user = try SIPUserStore.find(id, of: tenant.id, tx) else { throw Problem.notFound("user") }
        return user
    }

    private func view(
        _ stored: Stored<SIPUser>, _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> SIPUserView {
        let states = try states(of: [stored.value.id], tenant, tx)
        return SIPUserView(stored: stored, domain: tenant.domain, credentials: states[stored.value.id] ?? [])
    }

    private func states(
        of users: [SIPUserID], _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [SIPUserID: [SIPCredentialState]] {
        var states: [SIPUserID: [SIPCredentialState]] = [:]
        for credential in try SIPCredentialStore.list(of: users, tenant.id, tx) {
            let opened = try box.open(credential.secret, context(credential.userID, credential.slot, tenant), tx)
            states[credential.userID, default: []].append(
                SIPCredentialState(
                    createdAt: credential.createdAt, expiresAt: credential.expiresAt,
                    needsReentry: opened.secret == nil))
        }
        return states
    }

    private func take(
        _ name: String, for id: SIPUserID, _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try EmergencyNames.check(name, of: tenant, tx)
        guard try ExtensionStore.take(name, for: id, of: tenant, tx) else { throw Problem.extensionTaken(name) }
    }

    private func oldEnd(_ requested: Timestamp?, _ now: Timestamp) throws(Problem) -> Timestamp {
        guard let requested else { return now.advanced(by: .seconds(SIPSecret.rotationDays * 86_400)) }
        guard requested > now, requested <= now.advanced(by: .seconds(SIPSecret.longestRotationDays * 86_400)) else {
            throw .invalid(
                "old_expires_at", "must lie in the future, at most \(SIPSecret.longestRotationDays) days ahead")
        }
        return requested
    }

    private func checked(_ fields: SIPUserFields, id: SIPUserID) throws(Problem) -> SIPUser {
        var checks = FieldChecks()
        var displayName = ""
        let name = ExtensionName.checked(fields.name, "name", &checks) ?? ""
        checks.set(&displayName, fields.displayName, "display_name", 1...Limits.textCharacters)
        if let forward = fields.forward, !Self.isDiallable(forward.destination) {
            checks.refuse("forward.destination", "must be an extension, a national number or E.164, without blanks")
        }
        try checks.throwIfAny()
        return SIPUser(
            id: id, name: name, digests: [], displayName: displayName, callerNumber: fields.callerNumberID,
            siteID: fields.siteID, isEnabled: fields.enabled ?? true,
            forward: fields.forward.map { SIPUser.Forward(condition: $0.condition, destination: $0.destination) })
    }

    private static func isDiallable(_ text: String) -> Bool {
        let digits = text.hasPrefix("+") ? text.dropFirst() : text[...]
        return (1...32).contains(digits.utf8.count)
            && digits.utf8.allSatisfy {
                (48...57).contains($0) || (97...122).contains($0) || [0x2D, 0x2E, 0x5F].contains($0)
            }
    }
}

extension Problem {
    /// 409: a user or group of the tenant has the name.
    static func extensionTaken(_ name: String) -> Problem {
        .conflict("EXTENSION_TAKEN", "A user or group of this tenant is called '\(name)' already. Choose another name.")
    }
}

extension SIPUser {
    /// What the audit log compares; never a digest.
    var auditFields: [String: String] {
        [
            "name": name, "display_name": displayName, "caller_number_id": callerNumber?.description ?? "",
            "site_id": siteID?.description ?? "", "enabled": "\(isEnabled)",
            "forward": forward.map { "\($0.condition.rawValue) \($0.destination)" } ?? "",
        ]
    }
}
