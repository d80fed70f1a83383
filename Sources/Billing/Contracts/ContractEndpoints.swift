import Kernel
import Rating
import Tenancy
import Web

/// One contract on the wire, with the terms in force and its place in time.
package struct ContractResource: Codable, Sendable, Revisioned {
    package let contractID: ContractID
    package let organisationID: OrganisationID
    package let program: Program
    package let number: String
    package let startsOn: CalendarDate
    /// The last day, once notice was given.
    package let endsOn: CalendarDate?
    package let noticeGivenOn: CalendarDate?
    package let termEndsOn: CalendarDate?
    package let noticeDeadline: CalendarDate?
    package let versions: [Version]
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    /// The terms as they hold from a month on.
    package struct Version: Codable, Sendable {
        package let version: Int64
        package let effectiveMonth: BillingMonth
        package let priceBookVersion: String
        package let enterprise: EnterpriseTerms?
        package let solution: SolutionTerms?
        package let deployment: DeploymentTerms?
        package let createdAt: Timestamp

        init(_ version: ContractVersion) {
            let document = TermsDocument(version.terms)
            self.version = version.version
            effectiveMonth = version.effectiveMonth
            priceBookVersion = version.priceBookVersion
            enterprise = document.enterprise
            solution = document.solution
            deployment = document.deployment
            createdAt = version.createdAt
        }
    }

    package init(_ record: ContractRecord, now: Timestamp) {
        let contract = record.contract
        contractID = contract.id
        organisationID = contract.organisationID
        program = contract.program
        number = contract.number
        startsOn = contract.startsOn
        endsOn = contract.endsOn.map { $0.adding(days: -1) }
        noticeGivenOn = contract.noticeGivenOn
        versions = record.versions.map(Version.init)
        revision = contract.revision
        createdAt = contract.createdAt
        updatedAt = contract.updatedAt
        let clock = ViennaTime.date(at: now.microseconds).flatMap { today in
            record.versions.last.map { ContractClock(contract, terms: $0.terms, today: today) }
        }
        termEndsOn = clock?.termEndsOn
        noticeDeadline = clock?.noticeDeadline
    }
}

/// The one master agreement of an organisation on the wire.
package struct MasterAgreementResource: Codable, Sendable {
    package let organisationID: OrganisationID
    package let reference: String
    package let signedOn: CalendarDate
    package let createdAt: Timestamp

    init(_ agreement: MasterAgreement) {
        organisationID = agreement.organisationID
        reference = agreement.reference
        signedOn = agreement.signedOn
        createdAt = agreement.createdAt
    }
}

