import Telephony

#if canImport(Glibc)
    import Glibc
#endif

/// A network of IPv4 or IPv6 addresses in CIDR form, canonical: no bits behind the prefix, the shortest spelling.
package struct NetworkRange: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16, in network order.
    private let bytes: [UInt8]
    package let prefixLength: Int

    package var isIPv6: Bool { bytes.count == 16 }

    /// Why a text is no network that we take.
    package struct Mistake: Error, Equatable {
        package let message: String
    }

    /// The widest network that may call in: wider ones are not one carrier's.
    private static let shortestPrefix = (v4: 16, v6: 32)

    /// Reads `192.0.2.0/24`, `192.0.2.7` or the same of IPv6.
    package init(_ text: String) throws(Mistake) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let address = Self.address(parts[0]) else {
            throw Mistake(message: "is no address or network, for example 192.0.2.0/24 or 2001:db8::/48")
        }
        let longest = address.count * 8
        var length = longest
        if parts.count == 2 {
            guard let given = Int(parts[1]), String(given) == parts[1], (0...longest).contains(given) else {
                throw Mistake(message: "must have a prefix length from 0 to \(longest)")
            }
            length = given
        }
        let least = address.count == 4 ? Self.shortestPrefix.v4 : Self.shortestPrefix.v6
        guard length >= least else { throw Mistake(message: "is too wide; name networks of at most /\(least)") }
        let masked = address.enumerated().map { index, byte -> UInt8 in
            let bits = min(max(length - index * 8, 0), 8)
            return bits == 0 ? 0 : byte & (0xFF << UInt8(8 - bits))
        }
        bytes = masked
        prefixLength = length
        guard masked == address else { throw Mistake(message: "has bits behind its prefix; did you mean \(self)?") }
        guard !SpecialAddresses.isNobodys(addressText) else {
            throw Mistake(message: "is multicast, reserved or unspecified: nobody calls from there")
        }
    }

    package var description: String { prefixLength == bytes.count * 8 ? addressText : "\(addressText)/\(prefixLength)" }

    /// Whether it is private, loopback or link-local, and so another one beside every node.
    var isLocal: Bool { SpecialAddresses.isLocal(addressText) }

    /// Whether an address is in both.
    package func overlaps(_ other: NetworkRange) -> Bool {
        guard bytes.count == other.bytes.count else { return false }
        let length = min(prefixLength, other.prefixLength)
        return bytes.indices.allSatisfy { index in
            let bits = min(max(length - index * 8, 0), 8)
            return bits == 0 || (bytes[index] ^ other.bytes[index]) >> UInt8(8 - bits) == 0
        }
    }

    private static func address(_ text: String) -> [UInt8]? {
        let isIPv6 = text.contains(":")
        var bytes = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
        guard inet_pton(isIPv6 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        return bytes
    }

    private var addressText: String {
        var text = [CChar](repeating: 0, count: 64)
        guard inet_ntop(isIPv6 ? AF_INET6 : AF_INET, bytes, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Where a trunk's messages go: a host, perhaps with a port.
package struct ProxyAddress: Sendable, Hashable, CustomStringConvertible {
    package let host: String
    package let port: Int?

    /// Reads `sip.carrier.example`, `192.0.2.7:5080` or `[2001:db8::1]:5060`; `nil` for anything else.
    package init?(_ text: String) {
        var host = text
        var port: Int?
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]"),
            text.hasPrefix("[") || text.firstIndex(of: ":") == colon
        {
            host = String(text[..<colon])
            guard let number = Int(text[text.index(after: colon)...]), (1...65_535).contains(number) else { return nil }
            port = number
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = String(host.dropFirst().dropLast())
            guard !address.contains("/"), (try? NetworkRange(address))?.isIPv6 == true else { return nil }
        } else if Self.isNumeric(host) {
            // resolvers also read `127.1` and `0x7f000001` as addresses
            guard !host.contains("/"), (try? NetworkRange(host)) != nil else { return nil }
        } else {
            let labels = host.split(separator: ".", omittingEmptySubsequences: false)
            guard host.utf8.count <= 253, labels.allSatisfy({ (1...63).contains($0.utf8.count) }),
                labels.allSatisfy({ !$0.hasPrefix("-") && !$0.hasSuffix("-") }),
                host.utf8.allSatisfy({ byte in
                    (97...122).contains(byte) || (65...90).contains(byte) || (45...46).contains(byte)
                        || (48...57).contains(byte)
                })
            else { return nil }
        }
        self.host = host.lowercased()
        self.port = port
    }

    package var description: String { port.map { "\(host):\($0)" } ?? host }

    /// Whether it is the node itself or a neighbour of it, and so another host on every node. Names are not looked up.
    var isLocal: Bool {
        let address = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return host == "localhost" || host.hasSuffix(".localhost") || SpecialAddresses.isLocal(address)
    }

    private static func isNumeric(_ host: String) -> Bool {
        guard let last = host.split(separator: ".", omittingEmptySubsequences: false).last else { return false }
        return last.lowercased().hasPrefix("0x")
            || (!last.isEmpty && last.utf8.allSatisfy { (48...57).contains($0) })
    }
}

/// Addresses that are no carrier's, by RFC 6890. Every range is at least as wide as the widest network that a trunk may
/// name, so the first address of a network decides.
private enum SpecialAddresses {
    /// Unspecified, multicast or reserved.
    static func isNobodys(_ address: String) -> Bool { nobodys.contains { $0.contains(address) } }

    /// Private, shared, loopback or link-local, also written as IPv6.
    static func isLocal(_ address: String) -> Bool { local.contains { $0.contains(address) } }

    private static let nobodys = ["0.0.0.0/8", "224.0.0.0/3", "::/128", "ff00::/8"].compactMap { AddressBlock($0) }

    private static let local = [
        "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "::/8",
        "fc00::/7", "fe80::/10",
    ].compactMap { AddressBlock($0) }
}
