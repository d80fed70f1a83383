import Kernel
import Postgres
import Telephony
import Tenancy

/// Whether every call that a node had is recorded.
package struct CompletenessService: Sendable {
    private let work: UnitOfWork
    private let ledger: CallLedger
    private let lose: LoseLeases
    /// Records come within seconds; a node that retries or a spool that is swept needs longer.
    private static let grace = Duration.seconds(600)
    /// How long the event socket of a node may be away before its calls count as lost: longer than a grant and what a
    /// tenant usually lets its calls run on while the control plane is away.
    static let longestAbsence = Duration.seconds(900)

    /// - Parameter lose: takes the channels of calls whose node is gone.
    package init(
        work: UnitOfWork, links: VoiceLinks, settle: @escaping SettleLease,
        lose: @escaping LoseLeases = { _, _ in 0 }
    ) {
        self.work = work
        self.lose = lose
        ledger = CallLedger(links: links, settle: settle)
    }

    /// Per tenant of the scope that had calls in the month, or for one tenant.
    package func report(
        _ month: CallMonth, tenant: TenantID?, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Completeness] {
        let span = Span(month)
        return try SightingStore.completeness(
            from: span.from, until: span.until, tenant: tenant, ended: settled, tx)
    }

    /// The legs behind the gaps.
    package func missing(
        _ month: CallMonth, tenant: TenantID?, limit: Int = 200, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [MissingLeg] {
        let span = Span(month)
        return try SightingStore.missing(
            from: span.from, until: span.until, tenant: tenant, ended: settled, limit: limit, tx)
    }

    /// The runs of nodes with their session numbers.
    package func runs(_ month: CallMonth) async throws -> [NodeRun] {
        let span = Span(month)
        return try await work.read(in: .platform) { tx in
            try SightingStore.runs(from: span.from, until: span.until, tx)
        }
    }

    /// How many sessions of an hour that is settled by now nobody speaks of: refused logins, and calls that neither the
    /// event socket nor a record told of.
    package func unseenSessions() async throws -> Int {
        let until = settled
        return try await work.read(in: .platform) { tx in
            try SightingStore.unseenSessions(from: until.advanced(by: .seconds(-3_600)), until: until, tx)
        }
    }

    /// How many legs of the last two days have no record: what an alarm watches.
    package func missingNow(limit: Int = 1_000) async throws -> [MissingLeg] {
        let (now, settled) = (work.time.now, settled)
        return try await work.read(in: .platform) { tx in
            try SightingStore.missing(
                from: now.advanced(by: .seconds(-2 * 86_400)), until: now, tenant: nil, ended: settled, limit: limit, tx
            )
        }
    }

    /// Calls of nodes whose event socket is away for too long count as lost at the last sign of life: they take no channel
    /// any more and are estimated. Whatever the truth is wins later: a leg that is seen again is live again, and a record
    /// takes its estimate back. Named job; says how many legs that were.
    package func loseAway(limit: Int = 50) async throws -> Int {
        let (now, lose) = (work.time.now, lose)
        return try await work.perform(job: "lose calls of absent nodes") { tx, _ in
            let away = try SightingStore.away(since: now.advanced(by: .zero - Self.longestAbsence), limit: limit, tx)
            return try away.reduce(0) { count, absent in
                let legs = try SightingStore.loseAll(of: absent.node, but: [], seenAt: absent.seenAt, tx)
                return try count + max(legs, lose(tx, NodeLoss(nodeID: absent.node, at: now)))
            }
        }
    }

    /// Books metered legs of lost nodes up to their last sign of life; the record, should it come, takes the estimate
    /// back. Named job, a batch at a time; says how many were booked.
    package func estimateLost(limit: Int = 200) async throws -> Int {
        let moment = settled
        let legs = try await work.read(in: .platform) { tx in
            try SightingStore.lost(before: moment, limit: limit, tx)
        }
        var booked = 0
        var refused: Problem?
        for leg in legs {
            let (time, ledger) = (work.time, ledger)
            // like its record: what a call costs is in the contracts of its organisation
            let scope = ScopeNode.organisation(leg.identity.organisationID)
            do {
                let isNew = try await work.database.transaction(for: scope) { tx in
                    try ledger.enter(estimate: leg, at: time.now, tx)
                }
                if isNew { booked += 1 }
            } catch let problem as Problem where problem.status < 500 {
                // One leg that cannot be booked keeps no other from it.
                refused = problem
            }
        }
        if booked == 0, let refused { throw refused }
        return booked
    }

    private var settled: Timestamp { work.time.now.advanced(by: .zero - Self.grace) }

    private struct Span {
        let from: Timestamp
        let until: Timestamp

        init(_ month: CallMonth) {
            from = Timestamp(microseconds: month.start)
            until = Timestamp(microseconds: month.end)
        }
    }
}
