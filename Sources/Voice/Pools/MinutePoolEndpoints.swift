import Kernel
import Telephony
import Tenancy
import Web

/// An organisation's pool as the API shows it, with the gauge of the running month.
package struct MinutePoolResource: Codable, Sendable, Revisioned {
    package let organisationID: OrganisationID
    /// For each month; null where there is no pool.
    package let minutes: Int64?
    /// `2026-11`, a calendar month in Europe/Vienna.
    package let month: String
    /// Of all tenants of the organisation.
    package let usedMs: Int64
    /// Granted to calls whose record has not come.
    package let reservedMs: Int64
    /// Null where there is no pool.
    package let leftMs: Int64?
    /// 0 where there is no pool.
    package let revision: Int64
    package let updatedAt: Timestamp?

    package init(_ status: MinutePoolStatus) {
        organisationID = status.organisationID
        minutes = status.pool.map { $0.milliseconds / 60_000 }
        month = "\(status.month)"
        usedMs = status.use.usedMilliseconds
        reservedMs = status.use.reservedMilliseconds
        leftMs = status.leftMilliseconds
        revision = status.pool?.revision ?? 0
        updatedAt = status.pool?.updatedAt
    }
}

struct MinutePoolPath: Codable, Sendable {
    let organisationID: OrganisationID
}

struct SetMinutePool: Codable, Sendable {
    let organisationID: OrganisationID
    /// For each month; no pool when left out.
    let minutes: Int64?
    let validateOnly: Bool?
}

func minutePoolEndpoints(_ pools: MinutePoolService, _ work: UnitOfWork) -> [Endpoint] {
    let path: PathTemplate = "/v1/voice/organisations/{organisation_id}/minute_pool"
    return [
        Endpoint(
            .get, path, "Get an organisation's minute pool", tag: "Voice", requires: .permission(.voiceRead)
        ) { (call: Call<MinutePoolPath>) in
            try await work.read(call) { tx in
                MinutePoolResource(try pools.get(call.input.organisationID, at: work.time.now, tx))
            }
        }
        .described("Minutes that all tenants of the organisation share, and where the running month stands."),

        Endpoint(
            .put, path, "Set an organisation's minute pool", tag: "Voice", requires: .permission(.voiceWrite)
        ) { (call: Call<SetMinutePool>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                MinutePoolResource(
                    try pools.update(
                        input.organisationID, MinutePoolFields(minutes: input.minutes),
                        expecting: .header(call.ifMatch),
                        tx, actor))
            }
        }
        .comparingState()
        .described(
            "A call needs minutes of its tenant and of the pool; emergency and internal calls need none. Counts from the "
                + "next grant on. Without `minutes` there is no pool."
        )
        .failing("POOL_CHANGED"),
    ]
}
