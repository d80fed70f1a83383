import Kernel
import Telephony
import Tenancy
import Web

extension SIPUserKind: VoiceItemKind { package static var pathKey: String { "sip_user_id" } }

/// What is sent to create a user or to replace its settings.
package struct SIPUserFields: Codable, Sendable {
    /// The user part of its address: 1 to 32 of `a-z 0-9 . _ -`.
    package var name: String
    package var displayName: String
    package var callerNumberID: PhoneNumberID?
    package var siteID: SiteID?
    /// By default `true`.
    package var enabled: Bool?
    package var forward: ForwardFields?
    /// Only when it is created; made by us when it is left out.
    package var secret: String?

    package init(name: String, displayName: String) {
        self.name = name
        self.displayName = displayName
    }
}

/// Where calls go on to.
package struct ForwardFields: Codable, Sendable, Equatable {
    package var condition: SIPUser.Forward.Condition
    /// An extension, a national number or E.164.
    package var destination: String

    package init(condition: SIPUser.Forward.Condition, destination: String) {
        self.condition = condition
        self.destination = destination
    }
}

/// A secret that a phone can log in with; never the secret itself.
package struct SIPCredentialState: Codable, Sendable, Equatable {
    package let createdAt: Timestamp
    /// Set for the old one while a rotation runs.
    package let expiresAt: Timestamp?
    /// The stored original cannot be read any more. Calls still work; give the user a new secret before its name or the
    /// domain changes.
    package let needsReentry: Bool
}

/// A user as the API shows it.
package struct SIPUserResource: Codable, Sendable, Revisioned {
    package let sipUserID: SIPUserID
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let name: String
    /// `name@domain`.
    package let address: String
    package let displayName: String
    package let callerNumberID: PhoneNumberID?
    package let siteID: SiteID?
    package let enabled: Bool
    package let forward: ForwardFields?
    /// The newest first; two while a rotation runs.
    package let credentials: [SIPCredentialState]
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    /// Only in the answer that made it, and only the first time.
    package var secret: String?

    package init(_ user: SIPUserView) {
        let stored = user.stored
        sipUserID = stored.value.id
        tenantID = stored.tenantID
        organisationID = stored.organisationID
        name = stored.value.name
        address = "\(stored.value.name)@\(user.domain)"
        displayName = stored.value.displayName
        callerNumberID = stored.value.callerNumber
        siteID = stored.value.siteID
        enabled = stored.value.isEnabled
        forward = stored.value.forward.map { ForwardFields(condition: $0.condition, destination: $0.destination) }
        credentials = user.credentials
        revision = stored.revision
        createdAt = stored.createdAt
        updatedAt = stored.updatedAt
        secret = user.issuedSecret?.text
    }

    /// What is stored for a repeated request: a secret at rest would be one too many.
    @Sendable static func withoutSecret(_ user: SIPUserResource) -> SIPUserResource {
        var user = user
        user.secret = nil
        return user
    }
}

/// A new secret for a user.
package struct SIPSecretRotation: Sendable {
    /// Made by us when it is `nil`.
    package var secret: String?
    /// How long the old one works; 7 days when it is `nil`.
    package var oldExpiresAt: Timestamp?
    package var expecting: ExpectedRevision

    package init(secret: String? = nil, oldExpiresAt: Timestamp? = nil, expecting: ExpectedRevision = .anything) {
        self.secret = secret
        self.oldExpiresAt = oldExpiresAt
        self.expecting = expecting
    }
}

/// A user with what people see of its secrets.
package struct SIPUserView: Sendable {
    package let stored: Stored<SIPUser>
    package let domain: String
    package let credentials: [SIPCredentialState]
    /// A secret that was just made by us.
    package var issuedSecret: PlainSecret?
}

/// Names that are dialled inside: users and groups.
enum ExtensionName {
    /// Canonical and checked; `nil` after noting what is wrong.
    static func checked(_ text: String, _ field: String, _ checks: inout FieldChecks) -> String? {
        let name = text.trimmed.lowercased()
        guard (1...32).contains(name.utf8.count), name.utf8.allSatisfy(isAllowed) else {
            checks.refuse(field, "must have 1 to 32 of the characters a-z 0-9 . _ -")
            return nil
        }
        guard name.utf8.allSatisfy({ (48...57).contains($0) }) else { return name }
        guard (2...6).contains(name.utf8.count), !isReserved(name) else {
            checks.refuse(
                field,
                "of digits alone must have 2 to 6 of them and not be an emergency or service number, for example 1001")
            return nil
        }
        return name
    }

    /// Three digits that begin with 1, and the emergency numbers of other plans: a phone that dials them means help.
    private static func isReserved(_ digits: String) -> Bool {
        digits.utf8.count == 3 && (digits.hasPrefix("1") || ["000", "911", "999"].contains(digits))
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte) || [0x2D, 0x2E, 0x5F].contains(byte)
    }
}
