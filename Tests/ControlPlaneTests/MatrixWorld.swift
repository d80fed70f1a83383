import Billing
import Foundation
import Kernel
import Postgres
import Rating
import Tenancy
import TestSupport

@testable import ControlPlane

/// The running service with two competitors, each with everything that a partner can have. The clock stands on
/// 21 November 2026, and October is closed.
struct MatrixWorld: Sendable {
    static let now = Timestamp("2026-11-21T11:00:00Z") ?? Timestamp(seconds: 0)
    private static let enrolment = Timestamp("2026-09-15T08:00:00Z") ?? now
    /// Is in every text of the victim: a leak shows wherever it happens.
    static let canary = "Zilpzalp"
    /// Is in every text of the victim's first tenant: the tenant beside it may not see it either.
    static let tenantCanary = "Rohrdommel"

    /// One API key and the session that it opened in the console.
    struct Caller: Sendable, CustomStringConvertible {
        let description: String
        let permissions: Set<Permission>
        let key: String
        let session: String
    }

    /// A partner: its real ids by the names that paths, queries and bodies call them, and its keys.
    struct Party: Sendable {
        var ids: [String: String] = [:]
        /// Keys of the organisation and of its first tenant, one per role.
        var callers: [Caller] = []
        /// Keys of its second tenant.
        var siblings: [Caller] = []
        var organisation: String { ids["organisation_id"] ?? "" }
    }

    let test: TestDatabase
    let application: Application
    let client: MatrixClient
    let victim: Party
    let rival: Party
    /// Sees and may everything.
    let platform: Caller

    private struct Finished: Error {}

    /// Serves a fresh database on free ports as `controlplane serve` does, runs the body, and stops.
    static func with(_ body: @escaping @Sendable (MatrixWorld) async throws -> Void) async throws {
        try await withTestDatabase { test in
            let configuration = try Configuration([
                .databaseURL: test.configuration.app, .databaseSystemURL: test.configuration.system,
                .databaseConnections: "4", .httpAddress: "127.0.0.1:0", .healthAddress: "127.0.0.1:0",
                .keyEncryptionKey: KeyEncryptionKey.generatedText(),
            ])
            let application = Application(configuration, logger: TestLog.quiet, time: .fixed(now))
            do {
                try await application.serve { addresses in
                    try await body(MatrixWorld(test, application, MatrixClient(port: addresses.http.port)))
                    throw Finished()
                }
            } catch is Finished {}
        }
    }

    private init(_ test: TestDatabase, _ application: Application, _ client: MatrixClient) async throws {
        (self.test, self.application, self.client) = (test, application, client)
        let enrolment = Enrolment(application: application, time: Self.enrolment)
        let (victim, rival) = (
            try await enrolment.party("\(Self.canary) AG", tenant: Self.tenantCanary),
            try await enrolment.party("Rival GmbH", tenant: "Kontor")
        )
        for party in [victim, rival] { try await Self.report(for: party, client) }
        guard let october = BillingMonth("2026-10") else { throw Problem.notFound("month") }
        _ = try await application.billing.monthClose.close(october, as: .system("tests"))
        self.victim = try await enrolment.adding(invoicesTo: victim)
        self.rival = try await enrolment.adding(invoicesTo: rival)
        platform = try await enrolment.caller(.platformOperator)
    }

    private static func report(for party: Party, _ client: MatrixClient) async throws {
        let event = MatrixRequest.turn(of: party.ids["tenant_id"] ?? "", source: "urn:\(tenantCanary)")
        _ = try await client.send(
            "POST", "/v1/usage/events", headers: ["Authorization: Bearer \(party.callers[0].key)"],
            type: "application/json", body: JSON.array([event]).bytes)
    }

    /// What the database holds of the victim, table by table, as hashes. Uses of a key are no change.
    func digest() async throws -> [String: String] {
        guard let organisation = OrganisationID(victim.organisation)?.uuid.uuidString else {
            throw Problem.notFound("organisation")
        }
        return try await test.asSuperuser { connection in
            let tables = try connection.rows(
                """
                select c.table_name::text from information_schema.columns c
                    join information_schema.tables t using (table_schema, table_name)
                where c.table_schema = 'app' and c.column_name = 'organisation_id' and t.table_type = 'BASE TABLE'
                """
            ).map { try $0.value(at: 0, as: String.self) }
            var digests: [String: String] = [:]
            for table in tables {
                let columns = table == "organisation" ? "organisation_id, managed_by" : "organisation_id"
                digests[table] = try connection.value(
                    SQL(
                        unsafeText: """
                            select count(*) || ' ' || coalesce(md5(string_agg(r, ',' order by r)), '') from (
                                select (to_jsonb(t) - 'last_used_at')::text as r from app.\(table) t where '\(organisation)' in (\(columns))) rows
                            """), as: String.self)
            }
            return digests
        }
    }
}

/// Makes a partner through the same services that people use.
private struct Enrolment: Sendable {
    let application: Application
    let time: Timestamp

    private var tenancy: TenancyServices { application.tenancy }
    private var work: UnitOfWork {
        UnitOfWork(database: application.database, time: .fixed(time), ids: .timeOrdered)
    }

    private struct Made: Sendable {
        let organisation: OrganisationID
        let tenant: TenantID
        let sibling: TenantID
        let ids: [String: String]
    }

