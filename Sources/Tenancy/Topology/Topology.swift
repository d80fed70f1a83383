import Kernel

/// The topology rules of the three programs, in one place. Every input has been read under row-level security before: an
/// object that the actor may not see never gets here.
///
/// | program | instances run at | tenants |
/// |---|---|---|
/// | enterprise | the licensee | the licensee's own, its subsidiaries' and its end-customers' |
/// | solution | the vendor (one shared platform) | many partners', and the vendor's own |
/// | deployment | one end-customer | of that end-customer alone |
package enum Topology {
    /// The organisation that a new object is for, with the programs that it holds.
    package struct Party: Sendable {
        package let organisation: Organisation
        package let programs: Set<Program>

        package init(_ organisation: Organisation, programs: Set<Program>) {
            self.organisation = organisation
            self.programs = programs
        }

        var isVendor: Bool { organisation.kind == .vendor }
    }

    /// Whether `party` may have an instance at `host` that belongs to `owner`.
    package static func checkInstance(
        of party: Party, at host: InstanceHost, ownedBy owner: Organisation
    ) throws(Problem) {
        switch host {
        case .vendor:
            guard party.isVendor, owner.id == party.organisation.id else {
                throw .refused(
                    "TOPOLOGY_VENDOR_ONLY", "Only the vendor runs instances of the shared platform.", field: "host")
            }
            return
        case .licensee:
            guard owner.id == party.organisation.id else {
                throw .refused(
                    "TOPOLOGY_LICENSEE_OWNS", "A licensee owns the instance that it hosts.", field: "owner_id")
            }
        case .endCustomer:
            guard case .endCustomer(let manager) = owner.kind, manager == party.organisation.id else {
                throw .refused(
                    "TOPOLOGY_OWNER_END_CUSTOMER",
                    "A deployment belongs to exactly one end-customer that this organisation manages. "
                        + "Create the end-customer first and give its id.", field: "owner_id")
            }
        }
        try checkProgram(of: party, for: host, field: "host")
    }

    /// Where a tenant of `party` is placed on `instance`: the end-customer that it then has, or a refusal.
    package static func endCustomer(
        ofTenantBy party: Party, on instance: Instance, requested: Organisation?
    ) throws(Problem) -> OrganisationID? {
        guard instance.state == .active else {
            throw .refused("TOPOLOGY_INSTANCE_RETIRED", "This instance is retired.", field: "instance_id")
        }
        if instance.host != .vendor, instance.organisationID != party.organisation.id {
            throw .refused(
                "TOPOLOGY_FOREIGN_INSTANCE", "This instance is another organisation's.", field: "instance_id")
        }
        if !(instance.host == .vendor && party.isVendor) {
            try checkProgram(of: party, for: instance.host, field: "instance_id")
        }
        return try checkEndCustomer(requested, of: party, on: instance)
    }

    /// Whether `customer` may be the end-customer of a tenant of `party` on `instance`.
    package static func checkEndCustomer(
        _ customer: Organisation?, of party: Party, on instance: Instance
    ) throws(Problem) -> OrganisationID? {
        if instance.host == .endCustomer {
            guard customer == nil || customer?.id == instance.ownerID else {
                throw .refused(
                    "TOPOLOGY_ONE_END_CUSTOMER",
                    "A deployment holds tenants of its one end-customer only. Unrelated ones need their own deployment.",
                    field: "end_customer_id")
            }
            return instance.ownerID
        }
        guard let customer else { return nil }
        let managers: [OrganisationID?] = party.isVendor ? [party.organisation.id, nil] : [party.organisation.id]
        guard case .endCustomer(let manager) = customer.kind, managers.contains(manager) else {
            throw .refused(
                "TOPOLOGY_UNRELATED_END_CUSTOMER", "This is not an end-customer of the tenant's organisation.",
                field: "end_customer_id")
        }
        return customer.id
    }

    private static func checkProgram(of party: Party, for host: InstanceHost, field: String) throws(Problem) {
        guard !party.programs.contains(host.program) else { return }
        throw .refused(
            "TOPOLOGY_PROGRAM_MISSING",
            "Instances hosted by \(host.words) belong to the \(host.program.rawValue) program, in which this "
                + "organisation is not enrolled. It needs a contract first.", field: field)
    }
}

extension InstanceHost {
    fileprivate var words: String {
        switch self {
        case .vendor: "the vendor"
        case .licensee: "a licensee"
        case .endCustomer: "an end-customer"
        }
    }
}
