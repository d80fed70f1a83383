import Logging
import ServiceLifecycle
import Tenancy

/// Small recurring work: writes down which keys were used, forgets old sessions and stored answers, purges tenants whose
/// retention is over and ends their voice, ends old voice secrets, rested numbers and leases that nobody settled, looks
/// for signs of fraud. One bounded batch of each job per turn; a failed job is logged, holds up no other, and the next turn tries it again.
struct Housekeeping: Service {
    static let interval: Duration = .seconds(60)

    let tenancy: TenancyServices
    let voice: VoiceServices
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
        let tenancy = tenancy
        await attempt("note used keys") { try await tenancy.authenticator.flushLastUsed() }
        await attempt("purge sessions") { try await tenancy.sessions.purgeExpired() }
        await attempt("purge idempotency records") { _ = try await tenancy.work.purgeIdempotencyRecords() }
        await attempt("purge tenants") {
            _ = try await tenancy.work.perform(job: "purge tenants") { tx, actor in
                try tenancy.tenants.purgeDue(tx, actor)
            }
        }
        await attempt("end the voice of purged tenants") { _ = try await voice.model.endPurged() }
        await attempt("end voice secrets and numbers") { _ = try await voice.model.endWhatIsDue() }
        await attempt("sweep leases") { try await voice.sweepLeases() }
        await attempt("look for signs of fraud") {
            let signs = try await voice.model.fraud.watch()
            if signs > 0 { logger.warning("signs of fraud", metadata: ["signs": "\(signs)"]) }
        }
    }

    private func attempt(_ job: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            logger.warning("housekeeping failed", metadata: ["job": "\(job)", "error": "\(error)"])
        }
    }
}
