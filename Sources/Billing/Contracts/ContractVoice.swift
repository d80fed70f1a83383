import Kernel
import Postgres
import Rating
import Tenancy

/// What a contract says about telephony (domain 2.1, 2.3 and 7).
package struct ContractVoice: Sendable, Hashable {
    /// Whether telephony is part of it. Of a deployment the size decides, which the caller knows.
    package let hasTelephony: Bool
    /// Answered milliseconds of a tenant's month that cost nothing more; `nil` when the program counts none.
    package let includedMilliseconds: Int64?
    /// For one minute beyond.
    package let minutePrice: Rate
    /// The version of the price book that the contract pins.
    package let priceBook: String
    /// Rounding per call in place of whole milliseconds.
    package var increment: CallIncrement?
    /// The part of the month that is the contract's.
    package let period: Range<Timestamp>

    /// The reference of the order form's line that gives a Solution Partner telephony. *Decided*.
    package static let orderFormReference = "voice"
}

extension ContractService {
    /// What the contract of a program says on a day; `nil` when none is in force on it.
    package static func voice(
        of organisation: OrganisationID, in program: Program, at now: Timestamp, size: InstanceLicence.Size? = nil,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> ContractVoice? {
        guard let day = ViennaTime.date(at: now.microseconds) else { return nil }
        let records = try list(
            ContractFilter(organisationID: organisation, program: program),
            page: PageRequest(limit: Limits.pageMaximum, cursor: nil), tx
        ).items
        let present = records.first { record in
            record.contract.startsOn <= day && record.contract.endsOn.map { day < $0 } ?? true
        }
        guard let present, let version = present.version(in: day.billingMonth) else { return nil }
        let period = present.contract.period(in: day.billingMonth)
        switch version.terms {
        case .enterprise(let terms):
            let voice = try PriceBookStore.published(version.priceBookVersion, tx).book.enterprise.voice
            return ContractVoice(
                hasTelephony: true, includedMilliseconds: voice.includedMilliseconds,
                minutePrice: terms.voice?.minutePrice ?? voice.minute, priceBook: version.priceBookVersion,
                increment: terms.voice?.increment, period: period)
        case .solution(let terms):
            return uncounted(hasTelephony: terms.ordersVoice(in: day.billingMonth), version, period)
        case .deployment: return uncounted(hasTelephony: size == .premium, version, period)
        }
    }

    private static func uncounted(
        hasTelephony: Bool, _ version: ContractVersion, _ period: Range<Timestamp>
    ) -> ContractVoice {
        ContractVoice(
            hasTelephony: hasTelephony, includedMilliseconds: nil, minutePrice: Rate(micros: 0),
            priceBook: version.priceBookVersion, period: period)
    }

    /// Why an organisation's tenants of a program cannot have voice; `nil` when they can. What is ordered counts, also
    /// before its first day.
    package static func voiceRefusal(
        _ tx: borrowing Transaction<ScopeNode>, _ organisation: OrganisationID, _ program: Program
    ) throws -> Problem? {
        guard let refusal = VoiceRule.refusal(for: program) else { return nil }
        guard let contract = try ContractStore.present(of: organisation, in: program, tx),
            let terms = try ContractStore.versions(of: contract.id, in: tx).last?.terms
        else { return refusal }
        switch terms {
        case .enterprise: return nil
        case .solution(let terms): return terms.hasVoiceLine ? nil : refusal
        case .deployment(let terms): return (terms.orders ?? []).contains { ($0.premium ?? 0) > 0 } ? nil : refusal
        }
    }
}

extension SolutionTerms {
    fileprivate var voiceLines: [OrderFormLine] {
        (lines ?? []).filter { $0.reference.lowercased() == ContractVoice.orderFormReference }
    }

    fileprivate var hasVoiceLine: Bool { !voiceLines.isEmpty }

    func ordersVoice(in month: BillingMonth) -> Bool {
        voiceLines.contains { month >= $0.from && $0.until.map { last in month <= last } ?? true }
    }
}
