import Web

/// The form that records what was signed beside the master agreement.
struct DocumentFormPage: Sendable {
    let contractID: String
    let contract: String
    let organisation: String
    /// What the program requires, in words.
    let kind: String
    /// Whom a back-to-back agreement can be with; `nil` when the document is the partner's own.
    let endCustomers: [Field.Choice]?
    let state: FormState

    var page: ConsolePage {
        let parties = endCustomers.map { [Field("end_customer_id", "End-customer", .select($0))] } ?? []
        let form = Form(
            action: "/contracts/\(contractID)/documents", submit: "Record document",
            cancel: "/contracts/\(contractID)",
            note: "A record is never changed; a later document is recorded beside it.",
            sections: [
                Form.Section(
                    kind, "Signed before the first production tenant goes live.",
                    parties + [
                        Field("reference", "Reference", hint: "Where the signed document is found."),
                        Field("signed_on", "Signed on", .input(type: "date")),
                    ])
            ])
        var page = ConsolePage("Record document", section: "/contracts", body: form.html(state))
        page.frame = .narrow
        page.lede = "\(organisation) · \(contract)"
        page.crumbs = [
            .init("Contracts", "/contracts"), .init(contract, "/contracts/\(contractID)"), .init("Record document"),
        ]
        return page
    }
}
