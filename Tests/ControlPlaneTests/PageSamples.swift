import Kernel
import Rating
import Web

@testable import ControlPlane

/// Pages over invented figures: what the golden files are made from, and what people look at.
enum PageSamples {
    static let organisationID = "org_01k2hb7q0000000000000001"
    static let tenantID = "tenant_01k2hb7q0000000000000002"
    static let contractID = "ctr_01k2hb7q0000000000000003"
    static let invoiceID = "inv_01k2hb7q0000000000000004"
    static let keyID = "key_01k2hb7q0000000000000005"
    static let instanceID = "inst_01k2hb7q0000000000000006"

    static let parties: [Field.Choice] = [
        .init("org_1", "Nordlicht Agentur"), .init("org_2", "Kontor Integration"), .init("org_3", "Stadtwerke Demo"),
    ]

    static let refused = FormState(
        values: [
            "kind": "partner", "display_name": "Seeufer & Söhne", "legal_name": "", "vat_id": "DE123456789",
            "country": "DE", "public_sector": "true",
        ],
        errors: [
            .init(field: "/legal_name", message: "Enter the name as it stands in the register."),
            .init(
                field: "/vat_id", message: "The check digit does not match. Compare it with your tax office’s letter."),
        ])

    static let history: [TimelineEntry] = [
        TimelineEntry("Finalised, number assigned", time: "3 Nov 2026, 06:00", tone: .ok),
        TimelineEntry("ARR disclosed: 172,800.00", time: "2 Nov 2026, 15:22 · Alex Muster"),
        TimelineEntry("Draft opened", time: "1 Nov 2026, 00:00"),
    ]

    static var all: [(name: String, page: ConsolePage)] {
        get throws {
            try [
                ("sign-in", SignInPage(product: "ChatFlow", next: "/", refusal: nil).page),
                (
                    "sign-in-refused",
                    SignInPage(
                        product: "ChatFlow", next: "/invoices", refusal: "This one-time password was used already."
                    ).page
                ),
                ("overview", overview.page), ("overview-empty", emptyOverview.page),
            ] + organisations + platform + editing + keys + contracts + money + voice + calls + nodes + problems
        }
    }

    static var problems: [(name: String, page: ConsolePage)] {
        [
            ("problem", ProblemPage(problem: .notFound("tenant"), requestID: "req_7f3a", isSignedIn: true).page),
            ("problem-visitor", ProblemPage(problem: .unauthenticated, requestID: "req_7f3b", isSignedIn: false).page),
        ]
    }
}

/// Overview.
extension PageSamples {
    private static let monthNames = ["May", "Jun", "Jul", "Aug", "Sep", "Oct"]

    static var overview: OverviewPage {
        let months = monthNames.map { BarChart.Category($0, name: "\($0) 2026") }
        let revenue = BarChart(
            "Revenue by program", axis: "Month", unit: .cents, categories: months,
            series: [
                ChartSeries("Enterprise", [12_000_000, 700_000, 700_000, 875_000, 875_000, 1_050_000]),
                ChartSeries("Solution", [350_000, 350_000, 547_500, 897_500, 1_104_700, 2_147_200]),
                ChartSeries("Deployment", [0, 0, 1_800_000, 5_400_000, 0, 29_250_000]),
            ])
        let turns: [Int64] = [
            39_283, 82_048, 87_072, 83_723, 80_374, 85_397, 37_742, 40_053, 83_723, 80_374, 85_397, 82_048, 87_072,
            38_506,
            36_971, 85_397, 82_048, 87_072,
        ]
        let days = turns.indices.map {
            BarChart.Category([0, 5, 11, 17].contains($0) ? "\($0 + 1)" : "", name: "\($0 + 1) Nov")
        }
        return OverviewPage(
            today: "Wednesday, 18 November 2026",
            stats: [
                Stat("Invoiced, October", "€324,469.00", note: "31 final invoices", trend: [4, 9, 12, 16, 20, 31]),
                Stat(
                    "Active tenants", "217", note: #"<span class="delta" data-tone="ok">+9</span> since October"#,
                    trend: [3, 4, 6, 9, 12]),
                Stat("Turns, November", "1,284,310", note: "so far", trend: turns),
                Stat("Contracts", "9", note: "3 programs"),
            ],
            revenue: revenue,
            attention: [
                AttentionItem(
                    "ARR not disclosed", detail: "Rheinblick Media, October, 8 days late", path: "/contracts/x",
                    tone: .warn, icon: .percent),
                AttentionItem(
                    "Order form drafted", detail: "Stadtwerke Demo: turns above plan, third month",
                    path: "/contracts/y", tone: .info, icon: .trend),
            ],
            turns: AreaChart("Turns per day", axis: "Day", categories: days, series: ChartSeries("Turns", turns)),
            monthEnd: .init(
                month: "2026-10", name: "October 2026",
                steps: [
                    TimelineEntry(
                        "September finalised", time: "3 Oct 2026, 06:00", text: "30 invoices, 118,304.16 net", tone: .ok
                    ),
                    TimelineEntry(
                        "October can be closed", time: "since 1 Nov 2026", text: "8 of 9 contracts are ready",
                        tone: .brand),
                    TimelineEntry(
                        "October disclosures close", time: "10 Nov 2026", text: "1 partner has not disclosed ARR"),
                ], isOpen: true),
            programs: [
                .init(
                    name: "Enterprise Platform License", contracts: 1, size: "30 tenants", turns: 412_000,
                    invoiced: Money(cents: 275_000), running: Money(cents: 275_000)),
                .init(
                    name: "Solution Partner", contracts: 4, size: "34 tenants", turns: 872_310,
                    invoiced: Money(cents: 2_147_200), running: Money(cents: 2_147_200)),
                .init(
                    name: "Deployment Partner", contracts: 3, size: "40 instances", turns: nil,
                    invoiced: Money(cents: 29_250_000), running: .zero),
            ],
            invoicedMonth: "October 2026", mayClose: true, mayCreateOrganisation: true)
    }

