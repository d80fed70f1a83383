import Foundation
import Kernel
import Logging
import Postgres
import Telephony
import Tenancy
import Testing
import VoiceRecordings

@testable import Voice

/// Call records as a real FreeSWITCH posted them, byte for byte, over a socket into the service.
@Suite(.enabled(if: Recordings.arePresent, "the recordings are not beside the package"))
struct RecordReplayTests {
    /// What the node is answered.
    static let statuses = [
        "cdr-json-auth-any-1": 401, "cdr-json-auth-digest-1": 401,
        // a nonce of another server
        "cdr-json-auth-digest-2": 401,
    ]

    @Test func everyDeliveryIsAnsweredAndBookedOnce() async throws {
        try await SwitchWorld.with { world in
            let delivery = try await delivery(world)
            try await world.serve(also: delivery.routes) { client in
                let names = RecordedFiles.names("requests").filter { $0.hasPrefix("cdr-") }.map { $0.dropLast(4) }
                #expect(names.count == 19)
                for name in names {
                    let answer = try await client.send(try Recordings.bytes(String(name)))
                    #expect(answer.status == Self.statuses[String(name)] ?? 200, "\(name): \(answer.body)")
                }
                let again = try await client.send(try Recordings.bytes("cdr-json-plain"))
                #expect(again.status == 200 && again.body == "duplicate\n")
            }
            let legs = try await world.work.read(in: .platform) { tx in
                try tx.value("select count(*) from app.call_leg", as: Int.self)
            }
            // Some were delivered twice, as JSON and as XML, or after a timeout.
            #expect(legs >= 12)
        }
    }

    @Test func nobodyElseDelivers() async throws {
        try await SwitchWorld.with { world in
            let delivery = try await delivery(world)
            try await world.serve(also: delivery.routes) { client in
                let records = "Basic \(Data("fs1:cdr-secret".utf8).base64EncodedString())"
                let other = "Basic \(Data("fs1:xml-secret".utf8).base64EncodedString())"
                #expect(try await client.post("/fs/cdr/json", "{}", authorization: nil).status == 401)
                #expect(try await client.post("/fs/cdr/json", "{}", authorization: other).status == 401)
                for (body, reason) in [("{}", "no_variables"), ("", "empty"), ("cdr=%7B", "broken_json")] {
                    let answer = try await client.post("/fs/cdr/xml?uuid=x", body, authorization: records)
                    #expect(answer.status == 202 && answer.body == "quarantined\n", "\(reason)")
                }
                let long = String(repeating: "x", count: CallRecordReader.largestBody + 1)
                #expect(try await client.post("/fs/cdr/json", long, authorization: records).status == 413)
            }
            let reasons = try await world.work.read(in: .platform) { tx in
                try tx.all("select reason from app.cdr_quarantine order by reason", as: (String).self)
            }
            #expect(reasons == ["broken_json", "empty", "no_variables"])
        }
    }

    @Test func aRetiredNodeDeliversItsLastRecordsAndAsksNothing() async throws {
        try await SwitchWorld.with { world in
            let delivery = try await delivery(world)
            _ = try await world.work.perform(as: world.operators) { tx, actor in
                try world.nodes.retire(world.node.id, expecting: .anything, tx, actor)
            }
            try await world.directory.refresh()
            try await world.serve(also: delivery.routes) { client in
                let stored = try await client.send(try Recordings.bytes("cdr-json-plain"))
                #expect(stored.body == "stored\n")
                let header = "Basic \(Data("fs1:xml-secret".utf8).base64EncodedString())"
                let asked = try await client.post("/fs/xml", "section=other", authorization: header)
                #expect(asked.status == 401)
            }
        }
    }

    /// The recorded tenants as rows on the world's instance.
    private func delivery(_ world: SwitchWorld) async throws -> RecordDelivery {
        let work = world.work
        let tenancy = TenancyServices(
            work: work,
            rules: TenancyRules(
                checkVATID: { text, _ in .checked(normalised: text, isValid: true) },
                programs: { _, _ in [.enterprise] }))
        let instance = world.instance.id
        try await work.perform(as: world.operators) { tx, actor in
            for slug in ["t1", "t2"] {
                let tenant = try tenancy.tenants.create(
                    NewTenant(
                        instanceID: instance, slug: slug, settings: TenantSettings(displayName: slug),
                        activates: true), tx, actor)
                try tx.execute(
                    """
                    insert into app.sip_domain_name (domain, tenant_id, organisation_id)
                    values (\("\(slug).voice.test"), \(tenant.id), \(tenant.placement.organisationID))
                    """)
            }
        }
        let links = VoiceLinks(
            recordUsage: { _, _ in .accepted },
            terms: { _, _, _ in
                VoiceLinks.Terms(
                    bar: nil, includedMilliseconds: 120_000_000, overageMicrosPerMinute: 80_000, priceBook: "2.1")
            })
        return RecordDelivery(
            gate: NodeGate(world.directory),
            records: CallRecordService(work: work, links: links, settle: { _, _ in }), metrics: Metrics(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}
