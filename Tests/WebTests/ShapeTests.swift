import Kernel
import Testing

@testable import Web

@Suite struct ShapeTests {
    @Test(arguments: [
        ("tenantID", "tenant_id"), ("vatID", "vat_id"), ("legalName", "legal_name"), ("htmlURLPath", "html_url_path"),
        ("id", "id"), ("already_snake", "already_snake"), ("URL", "url"), ("line2Text", "line2_text"),
        ("sha256", "sha256"),
    ])
    func namesOnTheWire(swift: String, wire: String) {
        #expect(WireName.snakeCase(swift) == wire)
    }

    @Test func recordsWhatATypeDecodes() throws {
        let line = Schema.object(
            Schema.Object(
                name: "SampleLine",
                properties: [
                    Schema.Property("quantity", try SchemaRecorder.schema(of: Int.self)),
                    Schema.Property("unit_price", .text, isRequired: false),
                ]))
        guard case .object(let object) = try SchemaRecorder.schema(of: SampleInput.self) else {
            Issue.record("no object")
            return
        }
        #expect(object.name == "SampleInput")
        #expect(
            object.properties == [
                Schema.Property("tenant_id", TenantID.schema), Schema.Property("legal_name", .text),
                Schema.Property("vat_id", .text, isRequired: false),
                Schema.Property("kind", .text(Schema.Text(values: ["production", "sandbox"]))),
                Schema.Property("starts_at", Timestamp.schema, isRequired: false),
                Schema.Property("seats", try SchemaRecorder.schema(of: Int.self), isRequired: false),
                Schema.Property("is_public", .boolean, isRequired: false),
                Schema.Property("lines", .list(line), isRequired: false),
                Schema.Property("labels", .map(.text), isRequired: false),
            ])
    }

    @Test func aTypeWithoutEndIsADefect() {
        struct Node: Decodable { let next: [Node]? }
        #expect(throws: SchemaDefect.self) { try SchemaRecorder.schema(of: Node.self) }
    }

    @Test func routesVerbsLiteralsAndParameters() {
        var table = RouteTable<String>()
        let paths: [(Method, PathTemplate)] = [
            (.get, "/v1/tenants"), (.post, "/v1/tenants"), (.get, "/v1/tenants/{tenant_id}"),
            (.post, "/v1/tenants/{tenant_id}:suspend"), (.get, "/v1/tenants/mine"), (.post, "/v1/usage/events:import"),
            (.get, "/v1/tenants/{tenant_id}/keys/{key_id}"), (.get, "/"),
        ]
        for (method, path) in paths {
            let isNew = table.insert("\(method.rawValue) \(path)", method, path)
            #expect(isNew)
        }
        let isDouble = !table.insert("", .get, "/v1/tenants/{tenant_id}")
        let hasOtherName = !table.insert("", .put, "/v1/tenants/{other}")
        #expect(isDouble && hasOtherName)
        func find(_ path: String, _ method: Method = .get) -> String? {
            guard let segments = PathSegment.split(path), let match = table.match(segments),
                let target = match.targets[method]
            else { return nil }
            return ([target] + match.parameters.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
        }
        #expect(find("/") == "GET /")
        #expect(find("/v1/tenants", .post) == "POST /v1/tenants")
        #expect(find("/v1/tenants/mine") == "GET /v1/tenants/mine")
        #expect(find("/v1/tenants/t_1") == "GET /v1/tenants/{tenant_id} tenant_id=t_1")
        #expect(find("/v1/tenants/t%20%C3%A4:suspend", .post) == "POST /v1/tenants/{tenant_id}:suspend tenant_id=t ä")
        #expect(find("/v1/usage/events:import", .post) == "POST /v1/usage/events:import")
        #expect(find("/v1/tenants/a/keys/b") == "GET /v1/tenants/{tenant_id}/keys/{key_id} tenant_id=a key_id=b")
        for unknown in [
            "/v1", "/v1/tenants/", "//v1/tenants", "/v1/tenants/a:purge", "/v1/tenants/:suspend", "/v1/tenants/../x",
            "/v1/tenants/%2e%2e", "/v1/tenants/%zz", "/v1/tenants/%00", "/v1/tenants/a/keys", "x", "",
        ] {
            #expect(find(unknown) == nil, "\(unknown)")
        }
    }

    @Test func decodesForms() throws {
        let pairs = try FormCoding.pairs(Array("a=1+2&b=%C3%A4&c&=x&a=3&d[e]=f".utf8)[...])
        #expect(pairs.map { "\($0.name)=\($0.value)" } == ["a=1 2", "b=ä", "c=", "=x", "a=3", "d[e]=f"])
        for bad in ["a=%", "a=%4", "a=%zz", "a=%FF", "a=%00"] {
            #expect(throws: FormCoding.Failure.self) { try FormCoding.pairs(Array(bad.utf8)[...]) }
        }
        let many = Array(Array(repeating: "a=1", count: 1001).joined(separator: "&").utf8)
        #expect(throws: FormCoding.Failure.self) { try FormCoding.pairs(many[...]) }
    }

    @Test func readsMultipartForms() throws {
        let boundary = try #require(Multipart.boundary(of: "multipart/form-data; boundary=\"--xy\""))
        let body = """
            ----xy\r\ncontent-disposition: form-data; name="note"\r\n\r\nhällo\r\n----xy\r\n\
            Content-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n1,2\r\n--not\r\n\
            \r\n----xy--\r\n
            """
        let form = try Multipart(Array(body.utf8), boundary: boundary)
        #expect(form.fields.map { "\($0.name)=\($0.value)" } == ["note=hällo"])
        #expect(form.files["file"]?.name == "a.csv")
        #expect(form.files["file"]?.mediaType == "text/csv")
        #expect(form.files["file"].map { String(decoding: $0.bytes, as: UTF8.self) } == "1,2\r\n--not\r\n")
        var random = SeededGenerator(seed: 5)
        for _ in 0..<3000 {
            var bytes = Array(body.utf8)
            bytes.removeSubrange(Int.random(in: 0..<bytes.count, using: &random)...)
            if !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? Multipart(bytes, boundary: boundary)
        }
    }

    @Test func inflatesWithinTheBound() throws {
        let hello: [UInt8] = [
            0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 7, 0, 0x86, 0xA6, 0x10, 0x36, 5, 0, 0, 0,
        ]
        #expect(String(decoding: try Gzip.inflate(hello, limit: 5), as: UTF8.self) == "hello")
        #expect(String(decoding: try Gzip.inflate(hello + hello, limit: 10), as: UTF8.self) == "hellohello")
        #expect(throws: Gzip.Failure.tooLarge) { try Gzip.inflate(hello, limit: 4) }
        for bad in [[], Array("hello".utf8), Array(hello.dropLast()), hello + [1], Array(hello.dropLast(9))] {
            #expect(throws: Gzip.Failure.invalid) { try Gzip.inflate(bad, limit: 100) }
        }
    }

    @Test func codesBase64ForCookies() {
        for text in ["", "a", "ab", "abc", "äöü€"] {
            #expect(Base64URL.decode(Base64URL.encode(Array(text.utf8))) == Array(text.utf8))
        }
        #expect(Base64URL.encode([251, 255]) == "-_8")
        #expect(Base64URL.decode("a") == nil && Base64URL.decode("a+b/") == nil)
    }

    @Test func redirectsStayHere() {
        for path in ["/", "/tenants?page=2", "/a/b"] { #expect(LocalPath.sanitised(path) == path) }
        for path in ["", "//evil", "/\\evil", "https://evil", "/a\r\nset-cookie: b", "/a b", "javascript:x"] {
            #expect(LocalPath.sanitised(path) == "/")
        }
    }

    @Test func writesHTTPDates() {
        #expect(HTTPDate.text(of: Timestamp(seconds: 784_111_777)) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.text(of: Timestamp(seconds: 1_795_266_000)) == "Sat, 21 Nov 2026 13:00:00 GMT")
    }
}
