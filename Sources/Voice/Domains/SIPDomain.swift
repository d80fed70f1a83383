import Kernel
import Telephony
import Tenancy
import Web

/// The domain of a tenant's phones, and where the tenant is at home.
package struct SIPDomain: Sendable, Equatable {
    /// Canonical: lower case, ASCII, no dot at the end. Unique over all tenants.
    package let name: String
    /// How national numbers are read, and what is home in the permissions.
    package let country: CountryCode

    /// Reads a domain as people write it; refuses what a phone or a node could read in two ways.
    static func canonical(_ text: String) throws(Problem) -> String {
        let name = text.lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, labels.count >= 2, labels.allSatisfy(isLabel) else {
            throw .invalid(
                "domain",
                "must be a host name of at least two labels in ASCII letters, digits and hyphens, for example "
                    + "acme.voice.example (write other letters in punycode)")
        }
        guard labels.last?.utf8.allSatisfy(isDigit) == false else {
            throw .invalid("domain", "must be a name, not an address: phones that use an address have no tenant")
        }
        return name
    }

    private static func isLabel(_ label: Substring) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(label.utf8.count) && label.utf8.first != hyphen && label.utf8.last != hyphen
            && label.utf8.allSatisfy { (97...122).contains($0) || isDigit($0) || $0 == hyphen }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}

/// What is sent to switch voice on or to change the domain.
package struct SIPDomainFields: Codable, Sendable {
    package var domain: String
    package var country: CountryCode

    package init(domain: String, country: CountryCode) {
        self.domain = domain
        self.country = country
    }
}

/// A tenant's voice as the API shows it.
package struct SIPDomainResource: Codable, Sendable, Revisioned {
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let domain: String
    package let country: CountryCode
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(_ stored: Stored<SIPDomain>) {
        tenantID = stored.tenantID
        organisationID = stored.organisationID
        domain = stored.value.name
        country = stored.value.country
        revision = stored.revision
        createdAt = stored.createdAt
        updatedAt = stored.updatedAt
    }
}

extension E164: SchemaDescribed {
    package static var schema: Schema {
        .text(
            Schema.Text(
                pattern: "^\\+[1-9][0-9]{3,14}$", description: "A number in E.164 form.", example: sample.description))
    }

    package static var sample: E164 { .example }
}
