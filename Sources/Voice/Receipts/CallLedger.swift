import FoundationEssentials
import Kernel
import Postgres
import Synchronization
import Telephony

/// Books legs: the leg itself, its usage, its lease and its receipt belong to one transaction, so that none of them is
/// ever there without the others.
struct CallLedger: Sendable {
    let links: VoiceLinks
    let settle: SettleLease
    private let terms = TermsMemory()

    init(links: VoiceLinks, settle: @escaping SettleLease) {
        self.links = links
        self.settle = settle
    }

    /// Who counts calls, as usage events name it.
    static let source = "controlplane/switch"

    /// Books the record of a leg.
    func enter(
        _ record: CallRecord, body: [UInt8]?, of owner: RecordOwner, from source: RecordSource, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> RecordAcceptance {
        let leg = try leg(record, of: owner, from: source, at: now, tx)
        guard let insertion = try CallLegStore.insert(leg, record: record, body: body, tx) else { return .duplicate }
        let isLate = try book(leg, replacing: insertion.estimatedMilliseconds, at: now, tx)
        if isLate { try CallLegStore.markLate(leg.identity.id, owner.tenantID, tx) }
        return .stored(owner.tenantID, late: isLate)
    }

    /// Books a leg of a lost node up to its last sign of life. Nothing happens when a record or an estimate is there.
    func enter(estimate leg: CallLeg, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>) throws -> Bool {
        guard try CallLegStore.insert(leg, record: nil, body: nil, tx) != nil else { return false }
        if try book(leg, replacing: 0, at: now, tx) {
            try CallLegStore.markLate(leg.identity.id, leg.identity.tenantID, tx)
        }
        return true
    }

    /// The call that a leg belongs to: what we put on it; else the call of the leg that made it; else its own.
    private func leg(
        _ record: CallRecord, of owner: RecordOwner, from source: RecordSource, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> CallLeg {
        let origin = record.leg.originatingLeg.map { CallLegID($0) }
        var callID = record.marks.callID.flatMap { UUID(uuidString: $0) }.map { CallID($0) }
        if callID == nil, let origin {
            callID = try CallLegStore.callID(of: origin, owner.tenantID, tx) ?? CallID(origin.uuid)
        }
        return CallLeg(record, callID: callID ?? CallID(record.leg.id), of: owner, from: source, at: now)
    }

    // MARK: Usage and receipts

    /// - Parameter estimated: what an estimate of the same leg counted; it is taken back by a receipt of its own. Usage
    ///   only ever grows, so just the difference is added: a leg lived at least until its last sign of life.
    /// - Returns: whether its month was finalised already.
    private func book(
        _ leg: CallLeg, replacing estimated: Int64, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Bool {
        var isLate = false
        let isMetered = if case .metered = leg.metering { true } else { false }
        let counted = max(leg.times.milliseconds, estimated)
        if let direction = leg.metering.direction, let answered = leg.times.answered {
            let known = MonthPart.parts(from: answered, milliseconds: estimated)
            for (index, part) in MonthPart.parts(from: answered, milliseconds: counted).enumerated() {
                let before = index < known.count ? known[index].milliseconds : 0
                guard part.milliseconds > before else { continue }
                let outcome = try links.recordUsage(
                    tx,
                    VoiceLinks.CallUsage(
                        tenantID: leg.identity.tenantID, source: Self.source,
                        id: Self.usageID(leg, part, isTopUp: estimated > 0), direction: direction.rawValue,
                        milliseconds: part.milliseconds - before, occurredAt: part.from))
                if outcome == .late { isLate = true }
            }
        }
        try settle(
            tx,
            LeaseSettlement(
                tenantID: leg.identity.tenantID, organisationID: leg.identity.organisationID,
                nodeID: leg.origin.nodeID, legID: leg.identity.id, leaseID: leg.origin.leaseID,
                milliseconds: isMetered ? counted - estimated : 0, isEstimate: leg.state.isEstimated,
                answeredAt: leg.times.answered,
                endedAt: leg.times.ended))
        if isMetered, let answered = leg.times.answered, counted > 0 {
            try writeReceipts(leg, answered: answered, counted: counted, estimated: estimated, at: now, tx)
        }
        return isLate
    }

    /// `<leg>` for the month of the answer, `<leg>.2026-12` for a later one; what is added to an estimate is another
    /// event than the estimate.
    private static func usageID(_ leg: CallLeg, _ part: MonthPart, isTopUp: Bool) -> String {
        let base = leg.identity.id.uuid.uuidString.lowercased()
        let month = part.from == leg.times.answered ? "" : ".\(part.month)"
        return base + month + (leg.state.isEstimated ? ".estimate" : isTopUp ? ".record" : "")
    }

    private func writeReceipts(
        _ leg: CallLeg, answered: Timestamp, counted: Int64, estimated: Int64, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let basis: Receipt.Basis = leg.state.isEstimated ? .estimate : .record
        if estimated > 0 {
            for part in MonthPart.parts(from: answered, milliseconds: estimated) {
                try append(leg, part, .reversal, at: now, tx)
            }
        }
        for part in MonthPart.parts(from: answered, milliseconds: counted) where part.milliseconds > 0 {
            try append(leg, part, basis, at: now, tx)
        }
    }

    private func append(
        _ leg: CallLeg, _ part: MonthPart, _ basis: Receipt.Basis, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let terms = try terms.terms(of: leg.identity.tenantID, in: part, at: now) {
            try links.terms(tx, leg.identity.tenantID, part.from)
        }
        let place = try ReceiptStore.lockChain(leg.identity.tenantID, leg.identity.organisationID, part.month, tx)
        let receipt = Receipt(
            Receipt.Subject(
                tenant: leg.identity.tenantID, leg: leg.identity.id.uuid.uuidString.lowercased(), month: part.month,
                from: part.from, milliseconds: basis == .reversal ? -part.milliseconds : part.milliseconds),
            terms: Receipt.Terms(
                includedMilliseconds: terms.includedMilliseconds, microsPerMinute: terms.overageMicrosPerMinute,
                priceBook: terms.priceBook, revision: leg.origin.revision),
            basis: basis, at: place)
        try ReceiptStore.append(receipt, leg.identity.organisationID, of: leg.identity.id, at: now, tx)
    }
}

/// What contracts say about tenants' months, kept for a minute: reading it takes longer than booking a record.
private final class TermsMemory: Sendable {
    private struct Key: Hashable {
        let tenant: TenantID
        let month: CallMonth
    }

    private let known = Mutex<[Key: (terms: VoiceLinks.Terms, until: Timestamp)]>([:])
    private static let lifetime = Duration.seconds(60)
    private static let capacity = 50_000

    func terms(
        of tenant: TenantID, in part: MonthPart, at now: Timestamp, read: () throws -> VoiceLinks.Terms
    ) throws -> VoiceLinks.Terms {
        let key = Key(tenant: tenant, month: part.month)
        if let entry = known.withLock({ $0[key] }), entry.until > now { return entry.terms }
        let terms = try read()
        known.withLock { known in
            if known.count >= Self.capacity { known.removeAll() }
            known[key] = (terms, now.advanced(by: Self.lifetime))
        }
        return terms
    }
}

extension CallLeg {
    /// A record as it is kept.
    init(_ record: CallRecord, callID: CallID, of owner: RecordOwner, from source: RecordSource, at now: Timestamp) {
        let metering = record.metering
        self.init(
            identity: Identity(
                id: CallLegID(record.leg.id), callID: callID, tenantID: owner.tenantID,
                organisationID: owner.organisationID, side: record.leg.side,
                originatingLeg: record.leg.originatingLeg.map { CallLegID($0) }),
            metering: metering, callClass: record.marks.callClass ?? "",
            times: Times(
                started: record.times.started, answered: record.times.answered, ended: record.times.ended,
                answeredMicroseconds: record.answeredMicroseconds, milliseconds: record.answeredMilliseconds),
            outcome: Outcome(
                cause: record.outcome.cause, causeCode: record.outcome.causeCode,
                sipStatus: record.outcome.sipStatus, disposition: record.outcome.disposition,
                peerCause: record.outcome.peerCause ?? "", refusal: record.marks.refusal ?? "",
                qualityHundredths: record.qualityHundredths),
            parties: Parties(
                caller: record.parties.callerNumber, dialled: record.parties.dialled,
                destination: record.parties.destination, sipUser: record.parties.authUser ?? "",
                networkAddress: record.parties.networkAddress),
            origin: Origin(
                nodeID: source.nodeID, gateway: record.carrier?.gateway ?? "", sipCallID: record.leg.sipCallID,
                revision: record.marks.revision ?? "", leaseID: record.marks.leaseID, transfers: record.transfers),
            state: State(isEstimated: false, isLate: false, receivedAt: now, erasedAt: nil))
    }
}