    static var emptyOverview: OverviewPage {
        OverviewPage(
            today: "Wednesday, 18 November 2026", stats: [Stat("Active tenants", "0"), Stat("Turns, November", "0")],
            revenue: nil, attention: [], turns: nil,
            monthEnd: .init(month: "2026-10", name: "October 2026", steps: [], isOpen: false), programs: [],
            invoicedMonth: "October 2026", mayClose: false, mayCreateOrganisation: false)
    }
}

/// Organisations, instances, tenants.
extension PageSamples {
    static var organisations: [(name: String, page: ConsolePage)] {
        let rows: [OrganisationListPage.Row] = [
            .init(
                id: "org_1", name: "Nordlicht Agentur", legalName: "Nordlicht Agentur GmbH", kind: "Partner",
                country: "Germany", vatID: "DE123456788", isVATIDValid: true, programs: ["Solution"], tenants: 13),
            .init(
                id: "org_2", name: "Kontor Integration", legalName: "Kontor Integration KG", kind: "Partner",
                country: "Austria", vatID: "ATU12345675", isVATIDValid: true, programs: ["Deployment", "Solution"],
                tenants: 4),
            .init(
                id: "org_3", name: "Hotel <Beispiel>", legalName: "Hotel Beispiel & Co", kind: "End-customer",
                country: "Italy", vatID: "IT12345678901", isVATIDValid: false, programs: [], tenants: 1),
            .init(
                id: "org_4", name: "Gemeinde Muster", legalName: "Gemeinde Muster", kind: "End-customer",
                country: "Austria", vatID: nil, isVATIDValid: false, programs: [], tenants: 0),
        ]
        let detail = OrganisationPage(
            id: organisationID, name: "Nordlicht Agentur", kind: "Partner",
            facts: [
                Fact("Legal name", text: "Nordlicht Agentur GmbH"), Fact("Address", "Beispielweg 7<br>20095 Hamburg"),
                Fact("Country", text: "Germany"), Fact("VAT ID", "DE123456788 \(HTML.pill("Valid", .ok))"),
                Fact("Invoices to", text: "rechnung@nordlicht-agentur.example"), Fact("Sector", text: nil),
                Fact("Master agreement", text: "MA-2026-011, 1 Jun 2026"),
            ],
            contracts: [
                .init(
                    name: "SP-2026-011", detail: "Solution Partner", path: "/contracts/\(contractID)", state: "Active",
                    tone: .ok)
            ],
            tenants: [
                .init(
                    name: "Hotel Beispiel", detail: "Production · shared-eu-2", path: "/tenants/\(tenantID)",
                    state: "Active", tone: .ok),
                .init(
                    name: "Versand Muster", detail: "Production · shared-eu-2", path: "/tenants/t2", state: "Suspended",
                    tone: .warn),
            ],
            customers: [
                .init(
                    name: "Hotel Beispiel", detail: "Italy", path: "/organisations/org_3", state: "VAT ID not valid",
                    tone: .warn)
            ],
            history: history, mayEdit: true, mayContract: true)
        let countries: [Field.Choice] = [.init("AT", "Austria"), .init("DE", "Germany"), .init("IT", "Italy")]
        let kinds: [Field.Choice] = [
            .init("partner", "Partner", "licensee, agency, integrator"),
            .init("end_customer", "End-customer", "receives the service"),
        ]
        func form(_ id: String?, _ state: FormState) -> ConsolePage {
            OrganisationFormPage(
                id: id, name: "Nordlicht Agentur", state: state, partners: parties, countries: countries, kinds: kinds
            ).page
        }
        return [
            (
                "organisations",
                OrganisationListPage(rows: rows, search: "", nextPath: "/organisations?cursor=abc", mayCreate: true)
                    .page
            ),
            (
                "organisations-empty",
                OrganisationListPage(rows: [], search: "zzz", nextPath: nil, mayCreate: false).page
            ),
            ("organisation", detail.page),
            ("organisation-new", form(nil, FormState(values: ["kind": "partner", "country": "AT"]))),
            ("organisation-refused", form(nil, refused)),
            (
                "organisation-edit",
                form(organisationID, FormState(values: ["display_name": "Nordlicht Agentur", "country": "DE"]))
            ),
        ]
    }

