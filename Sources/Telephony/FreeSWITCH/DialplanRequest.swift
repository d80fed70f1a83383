import Kernel

/// A leg that looks for its way: one request per pass through the dialplan, so also after a transfer.
package struct DialplanRequest: Sendable, Hashable {
    /// The channel.
    package struct Leg: Sendable, Hashable {
        /// `Unique-ID`, which is also the `uuid` of its call record.
        package let uuid: String
        /// `false` for a leg that the node made: it is being transferred.
        package let isInbound: Bool
        package let isAnswered: Bool
    }

    /// What FreeSWITCH knows about who it is: results of its own checks, and variables of ours. A display name, From
    /// and asserted identities are what a client says about itself and are not here.
    package struct Identity: Sendable, Hashable {
        package let authUsername: String?
        package let authRealm: String?
        /// Set from the directory, from a gateway or by an earlier pass.
        package let tenant: TenantID?
        package let gateway: String?
        /// The access list that let it in.
        package let accessList: String?
        /// Where the packets come from.
        package let networkAddress: String?
        /// The user who was rung, on a leg to a phone and on the leg that rang it.
        package let dialledUser: String?
        package let dialledDomain: String?
    }

    /// What earlier passes left.
    package struct Past: Sendable, Hashable {
        package let isTransferred: Bool
        /// A transfer by REFER; whom the header names, which the sender chose.
        package let isReferred: Bool
        package let referredBy: String?
        package let callID: String?
        package let originUser: SIPUserID?
        package let forwardOf: SIPUserID?
    }

    /// What an agent's endpoint says about its call; to be believed from its own addresses only.
    package struct AgentCall: Sendable, Hashable {
        package let tenant: TenantID?
        package let number: PhoneNumberID?
        package let callID: String?
    }

    package let leg: Leg
    /// `Hunt-Context`: 1–100 of `A-Z a-z 0-9 . _ -`. The answer's context has to have this name.
    package let context: String
    /// `Hunt-Destination-Number`, as it was dialled.
    package let destination: String
    package let identity: Identity
    package let past: Past
    package let agent: AgentCall

    init?(_ form: FormFields) {
        guard let uuid = form[.legUUID], Self.isPlain(uuid), let context = form[.context], Self.isPlain(context),
            let destination = form[.destination]
        else { return nil }
        self.context = context
        self.destination = destination
        leg = Leg(
            uuid: uuid, isInbound: form[.direction] != "outbound", isAnswered: form[.answerState] == "answered")
        identity = Identity(
            authUsername: form[.legAuthUsername], authRealm: form[.legAuthRealm],
            tenant: form[.legTenant].flatMap { TenantID($0) }, gateway: form[.legGateway],
            accessList: form[.legACL], networkAddress: form[.legNetworkAddress],
            dialledUser: form[.dialledUser], dialledDomain: form[.dialledDomain])
        past = Past(
            isTransferred: form[.transferSource] != nil,
            isReferred: form[.transferSource] != nil && (form[.referTo] != nil || form[.referredBy] != nil),
            referredBy: form[.referredBy], callID: form[.callID].flatMap { Self.isPlain($0) ? $0 : nil },
            originUser: form[.originUser].flatMap { SIPUserID($0) },
            forwardOf: form[.forwardOf].flatMap { SIPUserID($0) })
        agent = AgentCall(
            tenant: form[.agentTenant].flatMap { TenantID($0) },
            number: form[.agentNumber].flatMap { PhoneNumberID($0) },
            callID: form[.agentCall].flatMap { Self.isPlain($0) ? $0 : nil })
    }

    /// Names that go back to the node.
    private static func isPlain(_ text: String) -> Bool {
        (1...100).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
