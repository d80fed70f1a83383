import Kernel
import Testing

@testable import ControlPlane
@testable import Web

/// Two people who change the same object: every operation says whether it compares states, and does as it says.
@Suite struct StateComparisonTests {
    /// Changes of something that has no state to compare: the month is a period, not an object with a revision.
    private static let stateless: Set<String> = [
        "POST /v1/billing/months/{month}:close",
        // What a proposal stands for has no state: it is gone when somebody accepted it.
        "POST /v1/voice/tenants/{tenant_id}/permission_proposals:accept",
        // Questions, and what is done to a call while it lasts or to a record that nobody edits.
        "POST /v1/voice/tenants/{tenant_id}:explain",
        "POST /v1/voice/tenants/{tenant_id}:what_if",
        "POST /v1/voice/quarantine/{quarantine_id}:replay",
        "POST /v1/voice/quarantine/{quarantine_id}:discard",
        "POST /v1/voice/tenants/{tenant_id}/live_calls/{leg_id}:end",
        "POST /v1/voice/tenants/{tenant_id}/live_calls/{leg_id}:warn",
        "POST /v1/voice/tenants/{tenant_id}/live_calls/{leg_id}:transfer",
    ]

    @Test func everyChangeOfAnObjectComparesItsState() async throws {
        try await MatrixWorld.with { world in
            let endpoints = world.application.endpoints.filter { $0.method != .get }
            for endpoint in endpoints {
                let operation = "\(endpoint.method.rawValue) \(endpoint.path)"
                let isChange = endpoint.method != .post || endpoint.path.description.contains(":")
                #expect(
                    endpoint.options.comparesState || !isChange || Self.stateless.contains(operation),
                    "\(operation) changes an object: declare .comparingState() and compare")
            }
            let before = try await world.digest()
            for endpoint in endpoints { try await refuses(endpoint, world) }
            #expect(try await world.digest() == before)
        }
    }

    /// With the tag of another state nothing happens; where nothing is compared, the header is not ignored either.
    private func refuses(_ endpoint: Endpoint, _ world: MatrixWorld) async throws {
        let request = try MatrixRequest(endpoint, naming: world.victim.ids)
        let answer = try await world.client.send(
            request.method.rawValue, request.path,
            headers: ["Authorization: Bearer \(world.platform.key)", "If-Match: \"r999\""], type: request.type,
            body: request.body)
        let expected = endpoint.options.comparesState ? 412 : 400
        #expect(answer.status == expected, "\(request.method.rawValue) \(request.path): \(answer.text)")
        #expect(answer.reason == (expected == 412 ? "PRECONDITION_FAILED" : "IF_MATCH_NOT_COMPARED"))
    }

    /// Whatever has a revision shows it as its tag, and an unchanged object is not sent again.
    @Test func everyObjectWithARevisionHasATag() async throws {
        try await MatrixWorld.with { world in
            var tagged = 0
            let endpoints = world.application.endpoints.filter { $0.method == .get && !$0.path.parameters.isEmpty }
            for endpoint in endpoints {
                let request = try MatrixRequest(endpoint, naming: world.victim.ids)
                let answer = try await world.client.send(request, key: world.platform.key)
                guard let revision = (try? JSON(parsing: Array(answer.body.utf8)))?["revision"] else { continue }
                tagged += 1
                let tag = "\"r\(revision.text)\""
                #expect(answer.header("etag") == tag, "\(request.path): \(answer.text)")
                let again = try await world.client.send(
                    "GET", request.path,
                    headers: ["Authorization: Bearer \(world.platform.key)", "If-None-Match: \(tag)"])
                #expect(again.status == 304, "\(request.path): \(again.status)")
            }
            #expect(tagged >= 5)
        }
    }
}
