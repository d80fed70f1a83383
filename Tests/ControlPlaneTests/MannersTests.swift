import Kernel
import TestSupport
import Testing

@testable import ControlPlane

/// What answers of the whole service have in common, and why it does not start.
@Suite struct MannersTests {
    @Test func aRehearsalMakesNothingAndLooksLikeIt() async throws {
        try await MatrixWorld.with { world in
            let authorisation = "Authorization: Bearer \(world.victim.callers[0].key)"
            var answers: [MatrixAnswer] = []
            for isRehearsal in [true, false] {
                let body: JSON = [
                    "instance_id": .string(world.victim.ids["instance_id"] ?? ""), "slug": "rehearsed",
                    "display_name": "Rehearsed", "validate_only": .bool(isRehearsal),
                ]
                answers.append(
                    try await world.client.send(
                        "POST", "/v1/tenants", headers: [authorisation], type: "application/json", body: body.bytes))
            }
            #expect(answers.map(\.status) == [200, 201], "\(answers[0].body)")
            #expect(answers[0].header("etag") == nil && answers[1].header("etag") != nil)
        }
    }

    @Test func listsOfInvoicesHaveNoLines() async throws {
        try await MatrixWorld.with { world in
            let authorisation = "Authorization: Bearer \(world.victim.callers[0].key)"
            let id = try #require(world.victim.ids["invoice_id"])
            let list = try await world.client.send("GET", "/v1/invoices", headers: [authorisation])
            #expect(list.body.contains(id) && !list.body.contains("\"lines\""))
            let one = try await world.client.send("GET", "/v1/invoices/\(id)", headers: [authorisation])
            #expect(one.body.contains("\"lines\":[{"))
        }
    }

    @Test func aPortInUseIsNamedWithTheSetting() async throws {
        try await MatrixWorld.with { world in
            let address = "127.0.0.1:\(world.client.port)"
            for key in [Configuration.Key.httpAddress, .healthAddress] {
                var values: [Configuration.Key: String] = [
                    .databaseURL: world.test.configuration.app, .databaseSystemURL: world.test.configuration.system,
                    .httpAddress: "127.0.0.1:0", .healthAddress: "127.0.0.1:0",
                ]
                values[key] = address
                let second = Application(try Configuration(values), logger: TestLog.quiet)
                let refusal = await #expect(throws: Application.Refusal.self) { try await second.serve() }
                let text = refusal?.description ?? ""
                #expect(text.hasPrefix("Cannot listen on \(address): ") && text.contains(key.rawValue), "\(text)")
            }
        }
    }
}
