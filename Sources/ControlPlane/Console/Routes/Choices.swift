import Billing
import Kernel
import Postgres
import Tenancy
import Web

/// What pickers offer: only what the viewer may see, because every list is read in the viewer's scope.
struct Choices: Sendable {
    /// A longer list would not be a picker any more.
    private static let most = 1000

    private let tenancy: TenancyServices

    init(_ services: ConsoleServices) { tenancy = services.tenancy }

    func organisations(
        of kinds: Set<Organisation.Kind.Name> = [.vendor, .partner], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Field.Choice] {
        try all { page in try tenancy.organisations.list(OrganisationFilter(), page, tx) }
            .filter { kinds.contains($0.kind.name) }
            .map { Field.Choice("\($0.id)", $0.profile.displayName) }.sorted { $0.label < $1.label }
    }

    func instances(_ tx: borrowing Transaction<ScopeNode>) throws -> [Field.Choice] {
        var filter = InstanceFilter()
        filter.state = .active
        return try all { page in try tenancy.instances.list(filter, page, tx) }
            .map { Field.Choice("\($0.id)", "\($0.profile.displayName) · \($0.host.words)") }
            .sorted { $0.label < $1.label }
    }

    func tenants(
        of organisation: OrganisationID? = nil, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Field.Choice] {
        var filter = TenantFilter()
        filter.organisationID = organisation
        return try all { page in try tenancy.tenants.list(filter, page, tx) }
            .map { Field.Choice("\($0.id)", $0.settings.displayName) }.sorted { $0.label < $1.label }
    }

    private func all<Item: Sendable>(_ list: (PageRequest) throws -> Page<Item>) rethrows -> [Item] {
        var items: [Item] = []
        var cursor: String?
        repeat {
            let page = try list(PageRequest(limit: Limits.pageMaximum, cursor: cursor))
            items += page.items
            cursor = page.nextCursor
        } while cursor != nil && items.count < Self.most
        return items
    }
}

/// The address of the next page of a list, with the filter that the present one has.
enum NextPage {
    static func path(_ path: String, _ values: [String: String], cursor: String?) -> String? {
        cursor.map { FilteredPath.path(path, values, and: [("cursor", $0)]) }
    }
}

/// An address with the conditions of a filter; empty ones are left out.
enum FilteredPath {
    static func path(_ path: String, _ values: [String: String], and more: [(String, String)] = []) -> String {
        let given = values.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let pairs = (given + more).map { PercentCoding.encode($0.0) + "=" + PercentCoding.encode($0.1) }
        return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    }
}
