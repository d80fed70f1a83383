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

    /// A record whose tenant is known.
    struct Entry: Sendable {
        let record: CallRecord
        let body: [UInt8]
        let owner: RecordOwner
        let source: RecordSource

        /// Its call is what we put on it; else that of the leg that made it, as far as the record itself knows; else
        /// its own.
        fileprivate func leg(at now: Timestamp) -> CallLeg {
            let call = record.marks.call ?? CallID(record.leg.originatingLeg ?? record.leg.id)
            return CallLeg(record, callID: call, of: owner, from: source, at: now)
        }
    }

    /// Books the records of legs, all or none of them; one answer for each.
    func enter(
        _ entries: [Entry], at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [RecordAcceptance] {
        let arrivals = entries.map { entry in
            CallLegStore.Arrival(leg: entry.leg(at: now), record: entry.record, body: entry.body)
        }
        // Whoever books several at once takes the locks in this one order. A leg that is there twice is booked once.
        var legs: Set<CallLeg.Identity.Key> = []
        let order = arrivals.indices.filter { legs.insert(arrivals[$0].leg.identity.key).inserted }
            .sorted { arrivals[$0].leg.identity.precedes(arrivals[$1].leg.identity) }
        let estimates = try CallLegStore.insert(order.map { arrivals[$0] }, tx)
        let new = zip(order, estimates).compactMap { index, estimated in
            estimated.map { NewLeg(leg: arrivals[index].leg, estimated: $0) }
        }
        let late = try book(new, at: now, tx)
        var answers = entries.map { _ in RecordAcceptance.duplicate }
        for (index, estimated) in zip(order, estimates) where estimated != nil {
            let identity = arrivals[index].leg.identity
            answers[index] = .stored(identity.tenantID, late: late.contains(identity.id))
        }
        return answers
    }

    /// Books a leg of a lost node up to its last sign of life. Nothing happens when a record or an estimate is there.
    func enter(estimate leg: CallLeg, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>) throws -> Bool {
        let arrival = CallLegStore.Arrival(leg: leg, record: nil, body: nil)
        guard try CallLegStore.insert([arrival], tx) != [nil] else { return false }
        _ = try book([NewLeg(leg: leg, estimated: 0)], at: now, tx)
        return true
    }

    // MARK: Usage and receipts

    /// A leg that was stored now.
    private struct NewLeg {
        let leg: CallLeg
        /// What an estimate of the same leg counted; it is taken back by a receipt of its own, and usage changes by the
        /// difference, up or down: the record is the truth.
        let estimated: Int64

        var counted: Int64 { leg.times.milliseconds }
        var isMetered: Bool { if case .metered = leg.metering { true } else { false } }

        var settlement: LeaseSettlement {
            LeaseSettlement(
                tenantID: leg.identity.tenantID, organisationID: leg.identity.organisationID,
                nodeID: leg.origin.nodeID, legID: leg.identity.id, leaseID: leg.origin.leaseID,
                milliseconds: isMetered ? counted : 0, isEstimate: leg.state.isEstimated,
                answeredAt: leg.times.answered, endedAt: leg.times.ended)
        }
    }

    /// - Returns: the legs whose month was finalised already.
    private func book(
        _ legs: [NewLeg], at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Set<CallLegID> {
        let usage = legs.flatMap { leg in Self.usage(leg).map { (leg: leg.leg.identity, call: $0) } }
        let outcomes = try links.recordUsage(tx, usage.map(\.call))
        let late = zip(usage, outcomes).filter { $1 == .late }.map { $0.0.leg }
        for identity in Set(late) { CallLegStore.markLate(identity.id, identity.tenantID, tx) }
        // renewals lock in the order of leases, too
        for leg in legs.sorted(by: { $0.leg.origin.precedes($1.leg.origin) }) { try settle(tx, leg.settlement) }
        try writeReceipts(legs.flatMap(Self.papers), at: now, tx)
        return Set(late.map(\.id))
    }

    private static func usage(_ new: NewLeg) -> [VoiceLinks.CallUsage] {
        let leg = new.leg
        guard let direction = leg.metering.direction, let answered = leg.times.answered else { return [] }
        let before = MonthPart.parts(from: answered, milliseconds: new.estimated)
        let after = MonthPart.parts(from: answered, milliseconds: new.counted)
        return (0..<max(before.count, after.count)).compactMap { index in
            let part = index < after.count ? after[index] : before[index]
            let change =
                (index < after.count ? part.milliseconds : 0) - (index < before.count ? before[index].milliseconds : 0)
            guard change != 0 else { return nil }
            return VoiceLinks.CallUsage(
                tenantID: leg.identity.tenantID, source: Self.source,
                id: Self.usageID(leg, part, isCorrection: new.estimated > 0), direction: direction.rawValue,
                milliseconds: change, occurredAt: part.from)
        }
    }

    /// `<leg>` for the month of the answer, `<leg>.2026-12` for a later one; what corrects an estimate is another
    /// event than the estimate.
    private static func usageID(_ leg: CallLeg, _ part: MonthPart, isCorrection: Bool) -> String {
        let base = leg.identity.id.uuid.uuidString.lowercased()
        let month = part.from == leg.times.answered ? "" : ".\(part.month)"
        return base + month + (leg.state.isEstimated ? ".estimate" : isCorrection ? ".record" : "")
    }

    /// A receipt that is to be written.
    fileprivate struct Paper {
        let leg: CallLeg
        let part: MonthPart
        let basis: Receipt.Basis

        var chain: ReceiptChain {
            ReceiptChain(
                tenantID: leg.identity.tenantID, organisationID: leg.identity.organisationID, month: part.month)
        }
    }

    private static func papers(_ new: NewLeg) -> [Paper] {
        guard new.isMetered, let answered = new.leg.times.answered, new.counted > 0 || new.estimated > 0
        else { return [] }
        let basis: Receipt.Basis = new.leg.state.isEstimated ? .estimate : .record
        func papers(_ milliseconds: Int64, _ basis: Receipt.Basis) -> [Paper] {
            MonthPart.parts(from: answered, milliseconds: milliseconds).filter { $0.milliseconds > 0 }
                .map { Paper(leg: new.leg, part: $0, basis: basis) }
        }
        return papers(new.estimated, .reversal) + papers(new.counted, basis)
    }

    private func writeReceipts(
        _ papers: [Paper], at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        var contracts: [ReceiptChain: VoiceLinks.Terms] = [:]
        for paper in papers where contracts[paper.chain] == nil {
            contracts[paper.chain] = try terms.terms(of: paper.leg.identity.tenantID, in: paper.part, at: now) {
                try links.terms(tx, paper.leg.identity.tenantID, paper.part.from)
            }
        }
        var places = try ReceiptStore.lock(Set(contracts.keys), tx)
        var spent: [SpendDay: Int64] = [:]
        var written: [ReceiptStore.Entry] = []
        for paper in papers {
            guard let terms = contracts[paper.chain], let place = places[paper.chain] else {
                throw DatabaseError.decoding("a chain of receipts is missing")
            }
            let receipt = paper.receipt(terms, at: place)
            places[paper.chain] = receipt.next
            written.append(ReceiptStore.Entry(receipt: receipt, chain: paper.chain, leg: paper.leg.identity.id))
            if paper.leg.metering.direction == .outbound, receipt.spentMicros != 0 {
                let day = SpendDay(chain: paper.chain, start: ViennaDay.start(of: paper.part.from))
                spent[day, default: 0] += receipt.spentMicros
            }
        }
        ReceiptStore.append(written, at: now, tx)
        ReceiptStore.advance(places, tx)
        ReceiptStore.add(spent, tx)
    }
}

extension CallLedger.Paper {
    fileprivate func receipt(_ terms: VoiceLinks.Terms, at place: Receipt.Place) -> Receipt {
        Receipt(
            Receipt.Subject(
                tenant: leg.identity.tenantID, leg: leg.identity.id.uuid.uuidString.lowercased(), month: part.month,
                from: part.from, milliseconds: basis == .reversal ? -part.milliseconds : part.milliseconds),
            terms: Receipt.Terms(
                includedMilliseconds: terms.includedMilliseconds, microsPerMinute: terms.overageMicrosPerMinute,
                priceBook: terms.priceBook, revision: leg.origin.revision),
            basis: basis, at: place)
    }
}

extension CallLeg.Identity {
    /// The one order in which legs are booked.
    fileprivate func precedes(_ other: CallLeg.Identity) -> Bool { (tenantID, id) < (other.tenantID, other.id) }
}

extension CallLeg.Origin {
    fileprivate func precedes(_ other: CallLeg.Origin) -> Bool {
        guard let mine = leaseID, let its = other.leaseID else { return leaseID != nil && other.leaseID == nil }
        return mine < its
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

extension CallRecord.Marks {
    /// The call that we put on the leg.
    var call: CallID? { callID.flatMap { UUID(uuidString: $0) }.map { CallID($0) } }
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
