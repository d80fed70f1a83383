import Kernel
import Telephony
import Tenancy
import Web

extension SiteKind: VoiceItemKind { package static var pathKey: String { "site_id" } }

/// What is sent to create a site or to replace its settings.
package struct SiteFields: Codable, Sendable {
    package var displayName: String
    /// Street, house number, postal code and place: what an ambulance needs. Several lines are fine.
    package var address: String
    package var country: CountryCode
    /// Shown to the emergency centre in place of the caller's own number.
    package var callbackNumberID: PhoneNumberID?

    package init(displayName: String, address: String, country: CountryCode) {
        self.displayName = displayName
        self.address = address
        self.country = country
    }

    /// - Parameter verifiedAt: stays only while the address does.
    func checked(id: SiteID, verifiedAt: Timestamp? = nil) throws(Problem) -> Telephony.Site {
        var checks = FieldChecks()
        var displayName = ""
        var address = ""
        checks.set(&displayName, self.displayName, "display_name", 1...Limits.textCharacters)
        checks.set(&address, self.address, "address", 5...500, allowingLines: true)
        try checks.throwIfAny()
        return Telephony.Site(
            id: id, displayName: displayName, address: address, country: country, verifiedAt: verifiedAt,
            callbackNumber: callbackNumberID)
    }
}

/// A site as the API shows it.
package struct SiteResource: Codable, Sendable, Revisioned {
    package let siteID: SiteID
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let displayName: String
    package let address: String
    package let country: CountryCode
    package let callbackNumberID: PhoneNumberID?
    /// Emergency calls from a site that nobody verified go out, too, and are flagged.
    package let verifiedAt: Timestamp?
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(_ stored: Stored<Telephony.Site>) {
        siteID = stored.value.id
        tenantID = stored.tenantID
        organisationID = stored.organisationID
        displayName = stored.value.displayName
        address = stored.value.address
        country = stored.value.country
        callbackNumberID = stored.value.callbackNumber
        verifiedAt = stored.value.verifiedAt
        revision = stored.revision
        createdAt = stored.createdAt
        updatedAt = stored.updatedAt
    }
}
