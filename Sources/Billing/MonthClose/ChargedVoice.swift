import Kernel
import Postgres
import Rating
import Tenancy

/// What a tenant's calls of a month come to on its invoices, as they would be computed now.
package struct VoiceBill: Sendable, Hashable {
    /// Answered time of the calls that nodes reported.
    package var milliseconds: Int64 = 0
    /// Whether somebody else reported calls too: they are charged with the others, and have no receipts.
    package var hasOtherCalls = false
    /// The time that is charged for or included, after any agreed rounding; `nil` when the contract counts none.
    package var billedMilliseconds: Int64?
    /// Of each contract that the month has.
    package var charges: [Charge] = []

    /// What is beyond the included minutes.
    package struct Charge: Sendable, Hashable {
        package let milliseconds: Int64
        package let minutePrice: Rate
    }
}

extension MonthCloseService {
    /// Voice as a contract charges for it: calls rounded where it agrees so, those of a sandbox left out, beside what the
    /// month saw under an earlier contract.
    static func charged(
        _ usage: MonthUsage, of subject: BillingSubject, in month: BillingMonth,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> MonthUsage {
        guard case .enterprise(let terms) = try subject.terms(in: month).0.terms else { return usage }
        let period = subject.contract.period(in: month)
        let unbilled = subject.tenants.flatMap { tenant in
            tenant.unbilled(in: period).map {
                BillingInputStore.UnbilledSpan(tenantID: tenant.tenantID, time: $0)
            }
        }
        var usage = usage
        if terms.voice?.increment != nil || !unbilled.isEmpty {
            usage.voice = try BillingInputStore.voiceByCall(
                of: subject.contract, in: month, step: terms.voice?.increment?.billable(milliseconds: 1) ?? 1,
                without: unbilled, tx)
        }
        for earlier in try contractsBefore(subject.contract, in: month, tx) {
            let before = BillingSubject(
                contract: earlier, versions: try ContractStore.versions(of: earlier.id, in: tx), books: subject.books,
                buyer: subject.buyer, tenants: subject.tenants, disclosures: [])
            let used = try charged(try BillingInputStore.usage(of: earlier, in: month, tx), of: before, in: month, tx)
            for tenant in subject.tenants where tenant.hasVoice(in: earlier.period(in: month)) {
                guard let milliseconds = used.voice[tenant.tenantID] else { continue }
                usage.voiceBefore[tenant.tenantID, default: 0] += milliseconds
            }
        }
        return usage
    }

    /// The contracts of the same program that a month began with, where this one begins within it.
    private static func contractsBefore(
        _ contract: Contract, in month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Contract] {
        guard contract.startsOn > month.firstDay else { return [] }
        return try contracts(of: contract.organisationID, in: contract.program, month, tx).filter { earlier in
            earlier.endsOn.map { $0 <= contract.startsOn } ?? false
        }
    }

    private static func contracts(
        of organisation: OrganisationID, in program: Program, _ month: BillingMonth,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Contract] {
        let filter = ContractFilter(organisationID: organisation, program: program)
        return try MonthCloseStore.contracts(in: month, of: filter, tx).map { $0.0 }.filter { $0.runs(in: month) }
    }

    /// The bill of one tenant's calls, by the computation of the invoice. `nil` where a contract's month cannot be
    /// computed, or the tenant is unknown.
    package static func voiceBill(
        of id: TenantID, in month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> VoiceBill? {
        guard let placement = try TenantStore.find(id, tx)?.placement else { return nil }
        var bill = VoiceBill()
        (bill.milliseconds, bill.hasOtherCalls) = try BillingInputStore.voice(of: id, in: month, tx)
        let books = try Self.books(tx)
        do {
            for contract in try contracts(of: placement.organisationID, in: placement.host.program, month, tx) {
                try add(contract, of: id, in: month, books: books, to: &bill, tx)
            }
        } catch is BillingDefect {
            return nil
        }
        return bill
    }

    private static func add(
        _ contract: Contract, of id: TenantID, in month: BillingMonth, books: [String: PublishedPriceBook],
        to bill: inout VoiceBill, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let inputs = try BillingInputStore.load(contract, month: month, tx)
        let subject = BillingSubject(
            contract: contract, versions: inputs.versions, books: books, buyer: inputs.buyer, tenants: inputs.tenants,
            disclosures: inputs.disclosures)
        let (version, book) = try subject.terms(in: month)
        guard case .enterprise(let terms) = version.terms else { return }
        let usage = try charged(inputs.usage, of: subject, in: month, tx)
        let isBilled = inputs.tenants.contains {
            $0.tenantID == id && $0.hasVoice(in: contract.period(in: month))
        }
        bill.billedMilliseconds = (bill.billedMilliseconds ?? 0) + (isBilled ? usage.voice[id, default: 0] : 0)
        let beyond = try UsageCharges(subject, month: month).lines(usage).first { $0.charge == "voice_overage:\(id)" }
        guard let milliseconds = beyond.flatMap({ Int64($0.quantity) }) else { return }
        bill.charges.append(
            VoiceBill.Charge(
                milliseconds: milliseconds,
                minutePrice: terms.voice?.minutePrice ?? book.book.enterprise.voice.minute))
    }
}
