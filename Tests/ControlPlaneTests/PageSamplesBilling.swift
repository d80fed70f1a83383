import Kernel
import Rating
import Web

@testable import ControlPlane

/// Contracts, usage, invoices; explanations are the real ones of the price book.
extension PageSamples {
    static func solutionMonth(contractMonth: Int64 = 5) throws -> (line: RatedLine, explanation: Explanation) {
        let book = PriceBook.v2_1.solution
        let usage = SolutionUsage(
            contractMonth: contractMonth, arr: try Money("172800.00"), activeTenants: 12, turns: 100_000)
        let line = try SolutionMonth(usage, book: book).line(book)
        return (line, line.explanation)
    }

    static var contracts: [(name: String, page: ConsolePage)] {
        get throws {
            let list = ContractListPage(
                rows: [
                    .init(
                        id: contractID, number: "SP-2026-011", organisation: "Nordlicht Agentur",
                        program: "Solution Partner", terms: "first year, onboarding", starts: "1 Jun 2026",
                        age: "month 6", noticeUntil: "28 Feb 2027", state: "Active", tone: .ok),
                    .init(
                        id: "c2", number: "DP-2026-002", organisation: "Kontor Integration",
                        program: "Deployment Partner", terms: "Certified, 25 Standard, 2 years, prepaid",
                        starts: "1 Oct 2026", age: "year 1", noticeUntil: "30 Jun 2028", state: "Active", tone: .ok),
                    .init(
                        id: "c3", number: "EL-2025-001", organisation: "Stadtwerke Demo",
                        program: "Enterprise Platform License", terms: "Premium SLA, voice", starts: "1 May 2026",
                        age: "month 7", noticeUntil: "31 Jan 2027", state: "Notice given", tone: .warn),
                ], nextPath: nil, mayCreate: true)
            let (line, explanation) = try solutionMonth(contractMonth: 6)
            let page = ContractPage(
                id: contractID, number: "SP-2026-011", organisation: "Nordlicht Agentur", program: "Solution Partner",
                running: .init(
                    month: "November 2026", net: line.net,
                    lines: [.init(description: "Solution Partner charge", net: line.net, explanation: explanation)]),
                termFacts: [
                    Fact("Start", text: "1 Jun 2026"), Fact("Now", text: "contract month 6"),
                    Fact("Term ends", text: "31 May 2027"), Fact("Notice until", text: "28 Feb 2027"),
                    Fact("Price book", text: "2.1"), Fact("Master agreement", text: "MA-2026-011"),
                ],
                terms: [
                    Fact("Onboarding", text: "12,000.00 once"), Fact("Minimum", text: "3,500.00 until 31 May 2027"),
                    Fact("Wholesale", text: nil),
                ],
                documents: [
                    .init(kind: "Data processing agreement", party: "", reference: "DPA-11", signed: "1 Jun 2026")
                ],
                orderForms: [
                    .init(
                        reference: "OF-2026-003", description: "Telephony for Hotel Beispiel",
                        amount: try Money("250.00"), rhythm: "monthly", from: "Jul 2026", until: nil)
                ],
                invoices: [.init(id: invoiceID, number: "CF-2026-000214", month: "October 2026", net: line.net)],
                history: history,
                state: ("Active", .ok),
                rights: .init(mayDisclose: true, mayChange: true, mayGiveNotice: true, mayOrder: false, revision: 4))
            let licence = try EnterpriseMonth.annualLicence(PriceBook.v2_1.enterprise)
            let implementation = try EnterpriseMonth.implementation(PriceBook.v2_1.enterprise)
            let lines = [("Annual licence", licence), ("Implementation", implementation)].map {
                ContractPage.Running.Line(description: $0.0, net: $0.1.net, explanation: $0.1.explanation)
            }
            let enterprise = ContractPage(
                id: "c3", number: "EL-2025-001", organisation: "Stadtwerke Demo",
                program: "Enterprise Platform License",
                running: .init(
                    month: "May 2026", net: licence.net + implementation.net, lines: lines,
                    notices: ["Three months <in a row>."]),
                termFacts: [Fact("Start", text: "1 May 2026")], terms: [Fact("SLA", text: "Premium")],
                documents: [
                    .init(kind: "Back-to-back agreement", party: "Gemeinde <Muster>", reference: nil, signed: "")
                ],
                orderForms: [],
                invoices: [], history: [],
                state: ("Notice given", .warn),
                rights: .init(mayDisclose: false, mayChange: false, mayGiveNotice: false, mayOrder: false, revision: 5))
            let books: [Field.Choice] = [.init("2.1", "2.1, valid from 6 May 2026")]
            let forms = ContractFormPage.Program.allCases.map { program in
                (
                    name: "contract-new-\(program.rawValue)",
                    page: ContractFormPage(
                        program: program, organisations: parties, priceBooks: books,
                        state: FormState(values: ["service_level": "", "tier": "certified", "payment": "prepaid"])
                    ).page
                )
            }
            let wrong = FormState(
                values: ["compact": "12", "tier": "authorized", "payment": "prepaid"],
                problem: .refused(
                    "BUNDLE_NEEDS_CERTIFIED", "A bundle needs tier Certified. Choose it, or order at list price.",
                    field: "tier"))
            return [("contracts", list.page), ("contract", page.page), ("contract-enterprise", enterprise.page)] + forms
                + [
                    (
                        "contract-refused",
                        ContractFormPage(program: .deployment, organisations: parties, priceBooks: books, state: wrong)
                            .page
                    ),
                    (
                        "order-form",
                        OrderFormPage(
                            contractID: contractID, contract: "SP-2026-011", organisation: "Nordlicht Agentur",
                            state: FormState(values: ["rhythm": "monthly"])
                        ).page
                    ),
                    (
                        "document-new",
                        DocumentFormPage(
                            contractID: contractID, contract: "DP-2026-003", organisation: "Muster Systeme",
                            kind: "Back-to-back agreement", endCustomers: [.init("org_1", "Gemeinde <Muster>")],
                            state: FormState(values: ["signed_on": "2026-11-21"])
                        ).page
                    ),
                    (
                        "disclosure",
                        DisclosureFormPage(
                            contractID: contractID, contract: "SP-2026-011", organisation: "Nordlicht Agentur",
                            measure: .arr, state: .blank,
                            months: [.init("2026-10", "October 2026")],
                            rows: [
                                .init(
                                    month: "October 2026", amount: try Money("172800.00"), disclosedBy: "Alex Muster",
                                    disclosedAt: "2 Nov 2026", isInForce: true),
                                .init(
                                    month: "October 2026", amount: try Money("165600.00"), disclosedBy: "Alex Muster",
                                    disclosedAt: "1 Nov 2026", isInForce: false),
                            ]
                        ).page
                    ),
                ]
        }
    }

