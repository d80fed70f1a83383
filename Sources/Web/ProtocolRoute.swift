import Kernel

/// An address at which another program speaks its own protocol over HTTP: no API key, no JSON, no problem details. Its
/// handler gets the request as the strict front let it through, checks credentials itself and answers in the terms of
/// that program. It is not part of the API and of its document.
package struct ProtocolRoute: Sendable {
    package let method: Method
    package let path: PathTemplate
    /// The longest body in bytes.
    package let bodyLimit: Int
    let run: @Sendable (ProtocolCall) async throws -> RawReply

    package init(
        _ method: Method, _ path: PathTemplate, bodyLimit: Int,
        use handler: @escaping @Sendable (ProtocolCall) async throws -> RawReply
    ) {
        self.method = method
        self.path = path
        self.bodyLimit = bodyLimit
        run = handler
    }
}

/// One request of another program.
package struct ProtocolCall: Sendable {
    package let requestID: String
    package let now: Timestamp
    /// `GET` or `POST`, as sent.
    package let method: String
    /// The path and, after a `?`, the query, as sent: what a digest is computed over.
    package let target: String
    /// The query as sent, without the question mark; empty when there is none.
    package let query: [UInt8]
    /// The one `Authorization` header; `nil` without one and for several.
    package let authorization: String?
    package let remoteAddress: String?
    private let read: @Sendable () async throws -> [UInt8]

    init(_ request: IncomingRequest, bodyLimit: Int, requestID: String, now: Timestamp) {
        self.requestID = requestID
        self.now = now
        method = request.method
        target = request.query.isEmpty ? request.path : "\(request.path)?\(request.query)"
        query = Array(request.query.utf8)
        let fields = request.values("authorization")
        authorization = fields.count == 1 ? fields.first : nil
        remoteAddress = request.remoteAddress
        read = { try await request.collectBody(limit: bodyLimit) }
    }

    /// The whole body. Throws the problem that ends the request when it is too long or cut off.
    package func body() async throws -> [UInt8] { try await read() }
}

extension WebApplication {
    func outcome(of route: ProtocolRoute, _ request: IncomingRequest, _ requestID: String) async -> Outcome? {
        var outcome = Outcome(response: WebResponse(status: 500), route: route.path.text)
        let call = ProtocolCall(request, bodyLimit: route.bodyLimit, requestID: requestID, now: hooks.time.now)
        do {
            let reply = try await withTimeLimit(.seconds(settings.handlerSeconds)) { try await route.run(call) }
            outcome.response = WebResponse(status: reply.status, headers: reply.headers, body: reply.bytes)
            outcome.response.set("content-type", reply.mediaType)
        } catch is FrontRefusal {
            return nil
        } catch {
            outcome.response = response(for: problem(for: error, requestID), requestID)
        }
        return outcome
    }
}
