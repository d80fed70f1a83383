import Kernel
import Postgres
import Telephony
import Tenancy

/// What is sent to set an organisation's pool.
package struct MinutePoolFields: Codable, Sendable {
    /// For each month; no pool when left out.
    package var minutes: Int64?

    package init(minutes: Int64?) { self.minutes = minutes }

    func checked() throws(Problem) -> Int64? {
        guard let minutes else { return nil }
        guard (0...100_000_000).contains(minutes) else {
            throw .invalid("minutes", "must lie between 0 and 100000000")
        }
        return minutes * 60_000
    }
}

/// An organisation's pool and where its month stands.
package struct MinutePoolStatus: Sendable, Equatable {
    package let organisationID: OrganisationID
    /// `nil` where there is no pool.
    package let pool: MinutePool?
    package let month: CallMonth
    package let use: PoolUse

    /// What no call was granted yet; `nil` where there is no pool.
    package var leftMilliseconds: Int64? {
        pool.map { max(0, $0.milliseconds - use.usedMilliseconds - use.reservedMilliseconds) }
    }
}

/// Minutes that the tenants of an organisation share, beside each tenant's own bounds: a grant needs both.
package struct MinutePoolService: Sendable {
    /// 404 for an organisation that the scope may not see. A tenant's own people see no pool: it is about others, too.
    package func get(
        _ id: OrganisationID, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> MinutePoolStatus {
        try check(id, tx)
        guard let month = CallMonth(containing: now.microseconds) else {
            throw Problem.unavailable("The clock shows no year that can be billed.")
        }
        return MinutePoolStatus(
            organisationID: id, pool: try MinutePoolStore.find(id, tx), month: month,
            use: try MinutePoolStore.use(of: id, in: month, tx))
    }

    /// Counts from the next grant on; running calls keep what they were granted.
    package func update(
        _ id: OrganisationID, _ fields: MinutePoolFields, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> MinutePoolStatus {
        try check(id, tx)
        let milliseconds = try fields.checked()
        let before = try MinutePoolStore.find(id, forChange: true, tx)
        try expecting.check(before?.revision ?? 0)
        guard milliseconds != before?.milliseconds else { return try get(id, at: actor.now, tx) }
        switch (before, milliseconds) {
        case (nil, let milliseconds?):
            guard try MinutePoolStore.insert(milliseconds, of: id, at: actor.now, tx) else {
                throw Problem.conflict("POOL_CHANGED", "Somebody else set the pool at the same moment. Look again.")
            }
        case (_?, let milliseconds?): try MinutePoolStore.update(milliseconds, of: id, at: actor.now, tx)
        case (_, nil): try MinutePoolStore.delete(id, tx)
        }
        func words(_ milliseconds: Int64?) -> [String: String] {
            ["minutes": milliseconds.map { "\($0 / 60_000)" } ?? ""]
        }
        try tx.audit(
            "voice.update_minute_pool", target: id, organisation: id,
            detail: .difference(words(before?.milliseconds), words(milliseconds)), by: actor)
        return try get(id, at: actor.now, tx)
    }

    private func check(_ id: OrganisationID, _ tx: borrowing Transaction<ScopeNode>) throws {
        guard tx.scope.tenantID == nil, try OrganisationStore.find(id, tx) != nil else {
            throw Problem.notFound("organisation")
        }
    }
}
