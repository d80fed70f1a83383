import Kernel
import Postgres
import TestSupport
import Testing
import Web

@testable import Tenancy

@Suite struct TenantServiceTests {
    @Test func aTenantIsBornProvisioningAndItsWholeLifeIsWrittenDown() async throws {
        try await World.with { world in
            let admin = world.alpha.admin
            let tenant = try await world.tenant(of: world.alpha, slug: "acme", active: false)
            #expect(tenant.state == .provisioning)
            #expect(tenant.placement.host == .vendor)
            for step in [
                TenantTransition.activate, .suspend(reason: "unpaid"), .resume, .archive(reason: "over"),
                .purge(reason: "erasure", early: true),
            ] {
                world.clock.advance(by: .seconds(60))
                _ = try await world.transition(tenant.id, step, as: admin)
            }
            let history = try await world.work.read(in: admin.scope) { tx in try TenantStore.history(of: tenant.id, tx)
            }
            #expect(history.map(\.state) == [.provisioning, .active, .suspended, .active, .archived, .purged])
            #expect(history.map(\.reason) == ["", "", "unpaid", "", "over", "erasure"])
            #expect(history.map(\.occurredAt) == history.map(\.occurredAt).sorted())
        }
    }

    @Test func billableChangesAreWrittenDownAndOthersAreNot() async throws {
        try await World.with { world in
            let instance = try await world.instance(of: world.licensee, at: .licensee)
            let tenant = try await world.tenant(of: world.licensee, slug: "t", on: instance.id)
            let update: @Sendable (TenantChanges) async throws -> Tenant = { changes in
                try await world.work.perform(as: world.licensee.admin) { tx, actor in
                    try world.services.tenants.update(tenant.id, changes, expecting: .anything, tx, actor)
                }
            }
            var name = TenantChanges()
            name.displayName = "Other"
            #expect(try await update(name).settings.displayName == "Other")
            var voice = TenantChanges()
            voice.voiceEnabled = true
            #expect(try await update(voice).settings.voiceEnabled)
            var kind = TenantChanges()
            kind.kind = .sandbox
            let last = try await update(kind)
            #expect(try await update(kind) == last)
            let history = try await world.work.read(in: .platform) { tx in try TenantStore.history(of: tenant.id, tx) }
            #expect(history.map(\.voiceEnabled) == [false, false, true, true])
            #expect(history.map(\.kind) == [.production, .production, .production, .sandbox])
        }
    }

    @Test func aSlugIsTakenOncePerInstanceByWhomever() async throws {
        try await World.with { world in
            _ = try await world.tenant(of: world.alpha, slug: "acme")
            #expect(try await reason { try await world.tenant(of: world.beta, slug: "acme") } == "SLUG_TAKEN")
            let instance = try await world.instance(of: world.licensee, at: .licensee)
            _ = try await world.tenant(of: world.licensee, slug: "acme", on: instance.id)
            for wrong in ["", "-a", "a-", "A", "a b", "a_b", "ä", String(repeating: "a", count: 64)] {
                #expect(try await reason { try await world.tenant(of: world.alpha, slug: wrong) } == "INVALID_FIELD")
            }
        }
    }

    @Test func voiceNeedsAProgramThatHasIt() async throws {
        try await World.with { world in
            let customer = try await world.customer(of: world.deployer)
            let deployment = try await world.instance(of: world.deployer, at: .endCustomer, ownedBy: customer.id)
            let licensed = try await world.instance(of: world.licensee, at: .licensee)
            let cases: [(World.Party, InstanceID, String?)] = [
                (world.alpha, world.platform.id, "VOICE_NEEDS_ORDER_FORM"),
                (world.deployer, deployment.id, "VOICE_NEEDS_PREMIUM"), (world.licensee, licensed.id, nil),
            ]
            for (party, instance, expected) in cases {
                let new = NewTenant(
                    instanceID: instance, slug: "v", settings: TenantSettings(displayName: "V", voiceEnabled: true))
                #expect(try await reason { try await world.create(new, as: party.admin) } == expected)
            }
        }
    }

