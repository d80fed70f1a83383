import Crypto
import Foundation
import Kernel
import Telephony

/// The two tenants of the recordings, as plans: `t1.voice.test` and `t2.voice.test`, users 1001 and 1002 in each, one
/// trunk and one number each.
package enum RecordedPlans {
    package static func id<Kind>(_ number: UInt8) -> ID<Kind> { ID(UUID(bytes: [UInt8](repeating: number, count: 16))) }

    package static let first = tenant(1, trunk: trunkA)
    package static let second = tenant(2, trunk: trunkB)
    package static let both = VoicePlan([first, second])
    package static let node = NodeContext(id: id(0xA0))

    package static let trunkA = Trunk(
        id: id(0x51), displayName: "Carrier A", proxy: "127.0.0.1:5090", identification: .address,
        allowedAddresses: ["127.0.0.0/8"], use: Trunk.Use())
    package static let trunkB = Trunk(
        id: id(0x52), displayName: "Carrier B", proxy: "127.0.0.1:5091",
        identification: .registration(username: "trunk-t2", secret: "trunk & <pw>", realm: "carrier-b.test"),
        allowedAddresses: ["127.0.0.0/8"], use: Trunk.Use())

    package static func tenant(_ number: UInt8, trunk: Trunk, instance: InstanceID? = nil) -> VoicePlan.Entry {
        let domain = "t\(number).voice.test"
        var directory = TenantPlan.Directory()
        directory.users = [1001, 1002].map { name in
            SIPUser(
                id: user(number, name), name: "\(name)", digests: [digest("\(name)", domain, "pw-t\(number)-\(name)")],
                displayName: "User \(name) of t\(number)", callerNumber: nil, siteID: nil)
        }
        directory.groups = [
            CallGroup(
                id: id(0x30 + number), name: "default", displayName: "All", strategy: .simultaneous,
                members: directory.users.map(\.id), ringSeconds: 20)
        ]
        var routing = TenantPlan.Routing()
        routing.trunks = [trunk]
        routing.numbers = [
            PhoneNumber(
                id: id(0x40 + number), e164: Self.number(of: number), displayName: "Main",
                routes: [RouteEntry(target: .user(user(number, 1001)))])
        ]
        let identity = TenantPlan.Identity(
            tenantID: id(number), organisationID: id(0x60 + number), domain: domain, country: .austria,
            instanceID: instance ?? id(0x60 + number))
        return VoicePlan.Entry(
            revision: String(repeating: "\(number)", count: 32),
            plan: TenantPlan(identity, directory: directory, routing: routing))
    }

    package static func user(_ tenant: UInt8, _ name: Int) -> SIPUserID { id(tenant << 4 | UInt8(name % 10)) }

    /// MD5 of `user:realm:secret`.
    package static func digest(_ user: String, _ realm: String, _ secret: String) -> String {
        Insecure.MD5.hash(data: Array("\(user):\(realm):\(secret)".utf8)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    /// `+155500011001` and `+155500021001`.
    private static func number(of tenant: UInt8) -> E164 {
        E164(digits: "1555000\(tenant)1001") ?? number(of: 1)
    }
}
