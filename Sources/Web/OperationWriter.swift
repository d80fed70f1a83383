import Kernel

/// Writes one endpoint as an operation of the OpenAPI document.
struct OperationWriter {
    let endpoint: Endpoint

    private var options: EndpointOptions { endpoint.options }
    private var readsBody: Bool { endpoint.method.hasBody && options.rawBody == nil }

    func operation(_ components: inout SchemaComponents) throws -> JSON {
        var members: [JSON.Member] = [
            JSON.Member("operationId", .string(operationID)),
            JSON.Member("summary", .string(endpoint.summary)),
            JSON.Member("tags", [.string(endpoint.tag)]),
        ]
        if !description.isEmpty { members.append(JSON.Member("description", .string(description))) }
        if options.deprecation != nil { members.append(JSON.Member("deprecated", true)) }
        let parameters = try parameters(&components)
        if !parameters.isEmpty { members.append(JSON.Member("parameters", .array(parameters))) }
        if let body = try requestBody(&components) { members.append(JSON.Member("requestBody", body)) }
        members.append(JSON.Member("responses", .object(try responses(&components))))
        members.append(JSON.Member("security", endpoint.requirement == nil ? [] : [["api_key": []]]))
        if case .permission(let permission)? = endpoint.requirement {
            members.append(JSON.Member("x-permission", .string(permission.rawValue)))
        }
        return .object(members)
    }

    /// The summary without articles as one word: "Suspend a tenant" → `suspendTenant`.
    var operationID: String {
        let words = endpoint.summary.lowercased().split { !$0.isLetter && !$0.isNumber }
            .filter { !["a", "an", "the", "of", "s"].contains($0) }
        return words.enumerated().map { $0.offset == 0 ? String($0.element) : $0.element.capitalized }.joined()
    }

    private var description: String {
        let reasons = options.reasons.map { "`\($0)`" }.joined(separator: ", ")
        let parts = [options.description, reasons.isEmpty ? "" : "Reasons of problems: \(reasons)."]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private func input() throws -> [Schema.Property] {
        guard case .object(let object) = try endpoint.input.schema.get() else { return [] }
        return object.properties
    }

    // MARK: What is sent

    private func parameters(_ components: inout SchemaComponents) throws -> [JSON] {
        let names = Set(endpoint.path.parameters)
        var parameters: [JSON] = []
        for property in try input() {
            let isPath = names.contains(property.name)
            guard isPath || !readsBody else { continue }
            parameters.append([
                "name": .string(property.name), "in": isPath ? "path" : "query",
                "required": .bool(isPath || property.isRequired), "schema": components.reference(property.schema),
            ])
        }
        if endpoint.method == .post, endpoint.requirement != nil, options.takesIdempotencyKey {
            parameters.append(
                Self.header(
                    "Idempotency-Key", "A repeated request with the same key gets the first answer again.",
                    ["type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"]))
        }
        if options.comparesState {
            parameters.append(
                Self.header(
                    "If-Match", "The ETag of the state that you know.", ["type": "string", "pattern": "^\"[!#-~]+\"$"]))
        }
        return parameters
    }

    private static func header(_ name: String, _ description: String, _ schema: JSON) -> JSON {
        [
            "name": .string(name), "in": "header", "required": false, "description": .string(description),
            "schema": schema,
        ]
    }

    private func requestBody(_ components: inout SchemaComponents) throws -> JSON? {
        if let raw = options.rawBody {
            let content = raw.mediaTypes.map { JSON.Member($0, raw.bodySchema(of: $0, &components)) }
            return ["required": true, "content": .object(content)]
        }
        guard readsBody, case .object(var object) = try endpoint.input.schema.get() else { return nil }
        let names = Set(endpoint.path.parameters)
        let isPartial = object.properties.contains { names.contains($0.name) }
        object.properties.removeAll { names.contains($0.name) }
        guard !object.properties.isEmpty else { return nil }
        if isPartial { object.name += "Body" }
        return [
            "required": .bool(object.properties.contains(where: \.isRequired)),
            "content": ["application/json": ["schema": components.reference(.object(object))]],
        ]
    }

    // MARK: What is answered

    private func responses(_ components: inout SchemaComponents) throws -> [JSON.Member] {
        var members: [JSON.Member] = []
        switch endpoint.output {
        case .value(let schema):
            let content: JSON = ["application/json": ["schema": components.reference(try schema.get())]]
            members.append(JSON.Member(String(options.status), ["description": "Done.", "content": content]))
            if options.status != 200, try input().contains(where: { $0.name == "validate_only" }) {
                members.append(
                    JSON.Member("200", ["description": "With `validate_only`: nothing was made.", "content": content]))
            }
        case .items(let schema):
            let content: JSON = ["application/json": ["schema": listing(components.reference(try schema.get()))]]
            members.append(JSON.Member(String(options.status), ["description": "One page.", "content": content]))
        case .nothing:
            members.append(JSON.Member("204", ["description": "Done."]))
        case .raw:
            let content = options.answers.map { JSON.Member($0, [:]) }
            members.append(
                JSON.Member(String(options.status), ["description": "Done.", "content": .object(content)]))
        }
        for status in problemStatuses {
            members.append(JSON.Member(String(status), ["$ref": "#/components/responses/Problem"]))
        }
        members.append(JSON.Member("default", ["$ref": "#/components/responses/Problem"]))
        return members
    }

    private func listing(_ item: JSON) -> JSON {
        [
            "type": "object", "additionalProperties": false, "required": ["items"],
            "properties": ["items": ["type": "array", "items": item], "next_cursor": ["type": "string"]],
        ]
    }

    /// The statuses that can really occur.
    private var problemStatuses: [Int] {
        var statuses = [400, 422, 503]
        if endpoint.requirement != nil { statuses += [401, 403] }
        if !endpoint.path.parameters.isEmpty { statuses.append(404) }
        if endpoint.method.hasBody { statuses += [404, 409, 413, 415] }
        if options.comparesState { statuses += [412, 428] }
        return Set(statuses).sorted()
    }
}

extension EndpointOptions.RawBody {
    func bodySchema(of mediaType: String, _ components: inout SchemaComponents) -> JSON {
        guard mediaType.hasSuffix("json"), let schema else {
            return mediaType.hasSuffix("json") ? [:] : ["schema": ["type": "string"]]
        }
        return ["schema": components.reference(schema)]
    }
}
