import FoundationEssentials
import Kernel

/// What an answer consists of, before it is written to a connection.
struct WebResponse: Sendable, Equatable {
    var status: Int
    var headers: [Header] = []
    var body: [UInt8] = []

    subscript(name: String) -> String? { headers.first { $0.name == name }?.value }

    mutating func set(_ name: String, _ value: String) {
        headers.removeAll { $0.name == name }
        headers.append(Header(name, value))
    }
}

/// One authorised request on its way to a handler: everything but the types.
struct Invocation: Sendable {
    let facts: RequestFacts
    let principal: Principal?
    let fields: InputFields
    let status: Int
    /// The query as it came, for the link to the next page.
    let query: [(name: String, value: String)]

    func call<Input: Decodable>() throws -> Call<Input> {
        guard let principal else { throw Problem.unauthenticated }
        return Call(input: try InputDecoder.decode(Input.self, from: fields), principal: principal, facts: facts)
    }

    func publicCall<Input: Decodable>() throws -> PublicCall<Input> {
        PublicCall(input: try InputDecoder.decode(Input.self, from: fields), facts: facts)
    }

    func answer<Output: Codable>(_ reply: Reply<Output>) throws -> WebResponse {
        var response = WebResponse(status: reply.status ?? status, headers: reply.headers)
        if !reply.isRehearsal, let etag = reply.etag ?? (reply.value as? any Revisioned)?.etag {
            response.set("etag", "\"\(etag)\"")
        }
        if reply.value is NoContent {
            response.status = reply.status ?? 204
        } else {
            response.body = try WireEncoder.encode(reply.value)
            response.set("content-type", "application/json")
        }
        return response
    }

    func answer<Item: Codable>(page: Page<Item>) throws -> WebResponse {
        var response = try answer(Reply(Listing(page)))
        if let cursor = page.nextCursor {
            let pairs = query.filter { $0.name != "cursor" } + [("cursor", cursor)]
            let text = pairs.map { PercentCoding.encode($0.name) + "=" + PercentCoding.encode($0.value) }
            response.set("link", "<\(facts.path)?\(text.joined(separator: "&"))>; rel=\"next\"")
        }
        return response
    }

    func answer(raw reply: RawReply) -> WebResponse {
        var response = WebResponse(status: reply.status, headers: reply.headers, body: reply.bytes)
        response.set("content-type", reply.mediaType)
        if let etag = reply.etag { response.set("etag", "\"\(etag)\"") }
        return response
    }
}

/// One request for a page on its way to its handler.
struct PageInvocation: Sendable {
    let facts: RequestFacts
    let principal: Principal?
    let fields: InputFields
    let session: PageSession

    func call<Input: Decodable>() throws -> PageCall<Input> {
        try call(with: try InputDecoder.decode(Input.self, from: fields))
    }

    func call<Input>(with input: Input) throws -> PageCall<Input> {
        guard let principal else { throw Problem.unauthenticated }
        return PageCall(input: input, principal: principal, facts: facts, session: session)
    }

    func publicCall<Input: Decodable>() throws -> PublicPageCall<Input> {
        PublicPageCall(
            input: try InputDecoder.decode(Input.self, from: fields), facts: facts, session: session)
    }
}

/// Values to JSON on the wire: snake_case names in sorted order, absent instead of null, no escaped slashes.
package enum WireEncoder {
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .custom { path in
            WireKey(stringValue: WireName.snakeCase(path.last?.stringValue ?? ""))
        }
        return Array(try encoder.encode(value))
    }

    private struct WireKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// The shape of an endpoint's input; a defect is reported when the table is checked.
struct InputShape: Sendable {
    let schema: Result<Schema, any Error>

    init<Input: Decodable>(_ type: Input.Type) {
        schema = Result { try SchemaRecorder.schema(of: type) }
    }
}

/// The shape of an endpoint's answer.
enum OutputShape: Sendable {
    case value(Result<Schema, any Error>)
    case items(Result<Schema, any Error>)
    case nothing
    case raw

    static func json<Output: Decodable>(_ type: Output.Type) -> OutputShape {
        type == NoContent.self ? .nothing : .value(Result { try SchemaRecorder.schema(of: type) })
    }

    static func list<Item: Decodable>(_ type: Item.Type) -> OutputShape {
        .items(Result { try SchemaRecorder.schema(of: type) })
    }
}
