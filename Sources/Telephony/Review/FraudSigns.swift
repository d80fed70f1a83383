import Kernel

/// A sudden change in a tenant's outbound calls, against its own past.
package struct FraudSign: Sendable, Hashable {
    /// What changed.
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Much more answered time than on a usual day.
        case time
        /// Many more calls than on a usual day.
        case calls
        /// Calls to a risky destination that the tenant never called before.
        case newDestination = "new_destination"
        /// Many refusals: somebody tries what is closed.
        case refusals
    }

    package let kind: Kind
    /// Since the start of the day: seconds, calls, calls, refusals.
    package let observed: Int64
    /// From which on it counts as a sign.
    package let threshold: Int64
    package let sentence: String

    /// Looks at the day of `now` (Europe/Vienna) beside the days before it. A usual day is the median of the days on which
    /// anything was called, so that one bad day does not hide the next.
    package static func signs(in calls: [RecordedCall], now: Timestamp) -> [FraudSign] {
        let today = ViennaDay.start(of: now)
        let outbound = calls.filter { $0.destination != nil && $0.startedAt <= now }
        let present = outbound.filter { $0.startedAt >= today }
        let past = outbound.filter { $0.startedAt < today }
        let days = Dictionary(grouping: past.filter { $0.refusal == nil }) { ViennaDay.start(of: $0.startedAt) }
        let made = present.filter { $0.refusal == nil }
        return [
            jump(
                .time, made.reduce(0) { $0 + $1.milliseconds } / 1000,
                usual: days.values.map { day in day.reduce(0) { $0 + $1.milliseconds } / 1000 }, least: leastSeconds,
                unit: "s of outbound calls"),
            jump(
                .calls, Int64(made.count), usual: days.values.map { Int64($0.count) }, least: leastCalls,
                unit: "outbound calls"),
            jump(
                .refusals, Int64(present.count { $0.refusal != nil }), usual: [], least: leastRefusals,
                unit: "refused calls"),
        ].compactMap(\.self) + newDestinations(made, past)
    }

    /// Three times a usual day, and never below a floor that a quiet tenant reaches by itself.
    private static func jump(
        _ kind: Kind, _ observed: Int64, usual days: [Int64], least: Int64, unit: String
    ) -> FraudSign? {
        let usual = median(days)
        let threshold = max(least, 3 * usual)
        guard observed >= threshold else { return nil }
        return FraudSign(
            kind: kind, observed: observed, threshold: threshold,
            sentence: "\(observed) \(unit) today; a usual day has \(usual).")
    }

    private static func newDestinations(_ made: [RecordedCall], _ past: [RecordedCall]) -> [FraudSign] {
        func places(_ calls: [RecordedCall]) -> [String: [RecordedCall]] {
            Dictionary(grouping: calls.filter { ($0.destination?.risk ?? .low) > .low }) { call in
                call.destination.map { $0.country?.code ?? $0.prefix } ?? ""
            }
        }
        let known = Set(places(past).keys)
        return places(made).filter { !known.contains($0.key) }.sorted { $0.key < $1.key }.map { place, calls in
            FraudSign(
                kind: .newDestination, observed: Int64(calls.count), threshold: 1,
                sentence: "\(calls.count) calls to \(calls[0].destination?.words ?? place), never called before.")
        }
    }

    /// The lower one of the two in the middle; 0 of nothing.
    static func median(_ values: [Int64]) -> Int64 {
        values.isEmpty ? 0 : values.sorted()[(values.count - 1) / 2]
    }

    /// The daily bound that fits a tenant's past: 20 euro, or three times a usual day, whichever is more. In cents.
    package static func suggestedDailySpendCents(dailyMicros: [Int64]) -> Int64 {
        max(2_000, (3 * median(dailyMicros) + 9_999) / 10_000)
    }

    private static let leastSeconds: Int64 = 3600
    private static let leastCalls: Int64 = 30
    private static let leastRefusals: Int64 = 10
}

/// A permission that a tenant's own past speaks for.
package struct PermissionProposal: Sendable, Hashable {
    package let destinations: DialPermission.Destinations
    package let isAllowed: Bool
    /// How often it was dialled, and on how many days.
    package let calls: Int
    package let days: Int
    package let lastDialledAt: Timestamp
    package let sentence: String

    /// What to allow: closed destinations that were dialled again and again on several days, premium and satellites never.
    /// Needs two weeks of calls to say anything.
    package static func allowances(from calls: [RecordedCall], plan: TenantPlan, now: Timestamp) -> [Self] {
        let span = calls.map(\.startedAt).min().map { now.since($0) } ?? .zero
        guard span >= .seconds(learningDays * 86_400) else { return [] }
        let refused = calls.filter { call in
            call.refusal == .destinationNotAllowed && call.destination?.kind.leastRisk != .high
        }
        return grouped(refused).compactMap { place, calls in
            let days = Set(calls.map { ViennaDay.start(of: $0.startedAt) }).count
            guard calls.count >= leastCalls, days >= leastDays, let last = calls.map(\.startedAt).max(),
                let destination = calls.first?.destination,
                plan.permission(for: destination, user: nil, at: now) == .notAllowed
            else { return nil }
            return Self(
                destinations: place, isAllowed: true, calls: calls.count, days: days, lastDialledAt: last,
                sentence: "\(calls.count) calls to \(destination.words) were refused on \(days) days.")
        }
    }

    /// What to deny again: own permissions that nobody used while the learning lasted.
    package static func denials(from calls: [RecordedCall], plan: TenantPlan, now: Timestamp) -> [DialPermission] {
        let recent = calls.filter { now.since($0.startedAt) <= .seconds(unusedDays * 86_400) }
        guard calls.contains(where: { now.since($0.startedAt) >= .seconds(unusedDays * 86_400) }) else { return [] }
        return plan.permissions.filter { rule in
            guard rule.isAllowed, rule.expiresAt.map({ now < $0 }) ?? true else { return false }
            return !recent.contains { call in
                guard let destination = call.destination else { return false }
                return (rule.destinations.country == nil || rule.destinations.country == destination.country)
                    && (rule.destinations.kind == nil || rule.destinations.kind == destination.kind)
                    && destination.number.digits.hasPrefix(rule.destinations.prefix ?? "")
            }
        }
    }

    private static func grouped(
        _ calls: [RecordedCall]
    ) -> [(DialPermission.Destinations, [RecordedCall])] {
        let groups = Dictionary(grouping: calls) { call in
            guard let destination = call.destination else { return DialPermission.Destinations() }
            return DialPermission.Destinations(
                country: destination.country, kind: destination.kind,
                prefix: destination.country == nil ? destination.prefix : nil)
        }
        return groups.sorted { left, right in
            (left.value.count, left.key.country?.code ?? "") > (right.value.count, right.key.country?.code ?? "")
        }.map { ($0.key, $0.value) }
    }

    private static let learningDays: Int64 = 14
    private static let unusedDays: Int64 = 90
    private static let leastCalls = 3
    private static let leastDays = 2
}
