import Billing
import Kernel
import Postgres
import Tenancy
import Web

/// Pages of running stacks.
struct InstanceRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(.get, "/instances", requires: .permission(.instanceRead), use: list),
            PageRoute(.get, "/instances/new", requires: .permission(.instanceWrite), use: blankForm),
            PageRoute(.post, "/instances", requires: .permission(.instanceWrite), use: create)
                .recovering { call in try await form(call, FormState(call.input), status: call.input.status) },
            PageRoute(.get, "/instances/{instance_id}", requires: .permission(.instanceRead), use: show),
        ]
    }

    struct ListInput: Codable, Sendable {
        let cursor: String?
    }

    @Sendable private func list(_ call: PageCall<ListInput>) async throws -> PageReply {
        let request = PageRequest(limit: nil, cursor: call.input.cursor)
        let page = try await services.work.read(call) { tx in
            let found = try services.tenancy.instances.list(InstanceFilter(), request, tx)
            let counts = try TenantStore.counts(on: found.items.map(\.id), tx)
            var names = NameBook(services)
            var rows: [InstanceListPage.Row] = []
            for instance in found.items {
                rows.append(
                    InstanceListPage.Row(
                        id: "\(instance.id)", name: instance.profile.displayName, host: instance.host.words,
                        owner: try names.organisation(instance.ownerID, tx), region: instance.profile.region,
                        version: instance.profile.version, tenants: counts[instance.id] ?? 0,
                        isRetired: instance.state == .retired))
            }
            return InstanceListPage(
                rows: rows, nextPath: NextPage.path("/instances", [:], cursor: found.nextCursor),
                mayCreate: call.principal.holds(.instanceWrite)
            ).page
        }
        return .page(page)
    }

    struct PathInput: Codable, Sendable {
        let instanceID: InstanceID
    }

    @Sendable private func show(_ call: PageCall<PathInput>) async throws -> PageReply {
        let id = call.input.instanceID
        let page = try await services.work.read(call) { tx in
            let instance = try services.tenancy.instances.get(id, tx)
            var names = NameBook(services)
            var filter = TenantFilter()
            filter.instanceID = id
            let tenants = try services.tenancy.tenants.list(
                filter, PageRequest(limit: Limits.pageMaximum, cursor: nil), tx)
            let capacity = try capacity(of: instance, for: call.principal, now: call.now, tx)
            return InstancePage(
                id: "\(id)", name: instance.profile.displayName, isRetired: instance.state == .retired,
                facts: [
                    Fact("Hosted by", text: instance.host.words), Fact("Program", text: instance.host.program.words),
                    Fact("Size", text: instance.licence.map { DisplayText.words($0.size.rawValue) }),
                    Fact("Order", text: instance.licence?.order),
                    Fact("Owner", text: try names.organisation(instance.ownerID, tx)),
                    Fact("Managed by", text: try names.organisation(instance.organisationID, tx)),
                    Fact("Region", text: instance.profile.region), Fact("Version", text: instance.profile.version),
                    Fact("Since", text: DisplayText.day(instance.createdAt)),
                ],
                capacity: capacity,
                tenants: try TenantRoutes(services: services).rows(tenants.items, &names, now: call.now, tx),
                refusal: instance.state == .retired ? "This instance is retired." : nil,
                mayProvision: call.principal.holds(.tenantWrite),
                editing: call.principal.holds(.instanceWrite)
                    ? InstanceStateCard(
                        id: "\(id)", name: instance.profile.displayName, isRetired: instance.state == .retired,
                        revision: instance.revision) : nil
            ).page
        }
        return .page(page)
    }

    /// Of a deployment whose size is known.
    private func capacity(
        of instance: Instance, for viewer: Principal, now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> InstancePage.Capacity? {
        guard instance.licence != nil, viewer.holds(.usageRead) else { return nil }
        let found = try CapacityService.capacity(of: instance.id, in: .present(at: now), tx)
        return InstancePage.Capacity(
            months: found.months.map { ($0.month.display, $0.turns) }, turns: found.capacity,
            notice: found.notice?.sentence, tone: found.notice?.level == .nearing ? .info : .warn)
    }

    struct NewInput: Codable, Sendable {
        let host: InstanceHost
        let organisationID: OrganisationID?
        let ownerID: OrganisationID?
        let displayName: String?
        let region: String?
        let version: String?
        let order: String?
        let size: InstanceLicence.Size?

        var changes: InstanceChanges {
            var changes = InstanceChanges()
            changes.displayName = displayName ?? ""
            changes.region = region
            changes.version = version
            changes.order = order
            changes.size = size
            return changes
        }
    }

    @Sendable private func blankForm(_ call: PageCall<NoInput>) async throws -> PageReply {
        let vendor = try await services.work.read(call) { tx in
            try Choices(services).organisations(of: [.vendor], tx).first?.value ?? ""
        }
        return try await form(
            call,
            FormState(values: [
                "host": hosts(for: call.principal)[0].value, "organisation_id": vendor, "owner_id": vendor,
            ]))
    }

    @Sendable private func create(_ call: PageCall<NewInput>) async throws -> PageReply {
        let input = call.input
        let instance = try await services.work.perform(call) { tx, actor in
            try services.tenancy.instances.create(
                at: input.host, for: input.organisationID, ownedBy: input.ownerID, input.changes, tx, actor)
        }
        return .redirect(
            to: "/instances/\(instance.id)", flash: Flash(.ok, "\(instance.profile.displayName) is registered."))
    }

    private func form<Input>(
        _ call: PageCall<Input>, _ state: FormState, status: Int = 200
    ) async throws -> PageReply {
        let (organisations, owners) = try await services.work.read(call) { tx in
            let choices = Choices(services)
            return (
                try choices.organisations(tx), try choices.organisations(of: Set(Organisation.Kind.Name.allCases), tx)
            )
        }
        return .page(
            InstanceFormPage(
                state: state, organisations: organisations, owners: owners, hosts: hosts(for: call.principal)
            ).page, status: status)
    }

    private func hosts(for principal: Principal) -> [Field.Choice] {
        let hosts = [
            Field.Choice("vendor", "Vendor", "the shared platform of the Solution Partners"),
            Field.Choice("licensee", "Licensee", "an Enterprise licensee's own platform"),
            Field.Choice("end_customer", "End-customer", "one deployment for one end-customer"),
        ]
        return principal.scope == .platform ? hosts : Array(hosts.dropFirst())
    }
}
