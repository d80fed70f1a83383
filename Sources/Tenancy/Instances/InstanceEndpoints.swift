import Kernel
import Web

/// An instance as the API shows it.
package struct InstanceResource: Codable, Sendable, Revisioned {
    package let instanceID: InstanceID
    package let organisationID: OrganisationID
    package let ownerID: OrganisationID
    package let host: InstanceHost
    package let displayName: String
    package let region: String
    package let version: String
    package let state: Instance.State
    /// Of a deployment: the order of the contract that it belongs to.
    package let order: String?
    /// Of a deployment; decides its capacity.
    package let size: InstanceLicence.Size?
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(_ instance: Instance) {
        instanceID = instance.id
        organisationID = instance.organisationID
        ownerID = instance.ownerID
        host = instance.host
        displayName = instance.profile.displayName
        region = instance.profile.region
        version = instance.profile.version
        state = instance.state
        order = instance.licence?.order
        size = instance.licence?.size
        revision = instance.revision
        createdAt = instance.createdAt
        updatedAt = instance.updatedAt
    }
}

struct InstancePath: Codable, Sendable {
    let instanceID: InstanceID
}

struct ListInstances: Codable, Sendable {
    let organisationID: OrganisationID?
    let ownerID: OrganisationID?
    let host: InstanceHost?
    let state: Instance.State?
    let limit: PageLimit?
    let cursor: String?

    var filter: InstanceFilter {
        var filter = InstanceFilter()
        filter.organisationID = organisationID
        filter.ownerID = ownerID
        filter.host = host
        filter.state = state
        return filter
    }
}

struct CreateInstance: Codable, Sendable {
    let organisationID: OrganisationID?
    let ownerID: OrganisationID?
    let host: InstanceHost
    let displayName: String
    let region: String?
    let version: String?
    let order: String?
    let size: InstanceLicence.Size?
    let validateOnly: Bool?

    var changes: InstanceChanges {
        var changes = InstanceChanges()
        changes.displayName = displayName
        changes.region = region
        changes.version = version
        changes.order = order
        changes.size = size
        return changes
    }
}

struct UpdateInstance: Codable, Sendable {
    let instanceID: InstanceID
    let displayName: String?
    let region: String?
    let version: String?
    let state: Instance.State?
    let order: String?
    let size: InstanceLicence.Size?
    let validateOnly: Bool?

    var changes: InstanceChanges {
        var changes = InstanceChanges()
        changes.displayName = displayName
        changes.region = region
        changes.version = version
        changes.state = state
        changes.order = order
        changes.size = size
        return changes
    }
}

func instanceEndpoints(_ instances: InstanceService, _ work: UnitOfWork) -> [Endpoint] {
    let tag = "Instances"
    return [
        Endpoint(
            .post, "/v1/instances", "Register an instance", tag: tag, requires: .permission(.instanceWrite)
        ) { (call: Call<CreateInstance>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                InstanceResource(
                    try instances.create(
                        at: input.host, for: input.organisationID, ownedBy: input.ownerID, input.changes, tx, actor))
            }
        }
        .status(201)
        .failing(
            "TOPOLOGY_VENDOR_ONLY", "TOPOLOGY_LICENSEE_OWNS", "TOPOLOGY_OWNER_END_CUSTOMER",
            "TOPOLOGY_PROGRAM_MISSING", "SIZE_OF_DEPLOYMENT", "SIZE_NOT_SAID", "SIZE_NOT_ORDERED", "ORDER_EXHAUSTED"
        )
        .described(
            "A deployment at an end-customer names its 'order' and 'size'; where the contract has ordered only one kind, both "
                + "may be left out."),

        Endpoint(
            .get, "/v1/instances", "List instances", tag: tag, requires: .permission(.instanceRead)
        ) { (call: Call<ListInstances>) in
            let page = PageRequest(limit: call.input.limit?.count, cursor: call.input.cursor)
            return try await work.read(call) { tx in
                try instances.list(call.input.filter, page, tx).map(InstanceResource.init)
            }
        },

        Endpoint(
            .get, "/v1/instances/{instance_id}", "Get an instance", tag: tag, requires: .permission(.instanceRead)
        ) { (call: Call<InstancePath>) in
            try await work.read(call) { tx in
                InstanceResource(try instances.get(call.input.instanceID, tx))
            }
        },

        Endpoint(
            .patch, "/v1/instances/{instance_id}", "Change an instance", tag: tag,
            requires: .permission(.instanceWrite)
        ) { (call: Call<UpdateInstance>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                InstanceResource(
                    try instances.update(
                        input.instanceID, input.changes, expecting: .header(call.ifMatch), tx, actor))
            }
        }
        .comparingState().failing("SIZE_OF_DEPLOYMENT", "SIZE_NOT_ORDERED", "ORDER_EXHAUSTED"),
    ]
}
