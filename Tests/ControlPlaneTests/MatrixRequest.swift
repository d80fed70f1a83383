import Kernel

@testable import Web

/// A request to an endpoint or page that names the victim wherever it can: made from the endpoint's own declaration, so
/// that a new one takes part in the matrix by itself.
struct MatrixRequest: Sendable {
    /// Says what to add to which table of this file.
    struct Gap: Error, CustomStringConvertible {
        let description: String
    }

    let method: Method
    let path: String
    var type: String?
    var body: [UInt8] = []
    /// Whether the path holds an id of the victim: such a request must find nothing.
    let namesObject: Bool
    /// Whether the body holds one: such a request must not succeed, either.
    var bodyNamesObject = false

    // MARK: The tables

    /// Values by the name of the parameter or field, for everything that is no id of the victim.
    private static let values: [String: JSON] = [
        "month": "2026-10", "effective_month": "2027-01", "starts_on": "2027-01-01", "signed_on": "2026-01-01",
        "amount": "1000.00", "country": "AT", "disclosed_by": "Somebody", "display_name": "Name",
        "legal_name": "Name", "revision": "1", "slug": "name", "reason": "because", "reference": "MA",
        "name": "1009", "domain": "other.voice.test", "address": "Ring 1, 1010 Wien", "proxy": "sip.carrier.test",
        "time_zone": "Europe/Vienna", "destination": "1001",
    ]

    /// Fields of single operations that differ from the above, or that are optional there and needed here.
    private static let fields: [String: [String: JSON]] = [
        "GET /v1/usage": ["month": "2026-10"],
        "POST /v1/api_keys": ["role": "tenant.viewer"],
        "POST /v1/contracts": ["enterprise": [:]],
        "POST /v1/contracts/{contract_id}/versions": ["enterprise": [:]],
        "POST /v1/instances": ["host": "licensee"],
        "POST /v1/organisations": ["kind": "end_customer"],
        "PATCH /v1/instances/{instance_id}": ["display_name": "Name"],
        "PATCH /v1/organisations/{organisation_id}": ["display_name": "Name"],
        "PATCH /v1/tenants/{tenant_id}": ["display_name": "Name"],
        "GET /v1/voice/tenants/{tenant_id}/receipts": ["month": "2026-11"],
        "POST /v1/voice/tenants/{tenant_id}:explain": ["dialled": "+43720999999", "origin": "agent"],
        "POST /v1/voice/tenants/{tenant_id}:what_if": ["settings": [:]],
        "POST /v1/voice/tenants/{tenant_id}/groups": ["members": []],
        "PUT /v1/voice/tenants/{tenant_id}/groups/{call_group_id}": ["members": []],
        "POST /v1/voice/tenants/{tenant_id}/numbers": ["e164": "+43720999999"],
        // A permission is for a site or for a user.
        "POST /v1/voice/tenants/{tenant_id}/permissions": ["site_id": .null],
        "PUT /v1/voice/tenants/{tenant_id}/permissions/{dial_permission_id}": ["site_id": .null],
        "POST /v1/voice/tenants/{tenant_id}/schedules": ["hours": []],
        "PUT /v1/voice/tenants/{tenant_id}/schedules/{schedule_id}": ["hours": []],
    ]

    /// Bodies of operations that read them themselves.
    private static let rawBodies: [String: @Sendable ([String: String]) -> JSON] = [
        "POST /v1/usage/events": { ids in .array([turn(of: ids["tenant_id"] ?? "", source: "urn:matrix")]) }
    ]

    static func turn(of tenant: String, source: String) -> JSON {
        [
            "id": "1", "source": .string(source), "type": "turn", "time": "2026-10-15T10:00:00Z",
            "tenant": .string(tenant), "data": ["key_source": "partner"],
        ]
    }

    // MARK: Endpoints