    static let tenantRows: [TenantListPage.Row] = [
        .init(
            id: tenantID, name: "Hotel Beispiel", slug: "hotel-beispiel", organisation: "Nordlicht Agentur",
            instance: "shared-eu-2", kind: "Production", state: "Active", tone: .ok, turnsThisMonth: 12_480,
            hasVoice: false),
        .init(
            id: "t2", name: "Versand Muster", slug: "versand-muster", organisation: "Nordlicht Agentur",
            instance: "shared-eu-2", kind: "Production", state: "Suspended", tone: .warn, turnsThisMonth: 8_930,
            hasVoice: false),
        .init(
            id: "t3", name: "Klinik Demo", slug: "klinik", organisation: "Stadtwerke Demo", instance: "licensee-1",
            kind: "Production", state: "Active", tone: .ok, turnsThisMonth: 6_410, hasVoice: true),
        .init(
            id: "t4", name: "Probe", slug: "probe", organisation: "Nordlicht Agentur", instance: "shared-eu-2",
            kind: "Sandbox", state: "Provisioning", tone: .info, turnsThisMonth: 0, hasVoice: false),
    ]

    static var platform: [(name: String, page: ConsolePage)] {
        let instances = InstanceListPage(
            rows: [
                .init(
                    id: "inst_1", name: "shared-eu-2", host: "Vendor", owner: "ChatFlow", region: "eu-central",
                    version: "7.4.1", tenants: 34, isRetired: false),
                .init(
                    id: "inst_2", name: "licensee-1", host: "Licensee", owner: "Stadtwerke Demo", region: "",
                    version: "7.3.0", tenants: 30, isRetired: false),
                .init(
                    id: "inst_3", name: "gemeinde", host: "End-customer", owner: "Gemeinde Muster", region: "on-prem",
                    version: "", tenants: 1, isRetired: true),
            ], nextPath: nil, mayCreate: true)
        let instance = InstancePage(
            id: instanceID, name: "shared-eu-2", isRetired: false,
            facts: [
                Fact("Host", text: "Vendor"), Fact("Owner", text: "ChatFlow"), Fact("Region", text: "eu-central"),
                Fact("Version", text: "7.4.1"), Fact("Created", text: "4 Jun 2026"),
            ],
            capacity: nil, tenants: tenantRows, refusal: nil, mayProvision: true,
            editing: InstanceStateCard(id: instanceID, name: "shared-eu-2", isRetired: false, revision: 3))
        let deployment = InstancePage(
            id: "inst_01k2hb7q0000000000000007", name: "gemeinde", isRetired: false,
            facts: [Fact("Host", text: "End-customer"), Fact("Size", text: "Compact"), Fact("Order", text: "order-1")],
            capacity: .init(
                months: [("September 2026", 900), ("October 2026", 8_100), ("November 2026", 9_999)], turns: 10_000,
                notice: "9,999 of 10,000 turns are used: at least 80 %. Nothing is charged or blocked.", tone: .info),
            tenants: [], refusal: nil, mayProvision: false, editing: nil)
        let hosts: [Field.Choice] = [
            .init("vendor", "Vendor", "the shared platform: Solution"),
            .init("licensee", "Licensee", "one install: Enterprise"),
            .init("end_customer", "End-customer", "one install per customer: Deployment"),
        ]
        let days = (1...18).map { BarChart.Category($0 == 1 || $0 % 5 == 0 ? "\($0)" : "", name: "\($0) Nov") }
        let turns: [Int64] = [329, 859, 758, 834, 730, 807, 372, 328, 858, 752, 831, 910, 802, 371, 325, 854, 936, 824]
        func tenant(_ state: String, _ tone: Tone, _ reason: String, _ actions: [TenantPage.Action]) -> ConsolePage {
            TenantPage(
                id: tenantID, name: "Hotel Beispiel", slug: "hotel-beispiel", state: state, tone: tone,
                stateReason: reason,
                stats: [
                    Stat("Turns, November", "12,480", note: "20.2 % of all turns of Nordlicht Agentur"),
                    Stat("Active since", "1 Nov", note: "06:42; counts once for the tenant floor"),
                    Stat("Voice", "–", note: "not part of the contract"),
                ],
                turns: state == "Active"
                    ? BarChart(
                        "Turns per day in November", axis: "Day", unit: .count, categories: days,
                        series: [ChartSeries("Turns", turns)]) : nil,
                facts: [
                    Fact("Organisation", .link("Nordlicht Agentur", "/organisations/\(organisationID)")),
                    Fact("End-customer", text: "Hotel Beispiel GmbH"),
                    Fact("Instance", .link("shared-eu-2", "/instances/inst_1")), Fact("Kind", text: "Production"),
                    Fact("Voice", text: "off"),
                    Fact("Created", text: "4 Jun 2026"), Fact("Tenant id", code: tenantID),
                ],
                history: [
                    TimelineEntry("Activated", time: "4 Jun 2026, 14:21 · operator", tone: .ok),
                    TimelineEntry("Provisioning", time: "4 Jun 2026, 14:20 · operator"),
                ],
                actions: actions, mayEdit: state != "Archived", revision: 7,
                billingNote:
                    "The tenant already counts as active in November; a change does not alter this month’s charge.",
                mayReadVoice: true
            ).page
        }
        return [
            ("instances", instances.page), ("instance", instance.page), ("instance-deployment", deployment.page),
            (
                "instance-new",
                InstanceFormPage(
                    state: FormState(values: ["host": "vendor"]), organisations: parties, owners: parties, hosts: hosts
                ).page
            ),
            (
                "tenants",
                TenantListPage(
                    rows: tenantRows, filter: .blank, organisations: parties, nextPath: nil, mayProvision: true
                ).page
            ),
            (
                "tenants-empty",
                TenantListPage(
                    rows: [], filter: FormState(values: ["state": "purged"]), organisations: [], nextPath: nil,
                    mayProvision: false
                ).page
            ),
            ("tenant", tenant("Active", .ok, "", [.suspend, .archive])),
            ("tenant-archived", tenant("Archived", .neutral, "The customer left.", [.purge])),
            ("tenant-suspended", tenant("Suspended", .warn, "Invoice overdue since 1 Nov 2026.", [.resume, .archive])),
            (
                "tenant-new",
                TenantFormPage(
                    state: FormState(values: ["kind": "production"]), organisations: parties,
                    instances: [.init("inst_1", "shared-eu-2 · vendor")], customers: [.init("org_3", "Hotel Beispiel")]
                ).page
            ),
        ]
    }

