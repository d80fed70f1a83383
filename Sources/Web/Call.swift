import Kernel

/// What is known about a request beside its input.
package struct RequestFacts: Sendable {
    /// The id that logs and problem details carry; always returned as `X-Request-Id`.
    package let requestID: String
    /// When the request arrived.
    package let now: Timestamp
    package let method: Method
    /// The path as sent, without the query.
    package let path: String
    /// The template of the route, such as `/v1/tenants/{tenant_id}`.
    package let route: String
    /// The peer's address without its port; `nil` on a unix socket.
    package let remoteAddress: String?
    /// The `Idempotency-Key` header: 1–255 visible ASCII characters.
    package var idempotencyKey: String?
    /// What the `If-Match` header asks for.
    package var ifMatch = IfMatch.absent
    /// SHA-256 over method, path and canonical body: two requests with one idempotency key must agree in it.
    package var bodyDigest: [UInt8] = []
    /// The whole body, for endpoints with a raw body; inflated when it came as gzip. Empty for all others.
    package var body: [UInt8] = []
    /// The media type of the body in lower case, without parameters.
    package var mediaType: String?
}

/// A request of a known principal, with its decoded input. The facts of the request are reached directly:
/// `call.requestID`, `call.idempotencyKey`, `call.now`.
@dynamicMemberLookup
package struct Call<Input: Sendable>: Sendable {
    package let input: Input
    package let principal: Principal
    package let facts: RequestFacts

    package init(input: Input, principal: Principal, facts: RequestFacts) {
        self.input = input
        self.principal = principal
        self.facts = facts
    }

    package subscript<Value>(dynamicMember keyPath: KeyPath<RequestFacts, Value>) -> Value { facts[keyPath: keyPath] }
}

/// A request to a public endpoint: nobody was asked who they are, so there is no principal to misuse.
@dynamicMemberLookup
package struct PublicCall<Input: Sendable>: Sendable {
    package let input: Input
    package let facts: RequestFacts

    package init(input: Input, facts: RequestFacts) {
        self.input = input
        self.facts = facts
    }

    package subscript<Value>(dynamicMember keyPath: KeyPath<RequestFacts, Value>) -> Value { facts[keyPath: keyPath] }
}

/// The input of an endpoint that reads nothing.
package struct NoInput: Codable, Sendable {
    private enum Keys: CodingKey {}

    package init() {}

    /// Asks for an object without members, so that whatever is sent is refused by name.
    package init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: Keys.self) }

    package func encode(to encoder: any Encoder) throws { _ = encoder.container(keyedBy: Keys.self) }
}

/// The `If-Match` header of a request.
package enum IfMatch: Sendable, Equatable {
    case absent
    /// `*`: any present state.
    case any
    /// The tags without their quotes.
    case tags([String])

    /// 412 when the present state is another than the client knows. `required: true` also refuses a request without the
    /// header, with 428.
    package func check(_ current: String, required: Bool = false) throws(Problem) {
        switch self {
        case .any: return
        case .absent:
            guard required else { return }
            throw Problem(
                status: 428, reason: "PRECONDITION_REQUIRED", title: "The state you know is missing",
                detail: "Read the object, then send its ETag as 'If-Match'.")
        case .tags(let tags):
            guard !tags.contains(current) else { return }
            throw Problem(
                status: 412, reason: "PRECONDITION_FAILED", title: "The object was changed meanwhile",
                detail: "Its ETag is no longer the one you sent. Read it again and repeat the change.")
        }
    }
}

/// Methods that endpoints and pages can have. HEAD and OPTIONS are answered from these.
package enum Method: String, Sendable, CaseIterable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"

    /// Whether the input comes from the body instead of the query.
    var hasBody: Bool {
        switch self {
        case .post, .put, .patch: true
        case .get, .delete: false
        }
    }
}
