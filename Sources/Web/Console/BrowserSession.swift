import Crypto
import Kernel

/// The cookies of a browser and what follows from them. A visitor without a session gets a random secret of its own, so
/// that the sign-in form is protected against forged requests too.
struct BrowserSession: Sendable {
    private static let flashSeconds = 60

    /// The session's secret as the browser sent it; nobody has checked it yet.
    let token: String?
    let flash: Flash?
    private let visitor: String
    private let isNewVisitor: Bool
    private let isSecure: Bool
    private let authority: String?

    init(_ request: IncomingRequest, isSecure: Bool) {
        self.isSecure = isSecure
        authority = request.authority
        token = request.cookie(Self.name("session", isSecure))
        flash = request.cookie(Self.name("flash", isSecure)).flatMap(FlashCoding.decode)
        let known = request.cookie(Self.name("visitor", isSecure)).flatMap { $0.utf8.count == 43 ? $0 : nil }
        isNewVisitor = known == nil
        visitor = known ?? Self.random()
    }

    private static func name(_ name: String, _ isSecure: Bool) -> String { isSecure ? "__Host-\(name)" : name }

    private static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return Base64URL.encode((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    // MARK: Forged requests

    /// Derived from the session's secret, so that it needs no storage and ends with the session.
    var csrfToken: String {
        let key = SymmetricKey(data: Array((token ?? visitor).utf8))
        return Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: Array("console form".utf8), using: key)))
    }

    /// A browser says where a form came from; another site is refused whatever the token says.
    func checkOrigin(of request: IncomingRequest) throws(Problem) {
        for site in request.values("sec-fetch-site") where site != "same-origin" && site != "none" {
            throw Self.forged
        }
        for origin in request.values("origin") {
            guard let host = authority,
                origin.lowercased() == "http://\(host)".lowercased()
                    || origin.lowercased() == "https://\(host)".lowercased()
            else { throw Self.forged }
        }
    }

    func checkToken(_ sent: String?) throws(Problem) {
        guard let sent, Self.isEqual(Array(sent.utf8), Array(csrfToken.utf8)) else { throw Self.forged }
    }

    /// Takes the same time for every wrong token of the right length.
    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static let forged = Problem(
        status: 403, reason: "FORM_EXPIRED", title: "The form is no longer valid",
        detail: "Go back, load the page again and repeat the change.")

    // MARK: Cookies

    func cookie(session: String, seconds: Int) -> Header { cookie("session", session, seconds: seconds) }

    func cookie(flash: Flash) -> Header { cookie("flash", FlashCoding.encode(flash), seconds: Self.flashSeconds) }

    func cookie(preference name: String, _ value: String) -> Header {
        let secure = isSecure ? "; Secure" : ""
        return Header("set-cookie", "\(name)=\(value); Path=/; SameSite=Lax; Max-Age=31536000\(secure)")
    }

    func endingCookies() -> [Header] { [cookie("session", "", seconds: 0), cookie("visitor", "", seconds: 0)] }

    /// A shown message is forgotten; a new visitor is remembered until the browser closes.
    func cookiesAfterPage() -> [Header] {
        var cookies: [Header] = []
        if flash != nil { cookies.append(cookie("flash", "", seconds: 0)) }
        if token == nil, isNewVisitor { cookies.append(cookie("visitor", visitor, seconds: nil)) }
        return cookies
    }

    private func cookie(_ name: String, _ value: String, seconds: Int?) -> Header {
        let age = seconds.map { "; Max-Age=\($0)" } ?? ""
        let secure = isSecure ? "; Secure" : ""
        return Header(
            "set-cookie", "\(Self.name(name, isSecure))=\(value); Path=/; HttpOnly; SameSite=Lax\(age)\(secure)")
    }
}

/// A message in a cookie. It is escaped when shown, like every text.
enum FlashCoding {
    static func encode(_ flash: Flash) -> String {
        Base64URL.encode(Array("\(flash.tone.rawValue)\n\(flash.text.prefix(500))".utf8))
    }

    static func decode(_ cookie: String) -> Flash? {
        guard let bytes = Base64URL.decode(cookie), let text = String(validating: bytes, as: UTF8.self),
            let end = text.firstIndex(of: "\n"), let tone = Flash.Tone(rawValue: String(text[..<end]))
        else { return nil }
        return Flash(tone, String(text[text.index(after: end)...].prefix(500)))
    }
}

/// Base 64 for addresses and cookies, without padding (RFC 4648 section 5).
package enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let values: [UInt8: UInt32] = Dictionary(
        uniqueKeysWithValues: alphabet.enumerated().map { ($1, UInt32($0)) })

    package static func encode(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let number = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for position in 0...group.count {
                result.append(alphabet[Int(number >> UInt32(18 - 6 * position) & 63)])
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// `nil` for foreign characters and impossible lengths.
    package static func decode(_ text: String) -> [UInt8]? {
        var result: [UInt8] = []
        var number: UInt32 = 0
        var bits = 0
        for character in text.utf8 {
            guard let value = values[character] else { return nil }
            number = (number << 6 | value) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                result.append(UInt8(truncatingIfNeeded: number >> UInt32(bits)))
            }
        }
        return bits < 6 ? result : nil
    }
}
