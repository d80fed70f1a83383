import Kernel
import Postgres
import TestSupport
import Testing

@testable import Tenancy
@testable import Web

/// The table of endpoints, run without a server.
@Suite struct EndpointTests {
    private func send(
        _ world: World, _ method: Web.Method, _ path: PathTemplate, as principal: Principal,
        path parameters: [(name: String, value: String)] = [], _ input: JSON = [:], key: String? = nil
    ) async throws -> WebResponse {
        let endpoint = try #require(
            tenancyEndpoints(world.services).first { $0.method == method && $0.path == path })
        var fields = InputFields(origin: method == .get ? .query : .body)
        fields.add(path: parameters)
        fields.add(body: input.members ?? [])
        let facts = RequestFacts(
            requestID: "req_1", now: world.clock.now, method: method, path: path.text, route: path.text,
            remoteAddress: nil, idempotencyKey: key, bodyDigest: Array(repeating: 7, count: 32))
        return try await endpoint.run(
            Invocation(
                facts: facts, principal: principal, fields: fields, status: endpoint.options.status, query: []))
    }

    @Test func theTableIsSound() async throws {
        try await World.with { world in
            let endpoints = tenancyEndpoints(world.services)
            try SiteCheck.check(Site(endpoints: endpoints))
            for endpoint in endpoints where endpoint.path.text != "/v1/principal" {
                guard case .permission(let permission) = endpoint.requirement else {
                    Issue.record("\(endpoint.path) asks for no permission")
                    continue
                }
                #expect(Permission.all.contains(permission))
                #expect(endpoint.method != .get || Permission.reading.contains(permission))
                #expect(endpoint.method == .get || !Permission.reading.contains(permission))
            }
        }
    }

    @Test func aTenantOverTheAPI() async throws {
        try await World.with { world in
            let admin = world.alpha.admin
            let body: JSON = ["instance_id": .string("\(world.platform.id)"), "slug": "acme", "display_name": "Acme"]
            let created = try await send(world, .post, "/v1/tenants", as: admin, body, key: "k")
            #expect(created.status == 201)
            #expect(created["etag"] == "\"r1\"")
            let tenant = try JSON(parsing: created.body)
            #expect(tenant["state"]?.string == "provisioning")
            #expect(tenant["host"]?.string == "vendor")
            let again = try await send(world, .post, "/v1/tenants", as: admin, body, key: "k")
            #expect(again.body == created.body)
            #expect(again.status == 201)
            #expect(again["etag"] == "\"r1\"")
            #expect(again["idempotency-replayed"] == "true")

            let id = try #require(tenant["tenant_id"]?.string)
            let active = try await send(
                world, .post, "/v1/tenants/{tenant_id}:activate", as: admin, path: [("tenant_id", id)])
            #expect(try JSON(parsing: active.body)["state"]?.string == "active")
            let read = try await send(world, .get, "/v1/tenants/{tenant_id}", as: admin, path: [("tenant_id", id)])
            #expect(read.body == active.body)
            #expect(
                try await reason {
                    try await send(
                        world, .get, "/v1/tenants/{tenant_id}", as: world.beta.admin, path: [("tenant_id", id)])
                } == "NOT_FOUND")
            let list = try JSON(parsing: try await send(world, .get, "/v1/tenants", as: admin).body)
            #expect(list["items"]?.array?.count == 1)
            let log = try JSON(parsing: try await send(world, .get, "/v1/audit_events", as: admin).body)
            #expect(log["items"]?.array?.first?["action"]?.string == "tenant.activate")
        }
    }

    @Test func aKeyOverTheAPI() async throws {
        try await World.with { world in
            let admin = world.alpha.admin
            let created = try JSON(
                parsing:
                    try await send(
                        world, .post, "/v1/api_keys", as: admin, ["role": "usage.reporter", "display_name": "Meter"]
                    ).body)
            let secret = try #require(created["secret"]?.string)
            let principal = try #require(try await world.services.authenticator.principal(bearer: secret))
            let me = try JSON(parsing: try await send(world, .get, "/v1/principal", as: principal).body)
            #expect(me["permissions"]?.array == ["usage.write"])
            #expect(me["organisation_id"]?.string == "\(world.alpha.id)")
            let id = try #require(created["api_key_id"]?.string)
            let revoked = try JSON(
                parsing:
                    try await send(
                        world, .post, "/v1/api_keys/{api_key_id}:revoke", as: admin, path: [("api_key_id", id)]
                    ).body)
            #expect(revoked["secret"] == nil)
            #expect(try await world.services.authenticator.principal(bearer: secret) == nil)
        }
    }
}
