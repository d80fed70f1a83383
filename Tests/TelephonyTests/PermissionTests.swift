import Kernel
import Telephony
import Testing

@Suite struct PermissionTests {
    private func rule(
        _ isAllowed: Bool, country: String? = nil, kind: DestinationKind? = nil, prefix: String? = nil,
        scope: DialPermission.Scope = .tenant, expires: String? = nil
    ) -> DialPermission {
        DialPermission(
            scope: scope,
            destinations: .init(country: country.flatMap { CountryCode($0) }, kind: kind, prefix: prefix),
            isAllowed: isAllowed, expiresAt: expires.flatMap { Timestamp($0) })
    }

    private func isAllowed(_ number: String, _ rules: [DialPermission]) throws -> Bool {
        var fixture = try PlanFixture()
        fixture.users[0] = PlanFixture.user(1, "1001", site: PlanFixture.site)
        fixture.policy.permissions = rules
        let decision = fixture.dial(number)
        if let reason = decision.refusal?.reason {
            #expect([.destinationDenied, .destinationNotAllowed].contains(reason), "\(reason)")
        }
        return decision.route != nil
    }

    @Test(arguments: [
        ("+431234567", true), ("+4915112345678", true), ("+41791234567", false), ("+447400123456", false),
        ("+4712345678", false), ("+43800123456", true), ("+4234100000", false), ("+3545812345", false),
        ("+12125550123", false), ("+18765550123", false),
        ("+43900123456", false), ("+43810123456", false), ("+447012345678", false), ("+881612345678", false),
        ("+905321234567", false), ("+97912345678", false), ("+80012345678", false), ("+5355555555", false),
    ])
    func whatEverybodyMayCall(_ number: String, _ expected: Bool) throws {
        #expect(try isAllowed(number, []) == expected)
    }

    @Test func home() throws {
        var fixture = try PlanFixture()
        fixture.country = try #require(CountryCode("CU"))
        #expect(fixture.dial("+5355555555").route != nil)
        #expect(fixture.dial("+12125550123").refusal != nil)
    }

    @Test func aCountryIsOpenedByName() throws {
        #expect(try isAllowed("+12125550123", [rule(true, country: "US")]))
        #expect(try isAllowed("+5355555555", [rule(true, country: "CU")]))
    }

    /// An allowance that names no service never opens one, and none that names no country opens high risk.
    @Test func wideAllowancesOpenNothingDear() throws {
        #expect(try !isAllowed("+43900123456", [rule(true)]))
        #expect(try !isAllowed("+43900123456", [rule(true, country: "AT")]))
        #expect(try !isAllowed("+5355555555", [rule(true)]))
        #expect(try !isAllowed("+5355555555", [rule(true, kind: .mobile)]))
        #expect(try isAllowed("+12125550123", [rule(true)]))
        #expect(try isAllowed("+43900123456", [rule(true, country: "AT", kind: .premium)]))
        #expect(try isAllowed("+43900123456", [rule(true, prefix: "43900")]))
        #expect(try isAllowed("+881612345678", [rule(true, kind: .satellite)]))
        #expect(try !isAllowed("+43900123456", [rule(true, kind: .premium)]))
    }

    @Test func denials() throws {
        #expect(try !isAllowed("+4915112345678", [rule(false, country: "DE")]))
        #expect(try !isAllowed("+4915112345678", [rule(false)]))
        #expect(try isAllowed("+4915112345678", [rule(false, kind: .landline)]))
    }

    @Test func theLongestPrefixDecidesThenDenial() throws {
        #expect(try isAllowed("+12125550123", [rule(false, prefix: "1"), rule(true, prefix: "1212")]))
        #expect(try !isAllowed("+12125550123", [rule(true, prefix: "1"), rule(false, prefix: "1212")]))
        #expect(try !isAllowed("+12125550123", [rule(true, prefix: "1212"), rule(false, prefix: "1212")]))
        #expect(try !isAllowed("+4930123456", [rule(true, country: "DE"), rule(false, kind: .landline)]))
    }

    @Test func theCloserScopeDecides() throws {
        let user = DialPermission.Scope.user(PlanFixture.first)
        let site = DialPermission.Scope.site(PlanFixture.site)
        #expect(try isAllowed("+12125550123", [rule(false, prefix: "1212"), rule(true, country: "US", scope: user)]))
        #expect(try !isAllowed("+12125550123", [rule(true, scope: site), rule(false, country: "US", scope: user)]))
        #expect(try isAllowed("+12125550123", [rule(false), rule(true, country: "US", scope: site)]))
        #expect(try !isAllowed("+12125550123", [rule(true, country: "US", scope: .user(PlanFixture.second))]))
    }

    @Test func aPermissionEndsAtItsTime() throws {
        #expect(try isAllowed("+12125550123", [rule(true, country: "US", expires: "2026-11-18T10:00:01Z")]))
        #expect(try !isAllowed("+12125550123", [rule(true, country: "US", expires: "2026-11-18T10:00:00Z")]))
        #expect(try isAllowed("+4930123456", [rule(false, country: "DE", expires: "2026-11-18T09:00:00Z")]))
    }

    /// What a sign of fraud closed is closed for everybody, whatever is allowed; an opening has its end.
    @Test func aBlockIsStrongerThanPermissions() throws {
        var fixture = try PlanFixture()
        fixture.policy.permissions = [rule(true, country: "CU", scope: .user(PlanFixture.first))]
        let later = PlanFixture.now.advanced(by: .seconds(60))
        func decide(until: Timestamp, open: Timestamp? = nil) -> Decision {
            fixture.policy.blocks = [
                DestinationBlock(
                    destinations: .init(country: CountryCode("CU")), until: until, openUntil: open, sentence: "Forty.")
            ]
            return fixture.dial("+5355555555")
        }
        let refused = decide(until: later)
        #expect(refused.refusal?.reason == .destinationBlocked)
        #expect(refused.trace.last?.sentence.hasSuffix("Forty.") == true)
        #expect(decide(until: PlanFixture.now).route != nil)
        #expect(decide(until: later, open: later).route != nil)
        #expect(decide(until: later, open: PlanFixture.now).refusal != nil)
        #expect(fixture.dial("+431234567").route != nil && fixture.dial("112").route != nil)
    }
}
