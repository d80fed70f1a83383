import Kernel
import Rating
import Telephony
import Tenancy
import Voice
import Web

/// Pages of signs of fraud, of opening what they closed, and of proposed permissions.
struct VoiceFraudRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        let (reading, writing) = (Requirement.permission(.voiceRead), Requirement.permission(.voiceWrite))
        let list = "/tenants/{tenant_id}/voice/fraud_signs"
        return [
            PageRoute(.get, PathTemplate(list), requires: reading, use: show),
            PageRoute(.get, PathTemplate("\(list)/{fraud_sign_id}"), requires: writing, use: form),
            PageRoute(.post, PathTemplate("\(list)/{fraud_sign_id}/unblock"), requires: writing, use: open)
                .recovering(again),
            PageRoute(
                .post, "/tenants/{tenant_id}/voice/permission_proposals/accept", requires: writing, use: accept
            )
            .recovering { call in
                .redirect(
                    to: "/tenants/\(call.input.values["tenant_id"] ?? "")/voice/fraud_signs",
                    flash: Flash(.bad, call.input.problem.detail))
            },
        ]
    }

    // MARK: Signs

    struct ListInput: Codable, Sendable {
        let tenantID: TenantID
        let cursor: String?
    }

    @Sendable private func show(_ call: PageCall<ListInput>) async throws -> PageReply {
        let (id, now) = (call.input.tenantID, call.now)
        let request = PageRequest(limit: nil, cursor: call.input.cursor)
        let (mayEdit, mayOpen) = (call.principal.holds(.voiceWrite), !call.principal.isOfTenant)
        let page = try await services.work.read(call) { tx in
            let place = try services.voicePlace(id, tx)
            let found = try services.voice.fraud.list(of: id, request, tx)
            let proposals = try services.voice.proposals.list(of: id, now: now, tx)
            return VoiceFraudPage(
                place: place, signs: found.items.map { FraudSignResource($0, now: now) },
                proposals: proposals.map(Self.row), response: try services.voice.settings.get(id, tx).value.onFraudSign,
                mayEdit: mayEdit, mayOpen: mayEdit && mayOpen,
                nextPath: NextPage.path("\(place.path)/fraud_signs", [:], cursor: found.nextCursor)
            ).page
        }
        return .page(page)
    }

    private static func row(_ proposal: PermissionProposal) -> VoiceFraudPage.Proposal {
        let destinations = proposal.destinations
        return VoiceFraudPage.Proposal(
            destination: destinations.words, sentence: proposal.sentence,
            last: DisplayText.minute(proposal.lastDialledAt),
            hidden: [
                ("country", destinations.country?.code ?? ""), ("destination_kind", destinations.kind?.rawValue ?? ""),
                ("prefix", destinations.prefix ?? ""),
            ])
    }

    struct SignInput: Codable, Sendable {
        let tenantID: TenantID
        let fraudSignID: FraudSignID
    }

    @Sendable private func form(_ call: PageCall<SignInput>) async throws -> PageReply {
        let (input, now) = (call.input, call.now)
        let page = try await services.work.read(call) { tx in
            let stored = try services.voice.fraud.get(input.fraudSignID, of: input.tenantID, tx)
            return VoiceFraudSignPage(
                place: try services.voicePlace(input.tenantID, tx), sign: FraudSignResource(stored, now: now),
                state: FormState(values: ["revision": "\(stored.revision)"])
            ).page
        }
        return .page(page)
    }

    struct OpenInput: Codable, Sendable {
        let tenantID: TenantID
        let fraudSignID: FraudSignID
        let revision: Int64?
        let reason: String?
        let openOn: CalendarDate?
    }

    @Sendable private func open(_ call: PageCall<OpenInput>) async throws -> PageReply {
        let input = call.input
        let until = input.openOn.map { Timestamp(microseconds: ViennaTime.instant($0.adding(days: 1))) }
        _ = try await services.work.perform(call) { tx, actor in
            try services.voice.fraud.open(
                input.fraudSignID, of: input.tenantID, OpenDestinationFields(reason: input.reason ?? "", until: until),
                expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        return .redirect(
            to: "/tenants/\(input.tenantID)/voice/fraud_signs", flash: Flash(.ok, "The destination is open again."))
    }

    @Sendable private func again(_ call: PageCall<Submission>) async throws -> PageReply {
        let (submission, now) = (call.input, call.now)
        guard let tenantID = TenantID(submission.values["tenant_id"] ?? ""),
            let id = FraudSignID(submission.values["fraud_sign_id"] ?? "")
        else { throw submission.problem }
        let page = try await services.work.read(call) { tx in
            let stored = try services.voice.fraud.get(id, of: tenantID, tx)
            let state = FormState(submission, presentRevision: stored.revision)
            return VoiceFraudSignPage(
                place: try services.voicePlace(tenantID, tx), sign: FraudSignResource(stored, now: now),
                state: FormState(
                    values: state.values,
                    errors: state.errors.map { error in
                        Problem.FieldError(
                            field: error.field == "until" ? "open_on" : error.field, message: error.message)
                    })
            ).page
        }
        return .page(page, status: submission.status)
    }

    // MARK: Proposals

    struct AcceptInput: Codable, Sendable {
        let tenantID: TenantID
        let country: CountryCode?
        let destinationKind: DestinationKind?
        let prefix: String?
    }

    @Sendable private func accept(_ call: PageCall<AcceptInput>) async throws -> PageReply {
        let input = call.input
        var fields = AcceptProposalFields()
        (fields.country, fields.kind, fields.prefix) = (input.country, input.destinationKind, input.prefix)
        let asked = fields
        let rule = try await services.work.perform(call) { tx, actor in
            try services.voice.proposals.accept(asked, of: input.tenantID, tx, actor)
        }
        let words = rule.value.permission.destinations.words
        return .redirect(
            to: "/tenants/\(input.tenantID)/voice/fraud_signs", flash: Flash(.ok, "\(words) is allowed for 30 days."))
    }
}
