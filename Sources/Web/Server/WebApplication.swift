import HTTPTypes
import HummingbirdCore
import Kernel
import Logging
import NIOHTTP1

/// Answers requests from the tables of a site. Knows nothing about sockets, so that it can be tested without one.
struct WebApplication: Sendable {
    enum Target: Sendable {
        case endpoint(Endpoint)
        case page(PageRoute)
        case asset(Asset, etag: String)
        case program(ProtocolRoute)
    }

    /// What became of a request, for the log and the figures.
    struct Outcome: Sendable {
        var response: WebResponse
        var route = "unmatched"
        var principal: Principal?
        var isConsole = false
    }

    let routes: RouteTable<Target>
    let settings: ServerSettings
    let hooks: ServerHooks
    let console: Console?
    let figures: RequestFigures

    /// Throws every defect of the tables at once.
    init(site: Site, settings: ServerSettings, hooks: ServerHooks) throws {
        try SiteCheck.check(site)
        var routes = RouteTable<Target>()
        for endpoint in site.endpoints { _ = routes.insert(.endpoint(endpoint), endpoint.method, endpoint.path) }
        for page in site.pages { _ = routes.insert(.page(page), page.method, page.path) }
        for route in site.protocols { _ = routes.insert(.program(route), route.method, route.path) }
        for asset in site.assets {
            let etag = "\"" + Digest.sha256(asset.bytes).prefix(12).map { String($0, radix: 16) }.joined() + "\""
            _ = routes.insert(.asset(asset, etag: etag), .get, PathTemplate(asset.path))
        }
        self.routes = routes
        self.settings = settings
        self.hooks = hooks
        console = site.console
        figures = RequestFigures(hooks.metrics)
    }

    /// The answer to a request; never throws. `nil` when the connection was refused meanwhile and nothing can be said.
    func respond(to request: IncomingRequest) async -> WebResponse? {
        let start = ContinuousClock.now
        let requestID = request.sentRequestID ?? hooks.ids.new(ID<RequestKind>.self).description
        figures.inFlight.add(1)
        defer { figures.inFlight.add(-1) }
        let outcome = await outcome(of: request, requestID: requestID)
        guard let outcome else { return nil }
        var response = outcome.response
        finish(&response, outcome, request, requestID)
        record(outcome, response, request, requestID, ContinuousClock.now - start)
        return response
    }

    private func outcome(of request: IncomingRequest, requestID: String) async -> Outcome? {
        guard let segments = PathSegment.split(request.path) else {
            return await refusal(
                Problem(
                    status: 400, reason: "INVALID_PATH", title: "The path cannot be read",
                    detail: "Percent-encode it as UTF-8, without dot segments and control characters."),
                request, requestID)
        }
        guard let match = routes.match(segments) else {
            return await refusal(Self.unknownPath, request, requestID)
        }
        let allowed = Self.allowed(match.targets.keys)
        if request.method == "OPTIONS" {
            return Outcome(response: WebResponse(status: 204, headers: [Header("allow", allowed)]), route: "options")
        }
        let method = Method(rawValue: request.method == "HEAD" ? "GET" : request.method)
        guard let method, let target = match.targets[method] else {
            var outcome = await refusal(Self.wrongMethod(allowed), request, requestID)
            outcome.response.set("allow", allowed)
            return outcome
        }
        switch target {
        case .endpoint(let endpoint):
            return await outcome(of: endpoint, request, match.parameters, requestID)
        case .page(let page):
            return await outcome(of: page, request, match.parameters, requestID)
        case .asset(let asset, let etag):
            return outcome(of: asset, etag: etag, request)
        case .program(let route):
            return await outcome(of: route, request, requestID)
        }
    }

    private static let unknownPath = Problem(
        status: 404, reason: "NOT_FOUND", title: "Not found", detail: "There is nothing at this address.")

    private static func wrongMethod(_ allowed: String) -> Problem {
        Problem(
            status: 405, reason: "METHOD_NOT_ALLOWED", title: "The method is not allowed here",
            detail: "This address understands \(allowed).")
    }

    private static func allowed(_ methods: some Sequence<Method>) -> String {
        var names = methods.map(\.rawValue)
        if names.contains("GET") { names.append("HEAD") }
        return (names + ["OPTIONS"]).sorted().joined(separator: ", ")
    }

    /// A problem before any route is known: as a page for browsers outside the API, as JSON for everybody else.
    private func refusal(_ problem: Problem, _ request: IncomingRequest, _ requestID: String) async -> Outcome {
        let wantsPage = request.values("accept").contains { $0.lowercased().contains("text/html") }
        guard wantsPage, let console, !request.path.hasPrefix("/v1/") else {
            return Outcome(response: response(for: problem, requestID))
        }
        let context = PageContext(
            principal: nil, path: request.path, csrfToken: "", flash: nil, requestID: requestID)
        let html = await console.layout(console.problemPage(problem, context), context)
        return Outcome(response: .page(html, status: problem.status), isConsole: true)
    }

    private func outcome(of asset: Asset, etag: String, _ request: IncomingRequest) -> Outcome {
        var response = WebResponse(status: 200, body: asset.bytes)
        response.set("content-type", asset.mediaType)
        response.set("etag", etag)
        response.set("cache-control", asset.isImmutable ? "public, max-age=31536000, immutable" : "public, max-age=300")
        return Outcome(response: response, route: "/assets")
    }

    // MARK: Problems

    func response(for problem: Problem, _ requestID: String) -> WebResponse {
        var response = WebResponse(
            status: problem.status,
            body: ProblemWriter.bytes(problem, requestID: requestID, typeBase: settings.problemTypeBase))
        response.set("content-type", "application/problem+json")
        if let seconds = problem.retryAfterSeconds { response.set("retry-after", String(seconds)) }
        if problem.status == 401 { response.set("www-authenticate", "Bearer") }
        return response
    }

    /// What a client may know about an error. Unknown errors are logged and shown as their request id only.
    func problem(for error: any Error, _ requestID: String) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let convertible as any ProblemConvertible: return convertible.problem
        case is HTTPParserError: return IncomingRequest.cutOff
        case is CancellationError: return .unavailable("The request was given up.")
        default:
            hooks.logger.error(
                "unexpected error",
                metadata: ["request_id": "\(requestID)", "error": "\(String(reflecting: error).prefix(2000))"])
            return Problem(
                status: 500, reason: "INTERNAL", title: "Something went wrong on our side",
                detail: "Nothing you sent is known to be wrong. Name the request id when you report it.")
        }
    }
}

enum RequestKind: IdentifierKind { static let prefix = "req" }

extension WebResponse {
    static func page(_ html: HTML, status: Int) -> WebResponse {
        WebResponse(
            status: status, headers: [Header("content-type", "text/html; charset=utf-8")],
            body: Array(html.markup.utf8))
    }
}
