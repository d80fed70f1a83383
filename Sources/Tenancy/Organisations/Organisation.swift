import Kernel

/// A legal party: the vendor, a partner, or an end-customer.
package struct Organisation: Sendable, Equatable {
    /// What the organisation is to the vendor.
    package enum Kind: Sendable, Equatable {
        /// The seller; there is one.
        case vendor
        case partner
        /// Receives the service; `nil` when the vendor itself manages it.
        case endCustomer(of: OrganisationID?)

        /// A kind without what belongs to it, as the API and the database name it.
        package enum Name: String, Sendable, Codable, CaseIterable {
            case vendor, partner
            case endCustomer = "end_customer"
        }

        package var name: Name {
            switch self {
            case .vendor: .vendor
            case .partner: .partner
            case .endCustomer: .endCustomer
            }
        }

        package var manager: OrganisationID? {
            if case .endCustomer(let manager) = self { manager } else { nil }
        }
    }

    package let id: OrganisationID
    package let kind: Kind
    package var profile: OrganisationProfile
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

/// What can be said of an organisation and changes over time.
package struct OrganisationProfile: Sendable, Equatable {
    package var displayName: String
    package var legalName: String
    package var country: CountryCode
    /// Several lines; empty when unknown.
    package var address = ""
    package var billingEmail = ""
    package var vatID: VATID?
    /// Decides which service levels a contract may have.
    package var publicSector = false
    package var criticalInfrastructure = false

    package init(displayName: String, legalName: String, country: CountryCode) {
        self.displayName = displayName
        self.legalName = legalName
        self.country = country
    }

    /// What the audit log compares.
    var auditFields: [String: String] {
        [
            "display_name": displayName, "legal_name": legalName, "country": country.code, "address": address,
            "billing_email": billingEmail, "vat_id": vatID?.text ?? "",
            "vat_id_valid": vatID.map { "\($0.isValid)" } ?? "",
            "public_sector": "\(publicSector)", "critical_infrastructure": "\(criticalInfrastructure)",
        ]
    }

    /// What a contract and a tax decision rest on.
    var legalFacts: [String] {
        [legalName, country.code, vatID?.text ?? "", "\(publicSector)", "\(criticalInfrastructure)"]
    }
}

/// A VAT identification number without blanks, and whether its format and checksum hold.
package struct VATID: Sendable, Equatable {
    package let text: String
    /// An EU buyer whose number is not valid is charged VAT.
    package let isValid: Bool

    package init(text: String, isValid: Bool) {
        self.text = text
        self.isValid = isValid
    }
}

/// What the check of a VAT ID says.
package enum VATIDCheck: Sendable, Equatable {
    /// Upper case, no blanks; `isValid: false` when it has the country's form but not its checksum.
    case checked(normalised: String, isValid: Bool)
    /// Not the form of any VAT ID of that country; the reason names the right form.
    case malformed(String)
}

/// What is sent to create or change an organisation. `nil` leaves a value as it is.
package struct OrganisationChanges: Sendable {
    package var displayName: String?
    package var legalName: String?
    package var country: CountryCode?
    package var address: String?
    package var billingEmail: String?
    /// An empty text removes it.
    package var vatID: String?
    package var publicSector: Bool?
    package var criticalInfrastructure: Bool?

    package init() {}

    /// The profile after the changes, or every wrong field at once.
    func applied(
        to profile: OrganisationProfile, checkVATID: (String, CountryCode) -> VATIDCheck
    ) throws(Problem) -> OrganisationProfile {
        var new = profile
        var fields = FieldChecks()
        fields.set(&new.displayName, displayName, "display_name", 1...Limits.textCharacters)
        fields.set(&new.legalName, legalName, "legal_name", 1...Limits.textCharacters)
        fields.set(&new.address, address, "address", 0...1000, allowingLines: true)
        fields.set(&new.billingEmail, billingEmail, "billing_email", 0...320)
        if !new.billingEmail.isEmpty, !Self.looksLikeEmail(new.billingEmail) {
            fields.refuse("billing_email", "must be an e-mail address, for example billing@example.com")
        }
        new.country = country ?? new.country
        new.publicSector = publicSector ?? new.publicSector
        new.criticalInfrastructure = criticalInfrastructure ?? new.criticalInfrastructure
        // A changed country is checked with the number that was there before.
        let number = vatID ?? new.vatID?.text ?? ""
        new.vatID = nil
        if !number.isEmpty {
            switch checkVATID(number, new.country) {
            case .checked(let text, let isValid): new.vatID = VATID(text: text, isValid: isValid)
            case .malformed(let reason): fields.refuse("vat_id", reason)
            }
        }
        try fields.throwIfAny()
        return new
    }

    private static func looksLikeEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && parts[1].contains(".")
            && !text.contains { $0.isWhitespace } && parts[1].first != "." && parts[1].last != "."
    }
}

/// Which organisations are wanted.
package struct OrganisationFilter: Sendable {
    package var kind: Organisation.Kind.Name?
    package var managedBy: OrganisationID?
    /// A part of the display or legal name, in any case.
    package var search: String?

    package init() {}
}
