import Foundation
import Testing

@testable import Rating

struct AmountTests {
    @Test(arguments: [
        ("0", 0), ("5475.00", 547_500), ("5475", 547_500), ("5475.5", 547_550), ("-0.01", -1),
        ("1000000000000000.00", 100_000_000_000_000_000),
    ])
    func readsAmounts(text: String, cents: Int64) throws {
        #expect(try Money(text).cents == cents)
        #expect(try Money(Money(text).description) == Money(text))
    }

    @Test(arguments: [
        "", "-", ".", "1.", ".5", "+1", "1e3", " 1", "1 ", "01", "1.000", "1,5", "٣", "NaN", "--1", "0x10",
        "1000000000000000.01", "99999999999999999999999999",
    ])
    func refusesWhatIsNotAnAmount(text: String) {
        #expect(throws: Refusal.self) { try Money(text) }
    }

    @Test func showsThousands() {
        #expect(Money(cents: 547_500).display == "5,475.00")
        #expect(Money(cents: -123_456_789_01).display == "-123,456,789.01")
        #expect(Money(cents: 5).display == "0.05")
        #expect(Money(cents: -5).display == "-0.05")
        #expect(Money(cents: 99_999).display == "999.99")
    }

    @Test func isCodedAsAString() throws {
        let encoded = try JSONEncoder().encode([Money(cents: -1), Money(cents: 547_500)])
        #expect(String(decoding: encoded, as: UTF8.self) == #"["-0.01","5475.00"]"#)
        #expect(try JSONDecoder().decode([Money].self, from: encoded) == [Money(cents: -1), Money(cents: 547_500)])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Money].self, from: Data(#"["1.234"]"#.utf8)) }
        let rate = try JSONDecoder().decode([Rate].self, from: Data(#"["0.035"]"#.utf8))
        #expect(rate == [Rate(micros: 35_000)])
    }

    @Test(arguments: [
        (5, 10, 1), (4, 10, 0), (-5, 10, -1), (-4, 10, 0), (15, 10, 2), (25, 10, 3), (-25, 10, -3), (1, 3, 0),
        (2, 3, 1),
        (0, 7, 0),
    ])
    func roundsHalfAwayFromZero(numerator: Int64, denominator: Int64, expected: Int64) {
        #expect(Rounding.halfAwayFromZero(Int128(numerator), over: Int128(denominator)) == Int128(expected))
        // The same beyond 64 bits, where another branch divides.
        let scale = Int128(1) << 70
        let wide = Rounding.halfAwayFromZero(Int128(numerator) * scale, over: Int128(denominator) * scale)
        #expect(wide == Int128(expected))
    }

    @Test func ratesKeepSixDecimals() throws {
        #expect(try Rate("0.035").description == "0.035")
        #expect(try Rate("350").description == "350.00")
        #expect(try Rate("0.000001").micros == 1)
        #expect(UnitPrice(try Rate("0.08"), per: 60_000).description == "0.08/60000")
        #expect(throws: Refusal.self) { try Rate("0.0000001") }
        #expect(throws: Refusal.self) { try Rate("-1") }
        #expect(try Percent("17.50").description == "17.5")
        #expect(try Percent("20").description == "20")
        #expect(throws: Refusal.self) { try Percent("100.000001") }
        #expect(throws: Refusal.self) { try Percent("-1") }
    }

    @Test func refusesResultsThatAreTooLarge() throws {
        #expect(throws: Refusal.self) { try UnitPrice(Rate.limit).net(.max) }
        #expect(throws: Refusal.self) { try UnitPrice(Rate.limit).net(.max, discount: Percent("0.000001")) }
        #expect(throws: Refusal.self) { try Money.sum([.limit, Money(cents: 1)]) }
        #expect(throws: Refusal.self) { try Money.limit.times(2) }
        #expect(try Money.sum([.limit, -Money.limit]) == .zero)
    }

    @Test func allocationAddsUpAndIsFair() {
        #expect(Money(cents: 100).allocated(by: [1, 1, 1]).map(\.cents) == [34, 33, 33])
        #expect(Money(cents: -100).allocated(by: [1, 1, 1]).map(\.cents) == [-34, -33, -33])
        #expect(Money(cents: 5).allocated(by: [0, 0]).map(\.cents) == [3, 2])
        #expect(Money(cents: 10).allocated(by: [1, 2, 4]).map(\.cents) == [1, 3, 6])
        #expect(Money(cents: 10).allocated(by: []).isEmpty)
        var random = SeededGenerator(state: 11)
        for _ in 0..<500 {
            let amount = Money(cents: .random(in: -1_000_000_000...1_000_000_000, using: &random))
            let weights = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                Int64.random(in: 0...1_000_000, using: &random)
            }
            let parts = amount.allocated(by: weights)
            #expect(parts.reduce(.zero, +) == amount)
            let total = weights.reduce(0, +)
            for (part, weight) in zip(parts, weights) where total > 0 {
                let exact = Int128(amount.cents) * Int128(weight)
                #expect((Int128(part.cents) * Int128(total) - exact).magnitude < Int128(total).magnitude)
            }
        }
    }
}
