import Kernel
import Telephony
import Tenancy
import Web

/// What bounds a tenant's calls, without what its contract says.
package struct VoiceSettings: Sendable, Equatable {
    package var limits = VoiceLimits()
    /// The tenant's own bound of a month; `nil` for none.
    package var capMilliseconds: Int64?
    package var atEnd = Allotment.AtEnd.overage
    /// How long a running call may go on while the control plane is away, beyond its slice.
    package var outageSeconds = Allotment().outageSeconds
    package var onFraudSign = FraudResponse.record
    /// How long what a sign of fraud closed stays closed.
    package var fraudBlockHours = 24

    package init() {}

    /// The month's minutes, with what the contract includes and charges.
    func allotment(_ terms: VoiceLinks.Terms) -> Allotment {
        var allotment = Allotment()
        allotment.includedMilliseconds = terms.includedMilliseconds
        allotment.capMilliseconds = capMilliseconds
        allotment.atEnd = atEnd
        allotment.overageMicrosPerMinute = terms.overageMicrosPerMinute
        allotment.isPooled = terms.isPooled ? true : nil
        allotment.outageSeconds = outageSeconds
        return allotment
    }
}

/// A bound that exists unless somebody takes it away by name.
package enum VoiceBound: String, Codable, Sendable, CaseIterable {
    case dailySpend = "daily_spend"
    case exposure
}

/// What is sent to replace the settings. A field that is left out gets its default.
package struct VoiceSettingsFields: Codable, Sendable {
    /// Calls over trunks at the same time, both directions; by default 5.
    package var concurrentCalls: Int?
    /// Outbound calls at the same time by kind of destination.
    package var concurrentByKind: [String: Int]?
    /// New outbound calls within a second; by default 2.
    package var callsPerSecond: Int?
    /// By default four hours.
    package var longestCallSeconds: Int?
    /// Calls to one number within an hour; by default 20.
    package var sequentialCalls: Int?
    /// The dearest destination, in euro per minute, for example `0.50`; any when left out.
    package var dearestPerMinute: String?
    /// What outbound calls may cost in a day, in euro; by default 20.00.
    package var dailySpend: String?
    /// The most that can be lost right now, in euro; by default 25.00.
    package var exposure: String?
    /// Bounds that are taken away.
    package var unbounded: [VoiceBound]?
    /// The tenant's own bound of a month in minutes.
    package var capMinutes: Int64?
    /// What happens when the month's minutes are used up; by default `overage`.
    package var atEnd: Allotment.AtEnd?
    /// By default 600.
    package var outageSeconds: Int?
    /// What a sign of fraud does; by default it is noted only.
    package var onFraudSign: FraudResponse?
    /// How long what a sign of fraud closed stays closed; by default 24.
    package var fraudBlockHours: Int?

    package init() {}

    package func checked() throws(Problem) -> VoiceSettings {
        var settings = VoiceSettings()
        var checks = FieldChecks()
        func take(_ value: Int?, _ field: String, _ range: ClosedRange<Int>, into target: inout Int) {
            guard let value else { return }
            if !range.contains(value) {
                checks.refuse(field, "must lie between \(range.lowerBound) and \(range.upperBound)")
            }
            target = value
        }
        take(concurrentCalls, "concurrent_calls", 0...10_000, into: &settings.limits.concurrentCalls)
        take(callsPerSecond, "calls_per_second", 1...100, into: &settings.limits.callsPerSecond)
        take(longestCallSeconds, "longest_call_seconds", 60...86_400, into: &settings.limits.longestCallSeconds)
        take(sequentialCalls, "sequential_calls", 1...10_000, into: &settings.limits.sequentialCalls)
        take(outageSeconds, "outage_seconds", 0...14_400, into: &settings.outageSeconds)
        take(fraudBlockHours, "fraud_block_hours", 1...720, into: &settings.fraudBlockHours)
        settings.onFraudSign = onFraudSign ?? settings.onFraudSign
        for (kind, count) in concurrentByKind ?? [:] {
            if DestinationKind(rawValue: kind) == nil || !(0...10_000).contains(count) {
                let kinds = DestinationKind.allCases.map(\.rawValue).joined(separator: ", ")
                checks.refuse("concurrent_by_kind.\(kind)", "must be one of \(kinds), with a number from 0 to 10000")
            }
            settings.limits.concurrentByKind[kind] = count
        }
        money(&settings.limits, &checks)
        if let capMinutes {
            if !(0...10_000_000).contains(capMinutes) {
                checks.refuse("cap_minutes", "must lie between 0 and 10000000")
            }
            settings.capMilliseconds = capMinutes.multipliedReportingOverflow(by: 60_000).partialValue
        }
        settings.atEnd = atEnd ?? settings.atEnd
        try checks.throwIfAny()
        return settings
    }

    private func money(_ limits: inout VoiceLimits, _ checks: inout FieldChecks) {
        func amount(_ text: String?, _ field: String, decimals: Int) -> Int64? {
            guard let text else { return nil }
            guard let value = EuroText.parse(text, decimals: decimals) else {
                checks.refuse(field, "must be an amount in euro like 20.00, with at most \(decimals) decimals")
                return nil
            }
            return value
        }
        limits.dearestMicrosPerMinute = amount(dearestPerMinute, "dearest_per_minute", decimals: 6)
        limits.dailySpendCents = amount(dailySpend, "daily_spend", decimals: 2) ?? limits.dailySpendCents
        limits.exposureCents = amount(exposure, "exposure", decimals: 2) ?? limits.exposureCents
        for bound in unbounded ?? [] {
            switch bound {
            case .dailySpend:
                if dailySpend != nil { checks.refuse("daily_spend", "must not be given and unbounded at once") }
                limits.dailySpendCents = nil
            case .exposure:
                if exposure != nil { checks.refuse("exposure", "must not be given and unbounded at once") }
                limits.exposureCents = nil
            }
        }
    }
}

