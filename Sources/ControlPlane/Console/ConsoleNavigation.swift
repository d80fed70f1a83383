import Kernel
import Tenancy
import Web

/// The entries of the sidebar. A viewer sees those it may open; the pages themselves check again.
struct ConsoleNavigation: Sendable {
    struct Entry: Sendable {
        let label: String
        let path: String
        let icon: Icon
        /// The permission that the page behind it requires.
        let permission: Permission
    }

    struct Group: Sendable {
        let title: String?
        let entries: [Entry]
    }

    let groups: [Group]

    /// Everything there is, in the order of the mock-ups.
    static let complete = ConsoleNavigation(groups: [
        Group(
            title: nil,
            entries: [
                entry("Overview", "/", .home, .tenantRead),
                entry("Organisations", "/organisations", .building, .organisationRead),
                entry("Contracts", "/contracts", .contract, .contractRead),
            ]),
        Group(
            title: "Platform",
            entries: [
                entry("Instances", "/instances", .server, .instanceRead),
                entry("Tenants", "/tenants", .grid, .tenantRead),
                entry("Voice", "/voice", .phone, .voiceRead),
                entry("Voice nodes", "/voice/nodes", .activity, .voiceNode),
            ]),
        Group(
            title: "Money",
            entries: [
                entry("Usage", "/usage", .chart, .usageRead),
                entry("Invoices", "/invoices", .receipt, .invoiceRead),
                entry("Month close", "/close", .calendar, .billingClose),
            ]),
        Group(
            title: "Administration",
            entries: [
                entry("API keys", "/api-keys", .key, .apiKeyRead),
                entry("Audit log", "/audit-log", .clock, .auditRead),
            ]),
    ])

    /// What this viewer may open; groups without an entry disappear.
    func limited(to permissions: Set<Permission>) -> ConsoleNavigation {
        ConsoleNavigation(
            groups: groups.compactMap { group in
                let entries = group.entries.filter { permissions.contains($0.permission) }
                return entries.isEmpty ? nil : Group(title: group.title, entries: entries)
            })
    }

    private static func entry(_ label: String, _ path: String, _ icon: Icon, _ permission: Permission) -> Entry {
        Entry(label: label, path: path, icon: icon, permission: permission)
    }
}
