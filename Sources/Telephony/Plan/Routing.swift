import Kernel

/// The way to a carrier or to another exchange: one gateway of a node.
package struct Trunk: Sendable, Hashable, Codable {
    /// How the two sides know each other.
    package enum Identification: Sendable, Hashable, Codable {
        /// By address, both ways.
        case address
        /// The node registers at the carrier. The secret is sealed where the plan is stored and open only in memory.
        case registration(username: String, secret: String, realm: String)
    }

    package let id: TrunkID
    package let displayName: String
    /// `host` or `host:port` of the carrier.
    package let proxy: String
    package let identification: Identification
    /// What is shown in place of the secret of a registration, as of a user's.
    package let fingerprint: String?
    /// Sources of inbound calls, in CIDR form; an empty list lets nobody in.
    package let allowedAddresses: [String]
    package let use: Use
    /// How numbers are written to the carrier.
    package let format: NumberFormat
    package let transport: Transport

    package init(
        id: TrunkID, displayName: String, proxy: String, identification: Identification, fingerprint: String? = nil,
        allowedAddresses: [String], use: Use, format: NumberFormat = .e164Plus, transport: Transport = .udp
    ) {
        self.id = id
        self.displayName = displayName
        self.proxy = proxy
        self.identification = identification
        self.fingerprint = fingerprint
        self.allowedAddresses = allowedAddresses
        self.use = use
        self.format = format
        self.transport = transport
    }

    /// What SIP messages travel over.
    package enum Transport: String, Sendable, Hashable, Codable, CaseIterable {
        case udp, tcp, tls
    }

    /// What a trunk is used for.
    package struct Use: Sendable, Hashable, Codable {
        package var isEnabled = true
        package var carriesEmergency = false
        /// Smaller first; equal ones share by `weight`.
        package var priority = 1
        package var weight = 1
        /// Only destinations with one of these prefixes of E.164 (without `+`); empty for all.
        package var prefixes: [String] = []

        package init() {}
    }

    /// How the trunk wants numbers written: with the plus sign or as digits alone.
    package enum NumberFormat: String, Sendable, Hashable, Codable, CaseIterable {
        case e164Plus = "+e164"
        case e164
    }

    /// Its name on every node; the id is unique over all tenants, as gateway names have to be.
    package var gatewayName: String { "\(id)" }
}

/// A number at which the tenant is called, and with which it calls.
package struct PhoneNumber: Sendable, Hashable, Codable {
    package let id: PhoneNumberID
    package let e164: E164
    package let displayName: String
    /// The only trunk over which it may come in; `nil` for any of the tenant's.
    package let trunkID: TrunkID?
    /// Tried in order; the first whose schedule is open takes the call.
    package let routes: [RouteEntry]
    /// Most simultaneous inbound calls; `nil` for the tenant's limit alone.
    package let concurrentLimit: Int?

    package init(
        id: PhoneNumberID, e164: E164, displayName: String, trunkID: TrunkID? = nil, routes: [RouteEntry],
        concurrentLimit: Int? = nil
    ) {
        self.id = id
        self.e164 = e164
        self.displayName = displayName
        self.trunkID = trunkID
        self.routes = routes
        self.concurrentLimit = concurrentLimit
    }
}

/// One step of a number's routing.
package struct RouteEntry: Sendable, Hashable, Codable {
    /// When it applies; `nil` for always.
    package let scheduleID: ScheduleID?
    package let target: RouteTarget

    package init(scheduleID: ScheduleID? = nil, target: RouteTarget) {
        self.scheduleID = scheduleID
        self.target = target
    }
}

/// Where a call goes.
package enum RouteTarget: Sendable, Hashable, Codable {
    /// An agent of the platform: 1–64 of `A-Z a-z 0-9 . _ -`. The node reaches it at its agent endpoint.
    case agent(String)
    case user(SIPUserID)
    case group(CallGroupID)
    /// Out again; authorised as an outbound leg that the number pays.
    case external(E164)
    /// A tone, then the end.
    case reject
}

/// Opening hours in a time zone of their own.
package struct Schedule: Sendable, Hashable, Codable {
    package let id: ScheduleID
    package let displayName: String
    /// An IANA name.
    package let timeZone: String
    /// Open from `from` until before `to`, in minutes of the day.
    package struct Hours: Sendable, Hashable, Codable {
        /// ISO: 1 is Monday.
        package let weekday: Int
        package let from: Int
        package let to: Int

        package init(weekday: Int, from: Int, to: Int) {
            self.weekday = weekday
            self.from = from
            self.to = to
        }
    }

    package let hours: [Hours]
    /// Closed on these days, as `YYYY-MM-DD`.
    package let closedOn: [String]

    package init(id: ScheduleID, displayName: String, timeZone: String, hours: [Hours], closedOn: [String] = []) {
        self.id = id
        self.displayName = displayName
        self.timeZone = timeZone
        self.hours = hours
        self.closedOn = closedOn
    }
}
