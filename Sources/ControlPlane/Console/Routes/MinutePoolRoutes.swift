import Kernel
import Postgres
import Rating
import Tenancy
import Voice
import Web

/// The page of an organisation's minute pool.
struct MinutePoolRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        let path: PathTemplate = "/organisations/{organisation_id}/minute_pool"
        return [
            PageRoute(.get, path, requires: .permission(.voiceRead), use: show),
            PageRoute(.post, path, requires: .permission(.voiceWrite), use: save).recovering(again),
        ]
    }

    struct PoolInput: Codable, Sendable {
        let organisationID: OrganisationID
    }

    struct PoolForm: Codable, Sendable {
        let organisationID: OrganisationID
        let revision: Int64?
        let minutes: Int64?
    }

    @Sendable private func show(_ call: PageCall<PoolInput>) async throws -> PageReply {
        let (id, mayEdit) = (call.input.organisationID, call.principal.holds(.voiceWrite))
        let page = try await services.work.read(call) { tx in
            try poolPage(of: id, at: call.now, mayEdit: mayEdit, tx) { pool in
                FormState(values: [
                    "revision": "\(pool.revision)", "minutes": pool.minutes.map { "\($0)" } ?? "",
                ])
            }
        }
        return .page(page)
    }

    @Sendable private func save(_ call: PageCall<PoolForm>) async throws -> PageReply {
        let input = call.input
        let saved = try await services.work.perform(call) { tx, actor in
            try services.voice.pools.update(
                input.organisationID, MinutePoolFields(minutes: input.minutes),
                expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        return .redirect(
            to: "/organisations/\(input.organisationID)/minute_pool",
            flash: Flash(.ok, saved.pool == nil ? "There is no pool any more." : "The pool is saved."))
    }

    @Sendable private func again(_ call: PageCall<Submission>) async throws -> PageReply {
        let submission = call.input
        guard let id = OrganisationID(submission.values["organisation_id"] ?? "") else { throw submission.problem }
        let page = try await services.work.read(call) { tx in
            try poolPage(of: id, at: call.now, mayEdit: true, tx) { pool in
                FormState(submission, presentRevision: pool.revision)
            }
        }
        return .page(page, status: submission.status)
    }

    private func poolPage(
        of id: OrganisationID, at now: Timestamp, mayEdit: Bool, _ tx: borrowing Transaction<ScopeNode>,
        _ state: (MinutePoolResource) -> FormState
    ) throws -> ConsolePage {
        let status = try services.voice.pools.get(id, at: now, tx)
        let pool = MinutePoolResource(status)
        return MinutePoolPage(
            organisationID: "\(id)", name: try services.tenancy.organisations.get(id, tx).profile.displayName,
            pool: pool, month: status.month.display, state: state(pool), mayEdit: mayEdit
        ).page
    }
}
