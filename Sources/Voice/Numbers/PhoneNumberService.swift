import Kernel
import Postgres
import Telephony
import Tenancy

/// The numbers of a tenant and their life.
package struct PhoneNumberService: Sendable {
    package func list(
        of id: TenantID, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Stored<NumberRecord>> {
        _ = try VoiceTenant.get(id, tx)
        let rows = try PhoneNumberStore.list(of: id, after: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.value.number.id)" }
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(
        _ id: PhoneNumberID, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<NumberRecord> {
        _ = try VoiceTenant.get(tenantID, tx)
        return try found(id, tenantID, tx)
    }

    /// Oldest first.
    package func history(
        of id: PhoneNumberID, _ tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [NumberEvent] {
        _ = try get(id, of: tenantID, tx)
        return try PhoneNumberStore.history(of: id, tenantID, tx)
    }

    /// Enters a number that no tenant has; with routes it is assigned at once. Whoever enters a number gets its calls where
    /// tenants share a carrier, so a tenant's own key can only route what it was given.
    package func create(
        _ fields: PhoneNumberFields, of tenantID: TenantID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<NumberRecord> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        try actor.requireManager("A tenant's own key routes numbers and does not enter them.", field: "e164")
        guard let e164 = fields.e164 else { throw Problem.invalid("e164", "is required, for example +43720123456") }
        let number = try fields.checked(id: actor.ids.new(), e164: e164)
        let record = NumberRecord(
            number: number, state: number.routes.isEmpty ? .available : .assigned, stateSince: actor.now,
            agingUntil: nil)
        try take(number, tenant, tx)
        do { try PhoneNumberStore.insert(record, of: tenant, at: actor.now, tx) } catch {
            throw VoiceConstraints.onWrite(error)
        }
        let stored = try found(number.id, tenantID, tx)
        try PhoneNumberStore.append(stored, reason: "", tx, actor)
        try tx.recordVoiceChange(
            "create_number", number.id, of: tenant, .difference([:], record.auditFields), by: actor)
        return stored
    }

    /// Replaces the settings and the routes; a number with routes is assigned, one without is available.
    package func update(
        _ id: PhoneNumberID, _ fields: PhoneNumberFields, of tenantID: TenantID, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<NumberRecord> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let before = try found(id, tenantID, tx)
        try expecting.check(before.revision)
        let number = try fields.checked(id: id, e164: before.value.number.e164)
        let step = NumberStep.route(isRouted: !number.routes.isEmpty)
        return try take(Passage(step: step, before: before, number: number), tenant, tx, actor)
    }

    /// Takes a step of the number's life. A number that leaves the service loses its routes, and nobody may call with it.
    package func take(
        _ step: NumberStep, _ id: PhoneNumberID, of tenantID: TenantID, because cause: NumberStepCause = .init(),
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<NumberRecord> {
        let tenant = try VoiceTenant.locked(tenantID, tx)
        let before = try found(id, tenantID, tx)
        if step == .reclaim { try actor.requireManager("A tenant's own key does not take numbers back.") }
        try cause.expecting.check(before.revision)
        var checks = FieldChecks()
        var text = ""
        checks.set(&text, cause.reason, "reason", 0...Limits.textCharacters)
        try checks.throwIfAny()
        return try take(
            Passage(step: step, before: before, number: before.value.number.unrouted, reason: text), tenant, tx, actor)
    }

    /// Ends the rest of numbers, at most `limit`, over all tenants. A named job: call again while it is `limit`.
    package func releaseRested(
        limit: Int = 100, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Int {
        let due = try PhoneNumberStore.rested(at: actor.now, limit: limit, tx)
        for (tenantID, id) in due {
            let before = try found(id, tenantID, tx)
            // Voice may have been switched off meanwhile; the number ends its rest all the same.
            let tenant = VoiceTenant(
                id: tenantID, organisationID: before.organisationID, domain: "", country: .austria)
            _ = try take(
                Passage(
                    step: .endRest, before: before, number: before.value.number.unrouted, reason: "rest is over"),
                tenant, tx, actor)
        }
        return due.count
    }

    /// Gives all numbers of a tenant back into their rest. Nothing of the tenant may use them any more.
    func rest(
        of tenant: VoiceTenant, reason: String, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Int {
        let active = try PhoneNumberStore.inService(of: [tenant.id], tx)
        for before in active {
            _ = try take(
                Passage(
                    step: .release(immediately: false), before: before, number: before.value.number.unrouted,
                    reason: reason), tenant, tx, actor)
        }
        return active.count
    }

    // MARK: Parts

    /// One step with everything that belongs to it.
    private struct Passage {
        let step: NumberStep
        let before: Stored<NumberRecord>
        /// As it will be.
        let number: PhoneNumber
        var reason = ""
    }

    private func take(
        _ passage: Passage, _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<NumberRecord> {
        let (before, number) = (passage.before.value, passage.number)
        let state = try passage.step.next(from: before.state)
        if before.state.isInService, !state.isInService { try checkUnused(number.id, tenant.id, tx) }
        if state.isInService, !before.state.isInService { try take(number, tenant, tx) }
        if state == .portedOut || state == .released { try PhoneNumberStore.giveBack(number.id, of: tenant.id, tx) }
        let record = NumberRecord(
            number: number, state: state, stateSince: state == before.state ? before.stateSince : actor.now,
            agingUntil: state == .aging
                ? actor.now.advanced(by: .seconds(NumberState.agingDays * 86_400)) : nil)
        do {
            try PhoneNumberStore.update(record, of: tenant.id, tenant.organisationID, at: actor.now, tx)
        } catch {
            throw VoiceConstraints.onWrite(error)
        }
        let stored = try found(number.id, tenant.id, tx)
        if state != before.state { try PhoneNumberStore.append(stored, reason: passage.reason, tx, actor) }
        let detail = AuditDetail.difference(
            before.auditFields, record.auditFields, facts: passage.reason.isEmpty ? [:] : ["reason": passage.reason])
        try tx.recordVoiceChange(passage.step.action, number.id, of: tenant, detail, by: actor)
        return stored
    }

    private func checkUnused(
        _ id: PhoneNumberID, _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let uses = try PhoneNumberStore.countUses(of: id, tenant, tx)
        guard uses == (0, 0) else {
            throw Problem.conflict(
                "VOICE_IN_USE",
                "\(uses.users) users call with this number and \(uses.sites) sites call back at it. Give them another one "
                    + "first.")
        }
    }

    private func take(
        _ number: PhoneNumber, _ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        guard try PhoneNumberStore.take(number, for: tenant, tx) else {
            throw Problem.conflict(
                "NUMBER_TAKEN",
                "\(number.e164) is in use. If it was taken over from another tenant, it has to be ported out there first."
            )
        }
    }

    private func found(
        _ id: PhoneNumberID, _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<NumberRecord> {
        guard let number = try PhoneNumberStore.find(id, of: tenant, tx) else { throw Problem.notFound("number") }
        return number
    }
}

extension PhoneNumber {
    /// The same without routes.
    fileprivate var unrouted: PhoneNumber {
        PhoneNumber(
            id: id, e164: e164, displayName: displayName, trunkID: trunkID, routes: [],
            concurrentLimit: concurrentLimit)
    }
}

extension NumberRecord {
    var auditFields: [String: String] {
        [
            "e164": "\(number.e164)", "display_name": number.displayName,
            "trunk_id": number.trunkID?.description ?? "",
            "concurrent_limit": number.concurrentLimit.map { "\($0)" } ?? "", "state": state.rawValue,
            "routes": number.routes.map(RouteFields.init).map(\.words).joined(separator: "; "),
        ]
    }
}

extension RouteFields {
    /// For the audit log.
    fileprivate var words: String {
        let target = agent ?? sipUserID?.description ?? callGroupID?.description ?? number?.description ?? ""
        return ["\(to.rawValue) \(target)".trimmed, scheduleID.map { "during \($0)" } ?? ""]
            .filter { !$0.isEmpty }.joined(separator: " ")
    }
}
