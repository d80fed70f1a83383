import Kernel

/// What a node asks with `mod_xml_curl`.
package enum SwitchRequest: Sendable, Hashable {
    case directory(DirectoryRequest)
    case dialplan(DialplanRequest)
    case configuration(ConfigurationRequest)
    /// A section that is none of ours, such as `phrases`.
    case other(section: String)

    /// `nil` for a form that names no section, and for a dialplan request without a leg, a context or a destination.
    package init?(_ form: FormFields) {
        switch form.header.section {
        case "directory": self = .directory(DirectoryRequest(form))
        case "dialplan":
            guard let request = DialplanRequest(form) else { return nil }
            self = .dialplan(request)
        case "configuration": self = .configuration(ConfigurationRequest(form))
        default: self = .other(section: form.header.section)
        }
    }
}

/// A configuration file of the node, `sofia.conf` for example.
package struct ConfigurationRequest: Sendable, Hashable {
    package let name: String
    /// The SIP profile that is being loaded, of `sofia.conf`.
    package let profile: String?
    /// Whether a running node reads it anew.
    package let isReload: Bool

    init(_ form: FormFields) {
        name = form.header.keyValue
        profile = form[.profile]
        isReload = form[.reconfig] == "true"
    }
}

/// A question about users, gateways or addresses of a domain.
package struct DirectoryRequest: Sendable, Hashable {
    /// What is asked about the domain.
    package enum Question: Sendable, Hashable {
        /// A phone signs in or places a call with credentials.
        case authentication(PhoneAuthentication)
        /// `user/1002@domain` is rung.
        case call(user: String)
        /// A SIP profile loads its gateways; all domains' when `domain` is empty.
        case gateways(profile: String?)
        /// An access list names the domain.
        case networkList
        case group(name: String)
        /// `user_exists`, `user_data` and their like.
        case user(name: String)
        /// The domain alone: `domain_exists`, `list_users`.
        case domain
        /// Event socket logins, remote challenges, transfers between nodes: not managed.
        case other(String)
    }

    /// As it was asked for; the answer's domain has to be spelt the same. Empty for all domains.
    package let domain: String
    package let question: Question

    init(_ form: FormFields) {
        domain = form.header.keyValue
        question = Self.question(form)
    }

    private static func question(_ form: FormFields) -> Question {
        // A domain beside the key is the same one; a request that says otherwise was not made by FreeSWITCH.
        if let domain = form[.domain], domain != form.header.keyValue { return .other("two domains") }
        switch (form[.action], form[.purpose]) {
        case ("sip_auth", _): return PhoneAuthentication(form).map { .authentication($0) } ?? .other("sip_auth")
        case ("user_call", _): return form[.user].map { .call(user: $0) } ?? .other("user_call")
        case ("group_call", _):
            return (form[.groupName] ?? form[.group]).map { .group(name: $0) } ?? .other("group_call")
        case (.some(let action), _): return .other(action)
        case (_, "gateways"): return .gateways(profile: form[.profile])
        case (_, "network-list"): return .networkList
        case (_, .some(let purpose)): return .other(purpose)
        case (nil, nil): return form[.user].map { .user(name: $0) } ?? .domain
        }
    }
}

/// The login of a phone. FreeSWITCH computes the digest itself but checks neither that the domain of the credentials is
/// the one that is registered, nor how it is spelt.
package struct PhoneAuthentication: Sendable, Hashable {
    /// What the phone sent to prove that it knows the secret.
    package struct Proof: Sendable, Hashable {
        package let nonce: String
        package let uri: String
        package let response: String
        /// `qop`, `cnonce` and `nc`, which come together or not at all.
        package let quality: Quality?
    }

    /// `qop` and what belongs to it, as sent.
    package struct Quality: Sendable, Hashable {
        package let name: String
        package let clientNonce: String
        package let count: String
    }

    /// Who the request is about and who says it is made; the node whitelists fields, so some may be missing.
    package struct Addresses: Sendable, Hashable {
        package let toUser: String?
        package let toHost: String?
        package let fromHost: String?
    }

    /// `REGISTER`, `INVITE`, `SUBSCRIBE` …
    package let method: String
    package let username: String
    package let realm: String
    package let addresses: Addresses
    package let proof: Proof?
    /// Where the packet came from.
    package let sourceAddress: String?

    /// `nil` when it names no user, no realm or no method, or two users.
    init?(_ form: FormFields) {
        guard let username = form[.authUsername] ?? form[.user], let realm = form[.authRealm] ?? form[.domain],
            form[.user] == nil || form[.user] == username
        else { return nil }
        guard let method = form[.authMethod] else { return nil }
        self.method = method
        self.username = username
        self.realm = realm
        addresses = Addresses(toUser: form[.toUser], toHost: form[.toHost], fromHost: form[.fromHost])
        sourceAddress = form[.ip]
        guard let nonce = form[.authNonce], let uri = form[.authURI], let response = form[.authResponse] else {
            proof = nil
            return
        }
        var quality: Quality?
        if let name = form[.authQOP], let client = form[.authClientNonce], let count = form[.authNonceCount] {
            quality = Quality(name: name, clientNonce: client, count: count)
        }
        proof = Proof(nonce: nonce, uri: uri, response: response, quality: quality)
    }
}
