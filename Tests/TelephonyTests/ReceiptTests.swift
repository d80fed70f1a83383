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

    // MARK: Agreed rounding, and what is not billed

    private func receipt(
        _ milliseconds: Int64, before: Int64 = 0, _ increment: CallIncrement? = nil, isBilled: Bool = true,
        at place: Receipt.Place = .first
    ) throws -> Receipt {
        let month = try #require(BillingMonth("2026-11"))
        let from = before > 0 ? Timestamp(microseconds: month.start) : PlanFixture.now
        return Receipt(
            Receipt.Subject(
                tenant: PlanFixture.id(9), leg: "leg", month: month, from: from, milliseconds: milliseconds,
                callBefore: before),
            terms: Receipt.Terms(
                includedMilliseconds: 120_000, microsPerMinute: 80_000, priceBook: "2.1", revision: "",
                increment: increment, isBilled: isBilled),
            basis: milliseconds < 0 ? .reversal : .record, at: place)
    }

    @Test func aCallIsRoundedOnce() throws {
        #expect(try receipt(30_000, .minute).billedPart == 60_000)
        #expect(try receipt(-30_000, .minute).billedPart == -60_000)
        #expect(try receipt(61_001, .sixSeconds).billedPart == 66_000)
        #expect(try receipt(60_000, .second).billedPart == 60_000)
        // 15 s of a call in the month before have paid for their minute
        #expect(try receipt(15_000, before: 15_000, .minute).billedPart == 0)
        #expect(try receipt(50_000, before: 15_000, .minute).billedPart == 60_000)
        let beyond = try receipt(130_000, .minute)
        #expect(beyond.includedPart == 120_000 && beyond.overagePart == 60_000 && beyond.usedAfter == 180_000)
        #expect(beyond.rule == .roundedCalls && beyond.json["increment"] == "60/60")
    }

    @Test func whatIsNotBilledCountsAndCostsNothing() throws {
        let demo = try receipt(200_000, isBilled: false)
        #expect(demo.billedPart == 0 && demo.includedPart == 0 && demo.overagePart == 0 && demo.spentMicros == 0)
        #expect(demo.usedAfter == 200_000 && demo.billedAfter == 0 && demo.rule == .notBilled)
        // the included minutes are those of the bill
        let first = try receipt(130_000, at: demo.next)
        #expect(first.overagePart == 10_000 && first.usedAfter == 330_000 && first.rule == .proRataOfBilled)
        let verification = Verification([demo, first].map(\.json))
        #expect(verification.isSound && verification.billedMilliseconds == 130_000)
        #expect(verification.usedMilliseconds == 330_000 && verification.overageCost == 800_000_000)
    }

    /// Under the first rule a receipt has the members that it always had.
    @Test func theFirstRuleStaysAsItWas() throws {
        let receipt = try chain([90_000])[0]
        #expect(receipt.rule == .proRata && receipt.json["billed_ms"] == nil && receipt.json["increment"] == nil)
        let later = try self.receipt(30_000, .minute)
        #expect(Receipt(later.json) == later)
    }

    @Test(arguments: [
        "billed", "billed_ms", "billed_before_ms", "billed_after_ms", "call_before_ms", "increment", "rule",
    ])
    func changesOfTheBillShow(_ member: String) throws {
        let first = try receipt(30_000, isBilled: false)
        let documents = [first, try receipt(70_000, .minute, at: first.next)].map(\.json)
        #expect(Verification(documents).isSound)
        for index in documents.indices {
            guard case .object(let members) = documents[index] else { throw Unexpected() }
            var changed = documents
            changed[index] = .object(
                members.map { old in
                    guard old.key == member else { return old }
                    switch old.value {
                    case .bool(let flag): return JSON.Member(member, .bool(!flag))
                    case .number: return JSON.Member(member, .integer(77))
                    default: return JSON.Member(member, "6/6")
                    }
                })
            #expect(!Verification(changed).isSound, "\(member) of \(index)")
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
