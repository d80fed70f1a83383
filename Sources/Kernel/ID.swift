import FoundationEssentials

/// Names the prefix of an identifier, so that an id of one kind is never taken for another.
package protocol IdentifierKind: Sendable {
    /// Lower-case letters, at most 12: `tenant` in `tenant_01k…`.
    static var prefix: String { get }
}

/// A typed identifier: a prefix over a time-ordered UUID (version 7, RFC 9562), written as
/// `tenant_01h455vb4pex5vsknk084sn02q` (26 characters of Crockford base 32, the TypeID form).
package struct ID<Kind: IdentifierKind>: Hashable, Sendable, Comparable, CustomStringConvertible, Codable {
    /// The bare UUID, as the database stores it.
    package let uuid: UUID

    package init(_ uuid: UUID) { self.uuid = uuid }

    /// Parses the written form; `nil` for another prefix, a wrong length or a foreign character.
    package init?(_ text: some StringProtocol) {
        let uuid = Array(text.utf8).withUnsafeBufferPointer { CrockfordBase32.uuid(from: $0, prefix: Kind.prefix) }
        guard let uuid else { return nil }
        self.uuid = uuid
    }

    /// The same from the bytes of a larger text.
    package init?(utf8 text: UnsafeBufferPointer<UInt8>) {
        guard let uuid = CrockfordBase32.uuid(from: text, prefix: Kind.prefix) else { return nil }
        self.uuid = uuid
    }

    package var description: String { "\(Kind.prefix)_\(CrockfordBase32.text(of: uuid))" }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "must be an id of the form \(Kind.prefix)_… (26 characters)")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package static func < (left: Self, right: Self) -> Bool { left.uuid.uuidString < right.uuid.uuidString }
}

/// The source of new identifiers; injected, so that tests can repeat a run.
package struct IDSource: Sendable {
    private let next: @Sendable () -> UUID

    package init(_ next: @escaping @Sendable () -> UUID) { self.next = next }

    /// The next identifier.
    package func new<Kind>(_ kind: ID<Kind>.Type = ID<Kind>.self) -> ID<Kind> { ID(next()) }

    /// UUID version 7: 48 bits of Unix milliseconds, 12 bits of their fraction (RFC 9562, method 3), so that what one
    /// transaction writes keeps its order, then random bits.
    package static let timeOrdered = IDSource {
        let microseconds = UInt64(max(0, Timestamp.systemNow().microseconds))
        let milliseconds = microseconds / 1000
        let fraction = microseconds % 1000 * 4096 / 1000
        var bytes = [UInt8](repeating: 0, count: 16)
        for index in 0..<6 { bytes[index] = UInt8(truncatingIfNeeded: milliseconds >> UInt64(8 * (5 - index))) }
        var generator = SystemRandomNumberGenerator()
        for index in 8..<16 { bytes[index] = UInt8.random(in: 0...255, using: &generator) }
        bytes[6] = UInt8(truncatingIfNeeded: fraction >> 8) | 0x70
        bytes[7] = UInt8(truncatingIfNeeded: fraction)
        bytes[8] = (bytes[8] & 0x3F) | 0x80
        return UUID(bytes: bytes)
    }
}

extension UUID {
    /// Exactly 16 bytes, in network order.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == 16, "a UUID has 16 bytes")
        self.init(
            uuid: (
                bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
                bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]
            ))
    }

    /// The number's 128 bits, the highest first.
    package init(number: UInt128) {
        self = withUnsafeBytes(of: number.bigEndian) { UUID(uuid: $0.load(as: uuid_t.self)) }
    }

    /// The 16 bytes in network order.
    package var bytes: [UInt8] { withUnsafeBytes(of: uuid) { Array($0) } }
}

/// Crockford's base 32 over 128 bits, as TypeID writes it: 26 characters, the first at most 7.
enum CrockfordBase32 {
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    static func text(of uuid: UUID) -> String {
        var number = uuid.bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        var characters = [UInt8](repeating: 0, count: 26)
        for index in stride(from: 25, through: 0, by: -1) {
            characters[index] = alphabet[Int(number & 31)]
            number >>= 5
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Reads `prefix_` and 26 characters, and nothing else.
    static func uuid(from text: UnsafeBufferPointer<UInt8>, prefix: String) -> UUID? {
        let start = prefix.utf8.count + 1
        guard text.count == start + 26, text[start - 1] == UInt8(ascii: "_"),
            text[..<(start - 1)].elementsEqual(prefix.utf8), values[Int(text[start])] <= 7
        else { return nil }
        var number = UInt128(0)
        for index in start..<text.count {
            let value = values[Int(text[index])]
            guard value != 255 else { return nil }
            number = number << 5 | UInt128(value)
        }
        return UUID(number: number)
    }
}
