import Rating
import Web

/// The form in which a partner says what its customers pay: ARR for the Solution share, MRR for the Enterprise
/// alternative.
struct DisclosureFormPage: Sendable {
    /// What was disclosed before, newest first.
    struct Row: Sendable {
        let month: String
        let amount: Money
        let disclosedBy: String
        let disclosedAt: String
        let isInForce: Bool
    }

    enum Measure: String, Sendable {
        case arr = "ARR"
        case mrr = "MRR"
    }

    let contractID: String
    let contract: String
    let organisation: String
    let measure: Measure
    let state: FormState
    let months: [Field.Choice]
    let rows: [Row]

    var page: ConsolePage {
        let title = "Disclose \(measure.rawValue)"
        var page = ConsolePage(title, section: "/contracts", body: "\(form.html(state))\(earlier)")
        page.frame = .narrow
        page.lede = "\(organisation) · \(contract)"
        page.crumbs = [.init("Contracts", "/contracts"), .init(contract, "/contracts/\(contractID)"), .init(title)]
        return page
    }

    private var form: Form {
        let base: HTML = .callout(
            .neutral, "What counts.",
            "Recurring platform-related revenue only. Implementation, consulting, training, integration, managed services and model cost stay with you when they are itemised separately."
        )
        return Form(
            action: "/contracts/\(contractID)/disclosures", submit: title, cancel: "/contracts/\(contractID)",
            note: "A correction never changes a final invoice; the difference comes with the next one.",
            sections: [
                Form.Section(
                    "Figure", "Until the 10th of the next month. The latest figure for a month is in force.",
                    [
                        Field("month", "Month", .select(months)),
                        Field(
                            "amount", measure == .arr ? "End-customer ARR, annualised" : "End-customer MRR", .amount,
                            hint: "For example 172800.00."),
                        Field("disclosed_by", "Disclosed by", hint: "The person who answers for the figure."),
                        Field("note", "Note", .area(rows: 2), hint: "Where the figure comes from.", isRequired: false),
                    ], note: base)
            ])
    }

    private var title: String { "Disclose \(measure.rawValue)" }

    private var earlier: HTML {
        guard !rows.isEmpty else { return "" }
        let table = Table(
            "Earlier disclosures", [.init("Month"), .number("EUR"), .init("By"), .init("On"), .init("State")],
            rows: rows.map { row in
                Table.Row([
                    "\(row.month)", "\(row.amount.display)", "\(row.disclosedBy)", "\(row.disclosedAt)",
                    row.isInForce ? .pill("In force", .ok) : .pill("Replaced", .neutral),
                ])
            })
        return Card.flush("Disclosed so far", body: table.html).html
    }
}
