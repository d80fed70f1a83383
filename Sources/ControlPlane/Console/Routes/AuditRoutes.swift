import Kernel
import Postgres
import Tenancy
import Web

/// The audit log, and the histories that other pages take from it.
struct AuditRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [PageRoute(.get, "/audit-log", requires: .permission(.auditRead), use: list)]
    }

    struct ListInput: Codable, Sendable {
        let action: String?
        let target: String?
        let cursor: String?
    }

    @Sendable private func list(_ call: PageCall<ListInput>) async throws -> PageReply {
        var filter = AuditFilter()
        filter.action = call.input.action
        filter.target = call.input.target
        let (asked, request) = (filter, PageRequest(limit: nil, cursor: call.input.cursor))
        let events = try await services.work.read(call) { tx in try services.tenancy.audit.list(asked, request, tx) }
        let values = ["action": call.input.action ?? "", "target": call.input.target ?? ""]
        return .page(
            AuditLogPage(
                rows: events.items.map(\.row), filter: FormState(values: values),
                nextPath: NextPage.path("/audit-log", values, cursor: events.nextCursor)
            ).page)
    }

    /// What was done to an object, newest first; empty for viewers without the right to read the log.
    func history(
        of target: String, tenant: TenantID? = nil, for principal: Principal, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [TimelineEntry] {
        guard principal.holds(.auditRead) else { return [] }
        var filter = AuditFilter()
        filter.target = target
        filter.tenantID = tenant
        return try services.tenancy.audit.list(filter, PageRequest(limit: 12, cursor: nil), tx).items.map(\.entry)
    }
}

extension AuditEvent {
    fileprivate var row: AuditLogPage.Row {
        AuditLogPage.Row(
            time: DisplayText.minute(occurredAt), actor: principalName, action: action, target: target,
            targetPath: targetPath, detail: summary, requestID: requestID)
    }

    fileprivate var entry: TimelineEntry {
        TimelineEntry(
            AuditWords.sentence(of: action), time: "\(DisplayText.minute(occurredAt)) · \(principalName)",
            text: action.hasSuffix(".create") ? "" : summary)
    }

    /// The page of the object, as far as there is one.
    private var targetPath: String? {
        let pages = [
            "org": "organisations", "inst": "instances", "tenant": "tenants", "contract": "contracts",
            "inv": "invoices",
        ]
        return target.split(separator: "_").first.flatMap { pages[String($0)] }.map { "/\($0)/\(target)" }
    }

    /// Changed values and facts in a line.
    private var summary: String {
        let changes = detail.changes.map { change in
            change.before.map { "\(AuditWords.name(change.field)): \($0) → \(change.after ?? DisplayText.nothing)" }
                ?? "\(AuditWords.name(change.field)): \(change.after ?? DisplayText.nothing)"
        }
        let facts = detail.facts.sorted { $0.key < $1.key }.map { "\(AuditWords.name($0.key)): \($0.value)" }
        return String((changes + facts).joined(separator: ", ").prefix(300))
    }
}

/// Entries of the log as people say them.
enum AuditWords {
    /// `tenant.suspend` becomes "Tenant suspended"; what is not known here is only spaced out.
    static func sentence(of action: String) -> String {
        let parts = action.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return DisplayText.words(action) }
        let verb = verbs[parts[1]] ?? DisplayText.words(parts[1]).lowercased()
        return "\(parts[0] == "api_key" ? "API key" : DisplayText.words(parts[0])) \(verb)"
    }

    /// `display_name` becomes "display name".
    static func name(_ field: String) -> String { String(field.map { $0 == "_" ? " " : $0 }) }

    private static let verbs = [
        "create": "created", "update": "updated", "activate": "activated", "suspend": "suspended",
        "resume": "resumed", "archive": "archived", "purge": "purged", "revoke": "revoked", "rotate": "rotated",
        "sign": "signed", "give_notice": "under notice", "add_version": "amended",
        "record_document": "document recorded", "finalise": "final",
        "close_without_amount": "closed without an amount", "start": "started", "end": "ended",
        "issue_password": "password issued",
    ]
}
