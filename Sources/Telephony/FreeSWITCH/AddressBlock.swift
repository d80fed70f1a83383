/// A range of addresses in CIDR form, IPv4 or IPv6; one address is the range of its full length.
package struct AddressBlock: Sendable, Hashable, CustomStringConvertible {
    private enum Family: Sendable, Hashable { case four, six }

    private let family: Family
    private let network: UInt128
    private let length: Int
    /// With its length always: FreeSWITCH reads no address without one.
    package let description: String

    /// `nil` for anything that is no address, for a length out of range and for bits set behind it.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let (family, value) = Self.address(parts[0]) else { return nil }
        let full = family == .four ? 32 : 128
        if parts.count == 2 {
            guard parts[1].utf8.count <= 3, parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
                let length = Int(parts[1]), (0...full).contains(length)
            else { return nil }
            self.length = length
        } else {
            length = full
        }
        guard length == full || length == 0 || value << UInt128(128 - full + length) == 0, length > 0 || value == 0
        else { return nil }
        self.family = family
        network = value
        description = "\(parts[0].lowercased())/\(length)"
    }

    /// Wider than /8 of IPv4 or /16 of IPv6, as nobody's own network is.
    package var isTooWide: Bool { length < (family == .four ? 8 : 16) }

    /// Whether an address lies in it; `false` for what is no address.
    package func contains(_ text: String) -> Bool {
        guard let (family, value) = Self.address(text[...]), family == self.family else { return false }
        let full = family == .four ? 32 : 128
        return length == 0 || value >> UInt128(full - length) == network >> UInt128(full - length)
    }

    /// Whether an address lies in both.
    package func overlaps(_ other: AddressBlock) -> Bool {
        guard family == other.family else { return false }
        let (full, shared) = (family == .four ? 32 : 128, min(length, other.length))
        return shared == 0 || network >> UInt128(full - shared) == other.network >> UInt128(full - shared)
    }

    private static func address(_ text: Substring) -> (Family, UInt128)? {
        if text.contains(":") { return six(text).map { (.six, $0) } }
        return four(text).map { (.four, $0) }
    }

    private static func four(_ text: Substring) -> UInt128? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt128 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
                part == "0" || !part.hasPrefix("0"), let byte = UInt8(part)
            else { return nil }
            value = value << 8 | UInt128(byte)
        }
        return value
    }

    private static func six(_ text: Substring) -> UInt128? {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2, halves.count == 1 || !halves[0].contains("."), let head = groups(halves[0]),
            let tail = halves.count == 2 ? groups(halves[1]) : []
        else { return nil }
        let count = head.count + tail.count
        guard halves.count == 2 ? count < 8 : count == 8 else { return nil }
        let all = head + [UInt16](repeating: 0, count: 8 - count) + tail
        return all.reduce(0) { $0 << 16 | UInt128($1) }
    }

    /// The 16-bit groups of one side of `::`; the last one may be an IPv4 address.
    private static func groups(_ text: Substring) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if part.contains("."), index == parts.count - 1, let value = four(part) {
                groups += [UInt16(truncatingIfNeeded: value >> 16), UInt16(truncatingIfNeeded: value)]
            } else if (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ $0 != 43 && $0 != 45 }),
                let group = UInt16(part, radix: 16)
            {
                groups.append(group)
            } else {
                return nil
            }
        }
        return groups
    }
}
