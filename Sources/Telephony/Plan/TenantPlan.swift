import Kernel

/// Everything a node has to know of one tenant, compiled: immutable, in memory, named by the hash of its content without
/// its secrets. A call carries that name into its record, so that it can be said later which configuration ran.
package struct TenantPlan: Sendable, Hashable, Codable {
    package let identity: Identity
    /// Why the tenant makes no calls now other than emergency and internal ones; `nil` when it may.
    package let barred: Bar?
    package let directory: Directory
    package let routing: Routing
    package let permissions: [DialPermission]
    package let limits: VoiceLimits
    package let allotment: Allotment
    /// What signs of fraud closed; `nil` for nothing.
    package let blocks: [DestinationBlock]?

    package init(
        _ identity: Identity, barred: Bar? = nil, directory: Directory = Directory(), routing: Routing = Routing(),
        policy: Policy = Policy()
    ) {
        self.identity = identity
        self.barred = barred
        self.directory = directory
        self.routing = routing
        permissions = policy.permissions
        limits = policy.limits
        allotment = policy.allotment
        blocks = policy.blocks.isEmpty ? nil : policy.blocks
    }

    /// The same tenant under another policy.
    package func with(_ policy: Policy) -> TenantPlan {
        TenantPlan(identity, barred: barred, directory: directory, routing: routing, policy: policy)
    }

    package var policy: Policy {
        var policy = Policy()
        (policy.permissions, policy.limits, policy.allotment) = (permissions, limits, allotment)
        policy.blocks = blocks ?? []
        return policy
    }

    /// What the tenant may do.
    package struct Policy: Sendable, Hashable {
        package var permissions: [DialPermission] = []
        package var limits = VoiceLimits()
        package var allotment = Allotment()
        package var blocks: [DestinationBlock] = []

        package init() {}
    }

    /// Whose plan it is.
    package struct Identity: Sendable, Hashable, Codable {
        package let tenantID: TenantID
        package let organisationID: OrganisationID
        /// Canonical lower case; unique over all tenants.
        package let domain: String
        /// How national numbers are read, and what is home in the permissions.
        package let country: CountryCode
        /// Where the tenant lives: only nodes of this instance serve it.
        package let instanceID: InstanceID?

        package init(
            tenantID: TenantID, organisationID: OrganisationID, domain: String, country: CountryCode,
            instanceID: InstanceID? = nil
        ) {
            self.instanceID = instanceID
            self.tenantID = tenantID
            self.organisationID = organisationID
            self.domain = domain
            self.country = country
        }
    }

    /// Who can be called inside.
    package struct Directory: Sendable, Hashable, Codable {
        package var users: [SIPUser] = []
        package var groups: [CallGroup] = []
        package var sites: [Site] = []

        package init() {}
    }

    /// The ways in and out.
    package struct Routing: Sendable, Hashable, Codable {
        package var trunks: [Trunk] = []
        package var numbers: [PhoneNumber] = []
        package var schedules: [Schedule] = []

        package init() {}
    }

    /// Why voice is refused as a whole.
    package enum Bar: String, Sendable, Hashable, Codable {
        /// Voice is not switched on for the tenant.
        case voiceOff = "voice_off"
        /// The tenant is suspended, archived or not active yet.
        case tenantInactive = "tenant_inactive"
        /// The contract's program does not include telephony (domain section 7).
        case programWithoutTelephony = "program_without_telephony"
    }

    /// The dialplan context of the tenant's own phones: nothing that a tenant typed is in it.
    package var context: String { "tenant-\(identity.tenantID)" }

    package var tenantID: TenantID { identity.tenantID }
    package var domain: String { identity.domain }
}

/// A phone or softphone that can register.
package struct SIPUser: Sendable, Hashable, Codable {
    package let id: SIPUserID
    /// The user part of its address, for example `1001`: 1–32 of `a-z 0-9 . _ -`, lower case.
    package let name: String
    /// MD5 of `name:domain:secret` in lower-case hexadecimal. Two during a rotation, the newest first: the digest that a
    /// request carries tells which of them the phone knows.
    package let digests: [String]
    /// One for each digest: what is shown in place of it and tells when it was replaced. Nothing that can be guessed from
    /// a fingerprint, because it is none of the secret but of how it lies in the database.
    package let fingerprints: [String]
    /// Shown to people inside; free text, never part of `data=`.
    package let displayName: String
    /// The number shown to carriers; one of the tenant's own active numbers, or `nil` for the tenant's first.
    package let callerNumber: PhoneNumberID?
    package let siteID: SiteID?
    package let isEnabled: Bool
    /// Where calls go that it does not take; each is authorised as a leg of its own, paid by this user.
    package let forward: Forward?

    package init(
        id: SIPUserID, name: String, digests: [String], fingerprints: [String] = [], displayName: String,
        callerNumber: PhoneNumberID?, siteID: SiteID?, isEnabled: Bool = true, forward: Forward? = nil
    ) {
        self.id = id
        self.name = name
        self.digests = digests
        self.fingerprints = fingerprints
        self.displayName = displayName
        self.callerNumber = callerNumber
        self.siteID = siteID
        self.isEnabled = isEnabled
        self.forward = forward
    }

    /// A number that calls go on to.
    package struct Forward: Sendable, Hashable, Codable {
        /// When a call goes on.
        package enum Condition: String, Sendable, Hashable, Codable, CaseIterable {
            case always
            case noAnswer = "no_answer"
            case unreachable
        }

        package let condition: Condition
        /// As the user typed it: an extension, a national number or E.164.
        package let destination: String

        package init(condition: Condition, destination: String) {
            self.condition = condition
            self.destination = destination
        }
    }
}

/// Users that ring together or one after the other.
package struct CallGroup: Sendable, Hashable, Codable {
    /// How the members ring.
    package enum Strategy: String, Sendable, Hashable, Codable, CaseIterable {
        case simultaneous, sequential
    }

    package let id: CallGroupID
    /// Also its extension inside: same characters as a user's name, and never one of them.
    package let name: String
    package let displayName: String
    package let strategy: Strategy
    /// In the order in which they ring.
    package let members: [SIPUserID]
    package let ringSeconds: Int

    package init(
        id: CallGroupID, name: String, displayName: String, strategy: Strategy, members: [SIPUserID],
        ringSeconds: Int
    ) {
        self.id = id
        self.name = name
        self.displayName = displayName
        self.strategy = strategy
        self.members = members
        self.ringSeconds = ringSeconds
    }
}

/// A place with an address, for emergency calls.
package struct Site: Sendable, Hashable, Codable {
    package let id: SiteID
    package let displayName: String
    package let address: String
    package let country: CountryCode
    /// When somebody confirmed the address; an emergency call goes out without it, too, but is flagged.
    package let verifiedAt: Timestamp?
    /// Shown to the emergency centre; else the caller's own number.
    package let callbackNumber: PhoneNumberID?

    package init(
        id: SiteID, displayName: String, address: String, country: CountryCode, verifiedAt: Timestamp?,
        callbackNumber: PhoneNumberID?
    ) {
        self.id = id
        self.displayName = displayName
        self.address = address
        self.country = country
        self.verifiedAt = verifiedAt
        self.callbackNumber = callbackNumber
    }
}
