import Kernel
import Postgres
import Telephony
import Tenancy
import Voice
import Web

/// Names of what a page mentions, each looked up once. What the viewer may not see has no name here.
struct NameBook {
    private let tenancy: TenancyServices
    private let registry: NodeService
    private var organisations: [OrganisationID: String] = [:]
    private var instances: [InstanceID: String] = [:]
    private var tenants: [TenantID: String] = [:]
    private var nodes: [VoiceNodeID: String] = [:]

    init(_ services: ConsoleServices) {
        tenancy = services.tenancy
        registry = services.telephony.nodes.service
    }

    mutating func organisation(_ id: OrganisationID?, _ tx: borrowing Transaction<ScopeNode>) throws -> String {
        guard let id else { return DisplayText.nothing }
        if let name = organisations[id] { return name }
        let name = try Self.visible { try tenancy.organisations.get(id, tx).profile.displayName }
        organisations[id] = name
        return name
    }

    mutating func instance(_ id: InstanceID, _ tx: borrowing Transaction<ScopeNode>) throws -> String {
        if let name = instances[id] { return name }
        let name = try Self.visible { try tenancy.instances.get(id, tx).profile.displayName }
        instances[id] = name
        return name
    }

    mutating func tenant(_ id: TenantID?, _ tx: borrowing Transaction<ScopeNode>) throws -> String {
        guard let id else { return DisplayText.nothing }
        if let name = tenants[id] { return name }
        let name = try Self.visible { try tenancy.tenants.get(id, tx).settings.displayName }
        tenants[id] = name
        return name
    }

    /// Its id where the viewer runs no such node.
    mutating func node(_ id: VoiceNodeID, _ tx: borrowing Transaction<ScopeNode>) throws -> String {
        if let name = nodes[id] { return name }
        let name = try Self.visible { try registry.get(id, tx).name }
        nodes[id] = name == DisplayText.nothing ? "\(id)" : name
        return nodes[id] ?? name
    }

    private static func visible(_ name: () throws -> String) throws -> String {
        do {
            return try name()
        } catch let problem as Problem where problem.status == 404 {
            return DisplayText.nothing
        }
    }
}
