import Kernel

/// A number as the destination table sees it.
package struct Destination: Sendable, Hashable, Codable {
    package let number: E164
    /// `nil` for what belongs to no country: satellites, global toll-free and premium services.
    package let country: CountryCode?
    package let kind: DestinationKind
    package let risk: DestinationRisk
    /// The digits of the table's entry that decided; the longest one that the number begins with.
    package let prefix: String

    package init(
        number: E164, country: CountryCode?, kind: DestinationKind, risk: DestinationRisk, prefix: String
    ) {
        self.number = number
        self.country = country
        self.kind = kind
        self.risk = risk
        self.prefix = prefix
    }
}

/// What every prefix of E.164 is: of all countries, and with the ranges of mobile, premium and other services where they
/// are known. Facts of public numbering plans, reviewed by hand; a range that is missing counts as landline with its
/// country's risk.
package struct DestinationTable: Sendable {
    private struct Entry: Sendable {
        let prefix: String
        let country: CountryCode?
        let kind: DestinationKind
        let risk: DestinationRisk
    }

    private var tree = PrefixTree<Entry>()

    /// The table of this build.
    package static let standard = DestinationTable()

    private init() {
        for country in Country.all {
            for prefix in country.prefixes { insert(prefix, country.code, .landline, country.risk) }
        }
        for row in table("destinations", PackageResources.destinations_json) {
            let country = row["country"]?.string.flatMap { CountryCode($0) }
            let own = row["risk"]?.string.flatMap(DestinationRisk.init(rawValue:))
            let risk = own ?? country.flatMap(Country.with)?.risk ?? .high
            for kind in DestinationKind.allCases {
                for range in row.strings(kind.rawValue) {
                    insert((row["calling"]?.string ?? "") + range, country, kind, max(risk, kind.leastRisk))
                }
            }
        }
    }

    private mutating func insert(
        _ prefix: String, _ country: CountryCode?, _ kind: DestinationKind, _ risk: DestinationRisk
    ) {
        tree.insert(Entry(prefix: prefix, country: country, kind: kind, risk: risk), under: prefix)
    }

    /// One number of every range of which there is a number that begins with `prefix`.
    package func samples(beginning prefix: String) -> [Destination] {
        tree.all(beginning: prefix).compactMap { entry in
            let digits = entry.prefix.utf8.count > prefix.utf8.count ? entry.prefix : prefix
            let padding = String(repeating: "0", count: max(0, 7 - digits.utf8.count))
            return E164(digits: digits + padding).map { number in
                Destination(
                    number: number, country: entry.country, kind: entry.kind, risk: entry.risk, prefix: entry.prefix)
            }
        }
    }

    /// `nil` when no country and no service has numbers that begin so.
    package func destination(of number: E164) -> Destination? {
        guard let entry = tree.longest(number.digits) else { return nil }
        return Destination(
            number: number, country: entry.country, kind: entry.kind, risk: entry.risk, prefix: entry.prefix)
    }
}

extension DestinationKind {
    /// What is dear or paid out to the called party is abused wherever it is.
    var leastRisk: DestinationRisk {
        switch self {
        case .landline, .mobile, .tollFree: .low
        case .sharedCost, .personal, .special: .elevated
        case .premium, .satellite: .high
        }
    }

    /// Whether only a permission opens it that names this kind or a prefix.
    package var isSpecialService: Bool {
        switch self {
        case .landline, .mobile, .tollFree: false
        case .sharedCost, .premium, .satellite, .personal, .special: true
        }
    }
}
