import Logging
import ServiceLifecycle
import Tenancy

/// Small recurring work: writes down which keys were used, forgets old sessions and stored answers. One bounded batch per
/// turn; a failed turn is logged and the next one tries again.
struct Housekeeping: Service {
    static let interval: Duration = .seconds(60)

    let tenancy: TenancyServices
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try await Task.sleep(for: Self.interval)
                await turn()
            }
        }
    }

    private func turn() async {
        do {
            try await tenancy.authenticator.flushLastUsed()
            try await tenancy.sessions.purgeExpired()
            _ = try await tenancy.work.purgeIdempotencyRecords()
        } catch {
            logger.warning("housekeeping failed", metadata: ["error": "\(error)"])
        }
    }
}
