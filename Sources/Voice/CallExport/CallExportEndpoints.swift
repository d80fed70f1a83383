import Kernel
import Telephony
import Tenancy
import Web

extension CallRecordService {
    /// The calls that match as a file, newest first, numbers without their last digits as in lists. They are read page by
    /// page, so that no transaction waits for the writing. 404 for a tenant that the scope may not see; 422
    /// `TOO_MANY_CALLS` when more than `most` match: a file that ends somewhere would pass for a whole one.
    package func export(
        _ tenant: TenantID, _ filter: CallFilter, in scope: ScopeNode, most: Int = 50_000
    ) async throws -> RawReply {
        var (table, count, last) = (CallTable(), 0, CallCursor?.none)
        while true {
            let cursor = last
            let legs = try await work.read(in: scope) { tx in
                _ = try TenantStore.organisation(of: tenant, tx)
                return try CallLegStore.list(tenant, filter, before: cursor, limit: Self.exportPage, tx)
            }
            count += legs.count
            guard count <= most else {
                throw Problem.refused(
                    "TOO_MANY_CALLS", "More than \(most) calls match. Take a shorter span, one file after the other.")
            }
            for leg in legs { table.add(leg.masked()) }
            guard legs.count == Self.exportPage, let end = legs.last else { break }
            last = CallCursor(end)
        }
        var reply = RawReply(table.bytes, mediaType: "text/csv; charset=utf-8")
        reply.headers = [Header("content-disposition", #"attachment; filename="calls.csv""#)]
        return reply
    }

    private static let exportPage = 1_000

    func exportEndpoint() -> Endpoint {
        Endpoint(
            .get, "/v1/voice/tenants/{tenant_id}/calls:export", "Export calls", tag: "Calls",
            requires: .permission(.voiceRead)
        ) { (call: Call<ExportCalls>) in
            try await export(call.input.tenantID, call.input.conditions.filter, in: call.principal.scope)
        }
        .answering("text/csv")
        .timeLimit(seconds: 60)
        .described(
            "Comma-separated values with a heading, one line a leg, newest first, with the filters of the list; numbers "
                + "without their last digits."
        )
        .failing("TOO_MANY_CALLS")
    }
}

/// All calls of a tenant that meet the conditions of the list.
struct ExportCalls: Decodable, Sendable {
    let tenantID: TenantID
    let conditions: CallConditions

    init(from decoder: any Decoder) throws {
        tenantID = try VoicePath(from: decoder).tenantID
        conditions = try CallConditions(from: decoder)
    }
}
