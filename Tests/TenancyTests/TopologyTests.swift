import Kernel
import Testing

@testable import Tenancy

/// Table 2 of the domain: who may place what where.
@Suite struct TopologyTests {
    static let now = Timestamp(seconds: 1_790_000_000)
    static let ids = IDSource.timeOrdered
    static let vendor = organisation(.vendor)
    static let partner = organisation(.partner)
    static let rival = organisation(.partner)
    static let customer = organisation(.endCustomer(of: partner.id))
    static let sibling = organisation(.endCustomer(of: partner.id))
    static let foreign = organisation(.endCustomer(of: rival.id))
    static let direct = organisation(.endCustomer(of: nil))

    static func organisation(_ kind: Organisation.Kind) -> Organisation {
        Organisation(
            id: ids.new(), kind: kind,
            profile: OrganisationProfile(displayName: "O", legalName: "O", country: .austria), revision: 1,
            createdAt: now, updatedAt: now)
    }

    static func instance(
        _ host: InstanceHost, of organisation: Organisation, owner: Organisation, state: Instance.State = .active
    ) -> Instance {
        Instance(
            id: ids.new(), organisationID: organisation.id, ownerID: owner.id, host: host,
            profile: InstanceProfile(displayName: "I"), state: state, revision: 1, createdAt: now, updatedAt: now)
    }

    static let shared = instance(.vendor, of: vendor, owner: vendor)
    static let licensed = instance(.licensee, of: partner, owner: partner)
    static let deployed = instance(.endCustomer, of: partner, owner: customer)

    struct TenantCase: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let party: Organisation
        let programs: Set<Program>
        let instance: Instance
        let requested: Organisation?
        /// A refusal's reason, or the end-customer that results.
        let expected: Result<OrganisationID?, Refusal>

        struct Refusal: Error, Equatable { let reason: String }

        static func allows(
            _ name: String, _ party: Organisation, _ programs: Set<Program>, _ instance: Instance,
            _ requested: Organisation? = nil, gives customer: OrganisationID? = nil
        ) -> TenantCase {
            TenantCase(
                testDescription: name, party: party, programs: programs, instance: instance, requested: requested,
                expected: .success(customer))
        }

        static func refuses(
            _ name: String, _ party: Organisation, _ programs: Set<Program>, _ instance: Instance,
            _ requested: Organisation? = nil, _ reason: String
        ) -> TenantCase {
            TenantCase(
                testDescription: name, party: party, programs: programs, instance: instance, requested: requested,
                expected: .failure(Refusal(reason: reason)))
        }
    }

    static let tenants: [TenantCase] = [
        .allows("solution on the shared platform", partner, [.solution], shared),
        .allows("solution for its end-customer", partner, [.solution], shared, customer, gives: customer.id),
        .allows("the vendor places its own", vendor, [], shared),
        .allows("the vendor for a direct customer", vendor, [], shared, direct, gives: direct.id),
        .allows("enterprise on its own instance", partner, [.enterprise], licensed),
        .allows("enterprise for its end-customer", partner, [.enterprise], licensed, customer, gives: customer.id),
        .allows("deployment takes its one customer", partner, [.deployment], deployed, gives: customer.id),
        .allows("deployment with the customer named", partner, [.deployment], deployed, customer, gives: customer.id),
        .allows("several programs", partner, [.deployment, .enterprise], licensed),
        .refuses("solution without a contract", partner, [], shared, nil, "TOPOLOGY_PROGRAM_MISSING"),
        .refuses("enterprise on the shared platform", partner, [.enterprise], shared, nil, "TOPOLOGY_PROGRAM_MISSING"),
        .refuses("solution at a licensee", partner, [.solution], licensed, nil, "TOPOLOGY_PROGRAM_MISSING"),
        .refuses("enterprise on a deployment", partner, [.enterprise], deployed, nil, "TOPOLOGY_PROGRAM_MISSING"),
        .refuses("another licensee's instance", rival, [.enterprise], licensed, nil, "TOPOLOGY_FOREIGN_INSTANCE"),
        .refuses("another's deployment", rival, [.deployment], deployed, nil, "TOPOLOGY_FOREIGN_INSTANCE"),
        .refuses("the vendor at a licensee", vendor, [], licensed, nil, "TOPOLOGY_FOREIGN_INSTANCE"),
        .refuses(
            "deployment for a second customer", partner, [.deployment], deployed, sibling, "TOPOLOGY_ONE_END_CUSTOMER"),
        .refuses(
            "a rival's customer", partner, [.solution], shared, foreign, "TOPOLOGY_UNRELATED_END_CUSTOMER"),
        .refuses(
            "a partner as end-customer", partner, [.solution], shared, rival, "TOPOLOGY_UNRELATED_END_CUSTOMER"),
        .refuses(
            "the vendor's customer", partner, [.solution], shared, direct, "TOPOLOGY_UNRELATED_END_CUSTOMER"),
        .refuses(
            "a retired instance", partner, [.solution], instance(.vendor, of: vendor, owner: vendor, state: .retired),
            nil, "TOPOLOGY_INSTANCE_RETIRED"),
    ]

    @Test(arguments: tenants)
    func placement(of test: TenantCase) throws {
        let party = Topology.Party(test.party, programs: test.programs)
        do {
            let customer = try Topology.endCustomer(ofTenantBy: party, on: test.instance, requested: test.requested)
            #expect(test.expected == .success(customer))
        } catch {
            #expect(test.expected == .failure(TenantCase.Refusal(reason: error.reason)))
            #expect(error.status == 422)
        }
    }

    static let instances: [(Organisation, Set<Program>, InstanceHost, Organisation, String?)] = [
        (vendor, [], .vendor, vendor, nil),
        (partner, [.solution], .vendor, partner, "TOPOLOGY_VENDOR_ONLY"),
        (vendor, [], .vendor, partner, "TOPOLOGY_VENDOR_ONLY"),
        (partner, [.enterprise], .licensee, partner, nil),
        (partner, [.enterprise], .licensee, customer, "TOPOLOGY_LICENSEE_OWNS"),
        (partner, [.solution], .licensee, partner, "TOPOLOGY_PROGRAM_MISSING"),
        (partner, [.deployment], .endCustomer, customer, nil),
        (partner, [.deployment], .endCustomer, partner, "TOPOLOGY_OWNER_END_CUSTOMER"),
        (partner, [.deployment], .endCustomer, foreign, "TOPOLOGY_OWNER_END_CUSTOMER"),
        (partner, [], .endCustomer, customer, "TOPOLOGY_PROGRAM_MISSING"),
    ]

    @Test(arguments: instances)
    func instancePlacement(
        party: Organisation, programs: Set<Program>, host: InstanceHost, owner: Organisation, refusal: String?
    ) throws {
        let party = Topology.Party(party, programs: programs)
        #expect(try reason { try Topology.checkInstance(of: party, at: host, ownedBy: owner) } == refusal)
    }

    @Test func eachHostBelongsToOneProgram() {
        for program in Program.allCases { #expect(InstanceHost(rawValue: program.host)?.program == program) }
    }
}
