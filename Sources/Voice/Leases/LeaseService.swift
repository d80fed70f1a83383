import Kernel
import Logging
import Postgres
import Telephony
import Tenancy

/// Authorises legs and keeps their minutes: granted before a call, renewed while it lasts, given back when its record is
/// booked.
package struct LeaseService: Sendable {
    let database: Database
    private let ids: IDSource
    private let plan: @Sendable (TenantID) -> VoicePlan.Entry?
    private let logger: Logger
    private let graces = GraceMemory()

    /// - Parameter plan: a tenant's plan in force, from memory.
    package init(
        database: Database, ids: IDSource, logger: Logger, plan: @escaping @Sendable (TenantID) -> VoicePlan.Entry?
    ) {
        self.database = database
        self.ids = ids
        self.logger = logger
        self.plan = plan
    }

    /// The plan in force; 404 for a tenant without voice, as for one that nobody may see.
    func entry(_ tenant: TenantID) throws -> VoicePlan.Entry {
        guard let entry = plan(tenant) else { throw Problem.notFound("tenant with voice") }
        return entry
    }

    /// 404 when the scope may not see the tenant.
    func checkVisible(_ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        guard try TenantStore.find(tenant, tx) != nil else { throw Problem.notFound("tenant with voice") }
    }

    // MARK: - Before a call

    /// Decides about a leg and stores what it is granted. Legs that are refused whatever the minutes, and those that
    /// nobody meters, are answered without a query. When the database cannot be asked, or the tenant's month stays locked
    /// for longer than a call can wait, the decision is the one for that: never a yes to everything, and never a no to an
    /// emergency.
    /// - Parameter trunksDown: what nodes told of gateways.
    package func decide(
        _ leg: LegRequest, _ entry: VoicePlan.Entry, trunksDown: Set<TrunkID> = []
    ) async -> Decision {
        var standing = Standing()
        standing.trunksDown = trunksDown
        let quick = authorise(leg, entry, standing)
        guard let route = quick.route, !route.meteredLegs.isEmpty else { return quick }
        do {
            return try await database.transaction(
                for: ScopeNode.platform, options: TransactionOptions(deadline: Self.patience)
            ) { tx in
                try reserve(leg, entry, to: route.destination, trunksDown: trunksDown, tx)
            }
        } catch {
            logger.warning("a leg is decided without its standing", metadata: ["error": "\(error)"])
            return graces.decide(leg, entry, trunksDown: trunksDown)
        }
    }

    /// Hand this to `SwitchService`.
    /// - Parameter trunksDown: the trunks of a tenant that nodes reported as not usable.
    package func deciding(trunksDown: @escaping TrunksDown = { _ in [] }) -> SwitchService.Decide {
        { origin in await decide(origin.leg, origin.entry, trunksDown: trunksDown(origin.entry.plan)) }
    }

    /// What nodes told of a tenant's gateways.
    package typealias TrunksDown = @Sendable (TenantPlan) -> Set<TrunkID>

    /// - Parameter destination: where the leg goes outside, as far as the limits look back at that.
    private func reserve(
        _ leg: LegRequest, _ entry: VoicePlan.Entry, to destination: Destination?, trunksDown: Set<TrunkID>,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Decision {
        let place = try place(of: entry.plan.identity, at: leg.now)
        let question = StandingStore.Question(place: place, destination: destination?.number, now: leg.now)
        var standing = try StandingStore.standing(for: question, replacing: leg, tx)
        standing.trunksDown = trunksDown
        let decision = authorise(leg, entry, standing)
        guard let route = decision.route, let grant = route.grant else { return decision }
        let lease: LeaseID = ids.new()
        let life = LeaseTimes.ringing + .seconds(route.hangupAfterSeconds ?? 0) + LeaseTimes.margin
        let leases = route.meteredLegs.map { side in
            Lease(
                key: Lease.Key(tenantID: place.tenantID, leaseID: lease, leg: side, month: place.month),
                organisationID: place.organisationID, callID: leg.callID.lowercased(), nodeID: leg.node,
                subject: subject(of: route, side), revision: entry.revision, state: .ringing,
                grantedMilliseconds: Int64(grant.sliceSeconds) * 1000, spentMilliseconds: 0,
                times: Lease.Times(
                    beganAt: leg.now, answeredAt: nil, seenAt: leg.now, expiresAt: leg.now.advanced(by: life)))
        }
        LeaseStore.insert(leases, tx)
        return decision.holding(lease)
    }

    /// What `decide` would answer, with nothing stored and no lock taken.
    package func explain(
        _ leg: LegRequest, _ entry: VoicePlan.Entry, trunksDown: Set<TrunkID>, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Decision {
        let destination = authorise(leg, entry, Standing()).route?.destination?.number
        let place = try place(of: entry.plan.identity, at: leg.now)
        var standing = try StandingStore.standing(
            StandingStore.Question(place: place, destination: destination, now: leg.now), tx)
        standing.trunksDown = trunksDown
        return authorise(leg, entry, standing)
    }

    private func subject(of route: CallRoute, _ side: CallRoute.MeteredLeg) -> Lease.Subject {
        let number: PhoneNumberID? = if case .number(let id) = route.payer { id } else { nil }
        guard side == .b, let destination = route.destination else {
            return Lease.Subject(direction: .inbound, kind: nil, risk: .low, destination: "", phoneNumberID: number)
        }
        return Lease.Subject(
            direction: .outbound, kind: destination.kind, risk: destination.risk,
            destination: destination.number.digits, phoneNumberID: number)
    }

    func place(of identity: TenantPlan.Identity, at now: Timestamp) throws -> LeasePlace {
        guard let month = CallMonth(containing: now.microseconds) else {
            throw Problem.unavailable("The clock shows no year that can be billed.")
        }
        return LeasePlace(tenantID: identity.tenantID, organisationID: identity.organisationID, month: month)
    }

    // MARK: - During a call

    /// Renews the answered legs of a node, a thousand in a transaction and a handful of statements: a call that asks for its
    /// minutes meanwhile waits for no more than that. Only legs with less than half of a slice left are written. Signs may
    /// come late, twice and in any order; a leg whose record is booked stays booked.
    package func renew(_ signs: [LeaseSign], at now: Timestamp) async throws -> [LeaseRenewal] {
        var renewals: [LeaseRenewal] = []
        for start in stride(from: 0, to: signs.count, by: Self.batch) {
            let batch = Array(signs[start..<min(start + Self.batch, signs.count)])
            do {
                renewals += try await database.transaction(for: ScopeNode.platform) { tx in
                    try renew(batch, at: now, tx)
                }
            } catch let error where !renewals.isEmpty {
                // what is renewed has to reach the node
                logger.warning("a part of the leases could not be renewed", metadata: ["error": "\(error)"])
                return renewals
            }
        }
        return renewals
    }

    /// Legs of one batch in a transaction of the platform.
    package func renew(
        _ signs: [LeaseSign], at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [LeaseRenewal] {
        let open = Dictionary(grouping: try LeaseStore.open(Array(Set(signs.map(\.leaseID))), tx), by: \.key.leaseID)
        var renewals: [LeaseRenewal] = []
        var due: [(step: RenewalStep, place: LeasePlace)] = []
        for sign in signs {
            let lease = open[sign.leaseID]?.first { $0.key.leg == Lease.side(of: sign.legID, in: $0.callID) }
            guard let lease, let entry = plan(lease.key.tenantID) else {
                renewals.append(LeaseRenewal(legID: sign.legID, outcome: .unknown))
                continue
            }
            let place = try place(of: entry.plan.identity, at: now)
            let step = RenewalStep(lease, sign, in: place.month, plan: entry.plan, now: now)
            if step.isDue {
                due.append((step, place))
            } else {
                renewals.append(LeaseRenewal(legID: sign.legID, outcome: .unchanged))
            }
        }
        // every batch takes its locks in the same order
        let places = Set(due.map(\.place)).sorted { $0.tenantID < $1.tenantID }
        var usage = try StandingStore.standings(of: places, now: now, tx)
        for index in due.indices {
            guard var month = usage[due[index].place] else { continue }
            let outcome = due[index].step.take(from: &month)
            usage[due[index].place] = month
            renewals.append(LeaseRenewal(legID: due[index].step.legID, outcome: outcome))
        }
        LeaseStore.update(due.map(\.step.present), tx)
        LeaseStore.insert(due.compactMap(\.step.next), tx)
        return renewals
    }

    // MARK: - After a call

    /// Gives back what a leg was granted. Called in the transaction that books the leg's record, once the record is known to
    /// be new, or the estimate in its place.
    package func settle(_ end: LegEnd, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>) throws {
        if let milliseconds = end.estimatedMilliseconds {
            LeaseStore.estimate(end, milliseconds, tx)
        } else if end.isAnswered {
            LeaseStore.settle(end, at: now, tx)
        } else {
            // of a leg that the routing made this finds nothing: another attempt may follow it
            LeaseStore.release(end, at: now, tx)
        }
        LeaseStore.releaseAttempts(end, at: now, tx)
    }

    /// A node is gone, or came back without some of its calls: nothing of them takes a channel any more. Says how many legs
    /// that were. Whoever turns out to live is renewed as before.
    package func lose(_ loss: NodeLoss, _ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        try LeaseStore.expire(loss, tx)
    }

    /// One bounded batch of what time alone changes; says how many leases, so that the caller goes on while it is not 0.
    package func sweep(at now: Timestamp, limit: Int = 500, _ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        let givenUp = try LeaseStore.giveUp(at: now, limit: limit, tx)
        // a call that was let through and of which neither the event socket nor a record told must not vanish
        try SightingStore.keepUnaccounted(givenUp, tx)
        return try LeaseStore.expire(at: now, limit: limit, tx) + givenUp.count
            + LeaseStore.purge(at: now, limit: limit, tx)
    }

    /// How long a leg waits for its minutes before it is decided without them: below the node's own patience.
    static let patience = Duration.milliseconds(800)
    /// Legs that are renewed in one transaction.
    static let batch = 1_000
}