/// The API of master agreements and contracts.
package struct ContractEndpoints: Sendable {
    private let work: UnitOfWork

    package init(_ work: UnitOfWork) { self.work = work }

    package var all: [Endpoint] { agreements + contracts }

    private var agreements: [Endpoint] {
        [
            Endpoint(
                .post, "/v1/organisations/{organisation_id}/master_agreement", "Record the master agreement",
                tag: "Contracts", requires: .permission(.contractWrite), use: sign
            )
            .status(201).failing("MASTER_AGREEMENT_EXISTS"),
            Endpoint(
                .get, "/v1/organisations/{organisation_id}/master_agreement", "Get the master agreement",
                tag: "Contracts", requires: .permission(.contractRead), use: agreement),
        ]
    }

    private var contracts: [Endpoint] {
        [
            Endpoint(
                .post, "/v1/contracts", "Create a contract", tag: "Contracts",
                requires: .permission(.contractWrite), use: create
            )
            .status(201)
            .failing(
                "MASTER_AGREEMENT_MISSING", "CONTRACT_PARTY", "CONTRACT_OVERLAPS", "EXCLUSIVITY_REFUSED",
                "SLA_PREMIUM_MANDATORY", "REVENUE_SHARE_RESALE_ONLY", "REVENUE_SHARE_PERCENT", "WHOLESALE_CONDITIONS",
                "WHOLESALE_COMMITMENT", "WHOLESALE_PRICE", "BUNDLE_NOT_ELIGIBLE"
            )
            .described("Send the terms of exactly one program: 'enterprise', 'solution' or 'deployment'."),
            Endpoint(
                .get, "/v1/contracts", "List contracts", tag: "Contracts", requires: .permission(.contractRead),
                use: list),
            Endpoint(
                .get, "/v1/contracts/{contract_id}", "Get a contract", tag: "Contracts",
                requires: .permission(.contractRead), use: get),
            Endpoint(
                .post, "/v1/contracts/{contract_id}/versions", "Add an order form or addendum", tag: "Contracts",
                requires: .permission(.contractWrite), use: addVersion
            )
            .status(201).comparingState().failing("MONTH_FINALISED", "BUNDLE_NOT_ELIGIBLE")
            .described("The whole terms as they hold from 'effective_month' on, not the difference."),
            Endpoint(
                .post, "/v1/contracts/{contract_id}:give_notice", "Give notice to the end of the term",
                tag: "Contracts", requires: .permission(.contractWrite), use: giveNotice
            )
            .comparingState().failing("NOTICE_GIVEN", "MONTH_FINALISED"),
        ]
    }

    // MARK: Master agreement

    struct OrganisationInput: Codable, Sendable {
        let organisationID: OrganisationID
    }

    struct SignInput: Codable, Sendable {
        let organisationID: OrganisationID
        let reference: String
        let signedOn: CalendarDate
        let validateOnly: Bool?
    }

    @Sendable private func sign(_ call: Call<SignInput>) async throws -> Reply<MasterAgreementResource> {
        let input = call.input
        return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
            MasterAgreementResource(
                try ContractService.signMasterAgreement(
                    of: input.organisationID, reference: input.reference, on: input.signedOn, tx, actor))
        }
    }

    @Sendable private func agreement(_ call: Call<OrganisationInput>) async throws -> MasterAgreementResource {
        try await work.read(call) { tx in
            MasterAgreementResource(try ContractService.masterAgreement(of: call.input.organisationID, tx))
        }
    }

    // MARK: Contracts

    struct CreateInput: Codable, Sendable {
        let organisationID: OrganisationID
        let startsOn: CalendarDate
        let priceBookVersion: String?
        let enterprise: EnterpriseTerms?
        let solution: SolutionTerms?
        let deployment: DeploymentTerms?
        let exclusiveTerritory: Bool?
        let preferredPartnership: Bool?
        let validateOnly: Bool?

        func contract() throws(Problem) -> NewContract {
            let terms = try TermsDocument(enterprise: enterprise, solution: solution, deployment: deployment).terms()
            var new = NewContract(
                organisationID: organisationID, startsOn: startsOn, terms: terms, priceBookVersion: priceBookVersion)
            new.exclusiveTerritory = exclusiveTerritory ?? false
            new.preferredPartnership = preferredPartnership ?? false
            return new
        }
    }

    @Sendable private func create(_ call: Call<CreateInput>) async throws -> Reply<ContractResource> {
        let new = try call.input.contract()
        return try await work.perform(call, validateOnly: call.input.validateOnly) { tx, actor in
            ContractResource(try ContractService.create(new, tx, actor), now: actor.now)
        }
    }

    struct GetInput: Codable, Sendable {
        let contractID: ContractID
    }

    @Sendable private func get(_ call: Call<GetInput>) async throws -> ContractResource {
        try await work.read(call) { tx in
            ContractResource(try ContractService.get(call.input.contractID, tx), now: call.now)
        }
    }

    struct ListInput: Codable, Sendable {
        let organisationID: OrganisationID?
        let program: Program?
        let limit: PageLimit?
        let cursor: String?
    }

    @Sendable private func list(_ call: Call<ListInput>) async throws -> Page<ContractResource> {
        let filter = ContractFilter(organisationID: call.input.organisationID, program: call.input.program)
        let page = PageRequest(limit: call.input.limit?.count, cursor: call.input.cursor)
        return try await work.read(call) { tx in
            try ContractService.list(filter, page: page, tx).map { ContractResource($0, now: call.now) }
        }
    }

    struct VersionInput: Codable, Sendable {
        let contractID: ContractID
        let effectiveMonth: BillingMonth
        let enterprise: EnterpriseTerms?
        let solution: SolutionTerms?
        let deployment: DeploymentTerms?
        let validateOnly: Bool?
    }

    @Sendable private func addVersion(_ call: Call<VersionInput>) async throws -> Reply<ContractResource> {
        let input = call.input
        let terms = try TermsDocument(
            enterprise: input.enterprise, solution: input.solution, deployment: input.deployment
        ).terms()
        return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
            let record = try ContractService.addVersion(
                to: input.contractID, terms: terms, effective: input.effectiveMonth, check: call.facts.checkState, tx,
                actor)
            return ContractResource(record, now: actor.now)
        }
    }

    struct NoticeInput: Codable, Sendable {
        let contractID: ContractID
        /// Today when absent.
        let givenOn: CalendarDate?
        let validateOnly: Bool?
    }

    @Sendable private func giveNotice(_ call: Call<NoticeInput>) async throws -> Reply<ContractResource> {
        let input = call.input
        return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
            guard let day = input.givenOn ?? ViennaTime.date(at: actor.now.microseconds) else {
                throw Problem.invalid("given_on", "send the day on which notice arrived")
            }
            let record = try ContractService.giveNotice(
                input.contractID, on: day, check: call.facts.checkState, tx, actor)
            return ContractResource(record, now: actor.now)
        }
    }
}

extension RequestFacts {
    /// Compares `If-Match` with the contract as it is.
    fileprivate func checkState(_ contract: Contract) throws { try ifMatch.check("r\(contract.revision)") }
}
