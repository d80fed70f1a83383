import Kernel
import Tenancy
import Web

/// The form that changes an instance, and the steps that end its life and begin it again.
struct InstanceEditRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(.get, "/instances/{instance_id}/edit", requires: .permission(.instanceWrite), use: editForm),
            PageRoute(.post, "/instances/{instance_id}/edit", requires: .permission(.instanceWrite), use: update)
                .recovering { call in try await refused(call) },
            step("/instances/{instance_id}/retire", .retired, "is retired"),
            step("/instances/{instance_id}/reactivate", .active, "takes new tenants again"),
        ]
    }

    struct PathInput: Codable, Sendable {
        let instanceID: InstanceID
    }

    @Sendable private func editForm(_ call: PageCall<PathInput>) async throws -> PageReply {
        let id = call.input.instanceID
        let instance = try await services.work.read(call) { tx in try services.tenancy.instances.get(id, tx) }
        let profile = instance.profile
        let values = [
            "revision": "\(instance.revision)", "display_name": profile.displayName, "region": profile.region,
            "version": profile.version, "order": instance.licence?.order ?? "",
            "size": instance.licence?.size.rawValue ?? "",
        ]
        return .page(
            InstanceEditPage(
                id: "\(id)", name: profile.displayName, state: FormState(values: values),
                isDeployment: instance.host == .endCustomer
            ).page)
    }

    struct EditInput: Codable, Sendable {
        let instanceID: InstanceID
        let revision: Int64?
        let displayName: String?
        let region: String?
        let version: String?
        let order: String?
        let size: InstanceLicence.Size?

        /// A form says everything: what was left empty is empty; only an order and a size stay what they were.
        var changes: InstanceChanges {
            var changes = InstanceChanges()
            changes.displayName = displayName ?? ""
            changes.region = region ?? ""
            changes.version = version ?? ""
            changes.order = order
            changes.size = size
            return changes
        }
    }

    @Sendable private func update(_ call: PageCall<EditInput>) async throws -> PageReply {
        let input = call.input
        let instance = try await services.work.perform(call) { tx, actor in
            try services.tenancy.instances.update(
                input.instanceID, input.changes, expecting: ExpectedRevision(form: input.revision), tx, actor)
        }
        return .redirect(
            to: "/instances/\(instance.id)", flash: Flash(.ok, "\(instance.profile.displayName) is saved."))
    }

    private func refused(_ call: PageCall<Submission>) async throws -> PageReply {
        let id: InstanceID = try call.input.id("instance_id")
        let instance = try await services.work.read(call) { tx in try services.tenancy.instances.get(id, tx) }
        let page = InstanceEditPage(
            id: "\(id)", name: instance.profile.displayName,
            state: FormState(call.input, presentRevision: instance.revision),
            isDeployment: instance.host == .endCustomer)
        return .page(page.page, status: call.input.status)
    }

    struct StepInput: Codable, Sendable {
        let instanceID: InstanceID
        let revision: Int64?
    }

    private func step(_ path: PathTemplate, _ state: Instance.State, _ done: String) -> PageRoute {
        PageRoute(.post, path, requires: .permission(.instanceWrite)) { (call: PageCall<StepInput>) in
            let input = call.input
            var changes = InstanceChanges()
            changes.state = state
            let wanted = changes
            let instance = try await services.work.perform(call) { tx, actor in
                try services.tenancy.instances.update(
                    input.instanceID, wanted, expecting: ExpectedRevision(form: input.revision), tx, actor)
            }
            return .redirect(
                to: "/instances/\(instance.id)", flash: Flash(.ok, "\(instance.profile.displayName) \(done)."))
        }
        .recovering { call in
            .redirect(
                to: "/instances/\(call.input.values["instance_id"] ?? "")",
                flash: Flash(.bad, call.input.problem.detail))
        }
    }
}
