import Kernel
import Telephony
import Tenancy
import Web

/// A sign of fraud as the API shows it.
package struct FraudSignResource: Codable, Sendable, Revisioned {
    package let fraudSignID: FraudSignID
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    /// In Europe/Vienna.
    package let day: String
    package let kind: FraudSign.Kind
    package let state: RecordedSign.State
    /// What it closes, or would: a country, or first digits that belong to none.
    package let country: CountryCode?
    package let prefix: String?
    /// Since the start of the day: seconds for `time`, else calls.
    package let observed: Int64
    package let threshold: Int64
    package let sentence: String
    package let blockUntil: Timestamp?
    /// Open until then, and closed again after that.
    package let openUntil: Timestamp?
    package let blockEndedAt: Timestamp?
    package let openedBy: String?
    package let openReason: String?
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(_ stored: Stored<RecordedSign>, now: Timestamp) {
        let recorded = stored.value
        fraudSignID = recorded.id
        tenantID = stored.tenantID
        organisationID = stored.organisationID
        day = recorded.day
        kind = recorded.sign.kind
        state = recorded.state(at: now)
        country = recorded.sign.destinations?.country
        prefix = recorded.sign.destinations?.prefix
        observed = recorded.sign.observed
        threshold = recorded.sign.threshold
        sentence = recorded.sign.sentence
        blockUntil = recorded.block?.until
        openUntil = recorded.block?.openUntil
        blockEndedAt = recorded.block?.endedAt
        openedBy = recorded.opening?.by
        openReason = recorded.opening?.reason
        revision = stored.revision
        createdAt = stored.createdAt
        updatedAt = stored.updatedAt
    }
}

/// A destination to be opened again.
struct OpenDestination: Decodable, Sendable {
    let path: VoiceItemPath<FraudSignKind>
    let fields: OpenDestinationFields

    init(from decoder: any Decoder) throws {
        path = try VoiceItemPath(from: decoder)
        fields = try OpenDestinationFields(from: decoder)
    }
}

func fraudEndpoints(_ fraud: FraudService, _ work: UnitOfWork) -> [Endpoint] {
    let list = "/v1/voice/tenants/{tenant_id}/fraud_signs"
    let item = "\(list)/{fraud_sign_id}"
    let time = work.time
    return [
        Endpoint(
            .get, PathTemplate(list), "List signs of fraud, newest first", tag: "Voice",
            requires: .permission(.voiceRead)
        ) { (call: Call<VoiceListing>) in
            try await work.read(call) { tx in
                try fraud.list(of: call.input.tenantID, call.input.page, tx).map {
                    FraudSignResource($0, now: time.now)
                }
            }
        }
        .described(
            "Sudden changes of a tenant's outbound calls against its own days before: much more time, many more calls, a "
                + "risky destination for the first time, many refusals. With `on_fraud_sign` `block` in the settings a sign "
                + "closes the country with the most of it, never the tenant's own."
        )
        .failing("VOICE_OFF"),

        Endpoint(
            .get, PathTemplate(item), "Get a sign of fraud", tag: "Voice", requires: .permission(.voiceRead)
        ) { (call: Call<VoiceItemPath<FraudSignKind>>) in
            try await work.read(call) { tx in
                FraudSignResource(try fraud.get(call.input.id, of: call.input.tenantID, tx), now: time.now)
            }
        }
        .failing("VOICE_OFF"),

        Endpoint(
            .post, PathTemplate("\(item):unblock"), "Open what a sign of fraud closed", tag: "Voice",
            requires: .permission(.voiceWrite)
        ) { (call: Call<OpenDestination>) in
            let input = call.input
            return try await work.perform(call) { tx, actor in
                let opened = try fraud.open(
                    input.path.id, of: input.path.tenantID, input.fields, expecting: .header(call.ifMatch), tx, actor)
                return FraudSignResource(opened, now: actor.now)
            }
        }
        .comparingState()
        .described(
            "For good, or `until` a moment after which it is closed again while the block lasts. The same sign closes "
                + "nothing again on its day. Only the organisation that manages the tenant and the platform can."
        )
        .failing("VOICE_OFF", "NOT_BLOCKED", "PARTNER_DECIDES"),
    ]
}