    static var document: InvoiceDocument {
        get throws {
            let (line, explanation) = try solutionMonth()
            let trueUp = try JSONExplanation.trueUp
            return InvoiceDocument(
                product: "ChatFlow", number: "CF-2026-000214",
                seller: .init(
                    name: "ChatFlow GmbH", addressLines: ["Musterstraße 1", "1010 Wien, Austria"], vatID: "ATU12345675"),
                buyer: .init(
                    name: "Nordlicht Agentur GmbH", addressLines: ["Beispielweg 7", "20095 Hamburg, Germany"],
                    vatID: "DE123456788"),
                particulars: [
                    "Issued 3 Nov 2026", "Due 3 Dec 2026", "Service period October 2026",
                    "Contract SP-2026-011, month 5",
                ],
                lines: [
                    .init(
                        description: "Solution Partner charge, October 2026",
                        remark: "Highest of four candidates: revenue share", quantity: "1", unitPrice: "5,475.00",
                        vat: "0 % AE", net: line.net, explanation: explanation),
                    .init(
                        description: "True-up, September 2026", remark: "ARR disclosed after the estimate",
                        quantity: "1", unitPrice: "150.00", vat: "0 % AE", net: try Money("150.00"), explanation: trueUp
                    ),
                ],
                totals: .init(
                    net: try Money("5625.00"), vatLabel: "VAT, reverse charge (AE), 0 %", vat: .zero,
                    gross: try Money("5625.00")),
                vatNote: "Reverse charge: the recipient owes the VAT (Art. 196 of Directive 2006/112/EC).",
                finalisedAt: "3 Nov 2026, 06:00",
                isEstimated: false, paymentText: "Please transfer within 30 days, reference CF-2026-000214.",
                notices: ["Please check whether <withholding tax> is due."])
        }
    }

