import Kernel

/// What the document says about the API as a whole.
package struct APIInfo: Sendable {
    package let title: String
    /// Of the API's description, such as `1.0.0`.
    package let version: String
    package let description: String

    package init(title: String, version: String, description: String) {
        self.title = title
        self.version = version
        self.description = description
    }
}

/// The OpenAPI 3.1 document of a table of endpoints; the same table gives the same bytes.
package enum OpenAPI {
    /// Throws every defect of the table, and two types of different shape with one name.
    package static func document(of endpoints: [Endpoint], info: APIInfo) throws -> JSON {
        try SiteCheck.check(Site(endpoints: endpoints))
        var components = SchemaComponents()
        var paths: [String: [JSON.Member]] = [:]
        for endpoint in endpoints {
            let operation = try OperationWriter(endpoint: endpoint).operation(&components)
            paths[endpoint.path.text, default: []].append(JSON.Member(endpoint.method.rawValue.lowercased(), operation))
        }
        let tags = Set(endpoints.map(\.tag)).sorted().map { tag -> JSON in ["name": .string(tag)] }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": .string(info.title), "version": .string(info.version),
                "description": .string(info.description),
            ],
            "servers": [["url": "/"]],
            "tags": .array(tags),
            "paths": .object(paths.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .object($0.value)) }),
            "components": [
                "schemas": .object(try components.members()),
                "responses": ["Problem": Self.problemResponse],
                "securitySchemes": ["api_key": ["type": "http", "scheme": "bearer"]],
            ],
        ]
    }

    /// `GET /openapi.json` for these endpoints and itself.
    package static func endpoint(for endpoints: [Endpoint], info: APIInfo) throws -> Endpoint {
        let placeholder = Self.endpoint(serving: [])
        let document = try document(of: endpoints + [placeholder], info: info)
        return Self.endpoint(serving: Array(document.prettyText.utf8))
    }

    private static func endpoint(serving bytes: [UInt8]) -> Endpoint {
        Endpoint(.get, "/openapi.json", "Read this document", tag: "API", requires: .public) {
            (call: PublicCall<NoInput>) in RawReply(json: bytes)
        }
        .answering("application/json")
    }

    private static let problemResponse: JSON = [
        "description": "What went wrong, as in RFC 9457.",
        "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
    ]
}

/// Named schemas, collected while operations are written.
struct SchemaComponents {
    private var objects: [String: Schema.Object] = [:]
    private var conflicts: [String] = []

    /// A reference to an object's component, or the schema in place.
    mutating func reference(_ schema: Schema) -> JSON {
        switch schema {
        case .text(let text): return Self.text(text)
        case .integer(let minimum, let maximum):
            var members = [JSON.Member("type", "integer")]
            if let minimum { members.append(JSON.Member("minimum", .integer(minimum))) }
            if let maximum { members.append(JSON.Member("maximum", .integer(maximum))) }
            return .object(members)
        case .number: return ["type": "number"]
        case .boolean: return ["type": "boolean"]
        case .list(let element): return ["type": "array", "items": reference(element)]
        case .map(let value): return ["type": "object", "additionalProperties": reference(value)]
        case .oneOf(let choices): return ["anyOf": .array(choices.map { reference($0) })]
        case .anything: return [:]
        case .object(let object):
            let name = Self.componentName(object.name)
            if let present = objects[name] {
                if present.properties != object.properties { conflicts.append(name) }
            } else {
                objects[name] = object
                for property in object.properties { _ = reference(property.schema) }
            }
            return ["$ref": .string("#/components/schemas/\(name)")]
        }
    }

    /// All components, sorted by name.
    mutating func members() throws -> [JSON.Member] {
        guard conflicts.isEmpty else {
            throw SchemaDefect(
                description: "several types are called \(Set(conflicts).sorted().joined(separator: ", "))")
        }
        var members = [JSON.Member("Problem", Self.problem)]
        for (name, object) in objects { members.append(JSON.Member(name, write(object))) }
        return members.sorted { $0.key < $1.key }
    }

    private mutating func write(_ object: Schema.Object) -> JSON {
        let properties = object.properties.map { property in
            let schema = reference(property.schema)
            return JSON.Member(property.name, property.isRequired ? schema : Self.nullable(schema))
        }
        var members: [JSON.Member] = [
            JSON.Member("type", "object"), JSON.Member("additionalProperties", false),
            JSON.Member("properties", .object(properties)),
        ]
        let required = object.properties.filter(\.isRequired).map { JSON.string($0.name) }
        if !required.isEmpty { members.append(JSON.Member("required", .array(required))) }
        return .object(members)
    }

    static func nullable(_ schema: JSON) -> JSON {
        guard let members = schema.members, let type = schema["type"], schema["enum"] == nil else {
            return ["anyOf": [schema, ["type": "null"]]]
        }
        return .object(members.map { $0.key == "type" ? JSON.Member("type", [type, "null"]) : $0 })
    }

    private static func text(_ text: Schema.Text) -> JSON {
        var members = [JSON.Member("type", "string")]
        func add(_ key: String, _ value: String?) {
            if let value { members.append(JSON.Member(key, .string(value))) }
        }
        add("format", text.format)
        add("pattern", text.pattern)
        add("description", text.description)
        if let example = text.example { members.append(JSON.Member("examples", [.string(example)])) }
        if let values = text.values { members.append(JSON.Member("enum", .array(values.map { .string($0) }))) }
        if let length = text.minimumLength { members.append(JSON.Member("minLength", .integer(length))) }
        if let length = text.maximumLength { members.append(JSON.Member("maxLength", .integer(length))) }
        return .object(members)
    }

    /// `Listing<Tenant>` becomes `Listing_Tenant`.
    private static func componentName(_ name: String) -> String {
        String(name.map { $0.isLetter || $0.isNumber || $0 == "." ? $0 : "_" }).trimmingUnderscores
    }

    private static let problem: JSON = [
        "type": "object", "required": ["type", "title", "status", "detail", "reason"],
        "properties": [
            "type": ["type": "string"], "title": ["type": "string"], "status": ["type": "integer"],
            "detail": ["type": "string"], "reason": ["type": "string"], "request_id": ["type": "string"],
            "errors": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["field", "message"],
                    "properties": ["field": ["type": "string"], "message": ["type": "string"]],
                ],
            ],
        ],
    ]
}

extension String {
    fileprivate var trimmingUnderscores: String {
        var text = self[...]
        while text.last == "_" { text.removeLast() }
        return String(text)
    }
}
