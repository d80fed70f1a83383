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

    /// Addresses that are none are left out, and so are ranges so wide that they cannot be a carrier's, and those from which
    /// agents call: FreeSWITCH names a call by the first list that its address is on, and whatever one tenant writes into a
    /// trunk, the agents of all stay agents.
    static func element(carriers addresses: [String], settings: NodeSettings) -> SwitchElement {
        let emergency = settings.emergencyProxy.map { String($0.prefix { $0 != ":" }) }
        let agents = blocks(settings.agentSources)
        let carriers = blocks(addresses + [emergency].compactMap(\.self)).filter {
            !agents.contains(where: $0.overlaps)
        }
        return SwitchElement(
            "configuration", ["name": "acl.conf", "description": "Network lists"],
            [
                SwitchElement(
                    "network-lists", [:],
                    [
                        list("carriers", carriers),
                        list("agents", agents),
                        list("control", blocks(["127.0.0.0/8", "::1/128"] + settings.controlSources)),
                    ])
            ])
    }

    private static func blocks(_ addresses: [String]) -> [AddressBlock] {
        addresses.compactMap { AddressBlock($0) }.filter { !$0.isTooWide }
    }

    private static func list(_ name: StaticString, _ blocks: [AddressBlock]) -> SwitchElement {
        SwitchElement(
            "list", ["name": SwitchValue(stringLiteral: "\(name)"), "default": "deny"],
            Set(blocks.map(\.description)).sorted().map {
                SwitchElement("node", ["type": "allow", "cidr": .word($0)])
            })
    }
}

/// `sofia.conf`: one profile for phones, which sign in with a digest, one for carriers and agents, which are known by
/// their address, and one for emergency calls, which asks nobody who he is.
enum SofiaConfiguration {
    static let trunkProfile = "external"
    /// Where legs of the emergency profile run. It is the node's own: the control plane answers nothing for it.
    static let emergencyContext = "emergency"

    static func profileNames(_ settings: NodeSettings) -> [String] {
        ["internal", "external"] + (settings.emergencyProxy == nil ? [] : ["emergency"])
    }

    static func element(_ settings: NodeSettings) -> SwitchElement {
        SwitchElement(
            "configuration", ["name": "sofia.conf", "description": "SIP"],
            [
                SwitchElement("global_settings", [:], [.param("log-level", "0"), .param("debug-presence", "0")]),
                SwitchElement("profiles", [:], [phones(settings), trunks(settings)] + emergency(settings)),
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
            // one that comes back with another port or under another Call-ID counts anew until the old one has expired
            .param("max-registrations-per-extension", "10"),
            // a phone that says a private address and is not in the node's own network is reached where it came from
            .param("apply-nat-acl", "nat.auto"),
        ]
        return SwitchElement(
            "profile", ["name": "internal"],
            [
                SwitchElement(
                    "domains", [:], [SwitchElement("domain", ["name": "all", "alias": "true", "parse": "false"])]),
                SwitchElement(
                    "settings", [:],
                    sockets(settings, port: settings.phonePort, context: "public") + rules
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
            // a carrier does not move a tenant's phone to another number
            .param("disable-transfer", "true"),
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
                    sockets(settings, port: settings.trunkPort, context: "public") + rules
                        + encryption(settings, port: settings.secureTrunkPort, verifying: "out")),
            ])
    }

    /// Where a phone calls for help when nobody can tell who it is: while the control plane is away `internal` cannot
    /// check a digest and refuses the call before it reads any dialplan. This profile checks none, also none that a
    /// phone sends unasked (which `accept-blind-auth` is for), registers nobody, transfers nothing and has no TLS, so
    /// that no certificate can keep it from starting.
    private static func emergency(_ settings: NodeSettings) -> [SwitchElement] {
        guard settings.emergencyProxy != nil else { return [] }
        let rules: [SwitchElement] = [
            .param("auth-calls", "false"),
            .param("accept-blind-auth", "true"),
            .param("disable-register", "true"),
            .param("disable-transfer", "true"),
            .param("manage-presence", "false"),
            .param("enable-timer", "false"),
            .param("rtp-timer-name", "soft"),
            .param("tls", "false"),
        ]
        let context = SwitchValue(stringLiteral: emergencyContext)
        return [
            SwitchElement(
                "profile", ["name": "emergency"],
                [
                    SwitchElement(
                        "settings", [:], sockets(settings, port: settings.emergencyPort, context: context) + rules)
                ])
        ]
    }

    static let emergencyGatewayName = "emergency"

    /// The one gateway that is there without the control plane. Whoever names it in a request URI gets the empty context.
    private static func emergencyGateway(_ settings: NodeSettings) -> [SwitchElement] {
        guard let proxy = settings.emergencyProxy else { return [] }
        return [
            SwitchElement(
                "gateway", ["name": SwitchValue(stringLiteral: emergencyGatewayName)],
                [
                    .param("realm", .word(proxy)), .param("proxy", .word(proxy)), .param("register", "false"),
                    .param("caller-id-in-from", "true"), .param("context", "public"),
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

    private static func sockets(_ settings: NodeSettings, port: Int, context: SwitchValue) -> [SwitchElement] {
        let address = settings.sipAddress.map { SwitchValue.word($0) } ?? .globals("$${local_ip_v4}")
        // those in the node's own network are told its own address all the same (`localnet.auto`)
        let seenAs = settings.externalAddress.map { external in
            [SwitchElement.param("ext-sip-ip", .word(external)), .param("ext-rtp-ip", .word(external))]
        }
        return [
            .param("user-agent-string", "FreeSWITCH"),
            .param("context", context),
            .param("dialplan", "XML"),
            .param("sip-ip", address),
            .param("rtp-ip", address),
            .param("sip-port", SwitchValue(port)),
            .param("codec-prefs", "PCMA,PCMU"),
            .param("inbound-codec-negotiation", "generous"),
            .param("sip-trace", "no"),
            .param("channel-xml-fetch-on-nightmare-transfer", "true"),
        ] + (seenAs ?? [])
    }
}
