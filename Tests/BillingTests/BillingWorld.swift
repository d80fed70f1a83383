import Billing
import Foundation
import Kernel
import Postgres
import Rating
import Tenancy
import TestSupport

/// A vendor and its instances, and shorthand for partners, contracts, tenants and usage. The clock stands on
/// 21 November 2026: October is over, and so is the wait for its disclosures.
struct BillingWorld: Sendable {
    static let now = moment("2026-11-21T11:00:00Z")
    static let october = month("2026-10")

    let test: TestDatabase
    let work: UnitOfWork
    let vendor: OrganisationID
    let principal = Principal.system("tests")

    init(_ test: TestDatabase, now: Timestamp = BillingWorld.now) async throws {
        self.test = test
        work = UnitOfWork(database: test.database, time: .fixed(now), ids: .timeOrdered)
        vendor = work.ids.new()
        try await PriceBookService.publishShipped(work)
        try await insertOrganisation(vendor, kind: "vendor", name: "ChatFlow GmbH", country: "AT")
    }

    private init(_ world: BillingWorld, now: Timestamp) {
        test = world.test
        vendor = world.vendor
        work = UnitOfWork(database: world.test.database, time: .fixed(now), ids: .timeOrdered)
    }

    /// The same world at another time.
    func at(_ time: String) -> BillingWorld { BillingWorld(self, now: moment(time)) }

    var close: MonthCloseService { MonthCloseService(work) }

    // MARK: Organisations

    private func insertOrganisation(
        _ id: OrganisationID, kind: String, name: String, country: String, vatID: String? = nil,
        publicSector: Bool = false, managedBy: OrganisationID? = nil
    ) async throws {
        try await test.database.transaction(for: PlatformScope()) { tx in
            try tx.execute(
                """
                insert into app.organisation (organisation_id, kind, display_name, legal_name, country, vat_id,
                    vat_id_valid, public_sector, managed_by, created_at, updated_at)
                values (\(id), \(kind), \(name), \(name), \(country), \(vatID), \(vatID != nil), \(publicSector),
                    \(managedBy), \(BillingWorld.now), \(BillingWorld.now))
                """)
        }
    }

    /// A partner with its master agreement.
    func partner(
        _ name: String = "Partner", country: String = "AT", vatID: String? = nil, publicSector: Bool = false,
        signed: Bool = true
    ) async throws -> OrganisationID {
        let id: OrganisationID = work.ids.new()
        try await insertOrganisation(
            id, kind: "partner", name: name, country: country, vatID: vatID, publicSector: publicSector)
        guard signed else { return id }
        _ = try await work.perform(as: principal) { tx, actor in
            try ContractService.signMasterAgreement(of: id, reference: "MA-1", on: day("2024-01-01"), tx, actor)
        }
        return id
    }

    // MARK: Contracts

    /// A contract whose months before `openSince` are closed with nothing due.
    @discardableResult
    func contract(
        _ organisation: OrganisationID, from start: String = "2026-10-01", openSince: String = "2026-10",
        _ terms: ContractTerms
    ) async throws -> ContractID {
        let new = NewContract(organisationID: organisation, startsOn: day(start), terms: terms)
        let contract = try await work.perform(as: principal) { tx, actor in
            try ContractService.create(new, tx, actor).contract.id
        }
        let (first, end) = (new.startsOn.billingMonth, month(openSince))
        try await test.database.transaction(for: PlatformScope()) { tx in
            try tx.execute(
                """
                insert into app.invoice (invoice_id, organisation_id, contract_id, month, reason, state, net, vat, gross,
                    vat_category, vat_percent, seller, buyer, contract_version, price_book_version, contract_sha256,
                    usage_sha256, price_book_sha256, created_at)
                select gen_random_uuid(), v.organisation_id, v.contract_id, m::date, 'month', 'nothing_due', 0, 0, 0,
                    'standard', 20, '{}', '{}', v.version, v.price_book_version, v.sha256, v.sha256, v.sha256,
                    v.created_at
                from app.contract_version v, generate_series(\(first)::date, \(end)::date - interval '1 month',
                    interval '1 month') m
                where v.contract_id = \(contract)
                """)
        }
        return contract
    }

    @discardableResult
    func disclose(_ contract: ContractID, _ month: String, _ amount: String) async throws -> DisclosureID {
        let amount = try Money(amount)
        let new = NewDisclosure(
            contractID: contract, month: BillingTests.month(month), amount: amount, disclosedBy: "Ada Example")
        return try await work.perform(as: principal) { tx, actor in try DisclosureService.disclose(new, tx, actor).id }
    }

    // MARK: Tenants and usage

