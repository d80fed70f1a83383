import Kernel

/// What a person dialled, before anybody asks whether it may be called.
package enum DialledNumber: Sendable, Hashable {
    /// Digits as they go to the carrier.
    case emergency(String)
    case external(E164)
    /// Too short or with letters: an extension, if it is anything.
    case name(String)
    /// What is wrong with it and how to dial instead.
    case unreadable(String)
}

/// Reads numbers the way people in one country dial them.
package struct NumberReader: Sendable {
    package let country: Country

    package init(_ country: Country) { self.country = country }

    /// `nil` only for codes that are newer than the country table.
    package init?(_ code: CountryCode) {
        guard let country = Country.with(code) else { return nil }
        self.init(country)
    }

    /// Reads what a phone sent: emergency first, then `+` and the country's international prefixes, then its trunk
    /// prefix. Blanks, dots, dashes, slashes and brackets count for nothing.
    package func read(_ dialled: String) -> DialledNumber {
        guard dialled.utf8.count <= Self.longest else { return .unreadable("The number is too long.") }
        let text = Self.withoutSeparators(dialled)
        guard !text.isEmpty else { return .unreadable("Nothing was dialled.") }
        if isEmergency(text) { return .emergency(text) }
        if text.contains(where: { $0 == "*" || $0 == "#" }) {
            return .unreadable("Codes with * or # are not offered; dial a number.")
        }
        if text.hasPrefix("+") { return international(text.dropFirst()) }
        guard text.utf8.allSatisfy(Self.isDigit) else { return .name(dialled) }
        for prefix in country.internationalPrefixes where text.hasPrefix(prefix) {
            return international(text.dropFirst(prefix.utf8.count))
        }
        for prefix in country.trunkPrefixes where text.hasPrefix(prefix) {
            let national = text.dropFirst(prefix.utf8.count)
            if national.utf8.count >= Self.shortestNational { return e164(country.callingCode + national) }
        }
        return withoutPrefix(text)
    }

    /// Whether it is one of the emergency numbers of the country, separators aside.
    package func isEmergency(_ dialled: String) -> Bool {
        country.emergencyNumbers.contains(Self.withoutSeparators(dialled))
    }

    /// Reads what a carrier sent as the called number: E.164 with or without `+`, else as people dial it.
    package func readInbound(_ text: String) -> E164? {
        if case .external(let number) = read(text) { return number }
        return E164(digits: Self.withoutSeparators(text))
    }

    private func international(_ digits: Substring) -> DialledNumber { e164(String(digits)) }

    private func e164(_ digits: String) -> DialledNumber {
        E164(digits: digits).map(DialledNumber.external)
            ?? .unreadable("After + or the international prefix comes a country code, in all 4 to 15 digits.")
    }

    private func withoutPrefix(_ text: String) -> DialledNumber {
        let count = text.utf8.count
        if country.callingCode == "1", count == 10 { return e164("1" + text) }
        if count < Self.shortestNational { return .name(text) }
        if country.trunkPrefixes.isEmpty { return e164(country.callingCode + text) }
        return .unreadable(
            "Dial national numbers with \(country.trunkPrefixes[0]) and the area code, others with + and the country code."
        )
    }

    /// Whatever has fewer digits without a prefix is an extension.
    private static let shortestNational = 5
    /// A SIP user part of this length is no number.
    private static let longest = 64

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// `+43 (0)720 12-34` is `+437201234`: a bracketed trunk zero is for readers and never dialled after a country code.
    private static func withoutSeparators(_ text: String) -> String {
        let kept = text.hasPrefix("+") ? text.replacing("(0)", with: "") : text
        guard kept.utf8.contains(where: { separators.contains($0) }) else { return kept }
        return String(decoding: kept.utf8.filter { !separators.contains($0) }, as: UTF8.self)
    }

    private static let separators = Set(" .-/()".utf8)
}
