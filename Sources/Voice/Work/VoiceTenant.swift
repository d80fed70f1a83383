import Kernel
import Postgres
import Telephony
import Tenancy

/// A tenant that has voice, as every use case of this module needs it.
package struct VoiceTenant: Sendable, Equatable {
    package let id: TenantID
    package let organisationID: OrganisationID
    package let domain: String
    /// How national numbers are read.
    package let country: CountryCode

    /// Whose key seals the tenant's secrets.
    var secretOwner: SecretOwner { .tenant(id, of: organisationID) }
}

extension VoiceTenant {
    /// The tenant for reading. 404 when it does not exist or the scope may not see it; 409 `VOICE_OFF` without voice.
    static func get(_ id: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> VoiceTenant {
        try found(VoiceTenantStore.find(id, forChange: false, tx), id, tx)
    }

    /// The tenant for a change of its voice: such changes happen one after the other.
    static func locked(_ id: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> VoiceTenant {
        try found(VoiceTenantStore.find(id, forChange: true, tx), id, tx)
    }

    private static func found(
        _ tenant: VoiceTenant?, _ id: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> VoiceTenant {
        if let tenant { return tenant }
        guard try TenantStore.find(id, tx) != nil else { throw Problem.notFound("tenant") }
        throw Problem.conflict(
            "VOICE_OFF",
            "This tenant has no voice. Give it a SIP domain first: POST /v1/voice/tenants/\(id)/domain.")
    }
}

extension Transaction where Scope == ScopeNode {
    /// The two traces of a change of a tenant's voice: the audit entry, and the new version that tells every holder of
    /// compiled plans.
    borrowing func recordVoiceChange(
        _ action: String, _ target: some CustomStringConvertible & Sendable, of tenant: VoiceTenant,
        _ detail: AuditDetail, by actor: Actor
    ) throws {
        try audit(
            "voice.\(action)", target: target, organisation: tenant.organisationID, tenant: tenant.id, detail: detail,
            by: actor)
        try PlanChangeStore.bump(tenant.id, of: tenant.organisationID, at: actor.now, self)
    }
}
