import Kernel
import Postgres
import TestSupport
import Testing

@testable import Tenancy

/// What belongs to one partner or tenant does not exist for another: every use case, with the other's real ids.
@Suite struct IsolationTests {
    private static let everything = PageRequest(limit: 200, cursor: nil)

    @Test func anotherPartnerSeesNothing() async throws {
        try await World.with { world in
            let customer = try await world.customer(of: world.alpha)
            let tenant = try await world.tenant(of: world.alpha, slug: "a")
            let key = try await world.key(
                NewAPIKey(role: .partnerViewer, displayName: "K"), as: world.alpha.admin
            ).key
            let services = world.services
            let seen = try await world.work.read(in: world.beta.admin.scope) { tx in
                (
                    organisations: try services.organisations.list(OrganisationFilter(), Self.everything, tx).items,
                    instances: try services.instances.list(InstanceFilter(), Self.everything, tx).items,
                    tenants: try services.tenants.list(TenantFilter(), Self.everything, tx).items,
                    keys: try services.apiKeys.list(APIKeyFilter(), Self.everything, tx).items,
                    events: try services.audit.list(AuditFilter(), Self.everything, tx).items
                )
            }
            #expect(seen.organisations.map(\.id) == [world.beta.id])
            #expect(seen.instances.map(\.id) == [world.platform.id])
            #expect(seen.tenants.isEmpty)
            #expect(seen.keys.isEmpty)
            #expect(seen.events.allSatisfy { $0.organisationID == world.beta.id })

            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                _ = try services.organisations.get(world.alpha.id, tx)
            }
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                _ = try services.organisations.get(customer.id, tx)
            }
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                _ = try services.organisations.update(
                    customer.id, OrganisationChanges(), expecting: .anything, tx, actor)
            }
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                _ = try services.tenants.get(tenant.id, tx)
            }
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                _ = try services.tenants.update(tenant.id, TenantChanges(), expecting: .anything, tx, actor)
            }
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                _ = try services.tenants.transition(tenant.id, .suspend(reason: "x"), tx, actor)
            }
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                _ = try services.apiKeys.get(key.id, tx)
            }
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                _ = try services.apiKeys.revoke(key.id, tx, actor)
            }
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                _ = try services.apiKeys.rotate(key.id, tx, actor)
            }
        }
    }

    @Test func nobodyCreatesInSomebodyElsesName() async throws {
        try await World.with { world in
            let customer = try await world.customer(of: world.alpha)
            let tenant = try await world.tenant(of: world.alpha, slug: "a")
            let licensed = try await world.instance(of: world.licensee, at: .licensee)
            let services = world.services
            let settings = TenantSettings(displayName: "T")
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                let new = NewTenant(
                    organisationID: world.alpha.id, instanceID: world.platform.id, slug: "b", settings: settings)
                _ = try services.tenants.create(new, tx, actor)
            }
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                var theirs = settings
                theirs.endCustomerID = customer.id
                let new = NewTenant(instanceID: world.platform.id, slug: "b", settings: theirs)
                _ = try services.tenants.create(new, tx, actor)
            }
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                _ = try services.tenants.create(
                    NewTenant(instanceID: licensed.id, slug: "b", settings: settings), tx, actor)
            }
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                var changes = OrganisationChanges()
                changes.displayName = "X"
                changes.country = .austria
                _ = try services.organisations.create(.endCustomer, managedBy: world.alpha.id, changes, tx, actor)
            }
            try await expectMissing(world, as: world.beta.admin) { tx, actor in
                _ = try services.instances.create(
                    at: .endCustomer, for: nil, ownedBy: customer.id, InstanceChanges(), tx, actor)
            }
            for new in [
                NewAPIKey(role: .usageReporter, displayName: "K", organisationID: world.alpha.id),
                NewAPIKey(role: .usageReporter, displayName: "K", tenantID: tenant.id),
            ] {
                try await expectMissing(world, as: world.beta.admin) { tx, actor in
                    _ = try services.apiKeys.create(new, tx, actor)
                }
            }
        }
    }

    /// The shared platform is everybody's to see and the vendor's to change.
    @Test func partnersCannotChangeTheSharedPlatform() async throws {
        try await World.with { world in
            try await expectMissing(world, as: world.alpha.admin) { tx, actor in
                var changes = InstanceChanges()
                changes.displayName = "Mine"
                _ = try world.services.instances.update(
                    world.platform.id, changes, expecting: .anything, tx, actor)
            }
        }
    }

    @Test func aTenantSeesItselfOnly() async throws {
        try await World.with { world in
            let own = try await world.tenant(of: world.alpha, slug: "own")
            let sibling = try await world.tenant(of: world.alpha, slug: "sibling")
            let admin = Principal.tenantAdmin(of: own)
            let services = world.services
            let (tenants, organisations, events) = try await world.work.read(in: admin.scope) { tx in
                (
                    try services.tenants.list(TenantFilter(), Self.everything, tx).items,
                    try services.organisations.list(OrganisationFilter(), Self.everything, tx).items,
                    try services.audit.list(AuditFilter(), Self.everything, tx).items
                )
            }
            #expect(tenants.map(\.id) == [own.id])
            #expect(organisations.isEmpty)
            #expect(events.allSatisfy { $0.tenantID == own.id })
            try await expectMissing(world, as: admin) { tx, actor in
                _ = try services.tenants.transition(sibling.id, .suspend(reason: "x"), tx, actor)
            }
            try await expectMissing(world, as: admin) { tx, actor in
                _ = try services.tenants.create(
                    NewTenant(
                        instanceID: world.platform.id, slug: "x", settings: TenantSettings(displayName: "X")), tx, actor
                )
            }
            try await expectMissing(world, as: admin) { tx, actor in
                _ = try services.apiKeys.create(
                    NewAPIKey(role: .tenantViewer, displayName: "K", tenantID: sibling.id), tx, actor)
            }
            let key = try await world.key(NewAPIKey(role: .tenantViewer, displayName: "K"), as: admin)
            #expect(key.key.scope == admin.scope)
            #expect(key.token.text.hasPrefix("cft_"))
        }
    }

    private func expectMissing(
        _ world: World, as principal: Principal,
        _ body: @escaping @Sendable (borrowing Transaction<ScopeNode>, Actor) throws -> Void,
        location: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await reason { try await world.work.perform(as: principal, body) }
        #expect(outcome == "NOT_FOUND", sourceLocation: location)
    }
}
