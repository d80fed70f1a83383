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
