import Rating
import Web

/// The form that adds an order of instances to a deployment contract: a new version of its terms.
struct ContractOrderPage: Sendable {
    let contractID: String
    let contract: String
    let organisation: String
    let state: FormState

    /// What every order says, the contract's first one too.
    static let fields: [Field] = [
        Field("compact", "Compact", .number(unit: "6,000.00 / year"), isRequired: false),
        Field("standard", "Standard", .number(unit: "18,000.00 / year"), isRequired: false),
        Field("premium", "Premium", .number(unit: "36,000.00 / year"), isRequired: false),
        Field(
            "term_years", "Term", .select([.init("1", "1 year"), .init("2", "2 years")]),
            hint: "25 instances need 2 years."),
        Field(
            "payment", "Payment",
            .radios([
                .init("prepaid", "Prepaid", "a year in advance; bundles"),
                .init("quarterly", "Quarterly", "a quarter each; bundles"),
                .init("annual_invoice", "Annual invoice", "list price"),
            ])),
    ]

    var page: ConsolePage {
        let form = Form(
            action: "/contracts/\(contractID)/orders", submit: "Order instances", cancel: "/contracts/\(contractID)",
            note: "Final invoices stay as they are.",
            sections: [
                Form.Section(
                    "Order", "An order has its own bundle, term and payment; earlier orders keep theirs.",
                    [
                        Field("reference", "Reference", hint: "Unique in the contract, for example 2."),
                        Field("starts_on", "Starts on", .input(type: "date"), hint: "Its years count from here."),
                    ], note: .hiddenField("revision", state.value("revision"))),
                Form.Section(
                    "Instances",
                    "The largest bundle reached discounts every instance: 15 % from 5, 25 % from 10, 35 % from 25.",
                    Self.fields),
            ])
        var page = ConsolePage("Order instances", section: "/contracts", body: form.html(state))
        page.frame = .narrow
        page.lede = "\(organisation) · \(contract)"
        page.crumbs = [
            .init("Contracts", "/contracts"), .init(contract, "/contracts/\(contractID)"), .init("Order instances"),
        ]
        return page
    }
}
