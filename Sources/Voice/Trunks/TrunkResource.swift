import Kernel
import Telephony
import Tenancy
import Web

extension TrunkKind: VoiceItemKind { package static var pathKey: String { "trunk_id" } }

/// How a node registers at a carrier.
package struct RegistrationFields: Codable, Sendable, Equatable {
    package var username: String
    /// The host of the proxy when it is left out.
    package var realm: String?
    /// Write-only. Left out in a change, it stays as it is.
    package var secret: String?

    package init(username: String, realm: String? = nil, secret: String? = nil) {
        self.username = username
        self.realm = realm
        self.secret = secret
    }
}

/// What is sent to create a trunk or to replace its settings.
package struct TrunkFields: Codable, Sendable {
    package var displayName: String
    /// `host` or `host:port` of the carrier or the exchange.
    package var proxy: String
    /// By default `udp`.
    package var transport: Trunk.Transport?
    /// For a trunk that registers; without it both sides know each other by address.
    package var registration: RegistrationFields?
    /// Who may call in, as addresses or CIDR. Empty or left out: nobody.
    package var allowedAddresses: [String]?
    /// By default `true`.
    package var enabled: Bool?
    /// Whether emergency calls go out here.
    package var carriesEmergency: Bool?
    /// Smaller first, by default 1; equal ones share by `weight`.
    package var priority: Int?
    package var weight: Int?
    /// Digits of E.164 that destinations begin with; empty or left out: all.
    package var prefixes: [String]?
    /// How numbers are written to the carrier; by default `+e164`.
    package var numberFormat: Trunk.NumberFormat?

    package init(displayName: String, proxy: String) {
        self.displayName = displayName
        self.proxy = proxy
    }
}

/// A trunk without its secret.
package struct TrunkSettings: Sendable, Equatable {
    /// Who the node is at the carrier.
    package struct Registration: Sendable, Equatable {
        package let username: String
        package let realm: String
    }

    package let id: TrunkID
    package let displayName: String
    package let proxy: String
    package let transport: Trunk.Transport
    package let registration: Registration?
    package let allowedAddresses: [String]
    package let use: Trunk.Use
    package let format: Trunk.NumberFormat

    /// Where a node listens for, and sends to, this trunk.
    var port: Int { ProxyAddress(proxy)?.port ?? (transport == .tls ? 5061 : 5060) }
}

/// A trunk as the API shows it.
package struct TrunkResource: Codable, Sendable, Revisioned {
    /// How it registers; never the secret.
    package struct Registration: Codable, Sendable, Equatable {
        package let username: String
        package let realm: String
        /// The stored secret cannot be read any more: the trunk does not register until somebody enters it again.
        package let needsReentry: Bool
    }

    /// How a node sees it.
    package struct NodeState: Codable, Sendable, Equatable {
        package let nodeID: VoiceNodeID
        /// As FreeSWITCH names it: `REGED`, `TRYING`, `FAIL_WAIT`… for one that registers. For one known by address `UP` or
        /// `DOWN` once it has answered OPTIONS, and `NOREG` before.
        package let state: String
        /// Calls of this node fail over it.
        package let isDown: Bool
        /// False while the node is not connected: then this is the last that was known.
        package let isCurrent: Bool
    }

    package let trunkID: TrunkID
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let displayName: String
    package let proxy: String
    package let transport: Trunk.Transport
    package let registration: Registration?
    package let allowedAddresses: [String]
    package let enabled: Bool
    package let carriesEmergency: Bool
    package let priority: Int
    package let weight: Int
    package let prefixes: [String]
    package let numberFormat: Trunk.NumberFormat
    /// What a person should know, for example that nobody can call in.
    package let notices: [String]
    /// The nodes that speak of it, at this moment.
    package let nodes: [NodeState]
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(_ view: TrunkView, on nodes: [LiveNodes.Node]) {
        let (stored, trunk) = (view.stored, view.stored.value)
        trunkID = trunk.id
        tenantID = stored.tenantID
        organisationID = stored.organisationID
        displayName = trunk.displayName
        proxy = trunk.proxy
        transport = trunk.transport
        registration = trunk.registration.map {
            Registration(username: $0.username, realm: $0.realm, needsReentry: view.secretLoss != nil)
        }
        allowedAddresses = trunk.allowedAddresses
        enabled = trunk.use.isEnabled
        carriesEmergency = trunk.use.carriesEmergency
        priority = trunk.use.priority
        weight = trunk.use.weight
        prefixes = trunk.use.prefixes
        numberFormat = trunk.format
        notices = view.notices
        self.nodes = nodes.compactMap { node in
            node.view.gateways[trunk.id.description].map { state in
                NodeState(
                    nodeID: node.endpoint.id, state: state, isDown: NodeView.isDown(state), isCurrent: node.isConnected)
            }
        }
        revision = stored.revision
        createdAt = stored.createdAt
        updatedAt = stored.updatedAt
    }
}

/// A trunk with what is known of its secret.
package struct TrunkView: Sendable {
    package let stored: Stored<TrunkSettings>
    /// `nil` when there is no secret, or when it can be read.
    package let secretLoss: SecretLoss?
    /// Allowed networks with addresses from which agents call.
    let ofAgents: [String]

    /// In sentences, each with the way out.
    package var notices: [String] {
        var notices: [String] = []
        if stored.value.allowedAddresses.isEmpty {
            notices.append(
                "Nobody can call in over this trunk: the list of allowed addresses is empty. Add the carrier's networks."
            )
        }
        if !ofAgents.isEmpty {
            notices.append(
                "Nobody can call in from \(ofAgents.joined(separator: ", ")): agents call from there. Name networks without "
                    + "their addresses.")
        }
        if !stored.value.use.isEnabled { notices.append("The trunk is switched off.") }
        if secretLoss != nil {
            notices.append("The secret cannot be read any more, so the trunk does not register. Enter it again.")
        }
        return notices
    }
}