    /// Tenants that have been active since `since`.
    func tenants(
        _ count: Int, of organisation: OrganisationID, host: String, kind: String = "production", voice: Int = 0,
        since: String = "2024-01-01T00:00:00Z"
    ) async throws -> [TenantID] {
        let instance: InstanceID = work.ids.new()
        let ids = (0..<count).map { _ in work.ids.new(TenantID.self) }
        let since = moment(since)
        let (vendor, principal) = (vendor, principal.id)
        try await test.database.transaction(for: PlatformScope()) { tx in
            let owner = host == "vendor" ? vendor : organisation
            try tx.execute(
                """
                insert into app.instance
                    (instance_id, organisation_id, owner_id, host, display_name, created_at, updated_at)
                values (\(instance), \(owner), \(owner), \(host), 'I', \(since), \(since))
                """)
            for (index, id) in ids.enumerated() {
                try tx.execute(
                    """
                    insert into app.tenant (tenant_id, organisation_id, instance_id, host, slug, display_name, kind,
                        state, voice_enabled, created_at, updated_at)
                    values (\(id), \(organisation), \(instance), \(host), \("t\(index)"), \("Tenant \(index)"), \(kind),
                        'active', \(index < voice), \(since), \(since))
                    """)
                try tx.execute(
                    """
                    insert into app.tenant_transition (tenant_id, revision, organisation_id, occurred_at, state,
                        kind, voice_enabled, principal_id)
                    values (\(id), 1, \(organisation), \(since), 'active', \(kind),
                        \(index < voice), \(principal))
                    """)
            }
        }
        return ids
    }

    func transition(
        _ tenant: TenantID, of organisation: OrganisationID, at: String, state: String, kind: String = "production",
        voice: Bool = false
    ) async throws {
        let (at, principal) = (moment(at), principal.id)
        try await test.database.transaction(for: PlatformScope()) { tx in
            try tx.execute(
                """
                insert into app.tenant_transition (tenant_id, revision, organisation_id, occurred_at, state, kind,
                    voice_enabled, principal_id)
                values (\(tenant),
                    (select max(revision) + 1 from app.tenant_transition where tenant_id = \(tenant)),
                    \(organisation), \(at), \(state), \(kind), \(voice), \(principal))
                """)
        }
    }

    /// Adds to the hourly sums directly: `quantity` turns, or milliseconds of voice.
    func use(
        _ quantity: Int64, _ meter: String = "turn", of tenant: TenantID, in organisation: OrganisationID,
        at hour: String = "2026-10-15T10:00:00Z", late: Bool = false
    ) async throws {
        let hour = moment(hour)
        try await test.database.transaction(for: PlatformScope()) { tx in
            try tx.execute(
                """
                insert into app.usage_hour as u
                    (tenant_id, meter, key_source, hour, late, organisation_id, quantity, events)
                values (\(tenant), \(meter), \(meter == "turn" ? "partner" : ""), \(hour), \(late), \(organisation),
                    \(quantity), 1)
                on conflict (tenant_id, meter, key_source, hour, late, slot) do update
                    set quantity = u.quantity + excluded.quantity, events = u.events + 1
                """)
        }
    }

    // MARK: Results

    /// The final invoice or statement of a contract's month.
    func invoice(_ contract: ContractID, _ month: BillingMonth = october) async throws -> InvoiceRecord? {
        var filter = InvoiceFilter()
        filter.contractID = contract
        filter.month = month
        let asked = filter
        return try await work.read(in: .platform) { tx in
            let page = try InvoiceService.list(asked, page: PageRequest(limit: 1, cursor: nil), tx)
            return try page.items.first.map { try InvoiceService.get($0.invoice.id, tx) }
        }
    }
}

func moment(_ text: String) -> Timestamp { Timestamp(text) ?? Timestamp(seconds: 0) }
func day(_ text: String) -> CalendarDate { CalendarDate(text) ?? BillingWorld.october.firstDay }
func month(_ text: String) -> BillingMonth { BillingMonth(text) ?? PriceBook.v2_1.validFrom.billingMonth }

func withBillingWorld<Result>(
    now: Timestamp = BillingWorld.now, _ body: (BillingWorld) async throws -> Result
) async throws -> Result {
    try await withTestDatabase { test in try await body(BillingWorld(test, now: now)) }
}

extension InvoiceRecord {
    /// Net amounts by charge, as text.
    var nets: [String: String] {
        Dictionary(lines.map { ($0.charge, $0.net.description) }) { first, second in "\(first) and \(second)" }
    }

    func line(_ charge: String) -> DraftLine? { lines.first { $0.charge == charge } }
}
