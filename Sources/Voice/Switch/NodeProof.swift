import Crypto
import FoundationEssentials
import Kernel
import Synchronization

/// What a node sends to prove who it is: HTTP Basic (RFC 7617) or HTTP Digest with MD5 (RFC 7616), the two that
/// FreeSWITCH's modules offer.
enum NodeProof: Sendable, Equatable {
    case basic(username: String, password: String)
    case digest(DigestProof)

    /// `nil` for any other scheme and for a header that cannot be read.
    init?(_ header: String) {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        switch parts[0].lowercased() {
        case "basic":
            guard let bytes = Data(base64Encoded: String(parts[1])), bytes.count <= 1024,
                let text = String(validating: bytes, as: UTF8.self), let colon = text.firstIndex(of: ":")
            else { return nil }
            self = .basic(username: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
        case "digest":
            guard parts[1].utf8.count <= 4096, let proof = DigestProof(parts[1]) else { return nil }
            self = .digest(proof)
        default: return nil
        }
    }
}

/// The fields of `Authorization: Digest`.
struct DigestProof: Sendable, Equatable {
    let username: String
    let realm: String
    let nonce: String
    let uri: String
    let response: String
    /// `auth` with its client nonce and count; `nil` for the form of RFC 2069.
    let quality: Quality?

    struct Quality: Sendable, Equatable {
        let clientNonce: String
        let count: String
    }

    init?(_ text: Substring) {
        let fields = Self.fields(text)
        guard let username = fields["username"], let realm = fields["realm"], let nonce = fields["nonce"],
            let uri = fields["uri"], let response = fields["response"],
            fields["algorithm"].map({ $0.uppercased() == "MD5" }) ?? true
        else { return nil }
        self.username = username
        self.realm = realm
        self.nonce = nonce
        self.uri = uri
        self.response = response.lowercased()
        guard let quality = fields["qop"] else {
            self.quality = nil
            return
        }
        guard quality == "auth", let client = fields["cnonce"], let count = fields["nc"] else { return nil }
        self.quality = Quality(clientNonce: client, count: count)
    }

    /// Whether it was made with the password behind `digest` for this method and target.
    func matches(_ digest: String, method: String, target: String) -> Bool {
        guard uri == target, realm == NodeCredential.realm else { return false }
        let request = NodeCredential.md5("\(method):\(uri)")
        let expected =
            quality.map {
                NodeCredential.md5("\(digest):\(nonce):\($0.count):\($0.clientNonce):auth:\(request)")
            } ?? NodeCredential.md5("\(digest):\(nonce):\(request)")
        return ConstantTime.isEqual(Array(expected.utf8), Array(response.utf8))
    }

    /// `name="value"` and `name=value`, separated by commas; a backslash inside quotes takes the next character as it
    /// is.
    private static func fields(_ text: Substring) -> [String: String] {
        var fields: [String: String] = [:]
        var rest = text
        while let equals = rest.firstIndex(of: "=") {
            let name = rest[..<equals].drop { $0 == " " || $0 == "," }.lowercased()
            rest = rest[rest.index(after: equals)...]
            var value = ""
            if rest.first == "\"" {
                rest.removeFirst()
                while let character = rest.popFirst(), character != "\"" {
                    if character == "\\", let next = rest.popFirst() {
                        value.append(next)
                    } else {
                        value.append(character)
                    }
                }
            } else {
                value = String(rest.prefix { $0 != "," && $0 != " " })
                rest = rest.dropFirst(value.count)
            }
            if fields.updateValue(value, forKey: name) != nil { return [:] }
        }
        return fields
    }
}

enum ConstantTime {
    /// In the same time wherever they differ.
    static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// Nonces of HTTP Digest without memory: the time and a code over it that only this process can make.
struct NonceMint: Sendable {
    static let lifetimeMicroseconds: Int64 = 300_000_000
    private let key: SymmetricKey

    init(key: SymmetricKey = SymmetricKey(size: .bits256)) { self.key = key }

    func nonce(at now: Timestamp) -> String {
        let time = String(now.microseconds, radix: 16)
        return "\(time).\(code(time))"
    }

    func isFresh(_ nonce: String, at now: Timestamp) -> Bool {
        let parts = nonce.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let time = Int64(parts[0], radix: 16),
            ConstantTime.isEqual(Array(parts[1].utf8), Array(code(String(parts[0])).utf8))
        else { return false }
        let age = now.microseconds - time
        return age >= 0 && age <= Self.lifetimeMicroseconds
    }

    private func code(_ text: String) -> String {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key).prefix(16).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
