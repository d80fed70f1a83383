import Kernel
import Telephony
import Tenancy
import Web

/// A node as the API shows it.
package struct NodeResource: Codable, Sendable, Revisioned {
    /// Where its event socket is reached.
    package struct EventSocket: Codable, Sendable {
        package let host: String
        package let port: Int
    }

    package let voiceNodeID: VoiceNodeID
    package let organisationID: OrganisationID
    package let instanceID: InstanceID
    package let name: String
    package let switchname: String
    package let eventSocket: EventSocket?
    package let settings: NodeSettingsResource
    package let state: VoiceNode.State
    /// Exact to a minute.
    package let lastSeenAt: Timestamp?
    /// Of the process that runs now; another one after each start.
    package let coreUUID: String?
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    /// Only in the answer that creates or rotates them, and only the first time.
    package var secrets: NodeSecretsResource?

    package init(_ node: VoiceNode, secrets: NodeSecrets? = nil) {
        voiceNodeID = node.id
        organisationID = node.organisationID
        instanceID = node.instanceID
        name = node.name
        switchname = node.switchname
        eventSocket = node.eventSocket.map { EventSocket(host: $0.host, port: $0.port) }
        settings = NodeSettingsResource(node.settings)
        state = node.state
        lastSeenAt = node.sighting.lastSeenAt
        coreUUID = node.sighting.coreUUID
        revision = node.life.revision
        createdAt = node.life.createdAt
        updatedAt = node.life.updatedAt
        self.secrets = secrets.map(NodeSecretsResource.init)
    }

    /// What is stored for a repeated request.
    @Sendable static func withoutSecrets(_ node: NodeResource) -> NodeResource {
        var node = node
        node.secrets = nil
        return node
    }
}

/// The passwords of a node; its user name is the node's name.
package struct NodeSecretsResource: Codable, Sendable {
    /// For `mod_xml_curl`.
    package let configurationSecret: String
    /// For `mod_json_cdr`.
    package let recordsSecret: String

    init(_ secrets: NodeSecrets) {
        configurationSecret = secrets.configuration
        recordsSecret = secrets.records
    }
}

/// How a node is set up. What is left out has its default.
package struct NodeSettingsResource: Codable, Sendable {
    /// Its own address for phones and carriers; `null` lets FreeSWITCH find it.
    package let sipAddress: String?
    /// The address under which others see it behind a router that translates addresses; `null` for none.
    package let externalAddress: String?
    package let phonePort: Int?
    package let trunkPort: Int?
    /// Where agents take calls: `host` or `host:port`.
    package let agentEndpoint: String?
    /// From where agents place calls, in CIDR form.
    package let agentSources: [String]?
    /// From where the event socket may be reached, in CIDR form.
    package let controlSources: [String]?
    /// Where emergency calls go while the control plane is away.
    package let emergencyProxy: String?
    package let emergencyNumbers: [String]?
    /// The directory on the node with `agent.pem` (certificate and key) and `cafile.pem`: SIP over TLS is taken on the ports
    /// after `phone_port` and `trunk_port`. `null` for none.
    package let certificateDirectory: String?
    /// A call without sound ends after so long.
    package let silenceSeconds: Int?

    init(_ settings: NodeSettings) {
        sipAddress = settings.sipAddress
        externalAddress = settings.externalAddress
        phonePort = settings.phonePort
        trunkPort = settings.trunkPort
        agentEndpoint = settings.agentEndpoint
        agentSources = settings.agentSources
        controlSources = settings.controlSources
        emergencyProxy = settings.emergencyProxy
        emergencyNumbers = settings.emergencyNumbers
        certificateDirectory = settings.certificateDirectory
        silenceSeconds = settings.silenceSeconds
    }

    var settings: NodeSettings {
        var settings = NodeSettings()
        settings.sipAddress = sipAddress
        settings.externalAddress = externalAddress
        settings.phonePort = phonePort ?? settings.phonePort
        settings.trunkPort = trunkPort ?? settings.trunkPort
        settings.agentEndpoint = agentEndpoint
        settings.agentSources = agentSources ?? []
        settings.controlSources = controlSources ?? []
        settings.emergencyProxy = emergencyProxy
        settings.emergencyNumbers = emergencyNumbers ?? settings.emergencyNumbers
        settings.certificateDirectory = certificateDirectory
        settings.silenceSeconds = silenceSeconds ?? settings.silenceSeconds
        return settings
    }
}
