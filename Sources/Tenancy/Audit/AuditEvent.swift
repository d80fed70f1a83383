import FoundationEssentials
import Kernel

/// One entry of the audit log: who did what to which object, and what changed.
package struct AuditEvent: Sendable, Codable, Equatable {
    package let auditEventID: AuditEventID
    package let occurredAt: Timestamp
    package let principalID: PrincipalID
    /// As it was called then.
    package let principalName: String
    /// `object.verb`, for example `tenant.suspend`.
    package let action: String
    /// The written id of the object.
    package let target: String
    package let organisationID: OrganisationID?
    package let tenantID: TenantID?
    /// The request that caused it; empty for named jobs.
    package let requestID: String
    package let detail: AuditDetail
}

/// What an audit entry says beyond who and what: facts by name, and fields with their values before and after. Never a
/// secret.
package struct AuditDetail: Sendable, Codable, Equatable, ExpressibleByDictionaryLiteral {
    /// One field, before and after.
    package struct FieldChange: Sendable, Codable, Equatable {
        package let field: String
        /// Absent when the field had no value.
        package let before: String?
        package let after: String?
    }

    package var facts: [String: String]
    package var changes: [FieldChange]

    package init(facts: [String: String] = [:], changes: [FieldChange] = []) {
        self.facts = facts
        self.changes = changes
    }

    package init(dictionaryLiteral elements: (String, String)...) {
        self.init(facts: Dictionary(elements) { _, last in last })
    }

    /// The fields that differ, in the order of their names. A missing key and an empty text are the same: no value.
    package static func difference(
        _ before: [String: String], _ after: [String: String], facts: [String: String] = [:]
    ) -> AuditDetail {
        let changes = Set(before.keys).union(after.keys).sorted().compactMap { field -> FieldChange? in
            let old = before[field].flatMap { $0.isEmpty ? nil : $0 }
            let new = after[field].flatMap { $0.isEmpty ? nil : $0 }
            return old == new ? nil : FieldChange(field: field, before: old, after: new)
        }
        return AuditDetail(facts: facts, changes: changes)
    }
}

/// Which entries of the log are wanted. All conditions must hold.
package struct AuditFilter: Sendable {
    package var organisationID: OrganisationID?
    package var tenantID: TenantID?
    package var principalID: PrincipalID?
    package var action: String?
    package var target: String?
    /// Inclusive.
    package var from: Timestamp?
    /// Exclusive.
    package var until: Timestamp?

    package init() {}
}
