import Kernel
import Web

/// The list of organisations. Partners see themselves and the end-customers that they manage.
struct OrganisationListPage: Sendable {
    struct Row: Sendable {
        let id: String
        let name: String
        let legalName: String
        /// Vendor, partner, end-customer.
        let kind: String
        let country: String
        let vatID: String?
        let isVATIDValid: Bool
        /// Programs it is enrolled in, in words; empty for end-customers.
        let programs: [String]
        let tenants: Int
    }

    let rows: [Row]
    let search: String
    let nextPath: String?
    let mayCreate: Bool

    var page: ConsolePage {
        var page = ConsolePage("Organisations", section: "/organisations", body: card.html)
        page.lede = "Every legal party: the vendor, its partners, and their end-customers."
        page.crumbs = [.init("Organisations")]
        if mayCreate {
            page.actions = .button("New organisation", to: "/organisations/new", .primary, icon: .plus)
        }
        return page
    }

    private var card: Card {
        let filter = FilterBar("/organisations", [Field("q", "Name", hint: "")])
        let state = FormState(values: ["q": search])
        let list: HTML =
            rows.isEmpty
            ? nothing : "\(table.html)\(Pager(DisplayText.count(rows.count, "organisation"), nextPath: nextPath).html)"
        return .flush("All organisations", body: "\(filter.html(state))\(list)")
    }

    private var nothing: HTML {
        search.isEmpty
            ? .empty("No organisations yet", "A partner is the first step: contracts and tenants belong to one.")
            : .empty("Nothing found", "No organisation has “\(search)” in its name.", icon: .search)
    }

    private var table: Table {
        Table(
            "Organisations",
            [
                .init("Organisation"), .init("Kind"), .init("Programs"), .init("Country", isOptional: true),
                .init("VAT ID", isOptional: true), .number("Tenants"),
            ],
            rows: rows.map { row in
                let vat: HTML =
                    row.vatID.map { "\($0) \(row.isVATIDValid ? "" : HTML.pill("Not valid", .warn))" } ?? "–"
                return Table.Row([
                    "\(HTML.link(row.name, "/organisations/\(row.id)"))\(HTML.sub(row.legalName))",
                    "\(row.kind)", programs(row), "\(row.country)", vat, "\(DisplayText.count(row.tenants))",
                ])
            })
    }

    private func programs(_ row: Row) -> HTML {
        row.programs.isEmpty ? "–" : row.programs.map { HTML.tag($0) }.joined(separator: " ")
    }
}

/// One organisation with everything that hangs on it.
struct OrganisationPage: Sendable {
    /// A contract or another object, with its state in words.
    struct Related: Sendable {
        let name: String
        let detail: String
        let path: String
        let state: String
        let tone: Tone
    }

    let id: String
    let name: String
    let kind: String
    let facts: [Fact]
    let contracts: [Related]
    let tenants: [Related]
    let customers: [Related]
    let history: [TimelineEntry]
    let mayEdit: Bool
    let mayContract: Bool
    var mayReadVoice = false

    var page: ConsolePage {
        let left = [list("Contracts", contracts, noContract), list("Tenants", tenants, noTenant)]
        let more = customers.isEmpty ? [] : [list("End-customers", customers, "")]
        let right = [Card("Details", body: .facts(facts)).html, Card("History", body: .timeline(history)).html]
        var page = ConsolePage(
            name, section: "/organisations",
            body: .grid([.stack(left + more, span: 8), .stack(right, span: 4)]))
        page.lede = "\(kind) · \(id)"
        page.crumbs = [.init("Organisations", "/organisations"), .init(name)]
        let edit: HTML = mayEdit ? .button("Edit", to: "/organisations/\(id)/edit") : ""
        let contract: HTML =
            mayContract
            ? .button("New contract", to: "/contracts/new?organisation_id=\(id)", .primary, icon: .plus) : ""
        let pool: HTML =
            mayReadVoice ? .button("Minute pool", to: "/organisations/\(id)/minute_pool", icon: .phone) : ""
        page.actions = pool + edit + contract
        return page
    }

    private var noContract: HTML {
        .empty("No contract", "Without a contract nothing is billed and no tenant can be provisioned.", icon: .contract)
    }

    private var noTenant: HTML {
        .empty("No tenants", "A tenant is an isolated workspace on an instance.", icon: .grid)
    }

    private func list(_ title: String, _ items: [Related], _ nothing: HTML) -> HTML {
        guard !items.isEmpty else { return Card.flush(title, body: nothing).html }
        let table = Table(
            title, [.init("Name"), .init("Detail", isOptional: true), .init("State")],
            rows: items.map { item in
                Table.Row([.link(item.name, item.path), "\(item.detail)", .pill(item.state, item.tone)])
            })
        return Card.flush(title, body: table.html).html
    }
}

/// The form for a new or an existing organisation; the fields carry the names of the API.
struct OrganisationFormPage: Sendable {
    /// `nil` for a new one.
    let id: String?
    let name: String
    let state: FormState
    /// Partners that can manage an end-customer: id and name.
    let partners: [Field.Choice]
    /// Countries by ISO code.
    let countries: [Field.Choice]
    /// The vendor creates partners and end-customers, a partner only end-customers.
    let kinds: [Field.Choice]

    var page: ConsolePage {
        let title = id == nil ? "New organisation" : "Edit \(name)"
        var page = ConsolePage(title, section: "/organisations", body: form.html(state))
        page.frame = .narrow
        page.crumbs = [.init("Organisations", "/organisations"), .init(title)]
        return page
    }

    private var form: Form {
        let path = id.map { "/organisations/\($0)" } ?? "/organisations"
        return Form(
            action: id == nil ? path : "\(path)/edit", submit: id == nil ? "Create organisation" : "Save changes",
            cancel: path, note: "Invoices that are final keep the old address.", sections: sections)
    }

    private var sections: [Form.Section] {
        (id == nil ? [role] : []) + [
            Form.Section(
                "Company", "As it stands in the register; it is printed on invoices.",
                [
                    Field("display_name", "Name", hint: "How lists and menus call it."),
                    Field("legal_name", "Legal name"),
                    Field("address", "Address", .area(rows: 3), hint: "Street, postal code and town, one per line."),
                    Field("country", "Country", .select(countries)),
                    Field("billing_email", "E-mail for invoices", .input(type: "email"), isRequired: false),
                ]),
            Form.Section(
                "Tax", "Decides between 20 % VAT, reverse charge and no VAT.",
                [
                    Field(
                        "vat_id", "VAT ID",
                        hint: "With the country prefix, for example ATU12345675. Format and check digit are tested.",
                        isRequired: false)
                ]),
            Form.Section(
                "Sector", "These customers need the Premium SLA with an Enterprise licence.",
                [
                    Field("public_sector", "Public sector", .check),
                    Field("critical_infrastructure", "Critical infrastructure", .check),
                ], note: id == nil ? "" : .hiddenField("revision", state.value("revision"))),
        ]
    }

    private var role: Form.Section {
        let manager =
            partners.isEmpty
            ? []
            : [
                Field(
                    "managed_by", "Managed by", .select([.init("", "–")] + partners),
                    hint: "The partner of an end-customer.", isRequired: false)
            ]
        return Form.Section(
            "Role", "What it is to the vendor; it stays so.", [Field("kind", "Kind", .radios(kinds))] + manager)
    }
}
