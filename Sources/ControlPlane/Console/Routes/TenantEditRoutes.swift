import Kernel
import Postgres
import Tenancy
import Web

/// The forms that change a tenant and that delete an archived one's content.
struct TenantEditRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(.get, "/tenants/{tenant_id}/edit", requires: .permission(.tenantWrite), use: editForm),
            PageRoute(.post, "/tenants/{tenant_id}/edit", requires: .permission(.tenantWrite), use: update)
                .recovering { call in
                    try await refused(call) { tenant, state, tx in try editPage(of: tenant, state, tx) }
                },
            PageRoute(.get, "/tenants/{tenant_id}/purge", requires: .permission(.tenantTransition), use: purgeForm),
            PageRoute(.post, "/tenants/{tenant_id}/purge", requires: .permission(.tenantTransition), use: purge)
                .recovering { call in
                    try await refused(call) { tenant, state, _ in purgePage(of: tenant, state) }
                },
        ]
    }

    struct PathInput: Codable, Sendable {
        let tenantID: TenantID
    }

    @Sendable private func editForm(_ call: PageCall<PathInput>) async throws -> PageReply {
        let id = call.input.tenantID
        let page = try await services.work.read(call) { tx in
            let tenant = try services.tenancy.tenants.get(id, tx)
            let settings = tenant.settings
            let values = [
                "revision": "\(tenant.revision)", "display_name": settings.displayName,
                "kind": settings.kind.rawValue, "voice_enabled": "\(settings.voiceEnabled)",
                "end_customer_id": settings.endCustomerID?.description ?? "",
            ]
            return try editPage(of: tenant, FormState(values: values), tx)
        }
        return .page(page)
    }

    private func editPage(
        of tenant: Tenant, _ state: FormState, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> ConsolePage {
        TenantEditPage(
            id: "\(tenant.id)", name: tenant.settings.displayName, state: state,
            customers: try Choices(services).organisations(of: [.endCustomer], tx),
            hasCustomer: tenant.settings.endCustomerID != nil
        ).page
    }

    struct EditInput: Codable, Sendable {
        let tenantID: TenantID
        let revision: Int64?
        let displayName: String?
        let kind: Tenant.Kind?
        let voiceEnabled: Bool
        let endCustomerID: OrganisationID?

        var changes: TenantChanges {
            var changes = TenantChanges()
            changes.displayName = displayName ?? ""
            changes.kind = kind
            changes.voiceEnabled = voiceEnabled
            changes.endCustomerID = endCustomerID
            return changes
        }
    }

    @Sendable private func update(_ call: PageCall<EditInput>) async throws -> PageReply {
        let input = call.input
        let tenant = try await services.work.perform(call) { tx, actor in
            try services.tenancy.tenants.update(
                input.tenantID, input.changes, expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        return .redirect(
            to: "/tenants/\(tenant.id)", flash: Flash(.ok, "\(tenant.settings.displayName) is saved."))
    }

    // MARK: Purging

    @Sendable private func purgeForm(_ call: PageCall<PathInput>) async throws -> PageReply {
        let id = call.input.tenantID
        let tenant = try await services.work.read(call) { tx in try services.tenancy.tenants.get(id, tx) }
        return .page(purgePage(of: tenant, FormState(values: ["revision": "\(tenant.revision)"])))
    }

    private func purgePage(of tenant: Tenant, _ state: FormState) -> ConsolePage {
        TenantPurgePage(
            id: "\(tenant.id)", name: tenant.settings.displayName, slug: tenant.slug,
            purgeDay: tenant.state.purgeAt.map { DisplayText.day($0) } ?? DisplayText.nothing, state: state
        ).page
    }

    struct PurgeInput: Codable, Sendable {
        let tenantID: TenantID
        let revision: Int64?
        let slug: String?
        let reason: String?
    }

    /// Before the retention is over: after it, a job has done it already.
    @Sendable private func purge(_ call: PageCall<PurgeInput>) async throws -> PageReply {
        let input = call.input
        let tenant = try await services.work.perform(call) { tx, actor in
            let tenant = try services.tenancy.tenants.get(input.tenantID, tx)
            guard input.slug?.trimmed == tenant.slug else {
                throw Problem.invalid("slug", "must be typed exactly as it is: \(tenant.slug)")
            }
            return try services.tenancy.tenants.transition(
                input.tenantID, .purge(reason: input.reason ?? "", early: true),
                expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        return .redirect(
            to: "/tenants/\(tenant.id)", flash: Flash(.ok, "\(tenant.settings.displayName) is purged."))
    }

    private func refused(
        _ call: PageCall<Submission>,
        _ page: @escaping @Sendable (Tenant, FormState, borrowing Transaction<ScopeNode>) throws -> ConsolePage
    ) async throws -> PageReply {
        let id: TenantID = try call.input.id("tenant_id")
        let submission = call.input
        let shown = try await services.work.read(call) { tx in
            let tenant = try services.tenancy.tenants.get(id, tx)
            return try page(tenant, FormState(submission, presentRevision: tenant.revision), tx)
        }
        return .page(shown, status: submission.status)
    }
}
