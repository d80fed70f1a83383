import Kernel
import Rating
import Telephony
import Testing

@Suite struct ReceiptTests {
    private let terms = Receipt.Terms(
        includedMilliseconds: 120_000_000, microsPerMinute: 80_000, priceBook: "2.1", revision: "rev")

    private func chain(_ legs: [Int64], basis: Receipt.Basis = .record) throws -> [Receipt] {
        var place = Receipt.Place.first
        return try legs.enumerated().map { index, milliseconds in
            let subject = Receipt.Subject(
                tenant: PlanFixture.id(9), leg: "leg-\(index)", month: try #require(BillingMonth("2026-11")),
                from: PlanFixture.now, milliseconds: milliseconds)
            let receipt = Receipt(subject, terms: terms, basis: basis, at: place)
            place = receipt.next
            return receipt
        }
    }

    /// 2,000.5 minutes: the last call is split where the minutes end, and 30 s cost 4 cents.
    @Test func theCallThatCrossesTheEnd() throws {
        let receipts = try chain([119_940_000, 90_000, 1_000])
        #expect(receipts.map(\.includedPart) == [119_940_000, 60_000, 0])
        #expect(receipts.map(\.overagePart) == [0, 30_000, 1_000])
        #expect(receipts[1].place.usedBefore == 119_940_000 && receipts[1].usedAfter == 120_030_000)
    }

    @Test func nothingIsOverageWithoutAnAllotment() throws {
        let subject = Receipt.Subject(
            tenant: PlanFixture.id(9), leg: "leg", month: try #require(BillingMonth("2026-11")), from: PlanFixture.now,
            milliseconds: 5)
        let none = Receipt.Terms(includedMilliseconds: nil, microsPerMinute: 0, priceBook: "2.1", revision: "")
        #expect(Receipt(subject, terms: none, basis: .record, at: .first).overagePart == 0)
    }

    /// Whatever comes, taken back and again: the parts add up to the month's own split.
    @Test func sumsAreTheMonths() throws {
        var random = SeededGenerator(state: 41)
        for _ in 0..<300 {
            var total: Int64 = 0
            let legs: [Int64] = (0..<20).map { _ in
                let isReversal = total > 0 && Int.random(in: 0..<4, using: &random) == 0
                let step: Int64 =
                    isReversal
                    ? -.random(in: 1...total, using: &random) : .random(in: 0...20_000_000, using: &random)
                total += step
                return step
            }
            let receipts = try chain(legs)
            #expect(receipts.reduce(0) { $0 + $1.overagePart } == max(0, total - 120_000_000))
            #expect(receipts.reduce(0) { $0 + $1.includedPart } == min(total, 120_000_000))
            let verification = Verification(receipts.map(\.json))
            #expect(verification.isSound && verification.milliseconds == total && verification.receipts == 20)
        }
    }

    @Test func aReceiptIsReadBack() throws {
        for receipt in try chain([119_940_000, 90_000, -1_000]) { #expect(Receipt(receipt.json) == receipt) }
        #expect(Receipt(.object([])) == nil)
    }

    /// The hash is part of what customers keep: it never changes for the same receipt.
    @Test func theHashIsStable() throws {
        let receipt = try chain([90_000])[0]
        #expect(receipt.hash.wholeMatch(of: /[0-9a-f]{64}/) != nil)
        #expect(receipt.json.text.hasPrefix(#"{"basis":"record","from":"2026-11-18T10:00:00Z""#))
        #expect(try chain([90_000])[0].hash == receipt.hash)
        #expect(try chain([90_001])[0].hash != receipt.hash)
    }

    @Test(arguments: [
        "milliseconds", "used_before_ms", "overage_ms", "included_ms", "micros_per_minute", "sequence", "from", "leg",
        "price_book", "revision", "basis", "hash", "previous_hash", "rule", "included_allotment_ms", "month",
    ])
    func changesShow(_ member: String) throws {
        var documents = try chain([60_000, 90_000, 30_000]).map(\.json)
        guard case .object(let members) = documents[1] else { throw Unexpected() }
        documents[1] = .object(
            members.map { old in
                guard old.key == member else { return old }
                return JSON.Member(member, Self.changed(old.value, member))
            })
        #expect(!Verification(documents).isSound, "\(member)")
    }

    private static func changed(_ value: JSON, _ member: String) -> JSON {
        switch (value, member) {
        case (.number(let text), _): .number("1\(text)")
        case (_, "from"): "2026-11-18T10:00:01Z"
        case (_, "month"): "2026-12"
        case (_, "basis"): "estimate"
        case (.string(let text), _): .string("1" + text.dropFirst())
        default: .null
        }
    }

    @Test func gapsAndOrderShow() throws {
        let documents = try chain([60_000, 90_000, 30_000]).map(\.json)
        #expect(Verification(documents).isSound && Verification([]).isSound)
        #expect(!Verification([documents[0], documents[2]]).isSound)
        #expect(!Verification([documents[1], documents[2]]).isSound)
        #expect(!Verification([documents[0], documents[2], documents[1]]).isSound)
        #expect(!Verification([documents[0], documents[0]]).isSound)
        // the end of a chain cannot be missed from within; its count and sum are compared with the invoice
        #expect(Verification(Array(documents.prefix(2))).milliseconds == 150_000)
        #expect(Verification([.null]).findings.first?.sentence == "This is no receipt.")
    }
}
