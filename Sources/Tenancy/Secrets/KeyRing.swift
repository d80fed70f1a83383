import Crypto
import FoundationEssentials

/// A key that wraps data keys: 256 bits from outside of the database, a file or the environment. It is used for nothing
/// else, so changing it means to wrap some data keys anew and touches no secret.
package struct KeyEncryptionKey: Sendable, Equatable, CustomStringConvertible {
    /// Named after its own hash, so that a row of the database says which one it needs, and no two are mistaken.
    package let id: String
    private let key: SymmetricKey

    /// `nil` unless there are exactly 32 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        key = SymmetricKey(data: bytes)
        id = "kek-" + SHA256.hash(data: Array("kek ".utf8) + bytes).prefix(8).hexadecimalText
    }

    /// A new one in base64, as the setting takes it.
    package static func generatedText() -> String {
        SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64EncodedString()
    }

    /// Never the key.
    package var description: String { id }

    private static let format: UInt8 = 1

    func wrap(_ dataKey: SymmetricKey, for context: [UInt8]) throws -> [UInt8] {
        let plain = dataKey.withUnsafeBytes { Array($0) }
        let box = try AES.GCM.seal(plain, using: key, authenticating: [Self.format] + context)
        guard let combined = box.combined else { throw SecretLoss.damaged }
        return [Self.format] + combined
    }

    func unwrap(_ wrapped: [UInt8], for context: [UInt8]) throws(SecretLoss) -> SymmetricKey {
        guard wrapped.first == Self.format else { throw .unknownFormat }
        do {
            let box = try AES.GCM.SealedBox(combined: wrapped.dropFirst())
            return SymmetricKey(data: try AES.GCM.open(box, using: key, authenticating: [Self.format] + context))
        } catch {
            throw .damaged
        }
    }
}

/// The key that wraps new data keys, and earlier ones that may still be needed.
package struct KeyRing: Sendable, Equatable, CustomStringConvertible {
    /// What is wrong with the setting, without repeating it.
    package struct Invalid: Error, CustomStringConvertible {
        package let description: String
    }

    package let current: KeyEncryptionKey
    private let earlier: [KeyEncryptionKey]

    /// Reads keys in base64, one a line or separated by commas, the current one first. Lines that begin with `#` are
    /// comments.
    package init(text: String) throws(Invalid) {
        var keys: [KeyEncryptionKey] = []
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }
        for word in lines.flatMap({ $0.split { $0 == "," || $0 == " " || $0 == "\t" } }) {
            guard let data = Data(base64Encoded: String(word)), let key = KeyEncryptionKey(Array(data)) else {
                throw Invalid(description: "a key encryption key is 32 random bytes in base64 (44 characters)")
            }
            keys.append(key)
        }
        guard let first = keys.first else { throw Invalid(description: "there is no key encryption key in it") }
        current = first
        earlier = Array(keys.dropFirst())
    }

    package subscript(id: String) -> KeyEncryptionKey? { ([current] + earlier).first { $0.id == id } }

    /// The names of the keys, never the keys.
    package var description: String { ([current] + earlier).map(\.id).joined(separator: ", ") }
}

extension Sequence<UInt8> {
    /// Two lower-case digits per byte.
    var hexadecimalText: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
