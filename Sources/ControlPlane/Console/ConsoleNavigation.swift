import Kernel
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
                entry("Overview", "/", .home, "tenant.read"),
                entry("Organisations", "/organisations", .building, "organisation.read"),
                entry("Contracts", "/contracts", .contract, "contract.read"),
            ]),
        Group(
            title: "Platform",
            entries: [
                entry("Instances", "/instances", .server, "instance.read"),
                entry("Tenants", "/tenants", .grid, "tenant.read"),
            ]),
        Group(
            title: "Money",
            entries: [
                entry("Usage", "/usage", .chart, "usage.read"),
                entry("Invoices", "/invoices", .receipt, "invoice.read"),
                entry("Month close", "/close", .calendar, "billing.close"),
            ]),
        Group(
            title: "Administration",
            entries: [
                entry("API keys", "/api-keys", .key, "api_key.read"),
                entry("Audit log", "/audit-log", .clock, "audit.read"),
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

    private static func entry(_ label: String, _ path: String, _ icon: Icon, _ permission: String) -> Entry {
        Entry(label: label, path: path, icon: icon, permission: Permission(permission))
    }
}
