import Kernel
import Postgres
import Telephony
import Tenancy
import Testing

@testable import Voice

/// What a tenant's own key may not do, because its organisation pays or other tenants are touched.
@Suite struct PartnerDecisionTests {
    private func own(
        _ world: VoiceWorld, _ party: VoiceWorld.Party,
        _ body: @escaping @Sendable (borrowing Transaction<ScopeNode>, Actor) throws -> some Sendable
    ) async throws -> Problem? {
        let key = Principal(
            id: world.work.ids.new(), kind: .apiKey, displayName: "tenant",
            scope: .tenant(party.tenant.id, of: party.id),
            permissions: Role.named(.tenantAdmin)?.permissions ?? [])
        return try await problem { try await world.work.perform(as: key, body) }
    }

    @Test func numbersAreEnteredByWhoeverManagesTheTenant() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            try await world.switchOn(world.beta, domain: "beta.voice.test")
            let (model, theirs, mine) = (world.model, world.beta.tenant.id, world.alpha.tenant.id)
            _ = try await world.trunk("Carrier", of: world.alpha, addresses: ["192.0.2.0/24"])
            // the same carrier's networks, on a trunk that registers
            _ = try await world.trunk(
                "Carrier", of: world.beta, addresses: ["192.0.2.0/24"],
                registration: RegistrationFields(username: "u", secret: "carrier-secret"))
            let taken = try await own(world, world.beta) { tx, actor in
                try model.numbers.create(
                    PhoneNumberFields(e164: E164("+43720123456"), displayName: "Theirs"), of: theirs, tx, actor)
            }
            #expect(taken?.status == 422 && taken?.reason == "PARTNER_DECIDES" && taken?.errors.first?.field == "e164")
            #expect(taken?.detail.hasSuffix("Ask the organisation that manages this tenant.") == true)

