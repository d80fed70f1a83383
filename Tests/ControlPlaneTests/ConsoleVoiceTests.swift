import Kernel
import Postgres
import Tenancy
import TestSupport
import Testing
import Voice

@testable import ControlPlane

/// A voice operator's way through the forms: from a tenant without voice to a routed number, and back.
@Suite struct ConsoleVoiceTests {
    @Test func voiceIsSwitchedOnAndFurnished() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let path = try await tenant(world, browser)
            let off = try await browser.get(path)
            #expect(off.body.contains("Voice is switched off") && off.body.contains("Voice per program"))
            let form = "\(path)/domain"
            let refused = try await browser.submit(form, from: form, ["domain": "acme", "country": "AT"])
            #expect(refused.refuses("domain") && refused.body.contains(#"value="acme""#))
            let on = try await browser.submit(form, from: form, ["domain": "ACME.voice.test", "country": "AT"])
            #expect(on.path == path && on.body.contains("acme.voice.test") && on.body.contains("Minutes in November"))
            #expect(try await browser.get("/voice").body.contains("acme.voice.test"))

            let user = try await addUser(path, browser)
            try await addGroup(path, of: user, browser)
            let schedule = try await addSchedule(path, browser)
            try await addTrunk(path, browser)
            let group = try #require(try await browser.get(path).ids("group").first)
            let number = try await addNumber(path, to: group, during: schedule, browser)
            try await live(of: number, path, browser)
            let inUse = try await browser.submit("\(path)/off", from: path, ["revision": "1"])
            #expect(inUse.body.contains("There are still 1 users"))
        }
    }

    private func tenant(_ world: ConsoleWorld, _ browser: ConsoleBrowser) async throws -> String {
        let vendor = try #require(try await browser.get("/organisations").ids("org").first)
        let fields = [
            "organisation_id": vendor, "instance_id": "\(world.platform)", "display_name": "Client", "slug": "client",
            "kind": "production", "activate": "true",
        ]
        let created = try await browser.submit("/tenants", from: "/tenants/new", fields)
        #expect(created.body.contains("\(created.path)/voice"))
        return "\(created.path)/voice"
    }

    private func addUser(_ path: String, _ browser: ConsoleBrowser) async throws -> String {
        let new = "\(path)/users/new"
        var fields = ["name": "10 01", "display_name": "Reception", "enabled": "true"]
        #expect(try await browser.submit("\(path)/users", from: new, fields).refuses("name"))
        fields["name"] = "1001"
        (fields["forward_condition"], fields["forward_destination"]) = ("always", "not a number")
        #expect(try await browser.submit("\(path)/users", from: new, fields).refuses("forward_destination"))
        (fields["forward_condition"], fields["forward_destination"]) = ("", "")
        let made = try await browser.submit("\(path)/users", from: new, fields)
        let secret = try self.secret(made)
        #expect(made.body.contains("1001@acme.voice.test"))
        let user = try #require(try await browser.get(path).ids("sipuser").first)
        let own = "\(path)/users/\(user)"
        let shown = try await browser.get(own)
        #expect(shown.body.contains("Reception") && !shown.body.contains(secret))

        let rotated = try await browser.submit("\(own)/rotate", from: own, ["revision": "1", "days": "1"])
        #expect(try self.secret(rotated) != secret && rotated.body.contains("works until 22 Nov 2026"))
        let ended = try await browser.submit("\(own)/retire", from: own, ["revision": "2"])
        #expect(ended.path == own && ended.body.contains("has one secret"))
        var changed = ["name": "1001", "display_name": "Desk", "revision": "1"]
        let stale = try await browser.submit(own, from: own, changed)
        #expect(stale.status == 412 && stale.body.contains("Somebody else changed this"))
        changed["revision"] = "3"
        let saved = try await browser.submit(own, from: own, changed)
        #expect(saved.path == own && saved.body.contains("Desk is saved."))
        #expect(try await browser.get(path).body.contains(#"data-tone="neutral">Off<"#))
        return user
    }

    private func secret(_ answer: ConsoleBrowser.Answer) throws -> String {
        String(try #require(answer.body.firstMatch(of: /id="secret-once">([^<]+)</), "\(answer.body)").output.1)
    }

    private func addGroup(_ path: String, of user: String, _ browser: ConsoleBrowser) async throws {
        var fields = [
            "name": "desk", "display_name": "Desk group", "strategy": "sequential", "members": "1001\n1999",
            "ring_seconds": "20",
        ]
        let refused = try await browser.submit("\(path)/groups", from: "\(path)/groups/new", fields)
        #expect(refused.refuses("members") && refused.body.contains("1999"))
        fields["members"] = "1001"
        let added = try await browser.submit("\(path)/groups", from: "\(path)/groups/new", fields)
        #expect(added.path == path && added.body.contains("Desk group is added."))
        let used = try await browser.submit(
            "\(path)/users/\(user)/delete", from: "\(path)/users/\(user)", ["revision": "4"])
        #expect(used.body.contains("The user is a member of a group."))
    }

    private func addSchedule(_ path: String, _ browser: ConsoleBrowser) async throws -> String {
        var fields = [
            "display_name": "Office", "time_zone": "Europe/Vienna", "hours_1": "08:00-12:00, 13:00-17:30",
            "hours_3": "17:00-09:00", "closed_on": "2026-12-24",
        ]
        let new = "\(path)/schedules/new"
        #expect(try await browser.submit("\(path)/schedules", from: new, fields).refuses("hours_3"))
        fields["hours_3"] = "09:00–17:00"
        let added = try await browser.submit("\(path)/schedules", from: new, fields)
        #expect(added.body.contains("Office is added.") && added.body.contains("Mon, Wed"))
        let schedule = try #require(try added.ids("schedule").first)
        let shown = try await browser.get("\(path)/schedules/\(schedule)")
        #expect(shown.body.contains("08:00-12:00, 13:00-17:30") && shown.body.contains("2026-12-24"))
        return schedule
    }

    private func addTrunk(_ path: String, _ browser: ConsoleBrowser) async throws {
        var fields = [
            "display_name": "Carrier", "proxy": "sip.carrier.test", "transport": "udp",
            "identification": "registration", "enabled": "true", "priority": "1", "weight": "1",
            "number_format": "+e164", "username": "user",
        ]
        let new = "\(path)/trunks/new"
        #expect(try await browser.submit("\(path)/trunks", from: new, fields).refuses("secret"))
        fields["secret"] = "carrier-secret-1"
        let added = try await browser.submit("\(path)/trunks", from: new, fields)
        #expect(added.body.contains("Nobody can call in over Carrier"))
        let own = "\(path)/trunks/\(try #require(try added.ids("trunk").first))"
        #expect(try await !browser.get(own).body.contains("carrier-secret-1"))
        (fields["secret"], fields["revision"]) = ("", "1")
        fields["allowed_addresses"] = "192.0.2.0/28\nnowhere"
        #expect(try await browser.submit(own, from: own, fields).refuses("allowed_addresses"))
        fields["allowed_addresses"] = "192.0.2.0/28, 198.51.100.7"
        let saved = try await browser.submit(own, from: own, fields)
        #expect(saved.body.contains("Carrier is saved.") && !saved.body.contains("Nobody can call in"))
    }

    private func addNumber(
        _ path: String, to group: String, during schedule: String, _ browser: ConsoleBrowser
    ) async throws -> String {
        var fields = ["e164": "0720", "display_name": "Main line", "target_2": group, "schedule_2": schedule]
        let new = "\(path)/numbers/new"
        #expect(try await browser.submit("\(path)/numbers", from: new, fields).refuses("e164"))
        fields["e164"] = "+43720000100"
        (fields["target_3"], fields["value_3"]) = ("agent", "not an agent")
        #expect(try await browser.submit("\(path)/numbers", from: new, fields).refuses("value_3"))
        fields["value_3"] = "night-desk"
        let added = try await browser.submit("\(path)/numbers", from: new, fields)
        #expect(added.body.contains("Group desk during Office, then Agent night-desk"))
        return "\(path)/numbers/\(try #require(try added.ids("number").first))"
    }

    /// A number's steps, and what its history says about them.
    private func live(of number: String, _ path: String, _ browser: ConsoleBrowser) async throws {
        let silent = try await browser.submit("\(number)/port-out", from: number, ["revision": "9", "reason": "x"])
        #expect(silent.path == number && silent.body.contains("It was changed since"))
        let out = try await browser.submit("\(number)/port-out", from: number, ["revision": "1", "reason": "moved"])
        #expect(out.body.contains("is ported out") && out.body.contains("Reclaim"))
        _ = try await browser.submit("\(number)/reclaim", from: number, ["revision": "2", "reason": "came back"])
        let released = try await browser.submit(
            "\(number)/release", from: number, ["revision": "3", "reason": "over", "immediately": "true"])
        #expect(released.body.contains("Released<"))
        let history = try await browser.get("\(number)/history")
        for text in ["moved", "came back", "over", "Active", "Ported out", "Not routed"] {
            #expect(history.body.contains(text), "the history lacks \(text)")
        }
    }

    @Test func sitesPermissionsAndLimitsAreKept() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let path = try await tenant(world, browser)
            let on = try await browser.submit(
                "\(path)/domain", from: "\(path)/domain", ["domain": "acme.voice.test", "country": "AT"])
            #expect(on.path == path)
            let site = ["display_name": "Hafen", "address": "Kai 1\n1020 Wien", "country": "AT"]
            let added = try await browser.submit("\(path)/sites", from: "\(path)/sites/new", site)
            #expect(added.body.contains("Not verified"))
            let siteID = try #require(try added.ids("site").first)
            let verified = try await browser.submit(
                "\(path)/sites/\(siteID)/verify", from: "\(path)/sites/\(siteID)", ["revision": "1"])
            #expect(verified.body.contains("has a verified address") && !verified.body.contains("not yet"))

            var rule = ["allowed": "true", "scope": siteID, "reason": "trade fair", "expires_on": "2026-11-20"]
            let new = "\(path)/permissions/new"
            let refused = try await browser.submit("\(path)/permissions", from: new, rule)
            #expect(refused.refuses("country") && refused.body.contains(#"id="expires_on-error""#))
            (rule["country"], rule["expires_on"]) = ("IT", "2026-12-24")
            try await world.application.voice.model.plans.refresh()
            let tried = try await browser.submit("\(path)/permissions/try", from: new, rule)
            #expect(tried.body.contains("No call would have been otherwise.") && tried.body.contains("trade fair"))
            #expect(tried.body.contains(#"formaction="\#(path)/permissions/try""#))
            let allowed = try await browser.submit("\(path)/permissions", from: new, rule)
            #expect(allowed.body.contains("Site Hafen") && allowed.body.contains("until 25 Dec 2026, 00:00"))
            let ruleID = try #require(try allowed.ids("dialperm").first)
            let shown = try await browser.get("\(path)/permissions/\(ruleID)")
            #expect(shown.body.contains(#"value="2026-12-24""#))
            let own = "\(path)/permissions/\(ruleID)"
            (rule["allowed"], rule["revision"], rule["prefix"]) = ("false", "1", "x")
            #expect(try await browser.submit("\(own)/try", from: own, rule).refuses("prefix"))
            rule["prefix"] = ""
            let denied = try await browser.submit("\(own)/try", from: own, rule)
            #expect(denied.body.contains("Nothing is saved") && denied.body.contains(#"name="revision" value="1""#))
            #expect(try await browser.get(path).body.contains("until 25 Dec 2026, 00:00"), "nothing is saved")
            let deleted = try await browser.submit(
                "\(path)/permissions/\(ruleID)/delete", from: "\(path)/permissions/\(ruleID)", ["revision": "1"])
            #expect(deleted.path == path && deleted.body.contains("is deleted"))
            try await world.application.voice.model.plans.refresh()
            try await limits(path, browser)
        }
    }

    private func limits(_ path: String, _ browser: ConsoleBrowser) async throws {
        let form = "\(path)/settings"
        var fields = [
            "concurrent_calls": "7", "calls_per_second": "0", "longest_call_seconds": "3600", "sequential_calls": "9",
            "daily_spend": "12.50", "exposure": "", "calls_mobile": "2", "outage_seconds": "60", "at_end": "overage",
            "revision": "1",
        ]
        #expect(try await browser.submit(form, from: form, fields).refuses("calls_per_second"))
        fields["calls_per_second"] = "3"
        let tried = try await browser.submit("\(form)/try", from: form, fields)
        #expect(tried.body.contains("No call would have been otherwise.") && tried.body.contains("Nothing is saved"))
        #expect(tried.body.contains(#"value="12.50""#) && tried.body.contains(#"name="revision" value="1""#))
        (fields["plan_minutes"], fields["plan_price"]) = ("500", "cheap")
        #expect(try await browser.submit("\(form)/try", from: form, fields).refuses("plan_price"))
        fields["plan_price"] = "0.05"
        let other = try await browser.submit("\(form)/try", from: form, fields)
        #expect(other.body.contains(#"value="500""#) && other.body.contains(#"value="0.05""#))
        fields["daily_spend"] = "much"
        let unread = try await browser.submit("\(form)/try", from: form, fields)
        #expect(unread.refuses("daily_spend") && unread.body.contains(#"value="much""#))
        fields["daily_spend"] = "12.50"
        let saved = try await browser.submit(form, from: form, fields)
        #expect(saved.path == path && saved.body.contains("7 calls") && saved.body.contains("EUR 12.50"))
        #expect(saved.body.contains("no bound") && saved.body.contains("Mobile 2"))
        let stale = try await browser.submit("\(path)/at-end", from: path, ["at_end": "block", "revision": "1"])
        #expect(stale.body.contains("It was changed since"))
        let block = try await browser.submit("\(path)/at-end", from: path, ["at_end": "block", "revision": "2"])
        #expect(block.body.contains("New calls stop") && block.body.contains("EUR 12.50"))
        let off = try await browser.submit("\(path)/off", from: path, ["revision": "1"])
        #expect(off.body.contains("Voice is off.") && off.body.contains("Voice per program"))
    }

    @Test func aDestinationIsOpenedAgainAndAPoolIsSet() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let path = try await tenant(world, browser)
            _ = try await browser.submit(
                "\(path)/domain", from: "\(path)/domain", ["domain": "acme.voice.test", "country": "AT"])
            try await sign(world)
            #expect(try await browser.get(path).body.contains("1 sign of fraud closed destinations."))
            let list = "\(path)/fraud_signs"
            let shown = try await browser.get(list)
            #expect(shown.body.contains("Forty calls.") && shown.body.contains("Closed<"))
            let own = "\(list)/\(try #require(try shown.ids("fraud").first))"
            var fields = ["revision": "1", "reason": "", "open_on": "2026-11-01"]
            #expect(try await browser.submit("\(own)/unblock", from: own, fields).refuses("reason"))
            fields["reason"] = "trade fair"
            #expect(try await browser.submit("\(own)/unblock", from: own, fields).refuses("open_on"))
            fields["open_on"] = ""
            let opened = try await browser.submit("\(own)/unblock", from: own, fields)
            #expect(opened.path == list && opened.body.contains("is open again") && opened.body.contains("Over<"))
            #expect(opened.body.contains("trade fair") && !opened.body.contains("Open again<"))
            let gone = try await browser.submit("\(path)/permission_proposals/accept", from: own, ["country": "US"])
            #expect(gone.path == list && gone.body.contains("Nothing speaks for this destination"))

            let vendor = try #require(try await browser.get("/organisations").ids("org").first)
            let pool = "/organisations/\(vendor)/minute_pool"
            #expect(try await browser.get("/organisations/\(vendor)").body.contains(pool))
            let wrong = try await browser.submit(pool, from: pool, ["minutes": "-1", "revision": "0"])
            #expect(wrong.refuses("minutes"))
            let saved = try await browser.submit(pool, from: pool, ["minutes": "100", "revision": "0"])
            #expect(saved.body.contains("The pool is saved.") && saved.body.contains("100 left"))
            #expect(try await browser.submit(pool, from: pool, ["minutes": "5", "revision": "0"]).status == 412)
        }
    }

    /// A sign of fraud that closed a country.
    private func sign(_ world: ConsoleWorld) async throws {
        let work = world.application.tenancy.work
        let id: FraudSignID = work.ids.new()
        try await work.perform(job: "tests") { tx, actor in
            try tx.execute(
                """
                insert into app.fraud_sign (tenant_id, fraud_sign_id, organisation_id, day, kind, country, observed,
                    threshold, sentence, block_until, created_at, updated_at)
                select tenant_id, \(id), organisation_id, '2026-11-18', 'calls', 'CU', 40, 30, 'Forty calls.',
                    \(actor.now.advanced(by: .seconds(7200))), \(actor.now), \(actor.now) from app.sip_domain
                """)
        }
    }
}
