import Foundation
import Kernel
import Postgres
import TestSupport
import Testing

@testable import ControlPlane
@testable import Web

/// Every operation and every page of the program, over the real listener, as everybody who must not: the tables that are
/// served are the tables that are tested.
@Suite struct AuthorisationMatrixTests {
    @Test func everyEndpoint() async throws {
        try await MatrixWorld.with { world in
            let before = try await world.digest()
            let endpoints = try world.application.site().endpoints
            #expect(endpoints.count > world.application.endpoints.count)
            for endpoint in endpoints {
                try await refusals(of: endpoint, world)
                let after = try await world.digest()
                #expect(after == before, "\(endpoint.method.rawValue) \(endpoint.path)")
            }
            for endpoint in endpoints { try await control(endpoint, world) }
        }
    }

    @Test func everyPage() async throws {
        try await MatrixWorld.with { world in
            let before = try await world.digest()
            let pages = try world.application.site().pages
            #expect(!pages.isEmpty)
            for page in pages {
                try await refusals(of: page, world)
                let after = try await world.digest()
                #expect(after == before, "\(page.method.rawValue) \(page.path)")
            }
        }
    }

    /// The matrix is no better than what it notices: with one table opened to every partner it has to fail.
    @Test(arguments: [("tenant", "/v1/tenants"), ("contract", "/v1/contracts")])
    func aLeakIsNoticed(table: String, prefix: String) async throws {
        try await MatrixWorld.with { world in
            try await world.test.asSuperuser { connection in
                try connection.execute(
                    SQL(unsafeText: "create policy leak on app.\(table) to controlplane_app using (true)"))
            }
            let endpoints = world.application.endpoints.filter { $0.path.description.hasPrefix(prefix) }
            #expect(!endpoints.isEmpty)
            await withKnownIssue {
                for endpoint in endpoints { try await refusals(of: endpoint, world) }
            }
        }
    }

    // MARK: The API

    private func refusals(of endpoint: Endpoint, _ world: MatrixWorld) async throws {
        let operation = "\(endpoint.method.rawValue) \(endpoint.path)"
        let request = try MatrixRequest(endpoint, naming: world.victim.ids)
        guard let requirement = endpoint.requirement else {
            #expect(try await world.client.send(request, key: nil).isSuccess, "\(operation) is public")
            return
        }
        for key in [nil, "", "nonsense", world.platform.key + "x"] {
            let answer = try await world.client.send(request, key: key)
            #expect(answer.status == 401, "\(operation) as anonymous: \(answer.text)")
        }
        for caller in world.victim.callers + world.victim.siblings where !requirement.isMet(by: caller) {
            let answer = try await world.client.send(request, key: caller.key)
            #expect(answer.status == 403, "\(operation) as \(caller): \(answer.text)")
            expectNoLeak(answer, [MatrixWorld.canary, MatrixWorld.tenantCanary], "\(operation) as \(caller)")
        }
        for caller in world.rival.callers {
            let answer = try await world.client.send(request, key: caller.key)
            expectNothing(answer, to: request, requirement, caller, "\(operation) as the rival's \(caller)")
            expectNoLeak(answer, [MatrixWorld.canary, MatrixWorld.tenantCanary], "\(operation) as \(caller)")
        }
        for caller in world.victim.siblings where requirement.isMet(by: caller) {
            let answer = try await world.client.send(request, key: caller.key)
            expectNothing(answer, to: request, requirement, caller, "\(operation) as the sibling's \(caller)")
            expectNoLeak(answer, [MatrixWorld.tenantCanary], "\(operation) as \(caller)")
        }
        try await lists(endpoint, requirement, world)
    }

    /// Lists without a filter show only one's own.
    private func lists(_ endpoint: Endpoint, _ requirement: Requirement, _ world: MatrixWorld) async throws {
        guard endpoint.method == .get, endpoint.path.parameters.isEmpty else { return }
        let request = try MatrixRequest(endpoint, naming: [:])
        let groups = [
            (world.rival.callers, [MatrixWorld.canary, MatrixWorld.tenantCanary, world.victim.organisation]),
            (world.victim.siblings, [MatrixWorld.tenantCanary, world.victim.ids["tenant_id"] ?? ""]),
        ]
        for (callers, secrets) in groups {
            for caller in callers where requirement.isMet(by: caller) {
                let answer = try await world.client.send(request, key: caller.key)
                #expect(answer.status == 200, "\(endpoint.path) as \(caller): \(answer.text)")
                expectNoLeak(answer, secrets, "\(endpoint.path) as \(caller)")
            }
        }
    }

