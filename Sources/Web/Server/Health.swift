import Kernel
import ServiceLifecycle
import Synchronization

/// Where the process is between start and end.
final class Readiness: Sendable {
    enum Stage: Sendable { case starting, serving, draining }

    private let stage = Mutex(Stage.starting)
    private let checks: [ReadinessCheck]

    init(checks: [ReadinessCheck]) { self.checks = checks }

    func enter(_ new: Stage) { stage.withLock { $0 = new } }

    /// Why the service should get no requests now; empty when it should. A check that hangs counts as trouble.
    func reasons() async -> [String] {
        switch stage.withLock({ $0 }) {
        case .starting: return ["starting"]
        case .draining: return ["shutting down"]
        case .serving: break
        }
        return await withTaskGroup(of: String?.self) { group in
            for check in checks {
                group.addTask {
                    do {
                        let trouble = try await withTimeLimit(.seconds(2)) { await check.trouble() }
                        return trouble.map { "\(check.name): \($0)" }
                    } catch {
                        return "\(check.name): no answer in time"
                    }
                }
            }
            return await group.reduce(into: []) { reasons, reason in
                if let reason { reasons.append(reason) }
            }.sorted()
        }
    }
}

/// Turns readiness false as the first step of a shutdown and holds the next step back for a while. It stands after the
/// main server in the list of services, because shutdown goes from the end to the front.
struct DrainGate: Service {
    let readiness: Readiness
    let delay: Duration

    func run() async {
        do {
            try await gracefulShutdown()
            readiness.enter(.draining)
            try await Task.sleep(for: delay)
        } catch {
            readiness.enter(.draining)
        }
    }
}

/// `/livez`, `/readyz`, `/metrics`: on a listener of their own, so that a full main listener does not hide the process.
struct HealthApplication: Sendable {
    let readiness: Readiness
    let metrics: Metrics

    func respond(to request: IncomingRequest) async -> WebResponse {
        guard request.method == "GET" || request.method == "HEAD" else {
            return text(405, "Only GET.\n")
        }
        var response: WebResponse
        switch request.path {
        case "/livez": response = text(200, "alive\n")
        case "/readyz": response = await ready()
        case "/metrics":
            response = WebResponse(status: 200, body: Array(metrics.rendered().utf8))
            response.set("content-type", "text/plain; version=0.0.4; charset=utf-8")
        default: response = text(404, "There are /livez, /readyz and /metrics.\n")
        }
        response.set("content-length", String(response.body.count))
        response.set("cache-control", "no-store")
        if request.method == "HEAD" { response.body = [] }
        return response
    }

    private func ready() async -> WebResponse {
        let reasons = await readiness.reasons()
        let document: JSON = [
            "ready": .bool(reasons.isEmpty), "reasons": .array(reasons.map { .string($0) }),
        ]
        var response = WebResponse(status: reasons.isEmpty ? 200 : 503, body: document.bytes)
        response.set("content-type", "application/json")
        return response
    }

    private func text(_ status: Int, _ text: String) -> WebResponse {
        var response = WebResponse(status: status, body: Array(text.utf8))
        response.set("content-type", "text/plain; charset=utf-8")
        return response
    }
}
