import Kernel
import Telephony
import Testing

@Suite struct NumberTests {
    // MARK: - The tables

    @Test func everyAssignedCountryIsInTheTable() {
        let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z")).map { String(UnicodeScalar($0)) }
        let assigned = letters.flatMap { first in letters.compactMap { CountryCode(first + $0) } }
        #expect(assigned.count == 249)
        #expect(assigned.filter { Country.with($0) == nil } == [])
        #expect(Country.all.count == 250)
        for country in Country.all {
            #expect(E164(digits: country.callingCode + "12345") != nil, "\(country.name)")
            #expect(
                country.prefixes.allSatisfy {
                    $0.hasPrefix(country.callingCode) || country.name == "Holy See"
                        || country.name.hasPrefix("San Marino") || country.name.hasPrefix("Saint Helena")
                }, "\(country.name)")
            #expect(
                country.emergencyNumbers.allSatisfy { (2...5).contains($0.count) && Int($0) != nil }, "\(country.name)")
            #expect(!country.internationalPrefixes.isEmpty, "\(country.name)")
        }
    }

    @Test func theUnionHasTwentySevenMembers() {
        let members = Set(Country.all.filter { $0.union == .eu }.compactMap { $0.code?.code })
        // Åland is a part of Finland with a code of its own
        #expect(members.subtracting(["AX"]).count == 27 && members.contains("AT"))
        #expect(Set(Country.all.filter { $0.union == .eea }.compactMap { $0.code?.code }) == ["IS", "LI", "NO"])
    }

    @Test func noTwoCountriesClaimAPrefix() {
        let prefixes = Country.all.flatMap(\.prefixes)
        #expect(Set(prefixes).count == prefixes.count)
    }

    /// Every calling code that is assigned leads somewhere; the ones that are not lead nowhere.
    @Test func callingCodes() throws {
        let free = [
            "210", "214", "215", "217", "218", "219", "259", "28", "384", "386", "422", "424", "671", "699", "801",
            "805", "81", "83",
            "851", "871", "874", "884", "889", "89", "969", "978", "990", "997", "999",
        ]
        let taken = Set(["218", "386", "81"])
        for code in free where !taken.contains(code) {
            let number = try #require(E164(digits: code + "1234567"))
            #expect(DestinationTable.standard.destination(of: number) == nil, "\(code)")
        }
    }

    @Test(arguments: [
        ("+431234567", "AT", DestinationKind.landline, DestinationRisk.low), ("+436601234567", "AT", .mobile, .low),
        ("+43720123456", "AT", .landline, .low), ("+43800123456", "AT", .tollFree, .low),
        ("+43810123456", "AT", .sharedCost, .elevated), ("+43900123456", "AT", .premium, .high),
        ("+4915112345678", "DE", .mobile, .low), ("+4930123456", "DE", .landline, .low),
        ("+499001234567", "DE", .premium, .high), ("+491801234567", "DE", .sharedCost, .elevated),
        ("+41791234567", "CH", .mobile, .low), ("+41900123456", "CH", .premium, .high),
        ("+447911123456", "GG", .mobile, .elevated), ("+447700900123", "GB", .mobile, .low),
        ("+447400123456", "GB", .mobile, .low), ("+447012345678", "GB", .personal, .elevated),
        ("+441481123456", "GG", .landline, .elevated), ("+449012345678", "GB", .premium, .high),
        ("+12125550123", "US", .landline, .low), ("+14165550123", "CA", .landline, .low),
        ("+18005550123", "US", .tollFree, .low), ("+19005550123", "US", .premium, .high),
        ("+18765550123", "JM", .landline, .high), ("+12685550123", "AG", .landline, .high),
        ("+17875550123", "PR", .landline, .elevated), ("+18095550123", "DO", .landline, .high),
        ("+79161234567", "RU", .mobile, .elevated), ("+77011234567", "KZ", .landline, .elevated),
        ("+390612345678", "IT", .landline, .low), ("+390669812345", "VA", .landline, .elevated),
        ("+393331234567", "IT", .mobile, .low), ("+358181234", "AX", .landline, .low),
        ("+37181234567", "LV", .sharedCost, .elevated), ("+37190123456", "LV", .premium, .high),
        ("+5355555555", "CU", .mobile, .high), ("+25261234567", "SO", .landline, .high),
        ("+9607123456", "MV", .landline, .high),
    ])
    func destinations(_ text: String, _ country: String, _ kind: DestinationKind, _ risk: DestinationRisk) throws {
        let number = try e164(text)
        let found = try #require(DestinationTable.standard.destination(of: number))
        #expect(found.country?.code == country && found.kind == kind && found.risk == risk, "\(found)")
        #expect(number.digits.hasPrefix(found.prefix))
    }

    @Test(arguments: [
        ("+881612345678", DestinationKind.satellite), ("+870773123456", .satellite), ("+88213123456", .satellite),
        ("+88210123456", .special), ("+883510012345", .special), ("+97912345678", .premium),
        ("+80012345678", .tollFree), ("+80812345678", .sharedCost), ("+878101234567", .personal),
    ])
    func servicesWithoutACountry(_ text: String, _ kind: DestinationKind) throws {
        let found = DestinationTable.standard.destination(of: try e164(text))
        #expect(found?.country == nil && found?.kind == kind && (found?.risk ?? .low) > .low)
    }

    // MARK: - Reading

    private func read(_ text: String, _ country: String) throws -> DialledNumber {
        let reader = try #require(CountryCode(country).flatMap { NumberReader($0) })
        return reader.read(text)
    }

    @Test(arguments: [
        ("0720123456", "AT", "+43720123456"), ("+43 (0)720 12 34-56", "AT", "+43720123456"),
        ("00436601234567", "AT", "+436601234567"), ("0043/660/1234567", "AT", "+436601234567"),
        ("0043720123456", "DE", "+43720123456"), ("030123456", "DE", "+4930123456"),
        ("0612345678", "IT", "+390612345678"), ("3331234567", "IT", "+393331234567"),
        ("0039061234567", "AT", "+39061234567"), ("20123456", "DK", "+4520123456"),
        ("(212) 555-0123", "US", "+12125550123"), ("1 212 555 0123", "US", "+12125550123"),
        ("011 43 720 123456", "US", "+43720123456"), ("06 20 123 4567", "HU", "+36201234567"),
        ("8 916 123 45 67", "RU", "+79161234567"), ("810 43 720123456", "RU", "+43720123456"),
        ("0011 43 720123456", "AU", "+43720123456"), ("8 5 123 4567", "LT", "+37051234567"),
        ("01481 123456", "GG", "+441481123456"),
    ])
    func numbers(_ dialled: String, _ country: String, _ expected: String) throws {
        #expect(try read(dialled, country) == .external(try e164(expected)))
    }

    @Test(arguments: [
        ("112", "AT"), ("144", "AT"), ("1 4 4", "AT"), ("110", "DE"), ("999", "GB"), ("911", "US"), ("112", "JP"),
        ("17", "FR"), ("000", "AU"), ("118", "CH"),
    ])
    func emergencies(_ dialled: String, _ country: String) throws {
        #expect(try read(dialled, country) == .emergency(dialled.replacing(" ", with: "")))
    }

    @Test(arguments: [("1001", "AT"), ("sales", "AT"), ("911", "AT"), ("1812", "DK"), ("a.b-c_d", "US")])
    func names(_ dialled: String, _ country: String) throws { #expect(try read(dialled, country) == .name(dialled)) }

    @Test(arguments: [
        "*21*0720123456#", "#31#", "", "   ", "720123456", "+", "+43", "+0720123456", "0000000000", "+4372012345678901",
    ])
    func unreadable(_ dialled: String) throws {
        guard case .unreadable(let why) = try read(dialled, "AT") else {
            Issue.record("\(dialled) was read")
            return
        }
        #expect(!why.isEmpty)
    }

    @Test(arguments: ["43720123456", "+43720123456", "0043720123456", "0720123456"])
    func carriersWriteNumbersInTheirOwnWays(_ text: String) throws {
        let reader = try #require(NumberReader(.austria))
        #expect(reader.readInbound(text) == E164("+43720123456"))
    }

    /// Whatever comes from the network is read or refused, and what is read is a number of the plan.
    @Test func anythingCanBeDialled() throws {
        var random = SeededGenerator(state: 11)
        let alphabet = Array("0123456789+*#() -./abz\u{0}é${}")
        for country in Country.all {
            let reader = NumberReader(country)
            for _ in 0..<40 {
                let text = String(
                    (0..<Int.random(in: 0...20, using: &random)).map { _ in
                        alphabet.randomElement(using: &random) ?? "0"
                    })
                if case .external(let number) = reader.read(text) { #expect(E164("\(number)") == number) }
            }
            for number in country.emergencyNumbers { #expect(reader.read(number) == .emergency(number)) }
        }
    }
}
