import Kernel
import Telephony
import Testing

@Suite struct AuthoriseTests {
    // MARK: - Emergency

    /// Whatever else is wrong, an emergency call goes out, is not metered and is never ended.
    @Test func nothingStopsAnEmergencyCall() throws {
        var fixture = try PlanFixture()
        fixture.barred = .tenantInactive
        fixture.users[0] = PlanFixture.user(1, "1001", isEnabled: false)
        fixture.policy.limits.concurrentCalls = 0
        fixture.policy.allotment.atEnd = .block
        fixture.policy.permissions = [DialPermission(scope: .tenant, destinations: .init(), isAllowed: false)]
        for standing in [Standing(), .unknown] {
            for origin in [
                LegRequest.Origin.user(PlanFixture.first), .refer(by: nil), .agent(number: nil),
                .user(PlanFixture.id(77)),
            ] {
                let route = try #require(fixture.decide(origin, "112", standing).route)
                #expect(route.callClass == .emergency && route.meteredLegs.isEmpty && route.grant == nil)
                #expect(route.hangupAfterSeconds == nil)
                #expect(route.callerNumber == E164("+43720123456"))
            }
        }
    }

    @Test func emergencyTakesItsOwnTrunkFirst() throws {
        let route = try #require(try PlanFixture().dial("144").route)
        #expect(
            route.target
                == .trunks([
                    .init(trunk: PlanFixture.id(2), number: "144"), .init(trunk: PlanFixture.id(1), number: "144"),
                ]))
        #expect(route.warnings == [.noSite])
    }

    @Test func emergencyIsThatOfTheSite() throws {
        var fixture = try PlanFixture()
        let germany = try #require(CountryCode("DE"))
        fixture.numbers.append(try PlanFixture.number("+4930123456", 6, .reject))
        fixture.sites = [
            Site(
                id: PlanFixture.site, displayName: "Berlin", address: "", country: germany, verifiedAt: nil,
                callbackNumber: PlanFixture.id(6))
        ]
        fixture.users[0] = PlanFixture.user(1, "1001", site: PlanFixture.site)
        let route = try #require(fixture.dial("110").route)
        #expect(route.callClass == .emergency && route.warnings == [.addressNotConfirmed])
        #expect(route.callerNumber == E164("+4930123456"))
    }

    @Test func emergencyTriesWhatIsDownLast() throws {
        var standing = Standing()
        standing.trunksDown = [PlanFixture.id(2)]
        let route = try #require(try PlanFixture().dial("112", standing).route)
        guard case .trunks(let attempts) = route.target else { throw Unexpected() }
        #expect(attempts.map(\.trunk) == [PlanFixture.id(1), PlanFixture.id(2)])
    }

    @Test func withoutATrunkThereIsNoEmergencyCall() throws {
        var fixture = try PlanFixture()
        fixture.trunks = [PlanFixture.trunk(1, isEnabled: false)]
        #expect(fixture.dial("112").refusal?.reason == .noEmergencyTrunk)
    }

    /// A node's own carrier comes after every trunk, and alone where there is none.
    @Test func aNodesOwnCarrierTakesEmergencyCallsAtLast() throws {
        var fixture = try PlanFixture()
        var leg = LegRequest(
            callID: "call-1", origin: .user(PlanFixture.first), dialled: "112", now: PlanFixture.now)
        leg.hasEmergencyCarrier = true
        func attempts() -> [TrunkID?]? {
            guard case .trunks(let attempts) = authorise(leg, fixture.entry, .unknown).route?.target else { return nil }
            return attempts.map(\.trunk)
        }
        #expect(attempts() == [PlanFixture.id(2), PlanFixture.id(1), nil])
        fixture.trunks = [PlanFixture.trunk(1, isEnabled: false)]
        fixture.barred = .tenantInactive
        #expect(attempts() == [nil])
        leg = LegRequest(callID: "call-1", origin: .user(PlanFixture.first), dialled: "+43660", now: PlanFixture.now)
        leg.hasEmergencyCarrier = true
        #expect(authorise(leg, fixture.entry, Standing()).route == nil, "nothing but emergency calls goes there")
    }

    // MARK: - The ways of a leg

    @Test func outbound() throws {
        let route = try #require(try PlanFixture().dial("06601234567").route)
        #expect(route.callClass == .outbound && route.meteredLegs == [.b])
        #expect(route.payer == .user(PlanFixture.first) && route.callerNumber == E164("+43720123456"))
        #expect(route.grant?.sliceSeconds == 60 && route.hangupAfterSeconds == 660)
        #expect(
            route.target
                == .trunks([
                    .init(trunk: PlanFixture.id(1), number: "+436601234567"),
                    .init(trunk: PlanFixture.id(2), number: "+436601234567"),
                ]))
    }

    @Test func inside() throws {
        let fixture = try PlanFixture()
        let route = try #require(fixture.dial("1002", .unknown).route)
        #expect(route.callClass == .internal && route.grant == nil && route.meteredLegs.isEmpty)
        #expect(route.target == .users([PlanFixture.second], group: nil, strategy: .simultaneous, ringSeconds: 30))
        let group = try #require(fixture.dial("sales").route)
        #expect(
            group.target
                == .users(
                    [PlanFixture.first, PlanFixture.second], group: PlanFixture.group, strategy: .simultaneous,
                    ringSeconds: 20))
    }

    @Test func internalCallsGoOnWhileTheTenantIsBarred() throws {
        var fixture = try PlanFixture()
        fixture.barred = .programWithoutTelephony
        #expect(fixture.dial("1002").route?.callClass == .internal)
        #expect(fixture.dial("06601234567").refusal?.reason == .programWithoutTelephony)
        #expect(fixture.decide(.trunk(nil), "+43720123456").refusal?.reason == .programWithoutTelephony)
    }

    @Test func aNumberOfItsOwnStaysInside() throws {
        let route = try #require(try PlanFixture().decide(.user(PlanFixture.second), "0720123456").route)
        #expect(route.callClass == .internal && route.meteredLegs.isEmpty)
    }

    @Test func inbound() throws {
        let route = try #require(try PlanFixture().decide(.trunk(PlanFixture.id(1)), "43720123456").route)
        #expect(route.callClass == .inbound && route.meteredLegs == [.a] && route.grant?.sliceSeconds == 60)
        #expect(route.payer == .number(PlanFixture.did))
        #expect(try PlanFixture().decide(.trunk(nil), "+4317777777").refusal?.reason == .numberUnknown)
    }

    @Test func aBoundNumberComesOverItsTrunkOnly() throws {
        var fixture = try PlanFixture()
        fixture.numbers = [try PlanFixture.number("+43720123456", 4, .agent("reception"), trunk: PlanFixture.id(2))]
        #expect(fixture.decide(.trunk(PlanFixture.id(1)), "+43720123456").refusal?.reason == .wrongTrunk)
        #expect(fixture.decide(.trunk(nil), "+43720123456").refusal?.reason == .wrongTrunk)
        #expect(fixture.decide(.trunk(PlanFixture.id(2)), "+43720123456").route?.target == .agent("reception"))
        #expect(fixture.decide(.trunk(PlanFixture.id(50)), "+43720123456").refusal?.reason == .wrongTrunk)
    }

    /// A carrier's call that nobody took and that goes on elsewhere is metered itself, wherever it is answered.
    @Test func aCarriersCallStaysOne() throws {
        var fixture = try PlanFixture()
        func go(_ dialled: String, _ stage: LegRequest.Stage) -> CallRoute? {
            fixture.decide(.forward(by: PlanFixture.first), dialled, stage: stage).route
        }
        let out = try #require(go("06601234567", .ringingOverTrunk))
        #expect(out.callClass == .inbound && out.meteredLegs == [.a, .b] && out.payer == .user(PlanFixture.first))
        for dialled in ["1002", "sales", "0720123456"] {
            let inside = try #require(go(dialled, .ringingOverTrunk), "\(dialled)")
            #expect(inside.callClass == .inbound && inside.meteredLegs == [.a])
            #expect(inside.hangupAfterSeconds == 660, "not the longest call")
        }
        // one that talks is metered under the lease that it has
        #expect(go("06601234567", .answered)?.meteredLegs == [.b])
        #expect(go("1002", .answered)?.meteredLegs == [])
        fixture.barred = .tenantInactive
        #expect(go("1002", .ringingOverTrunk) == nil && go("1002", .answered)?.callClass == .internal)
    }

    /// In over a trunk and out again: both legs are metered and the number's or the user's permissions hold.
    @Test func throughTheTenant() throws {
        var fixture = try PlanFixture()
        fixture.numbers[0] = try PlanFixture.number(
            "+43720123456", 4, .external(try e164("+436601234567")))
        let route = try #require(fixture.decide(.trunk(nil), "+43720123456").route)
        #expect(route.meteredLegs == [.a, .b] && route.payer == .number(PlanFixture.did))
        fixture.numbers[0] = try PlanFixture.number("+43720123456", 4, .external(try e164("+5355555555")))
        #expect(fixture.decide(.trunk(nil), "+43720123456").refusal?.reason == .destinationNotAllowed)
        fixture.numbers[0] = try PlanFixture.number("+43720123456", 4, .user(PlanFixture.first))
        fixture.users[0] = PlanFixture.user(
            1, "1001", forward: SIPUser.Forward(condition: .always, destination: "0660 1234567"))
        let forwarded = try #require(fixture.decide(.trunk(nil), "+43720123456").route)
        #expect(forwarded.payer == .user(PlanFixture.first) && forwarded.meteredLegs == [.a, .b])
    }

    @Test func schedulesDecideByTheirOwnClock() throws {
        var fixture = try PlanFixture()
        let id: ScheduleID = PlanFixture.id(20)
        func schedule(_ zone: String, closed: [String] = []) -> Schedule {
            // Wednesday, 11:00 to 12:00: it is 11:00 in Vienna and 10:00 in London
            Schedule(
                id: id, displayName: "", timeZone: zone, hours: [.init(weekday: 3, from: 660, to: 720)],
                closedOn: closed)
        }
        fixture.numbers = [
            PhoneNumber(
                id: PlanFixture.did, e164: try e164("+43720123456"), displayName: "",
                routes: [RouteEntry(scheduleID: id, target: .agent("day"))])
        ]
        fixture.schedules = [schedule("Europe/Vienna")]
        #expect(fixture.decide(.trunk(nil), "+43720123456").route?.target == .agent("day"))
        fixture.schedules = [schedule("Europe/London")]
        #expect(fixture.decide(.trunk(nil), "+43720123456").refusal?.reason == .closed)
        fixture.schedules = [schedule("Europe/Vienna", closed: ["2026-11-18"])]
        #expect(fixture.decide(.trunk(nil), "+43720123456").refusal?.reason == .closed)
        fixture.schedules = [schedule("Mars/Olympus")]
        #expect(fixture.decide(.trunk(nil), "+43720123456").refusal?.reason == .closed)
    }

    @Test func forwardsThatLeadInACircleEnd() throws {
        var fixture = try PlanFixture()
        fixture.users = [
            PlanFixture.user(1, "1001", forward: .init(condition: .always, destination: "1002")),
            PlanFixture.user(2, "1002", forward: .init(condition: .always, destination: "1001")),
        ]
        #expect(fixture.dial("1002").refusal?.reason == .forwardLoop)
    }

    /// A number that leads to another number of the tenant stays inside: nobody pays a carrier for that.
    @Test func aNumberThatLeadsToAnOwnNumberStaysInside() throws {
        var fixture = try PlanFixture()
        fixture.numbers = [
            try PlanFixture.number("+43720123456", 4, .external(try e164("+43720123457"))),
            try PlanFixture.number("+43720123457", 5, .user(PlanFixture.first)),
        ]
        let route = try #require(fixture.decide(.trunk(nil), "+43720123456").route)
        #expect(route.meteredLegs == [.a])
        fixture.numbers[1] = try PlanFixture.number("+43720123457", 5, .external(try e164("+43720123456")))
        #expect(fixture.decide(.trunk(nil), "+43720123456").refusal?.reason == .forwardLoop)
    }

    /// The ways around permissions that other systems leave open.
    @Test(arguments: [
        LegRequest.Origin.forward(by: PlanFixture.first), .refer(by: PlanFixture.first), .refer(by: nil),
        .agent(number: PlanFixture.did), .number(PlanFixture.did), .user(PlanFixture.first),
    ])
    func everyKindOfLegNeedsThePermission(_ origin: LegRequest.Origin) throws {
        let fixture = try PlanFixture()
        #expect(fixture.decide(origin, "+5355555555").refusal?.reason == .destinationNotAllowed)
        #expect(fixture.decide(origin, "+43900123456").refusal?.reason == .destinationNotAllowed)
        #expect(fixture.decide(origin, "+4915112345678").route?.callClass == .outbound)
    }

    @Test func whoMayNotCall() throws {
        var fixture = try PlanFixture()
        #expect(fixture.decide(.user(PlanFixture.id(66)), "1002").refusal?.reason == .callerUnknown)
        #expect(fixture.decide(.agent(number: PlanFixture.id(66)), "1002").refusal?.reason == .callerUnknown)
        #expect(fixture.dial("1003").refusal?.reason == .extensionUnknown)
        #expect(fixture.dial("*72").refusal?.reason == .numberUnreadable)
        fixture.users = [PlanFixture.user(1, "1001"), PlanFixture.user(2, "1002", isEnabled: false)]
        #expect(fixture.dial("1002").refusal?.reason == .targetUnavailable)
        #expect(fixture.decide(.user(PlanFixture.second), "1001").refusal?.reason == .callerDisabled)
    }

    @Test func trunks() throws {
        var fixture = try PlanFixture()
        fixture.trunks = [PlanFixture.trunk(1, prefixes: ["43"]), PlanFixture.trunk(2, priority: 2)]
        func order(_ dialled: String, _ standing: Standing = Standing()) -> [TrunkID?]? {
            guard case .trunks(let attempts) = fixture.dial(dialled, standing).route?.target else { return nil }
            return attempts.map(\.trunk)
        }
        #expect(order("06601234567") == [PlanFixture.id(1), PlanFixture.id(2)])
        #expect(order("+4930123456") == [PlanFixture.id(2)])
        var down = Standing()
        down.trunksDown = [PlanFixture.id(2)]
        #expect(order("06601234567", down) == [PlanFixture.id(1)])
        #expect(fixture.dial("+4930123456", down).refusal?.reason == .trunksDown)
        fixture.trunks.removeLast()
        #expect(fixture.dial("+4930123456").refusal?.reason == .noTrunk)
    }

    @Test func equalTrunksShareByWeight() throws {
        var fixture = try PlanFixture()
        fixture.trunks = [PlanFixture.trunk(1, weight: 3), PlanFixture.trunk(2, weight: 1)]
        var first = 0
        for index in 0..<2_000 {
            let route = fixture.decide(.user(PlanFixture.first), "06601234567", call: "call \(index)").route
            guard case .trunks(let attempts) = route?.target else { throw Unexpected() }
            #expect(attempts.count == 2)
            if attempts[0].trunk == PlanFixture.id(1) { first += 1 }
        }
        #expect((1_400...1_600).contains(first), "\(first) of 2,000; 1,500 expected")
    }

    // MARK: - The trace and the catalogue

    @Test func theLastStepDecides() throws {
        let fixture = try PlanFixture()
        for dialled in ["06601234567", "+5355555555", "1002", "1003", "112", "*1"] {
            let decision = fixture.dial(dialled)
            #expect(decision.trace.dropLast().allSatisfy { $0.result != .refused })
            #expect((decision.trace.last?.result == .refused) == (decision.refusal != nil))
            if let refusal = decision.refusal { #expect(decision.trace.last?.sentence == refusal.sentence) }
        }
    }

    @Test func everyReasonHasItsAnswerAndItsWayOut() {
        #expect(Set(RefusalReason.allCases.map(\.rawValue)).count == RefusalReason.allCases.count)
        for reason in RefusalReason.allCases {
            #expect(reason.rawValue.wholeMatch(of: /VOICE_[A-Z_]+/) != nil)
            #expect((400...699).contains(reason.answer.status) && (1...127).contains(reason.answer.cause))
            #expect(reason.text.sentence.hasSuffix(".") && reason.text.wayOut.hasSuffix("."))
        }
    }
}

/// A value that a test needs had another shape.
struct Unexpected: Error {}
