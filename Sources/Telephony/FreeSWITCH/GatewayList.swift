import Kernel

/// The gateways of a tenant's trunks, which FreeSWITCH finds inside a user of the directory.
enum GatewayList {
    /// The groups with the one user that holds all gateways: the place where a profile looks for them. Its name is no
    /// user's of the tenant and it has no credential, so that it can neither sign in nor be rung.
    static func groups(of entry: VoicePlan.Entry) -> [SwitchElement] {
        let known = gateways(of: entry.plan)
        let gateways = entry.plan.routing.trunks.compactMap { known[$0.gatewayName] }
        guard !gateways.isEmpty else { return [] }
        let holder = SwitchElement(
            "user", ["id": "*trunks"],
            [
                SwitchElement("gateways", [:], gateways),
                SwitchElement(
                    "params", [:],
                    [.param("sip-forbid-register", "true"), .param("allow-empty-password", "false")]),
            ])
        return [
            SwitchElement(
                "groups", [:],
                [SwitchElement("group", ["name": "trunks"], [SwitchElement("users", [:], [holder])])])
        ]
    }

    /// Every gateway that a node gets to see of a tenant, by its name.
    static func gateways(of plan: TenantPlan?) -> [String: SwitchElement] {
        guard let plan else { return [:] }
        let gateways = plan.routing.trunks.filter(\.use.isEnabled).map { ($0.gatewayName, gateway($0, plan)) }
        return Dictionary(gateways.filter(\.1.isSafe), uniquingKeysWith: { first, _ in first })
    }

    private static func gateway(_ trunk: Trunk, _ plan: TenantPlan) -> SwitchElement {
        let variables = SwitchElement(
            "variables", [:],
            // Without a direction they are on calls of both: `both` would mean neither.
            [
                .variable("tenant_id", SwitchValue(plan.tenantID)),
                .variable("x_trunk_id", SwitchValue(trunk.id)),
            ])
        let common: [SwitchElement] = [
            .param("proxy", .word(trunk.proxy)),
            .param("caller-id-in-from", "true"),
            .param("extension", "auto_to_user"),
            .param("context", "public"),
            .param("register-transport", .word(trunk.transport.rawValue)),
        ]
        let identification: [SwitchElement]
        switch trunk.identification {
        case .address:
            identification = [
                .param("realm", .word(host(of: trunk.proxy))),
                .param("register", "false"),
                .param("extension-in-contact", "true"),
                // OPTIONS twice a minute, with every answer told. With a minimum of 0 the node itself never takes the gateway
                // for dead: not every carrier answers them, and it would refuse emergency calls, too.
                .param("ping", "30"),
                .param("ping-min", "0"),
                .param("ping-monitoring", "true"),
            ]
        case .registration(let username, let secret, let realm):
            identification = [
                .param("username", .exact(username)),
                .param("password", .exact(secret)),
                .param("realm", .word(realm)),
                .param("register", "true"),
                .param("expire-seconds", "600"),
                .param("retry-seconds", "30"),
            ]
        }
        return SwitchElement(
            "gateway", ["name": .word(trunk.gatewayName)], identification + common + [variables])
    }

    private static func host(of proxy: String) -> String {
        if proxy.hasPrefix("["), let end = proxy.firstIndex(of: "]") { return String(proxy[...end]) }
        return proxy.split(separator: ":", maxSplits: 1).first.map(String.init) ?? proxy
    }
}
