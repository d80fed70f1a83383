import Kernel
import Telephony
import Tenancy
import Web

/// Whether every call of a tenant's month is recorded.
package struct CompletenessResource: Codable, Sendable {
    /// A leg that was seen and has no record.
    package struct Gap: Codable, Sendable {
        package let legID: CallLegID
        package let nodeID: VoiceNodeID
        package let startedAt: Timestamp
        package let answeredAt: Timestamp?
        /// The last sign of life when its end was not seen.
        package let endedAt: Timestamp?
        package let isLost: Bool
    }

    package let tenantID: TenantID
    package let month: String
    /// For example `48,211 of 48,211 calls, 0 estimated`.
    package let sentence: String
    package let isComplete: Bool
    package let calls: Completeness.Tally
    package let legs: Completeness.Tally
    /// The legs that are missing, the newest first, at most 200.
    package let gaps: [Gap]

    package init(_ report: Completeness, _ month: CallMonth, _ missing: [MissingLeg]) {
        tenantID = report.tenantID
        self.month = "\(month)"
        sentence = report.sentence
        isComplete = report.isComplete
        calls = report.calls
        legs = report.legs
        gaps = missing.filter { $0.tenantID == report.tenantID }.map { leg in
            Gap(
                legID: leg.id, nodeID: leg.nodeID, startedAt: leg.startedAt, answeredAt: leg.answeredAt,
                endedAt: leg.endedAt, isLost: leg.isLost)
        }
    }
}

/// The sessions of one run of a node.
package struct NodeRunResource: Codable, Sendable {
    package let nodeID: VoiceNodeID
    package let coreUuid: String
    package let highestSession: Int64
    package let knownSessions: Int64
    package let firstAt: Timestamp
    package let lastAt: Timestamp

    package init(_ run: NodeRun) {
        nodeID = run.nodeID
        coreUuid = run.coreID.uuidString.lowercased()
        highestSession = run.highest
        knownSessions = run.known
        firstAt = run.firstAt
        lastAt = run.lastAt
    }
}

/// Per tenant, and for the platform per run of a node.
package struct CompletenessReport: Codable, Sendable {
    package let month: String
    package let tenants: [CompletenessResource]
    /// Sessions by their numbers; only the platform sees them. Sessions without a call, such as refused logins, make
    /// `known` smaller than `highest`.
    package let nodeRuns: [NodeRunResource]
}

struct AskCompleteness: Codable, Sendable {
    /// For example `2026-11`.
    let month: String
    let tenantID: TenantID?
}

extension CompletenessService {
    /// The proof, for whoever may see the calls.
    package func endpoints(_ work: UnitOfWork) -> [Endpoint] {
        [
            Endpoint(
                .get, "/v1/voice/completeness", "Prove that no call is missing", tag: "Calls",
                requires: .permission(.voiceRead)
            ) { (call: Call<AskCompleteness>) in
                let input = call.input
                let month = try CallMonth.asked(input.month)
                let tenants = try await work.read(call) { tx in
                    let gaps = try missing(month, tenant: input.tenantID, tx)
                    return try report(month, tenant: input.tenantID, tx).map { CompletenessResource($0, month, gaps) }
                }
                let isPlatform = call.principal.scope == .platform && input.tenantID == nil
                let runs = isPlatform ? try await runs(month) : []
                return CompletenessReport(
                    month: "\(month)", tenants: tenants, nodeRuns: runs.map { NodeRunResource($0) })
            }
            .described(
                """
                Every leg that the event socket of a node showed is compared with the records that came. Legs that ended \
                within the last ten minutes are not counted as missing.
                """)
        ]
    }
}
