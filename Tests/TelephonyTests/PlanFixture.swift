import FoundationEssentials
import Kernel
import Telephony
import Testing

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// A tenant in Vienna with two users, a group, two trunks and a number; tests change what they are about.
struct PlanFixture {
    static let now = Timestamp("2026-11-18T10:00:00Z") ?? Timestamp(seconds: 0)

    var barred: TenantPlan.Bar?
    var country = CountryCode.austria
    var users: [SIPUser] = []
    var groups: [CallGroup] = []
    var sites: [Site] = []
    var trunks: [Trunk] = []
    var numbers: [PhoneNumber] = []
    var schedules: [Schedule] = []
    var policy = TenantPlan.Policy()

    init() throws {
        policy.allotment.includedMilliseconds = 120_000_000
        policy.allotment.overageMicrosPerMinute = 80_000
        users = [Self.user(1, "1001"), Self.user(2, "1002")]
        groups = [
            CallGroup(
                id: Self.group, name: "sales", displayName: "", strategy: .simultaneous,
                members: users.map(\.id), ringSeconds: 20)
        ]
        trunks = [Self.trunk(1), Self.trunk(2, emergency: true, priority: 2)]
        numbers = [
            PhoneNumber(
                id: Self.did, e164: try e164("+43720123456"), displayName: "Main",
                routes: [RouteEntry(target: .user(users[0].id))])
        ]
    }

    var entry: VoicePlan.Entry { VoicePlan.Entry(revision: "rev", plan: plan) }

    var plan: TenantPlan {
        var directory = TenantPlan.Directory()
        directory.users = users
        directory.groups = groups
        directory.sites = sites
        var routing = TenantPlan.Routing()
        routing.trunks = trunks
        routing.numbers = numbers
        routing.schedules = schedules
        return TenantPlan(
            TenantPlan.Identity(
                tenantID: Self.id(9), organisationID: Self.id(8), domain: "a.example", country: country),
            barred: barred, directory: directory, routing: routing, policy: policy)
    }

    func decide(
        _ origin: LegRequest.Origin, _ dialled: String, _ standing: Standing = Standing(), call: String = "call-1",
        stage: LegRequest.Stage = .ringing
    ) -> Decision {
        var leg = LegRequest(callID: call, origin: origin, dialled: dialled, now: Self.now)
        leg.stage = stage
        return authorise(leg, entry, standing)
    }

    /// What user 1001 gets when it dials.
    func dial(_ dialled: String, _ standing: Standing = Standing()) -> Decision {
        decide(.user(Self.first), dialled, standing)
    }

    static let first: SIPUserID = id(1)
    static let second: SIPUserID = id(2)
    static let group: CallGroupID = id(3)
    static let did: PhoneNumberID = id(4)
    static let site: SiteID = id(5)

    static func id<Kind>(_ byte: UInt8) -> ID<Kind> { ID(UUID(bytes: [UInt8](repeating: byte, count: 16))) }

    static func user(
        _ byte: UInt8, _ name: String, site: SiteID? = nil, isEnabled: Bool = true, forward: SIPUser.Forward? = nil
    ) -> SIPUser {
        SIPUser(
            id: id(byte), name: name, digests: [], displayName: name, callerNumber: nil, siteID: site,
            isEnabled: isEnabled, forward: forward)
    }

    static func trunk(
        _ byte: UInt8, emergency: Bool = false, priority: Int = 1, prefixes: [String] = [], isEnabled: Bool = true,
        weight: Int = 1
    ) -> Trunk {
        var use = Trunk.Use()
        use.isEnabled = isEnabled
        use.carriesEmergency = emergency
        use.priority = priority
        use.prefixes = prefixes
        use.weight = weight
        return Trunk(
            id: id(byte), displayName: "Trunk \(byte)", proxy: "carrier.example", identification: .address,
            allowedAddresses: [], use: use)
    }

    static func number(_ text: String, _ byte: UInt8, _ target: RouteTarget, trunk: TrunkID? = nil) throws
        -> PhoneNumber
    {
        PhoneNumber(
            id: id(byte), e164: try e164(text), displayName: text, trunkID: trunk,
            routes: [RouteEntry(target: target)])
    }
}

/// A number that is written right.
func e164(_ text: String) throws -> E164 { try #require(E164(text)) }
