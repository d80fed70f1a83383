import Kernel
import Testing

@testable import ControlPlane

/// What people do in the console, from the form to its effect.
@Suite struct ConsoleFlowTests {
    @Test func fromAnOrganisationToItsInvoice() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let organisation = try await create(organisation: "Seeufer", browser)
            let contract = try await enrol(organisation, browser)
            let tenant = try await provision(for: organisation, under: contract, on: world.platform, browser)

            let lines = (1...40).map { number in
                #"{"id":"e\#(number)","source":"s","type":"turn","time":"2026-10-05T10:00:00Z","tenant":"\#(tenant)","#
                    + #""data":{"key_source":"partner"}}"#
            }
            let imported = try await browser.upload(
                "/usage/import", from: "/usage/import", file: "u.ndjson",
                (lines + [lines[0], "not json"]).joined(separator: "\n"))
            #expect(imported.status == 200 && imported.body.contains("INVALID_JSON"))
            let usage = try await browser.get("/usage?tenant_id=\(tenant)&from=2026-10-01&to=2026-10-31")
            #expect(usage.body.contains("40 turns"))

            let disclosed = try await browser.submit(
                "/contracts/\(contract)/disclosures", from: "/contracts/\(contract)/disclosures/new",
                ["month": "2026-10", "amount": "172800.00", "disclosed_by": "A. Muster"])
            #expect(disclosed.body.contains("ARR 172,800.00 is disclosed for October 2026."))

