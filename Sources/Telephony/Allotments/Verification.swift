import Kernel

import struct Rating.BillingMonth

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
    /// What the month's minutes stand at, and what of it goes on a bill.
    package private(set) var usedMilliseconds: Int64 = 0
    package private(set) var billedMilliseconds: Int64 = 0
    package private(set) var overageMilliseconds: Int64 = 0
    /// Overage times price: 60,000 of it are a millionth of a euro.
    package private(set) var overageCost: Int128 = 0
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
            usedMilliseconds += receipt.countedPart
            billedMilliseconds += receipt.billedPart
            overageMilliseconds += receipt.overagePart
            overageCost += Int128(receipt.overagePart) * Int128(receipt.terms.microsPerMinute)
        }
    }

    private mutating func check(
        _ receipt: Receipt, _ document: JSON, expected: Receipt.Place, owner: (TenantID, BillingMonth)?
    ) {
        func found(_ sentence: String) {
            findings.append(Finding(sequence: receipt.place.sequence, sentence: sentence))
        }
        if document.canonicalBytes != receipt.json.canonicalBytes {
            let members = [
                "hash", "included_ms", "overage_ms", "used_after_ms", "rule", "billed_ms", "billed_after_ms",
            ]
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
        if receipt.place.billedBefore != expected.billedBefore {
            found(
                "The month's bill stood at \(expected.billedBefore) ms, not at \(receipt.place.billedBefore) ms.")
        }
        if let owner, owner != (receipt.subject.tenant, receipt.subject.month) {
            found("It belongs to another tenant or month.")
        }
        let starts = receipt.subject.from.microseconds
        if !receipt.subject.month.contains(starts) { found("It does not begin in its month.") }
        let before = receipt.subject.callBefore
        if before < 0 || (before > 0 && starts != receipt.subject.month.start) {
            found("It goes on with a call that did not go on into its month.")
        }
    }
}
