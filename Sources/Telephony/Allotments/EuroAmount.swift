/// An amount in euro as decimal text: at least two decimals, at most six. For limits, prices and bounds; what is billed is
/// rounded by Rating.
package struct EuroAmount: Sendable, Hashable {
    /// Millionths of a euro.
    package let micros: Int64

    package init(micros: Int64) { self.micros = micros }

    /// Beyond the largest amount it stays at that.
    package init(cents: Int64) {
        let (micros, overflow) = cents.multipliedReportingOverflow(by: 10_000)
        self.micros = overflow ? (cents < 0 ? .min : .max) : micros
    }

    /// For example `0.08`, `-12.50`.
    package var text: String {
        var decimals = String(micros.magnitude % 1_000_000)
        decimals = String(repeating: "0", count: 6 - decimals.utf8.count) + decimals
        while decimals.utf8.count > 2, decimals.last == "0" { decimals.removeLast() }
        return "\(micros < 0 ? "-" : "")\(micros.magnitude / 1_000_000).\(decimals)"
    }
}

/// For sentences.
func euros(_ micros: Int64) -> String { "€ \(EuroAmount(micros: micros).text)" }
