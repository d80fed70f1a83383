import Kernel
import Postgres
import Telephony
import Tenancy
import TestSupport
import Testing

@testable import Voice

/// The end of a tenant is the end of its voice.
@Suite struct VoicePurgeTests {
    private func furnish(_ world: VoiceWorld) async throws {
        try await world.switchOn(world.alpha, domain: "alpha.voice.test")
        let (model, tenant) = (world.model, world.alpha.tenant.id)
        let trunk = try await world.trunk(
            "Carrier", of: world.alpha, addresses: ["192.0.2.0/24"],
            registration: RegistrationFields(username: "u", secret: "carrier-secret")
        ).stored.value.id
        let number = try await world.number("+43720123456", of: world.alpha).value.number.id
        try await world.change(world.alpha) { tx, actor in
            var site = SiteFields(displayName: "Head office", address: "Ring 1\n1010 Wien", country: .austria)
            site.callbackNumberID = number
            let siteID = try model.sites.create(site, of: tenant, tx, actor).value.id
            var user = SIPUserFields(name: "1001", displayName: "Reception")
            (user.siteID, user.callerNumberID) = (siteID, number)
            let userID = try model.users.create(user, of: tenant, tx, actor).stored.value.id
            let group = try model.groups.create(
                CallGroupFields(name: "all", displayName: "All", strategy: .simultaneous, members: [userID]),
                of: tenant, tx, actor
            ).value.id
            var fields = PhoneNumberFields(e164: nil, displayName: "Main")
            var route = RouteFields(to: .group)
            route.callGroupID = group
            (fields.routes, fields.trunkID) = ([route], trunk)
            _ = try model.numbers.update(number, fields, of: tenant, expecting: .anything, tx, actor)
            var rule = DialPermissionFields(allowed: true)
            (rule.country, rule.sipUserID) = (CountryCode("US"), userID)
            _ = try model.permissions.create(rule, of: tenant, tx, actor)
        }
    }

    private func step(_ world: VoiceWorld, _ transition: TenantTransition) async throws {
        let (tenants, tenant) = (world.tenancy.tenants, world.alpha.tenant.id)
        _ = try await world.change(world.alpha) { tx, actor in try tenants.transition(tenant, transition, tx, actor) }
        try await world.model.plans.refresh()
    }

    @Test func nobodySignsInForAnArchivedTenantAndASuspendedOneCanCallForHelp() async throws {
        try await VoiceWorld.with { world in
            try await furnish(world)
            try await step(world, .suspend(reason: "unpaid"))
            let node = NodeContext(id: world.work.ids.new(), instanceID: world.platform.id)
            func ask(_ form: String) throws -> SwitchAnswer {
                let request = try #require(FormFields(Array(form.utf8)).flatMap(SwitchRequest.init))
                guard case .directory(let question) = request else { throw Problem.notFound("question") }
                return DirectoryAnswer.answer(question, plan: world.model.plans.current, node: node)
            }
            let phone = "section=directory&key_value=alpha.voice.test&user=1001"
            let gateways = "section=directory&key_value=&purpose=gateways&profile=external"
            #expect(try ask(phone).text.contains("a1-hash"))
            #expect(try ask(gateways).text.contains("carrier-secret"))
            let entry = try #require(world.model.plans.current.entry(tenant: world.alpha.tenant.id))
            #expect(entry.plan.barred == .tenantInactive && entry.plan.directory.users.count == 1)

            try await step(world, .archive(reason: "left"))
            #expect(try !ask(phone).text.contains("a1-hash"))
            #expect(try !ask(gateways).text.contains("<gateway"))
            let number = try #require(E164("+43720123456"))
            #expect(world.model.plans.current.entry(number: number) == nil)
        }
    }

    @Test func aPurgedTenantGivesEverythingBack() async throws {
        try await VoiceWorld.with { world in
            try await furnish(world)
            try await step(world, .archive(reason: "left"))
            #expect(try await world.model.endPurged() == 0, "it may still be wanted back")
            try await step(world, .purge(reason: "asked for", early: true))
            #expect(try await world.model.endPurged() == 1)
            #expect(try await world.model.endPurged() == 0)
            for table in [
                "sip_domain", "sip_domain_name", "sip_user", "sip_credential", "sip_extension", "call_group", "site",
                "trunk", "trunk_address", "number_route", "dial_permission", "voice_settings", "data_key",
            ] {
                let left = try await world.test.asSuperuser { connection in
                    try connection.rows(SQL(unsafeText: "select 1 from app.\(table) where tenant_id is not null")).count
                }
                #expect(left == 0, "\(table)")
            }
            let actions = try await world.actions()
            #expect(actions.contains("voice.purge") && actions.contains("voice.shred_keys"))
            #expect(actions.contains("voice.release_number"))

            try await world.switchOn(world.beta, domain: "alpha.voice.test")
            #expect(
                try await problem { try await world.number("+43720123456", of: world.beta) }?.reason == "NUMBER_TAKEN",
                "it rests")
            world.clock.advance(seconds: NumberState.agingDays * 86_400)
            #expect(try await world.model.endWhatIsDue() == 1)
            _ = try await world.number("+43720123456", of: world.beta)
            try await world.model.plans.refresh()
            #expect(world.model.plans.current.entry(tenant: world.alpha.tenant.id) == nil)
        }
    }
}
