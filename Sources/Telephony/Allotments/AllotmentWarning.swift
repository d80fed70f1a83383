/// That a month's minutes come to their end, or are there.
package struct AllotmentWarning: Sendable, Hashable {
    /// How far it went.
    package enum Level: String, Sendable, Hashable, Codable, CaseIterable {
        /// 80 % are used.
        case nearlyUsed = "nearly_used"
        case usedUp = "used_up"
    }

    package let level: Level
    package let usedMilliseconds: Int64
    /// What is told about: the end of all calls where that is near, else the end of the included minutes.
    package let boundMilliseconds: Int64
    /// Whether new calls are refused from there on.
    package let endsCalls: Bool

    /// `nil` below 80 %, and where nothing bounds the minutes. Nothing is told about a bound of zero: it is no news.
    package init?(used: Int64, of allotment: Allotment) {
        let end = allotment.hardLimitMilliseconds
        let bounds = [end, allotment.includedMilliseconds].compactMap(\.self)
        guard let bound = bounds.first(where: { $0 > 0 && used >= $0 - $0 / 5 }) else { return nil }
        level = used >= bound ? .usedUp : .nearlyUsed
        usedMilliseconds = used
        boundMilliseconds = bound
        endsCalls = bound == end
    }

    /// Whole per cent, cut off.
    package var percent: Int64 { Int64(clamping: Int128(usedMilliseconds) * 100 / Int128(boundMilliseconds)) }
}
