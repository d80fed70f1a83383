import Crypto
import FoundationEssentials
import Kernel
import Postgres
import Telephony
import Tenancy

/// Keeps what could not be booked, so that no call is lost to a defect of ours or of a node.
package struct QuarantineService: Sendable {
    private let work: UnitOfWork

    package init(work: UnitOfWork) { self.work = work }

    /// Keeps a body and says so; bodies beyond the limit are cut, their length being part of the finding.
    func keep(
        _ body: [UInt8], _ record: CallRecord?, _ finding: Finding, _ source: RecordSource
    ) async throws -> RecordAcceptance {
        let kept = Array(body.prefix(CallRecordReader.largestBody))
        let digest = Array(SHA256.hash(data: kept))
        let item = QuarantinedRecord(
            id: work.ids.new(), source: source, reason: finding.reason,
            detail: finding.detail, legID: record.map { CallLegID($0.leg.id) }, state: .open,
            receivedAt: work.time.now, times: 1, resolvedAt: nil, bytes: Int64(kept.count))
        let originating = record?.leg.originatingLeg
        try await work.perform(job: "quarantine a call record") { tx, _ in
            try QuarantineStore.keep(item, body: kept, digest: digest, originatingLeg: originating, tx)
        }
        return .quarantined(finding.reason)
    }

    /// Newest first.
    package func list(
        _ state: QuarantinedRecord.State?, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<QuarantinedRecord> {
        let rows = try QuarantineStore.list(state, before: page.cursorID(), limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { "\($0.id)" }
    }

    /// 404 when it does not exist or the scope may not see it.
    package func get(_ id: QuarantineID, _ tx: borrowing Transaction<ScopeNode>) throws -> QuarantinedRecord {
        guard let item = try QuarantineStore.find(id, tx) else { throw Problem.notFound("quarantined record") }
        return item
    }

    /// The body as the node sent it. Whoever opens it is on record.
    package func body(
        _ id: QuarantineID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> [UInt8] {
        guard let body = try QuarantineStore.body(id, tx) else { throw Problem.notFound("quarantined record") }
        try tx.audit("cdr_quarantine.open", target: id, organisation: try get(id, tx).source.organisationID, by: actor)
        return body
    }

    /// Tries to book it now. An open record of the caller's scope only.
    package func replay(
        _ id: QuarantineID, as principal: Principal, using records: CallRecordService
    ) async throws -> RecordAcceptance {
        let (item, body) = try await work.read(in: principal.scope) { tx in
            (try get(id, tx), try QuarantineStore.body(id, tx) ?? [])
        }
        guard item.state == .open else { throw Self.notOpen }
        let acceptance = try await records.replay(item, body: body)
        if case .quarantined = acceptance { return acceptance }
        try await resolve(item, .replayed, "cdr_quarantine.replay", by: principal)
        return acceptance
    }

    /// Decides that it is nothing; the body stays.
    package func discard(_ id: QuarantineID, as principal: Principal) async throws -> QuarantinedRecord {
        let item = try await work.read(in: principal.scope) { tx in try get(id, tx) }
        guard item.state == .open else { throw Self.notOpen }
        try await resolve(item, .discarded, "cdr_quarantine.discard", by: principal)
        return try await work.read(in: principal.scope) { tx in try get(id, tx) }
    }

    /// Open records whose tenant is known by now.
    func ready(limit: Int) async throws -> [QuarantineID] {
        try await work.read(in: .platform) { tx in try QuarantineStore.ready(limit: limit, tx) }
    }

    /// How many wait for somebody, on the whole platform.
    package func openCount() async throws -> Int {
        try await work.read(in: .platform) { tx in try QuarantineStore.openCount(tx) }
    }

    /// Written as the platform, on behalf of whoever asked: the table is the platform's.
    private func resolve(
        _ item: QuarantinedRecord, _ state: QuarantinedRecord.State, _ action: String, by principal: Principal
    ) async throws {
        let asker = Principal(
            id: principal.id, kind: principal.kind, displayName: principal.displayName, scope: .platform,
            permissions: principal.permissions)
        try await work.perform(as: asker) { tx, actor in
            try QuarantineStore.resolve(item.id, state, by: actor.principal.id, at: actor.now, tx)
            try tx.audit(action, target: item.id, organisation: item.source.organisationID, by: actor)
        }
    }

    private static let notOpen = Problem.conflict(
        "QUARANTINE_NOT_OPEN", "The record was replayed or discarded already.")
}
