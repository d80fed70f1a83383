import Kernel

/// The configuration files that change while a node runs. For all others its own file is the answer, so that it also
/// starts while the control plane is away.
package enum ConfigurationAnswer {
    /// `acl.conf` for the trunks of the tenants that the node serves; "not found" for every other file.
    package static func answer(_ request: ConfigurationRequest, plan: VoicePlan, node: NodeContext) -> SwitchAnswer {
        guard request.name == "acl.conf" else { return .notFound(.notManaged) }
        let trunks = plan.entries.filter(node.serves).flatMap(\.plan.routing.trunks).filter(\.use.isEnabled)
        let carriers = trunks.flatMap(\.allowedAddresses)
        return SwitchAnswer(
            SwitchDocument(.configuration, [AccessLists.element(carriers: carriers, settings: node.settings)]))
    }
}

/// `acl.conf`: who reaches what without a password. Every list denies by default; an empty one lets nobody in.
enum AccessLists {
    static let carriers = "carriers"
    static let agents = "agents"
    static let control = "control"

    /// Addresses that are none are left out, and so are ranges so wide that they cannot be a carrier's.
    static func element(carriers addresses: [String], settings: NodeSettings) -> SwitchElement {
        let emergency = settings.emergencyProxy.flatMap { AddressBlock(String($0.prefix { $0 != ":" }))?.description }
        return SwitchElement(
            "configuration", ["name": "acl.conf", "description": "Network lists"],
            [
                SwitchElement(
                    "network-lists", [:],
                    [
                        list("carriers", addresses + [emergency].compactMap(\.self)),
                        list("agents", settings.agentSources),
                        list("control", ["127.0.0.0/8", "::1/128"] + settings.controlSources),
                    ])
            ])
    }

    private static func list(_ name: StaticString, _ addresses: [String]) -> SwitchElement {
        let blocks = Set(addresses.compactMap { AddressBlock($0) }.filter { !$0.isTooWide }.map(\.description))
        return SwitchElement(
            "list", ["name": SwitchValue(stringLiteral: "\(name)"), "default": "deny"],
            blocks.sorted().map { SwitchElement("node", ["type": "allow", "cidr": .word($0)]) })
    }
}

/// `sofia.conf`: one profile for phones, which sign in with a digest, and one for carriers and agents, which are known
/// by their address.
enum SofiaConfiguration {
    static let phoneProfile = "internal"
    static let trunkProfile = "external"

    static func element(_ settings: NodeSettings) -> SwitchElement {
        SwitchElement(
            "configuration", ["name": "sofia.conf", "description": "SIP"],
            [
                SwitchElement("global_settings", [:], [.param("log-level", "0"), .param("debug-presence", "0")]),
                SwitchElement("profiles", [:], [phones(settings), trunks(settings)]),
            ])
    }

    private static func phones(_ settings: NodeSettings) -> SwitchElement {
        let rules: [SwitchElement] = [
            .param("auth-calls", "true"),
            .param("auth-all-packets", "false"),
            .param("accept-blind-reg", "false"),
            .param("accept-blind-auth", "false"),
            .param("inbound-reg-force-matching-username", "true"),
            .param("challenge-realm", "auto_from"),
            .param("nonce-ttl", "60"),
            .param("log-auth-failures", "true"),
            .param("manage-presence", "false"),
            .param("enable-timer", "false"),
            .param("rtp-timer-name", "soft"),
            .param("multiple-registrations", "contact"),
            .param("max-registrations-per-extension", "5"),
        ]
        return SwitchElement(
            "profile", ["name": "internal"],
            [
                SwitchElement(
                    "domains", [:], [SwitchElement("domain", ["name": "all", "alias": "true", "parse": "false"])]),
                SwitchElement(
                    "settings", [:],
                    sockets(settings, port: settings.phonePort) + rules
                        // phones have no certificate of their own: their digest says who they are
                        + encryption(settings, port: settings.securePhonePort, verifying: "none")),
            ])
    }

    private static func trunks(_ settings: NodeSettings) -> SwitchElement {
        let rules: [SwitchElement] = [
            .param("auth-calls", "true"),
            .param("auth-calls-acl-only", "true"),
            .param("apply-inbound-acl", "carriers"),
            .param("apply-inbound-acl", "agents"),
            .param("disable-register", "true"),
            .param("manage-presence", "false"),
            .param("enable-timer", "false"),
            .param("rtp-timer-name", "soft"),
        ]
        return SwitchElement(
            "profile", ["name": "external"],
            [
                SwitchElement("gateways", [:], emergencyGateway(settings)),
                SwitchElement(
                    "domains", [:], [SwitchElement("domain", ["name": "all", "alias": "false", "parse": "true"])]),
                SwitchElement(
                    "settings", [:],
                    sockets(settings, port: settings.trunkPort) + rules
                        + encryption(settings, port: settings.secureTrunkPort, verifying: "out")),
            ])
    }

    /// The one gateway that is there without the control plane.
    private static func emergencyGateway(_ settings: NodeSettings) -> [SwitchElement] {
        guard let proxy = settings.emergencyProxy else { return [] }
        return [
            SwitchElement(
                "gateway", ["name": "emergency"],
                [
                    .param("realm", .word(proxy)), .param("proxy", .word(proxy)), .param("register", "false"),
                    .param("caller-id-in-from", "true"),
                ])
        ]
    }

    /// SIP over TLS, off until the node has a certificate: a profile without one would not start.
    private static func encryption(
        _ settings: NodeSettings, port: Int, verifying policy: StaticString
    ) -> [SwitchElement] {
        guard let directory = settings.certificateDirectory else { return [.param("tls", "false")] }
        return [
            .param("tls", "true"),
            .param("tls-only", "false"),
            .param("tls-bind-params", "transport=tls"),
            .param("tls-sip-port", SwitchValue(port)),
            .param("tls-cert-dir", .word(directory)),
            .param("tls-version", "tlsv1.2"),
            .param("tls-verify-policy", SwitchValue(stringLiteral: "\(policy)")),
            .param("tls-verify-date", "true"),
        ]
    }

    private static func sockets(_ settings: NodeSettings, port: Int) -> [SwitchElement] {
        let address = settings.sipAddress.map { SwitchValue.word($0) } ?? .globals("$${local_ip_v4}")
        return [
            .param("user-agent-string", "FreeSWITCH"),
            .param("context", "public"),
            .param("dialplan", "XML"),
            .param("sip-ip", address),
            .param("rtp-ip", address),
            .param("sip-port", SwitchValue(port)),
            .param("codec-prefs", "PCMA,PCMU"),
            .param("inbound-codec-negotiation", "generous"),
            .param("sip-trace", "no"),
        ]
    }
}
