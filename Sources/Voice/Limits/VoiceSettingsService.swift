import Kernel
import Postgres
import Telephony
import Tenancy

/// The limits of a tenant's calls and the end of its minutes.
package struct VoiceSettingsService: Sendable {
    package func get(_ id: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> Stored<VoiceSettings> {
        _ = try VoiceTenant.get(id, tx)
        guard let settings = try VoiceSettingsStore.find(id, tx) else { throw Problem.notFound("tenant") }
        return settings
    }

    package func update(
        _ id: TenantID, _ fields: VoiceSettingsFields, expecting: ExpectedRevision,
        _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<VoiceSettings> {
        let tenant = try VoiceTenant.locked(id, tx)
        let before = try get(id, tx)
        try expecting.check(before.revision)
        let settings = try fields.checked()
        guard settings != before.value else { return before }
        let loosened = actor.isOfTenant ? settings.loosened(from: before.value) : []
        guard loosened.isEmpty else { throw Problem.partnerDecides(fields: loosened) }
        try VoiceSettingsStore.update(settings, of: id, at: actor.now, tx)
        try tx.recordVoiceChange(
            "update_settings", id, of: tenant, .difference(before.value.auditFields, settings.auditFields), by: actor)
        return try get(id, tx)
    }
}

extension VoiceSettings {
    var auditFields: [String: String] {
        let byKind = limits.concurrentByKind.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return [
            "concurrent_calls": "\(limits.concurrentCalls)", "concurrent_by_kind": byKind.joined(separator: ", "),
            "calls_per_second": "\(limits.callsPerSecond)", "longest_call_seconds": "\(limits.longestCallSeconds)",
            "sequential_calls": "\(limits.sequentialCalls)",
            "dearest_per_minute": limits.dearestMicrosPerMinute.map { EuroText.text($0, decimals: 6) } ?? "",
            "daily_spend": limits.dailySpendCents.map { EuroText.text($0, decimals: 2) } ?? "",
            "exposure": limits.exposureCents.map { EuroText.text($0, decimals: 2) } ?? "",
            "cap_minutes": capMilliseconds.map { "\($0 / 60_000)" } ?? "", "at_end": atEnd.rawValue,
            "outage_seconds": "\(outageSeconds)", "on_fraud_sign": onFraudSign.rawValue,
            "fraud_block_hours": "\(fraudBlockHours)",
        ]
    }
}

extension VoiceSettings {
    /// The fields, as the API names them, that bound less than before.
    func loosened(from before: VoiceSettings) -> [Problem.FieldError] {
        let (new, old) = (limits, before.limits)
        func isMore<Count: FixedWidthInteger>(_ new: Count?, _ old: Count?) -> Bool { (new ?? .max) > (old ?? .max) }
        var fields: [(String, Bool)] = [
            ("concurrent_calls", new.concurrentCalls > old.concurrentCalls),
            ("calls_per_second", new.callsPerSecond > old.callsPerSecond),
            ("longest_call_seconds", new.longestCallSeconds > old.longestCallSeconds),
            ("sequential_calls", new.sequentialCalls > old.sequentialCalls),
            ("dearest_per_minute", isMore(new.dearestMicrosPerMinute, old.dearestMicrosPerMinute)),
            ("daily_spend", isMore(new.dailySpendCents, old.dailySpendCents)),
            ("exposure", isMore(new.exposureCents, old.exposureCents)),
            ("cap_minutes", isMore(capMilliseconds, before.capMilliseconds)),
            ("at_end", before.atEnd == .block && atEnd == .overage),
            ("outage_seconds", outageSeconds > before.outageSeconds),
            ("on_fraud_sign", before.onFraudSign == .block && onFraudSign == .record),
            ("fraud_block_hours", fraudBlockHours < before.fraudBlockHours),
        ]
        for kind in old.concurrentByKind.keys.sorted() {
            fields.append(
                ("concurrent_by_kind.\(kind)", isMore(new.concurrentByKind[kind], old.concurrentByKind[kind])))
        }
        return fields.filter(\.1).map { field, _ in
            Problem.FieldError(field: field, message: "can only be tightened by a tenant's own key")
        }
    }
}
