import Kernel

/// What has to be known of the node that asks.
package struct NodeContext: Sendable, Hashable {
    package let id: VoiceNodeID
    /// It serves the tenants of this instance, and nothing of another tenant ever reaches it; `nil` for a process beside
    /// a node, whose plan holds its own tenants only.
    package let instanceID: InstanceID?
    package var settings: NodeSettings

    package init(id: VoiceNodeID, instanceID: InstanceID? = nil, settings: NodeSettings = NodeSettings()) {
        self.id = id
        self.instanceID = instanceID
        self.settings = settings
    }

    /// Whether a tenant is one of the node's.
    package func serves(_ entry: VoicePlan.Entry) -> Bool {
        instanceID == nil || instanceID == entry.plan.identity.instanceID
    }
}

/// How a node is set up; the same values make its bundle of files and the answers that replace some of them.
package struct NodeSettings: Sendable, Hashable, Codable {
    /// The node's own address for phones and carriers; `nil` lets FreeSWITCH find it.
    package var sipAddress: String?
    /// The address under which others see a node behind a router that translates addresses; `nil` for none.
    package var externalAddress: String?
    package var phonePort = 5060
    package var trunkPort = 5080
    /// Where agents of the platform take calls: `host` or `host:port`; `nil` when calls cannot go to agents.
    package var agentEndpoint: String?
    /// From where they place calls, in CIDR form; empty for nowhere.
    package var agentSources: [String] = []
    /// From where the event socket may be reached beside the node itself, in CIDR form.
    package var controlSources: [String] = []
    /// Where emergency calls go that are made without the control plane: `host` or `host:port` of a carrier that knows
    /// the node by its address.
    package var emergencyProxy: String?
    package var emergencyNumbers = ["112"]
    /// The directory on the node with `agent.pem` (certificate and key) and `cafile.pem`, for SIP over TLS; `nil` for none.
    package var certificateDirectory: String?
    /// A call whose sound stops for so long has ended without telling.
    package var silenceSeconds = 120

    package init() {}

    /// Where SIP over TLS is taken, beside the ports for UDP and TCP.
    package var securePhonePort: Int { phonePort + 1 }
    package var secureTrunkPort: Int { trunkPort + 1 }
    /// Where emergency calls are taken from phones that cannot prove who they are, when there is an `emergencyProxy`.
    package var emergencyPort: Int { phonePort + 10 }
}

/// The answer to a node. It is always HTTP status 200: everything else makes FreeSWITCH refuse the login or the call.
package enum SwitchAnswer: Sendable, Hashable {
    /// A whole document.
    case document(String)
    case notFound(NotFound)

    /// Why the answer is "not found".
    package enum NotFound: String, Sendable, Hashable, CaseIterable {
        /// The node's own files answer it.
        case notManaged = "not_managed"
        case unreadable
        case unknownDomain = "unknown_domain"
        /// The domain exists in another spelling: a registration under it would never be found.
        case spelling
        case unknownUser = "unknown_user"
        case disabledUser = "disabled_user"
        case noCredential = "no_credential"
        /// Credentials of one domain for an address of another.
        case otherDomain = "other_domain"
        /// Credentials of one user for the address of another.
        case otherUser = "other_user"
        case unknownTenant = "unknown_tenant"
        case unknownNumber = "unknown_number"
        /// The address is on no allow list of the trunk.
        case sourceNotAllowed = "source_not_allowed"
        /// A value could not be written safely.
        case unsafeValue = "unsafe_value"
    }

    package var text: String {
        switch self {
        case .document(let text): text
        case .notFound: SwitchDocument.notFound
        }
    }

    package var notFound: NotFound? {
        if case .notFound(let reason) = self { reason } else { nil }
    }

    init(_ document: SwitchDocument) {
        do { self = .document(try document.text()) } catch { self = .notFound(.unsafeValue) }
    }
}
