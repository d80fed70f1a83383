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
    /// What to close until somebody has looked: a country, or a prefix that belongs to none. `nil` where the calls stay
    /// at home, and for refusals, which are closed already.
    package let destinations: DialPermission.Destinations?

    package init(
        kind: Kind, observed: Int64, threshold: Int64, sentence: String, destinations: DialPermission.Destinations?
    ) {
        self.kind = kind
        self.observed = observed
        self.threshold = threshold
        self.sentence = sentence
        self.destinations = destinations
    }

    /// What is usual for a tenant: its days before today. A usual day is the median of the days on which anything was
    /// called, so that one bad day does not hide the next.
    package struct Past: Sendable, Hashable {
        private var days: [Timestamp: Sums] = [:]
        fileprivate var riskyPlaces: Set<String> = []

        private struct Sums: Sendable, Hashable {
            var milliseconds: Int64 = 0
            var calls: Int64 = 0
        }

        package init() {}

        /// A call of a day before today; in any order.
        package mutating func add(_ call: RecordedCall) {
            guard let destination = call.destination else { return }
            if destination.risk > .low { riskyPlaces.insert(destination.place) }
            guard call.refusal == nil else { return }
            days[ViennaDay.start(of: call.startedAt), default: Sums()].milliseconds += call.milliseconds
            days[ViennaDay.start(of: call.startedAt), default: Sums()].calls += 1
        }

        fileprivate var usualSeconds: Int64 { median(days.values.map { $0.milliseconds / 1000 }) }
        fileprivate var usualCalls: Int64 { median(days.values.map(\.calls)) }
    }

    /// Looks at the day of `now` (Europe/Vienna) beside the days before it.
    package static func signs(in calls: [RecordedCall], home: CountryCode? = nil, now: Timestamp) -> [FraudSign] {
        let today = ViennaDay.start(of: now)
        var past = Past()
        for call in calls where call.startedAt < today { past.add(call) }
        return signs(today: calls.filter { $0.startedAt >= today && $0.startedAt <= now }, past: past, home: home)
    }

    /// - Parameters:
    ///   - calls: of today, refused ones as well.
    ///   - home: where most calls go by nature; no sign closes it.
    package static func signs(today calls: [RecordedCall], past: Past, home: CountryCode? = nil) -> [FraudSign] {
        let present = calls.filter { $0.destination != nil }
        let made = present.filter { $0.refusal == nil }
        let abroad = made.filter { $0.destination?.country != home }
        return [
            jump(
                .time, made.reduce(0) { $0 + $1.milliseconds } / 1000, usual: past.usualSeconds, least: leastSeconds,
                unit: "s of outbound calls", closing: heaviest(abroad) { $0.milliseconds }),
            jump(
                .calls, Int64(made.count), usual: past.usualCalls, least: leastCalls, unit: "outbound calls",
                closing: heaviest(abroad) { _ in 1 }),
            jump(
                .refusals, Int64(present.count { $0.refusal != nil }), usual: 0, least: leastRefusals,
                unit: "refused calls", closing: nil),
        ].compactMap(\.self) + newDestinations(made, past)
    }

    /// Three times a usual day, and never below a floor that a quiet tenant reaches by itself.
    private static func jump(
        _ kind: Kind, _ observed: Int64, usual: Int64, least: Int64, unit: String,
        closing: DialPermission.Destinations?
    ) -> FraudSign? {
        let threshold = max(least, 3 * usual)
        guard observed >= threshold else { return nil }
        return FraudSign(
            kind: kind, observed: observed, threshold: threshold,
            sentence: "\(observed) \(unit) today; a usual day has \(usual).", destinations: closing)
    }

    /// The place with the most of it; among equals the first by name.
    private static func heaviest(
        _ calls: [RecordedCall], by weight: (RecordedCall) -> Int64
    ) -> DialPermission.Destinations? {
        var sums: [DialPermission.Destinations: (weight: Int64, place: String)] = [:]
        for call in calls {
            guard let destination = call.destination else { continue }
            sums[destination.closing, default: (0, destination.place)].weight += weight(call)
        }
        return sums.max { ($0.value.weight, $1.value.place) < ($1.value.weight, $0.value.place) }?.key
    }

    private static func newDestinations(_ made: [RecordedCall], _ past: Past) -> [FraudSign] {
        let risky = made.filter { ($0.destination?.risk ?? .low) > .low }
        let places = Dictionary(grouping: risky) { $0.destination?.place ?? "" }
        return places.filter { !past.riskyPlaces.contains($0.key) }.sorted { $0.key < $1.key }.map { place, calls in
            FraudSign(
                kind: .newDestination, observed: Int64(calls.count), threshold: 1,
                sentence:
                    "\(calls.count) \(calls.count == 1 ? "call" : "calls") to \(calls[0].destination?.words ?? place), never called before.",
                destinations: calls[0].destination?.closing)
        }
    }

    /// The daily bound that fits a tenant's past: 20 euro, or three times a usual day, whichever is more. In cents.
    package static func suggestedDailySpendCents(dailyMicros: [Int64]) -> Int64 {
        max(2_000, (3 * median(dailyMicros) + 9_999) / 10_000)
    }

    private static let leastSeconds: Int64 = 3600
    private static let leastCalls: Int64 = 30
    private static let leastRefusals: Int64 = 10
}

/// The lower one of the two in the middle; 0 of nothing.
private func median(_ values: [Int64]) -> Int64 {
    values.isEmpty ? 0 : values.sorted()[(values.count - 1) / 2]
}

extension Destination {
    /// A country, or the digits of what belongs to none.
    fileprivate var place: String { country?.code ?? prefix }

    fileprivate var closing: DialPermission.Destinations {
        .init(country: country, prefix: country == nil ? prefix : nil)
    }
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
                call.destination.map(rule.destinations.match) ?? false
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
