import Crypto
import Foundation
import Kernel

import struct Rating.BillingMonth

/// The price of one leg in one month, as it stands in the tenant's chain of receipts. Everything that decided is in it, so
/// that anybody can work it out again; the hash of the one before makes a missing or changed receipt visible.
package struct Receipt: Sendable, Hashable {
    /// What was metered.
    package struct Subject: Sendable, Hashable {
        package let tenant: TenantID
        /// The leg's uuid.
        package let leg: String
        package let month: BillingMonth
        /// The metered part's first instant.
        package let from: Timestamp
        /// Answered time in the month; negative when an estimate is taken back.
        package let milliseconds: Int64
        /// Answered time of the same leg in earlier months: rounding happens once.
        package let callBefore: Int64

        package init(
            tenant: TenantID, leg: String, month: BillingMonth, from: Timestamp, milliseconds: Int64,
            callBefore: Int64 = 0
        ) {
            self.tenant = tenant
            self.leg = leg
            self.month = month
            self.from = from
            self.milliseconds = milliseconds
            self.callBefore = callBefore
        }
    }

    /// What it is priced by.
    package struct Terms: Sendable, Hashable {
        /// Milliseconds of the month that are included; `nil` when the contract counts none, then nothing is overage.
        package let includedMilliseconds: Int64?
        /// Millionths of a euro per 60,000 ms.
        package let microsPerMinute: Int64
        package let priceBook: String
        /// The compiled plan under which the call ran; empty when the record did not say.
        package let revision: String
        /// Rounding that the contract agrees in place of whole milliseconds.
        package let increment: CallRounding?
        /// Whether the call goes on a bill at all: those of a sandbox or a demo do not.
        package let isBilled: Bool

        package init(
            includedMilliseconds: Int64?, microsPerMinute: Int64, priceBook: String, revision: String,
            increment: CallRounding? = nil, isBilled: Bool = true
        ) {
            self.includedMilliseconds = includedMilliseconds
            self.microsPerMinute = microsPerMinute
            self.priceBook = priceBook
            self.revision = revision
            self.increment = increment
            self.isBilled = isBilled
        }
    }

    /// What the receipt rests on.
    package enum Basis: String, Sendable, Hashable, Codable, CaseIterable {
        /// The switch's own record.
        case record
        /// The node was lost, and the leg is counted up to its last sign of life.
        case estimate
        /// The record of an estimated leg came after all: this takes the estimate back.
        case reversal
    }

    /// Where it stands in the chain of the tenant's month.
    package struct Place: Sendable, Hashable {
        /// From 1, without a gap.
        package let sequence: Int64
        /// Of the month, before this receipt.
        package let usedBefore: Int64
        /// What of it goes on a bill.
        package let billedBefore: Int64
        /// Of the receipt before; `Receipt.firstPrevious` for the first.
        package let previousHash: String

        /// - Parameter billedBefore: all that was used, when left out.
        package init(sequence: Int64, usedBefore: Int64, billedBefore: Int64? = nil, previousHash: String) {
            self.sequence = sequence
            self.usedBefore = usedBefore
            self.billedBefore = billedBefore ?? usedBefore
            self.previousHash = previousHash
        }

        /// Where a month begins.
        package static let first = Place(sequence: 1, usedBefore: 0, previousHash: Receipt.firstPrevious)
    }

    package let subject: Subject
    package let terms: Terms
    package let basis: Basis
    package let place: Place
    /// 64 lower-case hexadecimal characters: SHA-256 over the canonical JSON of everything else.
    package private(set) var hash: String

    package init(_ subject: Subject, terms: Terms, basis: Basis, at place: Place) {
        self.subject = subject
        self.terms = terms
        self.basis = basis
        self.place = place
        hash = ""
        hash = Self.hash(.object(members))
    }

    /// Where the next receipt of the month stands.
    package var next: Place {
        Place(
            sequence: place.sequence + 1, usedBefore: usedAfter, billedBefore: billedAfter, previousHash: hash)
    }

    /// The time that is used up: answered time, or what the agreed rounding makes of it.
    package var countedPart: Int64 { Self.counted(subject, terms) }
    /// What of it goes on a bill.
    package var billedPart: Int64 { terms.isBilled ? countedPart : 0 }
    package var usedAfter: Int64 { place.usedBefore + countedPart }
    package var billedAfter: Int64 { place.billedBefore + billedPart }
    package var includedPart: Int64 { billedPart - overagePart }
    package var overagePart: Int64 { Self.overage(billedPart, terms, place) }

    /// What its overage adds to the money of its day, in millionths of a euro, cut to whole ones: for a bound, never for a
    /// bill.
    package var spentMicros: Int64 {
        Int64(clamping: Int128(overagePart) * Int128(terms.microsPerMinute) / 60_000)
    }

    package static let firstPrevious = String(repeating: "0", count: 64)
    /// The way in which a receipt is worked out; another way gets another name, and what was written keeps its own.
    package enum Rule: String, Sendable, Hashable {
        /// Whole milliseconds, of which all are billed.
        case proRata = "included-then-pro-rata/1"
        /// The same in a month of which not all is billed: the included minutes are those of the bill.
        case proRataOfBilled = "included-then-pro-rata/2"
        /// Each call is rounded up once to a full increment of the contract. A call that goes on into another month is
        /// rounded as a whole: an increment belongs to the month in which it begins.
        case roundedCalls = "included-then-rounded-calls/1"
        /// Counts for the month's minutes, and nothing is charged.
        case notBilled = "not-billed/1"
    }

    package var rule: Rule {
        if !terms.isBilled { return .notBilled }
        if terms.increment != nil { return .roundedCalls }
        return place.billedBefore == place.usedBefore ? .proRata : .proRataOfBilled
    }

    private static func counted(_ subject: Subject, _ terms: Terms) -> Int64 {
        guard let increment = terms.increment else { return subject.milliseconds }
        let whole = increment.billable(milliseconds: subject.callBefore + abs(subject.milliseconds))
        let part = whole - increment.billable(milliseconds: subject.callBefore)
        return subject.milliseconds < 0 ? -part : part
    }

    private static func overage(_ billed: Int64, _ terms: Terms, _ place: Place) -> Int64 {
        guard let included = terms.includedMilliseconds else { return 0 }
        return max(0, place.billedBefore + billed - included) - max(0, place.billedBefore - included)
    }
}

