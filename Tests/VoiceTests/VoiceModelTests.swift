import Foundation
import Kernel
import Postgres
import Telephony
import Tenancy
import TestSupport
import Testing

@testable import Voice

@Suite struct VoiceModelTests {
    // MARK: Domains

    @Test func voiceIsSwitchedOnWhereTheContractSaysSo() async throws {
        try await VoiceWorld.with { world in
            let tenant = world.alpha.tenant.id
            let off = try await problem {
                try await world.read(world.alpha) { tx in try world.model.domains.get(tenant, tx) }
            }
            #expect(off?.reason == "VOICE_OFF" && off?.detail.contains("/v1/voice/tenants/\(tenant)/domain") == true)

            world.contracts.terms.bar = .programWithoutTelephony
            let refused = try await problem { try await world.switchOn(world.alpha, domain: "alpha.voice.test") }
            #expect(refused?.reason == "VOICE_PROGRAM" && refused?.detail.contains("order form") == true)

            world.contracts.terms.bar = nil
            try await world.switchOn(world.alpha, domain: "Alpha.Voice.TEST")
            let (domain, enabled, settings) = try await world.read(world.alpha) { tx in
                (
                    try world.model.domains.get(tenant, tx), try world.tenancy.tenants.get(tenant, tx).settings,
                    try world.model.settings.get(tenant, tx)
                )
            }
            #expect(domain.value.name == "alpha.voice.test" && domain.revision == 1)
            #expect(enabled.voiceEnabled, "switching voice on starts its charge")
            #expect(settings.value == VoiceSettings())
            #expect(try await world.actions().prefix(2).contains("voice.switch_on"))

            let taken = try await problem { try await world.switchOn(world.beta, domain: "alpha.voice.test") }
            #expect(taken?.reason == "DOMAIN_TAKEN")
            let again = try await problem { try await world.switchOn(world.alpha, domain: "other.voice.test") }
            #expect(again?.reason == "VOICE_ON")
        }
    }

    @Test(arguments: ["10.0.0.1", "[::1]", "localhost", "a..b", "-a.test", "über.test", "a b.test", "voice.test.", ""])
    func domainsThatAreNone(text: String) {
        #expect(throws: Problem.self) { try SIPDomain.canonical(text) }
    }

    @Test func aTenantsOwnKeyUsesWhatWasSwitchedOnAndNoMore() async throws {
        try await VoiceWorld.with { world in
            let own = Principal(
                id: world.work.ids.new(), kind: .apiKey, displayName: "tenant",
                scope: .tenant(world.alpha.tenant.id, of: world.alpha.id),
                permissions: Role.named(.tenantAdmin)?.permissions ?? [])
            let refused = try await problem {
                try await world.work.perform(as: own) { tx, actor in
                    try world.model.domains.create(
                        world.alpha.tenant.id, SIPDomainFields(domain: "alpha.voice.test", country: .austria), tx,
                        actor)
                }
            }
            #expect(refused?.reason == "VOICE_NOT_ENABLED")
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let user = try await world.work.perform(as: own) { tx, actor in
                try world.model.users.create(
                    SIPUserFields(name: "1001", displayName: "Reception"), of: world.alpha.tenant.id, tx, actor)
            }
            #expect(user.stored.value.name == "1001" && user.issuedSecret != nil)
        }
    }

    // MARK: Users

