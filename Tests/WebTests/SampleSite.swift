import Kernel

@testable import Web

struct Thing: Codable, Sendable {
    let id: TenantID
    let displayName: String
    let note: String?
    let createdAt: Timestamp
}

struct UnknownTrouble: Error { let secret = "hunter2" }

/// A small API with one endpoint of each kind.
enum SampleSite {
    struct ThingInput: Codable, Sendable { let thingID: TenantID }
    struct CreateThing: Codable, Sendable {
        let displayName: String
        let seats: Int?
    }
    struct ListThings: Codable, Sendable {
        let limit: PageLimit?
        let cursor: String?
    }
    struct TroubleInput: Codable, Sendable { let kind: String }

    static let id = TenantID(.init(bytes: Array(repeating: 1, count: 16)))

    static func thing(_ name: String = "One") -> Thing {
        Thing(id: id, displayName: name, note: nil, createdAt: Timestamp(seconds: 0))
    }

    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/v1/things", "List things", tag: "Things", requires: .permission(TestPrincipal.read)) {
            (call: Call<ListThings>) in
            let request = PageRequest(limit: call.input.limit?.count, cursor: call.input.cursor)
            return Page(items: [thing()], nextCursor: request.cursor == nil ? "a/b" : nil)
        },
        Endpoint(.post, "/v1/things", "Create a thing", tag: "Things", requires: .permission(TestPrincipal.write)) {
            (call: Call<CreateThing>) in
            Reply(thing(call.input.displayName), headers: [Header("x-digest", "\(call.bodyDigest.prefix(8))")])
                .replayed()
        }
        .status(201).failing("NAME_TAKEN"),
        Endpoint(
            .get, "/v1/things/{thing_id}", "Read a thing", tag: "Things", requires: .permission(TestPrincipal.read)
        ) { (call: Call<ThingInput>) in Reply(thing(), etag: "v1") },
        Endpoint(
            .delete, "/v1/things/{thing_id}", "Delete a thing", tag: "Things",
            requires: .permission(TestPrincipal.write)
        ) { (call: Call<ThingInput>) in
            try call.ifMatch.check("v1", required: true)
            return NoContent()
        }
        .comparingState(),
        Endpoint(
            .post, "/v1/things/{thing_id}:stop", "Stop a thing", tag: "Things",
            requires: .permission(TestPrincipal.write)
        ) { (call: Call<ThingInput>) in thing("stopped by \(call.principal.displayName)") }
        .deprecated(since: Timestamp(seconds: 100), sunset: Timestamp(seconds: 784_111_777)),
        Endpoint(.post, "/v1/events", "Send events", tag: "Events", requires: .signedIn) { (call: Call<NoInput>) in
            RawReply(json: JSON.object([JSON.Member("bytes", .integer(call.body.count))]).bytes)
        }
        .rawBody("application/json", "application/x-ndjson", limit: 1000, inflatedBytes: 2000),
        Endpoint(.get, "/v1/trouble", "Make trouble", tag: "Things", requires: .signedIn) {
            (call: Call<TroubleInput>) async throws -> NoContent in
            switch call.input.kind {
            case "unknown": throw UnknownTrouble()
            case "slow": try await Task.sleep(for: .seconds(60))
            default: throw Problem.unavailable("try later", retryAfterSeconds: 7)
            }
            return NoContent()
        },
        Endpoint(.get, "/v1/hello", "Say hello", tag: "API", requires: .public) { (call: PublicCall<NoInput>) in
            thing("hello")
        },
    ]

    static let site = Site(endpoints: endpoints)
}
