import Kernel
import Web

/// An organisation as the API shows it.
package struct OrganisationResource: Codable, Sendable, Revisioned {
    package let organisationID: OrganisationID
    package let kind: Organisation.Kind.Name
    /// The partner that manages this end-customer.
    package let managedBy: OrganisationID?
    package let displayName: String
    package let legalName: String
    package let country: CountryCode
    package let address: String
    package let billingEmail: String
    package let vatID: String?
    package let vatIDValid: Bool
    package let publicSector: Bool
    package let criticalInfrastructure: Bool
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(_ organisation: Organisation) {
        let profile = organisation.profile
        organisationID = organisation.id
        kind = organisation.kind.name
        managedBy = organisation.kind.manager
        displayName = profile.displayName
        legalName = profile.legalName
        country = profile.country
        address = profile.address
        billingEmail = profile.billingEmail
        vatID = profile.vatID?.text
        vatIDValid = profile.vatID?.isValid ?? false
        publicSector = profile.publicSector
        criticalInfrastructure = profile.criticalInfrastructure
        revision = organisation.revision
        createdAt = organisation.createdAt
        updatedAt = organisation.updatedAt
    }
}

struct OrganisationPath: Codable, Sendable {
    let organisationID: OrganisationID
}

struct ListOrganisations: Codable, Sendable {
    let kind: Organisation.Kind.Name?
    let managedBy: OrganisationID?
    let search: String?
    let limit: PageLimit?
    let cursor: String?

    var filter: OrganisationFilter {
        var filter = OrganisationFilter()
        filter.kind = kind
        filter.managedBy = managedBy
        filter.search = search
        return filter
    }
}

struct CreateOrganisation: Codable, Sendable {
    let kind: Organisation.Kind.Name
    let managedBy: OrganisationID?
    let displayName: String
    let legalName: String?
    let country: CountryCode
    let address: String?
    let billingEmail: String?
    let vatID: String?
    let publicSector: Bool?
    let criticalInfrastructure: Bool?
    let validateOnly: Bool?

    var changes: OrganisationChanges {
        var changes = OrganisationChanges()
        changes.displayName = displayName
        changes.legalName = legalName
        changes.country = country
        changes.address = address
        changes.billingEmail = billingEmail
        changes.vatID = vatID
        changes.publicSector = publicSector
        changes.criticalInfrastructure = criticalInfrastructure
        return changes
    }
}

struct UpdateOrganisation: Codable, Sendable {
    let organisationID: OrganisationID
    let displayName: String?
    let legalName: String?
    let country: CountryCode?
    let address: String?
    let billingEmail: String?
    let vatID: String?
    let publicSector: Bool?
    let criticalInfrastructure: Bool?
    let validateOnly: Bool?

    var changes: OrganisationChanges {
        var changes = OrganisationChanges()
        changes.displayName = displayName
        changes.legalName = legalName
        changes.country = country
        changes.address = address
        changes.billingEmail = billingEmail
        changes.vatID = vatID
        changes.publicSector = publicSector
        changes.criticalInfrastructure = criticalInfrastructure
        return changes
    }
}

func organisationEndpoints(_ organisations: OrganisationService, _ work: UnitOfWork) -> [Endpoint] {
    let tag = "Organisations"
    return [
        Endpoint(
            .post, "/v1/organisations", "Create an organisation", tag: tag, requires: .permission(.organisationWrite)
        ) { (call: Call<CreateOrganisation>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                let kind = input.kind
                return OrganisationResource(
                    try organisations.create(kind, managedBy: input.managedBy, input.changes, tx, actor))
            }
        }
        .status(201).failing("ORGANISATION_KIND", "ORGANISATION_ONE_VENDOR"),

        Endpoint(
            .get, "/v1/organisations", "List organisations", tag: tag, requires: .permission(.organisationRead)
        ) { (call: Call<ListOrganisations>) in
            let page = PageRequest(limit: call.input.limit?.count, cursor: call.input.cursor)
            return try await work.read(call) { tx in
                try organisations.list(call.input.filter, page, tx).map(OrganisationResource.init)
            }
        },

        Endpoint(
            .get, "/v1/organisations/{organisation_id}", "Get an organisation", tag: tag,
            requires: .permission(.organisationRead)
        ) { (call: Call<OrganisationPath>) in
            try await work.read(call) { tx in
                OrganisationResource(try organisations.get(call.input.organisationID, tx))
            }
        },

        Endpoint(
            .patch, "/v1/organisations/{organisation_id}", "Change an organisation", tag: tag,
            requires: .permission(.organisationWrite)
        ) { (call: Call<UpdateOrganisation>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                OrganisationResource(
                    try organisations.update(
                        input.organisationID, input.changes, expecting: .header(call.ifMatch), tx, actor))
            }
        }
        .comparingState().failing("ORGANISATION_LEGAL_FACTS"),
    ]
}

extension CountryCode: SchemaDescribed {
    package static var schema: Schema {
        .text(
            Schema.Text(
                pattern: "^[A-Za-z]{2}$", description: "An assigned code of ISO 3166-1 alpha-2.",
                example: sample.description))
    }

    package static var sample: CountryCode { .austria }
}