    @Test func aUsersSecretIsADigestAndSealed() async throws {
        // RFC 2617 leaves no doubt about the form: md5("1001:alpha.voice.test:correct-horse-7").
        #expect(
            SIPSecret.digest(name: "Mufasa", domain: "testrealm@host.com", PlainSecret("Circle Of Life"))
                == "939e7578ed9e3c518a452acee763bce9")
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let given = try await world.user("1001", of: world.alpha, secret: "correct-horse-7")
            #expect(given.issuedSecret == nil, "a secret that somebody chose is not repeated")
            #expect(
                given.stored.value.digests == [
                    SIPSecret.digest(name: "1001", domain: "alpha.voice.test", PlainSecret("correct-horse-7"))
                ])
            let made = try await world.user("1002", of: world.alpha)
            let secret = try #require(made.issuedSecret)
            #expect(secret.text.count == 22)
            #expect(
                made.stored.value.digests == [SIPSecret.digest(name: "1002", domain: "alpha.voice.test", secret)])
            let dump = try await world.test.asSuperuser { connection in
                try connection.rows("select to_jsonb(c)::text from app.sip_credential c").map {
                    try $0.value(at: 0, as: String.self)
                }.joined()
            }
            #expect(!dump.contains("correct-horse-7") && !dump.contains(secret.text))
            for weak in ["short", "aaaaaaaaaaaaaaaa", "with blank in it", "user1001-is-my-name", "quote\"quote-quote"] {
                #expect(throws: Problem.self, "\(weak)") { try SIPSecret.chosen(weak, name: "1001") }
            }
        }
    }

    @Test func aRotationHasTwoSecretsUntilTheOldOneEnds() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let (id, tenant) = (
                try await world.user("1001", of: world.alpha, secret: "first-secret-1").stored.value.id,
                world.alpha.tenant.id
            )
            let rotate = { @Sendable (secret: String) in
                try await world.change(world.alpha) { tx, actor in
                    try world.model.users.rotate(SIPSecretRotation(secret: secret), of: id, tenant, tx, actor)
                }
            }
            world.clock.advance(seconds: 10)
            let rotated = try await rotate("second-secret-2")
            let digests = ["second-secret-2", "first-secret-1"].map {
                SIPSecret.digest(name: "1001", domain: "alpha.voice.test", PlainSecret($0))
            }
            #expect(rotated.stored.value.digests == digests, "the newest first")
            #expect(rotated.credentials.map { $0.expiresAt == nil } == [true, false])
            #expect(try await problem { try await rotate("third-secret-3") }?.reason == "ROTATION_RUNNING")

            let retired = try await world.change(world.alpha) { tx, actor in
                try world.model.users.retire(id, of: tenant, expecting: .anything, tx, actor)
            }
            #expect(retired.stored.value.digests == [digests[0]])
            _ = try await rotate("third-secret-3")
            #expect(try await world.model.endWhatIsDue() == 0)
            world.clock.advance(seconds: SIPSecret.rotationDays * 86_400 + 1)
            #expect(try await world.model.endWhatIsDue() == 1)
            let user = try await world.read(world.alpha) { tx in try world.model.users.get(id, of: tenant, tx) }
            #expect(user.credentials.count == 1)
        }
    }

    @Test func anotherNameOrDomainMakesNewDigests() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let tenant = world.alpha.tenant.id
            let user = try await world.user("1001", of: world.alpha, secret: "correct-horse-7")
            let renamed = try await world.change(world.alpha) { tx, actor in
                try world.model.users.update(
                    user.stored.value.id, SIPUserFields(name: "1009", displayName: "Moved"), of: tenant,
                    expecting: .revision(1), tx, actor)
            }
            #expect(
                renamed.stored.value.digests == [
                    SIPSecret.digest(name: "1009", domain: "alpha.voice.test", PlainSecret("correct-horse-7"))
                ])
            _ = try await world.user("1001", of: world.alpha)
            let moved = try await world.change(world.alpha) { tx, actor in
                _ = try world.model.domains.update(
                    tenant, SIPDomainFields(domain: "new.voice.test", country: .austria), expecting: .anything, tx,
                    actor)
                return try world.model.users.get(user.stored.value.id, of: tenant, tx)
            }
            #expect(
                moved.stored.value.digests == [
                    SIPSecret.digest(name: "1009", domain: "new.voice.test", PlainSecret("correct-horse-7"))
                ])
            try await world.switchOn(world.beta, domain: "alpha.voice.test")
        }
    }

    @Test func namesAreOfUsersAndGroupsTogether() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let tenant = world.alpha.tenant.id
            let first = try await world.user("1001", of: world.alpha).stored.value.id
            let second = try await world.user("sales.1", of: world.alpha).stored.value.id
            #expect(try await problem { try await world.user("1001", of: world.alpha) }?.reason == "EXTENSION_TAKEN")
            let group = { @Sendable (name: String, members: [SIPUserID]) in
                try await world.change(world.alpha) { tx, actor in
                    try world.model.groups.create(
                        CallGroupFields(name: name, displayName: "G", strategy: .sequential, members: members),
                        of: tenant, tx, actor)
                }
            }
            #expect(try await problem { try await group("1001", [first]) }?.reason == "EXTENSION_TAKEN")
            let stored = try await group("sales", [second, first])
            #expect(stored.value.members == [second, first])
            let stranger = try await problem { try await group("team", [world.work.ids.new()]) }
            #expect(stranger?.errors.first?.field == "members")
            let used = try await problem {
                try await world.change(world.alpha) { tx, actor in
                    try world.model.users.delete(first, of: tenant, expecting: .anything, tx, actor)
                }
            }
            #expect(used?.reason == "VOICE_IN_USE" && used?.detail.contains("group") == true)
            for reserved in ["112", "133", "911", "1", "1234567", "a b", "ü", ""] {
                let refused = try await problem { try await world.user(reserved, of: world.alpha) }
                #expect(refused?.errors.first?.field == "name", "\(reserved)")
            }
        }
    }

    // MARK: Trunks

    @Test func anAddressBelongsToOneTrunkOfAllTenants() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            try await world.switchOn(world.beta, domain: "beta.voice.test")
            let mine = try await world.trunk("Carrier", of: world.alpha, addresses: ["192.0.2.0/24", "2001:db8::/32"])
            #expect(mine.notices.isEmpty)
            for overlap in ["192.0.2.7", "192.0.0.0/16", "2001:db8:1::/48"] {
                let taken = try await problem { try await world.trunk("Other", of: world.beta, addresses: [overlap]) }
                #expect(taken?.reason == "TRUNK_ADDRESS_TAKEN", "\(overlap)")
                #expect(taken?.detail.contains("Alpha") == false)
            }
            // A trunk that registers is known by its registration.
            let registering = RegistrationFields(username: "u", secret: "carrier-secret")
            let beside = try await world.trunk(
                "Other", of: world.beta, addresses: ["192.0.2.7"], registration: registering)
            #expect(beside.secretLoss == nil)
            let nobody = try await world.trunk("Empty", of: world.beta)
            #expect(nobody.notices.first?.hasPrefix("Nobody can call in") == true)
            // What one gives up another may have.
            _ = try await world.change(world.alpha) { tx, actor in
                var fields = TrunkFields(displayName: "Carrier", proxy: "sip.carrier.test")
                fields.allowedAddresses = ["198.51.100.0/24"]
                return try world.model.trunks.update(
                    mine.stored.value.id, fields, of: world.alpha.tenant.id, expecting: .revision(1), tx, actor)
            }
            _ = try await world.trunk("Taken over", of: world.beta, addresses: ["192.0.2.0/24"])
        }
    }

    /// What one tenant writes makes no agent of the platform a carrier, and no network beside the nodes its own.
    @Test func networksOfAgentsAndOfTheHouseAreNoTenants() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            var settings = NodeSettings()
            settings.agentSources = ["198.51.100.64/26"]
            let (node, text) = (VoiceNodeID(UUID()), try JSONText(settings))
            try await world.work.perform(job: "world") { tx, actor in
                try tx.execute(
                    """
                    insert into app.voice_node (voice_node_id, organisation_id, instance_id, name, switchname,
                        xml_secret_hash, xml_digest, cdr_secret_hash, cdr_digest, settings, state, created_at, updated_at)
                    values (\(node), \(world.alpha.id), \(world.platform.id), 'fs1', 'fs1', sha256('x'), md5('x'),
                        sha256('x'), md5('x'), \(text), 'active', \(actor.now), \(actor.now))
                    """)
            }
            let (tenant, id) = (world.alpha.tenant.id, world.alpha.id)
            let own = Principal(
                id: world.work.ids.new(), kind: .apiKey, displayName: "Own", scope: .tenant(tenant, of: id),
                permissions: Role.named(.tenantAdmin)?.permissions ?? [])
            @Sendable func fields(_ addresses: [String]) -> TrunkFields {
                var fields = TrunkFields(displayName: "Carrier", proxy: "sip.carrier.test")
                fields.allowedAddresses = addresses
                return fields
            }
            // an exchange in the house, which whoever manages the tenant knows of
            let kept = try await world.trunk("Exchange", of: world.alpha, addresses: ["10.20.0.0/16", "198.51.100.70"])
            #expect(kept.notices.isEmpty)
            try await world.model.directory.refresh()
            for addresses in [["192.0.2.0/24", "198.51.100.0/24"], ["192.0.2.0/24", "198.51.100.65"]] {
                let taken = try await problem { try await world.trunk("Other", of: world.alpha, addresses: addresses) }
                #expect(taken?.errors.map(\.field) == ["allowed_addresses[1]"])
                #expect(taken?.errors.first?.message.contains("agents") == true)
            }
            for address in ["10.21.0.0/16", "127.0.0.1", "169.254.0.0/16", "::1", "fd00:1::/48"] {
                let refused = try await problem {
                    try await world.work.perform(as: own) { tx, actor in
                        try world.model.trunks.create(fields([address]), of: tenant, tx, actor)
                    }
                }
                #expect(refused?.reason == "PARTNER_DECIDES", "\(address)")
                #expect(refused?.errors.map(\.field) == ["allowed_addresses[0]"], "\(address)")
            }
            let trunk = kept.stored.value.id
            let notices = try await world.read(world.alpha) { tx in
                try world.model.trunks.get(trunk, of: tenant, tx).notices
            }
            #expect(notices.first?.hasPrefix("Nobody can call in from 198.51.100.70") == true)
            // what is there already a tenant may keep
            let changed = try await world.work.perform(as: own) { tx, actor in
                try world.model.trunks.update(
                    trunk, fields(["10.20.0.0/16", "203.0.113.0/24"]), of: tenant, expecting: .anything, tx, actor)
            }
            #expect(changed.stored.value.allowedAddresses.count == 2 && changed.notices.isEmpty)
        }
    }

    @Test func aTrunksSecretStaysUntilAnotherIsGivenAndIsNowhereInTheClear() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let missing = try await problem {
                try await world.trunk("T", of: world.alpha, registration: RegistrationFields(username: "u"))
            }
            #expect(missing?.errors.first?.field == "registration.secret")
            let trunk = try await world.trunk(
                "T", of: world.alpha, registration: RegistrationFields(username: "u", secret: "carrier-secret"))
            let (id, tenant) = (trunk.stored.value.id, world.alpha.tenant.id)
            let secret = { @Sendable in
                try await world.work.read(in: .platform) { tx in
                    guard let sealed = try TrunkStore.find(id, of: tenant, tx) else { throw Problem.notFound("trunk") }
                    return try world.model.trunks.opened(sealed, .tenant(tenant, of: world.alpha.id), tx).identification
                }
            }
            let update = { @Sendable (given: String?) in
                _ = try await world.change(world.alpha) { tx, actor in
                    var fields = TrunkFields(displayName: "T", proxy: "sip.carrier.test:5080")
                    fields.registration = RegistrationFields(username: "v", secret: given)
                    return try world.model.trunks.update(id, fields, of: tenant, expecting: .anything, tx, actor)
                }
            }
            try await update(nil)
            #expect(
                try await secret() == .registration(username: "v", secret: "carrier-secret", realm: "sip.carrier.test"))
            try await update("another-secret")
            #expect(
                try await secret() == .registration(username: "v", secret: "another-secret", realm: "sip.carrier.test"))
            let dump = try await world.test.asSuperuser { connection in
                try connection.rows(
                    """
                    select to_jsonb(t)::text from app.trunk t
                    union all select to_jsonb(a)::text from app.tenant_audit_event a
                    """
                ).map { try $0.value(at: 0, as: String.self) }.joined()
            }
            #expect(!dump.contains("carrier-secret") && !dump.contains("another-secret"))
        }
    }

    @Test(arguments: [
        ("192.0.2.0/24", "192.0.2.0/24"), ("192.0.2.7", "192.0.2.7"), ("192.0.2.7/32", "192.0.2.7"),
        ("2001:DB8:0::/48", "2001:db8::/48"), ("::1", "::1"),
    ])
    func networks(text: String, canonical: String) throws {
        #expect(try NetworkRange(text).description == canonical)
    }

    @Test(arguments: [
        "0.0.0.0/0", "10.0.0.0/8", "192.0.2.1/24", "::/0", "2001:db8::1/48", "1.2.3", "a", "1.2.3.4/33", "",
    ])
    func networksThatAreNone(text: String) {
        #expect(throws: NetworkRange.Mistake.self) { try NetworkRange(text) }
    }

    // MARK: Numbers

    @Test func aNumberHasALifeAndOneTenantAtATime() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            try await world.switchOn(world.beta, domain: "beta.voice.test")
            let tenant = world.alpha.tenant.id
            let number = try await world.number("+43720123456", of: world.alpha)
            let id = number.value.number.id
            #expect(number.value.state == .available)
            #expect(
                try await problem { try await world.number("+43720123456", of: world.beta) }?.reason == "NUMBER_TAKEN")
            var agent = RouteFields(to: .agent)
            agent.agent = "reception"
            let routes = [agent]
            let assigned = try await world.change(world.alpha) { tx, actor in
                var fields = PhoneNumberFields(e164: nil, displayName: "Main")
                fields.routes = routes
                return try world.model.numbers.update(id, fields, of: tenant, expecting: .revision(1), tx, actor)
            }
            #expect(
                assigned.value.state == .assigned && assigned.value.number.routes.map(\.target) == [.agent("reception")]
            )
            let step = { @Sendable (step: NumberStep) in
                try await world.change(world.alpha) { tx, actor in
                    try world.model.numbers.take(
                        step, id, of: tenant, because: NumberStepCause(reason: "asked for"), tx, actor)
                }
            }
            #expect(try await step(.portOut).value.number.routes.isEmpty)
            let elsewhere = try await world.number("+43720123456", of: world.beta)
            #expect(try await problem { try await step(.reclaim) }?.reason == "NUMBER_TAKEN")
            _ = try await world.change(world.beta) { tx, actor in
                try world.model.numbers.take(
                    .release(immediately: true), elsewhere.value.number.id, of: world.beta.tenant.id, tx, actor)
            }
            #expect(try await step(.reclaim).value.state == .available)
            #expect(try await step(.release(immediately: false)).value.agingUntil != nil)
            #expect(
                try await problem { try await world.number("+43720123456", of: world.beta) }?.reason == "NUMBER_TAKEN")
            #expect(try await step(.reclaim).value.state == .available)
            _ = try await step(.release(immediately: false))
            #expect(try await problem { try await step(.portOut) }?.reason == "NUMBER_STATE")
            world.clock.advance(seconds: NumberState.agingDays * 86_400)
            #expect(try await world.model.endWhatIsDue() == 1)
            _ = try await world.number("+43720123456", of: world.beta)
            let history = try await world.read(world.alpha) { tx in
                try world.model.numbers.history(of: id, tenant, tx)
            }
            #expect(
                history.map(\.state) == [
                    .available, .assigned, .portedOut, .available, .aging, .available, .aging, .released,
                ])
            #expect(history[2].reason == "asked for" && history[2].principalName == "Alpha admin")
        }
    }

    @Test func routesNameWhatIsThere() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let tenant = world.alpha.tenant.id
            let user = try await world.user("1001", of: world.alpha).stored.value.id
            let schedule = try await world.change(world.alpha) { tx, actor in
                try world.model.schedules.create(
                    ScheduleFields(
                        displayName: "Office", timeZone: "Europe/Vienna",
                        hours: [OpeningHours(weekday: 1, from: "08:00", to: "17:30")], closedOn: ["2026-12-24"]),
                    of: tenant, tx, actor)
            }
            #expect(schedule.value.hours == [Schedule.Hours(weekday: 1, from: 480, to: 1050)])
            var first = RouteFields(to: .user)
            (first.sipUserID, first.scheduleID) = (user, schedule.value.id)
            var other = RouteFields(to: .external)
            other.number = E164("+4312345678")
            let number = try await world.number("+43720123456", of: world.alpha, routes: [first, other])
            #expect(
                number.value.number.routes == [
                    RouteEntry(scheduleID: schedule.value.id, target: .user(user)),
                    RouteEntry(target: .external(try #require(E164("+4312345678")))),
                ])
            var strange = RouteFields(to: .user)
            strange.sipUserID = world.work.ids.new()
            var mixed = RouteFields(to: .reject)
            mixed.agent = "a"
            var loop = RouteFields(to: .external)
            loop.number = E164("+43720999999")
            for (route, field) in [(strange, "routes"), (mixed, "routes[0]"), (loop, "routes[0].number")] {
                let refused = try await problem {
                    try await world.number("+43720999999", of: world.alpha, routes: [route])
                }
                #expect(refused?.errors.first?.field == field)
            }
            let used = try await problem {
                try await world.change(world.alpha) { tx, actor in
                    try world.model.schedules.delete(schedule.value.id, of: tenant, expecting: .anything, tx, actor)
                }
            }
            #expect(used?.reason == "VOICE_IN_USE")
            let off = try await problem {
                try await world.change(world.alpha) { tx, actor in
                    try world.model.domains.delete(tenant, expecting: .anything, tx, actor)
                }
            }
            #expect(off?.reason == "VOICE_IN_USE" && off?.detail.contains("1 users") == true)
        }
    }

    // MARK: The rest

    @Test func anAddressIsVerifiedUntilItChanges() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let tenant = world.alpha.tenant.id
            let fields = SiteFields(displayName: "Head office", address: "Ring 1\n1010 Wien", country: .austria)
            let states = try await world.change(world.alpha) { tx, actor in
                let site = try world.model.sites.create(fields, of: tenant, tx, actor)
                let id = site.value.id
                var named = fields
                named.displayName = "Branch"
                var moved = named
                moved.address = "Gasse 2\n8010 Graz"
                return [
                    site, try world.model.sites.verify(id, of: tenant, expecting: .revision(1), tx, actor),
                    try world.model.sites.update(id, named, of: tenant, expecting: .revision(2), tx, actor),
                    try world.model.sites.update(id, moved, of: tenant, expecting: .revision(3), tx, actor),
                ].map { $0.value.verifiedAt }
            }
            #expect(states == [nil, world.clock.now, world.clock.now, nil])
        }
    }

    @Test func settingsAreBoundsThatAreTakenAwayByName() async throws {
        var fields = VoiceSettingsFields()
        #expect(try fields.checked() == VoiceSettings())
        fields.dailySpend = "100.5"
        fields.dearestPerMinute = "0.35"
        fields.unbounded = [.exposure]
        fields.capMinutes = 3_000
        fields.concurrentByKind = ["mobile": 3]
        let settings = try fields.checked()
        #expect(settings.limits.dailySpendCents == 10_050 && settings.limits.dearestMicrosPerMinute == 350_000)
        #expect(settings.limits.exposureCents == nil && settings.capMilliseconds == 180_000_000)
        for (change, field) in [
            (\VoiceSettingsFields.dailySpend, "daily_spend"), (\.exposure, "exposure"),
        ] as [(WritableKeyPath<VoiceSettingsFields, String?>, String)] {
            for bad in ["-1", "1,5", "1.234", "", ".5", "5.", "1e3", "12345678901"] {
                var wrong = VoiceSettingsFields()
                wrong[keyPath: change] = bad
                let problem = try await problem { try wrong.checked() }
                #expect(problem?.errors.first?.field == field, "\(bad)")
            }
        }
        #expect(EuroText.text(5, decimals: 2) == "0.05" && EuroText.text(80_000, decimals: 6) == "0.08")
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let asked = fields
            let stored = try await world.change(world.alpha) { tx, actor in
                try world.model.settings.update(world.alpha.tenant.id, asked, expecting: .revision(1), tx, actor)
            }
            #expect(stored.value == settings && stored.revision == 2)
        }
    }

    @Test func permissionsNameWhatTheyAllow() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            let tenant = world.alpha.tenant.id
            let create = { @Sendable (fields: DialPermissionFields) in
                try await world.change(world.alpha) { tx, actor in
                    try world.model.permissions.create(fields, of: tenant, tx, actor)
                }
            }
            #expect(
                try await problem { try await create(DialPermissionFields(allowed: true)) }?.reason == "INVALID_FIELD")
            let all = try await create(DialPermissionFields(allowed: false))
            #expect(all.value.permission.scope == .tenant)
            var travel = DialPermissionFields(allowed: true)
            travel.country = CountryCode("US")
            travel.expiresAt = world.clock.now.advanced(by: .seconds(60))
            travel.sipUserID = try await world.user("1001", of: world.alpha).stored.value.id
            let stored = try await create(travel)
            #expect(stored.value.permission.scope == .user(try #require(travel.sipUserID)))
            travel.expiresAt = world.clock.now
            #expect(try await problem { try await create(travel) }?.errors.first?.field == "expires_at")
        }
    }

    @Test func strangersSeeNothingAndOldStatesAreRefused() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            try await world.switchOn(world.beta, domain: "beta.voice.test")
            let user = try await world.user("1001", of: world.alpha).stored.value.id
            let (mine, theirs) = (world.alpha.tenant.id, world.beta.tenant.id)
            for tenant in [mine, theirs] {
                let hidden = try await problem {
                    try await world.read(world.beta) { tx in try world.model.users.get(user, of: tenant, tx) }
                }
                #expect(hidden?.status == 404)
            }
            let listed = try await world.read(world.beta) { tx in
                try world.model.domains.list(PageRequest(limit: nil, cursor: nil), tx).items.map(\.tenantID)
            }
            #expect(listed == [theirs])
            let stale = try await problem {
                try await world.change(world.alpha) { tx, actor in
                    try world.model.users.update(
                        user, SIPUserFields(name: "1001", displayName: "X"), of: mine, expecting: .revision(7), tx,
                        actor)
                }
            }
            #expect(stale?.status == 412)
        }
    }
}
