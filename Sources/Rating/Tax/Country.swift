/// A country by its ISO 3166 code, as far as taxes see it. Greece is `GR` and, as the Union writes it, `EL`: both are
/// read, `GR` is kept. Northern Ireland (`XI`) and Great Britain (`GB`) are third countries: the Northern Ireland
/// protocol covers goods, and what is sold here is a service.
package struct Country: Hashable, Sendable, CustomStringConvertible {
    /// Two capital letters; `GR` for Greece.
    package let code: String

    /// `nil` for anything that is not a country; use `UK`'s official code `GB`.
    package init?(_ text: some StringProtocol) {
        let code = text == "EL" ? "GR" : String(text)
        guard Country.known.contains(code) else { return nil }
        self.code = code
    }

    package var isUnionMember: Bool { Country.union.contains(code) }

    package var description: String { code }

    /// The prefix of this country's VAT IDs.
    package var vatPrefix: String { code == "GR" ? "EL" : code }

    /// The 27 members since 2020-02-01.
    package static let union: Set<String> = codes(
        "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK")

    private static let known: Set<String> = codes(
        """
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
        CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO \
        FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE \
        JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO \
        MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW \
        PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM \
        TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XI XK YE YT ZA ZM ZW
        """)

    private static func codes(_ list: String) -> Set<String> { Set(list.split(separator: " ").map(String.init)) }
}

extension JSONNode {
    func country() throws(Refusal) -> Country {
        guard let country = Country(try string()) else {
            throw refusal(
                "unknown_country", "\(path) must be a country's two-letter ISO code in capitals, such as AT or DE")
        }
        return country
    }
}