            let number = try await world.number("+43720123456", of: world.alpha).value.number.id
            let steps: [(NumberStep, String?)] = [
                (.release(immediately: false), nil), (.reclaim, "PARTNER_DECIDES"),
            ]
            for (step, expected) in steps {
                let answer = try await own(world, world.alpha) { tx, actor in
                    try model.numbers.take(step, number, of: mine, tx, actor)
                }
                #expect(answer?.reason == expected, "\(step)")
            }
            _ = try await world.change(world.alpha) { tx, actor in
                try model.numbers.take(.reclaim, number, of: mine, tx, actor)
            }
            let routed = try await own(world, world.alpha) { tx, actor in
                var fields = PhoneNumberFields(e164: nil, displayName: "Main")
                fields.routes = [RouteFields(to: .reject)]
                return try model.numbers.update(number, fields, of: mine, expecting: .anything, tx, actor)
            }
            #expect(routed == nil, "routing is the tenant's own")
        }
    }

    @Test func limitsAreOnlyTightened() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let (settings, tenant) = (world.model.settings, world.alpha.tenant.id)
            var present = VoiceSettingsFields()
            present.concurrentByKind = ["mobile": 2]
            present.capMinutes = 100
            (present.atEnd, present.onFraudSign) = (.block, .block)
            let given = present
            _ = try await world.change(world.alpha) { tx, actor in
                try settings.update(tenant, given, expecting: .anything, tx, actor)
            }
            let loosening: [(String, @Sendable (inout VoiceSettingsFields) -> Void)] = [
                ("concurrent_calls", { $0.concurrentCalls = 6 }), ("calls_per_second", { $0.callsPerSecond = 3 }),
                ("longest_call_seconds", { $0.longestCallSeconds = 86_400 }),
                ("sequential_calls", { $0.sequentialCalls = 21 }), ("daily_spend", { $0.dailySpend = "20.01" }),
                ("daily_spend", { $0.unbounded = [.dailySpend] }), ("exposure", { $0.unbounded = [.exposure] }),
                ("cap_minutes", { $0.capMinutes = nil }), ("at_end", { $0.atEnd = .overage }),
                ("outage_seconds", { $0.outageSeconds = 601 }), ("on_fraud_sign", { $0.onFraudSign = .record }),
                ("fraud_block_hours", { $0.fraudBlockHours = 23 }),
                ("concurrent_by_kind.mobile", { $0.concurrentByKind = ["landline": 1] }),
            ]
            for (field, change) in loosening {
                var fields = given
                change(&fields)
                let asked = fields
                let refused = try await own(world, world.alpha) { tx, actor in
                    try settings.update(tenant, asked, expecting: .anything, tx, actor)
                }
                #expect(refused?.reason == "PARTNER_DECIDES", "\(field)")
                #expect(refused?.errors.map(\.field) == [field])
            }
            var tight = given
            (tight.concurrentCalls, tight.dailySpend, tight.dearestPerMinute) = (4, "10.00", "0.50")
            (tight.capMinutes, tight.fraudBlockHours, tight.concurrentByKind) = (99, 48, ["mobile": 2, "landline": 3])
            let asked = tight
            let tightened = try await own(world, world.alpha) { tx, actor in
                try settings.update(tenant, asked, expecting: .anything, tx, actor)
            }
            #expect(tightened == nil, "\(String(describing: tightened))")
        }
    }

    @Test func highRiskIsNotOpened() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let (permissions, tenant) = (world.model.permissions, world.alpha.tenant.id)
            func rule(_ allowed: Bool, _ country: String?, _ kind: DestinationKind?, _ prefix: String?)
                -> DialPermissionFields
            {
                var fields = DialPermissionFields(allowed: allowed)
                (fields.country, fields.kind, fields.prefix) = (country.flatMap { CountryCode($0) }, kind, prefix)
                return fields
            }
            let tried: [(DialPermissionFields, String?)] = [
                (rule(true, "AT", .premium, nil), "kind"), (rule(true, nil, .satellite, nil), "kind"),
                (rule(true, nil, nil, "43900"), "prefix"), (rule(true, nil, nil, "43"), "prefix"),
                (rule(true, "CU", nil, nil), "country"), (rule(true, "US", nil, nil), nil),
                (rule(true, nil, nil, "43810"), nil), (rule(false, nil, .premium, nil), nil),
            ]
            for (fields, field) in tried {
                let refused = try await own(world, world.alpha) { tx, actor in
                    try permissions.create(fields, of: tenant, tx, actor)
                }
                #expect(refused?.reason == (field == nil ? nil : "PARTNER_DECIDES"), "\(fields)")
                #expect(refused?.errors.first?.field == field, "\(fields)")
            }
            // what is closed for the whole tenant stays closed
            let (everything, less) = (rule(false, nil, nil, nil), rule(false, "US", nil, nil))
            let closed = try await world.change(world.alpha) { tx, actor in
                try permissions.create(everything, of: tenant, tx, actor).value.id
            }
            let deleted = try await own(world, world.alpha) { tx, actor in
                try permissions.delete(closed, of: tenant, expecting: .anything, tx, actor)
            }
            #expect(deleted?.reason == "PARTNER_DECIDES")
            let narrowed = try await own(world, world.alpha) { tx, actor in
                try permissions.update(closed, less, of: tenant, expecting: .anything, tx, actor)
            }
            #expect(narrowed?.reason == "PARTNER_DECIDES")
        }
    }

    @Test func theHomeCountryAndTheEndOfVoiceAreNotTheTenants() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let (domains, tenant) = (world.model.domains, world.alpha.tenant.id)
            let cuba = try #require(CountryCode("CU"))
            let moved = try await own(world, world.alpha) { tx, actor in
                try domains.update(
                    tenant, SIPDomainFields(domain: "alpha.voice.test", country: cuba), expecting: .anything, tx, actor)
            }
            #expect(moved?.reason == "PARTNER_DECIDES" && moved?.errors.first?.field == "country")
            let ended = try await own(world, world.alpha) { tx, actor in
                try domains.delete(tenant, expecting: .anything, tx, actor)
            }
            #expect(ended?.reason == "PARTNER_DECIDES")
            let renamed = try await own(world, world.alpha) { tx, actor in
                try domains.update(
                    tenant, SIPDomainFields(domain: "a.voice.test", country: .austria), expecting: .anything, tx, actor)
            }
            #expect(renamed == nil)
        }
    }

    @Test func aTrunkLeadsToNobodysOwnHost() async throws {
        for proxy in [
            "0.0.0.0", "224.0.0.1", "255.255.255.255", "[::]", "[ff02::1]", "127.1", "0x7f000001", "2130706433",
            "[::1/128]", "1.2.3.4.5",
        ] {
            #expect(ProxyAddress(proxy) == nil, "\(proxy)")
        }
        #expect(throws: NetworkRange.Mistake.self) { try NetworkRange("224.0.0.0/16") }
        #expect(throws: NetworkRange.Mistake.self) { try NetworkRange("0.0.0.0/16") }
        #expect(ProxyAddress("sip4.carrier.test:5060")?.isLocal == false)
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let (trunks, tenant) = (world.model.trunks, world.alpha.tenant.id)
            for proxy in [
                "127.0.0.1:5080", "169.254.169.254", "10.1.2.3", "[::1]:5060", "[fe80::1]", "[::ffff:127.0.0.1]",
                "localhost:5080", "a.localhost",
            ] {
                let refused = try await own(world, world.alpha) { tx, actor in
                    try trunks.create(TrunkFields(displayName: "T", proxy: proxy), of: tenant, tx, actor)
                }
                #expect(refused?.reason == "PARTNER_DECIDES" && refused?.errors.first?.field == "proxy", "\(proxy)")
            }
            let near = try await world.change(world.alpha) { tx, actor in
                try trunks.create(TrunkFields(displayName: "Own", proxy: "10.1.2.3"), of: tenant, tx, actor)
            }
            let renamed = try await own(world, world.alpha) { tx, actor in
                try trunks.update(
                    near.stored.value.id, TrunkFields(displayName: "Exchange", proxy: "10.1.2.3"), of: tenant,
                    expecting: .anything, tx, actor)
            }
            #expect(renamed == nil, "what is there already is no change of the tenant's")
        }
    }
}
