import Kernel
import Postgres
import Telephony
import Tenancy

/// Voice of a tenant as a whole: on, changed, off.
package struct SIPDomainService: Sendable {
    let tenants: TenantService
    let links: VoiceLinks
    let users: SIPUserService

    /// 404 without the tenant, 409 `VOICE_OFF` without voice.
    package func get(_ id: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> Stored<SIPDomain> {
        _ = try VoiceTenant.get(id, tx)
        guard let domain = try SIPDomainStore.find(id, tx) else { throw Problem.notFound("tenant") }
        return domain
    }

    /// Every tenant with voice that the scope shows.
    package func list(
        _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Stored<SIPDomain>> {
        let rows = try SIPDomainStore.list(after: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.tenantID)" }
    }

    /// Switches voice on: where the program allows it (domain section 7), with a domain that nobody has. It is charged from
    /// then on, so the tenant's own keys can only use what its organisation switched on.
    package func create(
        _ id: TenantID, _ fields: SIPDomainFields, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<SIPDomain> {
        guard let tenant = try TenantStore.find(id, tx) else { throw Problem.notFound("tenant") }
        guard ![.archived, .purged].contains(tenant.state.name) else {
            throw Problem.conflict("TENANT_STATE", "An archived tenant gets no voice.")
        }
        guard try SIPDomainStore.find(id, tx) == nil else {
            throw Problem.conflict("VOICE_ON", "This tenant has voice already. Change its domain with PUT.")
        }
        let domain = SIPDomain(name: try SIPDomain.canonical(fields.domain), country: fields.country)
        // its ordinary numbers are open to the tenant without a permission
        if Country.with(domain.country)?.risk == .high {
            try actor.requireManager("Calls within this country are of high risk.", field: "country")
        }
        try allow(tenant, tx, actor)
        let organisation = tenant.placement.organisationID
        try take(domain.name, for: id, of: organisation, tx)
        try SIPDomainStore.insert(domain, for: id, of: organisation, at: actor.now, tx)
        try VoiceSettingsStore.insertDefaults(for: id, of: organisation, at: actor.now, tx)
        let stored = try get(id, tx)
        try tx.recordVoiceChange(
            "switch_on", id, of: try VoiceTenant.get(id, tx), .difference([:], stored.value.auditFields), by: actor)
        return stored
    }

    /// Another name needs a new digest of every secret, so all of them have to be readable.
    package func update(
        _ id: TenantID, _ fields: SIPDomainFields, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<SIPDomain> {
        let tenant = try VoiceTenant.locked(id, tx)
        let before = try get(id, tx)
        try expecting.check(before.revision)
        let domain = SIPDomain(name: try SIPDomain.canonical(fields.domain), country: fields.country)
        guard domain != before.value else { return before }
        if domain.country != before.value.country {
            try actor.requireManager("The country decides what the tenant may call.", field: "country")
            try EmergencyNames.check(domain.country, of: tenant, tx)
        }
        if domain.name != before.value.name {
            try take(domain.name, for: id, of: tenant.organisationID, tx)
            try SIPDomainStore.giveBack(before.value.name, of: id, tx)
            try users.renewDigests(of: tenant, domain: domain.name, tx)
        }
        try SIPDomainStore.update(domain, of: id, at: actor.now, tx)
        try tx.recordVoiceChange(
            "change_domain", id, of: tenant, .difference(before.value.auditFields, domain.auditFields), by: actor)
        return try get(id, tx)
    }

    /// Switches voice off, when nothing is left that would ring, and ends its charge. Its limits end with it, so only
    /// whoever manages the tenant can.
    package func delete(
        _ id: TenantID, expecting: ExpectedRevision, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        let tenant = try VoiceTenant.locked(id, tx)
        let domain = try get(id, tx)
        try actor.requireManager("A tenant's own key cannot switch voice off.")
        try expecting.check(domain.revision)
        let left = try SIPDomainStore.countInUse(id, tx)
        guard left == (0, 0, 0, 0) else {
            throw Problem.conflict(
                "VOICE_IN_USE",
                "There are still \(left.users) users, \(left.groups) groups, \(left.trunks) trunks and \(left.numbers) "
                    + "numbers. Delete or release them first.")
        }
        try SIPDomainStore.giveBack(tenant.domain, of: id, tx)
        try VoiceSettingsStore.delete(id, tx)
        try SIPDomainStore.delete(id, tx)
        try tx.recordVoiceChange(
            "switch_off", id, of: tenant, .difference(domain.value.auditFields, [:]), by: actor)
        try set(enabled: false, id, tx, actor)
    }

    private func allow(
        _ tenant: Tenant, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        guard actor.scope.tenantID == nil else {
            guard tenant.settings.voiceEnabled else {
                throw Problem.refused(
                    "VOICE_NOT_ENABLED",
                    "Voice costs extra and is not switched on for this tenant. Ask the organisation that manages it.")
            }
            return
        }
        if let bar = try links.terms(tx, tenant.id, actor.now).bar {
            throw Problem.refused(
                "VOICE_PROGRAM", bar.wayOut(for: tenant.placement.host.program), field: "tenant_id")
        }
        if !tenant.settings.voiceEnabled { try set(enabled: true, tenant.id, tx, actor) }
    }

    private func set(
        enabled: Bool, _ id: TenantID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        var changes = TenantChanges()
        changes.voiceEnabled = enabled
        _ = try tenants.update(id, changes, expecting: .anything, tx, actor)
    }

    private func take(
        _ name: String, for id: TenantID, of organisation: OrganisationID, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        guard try SIPDomainStore.take(name, for: id, of: organisation, tx) else {
            throw Problem.conflict("DOMAIN_TAKEN", "The domain '\(name)' is in use. Choose another, or a subdomain.")
        }
    }
}

extension SIPDomain {
    var auditFields: [String: String] { ["domain": name, "country": country.code] }
}

extension TenantPlan.Bar {
    /// What to do about it.
    package func wayOut(for program: Program) -> String {
        switch (self, program) {
        case (.programWithoutTelephony, .solution):
            "Solution Partners get voice by order form. Add an order form with the reference 'voice' to the contract."
        case (.programWithoutTelephony, .deployment):
            "Telephony is part of the Premium size. Order a Premium instance; Standard has the voice widget only."
        case (.programWithoutTelephony, .enterprise):
            "Voice is an add-on of the Enterprise licence, and no such contract is in force. Sign it first."
        case (.voiceOff, _): "Voice is switched off for the tenant."
        case (.tenantInactive, _): "The tenant is not active."
        }
    }
}
