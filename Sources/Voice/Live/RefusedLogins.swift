import Kernel
import Synchronization
import Telephony

/// A phone that was not let in, once or many times.
package struct RefusedLogin: Sendable, Hashable {
    /// What it wanted.
    package enum Method: String, Sendable, Hashable, Codable, CaseIterable {
        case register, call
        /// Subscriptions and the like.
        case other
    }

    /// Why it did not get that.
    package enum Reason: String, Sendable, Hashable, Codable, CaseIterable {
        /// The node compared the secret, and it was another one.
        case wrongSecret = "wrong_secret"
        case unknownUser = "unknown_user"
        case disabledUser = "disabled_user"
        case noCredential = "no_credential"
        /// Credentials of one domain for an address of another.
        case otherDomain = "other_domain"
        /// Credentials of one user for the address of another.
        case otherUser = "other_user"
        /// The domain was written with capitals.
        case spelling
    }

    /// What tells one from another.
    package struct Attempt: Sendable, Hashable {
        package let method: Method
        package let reason: Reason
        /// Who it said it is; empty for a call with a wrong secret, of which the node does not tell it.
        package let user: String
        package let networkAddress: String
        package let nodeID: VoiceNodeID
    }

    package let attempt: Attempt
    package fileprivate(set) var count = 1
    package let firstAt: Timestamp
    package fileprivate(set) var lastAt: Timestamp
}

/// Phones that were not let in, the newest of each tenant, in memory: for people who wonder why a phone stays silent. It is
/// no log: a restart forgets them, and a process knows those that it refused itself or whose node it is connected to.
package final class RefusedLogins: Sendable {
    private let refusals = Mutex<[TenantID: [RefusedLogin]]>([:])
    /// For each tenant; whoever guesses secrets drives out the oldest, no more.
    static let kept = 50
    /// A node tells of a refusal after we refused it the user: that is one login.
    private static let echo = Duration.seconds(10)
    private static let longestUser = 64

    package init() {}

    /// The newest first.
    package func list(of tenant: TenantID) -> [RefusedLogin] { refusals.withLock { $0[tenant] ?? [] } }

    /// A user was not given to a node.
    func note(_ login: PhoneAuthentication, _ reason: SwitchAnswer.NotFound, by node: VoiceNodeID, _ at: Found) {
        guard let reason = RefusedLogin.Reason(rawValue: reason.rawValue) else { return }
        add(
            RefusedLogin.Attempt(
                method: .init(login.method), reason: reason, user: String(login.username.prefix(Self.longestUser)),
                networkAddress: login.sourceAddress ?? "", nodeID: node), at)
    }

    /// A node refused a login.
    package func note(_ login: NodeView.RefusedLogin, by node: VoiceNodeID, _ at: Found) {
        add(
            RefusedLogin.Attempt(
                method: .init(login.method), reason: .wrongSecret,
                user: login.method == "REGISTER" ? String(login.user.prefix(Self.longestUser)) : "",
                networkAddress: login.networkAddress, nodeID: node), at)
    }

    /// Whose login it was, and when.
    package struct Found: Sendable {
        let tenant: TenantID
        let now: Timestamp

        package init(_ tenant: TenantID, at now: Timestamp) {
            self.tenant = tenant
            self.now = now
        }
    }

    private func add(_ attempt: RefusedLogin.Attempt, _ found: Found) {
        refusals.withLock { refusals in
            var list = refusals[found.tenant] ?? []
            if attempt.reason == .wrongSecret,
                list.contains(where: { $0.isCause(of: attempt, at: found.now, Self.echo) })
            {
                return
            }
            var login = RefusedLogin(attempt: attempt, firstAt: found.now, lastAt: found.now)
            if let index = list.firstIndex(where: { $0.attempt == attempt }) {
                login = list.remove(at: index)
                login.count += 1
                login.lastAt = found.now
            }
            list.insert(login, at: 0)
            refusals[found.tenant] = Array(list.prefix(Self.kept))
        }
    }
}

extension RefusedLogin {
    fileprivate func isCause(of echo: Attempt, at now: Timestamp, _ span: Duration) -> Bool {
        attempt.reason != .wrongSecret && attempt.method == echo.method && attempt.nodeID == echo.nodeID
            && attempt.networkAddress == echo.networkAddress && now.since(lastAt) < span
    }
}

extension RefusedLogin.Method {
    /// From SIP's own name.
    fileprivate init(_ name: String) {
        switch name {
        case "REGISTER": self = .register
        case "INVITE": self = .call
        default: self = .other
        }
    }
}

/// A refused login as the API shows it.
package struct RefusedLoginResource: Codable, Sendable {
    package let method: RefusedLogin.Method
    package let reason: RefusedLogin.Reason
    /// Who it said it is; empty where the node does not tell.
    package let user: String
    package let networkAddress: String
    package let nodeID: VoiceNodeID
    /// How often in a row of equal ones.
    package let count: Int
    package let firstAt: Timestamp
    package let lastAt: Timestamp

    init(_ login: RefusedLogin) {
        method = login.attempt.method
        reason = login.attempt.reason
        user = login.attempt.user
        networkAddress = login.attempt.networkAddress
        nodeID = login.attempt.nodeID
        count = login.count
        firstAt = login.firstAt
        lastAt = login.lastAt
    }
}

/// The refused logins of a tenant, the newest first.
package struct RefusedLoginList: Codable, Sendable {
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let refusedLogins: [RefusedLoginResource]
}