    @Test func aDeploymentKnowsItsOneCustomer() async throws {
        try await World.with { world in
            let customer = try await world.customer(of: world.deployer)
            let other = try await world.customer(of: world.deployer, named: "Other")
            let deployment = try await world.instance(of: world.deployer, at: .endCustomer, ownedBy: customer.id)
            let tenant = try await world.tenant(of: world.deployer, slug: "hr", on: deployment.id)
            #expect(tenant.settings.endCustomerID == customer.id)
            var changes = TenantChanges()
            changes.endCustomerID = other.id
            let outcome = try await reason {
                try await world.work.perform(as: world.deployer.admin) { [changes] tx, actor in
                    try world.services.tenants.update(tenant.id, changes, expecting: .anything, tx, actor)
                }
            }
            #expect(outcome == "TOPOLOGY_ONE_END_CUSTOMER")
        }
    }

    @Test func aStaleEditIsRefused() async throws {
        try await World.with { world in
            let tenant = try await world.tenant(of: world.alpha, slug: "t", active: false)
            let suspend: @Sendable (ExpectedRevision, TenantTransition) async throws -> Tenant = { expecting, step in
                try await world.work.perform(as: world.alpha.admin) { tx, actor in
                    try world.services.tenants.transition(tenant.id, step, expecting: expecting, tx, actor)
                }
            }
            #expect(try await suspend(.header(.tags(["r1"])), .activate).revision == 2)
            let stale = try await reason { try await suspend(.header(.tags(["r1"])), .suspend(reason: "x")) }
            #expect(stale == "PRECONDITION_FAILED")
            #expect(
                try await reason { try await suspend(.revision(1), .suspend(reason: "x")) } == "PRECONDITION_FAILED")
            #expect(try await suspend(.revision(2), .suspend(reason: "x")).revision == 3)
        }
    }

    @Test func whatIsOverItsRetentionIsPurged() async throws {
        try await World.with { world in
            for slug in ["a", "b", "c"] {
                let tenant = try await world.tenant(of: world.alpha, slug: slug)
                if slug != "c" {
                    _ = try await world.transition(tenant.id, .archive(reason: "x"), as: world.alpha.admin)
                }
            }
            let purge: @Sendable (Int) async throws -> Int = { limit in
                try await world.work.perform(job: "purge tenants") { tx, actor in
                    try world.services.tenants.purgeDue(limit: limit, tx, actor)
                }
            }
            #expect(try await purge(10) == 0)
            world.clock.advance(by: TenantState.retention)
            #expect(try await purge(1) == 1)
            #expect(try await purge(10) == 1)
            #expect(try await purge(10) == 0)
            var filter = AuditFilter()
            filter.action = "tenant.purge"
            #expect(try await world.audit(filter).map(\.principalName) == ["purge tenants", "purge tenants"])
        }
    }

    @Test func listsFilterAndPage() async throws {
        try await World.with { world in
            for slug in ["a1", "a2", "a3", "b_1"].map({ $0.replacing("_", with: "") }) {
                _ = try await world.tenant(of: world.alpha, slug: slug, active: slug != "a2")
            }
            let list: @Sendable (TenantFilter, Int, String?) async throws -> Page<Tenant> = { filter, limit, cursor in
                try await world.work.read(in: world.alpha.admin.scope) { tx in
                    try world.services.tenants.list(filter, PageRequest(limit: limit, cursor: cursor), tx)
                }
            }
            let first = try await list(TenantFilter(), 3, nil)
            #expect(first.items.map(\.slug) == ["a1", "a2", "a3"])
            let rest = try await list(TenantFilter(), 3, first.nextCursor)
            #expect(rest.items.map(\.slug) == ["b1"])
            #expect(rest.nextCursor == nil)
            #expect(try await reason { try await list(TenantFilter(), 3, "nonsense") } == "INVALID_FIELD")
            var filter = TenantFilter()
            filter.search = "A"
            filter.state = .active
            #expect(try await list(filter, 9, nil).items.map(\.slug) == ["a1", "a3"])
            filter.search = "%"
            #expect(try await list(filter, 9, nil).items.isEmpty)
        }
    }
}