    func party(_ name: String, tenant: String) async throws -> MatrixWorld.Party {
        let made = try await work.perform(job: "tests") { tx, actor in try make(name, tenant, tx, actor) }
        let voice = try await MatrixVoice(application: application).furnish(
            made.tenant, named: tenant, number: tenant == MatrixWorld.tenantCanary ? "+43720111222" : "+43720333444")
        var party = MatrixWorld.Party(ids: made.ids.merging(voice) { first, _ in first })
        for role in [Role.Name.partnerAdmin, .partnerViewer, .usageReporter] {
            party.callers.append(try await caller(role, of: made.organisation, named: name))
        }
        for role in [Role.Name.tenantAdmin, .tenantViewer, .usageReporter] {
            party.callers.append(
                try await caller(role, of: made.organisation, tenant: made.tenant, named: "\(name) \(tenant)"))
            party.siblings.append(
                try await caller(role, of: made.organisation, tenant: made.sibling, named: "Sibling"))
        }
        return party
    }

    private func make(
        _ name: String, _ tenant: String, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Made {
        var profile = OrganisationChanges()
        profile.displayName = name
        profile.legalName = name
        profile.country = .austria
        profile.address = "\(name), Wien"
        let organisation = try tenancy.organisations.create(.partner, managedBy: nil, profile, tx, actor).id
        let customer = try tenancy.organisations.create(.endCustomer, managedBy: organisation, profile, tx, actor).id
        let contract = try contract(of: organisation, name, tx, actor)
        var stack = InstanceChanges()
        stack.displayName = name
        let instance = try tenancy.instances.create(
            at: .licensee, for: organisation, ownedBy: organisation, stack, tx, actor
        ).id
        let tenants = try [tenant, "Sibling"].map { name in
            try tenancy.tenants.create(
                NewTenant(
                    organisationID: organisation, instanceID: instance, slug: name.lowercased(),
                    settings: TenantSettings(displayName: name), activates: true), tx, actor
            ).id
        }
        let key = try tenancy.apiKeys.create(
            NewAPIKey(
                role: .tenantViewer, displayName: "\(name) \(tenant)", organisationID: organisation,
                tenantID: tenants[0]), tx, actor
        ).key
        return Made(
            organisation: organisation, tenant: tenants[0], sibling: tenants[1],
            ids: [
                "organisation_id": "\(organisation)", "managed_by": "\(organisation)", "owner_id": "\(organisation)",
                "end_customer_id": "\(customer)", "instance_id": "\(instance)", "tenant_id": "\(tenants[0])",
                "api_key_id": "\(key.id)", "contract_id": "\(contract)",
            ])
    }

    /// A share of revenue, so that there is something to disclose.
    private func contract(
        of organisation: OrganisationID, _ name: String, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> ContractID {
        guard let start = CalendarDate("2026-10-01"), let month = BillingMonth("2026-10") else {
            throw Problem.notFound("date")
        }
        _ = try ContractService.signMasterAgreement(
            of: organisation, reference: "MA \(name)", on: start.adding(days: -1), tx, actor)
        let share = ShareTerms(percent: try Percent("15"), resells: true)
        let new = NewContract(
            organisationID: organisation, startsOn: start, terms: .enterprise(EnterpriseTerms(revenueShare: share)))
        let contract = try ContractService.create(new, tx, actor).contract.id
        _ = try DocumentService.record(
            NewDocument(contractID: contract, kind: .dpa, reference: "DPA \(name)", signedOn: start.adding(days: -30)),
            tx,
            actor)
        let later = Actor(
            principal: actor.principal, now: MatrixWorld.now, requestID: actor.requestID, ids: actor.ids)
        _ = try DisclosureService.disclose(
            NewDisclosure(
                contractID: contract, month: month, amount: try Money("100000.00"), disclosedBy: name), tx, later)
        return contract
    }

    func caller(
        _ role: Role.Name, of organisation: OrganisationID? = nil, tenant: TenantID? = nil, named name: String = "Key"
    ) async throws -> MatrixWorld.Caller {
        let expiry = MatrixWorld.now.advanced(by: .seconds(86_400))
        let key = try await work.perform(job: "tests") { tx, actor in
            try tenancy.apiKeys.create(
                NewAPIKey(
                    role: role, displayName: name, organisationID: organisation, tenantID: tenant, expiresAt: expiry),
                tx, actor
            ).token.text
        }
        let session = try await tenancy.sessions.signIn(apiKey: key, from: nil)
        return MatrixWorld.Caller(
            description: "\(role.rawValue) of \(tenant.map { "\($0)" } ?? organisation.map { "\($0)" } ?? "platform")",
            permissions: session.principal.permissions, key: key, session: session.token)
    }

    func adding(invoicesTo party: MatrixWorld.Party) async throws -> MatrixWorld.Party {
        var filter = InvoiceFilter()
        filter.organisationID = OrganisationID(party.organisation)
        let asked = filter
        let invoices = try await work.read(in: .platform) { tx in
            try InvoiceService.list(asked, page: PageRequest(limit: 1, cursor: nil), tx).items
        }
        guard let invoice = invoices.first?.invoice else { throw Problem.notFound("invoice") }
        var party = party
        party.ids["invoice_id"] = "\(invoice.id)"
        return party
    }
}
