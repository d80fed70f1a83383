/// Rounding per call, where a contract agrees one instead of whole milliseconds (domain 2.5).
package enum CallIncrement: String, Hashable, Sendable, CaseIterable, Codable {
    case second = "1/1"
    case sixSeconds = "6/6"
    case minute = "60/60"

    private var milliseconds: Int64 {
        switch self {
        case .second: 1_000
        case .sixSeconds: 6_000
        case .minute: 60_000
        }
    }

    /// The time to bill for one call: up to the next full increment; an unanswered call stays at zero.
    package func billable(milliseconds answered: Int64) -> Int64 {
        let rest = answered % milliseconds
        guard answered > 0, rest > 0 else { return max(0, answered) }
        let (sum, overflow) = answered.addingReportingOverflow(milliseconds - rest)
        return overflow ? answered : sum
    }
}

/// What an Enterprise month is rated from (domain 2.1). The annual licence is billed yearly in advance, not here.
package struct EnterpriseUsage: Hashable, Sendable {
    /// Peak of simultaneously active or suspended billable tenants.
    package let peakBillableTenants: Int64
    /// Answered milliseconds of each tenant with voice enabled at any time in the month, after any agreed rounding.
    package let voiceMillisecondsByTenant: [Int64]
    /// What each of them used of the month's included minutes under an earlier contract; nothing when left out.
    package let voiceUsedBeforeByTenant: [Int64]
    package let serviceLevel: ServiceLevelName?
    package let sector: Sector
    /// For the explanation: how calls were rounded before they were summed.
    package let increment: CallIncrement?

    package init(
        peakBillableTenants: Int64, voiceMillisecondsByTenant: [Int64], voiceUsedBeforeByTenant: [Int64] = [],
        serviceLevel: ServiceLevelName?, sector: Sector = .privateSector, increment: CallIncrement? = nil
    ) {
        self.peakBillableTenants = peakBillableTenants
        self.voiceMillisecondsByTenant = voiceMillisecondsByTenant
        self.voiceUsedBeforeByTenant = voiceUsedBeforeByTenant
        self.serviceLevel = serviceLevel
        self.sector = sector
        self.increment = increment
    }
}

/// A rated Enterprise month: only lines with something to charge, in the order tenants, voice, overages, service level.
package struct EnterpriseMonth: Hashable, Sendable {
    package let lines: [RatedLine]
    package let total: Money

    package init(_ usage: EnterpriseUsage, book: PriceBook.Enterprise) throws(Refusal) {
        try Inputs.check(count: usage.peakBillableTenants, "peak_billable_tenants")
        try Inputs.check(
            Int64(usage.voiceMillisecondsByTenant.count), 0...Int64(Decided.listLimit), "voice_ms_by_tenant")
        try EnterpriseMonth.checkServiceLevel(usage.serviceLevel, sector: usage.sector, book: book)
        var lines: [RatedLine] = []
        let beyond = usage.peakBillableTenants - book.includedTenants
        if beyond > 0 {
            lines.append(
                try RatedLine(
                    .tenantBeyondIncluded, quantity: beyond, unitPrice: UnitPrice(book.tenantMonth),
                    basis: .tenantsBeyond(peak: usage.peakBillableTenants, included: book.includedTenants)))
        }
        lines += try EnterpriseMonth.voice(usage, book: book.voice)
        if let level = usage.serviceLevel {
            let price = level == .premium ? book.premiumSLA.month : book.businessSLA.month
            let mandatory = book.premiumMandatoryFor.contains(usage.sector)
            lines.append(
                try RatedLine(
                    .serviceLevel(level), quantity: 1, unitPrice: UnitPrice(price),
                    basis: .serviceLevel(level, usage.sector, mandatory: mandatory)))
        }
        total = try Money.sum(lines.lazy.map(\.net))
        self.lines = lines
    }

    /// The premium level is mandatory for some sectors; a contract without it is refused.
    package static func checkServiceLevel(
        _ level: ServiceLevelName?, sector: Sector, book: PriceBook.Enterprise
    ) throws(Refusal) {
        guard level == .premium || !book.premiumMandatoryFor.contains(sector) else {
            throw Refusal(
                field: "sla", reason: "premium_sla_mandatory",
                message: "the premium SLA is mandatory for this sector; choose premium")
        }
    }

    /// The annual licence, billed in advance for one contract year.
    package static func annualLicence(_ book: PriceBook.Enterprise) throws(Refusal) -> RatedLine {
        try RatedLine(
            .annualLicence, quantity: 1, unitPrice: UnitPrice(Rate(book.annualLicence)),
            basis: .flat(
                rule: "enterprise.annual_licence",
                sentence: "One contract year in advance; includes \(book.includedTenants) tenants."))
    }

    /// The implementation fee, once per contract.
    package static func implementation(_ book: PriceBook.Enterprise) throws(Refusal) -> RatedLine {
        try RatedLine(
            .implementation, quantity: 1, unitPrice: UnitPrice(Rate(book.implementationOnce)),
            basis: .flat(rule: "enterprise.implementation", sentence: "The implementation, once."))
    }

    private static func voice(_ usage: EnterpriseUsage, book: PriceBook.Voice) throws(Refusal) -> [RatedLine] {
        let used = usage.voiceMillisecondsByTenant
        guard !used.isEmpty else { return [] }
        var lines = [
            try RatedLine(
                .voiceAddon, quantity: Int64(used.count), unitPrice: UnitPrice(book.tenantMonth),
                basis: .voiceTenants(includedMinutes: book.includedMinutes))
        ]
        for (index, milliseconds) in used.enumerated() {
            try Inputs.check(count: milliseconds, "voice_ms_by_tenant[\(index)]")
            let before =
                usage.voiceUsedBeforeByTenant.indices.contains(index) ? usage.voiceUsedBeforeByTenant[index] : 0
            try Inputs.check(count: before, "voice_used_before_ms_by_tenant[\(index)]")
            let left = max(0, book.includedMilliseconds - before)
            guard milliseconds > left else { continue }
            lines.append(
                try RatedLine(
                    .voiceOverage(index), quantity: milliseconds - left, unitPrice: book.overage,
                    basis: .voiceOverage(
                        milliseconds: milliseconds, includedMilliseconds: left, usedBefore: before,
                        increment: usage.increment)))
        }
        return lines
    }
}

