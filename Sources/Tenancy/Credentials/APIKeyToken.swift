import Crypto
import Kernel

/// A key as its owner holds it: `cfp_<key id>_<secret><checksum>`. The prefix says for whom, the key id is public, and
/// the checksum tells a mistyped or cut key from a wrong one without asking the database (and lets secret scanners find
/// leaked keys).
package struct APIKeyToken: Sendable {
    static let keyIDLength = 12
    static let secretLength = 32
    static let checksumLength = 6

    package let keyID: String
    /// The whole key; shown once, never stored.
    package let text: String

    /// The prefix by scope: vendor, partner, tenant.
    package static func prefix(of level: ScopeLevel) -> String {
        switch level {
        case .platform: "cfv"
        case .organisation: "cfp"
        case .tenant: "cft"
        }
    }

    /// A new key; about 190 random bits in the secret.
    package static func generate(for level: ScopeLevel, keyID: String? = nil) -> APIKeyToken {
        let keyID = keyID ?? Secret.base62(keyIDLength)
        let body = "\(prefix(of: level))_\(keyID)_\(Secret.base62(secretLength))"
        return APIKeyToken(keyID: keyID, text: body + checksum(of: body))
    }

    /// Reads a key that somebody sent; `nil` when the form or the checksum is wrong.
    package init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, ScopeLevel.allCases.contains(where: { Self.prefix(of: $0) == parts[0] }),
            parts[1].utf8.count == Self.keyIDLength,
            parts[2].utf8.count == Self.secretLength + Self.checksumLength,
            parts[1].utf8.allSatisfy(Base62.isDigit), parts[2].utf8.allSatisfy(Base62.isDigit),
            Self.checksum(of: String(text.dropLast(Self.checksumLength))) == text.suffix(Self.checksumLength)
        else { return nil }
        self.init(keyID: String(parts[1]), text: text)
    }

    private init(keyID: String, text: String) {
        self.keyID = keyID
        self.text = text
    }

    /// What the database keeps.
    package var hash: [UInt8] { Secret.hash(of: text) }

    /// Shown in lists, so that people can tell keys apart.
    package var lastFour: String { String(text.suffix(4)) }

    private static func checksum(of text: String) -> String {
        Base62.text(of: CRC32.checksum(of: text.utf8), width: checksumLength)
    }
}

/// Random secrets and their hashes.
package enum Secret {
    /// That many characters of 0–9, A–Z, a–z; 5.95 random bits each.
    package static func base62(_ count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        let characters = (0..<count).map { _ in Base62.alphabet[Int.random(in: 0..<62, using: &generator)] }
        return String(decoding: characters, as: UTF8.self)
    }

    /// SHA-256. Our secrets have far more than 128 random bits: a slow hash would protect nothing more.
    package static func hash(of text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

    /// Whether two hashes are equal, in the same time wherever they differ.
    package static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

enum Base62 {
    static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    static func isDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    /// With leading zeros.
    static func text(of number: UInt32, width: Int) -> String {
        var rest = number
        var digits = [UInt8](repeating: alphabet[0], count: width)
        for index in stride(from: width - 1, through: 0, by: -1) {
            digits[index] = alphabet[Int(rest % 62)]
            rest /= 62
        }
        return String(decoding: digits, as: UTF8.self)
    }
}

/// The checksum of zip and Ethernet (reflected polynomial EDB88320).
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }

    static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(UInt32.max) { table[Int(($0 ^ UInt32($1)) & 255)] ^ $0 >> 8 }
    }
}
