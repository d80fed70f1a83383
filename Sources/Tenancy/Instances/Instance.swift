import Kernel

/// Who runs an instance. It never changes, because it decides the program that a tenant is billed under.
package enum InstanceHost: String, Sendable, Codable, CaseIterable, Hashable {
    case vendor
    case licensee
    case endCustomer = "end_customer"

    /// The program whose tenants live on such an instance.
    package var program: Program {
        switch self {
        case .vendor: .solution
        case .licensee: .enterprise
        case .endCustomer: .deployment
        }
    }
}

/// One running stack: the unit of deployment.
package struct Instance: Sendable, Equatable {
    /// A retired instance takes no new tenants.
    package enum State: String, Sendable, Codable, CaseIterable { case active, retired }

    package let id: InstanceID
    /// Who sees and manages it: the vendor, the licensee or the deployment partner.
    package let organisationID: OrganisationID
    /// Whose stack it is: the vendor, the licensee or the one end-customer.
    package let ownerID: OrganisationID
    package let host: InstanceHost
    package var profile: InstanceProfile
    package var state: State
    /// Only of a deployment at an end-customer.
    package var licence: InstanceLicence?
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

/// What can be said of an instance and changes over time.
package struct InstanceProfile: Sendable, Equatable {
    package var displayName: String
    /// Where it runs, in the operator's own words, for example `eu-central`.
    package var region = ""
    /// The software version that it reports.
    package var version = ""

    package init(displayName: String) { self.displayName = displayName }
}

extension Instance {
    /// What the audit log compares.
    var auditFields: [String: String] {
        [
            "display_name": profile.displayName, "region": profile.region, "version": profile.version,
            "state": state.rawValue, "order": licence?.order ?? "", "size": licence?.size.rawValue ?? "",
        ]
    }
}

/// What is sent to create or change an instance. `nil` leaves a value as it is.
package struct InstanceChanges: Sendable {
    package var displayName: String?
    package var region: String?
    package var version: String?
    package var state: Instance.State?
    /// The order of a deployment by its reference.
    package var order: String?
    package var size: InstanceLicence.Size?

    package init() {}

    func applied(to instance: Instance) throws(Problem) -> Instance {
        var new = instance
        var fields = FieldChecks()
        fields.set(&new.profile.displayName, displayName, "display_name", 1...Limits.textCharacters)
        fields.set(&new.profile.region, region, "region", 0...60)
        fields.set(&new.profile.version, version, "version", 0...60)
        var order = new.licence?.order ?? ""
        fields.set(&order, self.order, "order", 1...40)
        let size = size ?? new.licence?.size
        if order.isEmpty != (size == nil) {
            fields.refuse(order.isEmpty ? "order" : "size", "is required: 'order' and 'size' go together")
        }
        try fields.throwIfAny()
        new.licence = size.map { InstanceLicence(order: order, size: $0) }
        new.state = state ?? new.state
        return new
    }
}

/// Which instances are wanted.
package struct InstanceFilter: Sendable {
    package var organisationID: OrganisationID?
    package var ownerID: OrganisationID?
    package var host: InstanceHost?
    package var state: Instance.State?

    package init() {}
}
