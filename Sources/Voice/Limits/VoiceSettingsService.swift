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
