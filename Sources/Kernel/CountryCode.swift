/// A country by its ISO 3166-1 alpha-2 code in upper case; only assigned codes exist as values.
package struct CountryCode: Hashable, Sendable, Codable, CustomStringConvertible {
    package let code: String

    /// Takes lower case too; `nil` for anything that is not assigned. `UK` and `EL` are not ISO codes: `GB`, `GR`.
    package init?(_ text: some StringProtocol) {
        let code = text.uppercased()
        guard Self.assigned.contains(code) else { return nil }
        self.code = code
    }

    private init(assigned code: String) { self.code = code }

    /// The vendor's country.
    package static let austria = CountryCode(assigned: "AT")

    package var description: String { code }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let country = CountryCode(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "must be a country code of ISO 3166-1, for example AT")
        }
        self = country
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(code)
    }

    /// ISO 3166-1 alpha-2, the officially assigned ones.
    private static let assigned = Set(
        """
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
        CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
        FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
        JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
        MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
        PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
        TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
        """.split { $0 == " " || $0 == "\n" }.map(String.init))
}
