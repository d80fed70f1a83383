import Kernel
import Postgres
import Telephony

/// What voice needs of billing, handed in by the composition root because siblings do not import each other.
package struct VoiceLinks: Sendable {
    /// One call's answered time for the bill.
    package struct CallUsage: Sendable, Hashable {
        package let tenantID: TenantID
        /// Who counted it, and with `id` its name for ever.
        package let source: String
        package let id: String
        /// `inbound`, `outbound`, `internal` or `emergency`; the last two are recorded, never billed.
        package let direction: String
        /// Below zero where a record is shorter than the estimate that stood in for it.
        package let milliseconds: Int64
        /// When the call was answered: it decides the billing month.
        package let occurredAt: Timestamp

        package init(
            tenantID: TenantID, source: String, id: String, direction: String, milliseconds: Int64,
            occurredAt: Timestamp
        ) {
            self.tenantID = tenantID
            self.source = source
            self.id = id
            self.direction = direction
            self.milliseconds = milliseconds
            self.occurredAt = occurredAt
        }
    }

    /// Whether it was stored now, was there before, or came after its month was finalised.
    package enum Outcome: Sendable, Hashable {
        case accepted, duplicate, late
    }

    /// Stores the usage of calls in the transaction that stores their records; one outcome for each.
    package typealias RecordUsage = @Sendable (borrowing Transaction<ScopeNode>, [CallUsage]) throws -> [Outcome]

    private let record: RecordUsage
    /// What a tenant's contract includes in the month of `at`, and what is beyond costs; why it has no telephony.
    package let terms: @Sendable (borrowing Transaction<ScopeNode>, TenantID, Timestamp) throws -> Terms
    /// What a tenant's month comes to on its invoices; `nil` when nobody can say.
    package let bill: ReadBill
    package typealias ReadBill = @Sendable (borrowing Transaction<ScopeNode>, TenantID, CallMonth) throws -> Bill?

    package init(
        recordUsages: @escaping RecordUsage,
        terms: @escaping @Sendable (borrowing Transaction<ScopeNode>, TenantID, Timestamp) throws -> Terms,
        bill: @escaping ReadBill = { _, _, _ in nil }
    ) {
        record = recordUsages
        self.terms = terms
        self.bill = bill
    }

    /// For metering that takes one call at a time.
    package init(
        recordUsage: @escaping @Sendable (borrowing Transaction<ScopeNode>, CallUsage) throws -> Outcome,
        terms: @escaping @Sendable (borrowing Transaction<ScopeNode>, TenantID, Timestamp) throws -> Terms
    ) {
        self.init(
            recordUsages: { tx, calls in
                var outcomes: [Outcome] = []
                for call in calls { outcomes.append(try recordUsage(tx, call)) }
                return outcomes
            }, terms: terms)
    }

    /// Stores the usage of calls, whose order nothing depends on.
    package func recordUsage(
        _ tx: borrowing Transaction<ScopeNode>, _ calls: [CallUsage]
    ) throws -> [Outcome] {
        calls.isEmpty ? [] : try record(tx, calls)
    }

    /// The same for one.
    package func recordUsage(_ tx: borrowing Transaction<ScopeNode>, _ call: CallUsage) throws -> Outcome {
        guard let outcome = try record(tx, [call]).first else { throw DatabaseError.notFound }
        return outcome
    }

    /// What the contract says about a tenant's voice.
    package struct Terms: Sendable, Hashable {
        /// `nil` when telephony is part of it.
        package var bar: TenantPlan.Bar?
        /// Answered milliseconds of a month that cost nothing more; `nil` when none are counted.
        package var includedMilliseconds: Int64?
        /// Millionths of a euro per 60,000 ms beyond.
        package var overageMicrosPerMinute: Int64
        package var priceBook: String
        /// Whether the organisation has a pool of minutes; voice finds that out itself.
        package internal(set) var isPooled = false
        /// Rounding per call in place of whole milliseconds.
        package var increment: CallRounding?
        /// Whether the tenant's calls go on a bill: those of a sandbox or a demo do not, nor those without a contract.
        package var isBilled = true
        /// The time of the month for which all of this holds; the whole month when absent.
        package var validity: Range<Timestamp>?

        package init(
            bar: TenantPlan.Bar?, includedMilliseconds: Int64?, overageMicrosPerMinute: Int64, priceBook: String
        ) {
            self.bar = bar
            self.includedMilliseconds = includedMilliseconds
            self.overageMicrosPerMinute = overageMicrosPerMinute
            self.priceBook = priceBook
        }

        func holds(at time: Timestamp) -> Bool { validity?.contains(time) ?? true }

        /// What holds for every tenant of a contract.
        var ofContract: Terms {
            var terms = self
            terms.isBilled = true
            terms.validity = nil
            return terms
        }
    }

    /// What a tenant's calls of a month come to on its invoices.
    package struct Bill: Sendable, Hashable {
        /// Answered time of the calls that nodes reported.
        package var milliseconds: Int64
        /// Others are charged with them, and have no receipts: then just the time can be compared.
        package var hasOtherCalls: Bool
        /// The time that is charged for or included, after any agreed rounding; `nil` when the contract counts none.
        package var billedMilliseconds: Int64?
        package var overageMilliseconds: Int64
        /// Overage times price, as in `Verification`.
        package var overageCost: Int128

        package init(
            milliseconds: Int64, hasOtherCalls: Bool, billedMilliseconds: Int64?, overageMilliseconds: Int64,
            overageCost: Int128
        ) {
            self.milliseconds = milliseconds
            self.hasOtherCalls = hasOtherCalls
            self.billedMilliseconds = billedMilliseconds
            self.overageMilliseconds = overageMilliseconds
            self.overageCost = overageCost
        }
    }
}