    static var money: [(name: String, page: ConsolePage)] {
        get throws {
            let document = try document
            let invoice = InvoicePage(
                id: invoiceID, document: document, organisation: "Nordlicht Agentur", month: "October 2026",
                state: "Final", tone: .ok, waitsFor: "",
                statusFacts: [
                    Fact("Due", text: "3 Dec 2026"), Fact("Series", text: "CF 2026, number 214, no gaps"),
                    Fact("Corrections", text: "only by an adjustment or a credit note"),
                    Fact("Contract", .link("SP-2026-011", "/contracts/\(contractID)")),
                ],
                vatFacts: [
                    Fact("Buyer", text: "EU business, Germany"),
                    Fact("VAT ID", "DE123456788 \(HTML.pill("Valid", .ok))"),
                    Fact("Checked", text: "3 Nov 2026, 05:58, by format and check digit"),
                    Fact("Result", text: "0 %, reverse charge"),
                ],
                inputs: .init(
                    contract: "3e9a0c55aa7171d43e9a0c55aa7171d43e9a0c55aa7171d43e9a0c55aa7171d4",
                    usage: "8b1f0c55aa71c02e8b1f0c55aa71c02e8b1f0c55aa71c02e8b1f0c55aa71c02e",
                    priceBook: "77aa0c55aa71ffee77aa0c55aa71ffee77aa0c55aa71ffee77aa0c55aa71ffee"),
                history: history)
            let rows: [InvoiceListPage.Row] = [
                .init(
                    id: invoiceID, number: "CF-2026-000214", organisation: "Nordlicht Agentur",
                    program: "Solution Partner", month: "October 2026", issued: "3 Nov 2026", due: "3 Dec 2026",
                    net: try Money("5625.00"), gross: try Money("5625.00"), state: "Final", tone: .ok,
                    isEstimated: false),
                .init(
                    id: "i2", number: "CF-2026-000215", organisation: "Rheinblick Media", program: "Solution Partner",
                    month: "October 2026", issued: "11 Nov 2026", due: "11 Dec 2026", net: try Money("3500.00"),
                    gross: try Money("4200.00"), state: "Final", tone: .ok, isEstimated: true),
                .init(
                    id: "i3", number: nil, organisation: "Kontor Integration", program: "Deployment Partner",
                    month: "October 2026", issued: nil, due: nil, net: try Money("-98.00"), gross: try Money("-98.00"),
                    state: "Draft", tone: .neutral, isEstimated: false),
            ]
            return try [
                (
                    "invoices",
                    InvoiceListPage(
                        rows: rows, filter: FormState(values: ["month": "2026-10"]), organisations: parties,
                        nextPath: nil, mayClose: true
                    ).page
                ),
                (
                    "invoices-empty",
                    InvoiceListPage(rows: [], filter: .blank, organisations: [], nextPath: nil, mayClose: false).page
                ),
                ("invoice", invoice.page),
                ("invoice-print", InvoiceSheetPage(document: document, backPath: "/invoices/\(invoiceID)").page),
            ] + close + usage
        }
    }

    static var close: [(name: String, page: ConsolePage)] {
        get throws {
            let rows: [MonthClosePage.Row] = [
                .init(
                    contractID: contractID, contract: "SP-2026-011", organisation: "Nordlicht Agentur",
                    program: "Solution Partner", reason: "Revenue share", net: try Money("5475.00"), lines: 1,
                    status: .ready),
                .init(
                    contractID: "c4", contract: "SP-2026-012", organisation: "Rheinblick Media",
                    program: "Solution Partner", reason: "First-year minimum", net: try Money("3500.00"), lines: 1,
                    status: .waiting("No ARR disclosed for October; estimated from 11 Nov 2026, 06:00.")),
                .init(
                    contractID: "c2", contract: "DP-2026-002", organisation: "Kontor Integration",
                    program: "Deployment Partner", reason: "Annual licences, bundle of 25", net: try Money("310500.00"),
                    lines: 3, status: .ready),
                .init(
                    contractID: "c3", contract: "EL-2025-001", organisation: "Stadtwerke Demo",
                    program: "Enterprise Platform License", reason: "5 tenants beyond 25, voice",
                    net: try Money("10750.00"), lines: 3, status: .finalised(number: "CF-2026-000201", id: "i1")),
                .init(
                    contractID: "c5", contract: "DP-2026-003", organisation: "Muster Systeme",
                    program: "Deployment Partner", reason: "–", net: .zero, lines: 0, status: .nothing),
                .init(
                    contractID: "c6", contract: "SP-2026-013", organisation: "Talblick <Vertrieb>",
                    program: "Solution Partner", reason: "–", net: .zero, lines: 0,
                    status: .problem("The price book 2.2 of this contract is not published.")),
            ]
            let months: [Field.Choice] = [
                .init("2026-11", "November 2026"), .init("2026-10", "October 2026"), .init("2026-09", "September 2026"),
            ]
            func page(
                _ refusal: String?, _ rows: [MonthClosePage.Row], mayClose: Bool, isEarly: Bool = false
            ) -> ConsolePage {
                MonthClosePage(
                    month: "2026-10", monthName: "October 2026", months: months, rows: rows,
                    finalisesAt: "3 Nov 2026, 06:00", isEarly: isEarly, refusal: refusal, mayClose: mayClose
                ).page
            }
            return [
                ("close", page(nil, rows, mayClose: true)),
                ("close-early", page(nil, rows, mayClose: true, isEarly: true)),
                ("close-refused", page("The month still runs.", rows, mayClose: true)),
                ("close-empty", page(nil, [], mayClose: false)),
            ]
        }
    }

