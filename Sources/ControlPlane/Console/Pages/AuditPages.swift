import Kernel
import Web

/// Who did what, newest first.
struct AuditLogPage: Sendable {
    struct Row: Sendable {
        let time: String
        let actor: String
        /// `tenant.suspend`
        let action: String
        let target: String
        let targetPath: String?
        /// The reason or the changed values, short.
        let detail: String
        let requestID: String
    }

    let rows: [Row]
    /// Values of the filter: `action`, `target`.
    let filter: FormState
    let nextPath: String?

    var page: ConsolePage {
        let bar = FilterBar("/audit-log", [Field("action", "Action"), Field("target", "Object id")])
        let list: HTML =
            rows.isEmpty
            ? .empty(
                "Nothing here", "No entry matches. Every change is recorded together with its effect.", icon: .clock)
            : "\(table.html)\(Pager(DisplayText.count(rows.count, "entry", "entries"), nextPath: nextPath).html)"
        var page = ConsolePage(
            "Audit log", section: "/audit-log",
            body: Card.flush("Entries", body: "\(bar.html(filter))\(list)").html)
        page.lede = "Every change, written in the transaction that made it. Times in Europe/Vienna."
        page.crumbs = [.init("Audit log")]
        return page
    }

    private var table: Table {
        Table(
            "Audit log",
            [
                .init("Time"), .init("Who"), .init("What"), .init("Object"), .init("Detail"),
                .init("Request", isOptional: true),
            ],
            rows: rows.map { row in
                Table.Row([
                    #"<span class="nowrap">\#(row.time)</span>"#, "\(row.actor)", "<code>\(row.action)</code>",
                    row.targetPath.map { HTML.link(row.target, $0) } ?? "\(row.target)",
                    "\(DisplayText.orNothing(row.detail))", #"<span class="last-four">\#(row.requestID)</span>"#,
                ])
            })
    }
}
