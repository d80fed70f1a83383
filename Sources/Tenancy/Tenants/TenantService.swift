import Kernel
import Postgres

/// Why a tenant of this organisation and program cannot have voice; `nil` when it can.
package typealias VoiceRefusalOf =
    @Sendable (borrowing Transaction<ScopeNode>, OrganisationID, Program) throws -> Problem?

/// Why a production tenant may not go live yet; `nil` when it may. Billing knows the documents of contracts.
package typealias GoLiveRefusalOf = @Sendable (borrowing Transaction<ScopeNode>, LivePlacement) throws -> Problem?

/// Whose tenant goes live in which program, and for which end-customer.
package struct LivePlacement: Sendable, Hashable {
    package let organisationID: OrganisationID
    package let program: Program
    /// Of a deployment always known.
    package let endCustomerID: OrganisationID?

    package init(organisationID: OrganisationID, program: Program, endCustomerID: OrganisationID?) {
        self.organisationID = organisationID
        self.program = program
        self.endCustomerID = endCustomerID
    }
}

/// Which programs include telephony (domain section 7), as far as it follows from the program alone.
package enum VoiceRule {
    /// Enterprise sells voice as an add-on; the other two need something in their contract.
    package static func refusal(for program: Program) -> Problem? {
        switch program {
        case .enterprise: nil
        case .solution:
            .refused(
                "VOICE_NEEDS_ORDER_FORM",
                "Solution Partners get voice by order form. Add the order form to the contract first.",
                field: "voice_enabled")
        case .deployment:
            .refused(
                "VOICE_NEEDS_PREMIUM",
                "Telephony is part of the Premium size; Standard has the voice widget, Compact has no voice.",
                field: "voice_enabled")
        }
    }
}

