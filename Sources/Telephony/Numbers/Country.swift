import Kernel

/// What telephony has to know of a country or territory: how it dials and which numbers are its own.
package struct Country: Sendable, Hashable {
    /// What it is a member of.
    package enum Union: String, Sendable, Hashable {
        /// A member of the European Union.
        case eu = "EU"
        /// Of the European Economic Area and not of the Union.
        case eea = "EEA"
    }

    /// `nil` for a territory without an assigned code (Kosovo).
    package let code: CountryCode?
    /// In English.
    package let name: String
    /// Its calling code, without `+`; several countries can share one.
    package let callingCode: String
    /// Digits of E.164 with which its own numbers begin. Empty where its numbers cannot be told from a neighbour's.
    package let prefixes: [String]
    /// Dialled before a national number; empty where national numbers are dialled as they are.
    package let trunkPrefixes: [String]
    /// Dialled before a country code.
    package let internationalPrefixes: [String]
    /// As dialled; 112 counts everywhere, too.
    package let emergencyNumbers: Set<String>
    package let union: Union?
    /// The risk of its ordinary numbers.
    package let risk: DestinationRisk

    /// Whether its ordinary numbers may be called by anybody who has voice: those of the European Union. What is beyond
    /// it and the tenant's own country is opened by a permission.
    package var isAllowedByDefault: Bool { union == .eu }

    /// Every country and territory, in the order of the codes.
    package static let all: [Country] = table("countries", PackageResources.countries_json).compactMap(Country.init)

    private static let byCode = Dictionary(
        all.compactMap { country in country.code.map { ($0, country) } }, uniquingKeysWith: { first, _ in first })

    /// `nil` only for codes that are newer than this table.
    package static func with(_ code: CountryCode) -> Country? { byCode[code] }

    private init?(_ row: JSON) {
        guard let name = row["name"]?.string, let calling = row["calling"]?.string,
            let risk = row["risk"]?.string.flatMap(DestinationRisk.init(rawValue:))
        else { return nil }
        self.name = name
        self.risk = risk
        code = row["iso"]?.string.flatMap { CountryCode($0) }
        callingCode = calling
        prefixes = row.strings("prefixes")
        trunkPrefixes = row.strings("trunk")
        internationalPrefixes = row.strings("international")
        emergencyNumbers = Set(row.strings("emergency")).union([Self.emergencyEverywhere])
        union = row["union"]?.string.flatMap(Union.init(rawValue:))
    }

    /// Of the Union and of mobile networks all over the world.
    private static let emergencyEverywhere = "112"
}

/// The rows of a table that is part of the build; a test reads it, so that it is never empty.
func table(_ name: String, _ bytes: [UInt8]) -> [JSON] {
    (try? JSON(parsing: bytes))?.array ?? []
}

extension JSON {
    func strings(_ key: String) -> [String] { self[key]?.array?.compactMap(\.string) ?? [] }
}
