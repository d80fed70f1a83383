import Kernel
import Postgres
import Telephony
import Tenancy
import Web

/// A destination that users keep dialling and nothing allows, as the API shows it.
package struct PermissionProposalResource: Codable, Sendable {
    package let country: CountryCode?
    package let kind: DestinationKind?
    package let prefix: String?
    /// How often it was refused, and on how many days.
    package let calls: Int
    package let days: Int
    package let lastDialledAt: Timestamp
    package let sentence: String

    package init(_ proposal: PermissionProposal) {
        country = proposal.destinations.country
        kind = proposal.destinations.kind
        prefix = proposal.destinations.prefix
        calls = proposal.calls
        days = proposal.days
        lastDialledAt = proposal.lastDialledAt
        sentence = proposal.sentence
    }
}

/// The proposals of a tenant: all of them, they are few.
package struct PermissionProposalsResource: Codable, Sendable {
    package let tenantID: TenantID
    package let items: [PermissionProposalResource]
}

/// Which proposal is accepted, by its destinations.
package struct AcceptProposalFields: Codable, Sendable {
    package var country: CountryCode?
    package var kind: DestinationKind?
    package var prefix: String?
    /// 30 days from now when left out.
    package var expiresAt: Timestamp?
    package var reason: String?

    package init() {}

    var destinations: DialPermission.Destinations { .init(country: country, kind: kind, prefix: prefix) }
}

/// Learns from what users dial.
package struct ProposalService: Sendable {
    let work: UnitOfWork
    let plan: @Sendable (TenantID) -> VoicePlan.Entry?
    let permissions: DialPermissionService

    static let span = Duration.seconds(30 * 86_400)
    /// How long an accepted proposal holds when nobody says otherwise.
    static let life = Duration.seconds(30 * 86_400)
    static let most = 5_000

    /// Destinations that users were refused again and again on several days of the last 30. Two weeks of calls are needed
    /// to say anything; premium numbers and satellites are never proposed.
    package func list(
        of id: TenantID, now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [PermissionProposal] {
        _ = try VoiceTenant.get(id, tx)
        // a tenant that is just being switched on has called nothing yet
        guard let plan = plan(id)?.plan else { return [] }
        let span = now.advanced(by: .zero - Self.span)..<now
        let first = try RecordedCallStore.page(of: id, in: span, after: nil, limit: 1, tx)
        let refused = try RecordedCallStore.refused(
            of: id, for: .destinationNotAllowed, in: span, limit: Self.most, tx)
        let calls = (first + refused.filter { $0.id != first.first?.id }).compactMap { $0.call(in: plan) }
        var policy = plan.policy
        policy.permissions = try DialPermissionStore.all(of: [id], tx).map(\.value.permission)
        return PermissionProposal.allowances(from: calls, plan: plan.with(policy), now: now)
    }

    /// Makes the permission that a proposal speaks for. 409 `PROPOSAL_GONE` when nothing speaks for it any more.
    package func accept(
        _ fields: AcceptProposalFields, of id: TenantID, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> Stored<DialRule> {
        let proposals = try list(of: id, now: actor.now, tx)
        guard let proposal = proposals.first(where: { $0.destinations == fields.destinations }) else {
            throw Problem.conflict("PROPOSAL_GONE", "Nothing speaks for this destination any more. Look again.")
        }
        var permission = DialPermissionFields(allowed: true)
        permission.country = fields.country
        permission.kind = fields.kind
        permission.prefix = fields.prefix
        permission.reason = fields.reason ?? "Proposed: \(proposal.sentence)"
        permission.expiresAt = fields.expiresAt ?? actor.now.advanced(by: Self.life)
        return try permissions.create(permission, of: id, tx, actor)
    }
}

func proposalEndpoints(_ proposals: ProposalService, _ work: UnitOfWork) -> [Endpoint] {
    let path = "/v1/voice/tenants/{tenant_id}/permission_proposals"
    return [
        Endpoint(
            .get, PathTemplate(path), "List proposed permissions", tag: "Voice", requires: .permission(.voiceRead)
        ) { (call: Call<VoicePath>) in
            let id = call.input.tenantID
            return try await work.read(call) { tx in
                PermissionProposalsResource(
                    tenantID: id,
                    items: try proposals.list(of: id, now: work.time.now, tx).map(PermissionProposalResource.init))
            }
        }
        .described(
            "Destinations that users dialled again and again within 30 days and that nothing allows. Two weeks of calls are "
                + "needed to say anything; premium numbers and satellites are never proposed."
        )
        .failing("VOICE_OFF"),

        Endpoint(
            .post, PathTemplate("\(path):accept"), "Accept a proposed permission", tag: "Voice",
            requires: .permission(.voiceWrite)
        ) { (call: Call<NewVoiceItem<AcceptProposalFields>>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                DialPermissionResource(try proposals.accept(input.fields, of: input.tenantID, tx, actor))
            }
        }
        .status(201)
        .described("Makes a permission of the whole tenant for the proposal's destinations, for 30 days by default.")
        .failing("VOICE_OFF", "PROPOSAL_GONE", "PARTNER_DECIDES"),
    ]
}
