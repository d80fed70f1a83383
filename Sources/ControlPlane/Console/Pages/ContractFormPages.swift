import Rating
import Web

/// The form for a new contract: the program first, because every program has its own terms.
struct ContractFormPage: Sendable {
    enum Program: String, Sendable, CaseIterable {
        case enterprise, solution, deployment

        var label: String {
            switch self {
            case .enterprise: "Enterprise Platform License"
            case .solution: "Solution Partner"
            case .deployment: "Deployment Partner"
            }
        }
    }

    let program: Program
    let organisations: [Field.Choice]
    let priceBooks: [Field.Choice]
    let state: FormState

    var page: ConsolePage {
        let form = Form(
            action: "/contracts", submit: "Create contract", cancel: "/contracts",
            note: "One contract per organisation and program at a time.", sections: [parties] + terms + [orderForm])
        let body = form.html(state)
        var page = ConsolePage("New contract", section: "/contracts", body: body)
        page.frame = .narrow
        page.lede = "\(program.label)"
        page.crumbs = [.init("Contracts", "/contracts"), .init("New contract")]
        page.tabs = Program.allCases.map { other in
            let organisation = state.value("organisation_id")
            let suffix = organisation.isEmpty ? "" : "&organisation_id=\(organisation)"
            return .init(other.label, "/contracts/new?program=\(other.rawValue)\(suffix)", isCurrent: other == program)
        }
        return page
    }

    private var parties: Form.Section {
        Form.Section(
            "Contract", "Under the organisation's one master agreement; renews every year.",
            [
                Field("organisation_id", "Organisation", .select(organisations)),
                Field("starts_on", "Starts on", .input(type: "date"), hint: "Contract months count from here."),
                Field("price_book_version", "Price book", .select(priceBooks)),
                Field(
                    "master_agreement", "Master agreement",
                    hint: "Its reference, for example MA-2026-011. Empty when it is recorded already.",
                    isRequired: false),
            ], note: .hiddenField("program", program.rawValue))
    }

    private var terms: [Form.Section] {
        switch program {
        case .enterprise: enterprise
        case .solution: solution
        case .deployment: deployment
        }
    }

    private var enterprise: [Form.Section] {
        [
            Form.Section(
                "Service level", "Public sector and critical infrastructure need Premium.",
                [
                    Field(
                        "service_level", "SLA",
                        .radios([
                            .init("", "None", "2nd-level support only"),
                            .init("business", "Business", "4,000.00 a month, 99.5 %"),
                            .init("premium", "Premium", "8,000.00 a month, 99.9 %, on-call"),
                        ]))
                ]),
            Form.Section(
                "Extras", "Voice is billed for tenants with voice at any time in the month.",
                [
                    Field(
                        "call_increment", "Voice, billed per call",
                        .select([
                            .init("", "By the millisecond"), .init("1/1", "1/1"), .init("6/6", "6/6"),
                            .init("60/60", "60/60"),
                        ]), hint: "Only when the contract agrees on increments.", isRequired: false)
                ]),
            Form.Section(
                "Revenue-share alternative",
                "Only for a licensee that resells: a share of end-customer MRR, with the annual licence as the guarantee.",
                [
                    Field("resells", "The licensee resells to end-customers", .check),
                    Field(
                        "revenue_share_percent", "Share", .number(unit: "%"),
                        hint: "15 to 20. Empty: the price per tenant.", isRequired: false),
                ]),
        ]
    }

    private var solution: [Form.Section] {
        [
            Form.Section(
                "Wholesale",
                "Only as an individual volume agreement; without one 0.035 per turn applies at any volume.",
                [
                    Field(
                        "wholesale_committed_turns", "Committed turns", .number(unit: "a month"),
                        hint: "At least 500,000.", isRequired: false),
                    Field(
                        "wholesale_turn_price", "Price per turn", .amount, hint: "At least 0.025.", isRequired: false),
                    Field(
                        "wholesale_conditions",
                        "Commitment, operations and model access are the partner's or the end-customer's", .check),
                ])
        ]
    }

    private var deployment: [Form.Section] {
        [
            Form.Section(
                "Tier", "Bundles and white label need Certified.",
                [
                    Field(
                        "tier", "Tier",
                        .radios([
                            .init("authorized", "Authorized", "3,000.00 once; list price, “Powered by” is mandatory"),
                            .init("certified", "Certified", "12,000.00 once and 6,000.00 a year; bundles, white label"),
                        ]))
                ]),
            Form.Section(
                "Order",
                "The largest bundle reached discounts every instance: 15 % from 5, 25 % from 10, 35 % from 25.",
                ContractOrderPage.fields),
        ]
    }

    private var orderForm: Form.Section {
        Form.Section(
            "Order-form line", "Something with a price of its own. More can be added later.",
            [
                Field("order_form_reference", "Order form", hint: "For example OF-2026-003.", isRequired: false),
                Field("order_form_description", "Description", isRequired: false),
                Field("order_form_amount", "Amount", .amount, isRequired: false),
                Field("order_form_rhythm", "Billed", .select(OrderFormPage.rhythms), isRequired: false),
            ])
    }
}

/// The form that adds an order form to a contract: a new version of its terms.
struct OrderFormPage: Sendable {
    let contractID: String
    let contract: String
    let organisation: String
    let state: FormState

    static let rhythms: [Field.Choice] = [
        .init("once", "Once"), .init("monthly", "Monthly"), .init("yearly", "Yearly"),
    ]

    var page: ConsolePage {
        let form = Form(
            action: "/contracts/\(contractID)/order-forms", submit: "Add order form",
            cancel: "/contracts/\(contractID)",
            note: "Final invoices stay as they are.",
            sections: [
                Form.Section(
                    "Order form", "A tenant rollout, more capacity, governance or SLA agreed one by one.",
                    [
                        Field("reference", "Reference", hint: "For example OF-2026-003."),
                        Field("description", "Description", hint: "As it stands on the invoice."),
                        Field("amount", "Amount", .amount), Field("rhythm", "Billed", .select(Self.rhythms)),
                        Field("from", "From month", .input(type: "month")),
                        Field("until", "Until month", .input(type: "month"), isRequired: false),
                    ], note: .hiddenField("revision", state.value("revision")))
            ])
        var page = ConsolePage("Add order form", section: "/contracts", body: form.html(state))
        page.frame = .narrow
        page.lede = "\(organisation) · \(contract)"
        page.crumbs = [
            .init("Contracts", "/contracts"), .init(contract, "/contracts/\(contractID)"), .init("Order form"),
        ]
        return page
    }
}
