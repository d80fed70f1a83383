/// A line with a price of its own: additional capacity, governance, services (domain 3).
package struct OrderFormItem: Hashable, Sendable, Codable {
    /// The order form's reference.
    package let reference: String
    package let title: String
    package let quantity: Int64
    package let price: Rate
    package let discount: Percent

    package init(
        reference: String, title: String, quantity: Int64, price: Rate, discount: Percent = .zero
    ) throws(Refusal) {
        try Inputs.check(count: quantity, "quantity")
        self.reference = reference
        self.title = title
        self.quantity = quantity
        self.price = price
        self.discount = discount
    }

    package func line() throws(Refusal) -> RatedLine {
        try RatedLine(
            .orderForm(reference), quantity: quantity, unitPrice: UnitPrice(price), discount: discount,
            basis: .orderForm(self))
    }

    func explanation(of line: RatedLine) -> Explanation {
        Explanation(
            rule: "order_form",
            inputs: [
                "reference": reference, "quantity": String(quantity), "unit_price": price.description,
                "discount_percent": discount.description,
            ],
            sentence: "\(title), agreed in order form \(reference)"
                + (discount == .zero ? "." : " less \(discount) %."))
    }
}

extension SolutionMonth {
    /// The onboarding fee, once per contract.
    package static func onboarding(_ book: PriceBook.Solution) throws(Refusal) -> RatedLine {
        try RatedLine(
            .solutionOnboarding, quantity: 1, unitPrice: UnitPrice(Rate(book.onboardingOnce)),
            basis: .flat(rule: "solution.onboarding", sentence: "The onboarding, once."))
    }
}
