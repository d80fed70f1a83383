import Kernel
import Postgres
import TestSupport
import Testing

@testable import Tenancy

/// Every mutation leaves one trace, in its own transaction.
@Suite struct AuditTests {
    @Test func everyMutationIsWrittenDown() async throws {
        try await World.with { world in
            let admin = world.alpha.admin
            let services = world.services
            let customer = try await world.customer(of: world.alpha)
            let tenant = try await world.tenant(of: world.alpha, slug: "t")
            let key = try await world.key(NewAPIKey(role: .partnerViewer, displayName: "K"), as: admin).key
            let licensed = try await world.instance(of: world.licensee, at: .licensee)
            try await world.work.perform(as: admin) { tx, actor in
                var organisation = OrganisationChanges()
                organisation.displayName = "New"
                _ = try services.organisations.update(customer.id, organisation, expecting: .anything, tx, actor)
                var changes = TenantChanges()
                changes.displayName = "New"
                _ = try services.tenants.update(tenant.id, changes, expecting: .anything, tx, actor)
                for step in [TenantTransition.suspend(reason: "s"), .resume, .archive(reason: "a")] {
                    _ = try services.tenants.transition(tenant.id, step, tx, actor)
                }
                _ = try services.tenants.transition(tenant.id, .purge(reason: "p", early: true), tx, actor)
                _ = try services.apiKeys.rotate(key.id, tx, actor)
                _ = try services.apiKeys.revoke(key.id, tx, actor)
            }
            try await world.work.perform(as: world.licensee.admin) { tx, actor in
                var changes = InstanceChanges()
                changes.version = "2"
                _ = try services.instances.update(licensed.id, changes, expecting: .anything, tx, actor)
            }
            let events = try await world.audit().filter { $0.principalID != Principal.systemID }
            #expect(
                events.map(\.action).reversed() == [
                    "organisation.create", "tenant.create", "tenant.activate", "api_key.create", "instance.create",
                    "organisation.update", "tenant.update", "tenant.suspend", "tenant.resume", "tenant.archive",
                    "tenant.purge", "api_key.rotate", "api_key.revoke", "instance.update",
                ])
            let update = try #require(events.first { $0.action == "organisation.update" })
            #expect(update.detail.changes == [.init(field: "display_name", before: "Customer", after: "New")])
            #expect(update.principalID == admin.id)
            #expect(update.target == "\(customer.id)")
            #expect(update.organisationID == world.alpha.id)
            let purge = try #require(events.first { $0.action == "tenant.purge" })
            #expect(purge.detail.facts == ["early": "true", "reason": "p"])
            let suspend = try #require(events.first { $0.action == "tenant.suspend" })
            #expect(suspend.tenantID == tenant.id)
            #expect(
                suspend.detail.changes == [
                    .init(field: "state", before: "active", after: "suspended"),
                    .init(field: "state_reason", before: nil, after: "s"),
                ])
        }
    }

    @Test func whatFailedOrChangedNothingLeavesNoTrace() async throws {
        try await World.with { world in
            let tenant = try await world.tenant(of: world.alpha, slug: "t")
            let before = try await world.audit().count
            _ = try await reason { try await world.transition(tenant.id, .resume, as: world.alpha.admin) }
            _ = try await world.work.perform(as: world.alpha.admin) { tx, actor in
                try world.services.tenants.update(tenant.id, TenantChanges(), expecting: .anything, tx, actor)
            }
            #expect(try await world.audit().count == before)
        }
    }

    @Test func theLogIsFilteredAndPaged() async throws {
        try await World.with { world in
            let tenant = try await world.tenant(of: world.alpha, slug: "t")
            let start = world.clock.now
            for _ in 0..<3 {
                world.clock.advance(by: .seconds(10))
                _ = try await world.transition(tenant.id, .suspend(reason: "x"), as: world.alpha.admin)
                world.clock.advance(by: .seconds(10))
                _ = try await world.transition(tenant.id, .resume, as: world.alpha.admin)
            }
            var filter = AuditFilter()
            filter.tenantID = tenant.id
            #expect(try await world.audit(filter).count == 8)
            filter.action = "tenant.suspend"
            #expect(try await world.audit(filter).count == 3)
            filter.from = start.advanced(by: .seconds(30))
            filter.until = start.advanced(by: .seconds(50))
            #expect(try await world.audit(filter).count == 1)
            var all = AuditFilter()
            all.organisationID = world.alpha.id
            var seen: [AuditEventID] = []
            var cursor: String?
            repeat {
                let page = try await world.work.read(in: .platform) { [cursor, all] tx in
                    try world.services.audit.list(all, PageRequest(limit: 2, cursor: cursor), tx)
                }
                seen += page.items.map(\.auditEventID)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(seen == seen.sorted().reversed())
            #expect(Set(seen).count == 9)
        }
    }
}
