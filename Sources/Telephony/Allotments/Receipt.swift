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

        package init(tenant: TenantID, leg: String, month: BillingMonth, from: Timestamp, milliseconds: Int64) {
            self.tenant = tenant
            self.leg = leg
            self.month = month
            self.from = from
            self.milliseconds = milliseconds
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

        package init(includedMilliseconds: Int64?, microsPerMinute: Int64, priceBook: String, revision: String) {
            self.includedMilliseconds = includedMilliseconds
            self.microsPerMinute = microsPerMinute
            self.priceBook = priceBook
            self.revision = revision
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
        /// Of the receipt before; `Receipt.firstPrevious` for the first.
        package let previousHash: String

        package init(sequence: Int64, usedBefore: Int64, previousHash: String) {
            self.sequence = sequence
            self.usedBefore = usedBefore
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
    package let hash: String

    package init(_ subject: Subject, terms: Terms, basis: Basis, at place: Place) {
        self.subject = subject
        self.terms = terms
        self.basis = basis
        self.place = place
        hash = Self.hash(Self.content(subject, terms, basis, place))
    }

    /// Where the next receipt of the month stands.
    package var next: Place {
        Place(sequence: place.sequence + 1, usedBefore: usedAfter, previousHash: hash)
    }

    package var usedAfter: Int64 { place.usedBefore + subject.milliseconds }
    package var includedPart: Int64 { subject.milliseconds - overagePart }
    package var overagePart: Int64 { Self.overage(subject, terms, place) }

    /// What its overage adds to the money of its day, in millionths of a euro, cut to whole ones: for a bound, never for a
    /// bill.
    package var spentMicros: Int64 {
        Int64(clamping: Int128(overagePart) * Int128(terms.microsPerMinute) / 60_000)
    }

    package static let firstPrevious = String(repeating: "0", count: 64)
    /// The name of the way in which a receipt is worked out; another way gets another name.
    package static let rule = "included-then-pro-rata/1"

    private static func overage(_ subject: Subject, _ terms: Terms, _ place: Place) -> Int64 {
        guard let included = terms.includedMilliseconds else { return 0 }
        let after = place.usedBefore + subject.milliseconds
        return max(0, after - included) - max(0, place.usedBefore - included)
    }
}

extension Receipt {
    /// As it is shown, kept and hashed, with the hash.
    package var json: JSON {
        guard case .object(let members) = Self.content(subject, terms, basis, place) else { return .null }
        return .object(members + [JSON.Member("hash", .string(hash))])
    }

    private static func content(_ subject: Subject, _ terms: Terms, _ basis: Basis, _ place: Place) -> JSON {
        let overage = overage(subject, terms, place)
        return [
            "basis": .string(basis.rawValue),
            "from": .string("\(subject.from)"),
            "included_allotment_ms": terms.includedMilliseconds.map { .integer($0) } ?? .null,
            "included_ms": .integer(subject.milliseconds - overage),
            "leg": .string(subject.leg),
            "micros_per_minute": .integer(terms.microsPerMinute),
            "milliseconds": .integer(subject.milliseconds),
            "month": .string("\(subject.month)"),
            "overage_ms": .integer(overage),
            "previous_hash": .string(place.previousHash),
            "price_book": .string(terms.priceBook),
            "revision": .string(terms.revision),
            "rule": .string(rule),
            "sequence": .integer(place.sequence),
            "tenant_id": .string("\(subject.tenant)"),
            "used_after_ms": .integer(place.usedBefore + subject.milliseconds),
            "used_before_ms": .integer(place.usedBefore),
        ]
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
            Subject(tenant: tenant, leg: leg, month: month, from: from, milliseconds: milliseconds),
            terms: Terms(
                includedMilliseconds: json["included_allotment_ms"]?.integer, microsPerMinute: micros, priceBook: book,
                revision: revision),
            basis: basis, at: Place(sequence: sequence, usedBefore: before, previousHash: previous))
    }
}

/// What is found when the receipts of a tenant's month are worked out again from what stands in them.
package struct Verification: Sendable, Hashable {
    /// One thing that does not agree.
    package struct Finding: Sendable, Hashable {
        /// Of the receipt; its place in the list, from 1, where it cannot be read.
        package let sequence: Int64
        package let sentence: String
    }

    package private(set) var receipts = 0
    package private(set) var milliseconds: Int64 = 0
    package private(set) var overageMilliseconds: Int64 = 0
    package private(set) var findings: [Finding] = []
    package var isSound: Bool { findings.isEmpty }

    /// Checks a month's receipts in their order, as `Receipt.json` writes them. Pure: needs nothing but the list, so that
    /// a customer can do it.
    package init(_ documents: [JSON]) {
        var expected = Receipt.Place.first
        var owner: (TenantID, BillingMonth)?
        for (index, document) in documents.enumerated() {
            guard let receipt = Receipt(document) else {
                findings.append(Finding(sequence: Int64(index) + 1, sentence: "This is no receipt."))
                continue
            }
            check(receipt, document, expected: expected, owner: owner)
            owner = owner ?? (receipt.subject.tenant, receipt.subject.month)
            expected = receipt.next
            receipts += 1
            milliseconds += receipt.subject.milliseconds
            overageMilliseconds += receipt.overagePart
        }
    }

    private mutating func check(
        _ receipt: Receipt, _ document: JSON, expected: Receipt.Place, owner: (TenantID, BillingMonth)?
    ) {
        func found(_ sentence: String) {
            findings.append(Finding(sequence: receipt.place.sequence, sentence: sentence))
        }
        if document.canonicalBytes != receipt.json.canonicalBytes {
            let members = ["hash", "included_ms", "overage_ms", "used_after_ms", "rule"]
            let wrong = members.filter { document[$0] != receipt.json[$0] }
            found(
                "Worked out again, this differs: \(wrong.isEmpty ? "an unknown member" : wrong.joined(separator: ", "))."
            )
        }
        if receipt.place.sequence != expected.sequence {
            found("Receipt \(expected.sequence) is missing before \(receipt.place.sequence).")
        }
        if receipt.place.previousHash != expected.previousHash { found("It does not follow the receipt before it.") }
        if receipt.place.usedBefore != expected.usedBefore {
            found("The month stood at \(expected.usedBefore) ms, not at \(receipt.place.usedBefore) ms.")
        }
        if let owner, owner != (receipt.subject.tenant, receipt.subject.month) {
            found("It belongs to another tenant or month.")
        }
        let starts = receipt.subject.from.microseconds
        if !receipt.subject.month.contains(starts) { found("It does not begin in its month.") }
    }
}
