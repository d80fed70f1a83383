/// How an invoice is taxed (domain 2.5): by the seller's country, the buyer's, and whether the buyer's VAT ID is valid.
package struct VATDecision: Hashable, Sendable {
    /// The category as electronic invoices code it.
    package enum Category: String, Hashable, Sendable, CaseIterable, Codable {
        /// Standard rate.
        case standard = "S"
        /// Reverse charge.
        case reverseCharge = "AE"
        /// Third country: outside the scope of VAT, or export.
        case outsideScopeOrExport = "outside_scope_or_export"
    }

    package let category: Category
    package let rate: Percent
    package let seller: Country
    package let buyer: Country
    package let vatIDValid: Bool

    package init(buyer: Country, vatIDValid: Bool, book: PriceBook) {
        seller = book.sellerCountry
        self.buyer = buyer
        self.vatIDValid = vatIDValid
        if buyer == seller || (buyer.isUnionMember && !vatIDValid) {
            category = .standard
            rate = book.vatRate(of: seller)
        } else {
            category = buyer.isUnionMember ? .reverseCharge : .outsideScopeOrExport
            rate = .zero
        }
    }

    /// What must stand on the invoice; `nil` where nothing must.
    package var note: String? {
        switch category {
        case .standard: nil
        case .reverseCharge:
            "Reverse charge: the recipient is liable for the VAT (Art. 196 of Directive 2006/112/EC). "
                + "Steuerschuldnerschaft des Leistungsempfängers."
        case .outsideScopeOrExport:
            "Not subject to Austrian VAT: the place of supply is the recipient's country (§ 3a Abs. 6 UStG)."
        }
    }

    /// What a person should think of; not for the invoice.
    package var reminder: String? {
        switch category {
        case .standard:
            buyer == seller ? nil : "An EU business with a valid VAT ID would be billed without VAT: ask for the ID."
        case .reverseCharge: nil
        case .outsideScopeOrExport: "Check whether the buyer must withhold tax."
        }
    }

    package var explanation: Explanation {
        let changes =
            category == .standard && buyer != seller
            ? [Explanation.Change(candidate: Category.reverseCharge.rawValue, input: "vat_id_valid", from: "true")] : []
        let reason =
            switch category {
            case .standard where buyer == seller: "The buyer is in the seller's country"
            case .standard: "The buyer is in the EU (\(buyer)) without a valid VAT ID"
            case .reverseCharge: "The buyer is an EU business (\(buyer)) with a valid VAT ID: reverse charge"
            case .outsideScopeOrExport: "The buyer is in a third country (\(buyer))"
            }
        return Explanation(
            rule: "vat.category",
            inputs: [
                "seller_country": seller.code, "buyer_country": buyer.code, "vat_id_valid": String(vatIDValid),
            ],
            winners: [category.rawValue], changes: changes, sentence: "\(reason): VAT \(rate) %.")
    }

    /// VAT on the sum of the category's line amounts, rounded once.
    package func total(of netLines: [Money]) throws(Refusal) -> VATTotal {
        let net = try Money.sum(netLines)
        let vat = try rate.of(net)
        return VATTotal(net: net, vat: vat, gross: try Money.sum([net, vat]))
    }
}

/// An invoice's totals; gross is always net and VAT together.
package struct VATTotal: Hashable, Sendable {
    package let net: Money
    package let vat: Money
    package let gross: Money

    /// As an invoice keeps them; `vat` and `net` add up to `gross`.
    package init(net: Money, vat: Money, gross: Money) {
        self.net = net
        self.vat = vat
        self.gross = gross
    }
}
