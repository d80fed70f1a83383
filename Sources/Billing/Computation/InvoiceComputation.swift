import Crypto
import Kernel
import Rating

/// A contract's month as a pure function of what was read: no clock, no database, no chance.
package enum InvoiceComputation {
    /// - Parameters:
    ///   - usage: the month's sums as far as they arrived.
    ///   - prior: final months for which something arrived after their invoice, oldest first.
    ///   - before: the months just before, oldest first: notices of a longer time rest on them, charges never do.
    package static func compute(
        _ subject: BillingSubject, month: BillingMonth, usage: MonthUsage, prior: [PriorMonth],
        before: [(month: BillingMonth, usage: MonthUsage)] = []
    ) throws -> InvoiceDraft {
        do {
            let (version, book) = try subject.terms(in: month)
            var lines = try FixedCharges(subject, month: month).lines()
            lines += try UsageCharges(subject, month: month).lines(usage)
            var notices = notices(subject, month: month, usage: usage, version: version)
            notices += loadNotices(subject, months: before + [(month, usage)], book: book.book)
            let adjustments = try prior.sorted { $0.month < $1.month }.flatMap {
                try adjust($0, of: subject, in: month)
            }
            notices += try append(adjustments, to: &lines)
            guard let country = Country(subject.buyer.country) else {
                throw BillingDefect.unknownCountry(subject.buyer.country)
            }
            let vat = VATDecision(buyer: country, vatIDValid: subject.buyer.vatIDValid, book: book.book)
            if let reminder = vat.reminder { notices.append(reminder) }
            let disclosure = subject.disclosures.latest(for: month)
            let basis = subject.contract.runs(in: month) ? version.terms.disclosureBasis : nil
            return InvoiceDraft(
                lines: lines, vat: vat, total: try vat.total(of: lines.map(\.net)),
                missing: disclosure == nil ? basis : nil, disclosureID: basis == nil ? nil : disclosure?.id,
                notices: notices,
                hashes: InputHashes(
                    contract: version.sha256,
                    usage: try usageDigest(subject, month: month, usage: usage, prior: prior), priceBook: book.sha256))
        } catch let refusal as Refusal {
            throw BillingDefect.refused(refusal)
        }
    }

    // MARK: Adjustments

    /// What a final month comes to now, less what was billed for it. A line per charge that differs.
    private static func adjust(
        _ prior: PriorMonth, of subject: BillingSubject, in month: BillingMonth
    ) throws -> [DraftLine] {
        try UsageCharges(subject, month: prior.month).lines(prior.usage).compactMap { line in
            let billed = prior.billed[line.charge] ?? .zero
            let difference = line.net - billed
            guard difference != .zero else { return nil }
            var adjustment = line
            adjustment.reason = .adjustment
            adjustment.adjustedIn = month
            adjustment.description = "Adjustment of \(prior.month.words): \(line.description)"
            adjustment.quantity = "1"
            adjustment.unitPrice = difference.description
            adjustment.net = difference
            adjustment.explanation = line.explanation.adjusting(
                [
                    "month": prior.month.description, "billed": billed.description, "due": line.net.description,
                    "causes": prior.causes.map(\.rawValue).joined(separator: " "),
                ],
                sentence: "\(prior.month.words) with \(prior.words) comes to \(line.net.display); "
                    + "\(billed.display) were billed.")
            return adjustment
        }
    }

    /// Adjustments join as long as the invoice stays one: what would turn it into a credit is carried to the next.
    private static func append(_ adjustments: [DraftLine], to lines: inout [DraftLine]) throws -> [String] {
        var notices: [String] = []
        var total = try Money.sum(lines.map(\.net))
        for line in adjustments.filter({ !$0.net.isNegative }) + adjustments.filter(\.net.isNegative) {
            guard total + line.net >= .zero else {
                notices.append("\(line.description) of \(line.net.display) is carried to the next invoice.")
                continue
            }
            total += line.net
            lines.append(line)
        }
        return notices
    }

    // MARK: Notices

    private static func notices(
        _ subject: BillingSubject, month: BillingMonth, usage: MonthUsage, version: ContractVersion
    ) -> [String] {
        guard version.terms.program == .enterprise else { return [] }
        let period = subject.contract.period(in: month)
        return subject.tenants.compactMap { tenant in
            guard usage.voice[tenant.tenantID, default: 0] > 0, !tenant.hasVoice(in: period) else { return nil }
            return
                "\(tenant.name) had metered calls but no voice enabled in \(month.words): nothing is charged for them."
        }
    }

    /// What a longer time says about the load: of an Enterprise licence as a whole, of a Deployment by instance.
    private static func loadNotices(
        _ subject: BillingSubject, months: [(month: BillingMonth, usage: MonthUsage)], book: PriceBook
    ) -> [String] {
        switch subject.contract.program {
        case .solution: return []
        case .enterprise:
            let loads = months.map { load(of: subject, in: $0.month, usage: $0.usage) }
            return SustainedLoadNotice(months: loads, book: book.enterprise).map { [$0.sentence] } ?? []
        case .deployment:
            return subject.instances.compactMap { instance in
                instance.notice(turnsByMonth: months.map { instance.turns(in: $0.usage) }, book: book.deployment)
            }
        }
    }

    private static func load(
        of subject: BillingSubject, in month: BillingMonth, usage: MonthUsage
    ) -> SustainedLoadNotice.Month {
        let period = subject.contract.period(in: month)
        return SustainedLoadNotice.Month(
            turns: usage.totalTurns, tenants: TenantTimeline.peakBillable(subject.tenants, in: period))
    }

    // MARK: Hash

    private struct UsageFacts: Encodable {
        struct Tenant: Encodable {
            let tenant: TenantID
            let turns: Int64
            let voiceMilliseconds: Int64
            /// Left out where the month has no earlier contract.
            let voiceBeforeMilliseconds: Int64?
            let statuses: [Status]
        }

        struct Status: Encodable {
            let since: Timestamp
            let state: String
            let kind: String
            let voice: Bool
        }

        struct Revenue: Encodable {
            let disclosure: DisclosureID
            let month: BillingMonth
            let amount: Money
        }

        struct Prior: Encodable {
            let month: BillingMonth
            let turns: [String: Int64]
            let voiceMilliseconds: [String: Int64]
            let billed: [String: Money]
        }

        let month: BillingMonth
        let tenants: [Tenant]
        let disclosures: [Revenue]
        let prior: [Prior]
    }

    /// SHA-256 over the canonical JSON of everything metered, disclosed or already billed that the lines rest on.
    private static func usageDigest(
        _ subject: BillingSubject, month: BillingMonth, usage: MonthUsage, prior: [PriorMonth]
    ) throws -> [UInt8] {
        let period = subject.contract.period(in: month)
        let tenants = subject.tenants.sorted { $0.tenantID < $1.tenantID }.map { tenant in
            UsageFacts.Tenant(
                tenant: tenant.tenantID, turns: usage.turns[tenant.tenantID, default: 0],
                voiceMilliseconds: usage.voice[tenant.tenantID, default: 0],
                voiceBeforeMilliseconds: usage.voiceBefore[tenant.tenantID],
                statuses: tenant.statuses(in: period).map {
                    UsageFacts.Status(
                        since: $0.time.lowerBound, state: $0.status.state, kind: $0.status.kind,
                        voice: $0.status.voiceEnabled)
                })
        }
        let facts = UsageFacts(
            month: month, tenants: tenants,
            disclosures: subject.disclosures.filter { $0.month <= month }.sorted { $0.id < $1.id }.map {
                UsageFacts.Revenue(disclosure: $0.id, month: $0.month, amount: $0.amount)
            },
            prior: prior.sorted { $0.month < $1.month }.map { prior in
                UsageFacts.Prior(
                    month: prior.month, turns: keyed(prior.usage.turns), voiceMilliseconds: keyed(prior.usage.voice),
                    billed: prior.billed)
            })
        return Array(SHA256.hash(data: try StoredJSON.bytes(of: facts)))
    }

    private static func keyed(_ sums: [TenantID: Int64]) -> [String: Int64] {
        Dictionary(uniqueKeysWithValues: sums.map { ($0.key.description, $0.value) })
    }
}
