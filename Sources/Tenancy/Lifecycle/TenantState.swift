import Kernel

/// The life of a tenant: provisioning → active ⇄ suspended → archived → purged.
package enum TenantState: Sendable, Equatable {
    case provisioning
    case active
    /// Serves nobody, keeps everything, and is still provisioned and billed.
    case suspended(reason: String)
    /// Switched off for good; its content is deleted at `purgeAt`.
    case archived(reason: String, purgeAt: Timestamp)
    /// The content is gone; the row stays for invoices and the audit log.
    case purged(reason: String)

    /// A state without what belongs to it, as the API and the database name it.
    package enum Name: String, Sendable, Codable, CaseIterable {
        case provisioning, active, suspended, archived, purged
    }

    /// Time to change one's mind between archiving and deletion. *Decided*: 30 days.
    package static let retention: Duration = .seconds(30 * 86_400)

    package var name: Name {
        switch self {
        case .provisioning: .provisioning
        case .active: .active
        case .suspended: .suspended
        case .archived: .archived
        case .purged: .purged
        }
    }

    /// Empty where there is none.
    package var reason: String {
        switch self {
        case .provisioning, .active: ""
        case .suspended(let reason), .archived(let reason, _), .purged(let reason): reason
        }
    }

    package var purgeAt: Timestamp? {
        if case .archived(_, let moment) = self { moment } else { nil }
    }
}

/// What somebody asks a tenant's state to do.
package enum TenantTransition: Sendable, Equatable {
    case activate
    case suspend(reason: String)
    case resume
    case archive(reason: String)
    /// `early` deletes before the retention is over, and then needs a reason.
    case purge(reason: String, early: Bool)

    /// The verb in the API and in the audit log.
    package var verb: String {
        switch self {
        case .activate: "activate"
        case .suspend: "suspend"
        case .resume: "resume"
        case .archive: "archive"
        case .purge: "purge"
        }
    }
}

extension TenantState {
    /// The state after a transition. 409 when the present state does not allow it, 422 when its reason is missing.
    package func after(_ transition: TenantTransition, at now: Timestamp) throws(Problem) -> TenantState {
        switch (transition, self) {
        case (.activate, .provisioning), (.resume, .suspended):
            return .active
        case (.suspend(let reason), .active):
            return .suspended(reason: try Self.required(reason))
        case (.archive(let reason), .provisioning), (.archive(let reason), .active),
            (.archive(let reason), .suspended):
            return .archived(reason: try Self.required(reason), purgeAt: now.advanced(by: Self.retention))
        case (.purge(let reason, let early), .archived(let old, let purgeAt)):
            guard now < purgeAt else { return .purged(reason: reason.isEmpty ? old : reason) }
            guard early else {
                throw .conflict(
                    "TENANT_RETENTION",
                    "The tenant can be purged from \(purgeAt) on. To delete it now, say early and give a reason.")
            }
            return .purged(reason: try Self.required(reason))
        default:
            throw .conflict(
                "TENANT_STATE",
                "A tenant that is \(name.rawValue) cannot \(transition.verb). From here it can \(nextVerbs).")
        }
    }

    /// The verbs that this state allows.
    package var allowedVerbs: [String] {
        switch self {
        case .provisioning: ["activate", "archive"]
        case .active: ["suspend", "archive"]
        case .suspended: ["resume", "archive"]
        case .archived: ["purge"]
        case .purged: []
        }
    }

    private var nextVerbs: String {
        allowedVerbs.isEmpty ? "do nothing any more" : allowedVerbs.joined(separator: " or ")
    }

    private static func required(_ reason: String) throws(Problem) -> String {
        var text = ""
        var fields = FieldChecks()
        fields.set(&text, reason, "reason", 1...Limits.textCharacters)
        try fields.throwIfAny()
        return text
    }
}
