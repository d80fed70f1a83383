import FoundationEssentials
import Kernel
import Postgres
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
        let completed = zip(order, estimates).filter { ($1 ?? 0) > 0 }.map { arrivals[$0.0].leg.identity }
        let written = try ReceiptStore.estimates(of: completed, tx)
        let new = zip(order, estimates).compactMap { index, estimated in
            let leg = arrivals[index].leg
            return estimated.map { NewLeg(leg: leg, estimated: $0, estimates: written[leg.identity.id] ?? []) }
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
        _ = try book([NewLeg(leg: leg, estimated: 0, estimates: [])], at: now, tx)
        return true
    }

    // MARK: Usage and receipts

    /// A leg that was stored now.
    private struct NewLeg {
        let leg: CallLeg
        /// What an estimate of the same leg counted; it is taken back by a receipt of its own, and usage changes by the
        /// difference, up or down: the record is the truth.
        let estimated: Int64
        /// The receipts of that estimate.
        let estimates: [Receipt]

        /// What is in the usage already, as far as it is metered as this leg is.
        var booked: Int64 {
            let metered = estimates.reduce(0) { $0 + $1.subject.milliseconds }
            return isMetered ? metered : estimated - metered
        }

        /// When it was answered, as it was told first: a correction belongs to the time of what it corrects, also where the
        /// record has another idea of the answer.
        var began: Timestamp? { estimates.first?.subject.from ?? leg.times.answered }
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
        guard let direction = leg.metering.direction, let began = new.began else { return [] }
        let before = MonthPart.parts(from: began, milliseconds: new.booked)
        let after = MonthPart.parts(from: began, milliseconds: new.counted)
        return (0..<max(before.count, after.count)).compactMap { index in
            let part = index < after.count ? after[index] : before[index]
            let change =
                (index < after.count ? part.milliseconds : 0) - (index < before.count ? before[index].milliseconds : 0)
            guard change != 0 else { return nil }
            return VoiceLinks.CallUsage(
                tenantID: leg.identity.tenantID, source: Self.source, id: Self.usageID(new, part),
                direction: direction.rawValue, milliseconds: change, occurredAt: part.from)
        }
    }

    /// `<leg>` for the month of the answer, `<leg>.2026-12` for a later one; what corrects an estimate is another
    /// event than the estimate. Billing takes what stands before the dot for the call that it rounds.
    private static func usageID(_ new: NewLeg, _ part: MonthPart) -> String {
        let base = new.leg.identity.id.uuid.uuidString.lowercased()
        let month = part.from == new.began ? "" : ".\(part.month)"
        return base + month + (new.leg.state.isEstimated ? ".estimate" : new.estimated > 0 ? ".record" : "")
    }

    /// A receipt that is to be written.
    private struct Paper {
        let leg: CallLeg
        let subject: Receipt.Subject
        let basis: Receipt.Basis
        /// Of the estimate that is taken back; else what the contract says.
        var terms: Receipt.Terms?

        var chain: ReceiptChain {
            ReceiptChain(
                tenantID: leg.identity.tenantID, organisationID: leg.identity.organisationID, month: subject.month)
        }
    }

    private static func papers(_ new: NewLeg) -> [Paper] {
        guard new.isMetered, let began = new.began else { return [] }
        let leg = new.leg
        var papers = new.estimates.map { estimate in
            Paper(leg: leg, subject: estimate.subject.takenBack, basis: .reversal, terms: estimate.terms)
        }
        var before: Int64 = 0
        for part in MonthPart.parts(from: began, milliseconds: new.counted) where part.milliseconds > 0 {
            let subject = Receipt.Subject(
                tenant: leg.identity.tenantID, leg: leg.identity.id.uuid.uuidString.lowercased(), month: part.month,
                from: part.from, milliseconds: part.milliseconds, callBefore: before)
            papers.append(Paper(leg: leg, subject: subject, basis: leg.state.isEstimated ? .estimate : .record))
            before += part.milliseconds
        }
        return papers
    }

    private func writeReceipts(
        _ papers: [Paper], at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        var chains = try ReceiptStore.lock(Set(papers.map(\.chain)), tx)
        var read: [ReceiptChain: [VoiceLinks.Terms]] = [:]
        var spent: [SpendDay: Int64] = [:]
        var written: [ReceiptStore.Entry] = []
        for paper in papers {
            guard let standing = chains[paper.chain] else {
                throw DatabaseError.decoding("a chain of receipts is missing")
            }
            let receipt = Receipt(
                paper.subject, terms: try paper.terms ?? terms(of: paper, in: standing, known: &read, at: now, tx),
                basis: paper.basis, at: standing.place)
            chains[paper.chain]?.place = receipt.next
            written.append(ReceiptStore.Entry(receipt: receipt, chain: paper.chain, leg: paper.leg.identity.id))
            if paper.leg.metering.direction == .outbound, receipt.spentMicros != 0 {
                let day = SpendDay(chain: paper.chain, start: ViennaDay.start(of: paper.subject.from))
                spent[day, default: 0] += receipt.spentMicros
            }
        }
        ReceiptStore.append(written, at: now, tx)
        ReceiptStore.advance(chains, tx)
        ReceiptStore.add(spent, tx)
    }

    private func terms(
        of paper: Paper, in standing: ReceiptStore.Standing, known: inout [ReceiptChain: [VoiceLinks.Terms]],
        at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Receipt.Terms {
        let from = paper.subject.from
        let found: VoiceLinks.Terms
        if let read = known[paper.chain]?.first(where: { $0.holds(at: from) }) {
            found = read
        } else {
            found = try terms.terms(of: paper.subject, in: standing, at: now) {
                try links.terms(tx, paper.subject.tenant, from)
            }
            known[paper.chain, default: []].append(found)
        }
        return Receipt.Terms(
            includedMilliseconds: found.includedMilliseconds, microsPerMinute: found.overageMicrosPerMinute,
            priceBook: found.priceBook, revision: paper.leg.origin.revision, increment: found.increment,
            isBilled: found.isBilled)
    }
}

extension Receipt.Subject {
    fileprivate var takenBack: Receipt.Subject {
        Receipt.Subject(
            tenant: tenant, leg: leg, month: month, from: from, milliseconds: -milliseconds, callBefore: callBefore)
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
