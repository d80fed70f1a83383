/// A VAT ID of an EU member, checked by format and check digits: what can be known without asking VIES.
package struct VATNumber: Hashable, Sendable, CustomStringConvertible {
    package let country: Country
    /// Without the prefix, in capitals, without spaces, dots and hyphens.
    package let number: String

    /// Reads `ATU12345675`, `EL 123456783`, `be 0123.456.749`; throws a `Refusal` that says what is wrong.
    package init(_ text: some StringProtocol, field: String = "vat_id") throws(Refusal) {
        guard text.utf8.count <= 40 else {
            throw Refusal(field: field, reason: "malformed", message: "a VAT ID is shorter; check it")
        }
        let compact = text.uppercased().filter { !" .-\u{A0}".contains($0) }
        let prefix = String(compact.prefix(2))
        guard let country = Country(prefix), country.isUnionMember, prefix != "GR" else {
            throw Refusal(
                field: field, reason: "unknown_prefix",
                message: "a VAT ID of the EU begins with its country's letters, such as ATU or DE (Greece: EL)")
        }
        let number = VATNumber.completed(String(compact.dropFirst(2)), country.code)
        let characters = Array(number.utf8)
        guard let rule = VATNumberRule.rules[country.code], rule.matches(characters) else {
            throw Refusal(
                field: field, reason: "malformed",
                message: "this is not the form of a VAT ID from \(country.code); compare it with the certificate")
        }
        guard rule.checks(characters) else {
            throw Refusal(
                field: field, reason: "wrong_checksum",
                message: "the check digits of this VAT ID do not agree; look for a mistyped character")
        }
        self.country = country
        self.number = number
    }

    /// With the prefix: `ATU12345675`.
    package var description: String { country.vatPrefix + number }

    /// Older, shorter forms of the same number.
    private static func completed(_ number: String, _ country: String) -> String {
        switch (country, number.utf8.count) {
        case ("BE", 9), ("GR", 8): "0" + number
        default: number
        }
    }
}
