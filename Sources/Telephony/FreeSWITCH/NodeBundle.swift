import Kernel

/// The whole configuration of one FreeSWITCH node, so that it needs nothing else to join: no file of the vanilla
/// configuration, no user, no default password. What changes comes from the control plane; what is here lets a node
/// start, keep its call records and place emergency calls while the control plane is away.
package struct NodeBundle: Sendable {
    /// One file, by its path inside the configuration directory.
    package struct File: Sendable, Hashable {
        /// Who may read or run it.
        package enum Kind: Sendable, Hashable {
            case plain
            /// To be readable by its owner alone.
            case secret
            case script
        }

        package let path: String
        package let text: String
        package let kind: Kind
    }

    /// Where the node finds the control plane.
    package struct Endpoints: Sendable, Hashable {
        /// `https://voice.example` without a slash at the end; asked one after the other, so two make an outage rarer.
        package let controlPlanes: [String]
        /// The file with the certificate authority; `nil` for the system's.
        package let authorityFile: String?
        /// Where the event socket listens.
        package let eventSocketAddress: String
        package let eventSocketPort: Int

        package init(
            controlPlanes: [String], authorityFile: String? = nil, eventSocketAddress: String = "127.0.0.1",
            eventSocketPort: Int = 8021
        ) {
            self.controlPlanes = controlPlanes
            self.authorityFile = authorityFile
            self.eventSocketAddress = eventSocketAddress
            self.eventSocketPort = eventSocketPort
        }
    }

    /// Made once; the control plane keeps what it needs to check them. Letters and digits only.
    package struct Credentials: Sendable, Hashable {
        package let username: String
        package let configurationSecret: String
        package let recordsSecret: String
        package let eventSocketPassword: String

        package init(
            username: String, configurationSecret: String, recordsSecret: String, eventSocketPassword: String
        ) {
            self.username = username
            self.configurationSecret = configurationSecret
            self.recordsSecret = recordsSecret
            self.eventSocketPassword = eventSocketPassword
        }
    }

    /// The node's name on the wire (`switchname`), by which its records are known.
    let switchname: String
    let settings: NodeSettings
    let endpoints: Endpoints
    let credentials: Credentials
    /// Where the files will lie on the node: an absolute path.
    package let directory: String

    package init(
        switchname: String, settings: NodeSettings, endpoints: Endpoints, credentials: Credentials,
        directory: String = NodeBundle.usualDirectory
    ) {
        self.switchname = switchname
        self.directory = directory
        self.settings = settings
        self.endpoints = endpoints
        self.credentials = credentials
    }

    /// All files; throws when a name, an address or a secret has characters that do not belong there.
    package func files() throws(SwitchDocument.UnsafeValue) -> [File] {
        var files = [
            File(path: "freeswitch.xml", text: Self.root, kind: .plain),
            File(path: "secrets.xml", text: try secrets(), kind: .secret),
            File(path: "dialplan/emergency.xml", text: try dialplan(), kind: .plain),
            File(path: "self-check.sh", text: try selfCheck(), kind: .script),
        ]
        files += try services()
        for (name, element) in configurations() {
            files.append(
                File(
                    path: "autoload_configs/\(name).xml", text: try SwitchDocument.file(element), kind: .plain))
        }
        return files
    }

    /// Includes are the one thing that only the pre-processor can do, so this file is written by hand. Without `channels` a
    /// phone could have any address called: by a REFER to a call that the node does not have it would ask that address itself.
    private static let root = """
        <?xml version="1.0"?>
        <document type="freeswitch/xml">
          <X-PRE-PROCESS cmd="include" data="secrets.xml"/>
          <section name="configuration" description="What is the same for as long as the node runs">
            <X-PRE-PROCESS cmd="include" data="autoload_configs/*.xml"/>
          </section>
          <section name="dialplan" description="Emergency calls while the control plane is away">
            <X-PRE-PROCESS cmd="include" data="dialplan/*.xml"/>
          </section>
          <section name="directory" description="Empty: users come from the control plane alone">
          </section>
          <section name="channels" description="Where a call goes that is to take over one of another switch: nowhere">
            <params>
              <param name="dial-prefix" value=""/>
              <param name="absolute-dial-string" value="error/CALL_REJECTED"/>
            </params>
          </section>
        </document>

        """

    private func secrets() throws(SwitchDocument.UnsafeValue) -> String {
        let values = [
            ("voice_user", credentials.username), ("voice_xml_secret", credentials.configurationSecret),
            ("voice_cdr_secret", credentials.recordsSecret), ("voice_esl_password", credentials.eventSocketPassword),
        ]
        var text = "<include>\n"
        for (name, value) in values {
            guard value.utf8.allSatisfy({ $0 < 128 }),
                value.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }),
                !value.isEmpty
            else { throw SwitchDocument.UnsafeValue(element: "secrets", attribute: name) }
            text += "  <X-PRE-PROCESS cmd=\"set\" data=\"\(name)=\(value)\"/>\n"
        }
        return text + "</include>\n"
    }

    /// The context `emergency` is that of the profile with this name. `global` is used where the control plane gave no
    /// answer and no context has the leg's name: by a phone that the node still remembers. `public` exists and is empty,
    /// so that a carrier cannot reach the emergency trunk through it.
    private func dialplan() throws(SwitchDocument.UnsafeValue) -> String {
        let numbers = settings.emergencyNumbers.filter { !$0.isEmpty && $0.allSatisfy(\.isASCIIDigit) }
        var contexts = [SwitchElement("context", ["name": "public"])]
        if settings.emergencyProxy != nil, !numbers.isEmpty {
            let expression = SwitchValue.exact("^(\(numbers.joined(separator: "|")))$")
            let numbers = SwitchElement(
                "extension", ["name": "emergency"],
                [
                    SwitchElement(
                        "condition", ["field": "destination_number", "expression": expression],
                        [
                            .action("export", "call_class=emergency"),
                            .action("set", "hangup_after_bridge=true"),
                            .action("bridge", "sofia/gateway/emergency/$1"),
                        ])
                ])
            for name in [SofiaConfiguration.emergencyContext, "global"] {
                contexts.append(SwitchElement("context", ["name": SwitchValue(stringLiteral: name)], [numbers]))
            }
        }
        return try SwitchDocument.file(SwitchElement("include", [:], contexts))
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
