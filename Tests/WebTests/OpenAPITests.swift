import Kernel
import Testing

@testable import Web

@Suite struct OpenAPITests {
    private let info = APIInfo(title: "Sample", version: "1.0.0", description: "A sample.")

    @Test func describesEveryEndpoint() throws {
        let document = try OpenAPI.document(of: SampleSite.endpoints, info: info)
        #expect(document["openapi"]?.string == "3.1.0")
        let paths = try #require(document["paths"]?.members)
        #expect(
            paths.map(\.key) == [
                "/v1/events", "/v1/hello", "/v1/things", "/v1/things/{thing_id}", "/v1/things/{thing_id}:stop",
                "/v1/trouble",
            ])
        let create = try #require(document["paths"]?["/v1/things"]?["post"])
        #expect(create["operationId"]?.string == "createThing")
        #expect(create["parameters"]?.array?.compactMap { $0["name"]?.string } == ["Idempotency-Key"])
        #expect(
            create["requestBody"]?["content"]?["application/json"]?["schema"]?["$ref"]?.string
                == "#/components/schemas/CreateThing")
        #expect(
            create["responses"]?.members?.map(\.key)
                == ["201", "400", "401", "403", "404", "409", "413", "415", "422", "503", "default"])
        #expect(create["security"] == [["api_key": []]])
        #expect(create["description"]?.string == "Reasons of problems: `NAME_TAKEN`.")
        let list = try #require(document["paths"]?["/v1/things"]?["get"])
        #expect(list["parameters"]?.array?.compactMap { $0["name"]?.string } == ["limit", "cursor"])
        let stop = try #require(document["paths"]?["/v1/things/{thing_id}:stop"]?["post"])
        #expect(stop["deprecated"] == true && stop["requestBody"] == nil)
        let thing = try #require(document["components"]?["schemas"]?["Thing"])
        #expect(thing["required"] == ["id", "display_name", "created_at"])
        #expect(thing["properties"]?["note"]?["type"] == ["string", "null"])
        #expect(document["paths"]?["/v1/hello"]?["get"]?["security"] == [])
    }

    @Test func everyReferenceLeadsSomewhere() throws {
        let document = try OpenAPI.document(of: SampleSite.endpoints, info: info)
        func references(_ value: JSON) -> [String] {
            switch value {
            case .array(let elements): elements.flatMap(references)
            case .object(let members):
                members.flatMap { $0.key == "$ref" ? [$0.value.string ?? ""] : references($0.value) }
            default: []
            }
        }
        let found = Set(references(document))
        #expect(!found.isEmpty)
        for reference in found {
            var value: JSON? = document
            for token in reference.split(separator: "/").dropFirst() { value = value?[String(token)] }
            #expect(value != nil, "\(reference)")
        }
    }

    @Test func isTheSameEveryTimeAndServed() async throws {
        let first = try OpenAPI.document(of: SampleSite.endpoints, info: info)
        let second = try OpenAPI.document(of: SampleSite.endpoints, info: info)
        #expect(first.bytes == second.bytes)
        let itself = try OpenAPI.endpoint(for: SampleSite.endpoints, info: info)
        try await TestServer.run(Site(endpoints: SampleSite.endpoints + [itself])) { server in
            let answer = try await server.get("/openapi.json", token: nil)
            #expect(answer.status == 200)
            #expect(answer.json?["paths"]?["/openapi.json"] != nil)
        }
    }

    @Test func twoShapesUnderOneNameAreADefect() {
        enum A { struct Item: Codable, Sendable { let a: Int } }
        enum B { struct Item: Codable, Sendable { let b: Int } }
        let endpoints = [
            Endpoint(.get, "/a", "Get a", tag: "T", requires: .signedIn) { (call: Call<NoInput>) in A.Item(a: 1) },
            Endpoint(.get, "/b", "Get b", tag: "T", requires: .signedIn) { (call: Call<NoInput>) in B.Item(b: 1) },
        ]
        #expect(throws: SchemaDefect.self) { try OpenAPI.document(of: endpoints, info: info) }
    }
}