    /// - Parameter ids: the victim's, by the names of parameters and fields.
    init(_ endpoint: Endpoint, naming ids: [String: String]) throws {
        let operation = "\(endpoint.method.rawValue) \(endpoint.path)"
        method = endpoint.method
        namesObject = endpoint.path.parameters.contains { ids[$0] != nil }
        var path = try Self.fill(endpoint.path, ids, operation)
        var members: [JSON.Member] = []
        if case .object(let input) = try endpoint.input.schema.get() {
            for property in input.properties where !endpoint.path.parameters.contains(property.name) {
                guard let value = try Self.value(of: property, ids, operation) else { continue }
                members.append(JSON.Member(property.name, value))
            }
        }
        if !endpoint.method.hasBody {
            let query = members.map { "\($0.key)=\($0.value.string ?? $0.value.text)" }
            if !query.isEmpty { path += "?" + query.joined(separator: "&") }
        } else if endpoint.options.rawBody != nil {
            guard let make = Self.rawBodies[operation] else {
                throw Gap(description: "\(operation) reads its body itself: add one to MatrixRequest.rawBodies")
            }
            (type, body) = ("application/json", make(ids).bytes)
        } else {
            (type, body) = ("application/json", JSON.object(members).bytes)
            bodyNamesObject = members.contains { ids[$0.key] != nil }
        }
        self.path = path
    }

    private static func value(
        of property: Schema.Property, _ ids: [String: String], _ operation: String
    ) throws -> JSON? {
        if let value = fields[operation]?[property.name] { return value }
        if let id = ids[property.name] { return .string(id) }
        guard property.isRequired else { return nil }
        if let value = values[property.name] { return value }
        switch property.schema {
        case .boolean: return false
        case .integer: return 1
        case .text(let text):
            if let value = text.values?.first ?? text.example { return .string(value) }
        default: break
        }
        throw Gap(
            description: "\(operation) requires '\(property.name)': add it to MatrixRequest.values, or to .fields for "
                + "this operation alone; an id of an object of a partner belongs into MatrixWorld.Party.ids")
    }

    private static func fill(_ path: PathTemplate, _ ids: [String: String], _ operation: String) throws -> String {
        var text = path.description
        for name in path.parameters {
            guard let value = ids[name] ?? values[name]?.string, let range = text.firstRange(of: "{\(name)}") else {
                throw Gap(
                    description: "\(operation): make an object for '{\(name)}' in MatrixWorld and put its id into "
                        + "Party.ids; a parameter that is no object's id belongs into MatrixRequest.values")
            }
            text.replaceSubrange(range, with: value)
        }
        return text
    }

    // MARK: Pages

    /// A page, or its form with every field that any form of the console has.
    init(_ page: PageRoute, naming ids: [String: String], csrfToken: String?) throws {
        method = page.method
        path = try Self.fill(page.path, ids, "\(page.method.rawValue) \(page.path)")
        namesObject = page.path.parameters.contains { ids[$0] != nil }
        guard page.method.hasBody else { return }
        var pairs = ids.map { ($0.key, $0.value) } + Self.values.map { ($0.key, $0.value.string ?? "") }
        pairs += [("kind", "end_customer"), ("host", "licensee"), ("role", "tenant.viewer")]
        if let csrfToken { pairs.append(("_csrf", csrfToken)) }
        type = "application/x-www-form-urlencoded"
        body = Array(
            pairs.map { "\(PercentCoding.encode($0.0))=\(PercentCoding.encode($0.1))" }.joined(separator: "&").utf8)
    }
}

extension MatrixClient {
    func send(_ request: MatrixRequest, key: String?) async throws -> MatrixAnswer {
        try await send(
            request.method.rawValue, request.path, headers: key.map { ["Authorization: Bearer \($0)"] } ?? [],
            type: request.type, body: request.body)
    }

    func send(_ request: MatrixRequest, session: String?) async throws -> MatrixAnswer {
        try await send(
            request.method.rawValue, request.path, headers: session.map { ["Cookie: session=\($0)"] } ?? [],
            type: request.type, body: request.body)
    }
}