    static var usage: [(name: String, page: ConsolePage)] {
        let days = (1...18).map { BarChart.Category($0 == 1 || $0 % 5 == 0 ? "\($0)" : "", name: "\($0) Nov 2026") }
        func series(_ name: String, _ factor: Int64) -> ChartSeries {
            ChartSeries(name, (1...18).map { ($0 % 7 < 2 ? 300 : 900) * factor + Int64($0) * 11 })
        }
        let chart = BarChart(
            "Turns per day", axis: "Day", unit: .count, categories: days,
            series: [series("Partner key", 3), series("End-customer key", 2), series("Self-hosted", 1)])
        let rows: [UsagePage.Row] = [
            .init(
                period: "18 Nov 2026", tenant: "Hotel Beispiel", organisation: "Nordlicht Agentur", meter: "Turns",
                keySource: "Partner key", quantity: "824", events: 824, isLate: false),
            .init(
                period: "18 Nov 2026", tenant: "Klinik Demo", organisation: "Stadtwerke Demo", meter: "Voice",
                keySource: "–", quantity: "2,041.5 min", events: 812, isLate: false),
            .init(
                period: "30 Sep 2026", tenant: "Versand Muster", organisation: "Nordlicht Agentur", meter: "Turns",
                keySource: "End-customer key", quantity: "12", events: 12, isLate: true),
        ]
        let failures: [UsageImportResultPage.Failure] = [
            .init(
                line: 17, eventID: "evt-17", status: "rejected", reason: "UNKNOWN_TENANT",
                detail: "There is no tenant “tenant_xyz”, or you may not see it."),
            .init(
                line: 44, eventID: "evt-9", status: "conflict", reason: "PAYLOAD_DIFFERS",
                detail: "The id is known with another content."),
        ]
        func result(_ failures: [UsageImportResultPage.Failure], count: Int) -> ConsolePage {
            UsageImportResultPage(
                fileName: "october.ndjson", accepted: 99_960, duplicate: 12, conflict: failures.isEmpty ? 0 : 1,
                rejected: failures.isEmpty ? 0 : 27, failures: failures, failureCount: count
            ).page
        }
        let choices = UsagePage.Choices(organisations: parties, tenants: [.init(tenantID, "Hotel Beispiel")])
        return [
            (
                "usage",
                UsagePage(
                    stats: [
                        Stat("Turns", "61,840"), Stat("Voice", "2,041.5 min"), Stat("Events", "62,652"),
                        Stat("Late", "12", note: "become an adjustment"),
                    ], chart: chart, rows: rows, filter: FormState(values: ["by": "day", "from": "2026-11-01"]),
                    choices: choices, nextPath: nil, mayImport: true
                ).page
            ),
            (
                "usage-empty",
                UsagePage(
                    stats: [Stat("Turns", "0")], chart: nil, rows: [], filter: .blank, choices: choices, nextPath: nil,
                    mayImport: false
                ).page
            ),
            ("usage-import", UsageImportPage(state: .blank, organisations: parties).page),
            ("usage-import-done", result([], count: 0)),
            ("usage-import-problems", result(failures, count: 28)),
        ]
    }
}
