import Kernel
import Tenancy
import TestSupport
import Testing

@testable import ControlPlane
@testable import Web

/// Forms that change what is there: what they refuse, what they do, and the way out when somebody else was faster.
@Suite struct ConsoleEditTests {
    @Test func anInstanceIsDescribedAnewAndRetired() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let path = "/instances/\(world.platform)"
            #expect(try await browser.get("\(path)/edit").body.contains(#"name="revision" value="1""#))
            var fields = ["revision": "1", "display_name": "", "region": "eu-west", "version": "8.0"]
            #expect(try await browser.submit("\(path)/edit", from: "\(path)/edit", fields).refuses("display_name"))
            fields["display_name"] = "Shared two"
            let saved = try await browser.submit("\(path)/edit", from: "\(path)/edit", fields)
            #expect(saved.path == path && saved.body.contains("Shared two is saved.") && saved.body.contains("eu-west"))

            let stale = try await browser.submit("\(path)/retire", from: path, ["revision": "1"])
            #expect(
                stale.body.contains("It was changed since you opened this page.") && !stale.body.contains("Retired<"))
            let retired = try await browser.submit("\(path)/retire", from: path, ["revision": "2"])
            #expect(
                retired.body.contains("Shared two is retired.") && !retired.body.contains("/tenants/new?instance_id"))
            let back = try await browser.submit("\(path)/reactivate", from: path, ["revision": "3"])
            #expect(back.body.contains("takes new tenants again") && back.body.contains("/tenants/new?instance_id"))
        }
    }

    @Test func aTenantIsEditedArchivedAndPurged() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let path = try await tenant(world, browser)
            let edit = "\(path)/edit"
            var fields = ["revision": "1", "display_name": "Other", "kind": "demo"]
            let stale = try await browser.submit(edit, from: edit, fields)
            #expect(stale.status == 412 && stale.body.contains("Somebody else changed this"))
            #expect(stale.body.contains(#"value="Other""#) && stale.body.contains(#"name="revision" value="2""#))
            fields["revision"] = "2"
            fields["display_name"] = " "
            #expect(try await browser.submit(edit, from: edit, fields).refuses("display_name"))
            fields["display_name"] = "Other"
            let saved = try await browser.submit(edit, from: edit, fields)
            #expect(saved.path == path && saved.body.contains("Other is saved.") && saved.body.contains("Demo"))

            let early = try await browser.submit("\(path)/purge", from: path, ["slug": "client", "reason": "x"])
            #expect(early.status == 409 && early.body.contains("cannot purge"))
            let archived = try await browser.submit("\(path)/archive", from: path, ["reason": "over", "revision": "3"])
            #expect(archived.body.contains("Other is archived.") && !archived.body.contains("\(edit)\""))
            let purge = "\(path)/purge"
            var last = ["slug": "clint", "reason": "", "revision": "4"]
            #expect(try await browser.submit(purge, from: purge, last).refuses("slug"))
            last["slug"] = "client"
            #expect(try await browser.submit(purge, from: purge, last).refuses("reason"))
            last["reason"] = "asked for by the customer"
            let purged = try await browser.submit(purge, from: purge, last)
            #expect(purged.path == path && purged.body.contains("Other is purged."))
        }
    }

    private func tenant(_ world: ConsoleWorld, _ browser: ConsoleBrowser) async throws -> String {
        let vendor = try #require(try await browser.get("/organisations").ids("org").first)
        let fields = [
            "organisation_id": vendor, "instance_id": "\(world.platform)", "display_name": "Client", "slug": "client",
            "kind": "production", "activate": "true",
        ]
        let created = try await browser.submit("/tenants", from: "/tenants/new", fields)
        #expect(created.body.contains("Client is provisioned."))
        return created.path
    }

    @Test func aKeyGetsANewSecret() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let fields = ["display_name": "export", "role": "platform.auditor", "expires_on": "2027-01-31"]
            let created = try await browser.submit("/api-keys", from: "/api-keys/new", fields)
            let old = try secret(created)
            let id = try #require(try await browser.get("/api-keys").ids("key").first)
            let stale = try await browser.submit("/api-keys/\(id)/rotate", from: "/api-keys", ["revision": "9"])
            #expect(stale.path == "/api-keys" && stale.body.contains("It was changed since"))
            let rotated = try await browser.submit("/api-keys/\(id)/rotate", from: "/api-keys", ["revision": "1"])
            let new = try secret(rotated)
            let authenticator = world.application.tenancy.authenticator
            #expect(old != new)
            #expect(try await authenticator.principal(bearer: old) == nil)
            #expect(try await authenticator.principal(bearer: new) != nil)
            #expect(try await !browser.get("/api-keys").body.contains(new))
            let revoked = try await browser.submit("/api-keys/\(id)/revoke", from: "/api-keys", ["revision": "2"])
            #expect(revoked.body.contains("export is revoked."))
            let ended = try await browser.submit("/api-keys/\(id)/rotate", from: "/api-keys")
            #expect(ended.body.contains("revoked or expired"))
        }
    }

    private func secret(_ answer: ConsoleBrowser.Answer) throws -> String {
        String(try #require(answer.body.firstMatch(of: /cfv_[0-9A-Za-z]+_[0-9A-Za-z]+/)).output)
    }

    @Test func aDeploymentContractGetsAnotherOrder() async throws {
        try await ConsoleWorld.with { world in
            let browser = try await world.operatorBrowser()
            let partner = [
                "kind": "partner", "display_name": "Kontor", "legal_name": "Kontor GmbH", "country": "AT",
            ]
            let organisation = try await browser.submit("/organisations", from: "/organisations/new", partner).id()
            let terms = [
                "program": "deployment", "organisation_id": organisation, "starts_on": "2026-11-01",
                "price_book_version": "2.1", "master_agreement": "MA-1", "tier": "certified", "standard": "5",
                "term_years": "1", "payment": "prepaid",
            ]
            let contract = try await browser.submit("/contracts", from: "/contracts/new?program=deployment", terms)
            let path = contract.path
            #expect(contract.body.contains("\(path)/orders/new"))
            let form = "\(path)/orders/new"
            var order = [
                "reference": "1", "starts_on": "2026-12-01", "compact": "3", "term_years": "1", "payment": "prepaid",
                "revision": "1",
            ]
            let taken = try await browser.submit("\(path)/orders", from: form, order)
            #expect(taken.refuses("reference"), "\(taken.status)")
            order["reference"] = "2"
            let added = try await browser.submit("\(path)/orders", from: form, order)
            #expect(added.path == path && added.body.contains("3 instances from 1 Dec 2026 on"))
            order["reference"] = "3"
            let stale = try await browser.submit("\(path)/orders", from: form, order)
            #expect(stale.status == 412 && stale.body.contains("Somebody else changed this"))
            #expect(stale.body.contains(#"name="revision" value="2""#))
            let notice = try await browser.submit("\(path)/notice", from: path, ["revision": "1"])
            #expect(notice.body.contains("It was changed since you opened this page."))
        }
    }

    /// Every change that the API offers has its form, or a reason to have none.
    @Test func everyMutationHasAForm() async throws {
        try await ConsoleWorld.with { world in
            let site = try world.application.site()
            let forms = Set(site.pages.filter { $0.method == .post }.map { $0.path.description })
            let known = Self.forms.merging(Self.voiceForms) { first, _ in first }
            let mutations = world.application.endpoints.filter { $0.method != .get }
                .map { "\($0.method.rawValue) \($0.path)" }
            for mutation in mutations where !Self.withoutPages.contains(where: mutation.contains) {
                let form = try #require(known[mutation], "\(mutation) has no form: add one, or say here why not")
                guard form.hasPrefix("/") else { continue }
                #expect(forms.contains(form), "\(mutation): there is no form that posts to \(form)")
            }
            #expect(Set(known.keys).subtracting(mutations) == [], "operations that are gone")
        }
    }

    /// By operation: the path that the form posts to, or why there is none.
    private static let forms = [
        "PUT /v1/voice/organisations/{organisation_id}/minute_pool": "/organisations/{organisation_id}/minute_pool",
        "POST /v1/organisations": "/organisations",
        "PATCH /v1/organisations/{organisation_id}": "/organisations/{organisation_id}/edit",
        "POST /v1/organisations/{organisation_id}/master_agreement": "/contracts",
        "POST /v1/instances": "/instances",
        "PATCH /v1/instances/{instance_id}": "/instances/{instance_id}/edit",
        "POST /v1/tenants": "/tenants",
        "PATCH /v1/tenants/{tenant_id}": "/tenants/{tenant_id}/edit",
        "POST /v1/tenants/{tenant_id}:activate": "/tenants/{tenant_id}/activate",
        "POST /v1/tenants/{tenant_id}:suspend": "/tenants/{tenant_id}/suspend",
        "POST /v1/tenants/{tenant_id}:resume": "/tenants/{tenant_id}/resume",
        "POST /v1/tenants/{tenant_id}:archive": "/tenants/{tenant_id}/archive",
        "POST /v1/tenants/{tenant_id}:purge": "/tenants/{tenant_id}/purge",
        "POST /v1/api_keys": "/api-keys",
        "POST /v1/api_keys/{api_key_id}:rotate": "/api-keys/{api_key_id}/rotate",
        "POST /v1/api_keys/{api_key_id}:revoke": "/api-keys/{api_key_id}/revoke",
        "POST /v1/contracts": "/contracts",
        "POST /v1/contracts/{contract_id}/versions": "/contracts/{contract_id}/order-forms",
        "POST /v1/contracts/{contract_id}:give_notice": "/contracts/{contract_id}/notice",
        "POST /v1/contracts/{contract_id}/disclosures": "/contracts/{contract_id}/disclosures",
        "POST /v1/contracts/{contract_id}/documents": "/contracts/{contract_id}/documents",
        "POST /v1/usage/events": "/usage/import",
        "POST /v1/billing/months/{month}:close": "/close",
    ]

    /// A dry run changes nothing: its page asks with GET.
    private static let withoutPages = [":explain"]

    /// The forms of voice have the paths of the API, below the tenant.
    private static var voiceForms: [String: String] {
        let (api, console) = ("/v1/voice/tenants/{tenant_id}", "/tenants/{tenant_id}/voice")
        var forms = [
            "POST \(api)/domain": "\(console)/domain", "PUT \(api)/domain": "\(console)/domain/edit",
            "DELETE \(api)/domain": "\(console)/off", "PUT \(api)/settings": "\(console)/settings",
            "POST \(api):what_if": "\(console)/settings/try",
            "POST \(api)/fraud_signs/{fraud_sign_id}:unblock": "\(console)/fraud_signs/{fraud_sign_id}/unblock",
            "POST \(api)/permission_proposals:accept": "\(console)/permission_proposals/accept",
        ]
        let kinds = [
            ("users", "sip_user_id", ["rotate", "retire"]), ("groups", "call_group_id", []),
            ("sites", "site_id", ["verify"]), ("trunks", "trunk_id", []), ("schedules", "schedule_id", []),
            ("permissions", "dial_permission_id", []),
            ("numbers", "phone_number_id", ["port_out", "release", "reclaim"]),
        ]
        for (kind, key, steps) in kinds {
            forms["POST \(api)/\(kind)"] = "\(console)/\(kind)"
            forms["PUT \(api)/\(kind)/{\(key)}"] = "\(console)/\(kind)/{\(key)}"
            if kind != "numbers" { forms["DELETE \(api)/\(kind)/{\(key)}"] = "\(console)/\(kind)/{\(key)}/delete" }
            for step in steps {
                forms["POST \(api)/\(kind)/{\(key)}:\(step)"] =
                    "\(console)/\(kind)/{\(key)}/\(step.replacing("_", with: "-"))"
            }
        }
        for step in ["end", "warn", "transfer"] {
            forms["POST \(api)/live_calls/{leg_id}:\(step)"] = "\(console)/live/{leg_id}/\(step)"
        }
        return forms.merging(platformForms) { first, _ in first }
    }

    /// Nodes and what they could not deliver are no tenant's.
    private static var platformForms: [String: String] {
        let (node, record) = ("/voice/nodes/{voice_node_id}", "/voice/quarantine/{quarantine_id}")
        return [
            "POST /v1/voice/nodes": "/voice/nodes", "PATCH /v1\(node)": "\(node)/edit",
            "POST /v1\(node):rotate": "\(node)/rotate",
            "POST /v1\(node):forget_earlier_secrets": "\(node)/forget-earlier-secrets",
            "POST /v1\(node):retire": "\(node)/retire", "POST /v1\(record):replay": "\(record)/replay",
            "POST /v1\(record):discard": "\(record)/discard",
        ]
    }
}