extension EnterpriseMonth {
    static func explainTenants(_ line: RatedLine, peak: Int64, included: Int64) -> Explanation {
        Explanation(
            rule: "enterprise.tenant_beyond_included",
            inputs: [
                "peak_billable_tenants": String(peak), "included_tenants": String(included),
                "unit_price": line.unitPrice.description,
            ],
            sentence: "At its peak the month had \(Wording.counted(peak, "tenant", "tenants")); "
                + "\(Wording.grouped(included)) are included, \(Wording.grouped(line.quantity)) are charged.")
    }

    static func explainVoice(_ line: RatedLine, includedMinutes: Int64) -> Explanation {
        Explanation(
            rule: "enterprise.voice_addon",
            inputs: [
                "voice_tenants": String(line.quantity), "included_minutes": String(includedMinutes),
                "unit_price": line.unitPrice.description,
            ],
            sentence: "\(Wording.counted(line.quantity, "tenant", "tenants")) had voice in this month, "
                + "each with \(Wording.grouped(includedMinutes)) minutes included.")
    }

    static func explainOverage(
        _ line: RatedLine, used: Int64, included: Int64, before: Int64, increment: CallIncrement?
    ) -> Explanation {
        let explanation = Explanation(
            rule: "enterprise.voice_overage",
            inputs: [
                "voice_ms": String(used), "included_ms": String(included), "unit_price": line.unitPrice.description,
                "increment": increment?.rawValue ?? "none",
            ],
            sentence: "\(Wording.grouped(line.quantity)) ms beyond the included \(Wording.grouped(included)) ms, "
                + "pro rata at \(line.unitPrice.rate) a minute"
                + (increment.map { ", calls rounded \($0.rawValue) by contract." } ?? "; no call is rounded up."))
        guard before > 0 else { return explanation }
        return explanation.adding(
            ["used_before_ms": String(before)],
            sentence: "A month includes its minutes once: \(Wording.grouped(before)) ms of them were used under the "
                + "contract before.")
    }

    static func explainServiceLevel(
        _ line: RatedLine, level: ServiceLevelName, sector: Sector, mandatory: Bool
    ) -> Explanation {
        Explanation(
            rule: "enterprise.sla", inputs: ["sla": level.rawValue, "sector": sector.rawValue],
            sentence: "The \(level.rawValue) SLA of the month"
                + (mandatory ? ", mandatory for this customer's sector." : "."))
    }
}