@Suite struct OrganisationServiceTests {
    private func update(
        _ world: World, _ id: OrganisationID, as principal: Principal, _ change: (inout OrganisationChanges) -> Void
    ) async throws -> Organisation {
        var changes = OrganisationChanges()
        change(&changes)
        return try await world.work.perform(as: principal) { [changes] tx, actor in
            try world.services.organisations.update(id, changes, expecting: .anything, tx, actor)
        }
    }

    @Test func aPartnerKeepsItsContactsButNotItsLegalFacts() async throws {
        try await World.with { world in
            let admin = world.alpha.admin
            let moved = try await update(world, world.alpha.id, as: admin) { $0.address = "Street 1\n1010 Wien" }
            #expect(moved.profile.address == "Street 1\n1010 Wien")
            #expect(moved.revision == 2)
            for change: (inout OrganisationChanges) -> Void in [
                { $0.country = CountryCode("US") }, { $0.vatID = "ATU1" }, { $0.legalName = "X" },
                { $0.publicSector = true },
            ] {
                #expect(
                    try await reason { try await update(world, world.alpha.id, as: admin, change) }
                        == "ORGANISATION_LEGAL_FACTS")
            }
            let customer = try await world.customer(of: world.alpha)
            let changed = try await update(world, customer.id, as: admin) { $0.publicSector = true }
            #expect(changed.profile.publicSector)
        }
    }

    @Test func vatIDsAreNormalisedAndCheckedAgainWithTheCountry() async throws {
        try await World.with { world in
            let system = Principal.system("test")
            let good = try await update(world, world.alpha.id, as: system) { $0.vatID = " at u123 451 " }
            #expect(good.profile.vatID == VATID(text: "ATU123451", isValid: true))
            let doubtful = try await update(world, world.alpha.id, as: system) { $0.vatID = "ATU10" }
            #expect(doubtful.profile.vatID == VATID(text: "ATU10", isValid: false))
            #expect(
                try await reason {
                    try await update(world, world.alpha.id, as: system) { $0.country = CountryCode("de") }
                }
                    == "INVALID_FIELD")
            let gone = try await update(world, world.alpha.id, as: system) {
                $0.vatID = ""
                $0.country = CountryCode("de")
            }
            #expect(gone.profile.vatID == nil)
            #expect(gone.profile.country.code == "DE")
        }
    }

    @Test func whoCreatesWhat() async throws {
        try await World.with { world in
            let customer = try await world.customer(of: world.alpha)
            #expect(customer.kind == .endCustomer(of: world.alpha.id))
            let system = Principal.system("test")
            let cases: [(Principal, Organisation.Kind.Name, OrganisationID?, String?)] = [
                (world.alpha.admin, .partner, nil, "ORGANISATION_KIND"),
                (world.alpha.admin, .vendor, nil, "ORGANISATION_KIND"),
                (system, .vendor, nil, "ORGANISATION_ONE_VENDOR"), (system, .partner, nil, nil),
                (system, .partner, world.alpha.id, "ORGANISATION_KIND"), (system, .endCustomer, nil, nil),
                (system, .endCustomer, world.alpha.id, nil), (system, .endCustomer, customer.id, "ORGANISATION_KIND"),
            ]
            for (principal, kind, manager, expected) in cases {
                let outcome = try await reason {
                    try await world.work.perform(as: principal) { tx, actor in
                        var changes = OrganisationChanges()
                        changes.displayName = "N"
                        changes.country = .austria
                        return try world.services.organisations.create(kind, managedBy: manager, changes, tx, actor)
                    }
                }
                #expect(outcome == expected)
            }
        }
    }

    @Test func everyWrongFieldIsNamedAtOnce() async throws {
        try await World.with { world in
            var problem: Problem?
            do {
                _ = try await update(world, world.alpha.id, as: .system("test")) {
                    $0.displayName = "  "
                    $0.billingEmail = "nobody"
                    $0.address = "a\u{7}b"
                    $0.vatID = "XX1"
                }
            } catch let error as Problem {
                problem = error
            }
            #expect(problem?.errors.map(\.field) == ["display_name", "address", "billing_email", "vat_id"])
        }
    }
}
