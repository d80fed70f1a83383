import Kernel
import Synchronization
import Telephony

/// What contracts say about tenants' months, kept for a minute: reading it takes longer than booking a record. Just of
/// months that have receipts: in those the price of calls cannot change any more (billing refuses it), and a change of the
/// tenant itself shows in its revision.
final class TermsMemory: Sendable {
    private struct Key: Hashable {
        let tenant: TenantID
        let month: CallMonth
        let revision: Int64
    }

    private struct Entry {
        let terms: VoiceLinks.Terms
        let until: Timestamp
    }

    private let known = Mutex<[Key: [Entry]]>([:])
    private static let lifetime = Duration.seconds(60)
    private static let capacity = 50_000

    /// What holds at the beginning of a receipted part.
    func terms(
        of subject: Receipt.Subject, in month: ReceiptStore.Standing, at now: Timestamp,
        read: () throws -> VoiceLinks.Terms
    ) throws -> VoiceLinks.Terms {
        guard month.isBegun else { return try read() }
        let key = Key(tenant: subject.tenant, month: subject.month, revision: month.tenantRevision)
        let entry = known.withLock { known in
            known[key]?.first { $0.until > now && $0.terms.holds(at: subject.from) }
        }
        if let entry { return entry.terms }
        let terms = try read()
        guard terms.holds(at: subject.from) else { return terms }
        known.withLock { known in
            if known.count >= Self.capacity { known.removeAll() }
            let fresh = (known[key] ?? []).filter { $0.until > now }
            known[key] = fresh + [Entry(terms: terms, until: now.advanced(by: Self.lifetime))]
        }
        return terms
    }
}
