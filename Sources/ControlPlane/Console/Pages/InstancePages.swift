import Kernel
import Web

/// The list of running stacks.
struct InstanceListPage: Sendable {
    struct Row: Sendable {
        let id: String
        let name: String
        /// Vendor, licensee, end-customer.
        let host: String
        let owner: String
        let region: String
        let version: String
        let tenants: Int
        let isRetired: Bool
    }

    let rows: [Row]
    let nextPath: String?
    let mayCreate: Bool

    var page: ConsolePage {
        let list: HTML =
            rows.isEmpty
            ? .empty(
                "No instances yet",
                "An instance is one running stack: hosted by the vendor, a licensee or an end-customer.", icon: .server)
            : "\(table.html)\(Pager(DisplayText.count(rows.count, "instance"), nextPath: nextPath).html)"
        var page = ConsolePage("Instances", section: "/instances", body: Card.flush("All instances", body: list).html)
        page.lede = "Running stacks. Who hosts one decides the program its tenants are billed under."
        page.crumbs = [.init("Instances")]
        if mayCreate { page.actions = .button("New instance", to: "/instances/new", .primary, icon: .plus) }
        return page
    }

    private var table: Table {
        Table(
            "Instances",
            [
                .init("Instance"), .init("Host"), .init("Owner"), .init("Region", isOptional: true),
                .init("Version", isOptional: true), .number("Tenants"), .init("State"),
            ],
            rows: rows.map { row in
                Table.Row([
                    .link(row.name, "/instances/\(row.id)"), "\(row.host)", "\(row.owner)",
                    "\(DisplayText.orNothing(row.region))", "\(DisplayText.orNothing(row.version))",
                    "\(DisplayText.count(row.tenants))",
                    row.isRetired ? .pill("Retired", .neutral) : .pill("Active", .ok),
                ])
            })
    }
}

/// One instance and the tenants on it.
struct InstancePage: Sendable {
    /// What a deployment uses of its size.
    struct Capacity: Sendable {
        /// The running month last.
        let months: [(month: String, turns: Int64)]
        /// A month; `nil` without a contractual limit.
        let turns: Int64?
        /// Reported, never charged.
        let notice: String?
        let tone: Tone
    }

    let id: String
    let name: String
    let isRetired: Bool
    let facts: [Fact]
    let capacity: Capacity?
    let tenants: [TenantListPage.Row]
    /// Why no tenant can be added here, if so.
    let refusal: String?
    let mayProvision: Bool
    /// `nil` for viewers that may not change it.
    let editing: InstanceStateCard?

    var page: ConsolePage {
        let list: HTML =
            tenants.isEmpty
            ? .empty("No tenants here", "The first one makes this instance do something.", icon: .grid)
            : TenantListPage.table(tenants).html
        let note: HTML? = refusal.map { .callout(.info, "No further tenants.", "\($0)") }
        var page = ConsolePage(
            name, section: "/instances",
            body:
                "\(note)\(capacity?.callout)\(HTML.grid([.stack([Card.flush("Tenants", body: list).html], span: 8), .stack(right, span: 4)]))\(editing.map(\.html))"
        )
        page.heading = "\(name) \(isRetired ? HTML.pill("Retired", .neutral) : HTML.pill("Active", .ok))"
        page.lede = "\(id)"
        page.crumbs = [.init("Instances", "/instances"), .init(name)]
        if editing != nil { page.actions += .button("Edit", to: "/instances/\(id)/edit") }
        if mayProvision, refusal == nil {
            page.actions += .button("Provision tenant", to: "/tenants/new?instance_id=\(id)", .primary, icon: .plus)
        }
        return page
    }

    private var right: [HTML] {
        [Card("Details", body: .facts(facts)).html] + (capacity.map { [$0.card] } ?? [])
    }
}

extension InstancePage.Capacity {
    fileprivate var callout: HTML? { notice.map { .callout(tone, "Capacity.", "\($0)") } }

    fileprivate var card: HTML {
        let limit = turns.map { "\(DisplayText.count($0)) turns a month" } ?? "No contractual limit"
        let used = months.map { Fact($0.month, text: "\(DisplayText.count($0.turns)) turns\(share(of: $0.turns))") }
        return Card("Capacity", body: .facts([Fact("Size holds", text: limit)] + used)).html
    }

    /// ", 81 %", rounded down: 99.9 % is not reached.
    private func share(of used: Int64) -> String {
        turns.map { $0 > 0 ? ", \(Int128(used) * 100 / Int128($0)) %" : "" } ?? ""
    }
}

/// The form for a new instance.
struct InstanceFormPage: Sendable {
    let state: FormState
    /// Who sees and manages it.
    let organisations: [Field.Choice]
    /// Whose stack it is.
    let owners: [Field.Choice]
    let hosts: [Field.Choice]

    var page: ConsolePage {
        let form = Form(
            action: "/instances", submit: "Create instance", cancel: "/instances",
            note: "The host cannot change later.",
            sections: [
                Form.Section(
                    "Host", "Topology decides the program: a shared platform, a licence, or one install per customer.",
                    [
                        Field("host", "Hosted by", .radios(hosts)),
                        Field("organisation_id", "Managed by", .select(organisations)),
                        Field("owner_id", "Owner", .select(owners), hint: "Of a deployment: the one end-customer."),
                    ]),
                .licence("Of a deployment only. It may stay empty where the contract has ordered only one kind."),
                Form.Section(
                    "Description", "What operators recognise it by.",
                    [
                        Field("display_name", "Name", hint: "For example shared-eu-2."),
                        Field("region", "Region", isRequired: false), Field("version", "Version", isRequired: false),
                    ]),
            ])
        var page = ConsolePage("New instance", section: "/instances", body: form.html(state))
        page.frame = .narrow
        page.crumbs = [.init("Instances", "/instances"), .init("New instance")]
        return page
    }
}

extension Form.Section {
    /// Which order a deployment belongs to, and the size that it has there.
    static func licence(_ lede: String) -> Form.Section {
        let sizes: [Field.Choice] = [
            .init("", "By the order"), .init("compact", "Compact"), .init("standard", "Standard"),
            .init("premium", "Premium"),
        ]
        return Form.Section(
            "Licence", lede,
            [
                Field("order", "Order", hint: "Its reference in the contract.", isRequired: false),
                Field("size", "Size", .select(sizes), isRequired: false),
            ])
    }
}
