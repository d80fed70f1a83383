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
            DisplayText.words(action), time: "\(DisplayText.minute(occurredAt)) · \(principalName)", text: summary)
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
            change.before.map { "\(change.field): \($0) → \(change.after ?? DisplayText.nothing)" }
                ?? "\(change.field): \(change.after ?? DisplayText.nothing)"
        }
        let facts = detail.facts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return String((changes + facts).joined(separator: ", ").prefix(300))
    }
}
