import FoundationEssentials
import Kernel
import Postgres
import Telephony

package enum QuarantineKind: IdentifierKind { package static let prefix = "quarantine" }
package typealias QuarantineID = ID<QuarantineKind>

/// A delivered body that could not be booked.
package struct QuarantinedRecord: Sendable, Hashable {
    /// What became of it.
    package enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLEncodable, SQLDecodable {
        case open
        /// Booked later.
        case replayed
        /// Somebody decided that it is nothing.
        case discarded
    }

    package let id: QuarantineID
    package let source: RecordSource
    package let reason: String
    package let detail: String
    /// Where it could be read.
    package let legID: CallLegID?
    package let state: State
    package let receivedAt: Timestamp
    /// How often the node delivered the same bytes.
    package let times: Int64
    package let resolvedAt: Timestamp?
    package let bytes: Int64
}

/// Why a record was not booked.
struct Finding: Sendable, Hashable {
    let reason: String
    let detail: String

    init(_ reason: String, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }

    /// What billing or voice itself refused.
    init(_ problem: Problem) {
        self.init(String(problem.reason.lowercased().prefix(60)), String(problem.detail.prefix(500)))
    }

    init(_ error: MalformedRecord) { self.init(error.reason.rawValue, error.detail) }

    static let unknownTenant = Finding(
        "unknown_tenant", "Nothing in the record says which tenant the leg belongs to.")
    static let foreignTenant = Finding(
        "foreign_tenant", "The node serves another instance than the one of the leg's tenant.")
    static let implausibleTime = Finding(
        "implausible_time", "The leg ended in the future or began more than 400 days ago: the node's clock is wrong.")
}

extension QuarantinedRecord: RowDecodable {
    package init(row: Row) throws {
        self.init(
            id: try row.value("quarantine_id"),
            source: RecordSource(
                nodeID: try row.value("node_id"), organisationID: try row.value("organisation_id"),
                instanceID: try row.value("instance_id")),
            reason: try row.value("reason"),
            detail: try row.value("detail"), legID: try row.value("leg_id"), state: try row.value("state"),
            receivedAt: try row.value("received_at"), times: try row.value("times"),
            resolvedAt: try row.value("resolved_at"), bytes: try row.value("bytes"))
    }
}
