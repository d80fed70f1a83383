import Kernel

extension WebApplication {
    /// The way of an API request: authenticate, authorise, read, decode, run. Nothing of the body is looked at before
    /// the caller is known to be allowed.
    func outcome(
        of endpoint: Endpoint, _ request: IncomingRequest, _ parameters: [(name: String, value: String)],
        _ requestID: String
    ) async -> Outcome? {
        var outcome = Outcome(response: WebResponse(status: 500), route: endpoint.path.text)
        do {
            outcome.principal = try await authorised(endpoint.requirement, request)
            let invocation = try await invocation(
                of: endpoint, request, parameters, principal: outcome.principal, requestID)
            let seconds = endpoint.options.seconds ?? settings.handlerSeconds
            outcome.response = try await withTimeLimit(.seconds(seconds)) { try await endpoint.run(invocation) }
        } catch is FrontRefusal {
            return nil
        } catch {
            outcome.response = response(for: problem(for: error, requestID), requestID)
        }
        if let deprecation = endpoint.options.deprecation { add(deprecation, to: &outcome.response) }
        return outcome
    }

    private func authorised(_ requirement: Requirement?, _ request: IncomingRequest) async throws -> Principal? {
        guard let requirement else { return nil }
        guard let token = request.bearerToken, let principal = try await hooks.authenticate(.bearer(token)) else {
            throw Problem.unauthenticated
        }
        try requirement.check(principal)
        return principal
    }

    private func invocation(
        of endpoint: Endpoint, _ request: IncomingRequest, _ parameters: [(name: String, value: String)],
        principal: Principal?, _ requestID: String
    ) async throws -> Invocation {
        let options = endpoint.options
        var facts = RequestFacts(
            requestID: requestID, now: hooks.time.now, method: endpoint.method, path: request.path,
            route: endpoint.path.text, remoteAddress: request.remoteAddress)
        facts.idempotencyKey = try request.idempotencyKey()
        facts.ifMatch = try request.ifMatch()
        if facts.ifMatch != .absent, !options.comparesState, endpoint.method != .get { throw Self.comparesNothing }
        facts.mediaType = request.mediaType
        let query = try request.queryPairs()
        var fields: InputFields
        var digestedBody: [UInt8] = []
        if let raw = options.rawBody {
            fields = InputFields(origin: .query)
            fields.add(path: parameters)
            fields.add(pairs: query, from: .query)
            facts.body = try await rawBody(of: request, raw, limit: options.bodyLimit)
            digestedBody = facts.body
        } else if endpoint.method.hasBody {
            fields = InputFields(origin: .body)
            fields.add(path: parameters)
            fields.add(pairs: query, from: .query)
            let members = try await jsonBody(of: request, limit: options.bodyLimit)
            fields.add(body: members)
            digestedBody = JSON.object(members).canonicalBytes
        } else {
            fields = InputFields(origin: .query)
            fields.add(path: parameters)
            fields.add(pairs: query, from: .query)
        }
        if facts.idempotencyKey != nil {
            let head = "\(endpoint.method.rawValue)\n\(request.path)\n\(request.query)\n"
            facts.bodyDigest = Digest.sha256(Array(head.utf8), digestedBody)
        }
        return Invocation(facts: facts, principal: principal, fields: fields, status: options.status, query: query)
    }

    private func jsonBody(of request: IncomingRequest, limit: Int) async throws -> [JSON.Member] {
        if !request.values("content-encoding").isEmpty { throw Self.unsupportedCoding("none") }
        let bytes = try await request.collectBody(limit: limit)
        if bytes.isEmpty { return [] }
        guard request.mediaType == "application/json" else { throw Self.unsupportedMedia(["application/json"]) }
        guard case .object(let members) = try JSON(parsing: bytes) else {
            throw Problem.invalid("", "the body must be an object")
        }
        return members
    }

    private func rawBody(
        of request: IncomingRequest, _ raw: EndpointOptions.RawBody, limit: Int
    ) async throws -> [UInt8] {
        guard let mediaType = request.mediaType, raw.mediaTypes.contains(mediaType) else {
            throw Self.unsupportedMedia(raw.mediaTypes)
        }
        let codings = request.values("content-encoding").map { $0.lowercased() }.filter { $0 != "identity" }
        if codings.isEmpty { return try await request.collectBody(limit: limit) }
        guard let inflatedBytes = raw.inflatedBytes, codings == ["gzip"] else { throw Self.unsupportedCoding("gzip") }
        let bytes = try await request.collectBody(limit: limit)
        do throws(Gzip.Failure) {
            return try Gzip.inflate(bytes, limit: inflatedBytes)
        } catch {
            switch error {
            case .tooLarge: throw IncomingRequest.tooLarge(inflatedBytes)
            case .invalid:
                throw Problem(
                    status: 400, reason: "INVALID_GZIP", title: "The body is not valid gzip",
                    detail: "Compress it again, or send it without Content-Encoding.")
            }
        }
    }

    private static func unsupportedMedia(_ allowed: [String]) -> Problem {
        Problem(
            status: 415, reason: "UNSUPPORTED_MEDIA_TYPE", title: "The media type is not understood",
            detail: "Send Content-Type: \(allowed.joined(separator: " or ")).")
    }

    /// Who asks for the comparison must not believe that it happened.
    private static let comparesNothing = Problem(
        status: 400, reason: "IF_MATCH_NOT_COMPARED", title: "This operation compares no state",
        detail: "Leave 'If-Match' out: there is no object that somebody else could have changed meanwhile.")

    private static func unsupportedCoding(_ allowed: String) -> Problem {
        Problem(
            status: 415, reason: "UNSUPPORTED_CONTENT_ENCODING", title: "The content encoding is not understood",
            detail: "Content-Encoding may be: \(allowed).")
    }

    private func add(_ deprecation: EndpointOptions.Deprecation, to response: inout WebResponse) {
        response.set("deprecation", "@\(deprecation.since.microseconds / 1_000_000)")
        if let sunset = deprecation.sunset { response.set("sunset", HTTPDate.text(of: sunset)) }
    }
}

extension Requirement {
    /// 403 without the permission.
    func check(_ principal: Principal) throws(Problem) {
        if case .permission(let permission) = self, !principal.holds(permission) { throw .forbidden(permission) }
    }
}
