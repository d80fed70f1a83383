import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import TestSupport
import Testing

/// No contract goes live without the documents that its program requires (domain 3).
@Suite struct DocumentTests {
    private func refusal(
        _ world: BillingWorld, _ organisation: OrganisationID, _ program: Program, customer: OrganisationID? = nil
    ) async throws -> String? {
        try await world.work.read(in: .organisation(organisation)) { tx in
            try DocumentService.goLiveRefusal(
                tx, LivePlacement(organisationID: organisation, program: program, endCustomerID: customer))?.reason
        }
    }

    private func record(_ world: BillingWorld, _ new: NewDocument) async throws -> String? {
        do {
            _ = try await world.work.perform(as: world.principal) { tx, actor in
                try DocumentService.record(new, tx, actor)
            }
            return nil
        } catch let problem as Problem {
            return "\(problem.reason) \(problem.errors.map(\.field).joined(separator: " "))"
        }
    }

    @Test(arguments: [Program.solution, .enterprise])
    func aDataProcessingAgreementLetsTheContractGoLive(program: Program) async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            let contract = try await world.contract(
                partner, program == .solution ? .solution(SolutionTerms()) : .enterprise(EnterpriseTerms()))
            #expect(try await refusal(world, partner, program) == "DOCUMENT_MISSING")
            var new = NewDocument(
                contractID: contract, kind: .backToBackDPA, reference: "DPA-1", signedOn: day("2026-11-22"))
            #expect(try await record(world, new) == "DOCUMENT_KIND kind")
            new.kind = .dpa
            new.endCustomerID = partner
            #expect(try await record(world, new) == "DOCUMENT_PARTY end_customer_id")
            new.endCustomerID = nil
            #expect(try await record(world, new) == "INVALID_FIELD signed_on")
            new.signedOn = day("2026-11-21")
            #expect(try await record(world, new) == nil)
            #expect(try await refusal(world, partner, program) == nil)
            // Another partner's contract is not helped by it.
            let other = try await world.partner()
            _ = try await world.contract(other, .solution(SolutionTerms()))
            #expect(try await refusal(world, other, .solution) == "DOCUMENT_MISSING")
            let logged = try await world.test.database.transaction(for: PlatformScope()) { tx in
                try tx.value(
                    """
                    select detail -> 'facts' ->> 'reference' from app.audit_event
                    where action = 'contract.record_document'
                    """, as: String.self)
            }
            #expect(logged == "DPA-1")
        }
    }

    @Test func aDeploymentNeedsOneWithEachEndCustomer() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            let order = InstanceOrder(reference: "A", [.compact: 2], termYears: 1, payment: .annualInvoice)
            let contract = try await world.contract(
                partner, .deployment(DeploymentTerms(tier: .authorized, orders: [order])))
            let customers: [OrganisationID] = [world.work.ids.new(), world.work.ids.new()]
            try await world.test.database.transaction(for: PlatformScope()) { tx in
                for customer in customers {
                    try tx.execute(
                        """
                        insert into app.organisation (organisation_id, kind, display_name, legal_name, country,
                            managed_by, created_at, updated_at)
                        values (\(customer), 'end_customer', 'C', 'C', 'AT', \(partner), now(), now())
                        """)
                    try tx.execute(
                        """
                        insert into app.instance
                            (instance_id, organisation_id, owner_id, host, display_name, created_at, updated_at)
                        values (\(world.work.ids.new(InstanceID.self)), \(partner), \(customer), 'end_customer', 'I',
                            now(), now())
                        """)
                }
            }
            var new = NewDocument(
                contractID: contract, kind: .backToBackDPA, reference: "B2B-1", signedOn: day("2026-10-01"))
            #expect(try await record(world, new) == "DOCUMENT_PARTY end_customer_id")
            new.endCustomerID = customers[0]
            #expect(try await record(world, new) == nil)
            #expect(try await refusal(world, partner, .deployment, customer: customers[0]) == nil)
            #expect(try await refusal(world, partner, .deployment, customer: customers[1]) == "DOCUMENT_MISSING")
            let (documents, required) = try await world.work.read(in: .organisation(partner)) { tx in
                try DocumentService.documents(of: contract, tx)
            }
            #expect(documents.map(\.reference) == ["B2B-1"])
            #expect(required.map { $0.isMet(by: documents) }.count { $0 } == 1 && required.count == 2)
        }
    }
}