/// The use cases of tenants.
package struct TenantService: Sendable {
    let programs: ProgramsOf
    let voiceRefusal: VoiceRefusalOf
    let goLiveRefusal: GoLiveRefusalOf

    package init(
        programs: @escaping ProgramsOf, voiceRefusal: @escaping VoiceRefusalOf,
        goLiveRefusal: @escaping GoLiveRefusalOf
    ) {
        self.programs = programs
        self.voiceRefusal = voiceRefusal
        self.goLiveRefusal = goLiveRefusal
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(_ id: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> Tenant {
        guard let tenant = try TenantStore.find(id, tx) else { throw Problem.notFound("tenant") }
        return tenant
    }

    /// In the order of creation.
    package func list(
        _ filter: TenantFilter, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Tenant> {
        let rows = try TenantStore.list(filter, after: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.id)" }
    }

    /// Places a tenant on an instance, as far as the topology of its organisation's programs allows.
    package func create(
        _ new: NewTenant, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Tenant {
        guard NewTenant.isSlug(new.slug) else {
            throw Problem.invalid(
                "slug", "must have 1 to 63 lower-case letters, digits or hyphens, with no hyphen at either end")
        }
        var changes = TenantChanges()
        changes.displayName = new.settings.displayName
        var settings = try changes.applied(to: new.settings)
        let party = try party(try actor.organisation(new.organisationID), tx)
        guard let instance = try InstanceStore.find(new.instanceID, tx) else { throw Problem.notFound("instance") }
        settings.endCustomerID = try Topology.endCustomer(
            ofTenantBy: party, on: instance, requested: try customer(settings.endCustomerID, tx))
        try checkVoice(settings, of: party, at: instance.host, tx)
        var tenant = Tenant(
            id: actor.ids.new(),
            placement: TenantPlacement(
                organisationID: party.organisation.id, instanceID: instance.id, host: instance.host),
            slug: new.slug, settings: settings, state: .provisioning, revision: 1, createdAt: actor.now,
            updatedAt: actor.now)
        guard try TenantStore.insert(tenant, tx) else {
            throw Problem.conflict("SLUG_TAKEN", "The slug '\(new.slug)' is taken on this instance. Choose another.")
        }
        let facts = ["instance_id": "\(instance.id)", "slug": new.slug]
        try record("create", tenant, .difference([:], tenant.auditFields, facts: facts), tx, actor)
        if new.activates { tenant = try transition(tenant, .activate, tx, actor) }
        return tenant
    }

    /// Changes what is given; an archived tenant stays as it is.
    package func update(
        _ id: TenantID, _ changes: TenantChanges, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Tenant {
        let current = try locked(id, expecting, tx)
        guard ![.archived, .purged].contains(current.state.name) else {
            throw Problem.conflict("TENANT_STATE", "An archived tenant cannot be changed.")
        }
        var changed = current
        changed.settings = try changes.applied(to: current.settings)
        if let customer = changes.endCustomerID {
            changed.settings.endCustomerID = try Topology.checkEndCustomer(
                try self.customer(customer, tx), of: try party(current.placement.organisationID, tx),
                on: try instance(of: current, tx))
        }
        if !current.settings.voiceEnabled {
            try checkVoice(
                changed.settings, of: try party(current.placement.organisationID, tx), at: current.placement.host, tx)
        }
        if !current.isLive { try checkGoLive(changed, tx) }
        guard changed != current else { return current }
        let updated = try TenantStore.update(changed, at: actor.now, tx)
        let detail = AuditDetail.difference(current.auditFields, updated.auditFields)
        try record("update", updated, detail, isBillable: updated.isBilledUnlike(current), tx, actor)
        return updated
    }

    /// Takes one step of the tenant's life.
    package func transition(
        _ id: TenantID, _ transition: TenantTransition, expecting: ExpectedRevision = .anything,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Tenant {
        try self.transition(locked(id, expecting, tx), transition, tx, actor)
    }

    /// Purges archived tenants whose retention is over, at most `limit` in one transaction, and says how many. A named
    /// job: call again while it is `limit`.
    package func purgeDue(
        limit: Int = 100, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Int {
        let due = try TenantStore.due(at: actor.now, limit: limit, tx)
        for id in due { _ = try transition(id, .purge(reason: "", early: false), tx, actor) }
        return due.count
    }

    private func transition(
        _ tenant: Tenant, _ transition: TenantTransition, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Tenant {
        var changed = tenant
        changed.state = try tenant.state.after(transition, at: actor.now)
        if !tenant.isLive { try checkGoLive(changed, tx) }
        let updated = try TenantStore.update(changed, at: actor.now, tx)
        if case .archived = updated.state {
            try APIKeyStore.revokeAll(of: tenant.id, at: actor.now, tx)
        }
        var detail = AuditDetail.difference(tenant.auditFields, updated.auditFields)
        if case .purge(let reason, true) = transition, let due = tenant.state.purgeAt, actor.now < due {
            detail.facts["early"] = "true"
            detail.facts["reason"] = reason
        }
        try record(transition.verb, updated, detail, tx, actor)
        return updated
    }

    /// The two traces of a change: what the bill is computed from, and what people read.
    private func record(
        _ verb: String, _ tenant: Tenant, _ detail: AuditDetail, isBillable: Bool = true,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        if isBillable { try TenantStore.appendTransition(of: tenant, reason: tenant.state.reason, tx, actor) }
        try tx.audit(
            "tenant.\(verb)", target: tenant.id, organisation: tenant.placement.organisationID, tenant: tenant.id,
            detail: detail, by: actor)
    }

    private func locked(
        _ id: TenantID, _ expecting: ExpectedRevision, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Tenant {
        guard let tenant = try TenantStore.findForUpdate(id, tx) else { throw Problem.notFound("tenant") }
        try expecting.check(tenant.revision)
        return tenant
    }

    private func party(_ id: OrganisationID, _ tx: borrowing Transaction<ScopeNode>) throws -> Topology.Party {
        guard let organisation = try OrganisationStore.find(id, tx) else { throw Problem.notFound("organisation") }
        return Topology.Party(organisation, programs: try programs(tx, id))
    }

    private func customer(
        _ id: OrganisationID?, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Organisation? {
        guard let id else { return nil }
        guard let customer = try OrganisationStore.find(id, tx) else { throw Problem.notFound("organisation") }
        return customer
    }

    private func instance(of tenant: Tenant, _ tx: borrowing Transaction<ScopeNode>) throws -> Instance {
        guard let instance = try InstanceStore.find(tenant.placement.instanceID, tx) else {
            throw Problem.notFound("instance")
        }
        return instance
    }

    /// The vendor's own tenants have no program that could gate them.
    private func checkVoice(
        _ settings: TenantSettings, of party: Topology.Party, at host: InstanceHost,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        guard settings.voiceEnabled, party.organisation.kind != .vendor else { return }
        if let refusal = try voiceRefusal(tx, party.organisation.id, host.program) { throw refusal }
    }

    /// No contract goes live without its documents (domain 3); the vendor's own tenants have none.
    private func checkGoLive(_ tenant: Tenant, _ tx: borrowing Transaction<ScopeNode>) throws {
        let placement = tenant.placement
        guard tenant.isLive else { return }
        guard let owner = try OrganisationStore.find(placement.organisationID, tx) else {
            throw Problem.notFound("organisation")
        }
        guard owner.kind != .vendor else { return }
        let party = LivePlacement(
            organisationID: owner.id, program: placement.host.program, endCustomerID: tenant.settings.endCustomerID)
        if let refusal = try goLiveRefusal(tx, party) { throw refusal }
    }
}

extension Tenant {
    /// In production and provisioned: serves somebody.
    fileprivate var isLive: Bool {
        settings.kind == .production && (state.name == .active || state.name == .suspended)
    }

    /// Whether a bill can differ between the two.
    fileprivate func isBilledUnlike(_ other: Tenant) -> Bool {
        settings.kind != other.settings.kind || settings.voiceEnabled != other.settings.voiceEnabled
    }
}