extension Receipt {
    /// As it is shown, kept and hashed, with the hash.
    package var json: JSON { .object(members + [JSON.Member("hash", .string(hash))]) }

    /// Everything but the hash. Members that the first rule did not know are left out under it.
    private var members: [JSON.Member] {
        let all: [(String, JSON)] = [
            ("basis", .string(basis.rawValue)),
            ("from", .string("\(subject.from)")),
            ("included_allotment_ms", terms.includedMilliseconds.map { .integer($0) } ?? .null),
            ("included_ms", .integer(includedPart)),
            ("leg", .string(subject.leg)),
            ("micros_per_minute", .integer(terms.microsPerMinute)),
            ("milliseconds", .integer(subject.milliseconds)),
            ("month", .string("\(subject.month)")),
            ("overage_ms", .integer(overagePart)),
            ("previous_hash", .string(place.previousHash)),
            ("price_book", .string(terms.priceBook)),
            ("revision", .string(terms.revision)),
            ("rule", .string(rule.rawValue)),
            ("sequence", .integer(place.sequence)),
            ("tenant_id", .string("\(subject.tenant)")),
            ("used_after_ms", .integer(usedAfter)),
            ("used_before_ms", .integer(place.usedBefore)),
        ]
        let further: [(String, JSON)] = [
            ("billed", .bool(terms.isBilled)),
            ("billed_after_ms", .integer(billedAfter)),
            ("billed_before_ms", .integer(place.billedBefore)),
            ("billed_ms", .integer(billedPart)),
            ("call_before_ms", .integer(subject.callBefore)),
            ("increment", terms.increment.map { .string($0.rawValue) } ?? .null),
        ]
        return (rule == .proRata ? all : all + further).map { JSON.Member($0.0, $0.1) }
    }

    private static func hash(_ content: JSON) -> String {
        SHA256.hash(data: content.canonicalBytes).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }.joined()
    }

    /// Reads a receipt and works it out again; `nil` when a member is missing or of another type. Whether the figures and
    /// the hash agree is `Verification`'s to say.
    package init?(_ json: JSON) {
        guard let tenant = json["tenant_id"]?.string.flatMap({ TenantID($0) }), let leg = json["leg"]?.string,
            let month = json["month"]?.string.flatMap({ BillingMonth($0) }),
            let from = json["from"]?.string.flatMap({ Timestamp($0) }),
            let milliseconds = json["milliseconds"]?.integer, let micros = json["micros_per_minute"]?.integer,
            let book = json["price_book"]?.string, let revision = json["revision"]?.string,
            let basis = json["basis"]?.string.flatMap(Basis.init(rawValue:)),
            let sequence = json["sequence"]?.integer, let before = json["used_before_ms"]?.integer,
            let previous = json["previous_hash"]?.string, json["hash"]?.string != nil
        else { return nil }
        self.init(
            Subject(
                tenant: tenant, leg: leg, month: month, from: from, milliseconds: milliseconds,
                callBefore: json["call_before_ms"]?.integer ?? 0),
            terms: Terms(
                includedMilliseconds: json["included_allotment_ms"]?.integer, microsPerMinute: micros, priceBook: book,
                revision: revision, increment: json["increment"]?.string.flatMap(CallRounding.init(rawValue:)),
                isBilled: json["billed"] != .bool(false)),
            basis: basis,
            at: Place(
                sequence: sequence, usedBefore: before, billedBefore: json["billed_before_ms"]?.integer,
                previousHash: previous))
    }
}