    private func expectNothing(
        _ answer: MatrixAnswer, to request: MatrixRequest, _ requirement: Requirement, _ caller: MatrixWorld.Caller,
        _ what: String
    ) {
        if !requirement.isMet(by: caller) {
            #expect(answer.status == 403, "\(what): \(answer.text)")
        } else if request.namesObject {
            #expect(answer.status == 404, "\(what): \(answer.text)")
        } else if request.bodyNamesObject {
            #expect(answer.status == 404, "\(what): \(answer.text)")
        } else {
            #expect(answer.status < 500 && answer.status != 401, "\(what): \(answer.text)")
        }
    }

    private func expectNoLeak(_ answer: MatrixAnswer, _ secrets: [String], _ what: String) {
        for secret in secrets {
            #expect(!answer.text.localizedCaseInsensitiveContains(secret), "\(what) shows '\(secret)': \(answer.text)")
        }
    }

    /// The same requests mean something: the platform's key gets past authorisation and input, and sees the victim.
    private func control(_ endpoint: Endpoint, _ world: MatrixWorld) async throws {
        let operation = "\(endpoint.method.rawValue) \(endpoint.path)"
        let request = try MatrixRequest(endpoint, naming: world.victim.ids)
        let answer = try await world.client.send(request, key: world.platform.key)
        if endpoint.method == .get {
            #expect(answer.status == 200, "\(operation) as the platform: \(answer.text)")
            guard request.namesObject else { return }
            let signs =
                [world.victim.organisation, MatrixWorld.canary] + [world.victim.ids["tenant_id"]].compactMap(\.self)
            let isFound = signs.contains { answer.text.contains($0) }
            #expect(isFound, "\(operation) does not show the victim to the platform: \(answer.text)")
        } else {
            let isRule = answer.status == 409 || (answer.status == 422 && answer.reason != "INVALID_FIELD")
            #expect(answer.isSuccess || isRule, "\(operation) as the platform: \(answer.text)")
        }
    }

    // MARK: The console

    private func refusals(of page: PageRoute, _ world: MatrixWorld) async throws {
        let route = "\(page.method.rawValue) \(page.path)"
        let bare = try MatrixRequest(page, naming: world.victim.ids, csrfToken: nil)
        guard let requirement = page.requirement else {
            if page.method == .get {
                #expect(try await world.client.send(bare, session: nil).status == 200, "\(route) is public")
            }
            return
        }
        for session in [nil, "nonsense", world.platform.key] {
            let answer = try await world.client.send(bare, session: session)
            #expect(answer.status == 303, "\(route) as anonymous: \(answer.text)")
            #expect(answer.header("location")?.hasPrefix("/sign-in") == true, "\(route): \(answer.text)")
        }
        for caller in world.victim.callers + world.victim.siblings where !requirement.isMet(by: caller) {
            let answer = try await world.client.send(bare, session: caller.session)
            #expect(answer.status == 403, "\(route) as \(caller): \(answer.status)")
        }
        if page.method == .post {
            let answer = try await world.client.send(bare, session: world.platform.session)
            #expect(answer.status == 403, "\(route) without a token: \(answer.text)")
        }
        // Signing out is for everybody, and would end the sessions of this test.
        guard page.method == .get || requirement != .signedIn else { return }
        for caller in world.rival.callers {
            try await expectNothing(page, caller, requirement, [MatrixWorld.canary, MatrixWorld.tenantCanary], world)
        }
        for caller in world.victim.siblings where requirement.isMet(by: caller) {
            try await expectNothing(page, caller, requirement, [MatrixWorld.tenantCanary], world)
        }
    }

    private func expectNothing(
        _ page: PageRoute, _ caller: MatrixWorld.Caller, _ requirement: Requirement, _ secrets: [String],
        _ world: MatrixWorld
    ) async throws {
        let what = "\(page.method.rawValue) \(page.path) as \(caller)"
        let request = try MatrixRequest(
            page, naming: world.victim.ids, csrfToken: try await csrfToken(of: caller, world))
        let answer = try await world.client.send(request, session: caller.session)
        if !requirement.isMet(by: caller) {
            #expect(answer.status == 403, "\(what): \(answer.status)")
        } else if request.namesObject {
            #expect(answer.status == 404, "\(what): \(answer.text)")
        } else {
            #expect(answer.status < 500 && answer.status != 401 && answer.status != 403, "\(what): \(answer.text)")
        }
        expectNoLeak(answer, secrets, what)
    }

    /// Out of the form for signing out, which every page has.
    private func csrfToken(of caller: MatrixWorld.Caller, _ world: MatrixWorld) async throws -> String {
        let page = try await world.client.send("GET", "/", headers: ["Cookie: session=\(caller.session)"]).body
        let field = try #require(page.firstMatch(of: /name="_csrf"[^>]*value="([^"]+)"/), "\(page)")
        return String(field.1)
    }
}

extension Requirement {
    fileprivate func isMet(by caller: MatrixWorld.Caller) -> Bool {
        switch self {
        case .signedIn: true
        case .permission(let permission): caller.permissions.contains(permission)
        }
    }
}
