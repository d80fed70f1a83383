import Kernel
import Postgres
import Telephony
import Tenancy

/// Ends the voice of tenants that were purged, whoever did that: their numbers rest, their domain is free again, their
/// phones and trunks are gone, and without their data key every copy of a secret is worth nothing. Call records, receipts
/// and the audit log stay, because invoices rest on them.
struct VoicePurgeService: Sendable {
    let numbers: PhoneNumberService
    let box: SecretBox

    /// A named job of the platform: one bounded batch. Says how many tenants that were; call again while it is not 0.
    func purge(limit: Int = 20, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor) throws -> Int {
        let due = try VoicePurgeStore.due(limit: limit, tx)
        for tenant in due {
            if let voice = try VoiceTenantStore.find(tenant.id, forChange: true, tx) { try end(voice, tx, actor) }
            let keys = try box.shred(.tenant(tenant.id, of: tenant.organisationID), tx)
            try tx.audit(
                "voice.shred_keys", target: tenant.id, organisation: tenant.organisationID, tenant: tenant.id,
                detail: ["keys": "\(keys)"], by: actor)
        }
        return due.count
    }

    private func end(_ tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor) throws {
        try VoicePurgeStore.deletePhones(of: tenant.id, tx)
        let resting = try numbers.rest(of: tenant, reason: "the tenant was purged", tx, actor)
        let trunks = try VoicePurgeStore.deleteTrunks(of: tenant.id, tx)
        try SIPDomainStore.giveBack(tenant.domain, of: tenant.id, tx)
        try VoiceSettingsStore.delete(tenant.id, tx)
        try SIPDomainStore.delete(tenant.id, tx)
        try tx.recordVoiceChange(
            "purge", tenant.id, of: tenant,
            ["domain": tenant.domain, "numbers": "\(resting)", "trunks": "\(trunks)"], by: actor)
    }
}
