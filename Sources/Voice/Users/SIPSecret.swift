import Crypto
import Kernel
import Tenancy

/// The rules of a phone's secret.
enum SIPSecret {
    /// As long as an old one works beside the new one, unless something else is asked for.
    static let rotationDays: Int64 = 7
    /// A rotation is over after this time at the latest.
    static let longestRotationDays: Int64 = 90
    static let lengths = 12...64

    /// Without characters that are mistaken for each other when somebody types them into a phone. More than 120 bits.
    private static let alphabet = Array("abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789")

    /// 22 characters from the system's generator.
    static func generated() -> PlainSecret {
        var generator = SystemRandomNumberGenerator()
        return PlainSecret(String((0..<22).compactMap { _ in alphabet.randomElement(using: &generator) }))
    }

    /// What somebody chose: long enough, printable ASCII without blanks and quotes, and not the name.
    static func chosen(_ text: String, name: String) throws(Problem) -> PlainSecret {
        guard lengths.contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
        else {
            throw .invalid(
                "secret",
                "must have \(lengths.lowerBound) to \(lengths.upperBound) printable ASCII characters without blanks, "
                    + "quotes and backslashes; leave it out to get one made")
        }
        guard Set(text).count >= 6, !(name.count >= 3 && text.lowercased().contains(name)) else {
            throw .invalid("secret", "is too easy to guess; leave it out to get one made")
        }
        return PlainSecret(text)
    }

    /// What a node compares with: HA1 of RFC 2617.
    static func digest(name: String, domain: String, _ secret: PlainSecret) -> String {
        let text = Array("\(name):\(domain):".utf8) + secret.bytes
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: Insecure.MD5.hash(data: text).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }
}
