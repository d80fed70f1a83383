import Testing

@testable import Rating

struct TaxTests {
    private func decide(_ country: String, _ valid: Bool) throws -> VATDecision {
        VATDecision(buyer: try #require(Country(country)), vatIDValid: valid, book: .v2_1)
    }

    @Test(arguments: [
        ("AT", true, "S", "20"), ("AT", false, "S", "20"), ("DE", true, "AE", "0"), ("DE", false, "S", "20"),
        ("GR", true, "AE", "0"), ("EL", true, "AE", "0"), ("EL", false, "S", "20"), ("HR", true, "AE", "0"),
        ("GB", true, "outside_scope_or_export", "0"), ("XI", true, "outside_scope_or_export", "0"),
        ("CH", false, "outside_scope_or_export", "0"), ("NO", true, "outside_scope_or_export", "0"),
        ("US", false, "outside_scope_or_export", "0"),
    ])
    func categories(country: String, valid: Bool, category: String, rate: String) throws {
        let decision = try decide(country, valid)
        #expect(decision.category.rawValue == category && decision.rate.description == rate)
        #expect((decision.note == nil) == (category == "S"))
        if category == "outside_scope_or_export" { #expect(decision.reminder != nil) }
    }

    @Test func theUnionHasTwentySevenMembersEachWithARule() {
        #expect(Country.union.count == 27)
        #expect(Set(VATNumberRule.rules.keys) == Country.union)
        for code in Country.union { #expect(Country(code) != nil) }
        for text in ["UK", "de", "", "D", "DEU", "QQ", "Ä"] { #expect(Country(text) == nil) }
    }

    @Test func vatIsRoundedOnceOnTheSum() throws {
        let decision = try decide("AT", true)
        // Line by line each 0.02 would give 0.00; together they give 0.01.
        let total = try decision.total(of: [Money](repeating: Money(cents: 2), count: 3))
        #expect(total.vat == Money(cents: 1) && total.gross == Money(cents: 7))
        #expect(try decision.total(of: [money("-0.03")]).vat == Money(cents: -1))
        #expect(try decision.total(of: []).gross == .zero)
    }

    /// Made-up numbers whose check digits are right; the next digit of each is wrong.
    @Test(arguments: VATNumberVectors.valid)
    func readsNumbersOfEveryMember(text: String) throws {
        let number = try VATNumber(text)
        #expect(number.description == text)
        #expect(try VATNumber(" \(text.prefix(2).lowercased()) \(text.dropFirst(2))") == number)
        var refused = 0
        for (index, character) in text.enumerated().dropFirst(2) {
            guard let digit = character.wholeNumberValue else { continue }
            var changed = Array(text)
            changed[index] = Character(String((digit + 1) % 10))
            if (try? VATNumber(String(changed))) == nil { refused += 1 }
        }
        // A single wrong digit is found nearly everywhere; some schemes leave one place open.
        #expect(refused >= 5, "\(text): \(refused)")
    }

    @Test func saysWhatIsWrong() {
        func reason(_ text: String) -> String? {
            do {
                _ = try VATNumber(text)
                return nil
            } catch {
                return error.reason
            }
        }
        #expect(reason("") == "unknown_prefix" && reason("GB123456789") == "unknown_prefix")
        #expect(reason("GR123456783") == "unknown_prefix" && reason("EL123456783") == nil)
        #expect(reason("ATU1234567") == "malformed" && reason("AT123456789") == "malformed")
        #expect(reason("ATU13585627") == nil && reason("ATU13585626") == "wrong_checksum")
        #expect(reason(String(repeating: "1", count: 100)) == "malformed")
        #expect(reason("DEé٣٣٣٣٣٣٣٣") == "malformed")
        #expect(reason("ATU00000000") == "wrong_checksum")
    }
}
