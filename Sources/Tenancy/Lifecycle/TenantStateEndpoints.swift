import Kernel
import Web

/// The input of one step of a tenant's life; each step has its own, because they need different things.
private protocol TransitionInput: Codable, Sendable {
    var tenantID: TenantID { get }
    var validateOnly: Bool? { get }
    var transition: TenantTransition { get }
}

private struct ActivateTenant: TransitionInput {
    let tenantID: TenantID
    let validateOnly: Bool?
    var transition: TenantTransition { .activate }
}

private struct ResumeTenant: TransitionInput {
    let tenantID: TenantID
    let validateOnly: Bool?
    var transition: TenantTransition { .resume }
}

private struct SuspendTenant: TransitionInput {
    let tenantID: TenantID
    let reason: String
    let validateOnly: Bool?
    var transition: TenantTransition { .suspend(reason: reason) }
}

private struct ArchiveTenant: TransitionInput {
    let tenantID: TenantID
    let reason: String
    let validateOnly: Bool?
    var transition: TenantTransition { .archive(reason: reason) }
}

private struct PurgeTenant: TransitionInput {
    let tenantID: TenantID
    let reason: String?
    /// Before the retention is over; needs a reason.
    let early: Bool?
    let validateOnly: Bool?
    var transition: TenantTransition { .purge(reason: reason ?? "", early: early ?? false) }
}

func tenantTransitionEndpoints(_ tenants: TenantService, _ work: UnitOfWork) -> [Endpoint] {
    func endpoint<Input: TransitionInput>(_ input: Input.Type, _ path: PathTemplate, _ summary: String) -> Endpoint {
        Endpoint(.post, path, summary, tag: "Tenants", requires: .permission(.tenantTransition)) {
            (call: Call<Input>) in
            let input = call.input
            return try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                TenantResource(
                    try tenants.transition(
                        input.tenantID, input.transition, expecting: .header(call.ifMatch), tx, actor))
            }
        }
        .comparingState().failing("TENANT_STATE")
    }
    return [
        endpoint(ActivateTenant.self, "/v1/tenants/{tenant_id}:activate", "Put a provisioned tenant into service"),
        endpoint(SuspendTenant.self, "/v1/tenants/{tenant_id}:suspend", "Suspend a tenant"),
        endpoint(ResumeTenant.self, "/v1/tenants/{tenant_id}:resume", "Resume a suspended tenant"),
        endpoint(ArchiveTenant.self, "/v1/tenants/{tenant_id}:archive", "Archive a tenant and revoke its API keys"),
        endpoint(PurgeTenant.self, "/v1/tenants/{tenant_id}:purge", "Delete an archived tenant's content")
            .failing("TENANT_RETENTION"),
    ]
}
