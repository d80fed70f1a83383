import Kernel
import Logging

/// The figures that every request adds to.
struct RequestFigures: Sendable {
    let durations: Histogram
    let inFlight: Gauge
    let refusals: Counter

    init(_ metrics: Metrics) {
        durations = metrics.histogram(
            "http_request_duration_seconds", "Time from the request's header to the finished answer.",
            labels: ["method", "route", "status"])
        inFlight = metrics.gauge("http_requests_in_flight", "Requests being answered.")
        refusals = metrics.counter(
            "http_connections_refused_total", "Connections closed before a request reached a handler.",
            labels: ["status"])
    }
}

extension WebApplication {
    /// What every answer has: id, safety headers, conditional and HEAD answers.
    func finish(_ response: inout WebResponse, _ outcome: Outcome, _ request: IncomingRequest, _ requestID: String) {
        let isRead = request.method == "GET" || request.method == "HEAD"
        if isRead, response.status == 200, let etag = response["etag"], request.knows(etag: etag) {
            response.status = 304
            response.body = []
            response.headers.removeAll { $0.name == "content-type" }
        }
        response.set("x-request-id", requestID)
        response.set("x-content-type-options", "nosniff")
        response.set("referrer-policy", "same-origin")
        response.set("x-frame-options", "DENY")
        response.set("cross-origin-opener-policy", "same-origin")
        response.set("cross-origin-resource-policy", "same-origin")
        if response["content-security-policy"] == nil {
            response.set("content-security-policy", Self.contentPolicy(isConsole: outcome.isConsole))
        }
        if response["cache-control"] == nil {
            response.set("cache-control", isRead && response["etag"] != nil ? "no-cache" : "no-store")
        }
        if settings.isSecure { response.set("strict-transport-security", "max-age=31536000; includeSubDomains") }
        response.set("date", HTTPDate.text(of: hooks.time.now))
        if response.status != 204, response.status != 304 {
            response.set("content-length", String(response.body.count))
        }
        if request.method == "HEAD" { response.body = [] }
    }

    /// Nothing inline, nothing from elsewhere. The API's answers may load nothing at all, unless one brings its own policy.
    private static func contentPolicy(isConsole: Bool) -> String {
        isConsole
            ? "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
                + "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            : "default-src 'none'; frame-ancestors 'none'"
    }

    /// One line per request; never a body, a token or a value of the query.
    func record(
        _ outcome: Outcome, _ response: WebResponse, _ request: IncomingRequest, _ requestID: String,
        _ duration: Duration
    ) {
        let method = Method(rawValue: request.method)?.rawValue ?? (request.method == "HEAD" ? "HEAD" : "other")
        figures.durations.observe(duration, method, outcome.route, String(response.status))
        var metadata: Logger.Metadata = [
            "method": "\(method)", "route": "\(outcome.route)", "status": "\(response.status)",
            "duration_us": "\(duration / .microseconds(1))", "request_id": "\(requestID)",
        ]
        if let principal = outcome.principal { metadata["principal"] = "\(principal.id)" }
        hooks.logger.log(level: response.status >= 500 ? .error : .info, "request", metadata: metadata)
    }
}

/// Dates as headers write them: `Sat, 21 Nov 2026 13:18:23 GMT`.
enum HTTPDate {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func text(of time: Timestamp) -> String {
        // 2026-11-21T13:18:23Z: the parts stand at fixed places.
        let text = Array(time.description)
        let days = Int(time.microseconds / 86_400_000_000)
        let date = CivilDay.date(of: days)
        let weekday = weekdays[((days % 7) + 7) % 7]
        return "\(weekday), \(String(text[8...9])) \(months[date.month - 1]) \(String(text[0...3])) "
            + "\(String(text[11...18])) GMT"
    }
}
