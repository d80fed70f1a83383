import Kernel
import Web

/// A tenant as the API shows it.
package struct TenantResource: Codable, Sendable, Revisioned {
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let instanceID: InstanceID
    package let host: InstanceHost
    package let endCustomerID: OrganisationID?
    package let slug: String
    package let displayName: String
    package let kind: Tenant.Kind
    package let state: TenantState.Name
    /// Why it is suspended, archived or purged; empty otherwise.
    package let stateReason: String
    package let voiceEnabled: Bool
    /// When the content of an archived tenant is deleted.
    package let purgeAt: Timestamp?
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(_ tenant: Tenant) {
        tenantID = tenant.id
        organisationID = tenant.placement.organisationID
        instanceID = tenant.placement.instanceID
        host = tenant.placement.host
        endCustomerID = tenant.settings.endCustomerID
        slug = tenant.slug
        displayName = tenant.settings.displayName
        kind = tenant.settings.kind
        state = tenant.state.name
        stateReason = tenant.state.reason
        voiceEnabled = tenant.settings.voiceEnabled
        purgeAt = tenant.state.purgeAt
        revision = tenant.revision
        createdAt = tenant.createdAt
        updatedAt = tenant.updatedAt
    }
}

struct TenantPath: Codable, Sendable {
    let tenantID: TenantID
}

struct ListTenants: Codable, Sendable {
    let organisationID: OrganisationID?
    let instanceID: InstanceID?
    let endCustomerID: OrganisationID?
    let state: TenantState.Name?
    let kind: Tenant.Kind?
    let search: String?
    let limit: PageLimit?
    let cursor: String?

    var filter: TenantFilter {
        var filter = TenantFilter()
        filter.organisationID = organisationID
        filter.instanceID = instanceID
        filter.endCustomerID = endCustomerID
        filter.state = state
        filter.kind = kind
        filter.search = search
        return filter
    }
}

struct CreateTenant: Codable, Sendable {
    let organisationID: OrganisationID?
    let instanceID: InstanceID
    let endCustomerID: OrganisationID?
    let slug: String
    let displayName: String
    let kind: Tenant.Kind?
    let voiceEnabled: Bool?
    /// Also activates it, when nothing has to be provisioned elsewhere.
    let activate: Bool?
    let validateOnly: Bool?

    var tenant: NewTenant {
        NewTenant(
            organisationID: organisationID, instanceID: instanceID, slug: slug,
            settings: TenantSettings(
                displayName: displayName, kind: kind ?? .production, voiceEnabled: voiceEnabled ?? false,
                endCustomerID: endCustomerID),
            activates: activate ?? false)
    }
}

struct UpdateTenant: Codable, Sendable {
    let tenantID: TenantID
    let displayName: String?
    let kind: Tenant.Kind?
    let voiceEnabled: Bool?
    let endCustomerID: OrganisationID?
    let validateOnly: Bool?

    var changes: TenantChanges {
        var changes = TenantChanges()
        changes.displayName = displayName
        changes.kind = kind
        changes.voiceEnabled = voiceEnabled
        changes.endCustomerID = endCustomerID
        return changes
    }
}

func tenantEndpoints(_ tenants: TenantService, _ work: UnitOfWork) -> [Endpoint] {
    let tag = "Tenants"
    return [
        Endpoint(
            .post, "/v1/tenants", "Create a tenant", tag: tag, requires: .permission(.tenantWrite)
        ) { (call: Call<CreateTenant>) in
            try await work.perform(call, validateOnly: call.input.validateOnly) { tx, actor in
                TenantResource(try tenants.create(call.input.tenant, tx, actor))
            }
        }
        .status(201)
        .failing(
            "SLUG_TAKEN", "TOPOLOGY_PROGRAM_MISSING", "TOPOLOGY_FOREIGN_INSTANCE", "TOPOLOGY_INSTANCE_RETIRED",
            "TOPOLOGY_ONE_END_CUSTOMER", "TOPOLOGY_UNRELATED_END_CUSTOMER", "VOICE_NEEDS_PREMIUM",
            "VOICE_NEEDS_ORDER_FORM"),

        Endpoint(
            .get, "/v1/tenants", "List tenants", tag: tag, requires: .permission(.tenantRead)
        ) { (call: Call<ListTenants>) in
            let page = PageRequest(limit: call.input.limit?.count, cursor: call.input.cursor)
            return try await work.read(call) { tx in
                try tenants.list(call.input.filter, page, tx).map(TenantResource.init)
            }
        },

        Endpoint(
            .get, "/v1/tenants/{tenant_id}", "Get a tenant", tag: tag, requires: .permission(.tenantRead)
        ) { (call: Call<TenantPath>) in
            try await work.read(call) { tx in
                TenantResource(try tenants.get(call.input.tenantID, tx))
            }
        },

        Endpoint(
            .patch, "/v1/tenants/{tenant_id}", "Change a tenant", tag: tag, requires: .permission(.tenantWrite)
        ) { (call: Call<UpdateTenant>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                TenantResource(
                    try tenants.update(input.tenantID, input.changes, expecting: .header(call.ifMatch), tx, actor))
            }
        }
        .comparingState().failing("TENANT_STATE", "VOICE_NEEDS_PREMIUM", "VOICE_NEEDS_ORDER_FORM"),
    ] + tenantTransitionEndpoints(tenants, work)
}
