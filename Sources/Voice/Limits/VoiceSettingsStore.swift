import Kernel
import Postgres
import Telephony
import Tenancy

enum VoiceSettingsStore {
    private static let selection: SQL = """
        select \(StoredColumns.of("s")), s.concurrent_calls, s.concurrent_by_kind, s.calls_per_second,
            s.longest_call_seconds, s.sequential_calls, s.dearest_micros_per_minute, s.daily_spend_cents,
            s.exposure_cents, s.cap_ms, s.at_end, s.outage_seconds, s.on_fraud_sign, s.fraud_block_hours
        from app.voice_settings s
        """

    static func find(
        _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<VoiceSettings>? {
        try tx.first("\(selection) where s.tenant_id = \(tenant)")
    }

    static func all(of tenants: [TenantID], _ tx: borrowing Transaction<ScopeNode>) throws -> [Stored<VoiceSettings>] {
        try tx.all("\(selection) where s.tenant_id = any(\(tenants)::uuid[])")
    }

    /// What every tenant begins with.
    static func insertDefaults(
        for tenant: TenantID, of organisation: OrganisationID, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let settings = VoiceSettings()
        let limits = settings.limits
        try tx.execute(
            """
            insert into app.voice_settings (tenant_id, organisation_id, concurrent_calls, concurrent_by_kind, \
            calls_per_second, longest_call_seconds, sequential_calls, dearest_micros_per_minute, daily_spend_cents, \
            exposure_cents, cap_ms, at_end, outage_seconds, on_fraud_sign, fraud_block_hours, created_at, updated_at)
            values (\(tenant), \(organisation), \(limits.concurrentCalls), \(try JSONText(limits.concurrentByKind)), \
            \(limits.callsPerSecond), \(limits.longestCallSeconds), \(limits.sequentialCalls), \
            \(limits.dearestMicrosPerMinute), \(limits.dailySpendCents), \(limits.exposureCents), \
            \(settings.capMilliseconds), \(settings.atEnd.rawValue), \(settings.outageSeconds), \
            \(settings.onFraudSign), \(settings.fraudBlockHours), \(now), \(now))
            """)
    }

    static func update(
        _ settings: VoiceSettings, of tenant: TenantID, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let limits = settings.limits
        try tx.execute(
            """
            update app.voice_settings set concurrent_calls = \(limits.concurrentCalls), \
            concurrent_by_kind = \(try JSONText(limits.concurrentByKind)), \
            calls_per_second = \(limits.callsPerSecond), longest_call_seconds = \(limits.longestCallSeconds), \
            sequential_calls = \(limits.sequentialCalls), \
            dearest_micros_per_minute = \(limits.dearestMicrosPerMinute), \
            daily_spend_cents = \(limits.dailySpendCents), exposure_cents = \(limits.exposureCents), \
            cap_ms = \(settings.capMilliseconds), at_end = \(settings.atEnd.rawValue), \
            outage_seconds = \(settings.outageSeconds), on_fraud_sign = \(settings.onFraudSign), \
            fraud_block_hours = \(settings.fraudBlockHours), revision = revision + 1, updated_at = \(now)
            where tenant_id = \(tenant)
            """)
    }

    static func delete(_ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.voice_settings where tenant_id = \(tenant)")
    }
}

extension VoiceSettings: RowDecodable {
    package init(row: Row) throws {
        self.init()
        limits.concurrentCalls = try row.value("concurrent_calls")
        limits.concurrentByKind = try row.value("concurrent_by_kind", as: JSONText.self).decoded()
        limits.callsPerSecond = try row.value("calls_per_second")
        limits.longestCallSeconds = try row.value("longest_call_seconds")
        limits.sequentialCalls = try row.value("sequential_calls")
        limits.dearestMicrosPerMinute = try row.value("dearest_micros_per_minute")
        limits.dailySpendCents = try row.value("daily_spend_cents")
        limits.exposureCents = try row.value("exposure_cents")
        capMilliseconds = try row.value("cap_ms")
        atEnd = try row.value("at_end")
        outageSeconds = try row.value("outage_seconds")
        onFraudSign = try row.value("on_fraud_sign")
        fraudBlockHours = try row.value("fraud_block_hours")
    }
}

extension Allotment.AtEnd: SQLEncodable, SQLDecodable {}
