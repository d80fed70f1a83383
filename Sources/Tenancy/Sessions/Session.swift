import Kernel

/// A console session that has just begun. The token goes into the cookie; only its hash is stored.
package struct OpenedSession: Sendable {
    package let token: String
    package let principal: Principal
    package let expiresAt: Timestamp

    /// *Decided*: a working day; then one signs in again.
    package static let duration: Duration = .seconds(12 * 3600)
    package static var seconds: Int { Int(duration.components.seconds) }
}

/// A password that opens one session, once: 80 random bits that a person can type, `7KQM-2XWD-9HTC-4VNB`.
package struct OneTimePassword: Sendable {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// In groups of four.
    package let text: String

    package static func generate() -> OneTimePassword {
        var generator = SystemRandomNumberGenerator()
        let groups = (0..<4).map { _ in
            String(
                decoding: (0..<4).map { _ in alphabet[Int.random(in: 0..<32, using: &generator)] }, as: UTF8.self)
        }
        return OneTimePassword(text: groups.joined(separator: "-"))
    }

    /// The hash of a password as somebody typed it: in any case, with or without hyphens, with the letters that look like
    /// digits; `nil` when it cannot be one.
    static func hash(ofTyped text: String) -> [UInt8]? {
        guard text.utf8.count <= 64 else { return nil }
        let characters = text.uppercased().utf8.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "-"), UInt8(ascii: " "): nil
            case UInt8(ascii: "O"): UInt8(ascii: "0")
            case UInt8(ascii: "I"), UInt8(ascii: "L"): UInt8(ascii: "1")
            default: byte
            }
        }
        guard characters.count == 16, characters.allSatisfy(alphabet.contains) else { return nil }
        return Secret.hash(of: String(decoding: characters, as: UTF8.self))
    }
}

extension Problem {
    /// 401: one answer for every reason, so that nobody learns which passwords exist.
    static let signInFailed = Problem(
        status: 401, reason: "SIGN_IN_FAILED", title: "This did not work",
        detail: "The password or key is not valid, was used already, or has expired. "
            + "'controlplane sign-in-password' prints a new password.")

    /// 429: another wrong one after too many from one address.
    static let tooManyAttempts = Problem(
        status: 429, reason: "TOO_MANY_ATTEMPTS", title: "Too many attempts",
        detail: "Too many wrong passwords or keys came from your address. A valid one still works; after a wrong one, "
            + "wait a quarter of an hour. 'controlplane sign-in-password' prints a new password.",
        retryAfterSeconds: 900)
}
