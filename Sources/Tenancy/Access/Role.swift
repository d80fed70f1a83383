import Kernel

/// The level of a scope node.
package enum ScopeLevel: String, Sendable, Codable, CaseIterable { case platform, organisation, tenant }

extension ScopeNode {
    package var level: ScopeLevel {
        switch self {
        case .platform: .platform
        case .organisation: .organisation
        case .tenant: .tenant
        }
    }
}

/// A named set of permissions and the levels at which it may be bound. The built-in ones are data here; roles that
/// people make themselves will come from a table and have the same shape.
package struct Role: Sendable, Hashable {
    /// Built-in names, as the API and the database know them.
    package enum Name: String, Sendable, Codable, CaseIterable {
        case platformOperator = "platform.operator"
        case platformAuditor = "platform.auditor"
        case partnerAdmin = "partner.admin"
        case partnerViewer = "partner.viewer"
        case usageReporter = "usage.reporter"
        case tenantAdmin = "tenant.admin"
        case tenantViewer = "tenant.viewer"
        case voiceOperator = "voice.operator"
    }

    package let name: Name
    package let levels: Set<ScopeLevel>
    package let permissions: Set<Permission>

    /// The whole table. A role that is not listed here grants nothing.
    package static let builtIn: [Role] = [
        Role(name: .platformOperator, levels: [.platform], permissions: Permission.all),
        Role(name: .platformAuditor, levels: [.platform], permissions: Permission.reading),
        Role(
            name: .partnerAdmin, levels: [.organisation],
            permissions: Permission.reading.union([
                .organisationWrite, .instanceWrite, .tenantWrite, .tenantTransition, .apiKeyWrite, .disclosureWrite,
                .usageWrite, .voiceWrite, .voiceControl, .voiceNode,
            ])),
        Role(name: .partnerViewer, levels: [.organisation], permissions: Permission.reading),
        Role(name: .usageReporter, levels: Set(ScopeLevel.allCases), permissions: [.usageWrite]),
        Role(
            name: .tenantAdmin, levels: [.tenant],
            permissions: [
                .tenantRead, .apiKeyRead, .apiKeyWrite, .auditRead, .usageRead, .usageWrite, .voiceRead, .voiceWrite,
                .voiceControl,
            ]),
        Role(name: .tenantViewer, levels: [.tenant], permissions: [.tenantRead, .usageRead, .voiceRead]),
        Role(
            name: .voiceOperator, levels: Set(ScopeLevel.allCases),
            permissions: [.tenantRead, .usageRead, .voiceRead, .voiceWrite, .voiceControl]),
    ]

    /// The built-in role of that name.
    package static func named(_ name: Name) -> Role? { builtIn.first { $0.name == name } }

    /// The union of what the named roles grant at `level`; unknown names and roles of another level grant nothing.
    package static func permissions(of names: [String], at level: ScopeLevel) -> Set<Permission> {
        builtIn.filter { names.contains($0.name.rawValue) && $0.levels.contains(level) }
            .reduce(into: []) { $0.formUnion($1.permissions) }
    }
}
