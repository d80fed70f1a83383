import Kernel

/// An isolated workspace inside an instance.
package struct Tenant: Sendable, Equatable {
    /// Only production tenants are billable; sandboxes and demos are counted apart.
    package enum Kind: String, Sendable, Codable, CaseIterable { case production, sandbox, demo }

    package let id: TenantID
    package let placement: TenantPlacement
    /// Lower-case letters, digits and hyphens; unique in its instance, for ever.
    package let slug: String
    package var settings: TenantSettings
    package var state: TenantState
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

/// Where a tenant lives and who is billed for it; fixed at its creation.
package struct TenantPlacement: Sendable, Equatable {
    /// Manages the tenant and is billed for it.
    package let organisationID: OrganisationID
    package let instanceID: InstanceID
    package let host: InstanceHost
}

/// What can be changed of a tenant.
package struct TenantSettings: Sendable, Equatable {
    package var displayName: String
    package var kind: Tenant.Kind
    package var voiceEnabled: Bool
    /// Who receives the service, where it is known as a legal party.
    package var endCustomerID: OrganisationID?

    package init(
        displayName: String, kind: Tenant.Kind = .production, voiceEnabled: Bool = false,
        endCustomerID: OrganisationID? = nil
    ) {
        self.displayName = displayName
        self.kind = kind
        self.voiceEnabled = voiceEnabled
        self.endCustomerID = endCustomerID
    }
}

/// What is sent to change a tenant. `nil` leaves a value as it is.
package struct TenantChanges: Sendable {
    package var displayName: String?
    package var kind: Tenant.Kind?
    package var voiceEnabled: Bool?
    package var endCustomerID: OrganisationID?

    package init() {}

    /// All but the end-customer, which the topology decides.
    func applied(to settings: TenantSettings) throws(Problem) -> TenantSettings {
        var new = settings
        var fields = FieldChecks()
        fields.set(&new.displayName, displayName, "display_name", 1...Limits.textCharacters)
        try fields.throwIfAny()
        new.kind = kind ?? new.kind
        new.voiceEnabled = voiceEnabled ?? new.voiceEnabled
        return new
    }
}

/// A tenant to be created.
package struct NewTenant: Sendable {
    /// By default the actor's own.
    package var organisationID: OrganisationID?
    package var instanceID: InstanceID
    package var slug: String
    package var settings: TenantSettings
    /// Also takes the step from provisioning to active.
    package var activates = false

    package init(
        organisationID: OrganisationID? = nil, instanceID: InstanceID, slug: String, settings: TenantSettings,
        activates: Bool = false
    ) {
        self.organisationID = organisationID
        self.instanceID = instanceID
        self.slug = slug
        self.settings = settings
        self.activates = activates
    }

    /// Letters, digits and inner hyphens, as a DNS label.
    static func isSlug(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(bytes.count) && bytes.first != hyphen && bytes.last != hyphen
            && bytes.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == hyphen }
    }
}

/// Which tenants are wanted.
package struct TenantFilter: Sendable {
    package var organisationID: OrganisationID?
    package var instanceID: InstanceID?
    package var endCustomerID: OrganisationID?
    package var state: TenantState.Name?
    package var kind: Tenant.Kind?
    /// A part of the name or the slug, in any case.
    package var search: String?

    package init() {}
}

extension Tenant {
    /// What the audit log compares.
    var auditFields: [String: String] {
        [
            "display_name": settings.displayName, "kind": settings.kind.rawValue,
            "voice_enabled": "\(settings.voiceEnabled)", "end_customer_id": settings.endCustomerID?.description ?? "",
            "state": state.name.rawValue, "state_reason": state.reason,
            "purge_at": state.purgeAt?.description ?? "",
        ]
    }
}