    static var keys: [(name: String, page: ConsolePage)] {
        let rows: [APIKeyListPage.Row] = [
            .init(
                id: keyID, name: "usage export", keyID: "8Qm2", lastFour: "XnR9", role: "usage.reporter",
                scope: "Nordlicht Agentur", created: "4 Jun 2026", lastUsed: "18 Nov 2026, 13:55",
                expires: "4 Jun 2027", state: "Active", tone: .ok, mayChange: true, revision: 1),
            .init(
                id: "key_2", name: "old", keyID: "77aB", lastFour: "0000", role: "partner.viewer",
                scope: "Nordlicht Agentur", created: "1 Jan 2026", lastUsed: nil, expires: nil, state: "Revoked",
                tone: .bad, mayChange: false, revision: 2),
        ]
        let roles: [Field.Choice] = [
            .init("partner.admin", "Partner administrator", "everything of the organisation"),
            .init("usage.reporter", "Usage reporter", "sends usage, reads nothing"),
        ]
        return [
            ("api-keys", APIKeyListPage(rows: rows, nextPath: nil, mayCreate: true).page),
            (
                "api-key-new",
                APIKeyFormPage(
                    state: FormState(values: ["role": "usage.reporter"]), roles: roles, organisations: parties,
                    tenants: [.init(tenantID, "Hotel Beispiel")]
                ).page
            ),
            (
                "api-key-secret",
                APIKeySecretPage(
                    name: "usage export", keyID: "8Qm2", secret: "cfp_8Qm2_EXAMPLEEXAMPLEEXAMPLEEXAMPLE00_c7VtR1",
                    role: "usage.reporter", scope: "Nordlicht Agentur", expires: "4 Jun 2027",
                    baseURL: "http://127.0.0.1:8080"
                ).page
            ),
            (
                "audit-log",
                AuditLogPage(
                    rows: [
                        .init(
                            time: "18 Nov 2026, 13:55", actor: "operator", action: "tenant.suspend", target: tenantID,
                            targetPath: "/tenants/\(tenantID)", detail: "Invoice overdue", requestID: "req_7f3a"),
                        .init(
                            time: "18 Nov 2026, 13:50", actor: "usage <export>", action: "api_key.create",
                            target: keyID, targetPath: nil, detail: "", requestID: "req_7f39"),
                    ], filter: .blank, nextPath: "/audit-log?cursor=x"
                ).page
            ),
        ]
    }
}