            #expect(try await browser.get("/close?month=2026-10").body.contains("17,475.00"))
            #expect(try await browser.get("/").body.contains("since 3 Nov 2026, 06:00"))
            let closed = try await browser.submit("/close", from: "/close?month=2026-10", ["month": "2026-10"])
            #expect(closed.path == "/invoices?month=2026-10" && closed.body.contains("1 became final"))
            let invoice = try #require(try closed.ids("inv").first)
            let page = try await browser.get("/invoices/\(invoice)")
            for text in ["CF-2026-000001", "5,475.00", "12,000.00", "20,970.00", "Why this amount"] {
                #expect(page.body.contains(text), "the invoice lacks \(text)")
            }
            #expect(try await browser.get("/invoices/\(invoice)/print").body.contains("CF-2026-000001"))
            let overview = try await browser.get("/").body
            #expect(overview.contains("17,475.00") && overview.contains("from 3 Dec 2026, 06:00"))
            let early = try await browser.submit("/close", from: "/close", ["month": "2026-11"])
            #expect(early.path == "/close?month=2026-11" && early.body.contains("Preview it now, close it afterwards."))
        }
    }

    @Test func whatABackdatedContractStillOwesIsNamed() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let partner = ["kind": "partner", "display_name": "Kontor", "legal_name": "Kontor AG", "country": "CH"]
            let organisation = try await browser.submit("/organisations", from: "/organisations/new", partner).id()
            let terms = [
                "program": "deployment", "organisation_id": organisation, "starts_on": "2026-01-31",
                "price_book_version": "2.1", "master_agreement": "MA-1", "tier": "certified", "standard": "5",
                "term_years": "1", "payment": "prepaid",
            ]
            let contract = try await browser.submit("/contracts", from: "/contracts/new?program=deployment", terms)
            #expect(contract.body.contains("is in force."))
            let words = "C-2026-0001 still has January 2026 open: close it first."
            let overview = try await browser.get("/").body
            #expect(overview.contains(words) && overview.contains("since 3 Feb 2026, 06:00"))
            // What the open month says is said once, not again for the running one.
            #expect(overview.contains("January 2026: Check whether the buyer must withhold tax."))
            #expect(!overview.contains("November 2026: Check whether"))
            #expect(try await browser.get("/close?month=2026-10").body.contains(words))
            let closed = try await browser.submit("/close", from: "/close?month=2026-10", ["month": "2026-10"])
            #expect(closed.body.contains("October 2026: 1 left out. \(words)"))
            let first = try await browser.submit("/close", from: "/close?month=2026-01", ["month": "2026-01"])
            #expect(first.body.contains("1 became final"))
            #expect(try await browser.get("/").body.contains("C-2026-0001 still has February 2026 open"))
        }
    }

    private func create(organisation name: String, _ browser: ConsoleBrowser) async throws -> String {
        var fields = ["kind": "partner", "display_name": name, "legal_name": "", "country": "AT", "vat_id": "U1"]
        let refused = try await browser.submit("/organisations", from: "/organisations/new", fields)
        #expect(refused.status == 422 && refused.body.contains(#"value="\#(name)""#))
        #expect(refused.refuses("legal_name") && refused.refuses("vat_id"))
        fields["legal_name"] = "\(name) GmbH"
        fields["vat_id"] = "ATU12345675"
        let created = try await browser.submit("/organisations", from: "/organisations/new", fields)
        #expect(created.body.contains("\(name) is created."))
        let id = try created.id()
        let form = try await browser.get("/organisations/\(id)/edit")
        #expect(form.body.contains(#"name="revision" value="1""#))
        fields["revision"] = "1"
        fields["address"] = "Seeweg 1"
        let path = "/organisations/\(id)/edit"
        #expect(try await browser.submit(path, from: path, fields).body.contains("Seeweg 1"))
        fields["address"] = "Seeweg 2"
        #expect(try await browser.submit(path, from: path, fields).status == 412)
        return id
    }

    private func enrol(_ organisation: String, _ browser: ConsoleBrowser) async throws -> String {
        var fields = [
            "program": "solution", "organisation_id": organisation, "starts_on": "2026-10-01",
            "price_book_version": "2.1",
        ]
        let path = "/contracts/new?program=solution"
        let unsigned = try await browser.submit("/contracts", from: path, fields)
        #expect(unsigned.status == 422 && unsigned.body.contains("master agreement"))
        fields["master_agreement"] = "MA-2026-077"
        fields["wholesale_committed_turns"] = "1000"
        fields["wholesale_turn_price"] = "0.03"
        fields["wholesale_conditions"] = "true"
        let refused = try await browser.submit("/contracts", from: path, fields)
        #expect(refused.refuses("wholesale_committed_turns"))
        for name in ["wholesale_committed_turns", "wholesale_turn_price", "wholesale_conditions"] { fields[name] = nil }
        let created = try await browser.submit("/contracts", from: path, fields)
        #expect(created.status == 200 && created.body.contains("is in force."))
        return try created.id()
    }

    private func provision(
        for organisation: String, under contract: String, on instance: InstanceID, _ browser: ConsoleBrowser
    ) async throws -> String {
        var fields = [
            "organisation_id": organisation, "instance_id": "\(instance)", "display_name": "Client",
            "slug": "Not a slug", "kind": "production", "activate": "true",
        ]
        let refused = try await browser.submit("/tenants", from: "/tenants/new", fields)
        #expect(refused.refuses("slug"))
        fields["slug"] = "client"
        let unsigned = try await browser.submit("/tenants", from: "/tenants/new", fields)
        #expect(unsigned.status == 409 && unsigned.body.contains("data processing agreement"))
        try await sign(contract, browser)
        let created = try await browser.submit("/tenants", from: "/tenants/new", fields)
        #expect(created.body.contains("Client is provisioned."))
        let id = try created.id()
        let suspended = try await browser.submit("/tenants/\(id)/suspend", from: "/tenants/\(id)", ["reason": "Pause"])
        #expect(suspended.body.contains("Client is suspended.") && suspended.body.contains("Pause"))
        let twice = try await browser.submit("/tenants/\(id)/suspend", from: "/tenants/\(id)", ["reason": "Pause"])
        #expect(twice.body.contains("cannot suspend"))
        #expect(try await browser.submit("/tenants/\(id)/resume", from: "/tenants/\(id)").status == 200)
        return id
    }

    private func sign(_ contract: String, _ browser: ConsoleBrowser) async throws {
        #expect(try await browser.get("/contracts/\(contract)").body.contains("Missing"))
        let (path, form) = ("/contracts/\(contract)/documents", "/contracts/\(contract)/documents/new")
        var fields = ["reference": "DPA-077", "signed_on": "2026-11-22"]
        #expect(try await browser.submit(path, from: form, fields).refuses("signed_on"))
        fields["signed_on"] = "2026-09-30"
        let recorded = try await browser.submit(path, from: form, fields)
        #expect(recorded.body.contains("DPA-077, 30 Sep 2026") && !recorded.body.contains("Missing"))
        #expect(recorded.body.contains("Contract document recorded"))
    }

    @Test func aKeyIsShownOnceAndRevoked() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            var fields = ["display_name": "export", "role": "platform.auditor"]
            let endless = try await browser.submit("/api-keys", from: "/api-keys/new", fields)
            #expect(endless.refuses("expires_on"))
            fields["expires_on"] = "2027-01-31"
            let created = try await browser.submit("/api-keys", from: "/api-keys/new", fields)
            let secret = try #require(created.body.firstMatch(of: /cfv_[0-9A-Za-z]+_[0-9A-Za-z]+/)).output
            let authenticator = world.application.tenancy.authenticator
            #expect(try await authenticator.principal(bearer: String(secret)) != nil)
            let list = try await browser.get("/api-keys")
            #expect(!list.body.contains(secret) && list.body.contains("export"))
            let id = try #require(try list.ids("key").first)
            let revoked = try await browser.submit("/api-keys/\(id)/revoke", from: "/api-keys")
            #expect(revoked.body.contains("export is revoked."))
            #expect(try await authenticator.principal(bearer: String(secret)) == nil)
        }
    }

    @Test func aPasswordWorksOnce() async throws {
        try await ConsoleWorld.with { world in
            let password = try await world.application.issueSignInPassword(minutes: 10)
            let browser = world.visitor()
            let wrong = try await browser.submit("/sign-in", from: "/sign-in", ["one_time_password": "AAAA-BBBB"])
            #expect(wrong.status == 401 && wrong.body.contains("Sign-in refused"))
            let right = try await browser.submit(
                "/sign-in", from: "/sign-in", ["one_time_password": password, "next": "/tenants"])
            #expect(right.status == 200 && right.path == "/tenants")
            let again = try await world.visitor().submit(
                "/sign-in", from: "/sign-in", ["one_time_password": password])
            #expect(again.status == 401)
            #expect(try await browser.submit("/sign-out", from: "/").path == "/sign-in")
            #expect(try await browser.get("/tenants").path == "/sign-in?next=%2Ftenants")
        }
    }

    @Test func coloursAreRemembered() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            #expect(try await !browser.get("/").body.contains("data-theme"))
            let dark = try await browser.submit(
                "/preferences/scheme", from: "/tenants", ["scheme": "dark", "next": "/tenants"])
            #expect(dark.path == "/tenants" && dark.body.contains(#"data-theme="dark""#))
        }
    }
}