/// Limits and allotment as the API shows them.
package struct VoiceSettingsResource: Codable, Sendable, Revisioned {
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let concurrentCalls: Int
    package let concurrentByKind: [String: Int]
    package let callsPerSecond: Int
    package let longestCallSeconds: Int
    package let sequentialCalls: Int
    package let dearestPerMinute: String?
    package let dailySpend: String?
    package let exposure: String?
    package let unbounded: [VoiceBound]
    package let capMinutes: Int64?
    package let atEnd: Allotment.AtEnd
    package let outageSeconds: Int
    package let onFraudSign: FraudResponse
    package let fraudBlockHours: Int
    /// The currency of all amounts.
    package let currency: String
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(_ stored: Stored<VoiceSettings>) {
        let (settings, limits) = (stored.value, stored.value.limits)
        tenantID = stored.tenantID
        organisationID = stored.organisationID
        concurrentCalls = limits.concurrentCalls
        concurrentByKind = limits.concurrentByKind
        callsPerSecond = limits.callsPerSecond
        longestCallSeconds = limits.longestCallSeconds
        sequentialCalls = limits.sequentialCalls
        dearestPerMinute = limits.dearestMicrosPerMinute.map { EuroText.text($0, decimals: 6) }
        dailySpend = limits.dailySpendCents.map { EuroText.text($0, decimals: 2) }
        exposure = limits.exposureCents.map { EuroText.text($0, decimals: 2) }
        unbounded = (dailySpend == nil ? [.dailySpend] : []) + (exposure == nil ? [.exposure] : [])
        capMinutes = settings.capMilliseconds.map { $0 / 60_000 }
        atEnd = settings.atEnd
        outageSeconds = settings.outageSeconds
        onFraudSign = settings.onFraudSign
        fraudBlockHours = settings.fraudBlockHours
        currency = "EUR"
        revision = stored.revision
        createdAt = stored.createdAt
        updatedAt = stored.updatedAt
    }
}

/// Amounts in euro as decimal text and as whole numbers of their smallest part; never in between.
package enum EuroText {
    /// Digits, at most one point, at most `decimals` of them behind it; `nil` for anything else and for more than a billion.
    package static func parse(_ text: String, decimals: Int) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        guard let whole = parts.first, (1...9).contains(whole.utf8.count), parts.count < 2 || !fraction.isEmpty,
            fraction.utf8.count <= decimals, (whole + fraction).utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        return Int64(whole + fraction + String(repeating: "0", count: decimals - fraction.utf8.count))
    }

    /// The inverse, with two decimals at least.
    package static func text(_ value: Int64, decimals: Int) -> String {
        let digits = String(value)
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        var fraction = String(padded.suffix(decimals))
        while fraction.count > 2, fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(padded.dropLast(decimals)).\(fraction)"
    }
}
