/// The fields of a request of `mod_xml_curl`, from a POST body or a GET query.
///
/// SIP headers `X-…` of a caller are appended to the form under their own names and channel variables follow under
/// theirs. So only known names are read, the first of two equal ones counts, and what the request is about comes from
/// its first five fields alone, which FreeSWITCH itself always puts there.
package struct FormFields: Sendable {
    /// The first five: `hostname` (the switchname), `section`, `tag_name`, `key_name`, `key_value`.
    package struct Header: Sendable, Hashable {
        package var hostname = ""
        package var section = ""
        package var tagName = ""
        package var keyName = ""
        package var keyValue = ""
    }

    package let header: Header
    private let values: [Name: String]

    /// More pairs than any node sends; a request with more is refused before it costs time.
    static let pairLimit = 2000

    /// `nil` without a section, and for a form with too many pairs. Invalid escapes stay as they are; bytes that are no
    /// UTF-8, as in a phone's Latin-1 name, become replacement characters. A `+` is a plus: blanks come as `%20`.
    package init?(_ form: [UInt8]) {
        var header = Header()
        var values: [Name: String] = [:]
        for (position, pair) in form.split(separator: UInt8(ascii: "&")).enumerated() {
            guard position < Self.pairLimit else { return nil }
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let value = equals == pair.endIndex ? [] : pair[(equals + 1)...]
            let name = String(decoding: pair[..<equals], as: UTF8.self)
            if position < 5, header.take(name, value) { continue }
            if let name = Name(rawValue: name), values[name] == nil { values[name] = PercentText.decoded(value) }
        }
        guard !header.section.isEmpty else { return nil }
        self.header = header
        self.values = values
    }

    /// `nil` when the field is missing or empty.
    package subscript(_ name: Name) -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        return value
    }
}

extension FormFields.Header {
    /// Whether it was one of the five, and the first of its name.
    fileprivate mutating func take(_ name: String, _ value: ArraySlice<UInt8>) -> Bool {
        switch name {
        case "hostname" where hostname.isEmpty: hostname = PercentText.decoded(value)
        case "section" where section.isEmpty: section = PercentText.decoded(value)
        case "tag_name" where tagName.isEmpty: tagName = PercentText.decoded(value)
        case "key_name" where keyName.isEmpty: keyName = PercentText.decoded(value)
        case "key_value" where keyValue.isEmpty: keyValue = PercentText.decoded(value)
        default: return false
        }
        return true
    }
}

/// Percent escapes of bytes that need not be UTF-8.
enum PercentText {
    static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
        guard bytes.contains(UInt8(ascii: "%")) else { return String(decoding: bytes, as: UTF8.self) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.endIndex, let high = digit(bytes[index + 1]),
                let low = digit(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension FormFields {
    /// Every name that is read; all others, the `X-…` headers of callers among them, are as if they were not there.
    package enum Name: String, Sendable, Hashable, CaseIterable {
        case coreUUID = "Core-UUID"
        // directory and configuration
        case action, purpose, profile, reconfig, user, domain, group, ip
        case groupName = "group_name"
        case authUsername = "sip_auth_username"
        case authRealm = "sip_auth_realm"
        case authNonce = "sip_auth_nonce"
        case authURI = "sip_auth_uri"
        case authQOP = "sip_auth_qop"
        case authClientNonce = "sip_auth_cnonce"
        case authNonceCount = "sip_auth_nc"
        case authResponse = "sip_auth_response"
        case authMethod = "sip_auth_method"
        case toUser = "sip_to_user"
        case toHost = "sip_to_host"
        case fromHost = "sip_from_host"
        // dialplan: the leg
        case legUUID = "Unique-ID"
        case direction = "Call-Direction"
        case answerState = "Answer-State"
        case context = "Hunt-Context"
        case destination = "Hunt-Destination-Number"
        case callerNumber = "Hunt-Caller-ID-Number"
        case transferSource = "Hunt-Transfer-Source"
        // dialplan: who it is, from what FreeSWITCH or we set
        case legAuthUsername = "variable_sip_auth_username"
        case legAuthRealm = "variable_sip_auth_realm"
        case legTenant = "variable_tenant_id"
        case legGateway = "variable_sip_gateway"
        case legACL = "variable_sip_acl_authed_by"
        case legNetworkAddress = "variable_sip_network_ip"
        case dialledUser = "variable_dialed_user"
        case dialledDomain = "variable_dialed_domain"
        case referredBy = "variable_sip_h_Referred-By"
        case referTo = "variable_sip_refer_to"
        case callID = "variable_x_call_id"
        case originUser = "variable_x_origin_user"
        case forwardOf = "variable_x_forward_of"
        // dialplan: what an agent's endpoint says; believed from its own addresses only
        case agentTenant = "variable_sip_h_X-Tenant-Id"
        case agentNumber = "variable_sip_h_X-Number-Id"
        case agentCall = "variable_sip_h_X-Call-Id"
    }
}
