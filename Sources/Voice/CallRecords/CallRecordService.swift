import FoundationEssentials
import Kernel
import Postgres
import Telephony
import Tenancy

/// Takes records from nodes and shows them to people.
package struct CallRecordService: Sendable {
    let work: UnitOfWork
    let ledger: CallLedger
    private let groups: RecordGroups
    package let quarantine: QuarantineService
    private let owners: RecordOwners

    /// How long a body is kept, and how long it stays known who called whom.
    package struct Retention: Sendable {
        package var bodies = Duration.seconds(45 * 86_400)
        /// Six months after the bill is the most that the law of the strictest market allows.
        package var parties = Duration.seconds(180 * 86_400)

        package init() {}
    }

    package init(work: UnitOfWork, links: VoiceLinks, settle: @escaping SettleLease) {
        self.work = work
        let ledger = CallLedger(links: links, settle: settle)
        self.ledger = ledger
        groups = RecordGroups { entries in
            guard let owner = entries.first?.owner else { return [] }
            return try await work.database.transaction(for: owner.scope) { tx in
                try ledger.enter(entries, at: work.time.now, tx)
            }
        }
        quarantine = QuarantineService(work: work)
        owners = RecordOwners(database: work.database)
    }

    // MARK: Records from nodes

    /// Stores one delivered body. Returns only after the commit; an error means that nothing was stored, and the node
    /// must come again.
    package func accept(_ body: [UInt8], from source: RecordSource) async throws -> RecordAcceptance {
        let record: CallRecord
        do throws(MalformedRecord) {
            record = try CallRecordReader.read(body)
        } catch {
            return try await quarantine.keep(body, nil, Finding(error), source)
        }
        return try await book(record, body, source) { finding in
            try await quarantine.keep(body, record, finding, source)
        }
    }

    /// Tries a quarantined body again. What still cannot be booked stays as it is.
    func replay(_ item: QuarantinedRecord, body: [UInt8]) async throws -> RecordAcceptance {
        let record: CallRecord
        do throws(MalformedRecord) {
            record = try CallRecordReader.read(body)
        } catch {
            return .quarantined(error.reason.rawValue)
        }
        return try await book(record, body, item.source) { .quarantined($0.reason) }
    }

    private func book(
        _ record: CallRecord, _ body: [UInt8], _ source: RecordSource,
        otherwise keep: (Finding) async throws -> RecordAcceptance
    ) async throws -> RecordAcceptance {
        guard Self.isPlausible(record, now: work.time.now) else { return try await keep(.implausibleTime) }
        guard let owner = try await owners.owner(of: record) else {
            return record.isMisdialled ? .dismissed : try await keep(.unknownTenant)
        }
        guard source.mayReport(for: owner) else { return try await keep(.foreignTenant) }
        do {
            return try await groups.book(CallLedger.Entry(record: record, body: body, owner: owner, source: source))
        } catch let problem as Problem where problem.status < 500 {
            // It would be refused each time: the node shall not come again, a person shall look.
            return try await keep(Finding(problem))
        }
    }

    /// A node whose clock is wrong would bill another month.
    private static func isPlausible(_ record: CallRecord, now: Timestamp) -> Bool {
        record.times.ended <= now.advanced(by: .seconds(300))
            && record.times.started > now.advanced(by: .seconds(-400 * 86_400))
    }

    /// Tries what waits for another leg; named job, a batch at a time. Says how many were booked.
    package func retryWaiting(limit: Int = 200) async throws -> Int {
        var booked = 0
        for id in try await quarantine.ready(limit: limit) {
            if case .quarantined = try await quarantine.replay(id, as: .system("retry call records"), using: self) {
                continue
            }
            booked += 1
        }
        return booked
    }

    /// Ends the retention of bodies, of who called whom and of the plans that named people; one batch each, and how many
    /// rows it changed.
    package func endRetention(_ retention: Retention = Retention(), limit: Int = 1_000) async throws -> Int {
        try await work.perform(job: "end retention of call records") { tx, actor in
            let bodies = actor.now.advanced(by: .zero - retention.bodies)
            let parties = actor.now.advanced(by: .zero - retention.parties)
            return try CallLegStore.deleteBodies(before: bodies, limit: limit, tx)
                + QuarantineStore.deleteResolved(before: bodies, limit: limit, tx)
                + PlanRevisionStore.deleteReplaced(before: parties, limit: limit, tx)
                + CallLegStore.erase(before: parties, limit: limit, at: actor.now, tx)
        }
    }

    // MARK: Reading

    /// Newest first. Numbers are masked in lists; opening a call shows them.
    package func list(
        _ tenant: TenantID, _ filter: CallFilter, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<CallLeg> {
        _ = try TenantStore.organisation(of: tenant, tx)
        let cursor = page.cursor.flatMap { CallCursor($0) }
        if page.cursor != nil, cursor == nil {
            throw Problem.invalid("cursor", "is no cursor of this list; begin without one")
        }
        let rows = try CallLegStore.list(tenant, filter, before: cursor, limit: page.limit + 1, tx)
        return Page(rows: rows.map { $0.masked() }, limit: page.limit) { CallCursor($0).text }
    }

    /// All legs of a call in full. Whoever opens it is on record.
    package func open(
        _ call: CallID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> [CallLeg] {
        var filter = CallFilter()
        filter.callID = call
        let legs = try CallLegStore.list(tenant, filter, before: nil, limit: Limits.pageMaximum, tx)
        guard let first = legs.last else { throw Problem.notFound("call") }
        try tx.audit(
            "call_record.open", target: call, organisation: first.identity.organisationID, tenant: tenant, by: actor)
        return legs.reversed()
    }

    /// The body of a leg's record, while it is kept. Whoever opens it is on record.
    package func body(
        of leg: CallLegID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> [UInt8] {
        let organisation = try TenantStore.organisation(of: tenant, tx)
        guard let body = try CallLegStore.body(of: leg, tenant, tx) else { throw Problem.notFound("call record") }
        try tx.audit(
            "call_record.open_body", target: leg, organisation: organisation, tenant: tenant, by: actor)
        return body
    }
}

extension CallRecord {
    /// Whether a carrier brought a call that nobody answered and on which we put no tenant.
    fileprivate var isMisdialled: Bool {
        leg.side == .inbound && carrier != nil && times.answered == nil && marks.tenant == nil
    }
}

extension CallLeg {
    /// The same without the last three characters of numbers outside.
    func masked() -> CallLeg {
        CallLeg(
            identity: identity, metering: metering, callClass: callClass, times: times, outcome: outcome,
            parties: Parties(
                caller: Self.masked(parties.caller), dialled: Self.masked(parties.dialled),
                destination: Self.masked(parties.destination), sipUser: parties.sipUser, networkAddress: ""),
            origin: origin, state: state)
    }

    /// A number for people who have not opened the call. Extensions inside are short and stay.
    package static func masked(_ number: String) -> String {
        number.count > 6 ? String(number.dropLast(3)) + "•••" : number
    }
}

extension TenantStore {
    /// Where the tenant is. 404 for one that the scope may not see, like for one that does not exist.
    static func placement(of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> TenantPlacement {
        guard let found = try find(tenant, tx) else { throw Problem.notFound("tenant") }
        return found.placement
    }

    /// Whose tenant it is. 404 as for `placement`.
    static func organisation(
        of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> OrganisationID {
        try placement(of: tenant, tx).organisationID
    }
}
