import Crypto
import Kernel
import Telephony
import Tenancy

/// One FreeSWITCH as the control plane knows it. It serves the tenants of its instance.
package struct VoiceNode: Sendable, Equatable {
    /// A retired node is answered nothing; the records of the calls that it had are still taken.
    package enum State: String, Sendable, Codable, CaseIterable { case active, retired }

    /// Where its event socket is reached.
    package struct EventSocket: Sendable, Equatable {
        package let host: String
        package let port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// What is known of the running process.
    package struct Sighting: Sendable, Equatable {
        package let lastSeenAt: Timestamp?
        package let coreUUID: String?
    }

    package let id: VoiceNodeID
    /// The instance's.
    package let organisationID: OrganisationID
    package let instanceID: InstanceID
    /// Also its user name; it never changes.
    package let name: String
    /// What FreeSWITCH calls itself in requests and records.
    package var switchname: String
    package var eventSocket: EventSocket?
    package var settings: NodeSettings
    package var state: State
    package let sighting: Sighting
    package let life: Life

    /// The row's times.
    package struct Life: Sendable, Equatable {
        package let revision: Int64
        package let createdAt: Timestamp
        package let updatedAt: Timestamp
    }

    package var context: NodeContext { NodeContext(id: id, instanceID: instanceID, settings: settings) }
}

/// A node with its secrets in the clear: the only moment at which anybody sees them.
package struct IssuedNode: Sendable {
    package let node: VoiceNode
    package let secrets: NodeSecrets
}

/// The same with the password of its event socket, for its bundle of files.
package struct IssuedBundle: Sendable {
    package let node: VoiceNode
    package let secrets: NodeSecrets
    package let eventSocketPassword: String

    /// What the bundle's file of secrets says.
    package var credentials: NodeBundle.Credentials {
        NodeBundle.Credentials(
            username: node.name, configurationSecret: secrets.configuration, recordsSecret: secrets.records,
            eventSocketPassword: eventSocketPassword)
    }
}

/// The two passwords of a node: one to ask with, one to deliver call records with.
package struct NodeSecrets: Sendable {
    package let configuration: String
    package let records: String

    /// About 190 random bits each, letters and digits only.
    package static func generate() -> NodeSecrets {
        NodeSecrets(configuration: NodeCredential.randomText(), records: NodeCredential.randomText())
    }
}

/// What is kept of a password: enough to check it, not to know it.
package struct NodeCredential: Sendable, Hashable {
    /// The realm of HTTP Digest; part of what the digest is made of, so it never changes.
    package static let realm = "fs"

    package let hash: [UInt8]
    /// MD5 of `name:realm:password`, hexadecimal, because that is all that HTTP Digest of libcurl and FreeSWITCH need.
    package let digest: String

    package init(name: String, password: String) {
        hash = Self.hash(of: password)
        digest = Self.md5("\(name):\(Self.realm):\(password)")
    }

    package init(hash: [UInt8], digest: String) {
        self.hash = hash
        self.digest = digest
    }

    /// SHA-256; the passwords are random, so a slow hash would protect nothing more.
    static func hash(of password: String) -> [UInt8] { Array(SHA256.hash(data: Array(password.utf8))) }

    static func md5(_ text: String) -> String {
        Insecure.MD5.hash(data: Array(text.utf8)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    static func randomText() -> String {
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        var generator = SystemRandomNumberGenerator()
        return String((0..<32).map { _ in alphabet[Int.random(in: 0..<62, using: &generator)] })
    }
}

/// What a node may prove itself with, per purpose: the newest first, and an earlier one while it is being replaced.
package struct NodeCredentials: Sendable, Hashable {
    /// What a password is for.
    package enum Purpose: Sendable, Hashable {
        /// `mod_xml_curl`.
        case configuration
        /// `mod_json_cdr`.
        case records
    }

    package var configuration: [NodeCredential]
    package var records: [NodeCredential]

    package subscript(_ purpose: Purpose) -> [NodeCredential] {
        switch purpose {
        case .configuration: configuration
        case .records: records
        }
    }

    /// New ones in front; of the old ones the newest stays.
    func adding(_ secrets: NodeSecrets, named name: String) -> NodeCredentials {
        NodeCredentials(
            configuration: [NodeCredential(name: name, password: secrets.configuration)] + configuration.prefix(1),
            records: [NodeCredential(name: name, password: secrets.records)] + records.prefix(1))
    }
}

/// What is sent to create or change a node. `nil` leaves a value as it is.
package struct NodeChanges: Sendable {
    package var switchname: String?
    package var eventSocket: VoiceNode.EventSocket?
    package var settings: NodeSettings?
    package var state: VoiceNode.State?

    package init() {}

    func applied(to node: VoiceNode) throws(Problem) -> VoiceNode {
        var new = node
        var fields = FieldChecks()
        if let switchname {
            if NodeNames.isHost(switchname), switchname == switchname.lowercased() {
                new.switchname = switchname
            } else {
                fields.refuse("switchname", "must be a host name in lower case, for example fs1.voice.example")
            }
        }
        if let eventSocket {
            if NodeNames.isHost(eventSocket.host), (1...65535).contains(eventSocket.port) {
                new.eventSocket = eventSocket
            } else {
                fields.refuse("event_socket", "must be a host name or an address and a port")
            }
        }
        if let settings {
            NodeNames.check(settings, &fields)
            new.settings = settings
        }
        try fields.throwIfAny()
        new.state = state ?? new.state
        return new
    }
}

/// Names of nodes and what else is written into their files.
enum NodeNames {
    /// 1–32 of `a-z 0-9 -`, no dash at an end.
    static func isName(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count) && text.first != "-" && text.last != "-"
            && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }

    /// A host name or an address, without a port.
    static func isHost(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46
                    || $0 == 58
            }
    }

    private static func isPath(_ text: String) -> Bool {
        (2...200).contains(text.utf8.count) && text.hasPrefix("/") && !text.contains("..")
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (65...90).contains($0) || (45...57).contains($0) || $0 == 95
            }
    }

    private static func checkPorts(_ settings: NodeSettings, _ fields: inout FieldChecks) {
        var (ports, more) = ([settings.phonePort, settings.trunkPort], "")
        if settings.certificateDirectory != nil {
            ports += [settings.securePhonePort, settings.secureTrunkPort]
            more += ", for TLS the ones after them"
        }
        if settings.emergencyProxy != nil {
            ports.append(settings.emergencyPort)
            more += ", for emergency calls the tenth after the phones'"
        }
        if !ports.allSatisfy({ (1...65535).contains($0) }) || Set(ports).count != ports.count {
            fields.refuse("settings", "needs two different ports\(more)")
        }
    }

    static func check(_ settings: NodeSettings, _ fields: inout FieldChecks) {
        for (name, host) in [
            ("settings.sip_address", settings.sipAddress), ("settings.agent_endpoint", settings.agentEndpoint),
            ("settings.emergency_proxy", settings.emergencyProxy),
        ] where host.map(isHost) == false { fields.refuse(name, "must be a host name or an address") }
        for (name, blocks) in [
            ("settings.agent_sources", settings.agentSources), ("settings.control_sources", settings.controlSources),
        ] where !blocks.allSatisfy({ AddressBlock($0).map { !$0.isTooWide } ?? false }) {
            fields.refuse(name, "must be networks in CIDR form, none wider than /8 (IPv6: /16)")
        }
        if let external = settings.externalAddress, external.contains("/") || AddressBlock(external) == nil {
            fields.refuse("settings.external_address", "must be an address, not a name")
        }
        checkPorts(settings, &fields)
        if let directory = settings.certificateDirectory, !isPath(directory) {
            fields.refuse(
                "settings.certificate_directory", "must be an absolute path of the characters A-Z a-z 0-9 . _ - /")
        }
        if !(10...3600).contains(settings.silenceSeconds) {
            fields.refuse("settings.silence_seconds", "must be between 10 and 3600")
        }
        let numbers = settings.emergencyNumbers
        if numbers.isEmpty || !numbers.allSatisfy({ (2...6).contains($0.utf8.count) && $0.allSatisfy(\.isWholeNumber) })
        {
            fields.refuse("settings.emergency_numbers", "must be numbers of 2 to 6 digits")
        }
    }
}

extension VoiceNode {
    /// What the audit log compares.
    var auditFields: [String: String] {
        [
            "switchname": switchname, "state": state.rawValue,
            "event_socket": eventSocket.map { "\($0.host):\($0.port)" } ?? "",
            "sip_address": settings.sipAddress ?? "", "agent_endpoint": settings.agentEndpoint ?? "",
            "emergency_proxy": settings.emergencyProxy ?? "", "external_address": settings.externalAddress ?? "",
            "certificate_directory": settings.certificateDirectory ?? "",
        ]
    }
}

/// Which nodes are wanted.
package struct NodeFilter: Sendable {
    package var instanceID: InstanceID?
    package var state: VoiceNode.State?

    package init() {}
}
