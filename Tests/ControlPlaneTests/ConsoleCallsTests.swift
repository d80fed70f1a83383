import Foundation
import Kernel
import Telephony
import Tenancy
import TestSupport
import Testing
import Voice

@testable import ControlPlane

/// What a voice operator sees of calls and nodes: records with receipts, the dry run, the proof, the quarantine.
@Suite struct ConsoleCallsTests {
    /// A tenant with voice, and its node, made through the services.
    private struct Furnished {
        let ids: [String: String]
        let path: String
        let source: RecordSource
    }

    private func furnish(_ world: ConsoleWorld, _ browser: ConsoleBrowser) async throws -> Furnished {
        let vendor = try #require(try await browser.get("/organisations").ids("org").first)
        let fields = [
            "organisation_id": vendor, "instance_id": "\(world.platform)", "display_name": "Client", "slug": "client",
            "kind": "production", "activate": "true",
        ]
        let id = try await browser.submit("/tenants", from: "/tenants/new", fields).id()
        let tenant = try #require(TenantID(id))
        let ids = try await MatrixVoice(application: world.application).furnish(
            tenant, named: "acme", number: "+43720000100")
        let node = try #require(ids["voice_node_id"].flatMap { VoiceNodeID($0) })
        return Furnished(
            ids: ids, path: "/tenants/\(id)/voice",
            source: RecordSource(
                nodeID: node, organisationID: OrganisationID(vendor), instanceID: world.platform))
    }

    @Test func aCallIsFoundAndOpened() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let acme = try await furnish(world, browser)
            let calls = "\(acme.path)/calls"
            let list = try await browser.get(calls)
            let call = try #require(try list.ids("call").first)
            #expect(list.body.contains("+43\u{A0}720999\u{A0}•••") && !list.body.contains("720999\u{A0}999"))
            #expect(list.body.contains("1 of 1 calls, 0 estimated"))
            let opened = try await browser.get("\(calls)/\(call)")
            #expect(opened.body.contains("+43\u{A0}720999\u{A0}999") && opened.body.contains("1,000 ms (0.016 min)"))
            for part in [
                "Price receipt", Receipt.Rule.notBilled.rawValue, "this call is not charged", "Included part", "Beyond",
                "Hash before", "receipt 1",
            ] {
                #expect(opened.body.contains(part), "the call lacks \(part)")
            }
            #expect(try await browser.get("/audit-log?action=call_record.open").body.contains(call))

