import Kernel
import Telephony
import Tenancy
import Web

extension CallGroupKind: VoiceItemKind { package static var pathKey: String { "call_group_id" } }

/// What is sent to create a group or to replace its settings.
package struct CallGroupFields: Codable, Sendable {
    /// Also its extension: 1 to 32 of `a-z 0-9 . _ -`, and no user's name.
    package var name: String
    package var displayName: String
    package var strategy: CallGroup.Strategy
    /// Users, in the order in which they ring.
    package var members: [SIPUserID]
    /// How long it rings, or each member of a sequence; by default 25.
    package var ringSeconds: Int?

    package init(name: String, displayName: String, strategy: CallGroup.Strategy, members: [SIPUserID]) {
        self.name = name
        self.displayName = displayName
        self.strategy = strategy
        self.members = members
    }

    static let mostMembers = 50
    static let ringSecondsByDefault = 25

    func checked(id: CallGroupID) throws(Problem) -> CallGroup {
        var checks = FieldChecks()
        var displayName = ""
        let name = ExtensionName.checked(self.name, "name", &checks) ?? ""
        checks.set(&displayName, self.displayName, "display_name", 1...Limits.textCharacters)
        if members.count > Self.mostMembers { checks.refuse("members", "must be at most \(Self.mostMembers)") }
        if Set(members).count != members.count { checks.refuse("members", "must not name anybody twice") }
        let ringSeconds = self.ringSeconds ?? Self.ringSecondsByDefault
        if !(5...120).contains(ringSeconds) { checks.refuse("ring_seconds", "must lie between 5 and 120") }
        try checks.throwIfAny()
        return CallGroup(
            id: id, name: name, displayName: displayName, strategy: strategy, members: members,
            ringSeconds: ringSeconds)
    }
}

/// A group as the API shows it.
package struct CallGroupResource: Codable, Sendable, Revisioned {
    package let callGroupID: CallGroupID
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let name: String
    package let displayName: String
    package let strategy: CallGroup.Strategy
    package let members: [SIPUserID]
    package let ringSeconds: Int
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(_ stored: Stored<CallGroup>) {
        callGroupID = stored.value.id
        tenantID = stored.tenantID
        organisationID = stored.organisationID
        name = stored.value.name
        displayName = stored.value.displayName
        strategy = stored.value.strategy
        members = stored.value.members
        ringSeconds = stored.value.ringSeconds
        revision = stored.revision
        createdAt = stored.createdAt
        updatedAt = stored.updatedAt
    }
}
