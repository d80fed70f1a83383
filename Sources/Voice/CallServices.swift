import Kernel
import Logging
import NIOPosix
import ServiceLifecycle
import Telephony
import Tenancy
import Web

/// Everything that knows calls, put together once: their records and receipts, the proof that none is missing, and the
/// live view.
package struct CallServices: Sendable {
    package let records: CallRecordService
    package let receipts: ReceiptService
    package let completeness: CompletenessService
    package let nodes: LiveNodes
    package let refusedLogins: RefusedLogins
    package let live: LiveCallService
    private let work: UnitOfWork

    /// - Parameters:
    ///   - settle: takes back the lease of a leg in the transaction that stores its record.
    ///   - lose: takes the channels of calls whose node is gone.
    package init(
        work: UnitOfWork, links: VoiceLinks, settle: @escaping SettleLease = { _, _ in },
        lose: @escaping LoseLeases = { _, _ in 0 }
    ) {
        self.work = work
        records = CallRecordService(work: work, links: links, settle: settle)
        receipts = ReceiptService(work: work, bill: links.bill)
        completeness = CompletenessService(work: work, links: links, settle: settle, lose: lose)
        nodes = LiveNodes()
        refusedLogins = RefusedLogins()
        live = LiveCallService(nodes: nodes, refused: refusedLogins, work: work)
    }

    /// What people call. `domain` is the SIP domain of a tenant with voice.
    package func endpoints(domain: @escaping @Sendable (TenantID) -> String?) -> [Endpoint] {
        records.endpoints(receipts) + receipts.endpoints(work) + records.quarantine.endpoints(records, work)
            + completeness.endpoints(work) + live.endpoints(domain: domain)
    }

    /// The connections to the nodes; runs until shutdown.
    package func events(_ hooks: NodeHooks, logger: Logger) -> EventService {
        EventService(
            nodes: nodes, hooks: hooks, work: work, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
    }

    /// Delivers the error folder of a node.
    package func sweeper(_ source: RecordSource) -> SpoolSweeper {
        let records = records
        return SpoolSweeper(time: work.time) { body in try await records.accept(body, from: source) }
    }
}

/// The recurring work around records: tries again what waited, estimates what was lost, ends retention, and raises the
/// figures that alarms watch. A failed job is logged and holds up no other.
package struct CallHousekeeping: Service {
    private let calls: CallServices
    private let logger: Logger
    private let missing: Gauge
    private let unseen: Gauge
    private let quarantined: Gauge
    private static let interval = Duration.seconds(60)

    package init(_ calls: CallServices, metrics: Metrics, logger: Logger) {
        self.calls = calls
        self.logger = logger
        missing = metrics.gauge(
            "voice_call_records_missing", "Legs of the last two days that nodes showed and that have no record.")
        unseen = metrics.gauge(
            "voice_node_sessions_unseen",
            "Session numbers of nodes within an hour that no leg has: refused logins or gaps.")
        quarantined = metrics.gauge("voice_call_records_quarantined", "Call records that wait for a person.")
    }

    /// Until graceful shutdown.
    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try await Task.sleep(for: Self.interval)
                await turn()
            }
        }
    }

    /// One bounded batch of every job.
    package func turn() async {
        await attempt("retry waiting records") { _ = try await calls.records.retryWaiting() }
        await attempt("lose calls of absent nodes") {
            let lost = try await calls.completeness.loseAway()
            if lost > 0 { logger.error("nodes are away with their calls", metadata: ["legs": "\(lost)"]) }
        }
        await attempt("estimate lost calls") {
            let booked = try await calls.completeness.estimateLost()
            if booked > 0 { logger.error("calls of a lost node were estimated", metadata: ["legs": "\(booked)"]) }
        }
        await attempt("end retention of call records") { _ = try await calls.records.endRetention() }
        await attempt("count missing records") {
            let legs = try await calls.completeness.missingNow().count
            missing.set(legs)
            if legs > 0 { logger.error("call records are missing", metadata: ["legs": "\(legs)"]) }
            unseen.set(try await calls.completeness.unseenSessions())
            quarantined.set(try await calls.records.quarantine.openCount())
        }
    }

    private func attempt(_ job: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            logger.warning("call records", metadata: ["job": "\(job)", "error": "\(error)"])
        }
    }
}