            let outbound = try await browser.get("\(calls)?direction=outbound&from=2026-11-18&result=answered")
            #expect(outbound.body.contains(call) && outbound.body.contains(#"value="2026-11-18""#))
            for empty in ["result=refused", "direction=inbound", "until=2026-01-01", "user=1999"] {
                let found = try await browser.get("\(calls)?\(empty)")
                #expect(!found.body.contains(call) && found.body.contains("No call matches"), "\(empty)")
            }
            #expect(try await browser.get("\(calls)?from=yesterday").refuses("from"))
            let leg = try #require(acme.ids["leg_id"])
            #expect(try await browser.get("\(acme.path)/legs/\(leg)/record").body.contains("billusec"))
        }
    }

    @Test func callsAreExportedAsTheyAreFiltered() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let acme = try await furnish(world, browser)
            let calls = "\(acme.path)/calls"
            let list = try await browser.get("\(calls)?direction=outbound&result=answered")
            let href = "\(calls)/export?direction=outbound&amp;result=answered"
            #expect(list.body.contains(href))
            let file = try await browser.get(href.replacing("&amp;", with: "&"))
            let lines = file.body.split(separator: "\r\n")
            #expect(file.status == 200 && lines.count == 2 && lines[0].hasPrefix("leg_id,call_id,tenant_id,"))
            #expect(lines.last?.hasPrefix("\(try #require(acme.ids["leg_id"])),") == true)
            #expect(file.body.contains(",1000,") && file.body.contains("+43720999•••"))
            let none = try await browser.get("\(calls)/export?direction=inbound")
            #expect(none.body.split(separator: "\r\n").count == 1)
            #expect(try await browser.get("\(calls)/export?from=yesterday").refuses("from"))
        }
    }

    /// A minute of one's own for the month, of which fifty-one seconds are used, and then all.
    @Test func theEndOfTheMinutesIsTold() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let acme = try await furnish(world, browser)
            let tenant = try #require(acme.path.split(separator: "/").dropFirst().first.map(String.init))
            let form = "\(acme.path)/settings"
            let fields = ["at_end": "overage", "cap_minutes": "1", "revision": "1"]
            #expect(try await browser.submit(form, from: form, fields).path == acme.path)
            try await world.application.voice.model.plans.refresh()
            #expect(try await !browser.get("/").body.contains("minutes are used"))
            for (seconds, words) in [
                (50, "85 % of the month’s minutes are used"), (9, "The month’s minutes are used up"),
            ] {
                let record = """
                    {"variables":{"uuid":"\(UUID().uuidString)","direction":"outbound","tenant_id":"\(tenant)",\
                    "sip_gateway_name":"x","sip_to_user":"+43720999999","billusec":"\(seconds)000000",\
                    "start_uepoch":"1795000000000000","answer_uepoch":"1795000000000000",\
                    "end_uepoch":"\(1_795_000_000_000_000 + seconds * 1_000_000)"}}
                    """
                let booked = try await world.application.voice.calls.records.accept(
                    Array(record.utf8), from: acme.source)
                #expect(booked.status == 200)
                for page in ["/", acme.path] {
                    #expect(try await browser.get(page).body.contains(words), "\(page)")
                }
            }
            let overview = try await browser.get("/").body
            #expect(overview.contains("New calls are refused") && overview.contains(#"href="\#(acme.path)""#))
        }
    }

    @Test func aRefusedCallSaysWhyAndTheDryRunToo() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let acme = try await furnish(world, browser)
            let tenant = try #require(acme.path.split(separator: "/").dropFirst().first)
            let record = """
                {"variables":{"uuid":"\(UUID().uuidString)","direction":"inbound","tenant_id":"\(tenant)",\
                "sip_to_user":"+99365123456","billusec":"0","hangup_cause":"OUTGOING_CALL_BARRED",\
                "x_refusal":"VOICE_DESTINATION_NOT_ALLOWED","start_uepoch":"1795000000000000",\
                "end_uepoch":"1795000000100000"}}
                """
            let booked = try await world.application.voice.calls.records.accept(Array(record.utf8), from: acme.source)
            #expect(booked.status == 200)
            let refused = try await browser.get("\(acme.path)/calls?result=refused")
            #expect(refused.body.contains("Nothing allows the destination."))
            let call = try #require(try refused.ids("call").first)
            let opened = try await browser.get("\(acme.path)/calls/\(call)")
            #expect(opened.body.contains("VOICE_DESTINATION_NOT_ALLOWED") && opened.body.contains("Add a permission"))

            let ask = "\(acme.path)/explain"
            #expect(try await browser.get(ask).body.contains("Nothing tried yet"))
            let no = try await browser.get("\(ask)?origin=user&user=1001&dialled=%2B99365123456")
            #expect(no.status == 200 && no.body.contains("The call is refused") && no.body.contains("/permissions/new"))
            let emergency = try await browser.get("\(ask)?origin=user&user=1001&dialled=112")
            #expect(emergency.body.contains("The call is allowed") && emergency.body.contains("never metered"))
            #expect(emergency.body.contains("the site’s address is not verified"))
            let inside = try await browser.get("\(ask)?origin=agent&number=%2B43720000100&dialled=1001")
            #expect(inside.body.contains("The call is allowed") && inside.body.contains("1001"))
            #expect(try await browser.get("\(ask)?origin=user&user=1999&dialled=112").refuses("user"))
            #expect(try await browser.get("\(ask)?origin=user&user=1001").refuses("dialled"))
        }
    }

    @Test func theProofCountsAndTheReceiptsAreWorkedOutAgain() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let acme = try await furnish(world, browser)
            let proof = "\(acme.path)/completeness"
            let shown = try await browser.get("\(proof)?month=2026-11")
            #expect(shown.body.contains("1 of 1 calls, 0 estimated") && shown.body.contains("Nothing is missing"))
            let checked = try await browser.get("\(proof)?month=2026-11&receipts=true")
            #expect(checked.body.contains("Sound<") && checked.body.contains("1,000 ms"))
            #expect(try await browser.get("\(proof)?month=2026-10").body.contains("No call in this month"))
            #expect(try await browser.get("\(proof)?month=soon").body.contains("month-error"))
            let all = try await browser.get("/voice/completeness?month=2026-11")
            #expect(all.body.contains("1 of 1 calls, 0 estimated") && all.body.contains("\(proof)?month=2026-11"))
        }
    }

    @Test func liveCallsAreAskedForAndNobodyIsEndedTwice() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let acme = try await furnish(world, browser)
            let live = "\(acme.path)/live"
            let quiet = try await browser.get(live)
            #expect(quiet.body.contains("No call now") && quiet.body.contains("0 of 5 lines"))
            #expect(quiet.body.contains("No phone is registered") && quiet.body.contains("data-refresh"))
            let leg = try #require(acme.ids["leg_id"])
            for (step, fields) in [("end", [:]), ("warn", [:]), ("transfer", ["destination": "1001"])] {
                let gone = try await browser.submit("\(live)/\(leg)/\(step)", from: live, fields)
                #expect(gone.path == live && gone.body.contains("The leg is not up"), "\(step)")
            }
        }
    }

    @Test func aNodeIsRegisteredChangedAndRetired() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            #expect(try await browser.get("/voice/nodes").body.contains("No node yet"))
            var fields = [
                "name": "FS 1", "instance_id": "\(world.platform)", "phone_port": "5060", "trunk_port": "5060",
                "silence_seconds": "120", "emergency_numbers": "112",
            ]
            let new = "/voice/nodes/new"
            #expect(try await browser.submit("/voice/nodes", from: new, fields).refuses("name"))
            fields["name"] = "fs1"
            #expect(try await browser.submit("/voice/nodes", from: new, fields).refuses("phone_port"))
            fields["trunk_port"] = "5080"
            let made = try await browser.submit("/voice/nodes", from: new, fields)
            let secret = try self.secret(made)
            #expect(made.body.contains("secret-records") && made.body.contains("node-config fs1"))
            let id = try #require(try await browser.get("/voice/nodes").ids("node").first)
            let path = "/voice/nodes/\(id)"
            let shown = try await browser.get(path)
            #expect(shown.body.contains("No event socket") && !shown.body.contains(secret))

            (fields["sip_address"], fields["revision"]) = ("10.0.0.5", "1")
            (fields["external_address"], fields["certificate_directory"]) = ("a name", "/etc/agent-tls")
            #expect(try await browser.submit("\(path)/edit", from: "\(path)/edit", fields).refuses("external_address"))
            fields["external_address"] = "198.51.100.7"
            (fields["event_host"], fields["event_port"]) = ("not a host", "8021")
            #expect(try await browser.submit("\(path)/edit", from: "\(path)/edit", fields).refuses("event_host"))
            fields["event_host"] = nil
            let saved = try await browser.submit("\(path)/edit", from: "\(path)/edit", fields)
            #expect(saved.path == path && saved.body.contains("10.0.0.5, from outside 198.51.100.7"))
            let again = try await browser.get("\(path)/edit").body
            #expect(again.contains("/etc/agent-tls") && again.contains("198.51.100.7"), "a change loses no setting")
            let stale = try await browser.submit("\(path)/edit", from: "\(path)/edit", fields)
            #expect(stale.status == 412 && stale.body.contains("Somebody else changed this"))

            let rotated = try await browser.submit("\(path)/rotate", from: path, ["revision": "2"])
            #expect(try self.secret(rotated) != secret)
            let only = try await browser.submit("\(path)/forget-earlier-secrets", from: path, ["revision": "3"])
            #expect(only.body.contains("Only the last passwords of fs1 work now."))
            let retired = try await browser.submit("\(path)/retire", from: path, ["revision": "4"])
            #expect(retired.body.contains("fs1 is retired.") && !retired.body.contains("Retire node"))
            let ended = try await browser.submit("\(path)/rotate", from: "/voice/nodes/new", ["revision": "5"])
            #expect(ended.path == path && ended.body.contains("A retired node gets no new passwords."))
        }
    }

    private func secret(_ answer: ConsoleBrowser.Answer) throws -> String {
        String(
            try #require(answer.body.firstMatch(of: /id="secret-configuration">([^<]+)</), "\(answer.body)").output.1)
    }

    @Test func aQuarantinedRecordIsLookedAtTriedAgainAndDiscarded() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let acme = try await furnish(world, browser)
            #expect(try await browser.get("/voice/nodes").body.contains("1 record could not be booked."))
            let id = try #require(acme.ids["quarantine_id"])
            let list = try await browser.get("/voice/quarantine")
            #expect(list.body.contains(id) && list.body.contains("Waiting"))
            let path = "/voice/quarantine/\(id)"
            #expect(try await !browser.get(path).body.contains("{org_"))
            #expect(try await browser.get("\(path)/body").body.contains("{org_"))
            #expect(try await browser.get("/audit-log?action=cdr_quarantine.open").body.contains(id))
            let again = try await browser.submit("\(path)/replay", from: path)
            #expect(again.path == path && again.body.contains("It still cannot be booked: Broken JSON."))
            let gone = try await browser.submit("\(path)/discard", from: path)
            #expect(gone.body.contains("The record is discarded.") && gone.body.contains("Nothing waits"))
            #expect(try await browser.get("/voice/quarantine?state=all").body.contains(id))
            let twice = try await browser.submit("\(path)/discard", from: "/voice/nodes/new")
            #expect(twice.path == path && twice.body.contains("replayed or discarded already"))
        }
    }
}
