import Kernel
import Postgres
import Tenancy
import Testing

/// A deployment stands under an order of its contract, with a size that was ordered, and no order holds more than it has.
@Suite struct InstanceLicenceTests {
    private static let compact = InstanceLicence(order: "A", size: .compact)
    private static let standard = InstanceLicence(order: "B", size: .standard)

    private func register(
        _ ordered: [InstanceLicence: Int], at host: InstanceHost = .endCustomer, order: String? = nil,
        size: InstanceLicence.Size? = nil, in world: World, ownedBy owner: OrganisationID
    ) async throws -> Instance {
        let service = InstanceService(programs: { _, _ in [.deployment, .enterprise] }, ordered: { _, _ in ordered })
        return try await world.work.perform(as: world.deployer.admin) { tx, actor in
            var changes = InstanceChanges()
            changes.displayName = "Stack"
            changes.order = order
            changes.size = size
            return try service.create(at: host, for: nil, ownedBy: owner, changes, tx, actor)
        }
    }

    @Test func theOnlyKindIsTakenAndNoMoreThanWasOrdered() async throws {
        try await World.with { world in
            let owner = try await world.customer(of: world.deployer).id
            let first = try await register([Self.compact: 1], in: world, ownedBy: owner)
            #expect(first.licence == Self.compact)
            #expect(
                try await reason { try await register([Self.compact: 1], in: world, ownedBy: owner) }
                    == "ORDER_EXHAUSTED")
            let service = InstanceService(programs: { _, _ in [] }, ordered: { _, _ in [Self.compact: 1] })
            func change(_ id: InstanceID, to state: Instance.State) async throws -> Instance {
                try await world.work.perform(as: world.deployer.admin) { tx, actor in
                    var changes = InstanceChanges()
                    changes.state = state
                    return try service.update(id, changes, expecting: .anything, tx, actor)
                }
            }
            // A retired one leaves its place, and gets it back only while it is free.
            _ = try await change(first.id, to: .retired)
            let second = try await register([Self.compact: 1], in: world, ownedBy: owner)
            #expect(try await reason { try await change(first.id, to: .active) } == "ORDER_EXHAUSTED")
            _ = try await change(second.id, to: .retired)
            #expect(try await change(first.id, to: .active).licence == Self.compact)
        }
    }

    @Test func severalKindsHaveToBeTold() async throws {
        try await World.with { world in
            let owner = try await world.customer(of: world.deployer).id
            let ordered = [Self.compact: 2, Self.standard: 2]
            func register(
                _ order: String?, _ size: InstanceLicence.Size?, at host: InstanceHost = .endCustomer
            ) async throws -> Instance {
                try await self.register(
                    ordered, at: host, order: order, size: size, in: world,
                    ownedBy: host == .licensee ? world.deployer.id : owner)
            }
            #expect(try await reason { try await register(nil, nil) } == "SIZE_NOT_SAID")
            #expect(try await reason { try await register("A", nil) } == "INVALID_FIELD")
            #expect(try await reason { try await register("A", .standard) } == "SIZE_NOT_ORDERED")
            #expect(try await reason { try await register("B", .standard, at: .licensee) } == "SIZE_OF_DEPLOYMENT")
            #expect(try await register("B", .standard).licence == Self.standard)
        }
    }
}
